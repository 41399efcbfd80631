//! Makes what never changes a constant: for components whose image was made before they are
//! compiled.
//!
//! Position-independent code, such as CPython's, reads its addresses from mutable globals, which
//! somebody wrote once when the image was made. Here those that no code can write any more become
//! immutable, and code that reads one of a known value has the value instead. Code that nothing
//! can call becomes a trap, and with it goes what it would have written.
//!
//! # Why it is sound
//!
//! Only code of core modules writes their globals: those of the module that defines one, and of
//! modules that import it. A host has no access, since a component exports no core instances. So
//! it is enough to know which code can run ([`reach`]), and which definition each import is
//! ([`linkage`]). The latter is fixed where no module has more than one instance, and none leaves
//! the component. Whatever else a component has, it is left as it is.
//!
//! What can run: what the host can call (lifted functions, and functions that are options of
//! canonical ones or drop resources), what runs when an instance is built (start functions), what
//! a table may have (functions in element segments, and any other to which a constant expression
//! refers), and what these call or refer to. Any function in a segment counts, whether somebody
//! calls it or not.
//!
//! Values are those of the modules' constant expressions. Code that could write a global while an
//! instance is built is code that can run.

mod linkage;
mod module;
mod reach;
mod values;

use std::borrow::Cow;

use wasm_encoder::{Component, ComponentSectionId, RawSection};

use super::exports::section_data;
use crate::error::Error;
use linkage::Linkage;

/// Makes constants of `component`'s globals that no code of it can write, and drops code that
/// nothing can call.
///
/// [`compile`](crate::compile()) already does this; call it yourself only if you compile by other
/// means. What it can't follow it returns as it was: components that instantiate a module more than
/// once or inside a nested component, or pass modules on.
///
/// # Errors
///
/// [`Error::Compile`] if the component can't be read.
pub fn fold_constants(component: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    let Some(linkage) = Linkage::read(component)? else {
        return Ok(component.into());
    };
    let Some(reached) = reach::reach(&linkage)? else {
        return Ok(component.into());
    };
    let values = values::values(&linkage, &reached)?;
    let mut output = Component::new();
    let mut index = 0;
    for (id, range) in &linkage.sections {
        let data = section_data(component, range)?;
        let data = if *id == ComponentSectionId::CoreModule as u8 {
            index += 1;
            module::fold(data, &linkage, index - 1, &reached, &values)?
        } else {
            data.into()
        };
        output.section(&RawSection {
            id: *id,
            data: &data,
        });
    }
    Ok(output.finish().into())
}
