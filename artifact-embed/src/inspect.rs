//! What is inside a component, and whether an instance of it can be taken back to a state it had.

use std::collections::BTreeSet;
use std::fmt;

use wasmparser::{
    ComponentType, Encoding, Instance, KnownCustom, Name, NameSectionReader, Operator, Parser,
    Payload,
};

use crate::archive::digest;
use crate::error::Error;
use crate::extent::Extent;
use crate::instrument::INTERFACE;

/// What [`inspect`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// BLAKE3 of the component.
    pub digest: String,
    /// Its core modules, in order.
    pub modules: Vec<CoreModule>,
    /// Mutable globals that the modules define.
    pub mutable_globals: usize,
    /// What keeps the state of an instance from being all in its one memory and its mutable globals. If there is nothing,
    /// an instance can be reset in place after a call, unless the call grew the memory or left resource handles behind.
    pub obstacles: BTreeSet<Obstacle>,
}

/// A core module of a component.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CoreModule {
    /// The name that its tools gave it.
    pub name: Option<String>,
    /// Size, in bytes.
    pub bytes: usize,
    /// Bytes of code.
    pub code_bytes: usize,
    /// Bytes of data segments.
    pub data_bytes: usize,
}

/// Why an instance can't be reset by restoring its memory and its globals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Obstacle {
    /// It has this number of linear memories.
    Memories(usize),
    /// A memory is shared with threads, or has 64-bit addresses or pages of another size than 64 KiB.
    MemoryKind,
    /// A module is instantiated more than once, so that its memory and globals are several.
    Instances,
    /// A mutable global holds a reference, which can't be written from outside.
    References,
    /// Code changes tables (`table.set`, `table.grow`, `table.fill`, `table.copy`, `table.init`).
    Tables,
    /// Code drops segments (`data.drop`, `elem.drop`), which can't be undone.
    Segments,
    /// Code makes objects of the garbage collector or exceptions, which live outside the memory.
    Objects,
    /// Modules stand in nested components or are instantiated there, or are passed on under a second name: their state can't
    /// be reached from outside.
    Nested,
    /// It makes resources of its own, which live outside the memory.
    Resources,
}

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
            Self::Objects => f.write_str("its code makes objects outside the linear memory"),
            Self::Nested => f.write_str("modules stand in nested components, or have several names"),
            Self::Resources => f.write_str("it makes resources of its own"),
        }
    }
}

const FORGED: &str =
    "it exports `wit-wire:instance/state`, which is added when a component is compiled";

/// Reads `component`, a binary, without compiling or running it.
///
/// # Errors
///
/// [`Error::Compile`] if it can't be read, [`Error::Expands`] if it is small and what it would be compiled to, or an instance of it, is not.
pub fn inspect(component: &[u8]) -> Result<Inspection, Error> {
    let broken = |error: wasmparser::BinaryReaderError| Error::Compile(Box::new(error));
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
    let mut extent = Extent::default();
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(broken)?;
        extent.note(&payload).map_err(broken)?;
        match payload {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if !in_module => {
                return Err(Error::Compile(
                    "this is a core module, not a component".into(),
                ));
            }
            Payload::InstanceSection(section) => {
                for instance in section {
                    if let Instance::Instantiate { module_index, .. } = instance.map_err(broken)? {
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
                    if export.map_err(broken)?.name.name == INTERFACE {
                        return Err(Error::Compile(FORGED.into()));
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
                for ty in section {
                    if let ComponentType::Resource { .. } = ty.map_err(broken)? {
                        found.obstacles.insert(Obstacle::Resources);
                    }
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    let memory = memory.map_err(broken)?;
                    memories += 1;
                    if memory.shared || memory.memory64 || memory.page_size_log2.is_some() {
                        found.obstacles.insert(Obstacle::MemoryKind);
                    }
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let ty = global.map_err(broken)?.ty;
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
                for operator in body.get_operators_reader().map_err(broken)? {
                    let operator = operator.map_err(broken)?;
                    extent.operator(&operator);
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
    extent.check()?;
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
