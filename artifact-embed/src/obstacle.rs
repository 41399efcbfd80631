//! Why an instance of a component can't be reset in place.

use std::fmt;

/// Why an instance can't be reset by restoring its memory and its globals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Obstacle {
    /// The component has this number of linear memories, where one is required.
    Memories(usize),
    /// A memory is shared between threads, or has 64-bit addresses or a page size other than
    /// 64 KiB.
    MemoryKind,
    /// A module is instantiated more than once, so its memory and globals exist several times.
    Instances,
    /// A mutable global holds a reference, which can't be written from outside.
    References,
    /// Code changes tables (`table.set`, `table.grow`, `table.fill`, `table.copy`, `table.init`).
    Tables,
    /// Code drops segments (`data.drop`, `elem.drop`), which can't be undone.
    Segments,
    /// Code creates garbage-collected objects or exceptions, which live outside the memory.
    Objects,
    /// Modules are defined or instantiated in nested components, or passed on under a second
    /// name: their state can't be reached from outside.
    Nested,
    /// The component defines resources of its own, which live outside the memory.
    Resources,
}

/// An archive's header holds these sentences, so a change to one changes the bytes that a component
/// compiles to.
impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memories(0) => f.write_str("it has no linear memory"),
            Self::Memories(count) => write!(f, "it has {count} linear memories"),
            Self::MemoryKind => f.write_str(
                "its memory is shared, or has 64-bit addresses or pages of another size than 64 KiB",
            ),
            Self::Instances => f.write_str("a module is instantiated more than once"),
            Self::References => f.write_str("a mutable global holds a reference"),
            Self::Tables => f.write_str("its code changes tables"),
            Self::Segments => f.write_str("its code drops segments"),
            Self::Objects => f.write_str("its code creates objects outside the linear memory"),
            Self::Nested => f.write_str("modules are in nested components, or have several names"),
            Self::Resources => f.write_str("it defines resources of its own"),
        }
    }
}
