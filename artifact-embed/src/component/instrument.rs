//! What is added to a component before it is compiled.

use std::collections::BTreeSet;

use wasmparser::{Validator, WasmFeatures};

use super::checked_component::add_checks;
use super::constants::fold_constants;
use super::inspect::read;
use super::state::add_state;
use crate::error::Error;
use crate::obstacle::Obstacle;

/// A component with what a host needs to stop its instances, and to reset them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Instrumented {
    /// The component, a binary.
    pub component: Vec<u8>,
    /// Why its instances can't be reset. If this is empty, it exports `wit-wire:instance/state`.
    pub obstacles: BTreeSet<Obstacle>,
}

/// Folds the constants of `component`, a binary ([`fold_constants`](crate::fold_constants())), and
/// adds checks at which a host stops it or makes it yield, and, where
/// [`inspect`](crate::inspect) finds no obstacle, the interface through which a host resets its
/// instances.
///
/// The checks are at each function entry and loop header. The component imports
/// `wit-wire:instance/interrupts`, to tell the host of the word in its instance's memory that makes
/// them call; such a call reaches the host as a memory that is to grow beyond its maximum.
///
/// [`compile`](crate::compile()) already does this; call it yourself only if you compile by other
/// means.
///
/// # Errors
///
/// Those of `inspect`.
pub fn instrument(component: &[u8]) -> Result<Instrumented, Error> {
    let with_state = with_state(component)?;
    Ok(Instrumented {
        component: add_checks(&with_state.component)?,
        ..with_state
    })
}

/// The same without checks.
pub(crate) fn with_state(component: &[u8]) -> Result<Instrumented, Error> {
    read(component)?;
    // What is added has indices that code which is not valid could name.
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    validator.validate_all(component).map_err(Error::compile)?;
    let component = fold_constants(component)?;
    let mut obstacles = read(&component)?.obstacles;
    if obstacles.is_empty() {
        match add_state(&component)? {
            Ok(component) => {
                return Ok(Instrumented {
                    component,
                    obstacles,
                });
            }
            Err(obstacle) => obstacles.insert(obstacle),
        };
    }
    Ok(Instrumented {
        component: component.into_owned(),
        obstacles,
    })
}
