//! Adds checks for interrupts to a component: to each core module in it, nested components
//! included.
//!
//! Each component that has core modules gets a flag of its own
//! ([`interrupts_interface`](super::interrupts_interface)), and passes the host's function on to
//! the components that it instantiates. All other definitions stay as they were, with indices that
//! are higher by what comes before them.

use std::vec::IntoIter;

use wasm_encoder::reencode::{self, Reencode, ReencodeComponent, component_utils};
use wasm_encoder::{
    Alias, Component, ComponentExportKind, ComponentImportSection, ComponentInstanceSection,
    InstanceSection, ModuleArg, NestedComponentSection, RawSection,
};
use wasmparser::{
    ComponentAlias, ComponentExport, ComponentExternalKind, ComponentImportSectionReader,
    ComponentInstance, ComponentOuterAliasKind, ComponentTypeRef, CustomSectionReader, Encoding,
    Instance, InstantiationArgKind, Parser, Payload, Validator, WasmFeatures,
};

use super::checked_module::checked_module;
use super::interrupts_interface as flag;
use super::moved_memory::{Candidates, MovedMemory};
use crate::error::Error;

type Reencoded<T> = Result<T, reencode::Error<Error>>;

/// `component` with a check at each function entry and loop header.
pub(super) fn add_checks(component: &[u8]) -> Result<Vec<u8>, Error> {
    let mut checks = Checks {
        plans: plans(component)?.into_iter(),
        scopes: Vec::new(),
    };
    let mut output = Component::new();
    checks.enter_component(&mut output);
    match checks.parse_component(&mut output, Parser::new(0), component) {
        Ok(()) => Ok(output.finish()),
        Err(reencode::Error::UserError(error)) => Err(error),
        Err(error) => Err(Error::compile(error)),
    }
}

/// What a component gets.
#[derive(Default)]
struct Plan {
    /// The outermost component has a flag, and each one that core modules can be instantiated in.
    has_flag: bool,
    moved: Option<MovedMemory>,
}

/// That of each component, in the order of their beginnings.
fn plans(component: &[u8]) -> Result<Vec<Plan>, Error> {
    let mut found: Vec<(bool, Candidates)> = Vec::new();
    // Components and modules that are open; of components, the number.
    let mut open = Vec::new();
    // Where the innermost of them end.
    let mut ends = vec![component.len()];
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(Error::compile)?;
        validator.payload(&payload).map_err(Error::compile)?;
        if let Payload::ModuleSection {
            unchecked_range, ..
        }
        | Payload::ComponentSection {
            unchecked_range, ..
        } = &payload
        {
            if ends.last().is_none_or(|end| *end < unchecked_range.end) {
                return Err(Error::compile("a section reaches beyond the component"));
            }
            ends.push(unchecked_range.end);
        }
        if passes_modules_on(&payload)? {
            for (_, candidates) in &mut found {
                candidates.other();
            }
        }
        let has_flag = match &payload {
            Payload::Version { encoding, .. } => {
                open.push(match encoding {
                    Encoding::Component => Some(found.len()),
                    Encoding::Module => None,
                });
                if *encoding == Encoding::Component {
                    found.push((found.is_empty(), Candidates::default()));
                }
                false
            }
            Payload::ModuleSection { .. } | Payload::InstanceSection(_) => true,
            Payload::ComponentAliasSection(section) => {
                let mut aliases = section.clone().into_iter();
                aliases
                    .try_fold(false, |any, alias| {
                        alias.map(|alias| any || is_outer(&alias))
                    })
                    .map_err(Error::compile)?
            }
            Payload::End(_) => {
                ends.pop();
                let inner = open.pop().flatten().and_then(|inner| found.get(inner));
                inner.is_some_and(|(has_flag, _)| *has_flag)
            }
            _ => false,
        };
        if let Some(Some(number)) = open.last()
            && let Some((found, candidates)) = found.get_mut(*number)
        {
            *found |= has_flag;
            match &payload {
                Payload::ModuleSection {
                    unchecked_range, ..
                } => candidates.module(unchecked_range.clone()),
                Payload::InstanceSection(section) => {
                    for instance in section.clone() {
                        let instance = instance.map_err(Error::compile)?;
                        if let Instance::Instantiate { module_index, .. } = instance {
                            candidates.instance(module_index);
                        }
                    }
                }
                _ => {}
            }
        }
    }
    let plan = |(has_flag, candidates): (bool, Candidates)| {
        let moved = candidates.moved(component)?;
        Ok(Plan { has_flag, moved })
    };
    found.into_iter().map(plan).collect()
}

