//! One core module of a finished component, replaced by another.

use anyhow::{Context, Result, ensure};
use wasm_encoder::{Component, RawSection};
use wasmparser::{Parser, Payload};

/// `component` with what `rewrite` makes of its only core module that `is_it` is true of, for errors
/// `what`. Modules of nested components are none of its own.
pub(crate) fn replace(
    component: &[u8],
    what: &str,
    is_it: impl Fn(&[u8]) -> Result<bool>,
    mut rewrite: impl FnMut(&[u8]) -> Result<Vec<u8>>,
) -> Result<Vec<u8>> {
    let mut output = Component::new();
    let (mut depth, mut replaced) = (0_usize, 0);
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        if depth == 0
            && let Some((id, range)) = payload.as_section()
        {
            let data = component.get(range).context("a section has an end")?;
            let is_module = matches!(payload, Payload::ModuleSection { .. });
            if is_module && is_it(data)? {
                let data = &rewrite(data)?;
                replaced += 1;
                output.section(&RawSection { id, data });
            } else {
                output.section(&RawSection { id, data });
            }
        }
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    ensure!(
        replaced == 1,
        "{replaced} modules of the component are {what}, not one"
    );
    Ok(output.finish())
}
