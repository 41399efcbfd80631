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

/// Import of components with checks at which their instances are stopped
/// (`wit/instance-interrupts.wit`). The crate `artifact-embed` adds it, and them.
pub(crate) const INTERRUPTS_INTERFACE: &str = "wit-wire:instance/interrupts";

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
/// Op: goes on with what returned [`PARKED`].
pub(crate) const RESUME: &str = "wit-wire:resume";
/// Op: the guest's memory is a copy of another's, and what it draws from now on must differ.
pub(crate) const RESEED: &str = "wit-wire:reseed";
/// Op: makes a guest open what later calls would open once. No guest has a handler for it.
pub(crate) const SETTLE: &str = "wit-wire:settle";

/// What a guest returns from `handle` that was asked to park. It is not JSON, so that it is no
/// output.
pub(crate) const PARKED: &str = "wit-wire:parked";
/// What a host answers a batch with that asks the guest to park, as JSON.
pub(crate) const PARK: &str = "\"park\"";
