//! How a component's core modules are linked: which definition each import is.

use std::collections::HashMap;
use std::ops::Range;

use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentType, ComponentTypeRef, ConstExpr, ElementItems, ElementKind,
    ExternalKind, FunctionBody, Global, Import, Imports, Instance, Operator, Parser, Payload,
    TableInit, TypeRef,
};

use crate::error::Error;

/// A function or a global, by the module that defines it and its index among that module's
/// functions or globals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Definition {
    pub(super) module: usize,
    pub(super) index: u32,
}

/// What an import is, or what an instance exports.
#[derive(Clone, Copy)]
enum Item {
    /// A function. `None`: the host's.
    Function(Option<Definition>),
    Global(Definition),
    /// A table, a memory or a tag.
    Other,
}

/// A component that is linked in a way that can be followed.
#[derive(Default)]
pub(super) struct Linkage<'a> {
    /// Number and bytes of each section.
    pub(super) sections: Vec<(u8, Range<usize>)>,
    /// The core modules, in the order of their sections.
    pub(super) modules: Vec<Module<'a>>,
    /// The modules that have an instance, in the order in which these are built.
    pub(super) instantiated: Vec<usize>,
    /// Functions that are called from outside.
    pub(super) roots: Vec<Definition>,
    instances: Vec<HashMap<&'a str, Item>>,
    functions: Vec<Option<Definition>>,
    globals: Vec<Definition>,
}

/// A core module.
#[derive(Default)]
pub(super) struct Module<'a> {
    pub(super) is_instantiated: bool,
    imports: Vec<Import<'a>>,
    exports: Vec<(&'a str, ExternalKind, u32)>,
    /// Its imported functions, once it has an instance.
    pub(super) imported_functions: Vec<Option<Definition>>,
    /// Its imported globals, once it has an instance.
    pub(super) imported_globals: Vec<Definition>,
    /// The globals that it defines.
    pub(super) globals: Vec<Global<'a>>,
    /// The functions that it defines.
    pub(super) bodies: Vec<FunctionBody<'a>>,
    /// The functions that run or can be called without an export: the one that it starts with, and
    /// those to which segments and constant expressions refer.
    pub(super) referenced: Vec<u32>,
}

impl Module<'_> {
    /// The function with this index, if the component has it.
    pub(super) fn function(&self, module: usize, index: u32) -> Option<Definition> {
        match self.imported_functions.get(index as usize) {
            Some(imported) => *imported,
            None => Some(Definition { module, index }),
        }
    }

    /// The global with this index.
    pub(super) fn global(&self, module: usize, index: u32) -> Definition {
        let imported = self.imported_globals.get(index as usize).copied();
        imported.unwrap_or(Definition { module, index })
    }

    /// The body of a function that the module defines.
    pub(super) fn body(&self, index: u32) -> Option<&FunctionBody<'_>> {
        let index = (index as usize).checked_sub(self.imported_functions.len())?;
        self.bodies.get(index)
    }

    fn refer(&mut self, expression: &ConstExpr<'_>) -> Result<(), Error> {
        for operator in expression.get_operators_reader() {
            if let Operator::RefFunc { function_index } = operator.map_err(Error::compile)? {
                self.referenced.push(function_index);
            }
        }
        Ok(())
    }
}

impl<'a> Module<'a> {
    /// Notes a payload; `false` if it is something unknown.
    fn note(&mut self, payload: &Payload<'a>) -> Result<bool, Error> {
        match payload {
            Payload::ImportSection(section) => {
                for imports in section.clone() {
                    let Imports::Single(_, import) = imports.map_err(Error::compile)? else {
                        return Ok(false);
                    };
                    self.imports.push(import);
                }
            }
            Payload::ExportSection(section) => {
                for export in section.clone() {
                    let export = export.map_err(Error::compile)?;
                    self.exports.push((export.name, export.kind, export.index));
                }
            }
            Payload::TableSection(section) => {
                for table in section.clone() {
                    if let TableInit::Expr(expression) = table.map_err(Error::compile)?.init {
                        self.refer(&expression)?;
                    }
                }
            }
            Payload::GlobalSection(section) => {
                for global in section.clone() {
                    let global = global.map_err(Error::compile)?;
                    self.refer(&global.init_expr)?;
                    self.globals.push(global);
                }
            }
            Payload::ElementSection(section) => {
                for element in section.clone() {
                    let element = element.map_err(Error::compile)?;
                    if let ElementKind::Active { offset_expr, .. } = element.kind {
                        self.refer(&offset_expr)?;
                    }
                    match element.items {
                        ElementItems::Functions(functions) => {
                            for function in functions {
                                self.referenced.push(function.map_err(Error::compile)?);
                            }
                        }
                        ElementItems::Expressions(_, expressions) => {
                            for expression in expressions {
                                self.refer(&expression.map_err(Error::compile)?)?;
                            }
                        }
                    }
                }
            }
            Payload::StartSection { func, .. } => self.referenced.push(*func),
            Payload::CodeSectionEntry(body) => self.bodies.push(body.clone()),
            _ => {}
        }
        Ok(true)
    }
}

