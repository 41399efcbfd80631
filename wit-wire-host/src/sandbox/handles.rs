//! What a table of handles reveals of the calls that used it.

use wasmtime::component::{Resource, ResourceTable};

/// How many handles are open.
pub(crate) fn count(table: &mut ResourceTable) -> usize {
    table.iter_mut().count()
}

/// Makes room for one handle more than there are, as a run that opens and closes one leaves it.
pub(crate) fn spare(table: &mut ResourceTable) {
    if let Ok(spare) = table.push(()) {
        // It was pushed in the line above.
        let _ = table.delete(spare);
    }
}

/// The handle that would be given out next, if it is the only one that was ever closed. After two
/// at once, the order in which they were closed would show in the order in which they are reused.
pub(crate) fn next(table: &mut ResourceTable) -> Option<u32> {
    let capacity = table.max_capacity();
    // A full table gives out what was closed, and nothing new.
    table.set_max_capacity(0);
    let first = table.push(()).ok();
    let second = table.push(()).ok();
    let next = first.as_ref().map(Resource::rep);
    let next = next.filter(|_| second.is_none());
    for probe in [second, first].into_iter().flatten() {
        // They were pushed above.
        let _ = table.delete(probe);
    }
    table.set_max_capacity(capacity);
    next
}
