//! The names that the protocol keeps for itself. All of them begin with [`PREFIX`].

/// Ops and hostcalls whose names begin like this belong to the protocol.
pub(crate) const PREFIX: &str = "wit-wire:";

/// Import: what a guest may ask of its host.
pub(crate) const HOSTCALL_INTERFACE: &str = "metatype:wit-wire/typegate-wire";
/// Export: what a guest offers.
pub(crate) const GUEST_INTERFACE: &str = "metatype:wit-wire/mat-wire";
/// Export of components that were prepared for a reset (`wit/instance-state.wit`). The crate
/// `artifact-embed` adds it.
pub(crate) const STATE_INTERFACE: &str = "wit-wire:instance/state";

/// Hostcall: several hostcalls made together.
pub(crate) const BATCH: &str = "wit-wire:batch";
/// Hostcall: a guest says why it is about to trap.
pub(crate) const PANIC: &str = "wit-wire:panic";
/// Hostcall: the paths of the host's files below a folder.
pub(crate) const FILES: &str = "wit-wire:files";
/// Hostcall: the content of one of the host's files.
pub(crate) const FILE: &str = "wit-wire:file";

/// Op: runs another op and reports where it spent its time.
pub(crate) const PROFILE: &str = "wit-wire:profile";
/// Op: describes the input and output of another op.
pub(crate) const SCHEMA: &str = "wit-wire:schema";
/// Op: makes a guest open what later calls would open once. No guest has a handler for it.
pub(crate) const SETTLE: &str = "wit-wire:settle";
