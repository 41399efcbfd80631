//! Gives a component the interface `wit-wire:instance/state`, through which a host resets
//! instances: where an instance's memory lies, how much of it the guest sees, and whether a global
//! changed.
//!
//! The component stays as it was, with three additions: the size of its memory is a global
//! ([`virtual_size`](super::virtual_size)), its core modules export their memory and their mutable
//! globals, and one more module at the end imports them.

use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, Component, ComponentAliasSection,
    ComponentExportKind, ComponentExportSection, ComponentInstanceSection, ComponentSectionId,
    ExportKind, InstanceSection, ModuleArg, ModuleSection, NestedComponentSection, RawSection,
};

use super::exports::{export_state, section_data};
use super::outline::{Counts, Holders, Outline};
use super::state_interface::{self, INTERFACE, MEMORY};
use super::state_module;
use super::virtual_size::add_virtual_size;
use crate::error::Error;
use crate::obstacle::Obstacle;

/// `component`, which is all that [`inspect`](super::inspect()) asks for, with the interface; or
/// what else keeps its state from being reached.
pub(super) fn add_state(component: &[u8]) -> Result<Result<Vec<u8>, Obstacle>, Error> {
    let before = Outline::read(component)?;
    // More module indices than modules: some module has a second name.
    if before.counts.core_modules as usize != before.modules.len() {
        return Ok(Err(Obstacle::Nested));
    }
    let component = &add_virtual_size(component)?;
    let mut outline = Outline::read(component)?;
    // The memory may belong to a module that is never instantiated.
    let Some(memory) = outline.holders.memory else {
        return Ok(Err(Obstacle::Memories(0)));
    };
    let mut output = Component::new();
    for (id, range) in &outline.sections {
        let data = section_data(component, range)?;
        if *id == ComponentSectionId::CoreModule as u8 {
            let module = outline.modules.pop_front().unwrap_or_default();
            let data = export_state(data, &module)?;
            output.section(&RawSection {
                id: *id,
                data: &data,
            });
        } else {
            output.section(&RawSection { id: *id, data });
        }
    }
    append(&mut output, &outline.holders, &outline.counts, memory);
    Ok(Ok(output.finish()))
}

/// Adds the module that reads the state, and exports its functions as the interface.
fn append(output: &mut Component, holders: &Holders, counts: &Counts, memory: u32) {
    output.section(&ModuleSection(&state_module::module(holders, memory)));

    let mut instances: Vec<u32> = holders.globals.keys().copied().chain([memory]).collect();
    instances.sort_unstable();
    instances.dedup();
    let names: Vec<String> = instances.iter().map(u32::to_string).collect();
    let arguments = names.iter().zip(&instances);
    let arguments =
        arguments.map(|(name, instance)| (name.as_str(), ModuleArg::Instance(*instance)));
    let mut core_instances = InstanceSection::new();
    core_instances.instantiate(counts.core_modules, arguments.collect::<Vec<_>>());
    output.section(&core_instances);

    let mut aliases = ComponentAliasSection::new();
    aliases.alias(Alias::CoreInstanceExport {
        instance: memory,
        kind: ExportKind::Memory,
        name: MEMORY,
    });
    for name in state_module::FUNCTIONS {
        aliases.alias(Alias::CoreInstanceExport {
            instance: counts.core_instances,
            kind: ExportKind::Func,
            name,
        });
    }
    output.section(&aliases);

    output.section(&state_interface::types(counts.types));

    // `memory` has `memory-done` for its post-return function.
    let mut lifted = CanonicalFunctionSection::new();
    let (function, ty) = (counts.core_functions, counts.types + 1);
    let options = [
        CanonicalOption::Memory(counts.core_memories),
        CanonicalOption::PostReturn(function + 1),
    ];
    lifted.lift(function, ty, options);
    for number in 1..5 {
        lifted.lift(function + number + 1, ty + number, []);
    }
    output.section(&lifted);

    // Not simply an instance of these exports: Wasmtime orders those differently each time, and
    // then what it compiles differs.
    output.section(&NestedComponentSection(&state_interface::component()));
    let mut instances = ComponentInstanceSection::new();
    let arguments = (counts.functions..).zip(state_interface::FUNCTIONS);
    let arguments = arguments.map(|(index, name)| (name, ComponentExportKind::Func, index));
    instances.instantiate(counts.components, arguments.collect::<Vec<_>>());
    output.section(&instances);

    let mut exports = ComponentExportSection::new();
    exports.export(
        INTERFACE,
        ComponentExportKind::Instance,
        counts.instances,
        None,
    );
    output.section(&exports);
}
