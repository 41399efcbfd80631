//! What a table of handles reveals of the calls that used it.

use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream};

/// Whether nothing is open but `streams` streams and pollables of them.
pub(crate) fn are_streams(table: &mut ResourceTable, streams: u64) -> bool {
    let open = table.iter_mut().count();
    // They are the first ones that were opened, but for what was closed meanwhile.
    let (mut found, mut pollables) = (0, 0);
    for rep in 0..table.max_capacity() as u32 {
        if found == streams {
            break;
        }
        let children = match table.get_any_mut(rep) {
            Ok(entry) if entry.is::<DynOutputStream>() => children::<DynOutputStream>(table, rep),
            Ok(entry) if entry.is::<DynInputStream>() => children::<DynInputStream>(table, rep),
            _ => continue,
        };
        found += 1;
        pollables += children;
    }
    found == streams && open as u64 == streams + pollables as u64
}

fn children<T: 'static>(table: &ResourceTable, rep: u32) -> usize {
    let parent = Resource::<T>::new_borrow(rep);
    table.iter_children(&parent).map_or(0, Iterator::count)
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
