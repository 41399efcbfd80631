//! The interface `wit-wire:instance/state`, as `wit/instance-state.wit` declares it: its name, its
//! functions and their types.
//!
//! This is all that the crate knows of the protocol. `wit-wire-host` looks the interface up by the
//! same name.

use wasm_encoder::{
    Component, ComponentExportKind, ComponentExportSection, ComponentImportSection,
    ComponentTypeRef, ComponentTypeSection, ComponentValType, PrimitiveValType,
};

/// The interface's name.
pub(super) const INTERFACE: &str = "wit-wire:instance/state";

/// The name under which a core module exports its memory for this.
pub(super) const MEMORY: &str = "wit-wire:memory";

/// The name under which the module with the memory exports the pages that its guest sees.
pub(super) const SIZE: &str = "wit-wire:size";

/// The name under which it exports what takes the place of `memory.grow`.
pub(super) const GROW: &str = "wit-wire:grow";

/// The interface's functions, in the order of their types.
pub(super) const FUNCTIONS: [&str; 5] = ["memory", "grow", "resize", "mark", "changed"];

/// The name under which a core module exports its mutable global with this number for this.
pub(super) fn global(number: usize) -> String {
    format!("wit-wire:global{number}")
}

/// The types of [`FUNCTIONS`], preceded by the list type that they use, whose index is `first`.
pub(super) fn types(first: u32) -> ComponentTypeSection {
    let mut types = ComponentTypeSection::new();
    let primitive = ComponentValType::Primitive;
    let (bool, u8, u32) = (
        primitive(PrimitiveValType::Bool),
        primitive(PrimitiveValType::U8),
        primitive(PrimitiveValType::U32),
    );
    let list = ComponentValType::Type(first);
    let none: [(&str, ComponentValType); 0] = [];
    types.defined_type().list(u8);
    types.function().params(none).result(Some(list));
    types.function().params([("pages", u32)]).result(Some(bool));
    types.function().params([("pages", u32)]).result(None);
    types.function().params(none).result(None);
    types.function().params(none).result(Some(bool));
    types
}

/// A component that imports [`FUNCTIONS`] and exports them under the same names.
pub(super) fn component() -> Component {
    let mut component = Component::new();
    component.section(&types(0));
    let mut imports = ComponentImportSection::new();
    let mut exports = ComponentExportSection::new();
    for (index, name) in (0..).zip(FUNCTIONS) {
        imports.import(name, ComponentTypeRef::Func(index + 1));
        exports.export(name, ComponentExportKind::Func, index, None);
    }
    component.section(&imports).section(&exports);
    component
}