impl<'a> Linkage<'a> {
    /// `None` if it can't be followed.
    pub(super) fn read(component: &'a [u8]) -> Result<Option<Self>, Error> {
        let mut linkage = Self::default();
        let mut depth = 0_usize;
        let mut in_module = false;
        for payload in Parser::new(0).parse_all(component) {
            let payload = payload.map_err(Error::compile)?;
            if depth == 0
                && let Some(section) = payload.as_section()
            {
                linkage.sections.push(section);
            }
            let is_known = match &payload {
                Payload::ModuleSection { .. } => {
                    depth += 1;
                    in_module = true;
                    linkage.modules.push(Module::default());
                    // No module of a nested component.
                    depth == 1
                }
                Payload::ComponentSection { .. } => {
                    depth += 1;
                    true
                }
                Payload::End(_) => {
                    depth = depth.saturating_sub(1);
                    in_module = false;
                    true
                }
                inner if in_module => match linkage.modules.last_mut() {
                    Some(module) => module.note(inner)?,
                    None => false,
                },
                outer => linkage.note(outer, depth == 0)?.is_some(),
            };
            if !is_known {
                return Ok(None);
            }
        }
        Ok(Some(linkage))
    }

    /// Notes a payload of the component, or of one that is nested in it. `None` if it is something
    /// that can't be followed.
    fn note(&mut self, payload: &Payload<'a>, is_outermost: bool) -> Result<Option<()>, Error> {
        // Modules have no second name, and do not leave the component.
        match payload {
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    if let ComponentTypeRef::Module(_) = import.map_err(Error::compile)?.ty {
                        return Ok(None);
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    if export.map_err(Error::compile)?.kind == ComponentExternalKind::Module {
                        return Ok(None);
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section.clone() {
                    let has_module = match instance.map_err(Error::compile)? {
                        ComponentInstance::Instantiate { args, .. } => {
                            let mut kinds = args.iter().map(|argument| argument.kind);
                            kinds.any(|kind| kind == ComponentExternalKind::Module)
                        }
                        ComponentInstance::FromExports(exports) => {
                            let mut kinds = exports.iter().map(|export| export.kind);
                            kinds.any(|kind| kind == ComponentExternalKind::Module)
                        }
                    };
                    if has_module {
                        return Ok(None);
                    }
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section.clone() {
                    match alias.map_err(Error::compile)? {
                        ComponentAlias::InstanceExport {
                            kind: ComponentExternalKind::Module,
                            ..
                        }
                        | ComponentAlias::Outer {
                            kind: ComponentOuterAliasKind::CoreModule,
                            ..
                        } => return Ok(None),
                        ComponentAlias::CoreInstanceExport {
                            kind,
                            instance_index,
                            name,
                        } if is_outermost => {
                            let Some(()) = self.alias(kind, instance_index, name) else {
                                return Ok(None);
                            };
                        }
                        _ => {}
                    }
                }
            }
            Payload::InstanceSection(section) => {
                for instance in section.clone() {
                    let instance = instance.map_err(Error::compile)?;
                    let Some(items) = self.instance(instance).filter(|_| is_outermost) else {
                        return Ok(None);
                    };
                    self.instances.push(items);
                }
            }
            Payload::ComponentCanonicalSection(section) if is_outermost => {
                for function in section.clone() {
                    let function = function.map_err(Error::compile)?;
                    let Some(()) = self.canonical(&function) else {
                        return Ok(None);
                    };
                }
            }
            Payload::ComponentTypeSection(section) if is_outermost => {
                for ty in section.clone() {
                    if let ComponentType::Resource {
                        dtor: Some(function),
                        ..
                    } = ty.map_err(Error::compile)?
                    {
                        let Some(()) = self.root(function) else {
                            return Ok(None);
                        };
                    }
                }
            }
            _ => {}
        }
        Ok(Some(()))
    }

    fn alias(&mut self, kind: ExternalKind, instance: u32, name: &str) -> Option<()> {
        match (kind, *self.instances.get(instance as usize)?.get(name)?) {
            (ExternalKind::Func | ExternalKind::FuncExact, Item::Function(function)) => {
                self.functions.push(function);
            }
            (ExternalKind::Global, Item::Global(global)) => self.globals.push(global),
            (ExternalKind::Memory | ExternalKind::Table | ExternalKind::Tag, Item::Other) => {}
            _ => return None,
        }
        Some(())
    }

    /// What a core instance exports.
    fn instance(&mut self, instance: Instance<'a>) -> Option<HashMap<&'a str, Item>> {
        match instance {
            Instance::FromExports(exports) => {
                let items = exports.iter().map(|export| {
                    let index = export.index as usize;
                    let item = match export.kind {
                        ExternalKind::Func | ExternalKind::FuncExact => {
                            Item::Function(*self.functions.get(index)?)
                        }
                        ExternalKind::Global => Item::Global(*self.globals.get(index)?),
                        _ => Item::Other,
                    };
                    Some((export.name, item))
                });
                items.collect()
            }
            Instance::Instantiate { module_index, args } => {
                let index = module_index as usize;
                let arguments: HashMap<_, _> = args
                    .iter()
                    .map(|argument| (argument.name, argument.index))
                    .collect();
                let module = self.modules.get_mut(index)?;
                // No second instance of a module.
                if std::mem::replace(&mut module.is_instantiated, true) {
                    return None;
                }
                for import in &module.imports {
                    let from = self
                        .instances
                        .get(*arguments.get(import.module)? as usize)?;
                    match (import.ty, *from.get(import.name)?) {
                        (TypeRef::Func(_) | TypeRef::FuncExact(_), Item::Function(function)) => {
                            module.imported_functions.push(function);
                        }
                        (TypeRef::Global(_), Item::Global(global)) => {
                            module.imported_globals.push(global);
                        }
                        (TypeRef::Memory(_) | TypeRef::Table(_) | TypeRef::Tag(_), Item::Other) => {
                        }
                        _ => return None,
                    }
                }
                self.instantiated.push(index);
                let module = self.modules.get(index)?;
                let items = module.exports.iter().map(|&(name, kind, number)| {
                    let item = match kind {
                        ExternalKind::Func | ExternalKind::FuncExact => {
                            Item::Function(module.function(index, number))
                        }
                        ExternalKind::Global => Item::Global(module.global(index, number)),
                        _ => Item::Other,
                    };
                    (name, item)
                });
                Some(items.collect())
            }
        }
    }

    fn canonical(&mut self, function: &CanonicalFunction) -> Option<()> {
        let options = match function {
            CanonicalFunction::Lift {
                core_func_index,
                options,
                ..
            } => {
                self.root(*core_func_index)?;
                options
            }
            CanonicalFunction::Lower { options, .. } => {
                self.functions.push(None);
                options
            }
            CanonicalFunction::ResourceNew { .. }
            | CanonicalFunction::ResourceDrop { .. }
            | CanonicalFunction::ResourceRep { .. } => {
                self.functions.push(None);
                return Some(());
            }
            _ => return None,
        };
        for option in options {
            match option {
                CanonicalOption::Realloc(function)
                | CanonicalOption::PostReturn(function)
                | CanonicalOption::Callback(function) => self.root(*function)?,
                CanonicalOption::UTF8
                | CanonicalOption::UTF16
                | CanonicalOption::CompactUTF16
                | CanonicalOption::Memory(_)
                | CanonicalOption::Async
                | CanonicalOption::CoreType(_)
                | CanonicalOption::Gc => {}
            }
        }
        Some(())
    }

    /// Notes that a core function is called from outside.
    fn root(&mut self, function: u32) -> Option<()> {
        self.roots.extend(*self.functions.get(function as usize)?);
        Some(())
    }
}
