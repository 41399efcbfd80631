//! The outline of a component: its sections, where its instances keep their state, and the indices
//! at which definitions can be added.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use wasm_encoder::ValType;
use wasmparser::{Instance, Parser, Payload, TypeRef, Validator, WasmFeatures};

use super::state_interface::SIZE;
use crate::error::Error;

/// What has to be known of a component to extend it.
pub(super) struct Outline {
    /// Number and bytes of each section.
    pub(super) sections: Vec<(u8, Range<usize>)>,
    /// The core modules, in the order of their sections.
    pub(super) modules: VecDeque<ModuleState>,
    pub(super) holders: Holders,
    pub(super) counts: Counts,
}

/// What of a core module is state.
#[derive(Default, Clone)]
pub(super) struct ModuleState {
    imported_memories: u32,
    imported_globals: u32,
    memories: u32,
    most_pages: Option<u32>,
    globals: Vec<MutableGlobal>,
}

#[derive(Clone, Copy)]
struct MutableGlobal {
    index: u32,
    value: ValType,
}

/// The core instances that hold state.
#[derive(Default)]
pub(super) struct Holders {
    /// The one with the memory.
    pub(super) memory: Option<u32>,
    /// The pages that the memory is declared to have at most.
    pub(super) most_pages: Option<u32>,
    /// The types of mutable globals, by core instance.
    pub(super) globals: BTreeMap<u32, Vec<ValType>>,
}

/// How many definitions of each kind the component has, which is the index of the next one.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) core_modules: u32,
    pub(super) core_instances: u32,
    pub(super) core_functions: u32,
    pub(super) core_memories: u32,
    pub(super) components: u32,
    pub(super) types: u32,
    pub(super) functions: u32,
    pub(super) instances: u32,
}

impl Outline {
    pub(super) fn read(component: &[u8]) -> Result<Self, Error> {
        let mut outline = Self {
            sections: Vec::new(),
            modules: VecDeque::new(),
            holders: Holders::default(),
            counts: Counts::default(),
        };
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        let mut depth = 0_usize;
        let mut in_module = false;
        // The core instance of each module that has one.
        let mut instances = BTreeMap::new();
        let mut core_instances = 0;
        for payload in Parser::new(0).parse_all(component) {
            let payload = payload.map_err(Error::compile)?;
            if depth == 0
                && let Some(section) = payload.as_section()
            {
                outline.sections.push(section);
            }
            match &payload {
                Payload::ModuleSection { .. } => {
                    depth += 1;
                    in_module = true;
                    outline.modules.push_back(ModuleState::default());
                }
                Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) if depth > 0 => {
                    depth -= 1;
                    in_module = false;
                }
                Payload::End(_) => {
                    let types = validator.types(0);
                    let types = types.ok_or_else(|| Error::compile("its types are unavailable"))?;
                    outline.counts = Counts {
                        core_modules: types.module_count(),
                        core_instances: types.core_instance_count(),
                        core_functions: types.function_count(),
                        core_memories: types.memory_count(),
                        components: types.component_count(),
                        types: types.component_type_count(),
                        functions: types.component_function_count(),
                        instances: types.component_instance_count(),
                    };
                }
                Payload::InstanceSection(section) if depth == 0 => {
                    for instance in section.clone() {
                        if let Instance::Instantiate { module_index, .. } =
                            instance.map_err(Error::compile)?
                        {
                            instances.insert(module_index, core_instances);
                        }
                        core_instances += 1;
                    }
                }
                other if in_module => {
                    if let Some(module) = outline.modules.back_mut() {
                        module.note(other)?;
                    }
                }
                _ => {}
            }
            validator.payload(&payload).map_err(Error::compile)?;
        }
        for (index, module) in (0..).zip(&outline.modules) {
            // A module that is never instantiated has no state.
            if let Some(&instance) = instances.get(&index) {
                outline.holders.add(instance, module);
            }
        }
        Ok(outline)
    }
}

impl Holders {
    fn add(&mut self, instance: u32, module: &ModuleState) {
        if module.memories > 0 {
            self.memory = Some(instance);
            self.most_pages = module.most_pages;
        }
        let types: Vec<_> = module.globals.iter().map(|global| global.value).collect();
        if !types.is_empty() {
            self.globals.insert(instance, types);
        }
    }
}

impl ModuleState {
    /// The index of the memory that the module defines.
    pub(super) fn memory(&self) -> Option<u32> {
        (self.memories > 0).then_some(self.imported_memories)
    }

    /// The indices of the mutable globals that the module defines.
    pub(super) fn globals(&self) -> impl Iterator<Item = u32> {
        self.globals.iter().map(|global| global.index)
    }

    fn note(&mut self, payload: &Payload<'_>) -> Result<(), Error> {
        match payload {
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    match import.map_err(Error::compile)?.ty {
                        TypeRef::Memory(_) => self.imported_memories += 1,
                        TypeRef::Global(_) => self.imported_globals += 1,
                        _ => {}
                    }
                }
            }
            Payload::MemorySection(section) => {
                for memory in section.clone() {
                    let memory = memory.map_err(Error::compile)?;
                    self.memories += 1;
                    self.most_pages = memory.maximum.and_then(|most| u32::try_from(most).ok());
                }
            }
            Payload::ExportSection(section) => {
                for export in section.clone() {
                    let export = export.map_err(Error::compile)?;
                    // The host takes it back.
                    if export.name == SIZE {
                        self.globals.retain(|global| global.index != export.index);
                    }
                }
            }
            Payload::GlobalSection(section) => {
                for (index, global) in (self.imported_globals..).zip(section.clone()) {
                    let ty = global.map_err(Error::compile)?.ty;
                    let value = match ty.content_type {
                        wasmparser::ValType::I32 => ValType::I32,
                        wasmparser::ValType::I64 => ValType::I64,
                        wasmparser::ValType::F32 => ValType::F32,
                        wasmparser::ValType::F64 => ValType::F64,
                        wasmparser::ValType::V128 => ValType::V128,
                        // `inspect` reports mutable ones as an obstacle.
                        wasmparser::ValType::Ref(_) => continue,
                    };
                    if ty.mutable {
                        self.globals.push(MutableGlobal { index, value });
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}
