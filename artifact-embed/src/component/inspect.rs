//! What is inside a component, and whether its instances can be reset in place.

use std::collections::BTreeSet;

use wasmparser::{
    ComponentType, Encoding, Instance, KnownCustom, Name, NameSectionReader, Operator, Parser,
    Payload,
};

use super::bounds::{Bounds, check_nesting};
use super::constants::fold_constants;
use super::{interrupts_interface, state_interface};
use crate::digest::digest;
use crate::error::Error;
use crate::obstacle::Obstacle;

/// What [`inspect`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// BLAKE3 of the component.
    pub digest: String,
    /// Its core modules, in order, those of nested components included.
    pub modules: Vec<CoreModule>,
    /// Mutable globals that the modules define, but for those that no code can write
    /// ([`fold_constants`]).
    pub mutable_globals: usize,
    /// Why an instance's state is not all in one memory and its mutable globals. If this is empty,
    /// an instance can be reset in place after a call, unless the call left resource handles open
    /// or grew the memory beyond what the host has reserved. Code that nothing can call is no reason.
    pub obstacles: BTreeSet<Obstacle>,
}

/// A core module of a component.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CoreModule {
    /// Its name, from its `name` section.
    pub name: Option<String>,
    /// Size, in bytes.
    pub bytes: usize,
    /// Size of its functions' code, in bytes.
    pub code_bytes: usize,
    /// Size of its data section, in bytes.
    pub data_bytes: usize,
}

/// What is added when a component is compiled, and can't be there already.
fn forged(what: &str, name: &str) -> Error {
    Error::compile(format!(
        "it {what} `{name}`, a name that is added when a component is compiled"
    ))
}

/// Reads `component`, a binary, without compiling or running it.
///
/// # Errors
///
/// [`Error::Compile`] if it can't be read or already has an interface that
/// [`instrument`](crate::instrument) adds, [`Error::TooLarge`] if its code or its instances would
/// be far larger than the component itself.
pub fn inspect(component: &[u8]) -> Result<Inspection, Error> {
    let found = read(component)?;
    // An instance has what is compiled.
    let folded = read(&fold_constants(component)?)?;
    Ok(Inspection {
        mutable_globals: folded.mutable_globals,
        obstacles: folded.obstacles,
        ..found
    })
}

/// The same of the component as it is.
pub(super) fn read(component: &[u8]) -> Result<Inspection, Error> {
    let mut found = Inspection {
        digest: digest(component),
        modules: Vec::new(),
        mutable_globals: 0,
        obstacles: BTreeSet::new(),
    };
    let mut memories = 0;
    // How deep components are nested in each other; modules do not nest.
    let mut depth = 0_usize;
    let mut in_module = false;
    let mut instantiated = BTreeSet::new();
    let mut bounds = Bounds::default();
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(Error::compile)?;
        bounds.note(&payload).map_err(Error::compile)?;
        match payload {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if !in_module => {
                return Err(Error::compile("this is a core module, not a component"));
            }
            Payload::InstanceSection(section) => {
                for instance in section {
                    if let Instance::Instantiate { module_index, .. } =
                        instance.map_err(Error::compile)?
                    {
                        if depth > 0 {
                            found.obstacles.insert(Obstacle::Nested);
                        } else if !instantiated.insert(module_index) {
                            found.obstacles.insert(Obstacle::Instances);
                        }
                    }
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    if export.map_err(Error::compile)?.name.name == state_interface::INTERFACE {
                        return Err(forged("exports", state_interface::INTERFACE));
                    }
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    let name = import.map_err(Error::compile)?.name.name;
                    if name == interrupts_interface::INTERFACE {
                        return Err(forged("imports", name));
                    }
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let module = import.map_err(Error::compile)?.module;
                    if module == interrupts_interface::MODULE {
                        return Err(forged("imports", module));
                    }
                }
            }
            Payload::ModuleSection {
                unchecked_range, ..
            } => {
                in_module = true;
                if depth > 0 {
                    found.obstacles.insert(Obstacle::Nested);
                }
                found.modules.push(CoreModule {
                    bytes: unchecked_range.len(),
                    ..CoreModule::default()
                });
            }
            Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) if in_module => in_module = false,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentTypeSection(section) => {
                check_nesting(component.get(section.range()).unwrap_or_default())?;
                for ty in section {
                    if let ComponentType::Resource { .. } = ty.map_err(Error::compile)? {
                        found.obstacles.insert(Obstacle::Resources);
                    }
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    let memory = memory.map_err(Error::compile)?;
                    memories += 1;
                    if memory.shared || memory.memory64 || memory.page_size_log2.is_some() {
                        found.obstacles.insert(Obstacle::MemoryKind);
                    }
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let ty = global.map_err(Error::compile)?.ty;
                    found.mutable_globals += usize::from(ty.mutable);
                    if ty.mutable && ty.content_type.is_reference_type() {
                        found.obstacles.insert(Obstacle::References);
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                if let Some(module) = found.modules.last_mut() {
                    module.code_bytes += body.range().len();
                }
                for operator in body.get_operators_reader().map_err(Error::compile)? {
                    let operator = operator.map_err(Error::compile)?;
                    bounds.operator(&operator);
                    found.obstacles.extend(obstacle(&operator));
                }
            }
            Payload::DataSection(section) => {
                if let Some(module) = found.modules.last_mut() {
                    module.data_bytes += section.range().len();
                }
            }
            Payload::CustomSection(section) if in_module && section.name() == "name" => {
                if let (KnownCustom::Name(names), Some(module)) =
                    (section.as_known(), found.modules.last_mut())
                {
                    module.name = module_name(names);
                }
            }
            _ => {}
        }
    }
    bounds.check()?;
    if memories != 1 {
        found.obstacles.insert(Obstacle::Memories(memories));
    }
    Ok(found)
}

fn module_name(names: NameSectionReader<'_>) -> Option<String> {
    names.into_iter().find_map(|name| match name {
        Ok(Name::Module { name, .. }) => Some(name.to_owned()),
        _ => None,
    })
}

fn obstacle(operator: &Operator<'_>) -> Option<Obstacle> {
    use Operator as O;
    Some(match operator {
        O::TableSet { .. }
        | O::TableGrow { .. }
        | O::TableFill { .. }
        | O::TableCopy { .. }
        | O::TableInit { .. } => Obstacle::Tables,
        O::DataDrop { .. } | O::ElemDrop { .. } => Obstacle::Segments,
        O::StructNew { .. }
        | O::StructNewDefault { .. }
        | O::ArrayNew { .. }
        | O::ArrayNewDefault { .. }
        | O::ArrayNewFixed { .. }
        | O::ArrayNewData { .. }
        | O::ArrayNewElem { .. }
        | O::Throw { .. }
        | O::ThrowRef => Obstacle::Objects,
        _ => return None,
    })
}