/// Whether a module gets a second index, or comes from or goes to another component.
fn passes_modules_on(payload: &Payload<'_>) -> Result<bool, Error> {
    use ComponentExternalKind as Kind;
    match payload {
        Payload::ComponentAliasSection(section) => {
            for alias in section.clone() {
                let is_module = matches!(
                    alias.map_err(Error::compile)?,
                    ComponentAlias::InstanceExport {
                        kind: Kind::Module,
                        ..
                    } | ComponentAlias::Outer {
                        kind: ComponentOuterAliasKind::CoreModule,
                        ..
                    }
                );
                if is_module {
                    return Ok(true);
                }
            }
        }
        Payload::ComponentExportSection(section) => {
            for export in section.clone() {
                if export.map_err(Error::compile)?.kind == Kind::Module {
                    return Ok(true);
                }
            }
        }
        Payload::ComponentImportSection(section) => {
            for import in section.clone() {
                if let ComponentTypeRef::Module(_) = import.map_err(Error::compile)?.ty {
                    return Ok(true);
                }
            }
        }
        Payload::ComponentInstanceSection(section) => {
            for instance in section.clone() {
                let is_module = match instance.map_err(Error::compile)? {
                    ComponentInstance::Instantiate { args, .. } => {
                        args.iter().any(|arg| arg.kind == Kind::Module)
                    }
                    ComponentInstance::FromExports(exports) => {
                        exports.iter().any(|export| export.kind == Kind::Module)
                    }
                };
                if is_module {
                    return Ok(true);
                }
            }
        }
        _ => {}
    }
    Ok(false)
}

/// Whether something that can be instantiated comes from an outer component.
fn is_outer(alias: &ComponentAlias<'_>) -> bool {
    use ComponentOuterAliasKind as Kind;
    matches!(
        alias,
        ComponentAlias::Outer {
            kind: Kind::Component | Kind::CoreModule,
            ..
        }
    )
}

struct Checks {
    /// Those of the components that are still to come.
    plans: IntoIter<Plan>,
    /// The components and types being read, the outermost first.
    scopes: Vec<Scope>,
}

#[derive(Default)]
struct Scope {
    has_flag: bool,
    moved: Option<MovedMemory>,
    /// How many modules were read.
    modules: u32,
    /// For each component that has an index here, whether it imports the interface.
    components: Vec<bool>,
}

impl Checks {
    fn enter_component(&mut self, output: &mut Component) {
        let Plan { has_flag, moved } = self.plans.next().unwrap_or_default();
        if has_flag {
            flag::define(output, moved.as_ref());
        }
        self.scopes.push(Scope {
            has_flag,
            moved,
            ..Scope::default()
        });
    }

    fn scope(&self, outer: u32) -> Option<&Scope> {
        self.scopes.iter().rev().nth(outer as usize)
    }

    /// The index of what had `index` in the scope that is `outer` scopes further out.
    fn shifted(&self, outer: u32, index: u32, by: u32) -> u32 {
        match self.scope(outer) {
            Some(scope) if scope.has_flag => index.saturating_add(by),
            _ => index,
        }
    }

    fn has_flag(&self, outer: u32, component: u32) -> bool {
        let scope = self.scope(outer);
        let found = scope.and_then(|scope| scope.components.get(component as usize));
        found.copied().unwrap_or_default()
    }

    /// The next component index belongs to such a component.
    fn note_component(&mut self, has_flag: bool) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.components.push(has_flag);
        }
    }
}

impl Reencode for Checks {
    type Error = Error;

    fn function_index(&mut self, index: u32) -> Reencoded<u32> {
        Ok(self.shifted(0, index, flag::CORE_FUNCTIONS))
    }

    fn memory_index(&mut self, index: u32) -> Reencoded<u32> {
        Ok(self.shifted(0, index, flag::CORE_MEMORIES))
    }
}

impl ReencodeComponent for Checks {
    fn component_type_index(&mut self, index: u32) -> u32 {
        self.shifted(0, index, flag::TYPES)
    }

    fn component_instance_index(&mut self, index: u32) -> u32 {
        self.shifted(0, index, flag::INSTANCES)
    }

    fn component_func_index(&mut self, index: u32) -> u32 {
        self.shifted(0, index, flag::FUNCTIONS)
    }

    fn module_index(&mut self, index: u32) -> u32 {
        self.shifted(0, index, flag::CORE_MODULES)
    }

    fn instance_index(&mut self, index: u32) -> u32 {
        self.shifted(0, index, flag::CORE_INSTANCES)
    }

    fn outer_component_type_index(&mut self, outer: u32, index: u32) -> u32 {
        self.shifted(outer, index, flag::TYPES)
    }

