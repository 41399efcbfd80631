//! Which code can run, and which globals it writes.

use std::collections::HashSet;

use wasmparser::Operator;

use super::linkage::{Definition, Linkage};
use crate::error::Error;

/// What can happen in a component.
#[derive(Default)]
pub(super) struct Reached {
    /// The functions that can run.
    pub(super) functions: HashSet<Definition>,
    /// The globals that they write.
    pub(super) written: HashSet<Definition>,
}

/// `None` if some code writes globals in a way that can't be followed.
pub(super) fn reach(linkage: &Linkage<'_>) -> Result<Option<Reached>, Error> {
    let mut reached = Reached::default();
    let mut next = linkage.roots.clone();
    for &index in &linkage.instantiated {
        if let Some(module) = linkage.modules.get(index) {
            let referenced = module.referenced.iter();
            next.extend(referenced.filter_map(|&function| module.function(index, function)));
        }
    }
    while let Some(function) = next.pop() {
        if !reached.functions.insert(function) {
            continue;
        }
        let Some(module) = linkage.modules.get(function.module) else {
            return Ok(None);
        };
        let Some(body) = module.body(function.index) else {
            return Ok(None);
        };
        for operator in body.get_operators_reader().map_err(Error::compile)? {
            match operator.map_err(Error::compile)? {
                Operator::Call { function_index }
                | Operator::ReturnCall { function_index }
                | Operator::RefFunc { function_index } => {
                    next.extend(module.function(function.module, function_index));
                }
                Operator::GlobalSet { global_index } => {
                    reached
                        .written
                        .insert(module.global(function.module, global_index));
                }
                Operator::GlobalAtomicSet { .. }
                | Operator::GlobalAtomicRmwAdd { .. }
                | Operator::GlobalAtomicRmwSub { .. }
                | Operator::GlobalAtomicRmwAnd { .. }
                | Operator::GlobalAtomicRmwOr { .. }
                | Operator::GlobalAtomicRmwXor { .. }
                | Operator::GlobalAtomicRmwXchg { .. }
                | Operator::GlobalAtomicRmwCmpxchg { .. } => return Ok(None),
                _ => {}
            }
        }
    }
    Ok(Some(reached))
}