    fn outer_module_index(&mut self, outer: u32, index: u32) -> u32 {
        self.shifted(outer, index, flag::CORE_MODULES)
    }

    // Of types, which have indices of their own.
    fn push_depth(&mut self) {
        self.scopes.push(Scope::default());
    }

    fn pop_depth(&mut self) {
        self.scopes.pop();
    }

    fn parse_component_submodule(
        &mut self,
        output: &mut Component,
        _: Parser,
        module: &[u8],
    ) -> Reencoded<()> {
        let moved = self.scopes.last_mut().and_then(|scope| {
            scope.modules += 1;
            let moved = scope.moved.as_ref();
            moved.filter(|moved| moved.module + 1 == scope.modules)
        });
        let module = checked_module(module, moved).map_err(reencode::Error::UserError)?;
        output.section(&RawSection {
            id: wasm_encoder::ComponentSectionId::CoreModule as u8,
            data: &module,
        });
        Ok(())
    }

    fn parse_component_subcomponent(
        &mut self,
        output: &mut Component,
        parser: Parser,
        component: &[u8],
        whole: &[u8],
    ) -> Reencoded<()> {
        let mut inner = Component::new();
        self.enter_component(&mut inner);
        component_utils::parse_component(self, &mut inner, parser, component, whole)?;
        output.section(&NestedComponentSection(&inner));
        let has_flag = self.scopes.pop().is_some_and(|scope| scope.has_flag);
        self.note_component(has_flag);
        Ok(())
    }

    fn parse_component_custom_section(
        &mut self,
        _: &mut Component,
        _: CustomSectionReader<'_>,
    ) -> Reencoded<()> {
        Ok(())
    }

    fn parse_component_import_section(
        &mut self,
        imports: &mut ComponentImportSection,
        section: ComponentImportSectionReader<'_>,
    ) -> Reencoded<()> {
        for import in section.clone() {
            if let ComponentTypeRef::Component(_) = import?.ty {
                self.note_component(false);
            }
        }
        component_utils::parse_component_import_section(self, imports, section)
    }

    fn component_alias<'a>(&mut self, alias: ComponentAlias<'a>) -> Reencoded<Alias<'a>> {
        match alias {
            ComponentAlias::InstanceExport {
                kind: ComponentExternalKind::Component,
                ..
            } => self.note_component(false),
            ComponentAlias::Outer {
                kind: ComponentOuterAliasKind::Component,
                count,
                index,
            } => {
                let has_flag = self.has_flag(count, index);
                self.note_component(has_flag);
            }
            _ => {}
        }
        component_utils::component_alias(self, alias)
    }

    fn parse_component_export(
        &mut self,
        exports: &mut wasm_encoder::ComponentExportSection,
        mut export: ComponentExport<'_>,
    ) -> Reencoded<()> {
        if export.kind == ComponentExternalKind::Component {
            let has_flag = self.has_flag(0, export.index);
            self.note_component(has_flag);
        }
        // It has one more import than its type says.
        if let ComponentExternalKind::Component | ComponentExternalKind::Module = export.kind {
            export.ty = None;
        }
        component_utils::parse_component_export(self, exports, export)
    }

    fn parse_component_instance(
        &mut self,
        instances: &mut ComponentInstanceSection,
        instance: ComponentInstance<'_>,
    ) -> Reencoded<()> {
        match instance {
            ComponentInstance::Instantiate {
                component_index,
                args,
            } if self.has_flag(0, component_index) => {
                let given = args.iter().map(|arg| {
                    let index = self.component_external_index(arg.kind, arg.index);
                    (arg.name, arg.kind.into(), index)
                });
                let flag = (
                    flag::INTERFACE,
                    ComponentExportKind::Instance,
                    flag::INSTANCE,
                );
                let arguments: Vec<_> = given.chain([flag]).collect();
                instances.instantiate(self.component_index(component_index), arguments);
                Ok(())
            }
            other => component_utils::parse_component_instance(self, instances, other),
        }
    }

    fn parse_instance(
        &mut self,
        instances: &mut InstanceSection,
        instance: Instance<'_>,
    ) -> Reencoded<()> {
        match instance {
            Instance::Instantiate { module_index, args } => {
                let given = args.iter().map(|arg| match arg.kind {
                    InstantiationArgKind::Instance => (
                        arg.name,
                        ModuleArg::Instance(self.instance_index(arg.index)),
                    ),
                });
                let flag = (flag::MODULE, ModuleArg::Instance(flag::INSTANCE));
                let arguments: Vec<_> = given.chain([flag]).collect();
                instances.instantiate(self.module_index(module_index), arguments);
                Ok(())
            }
            other => component_utils::parse_instance(self, instances, other),
        }
    }
}
