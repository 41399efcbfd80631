//! The core module that implements the interface: it imports a component's memory and mutable
//! globals, and keeps a copy of each global to compare it with.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, ImportSection, InstructionSink, MemArg, MemoryType,
    Module, TypeSection, ValType,
};

use super::outline::Holders;
use super::state_interface::{MEMORY, SIZE, global};

/// The module's functions, in the order of their indices: the interface's, and after `memory` the
/// one that is called when the host has read its result.
pub(super) const FUNCTIONS: [&str; 6] =
    ["memory", "memory-done", "grow", "resize", "mark", "changed"];

/// The module, for a component whose memory is in the core instance `memory`.
///
/// Its imports are named after the index of the core instance that they come from.
pub(super) fn module(holders: &Holders, memory: u32) -> Module {
    let mut types = TypeSection::new();
    types.ty().function([], [ValType::I32]);
    types.ty().function([ValType::I32], []);
    types.ty().function([ValType::I32], [ValType::I32]);
    types.ty().function([], []);
    let mut functions = FunctionSection::new();
    for ty in [0, 1, 2, 1, 3, 0] {
        functions.function(ty);
    }

    let mut imports = ImportSection::new();
    let any = MemoryType {
        minimum: 0,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    };
    imports.import(&memory.to_string(), MEMORY, any);
    let mut watched = Vec::new();
    for (instance, globals) in &holders.globals {
        for (number, &ty) in globals.iter().enumerate() {
            imports.import(
                &instance.to_string(),
                &global(number),
                EntityType::Global(mutable(ty)),
            );
            watched.push(ty);
        }
    }

    imports.import(&memory.to_string(), SIZE, mutable(ValType::I32));

    let mut copies = GlobalSection::new();
    for &ty in &watched {
        copies.global(mutable(ty), &zero(ty));
    }
    // Two more: the bytes of the memory that `memory` overwrites with its result.
    for _ in 0..2 {
        copies.global(mutable(ValType::I32), &zero(ValType::I32));
    }

    let mut exports = ExportSection::new();
    for (index, name) in (0..).zip(FUNCTIONS) {
        exports.export(name, ExportKind::Func, index);
    }

    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&functions)
        .section(&copies)
        .section(&exports)
        .section(&code(&watched, holders.most_pages));
    module
}

/// The code of [`FUNCTIONS`]. Globals are the imported ones, what the guest sees of the memory,
/// copies of the first in the same order, and the two that `memory` saves.
fn code(watched: &[ValType], most_pages: Option<u32>) -> CodeSection {
    let count = watched.len() as u32;
    let (size, copies) = (count, count + 1);
    let (saved_offset, saved_length) = (copies + count, copies + count + 1);
    let at = |offset| MemArg {
        offset,
        align: 2,
        memory_index: 0,
    };
    let mut section = CodeSection::new();
    // `memory`: writes offset and length of the whole memory into its last eight bytes, and returns
    // where these are.
    section.function(&body(&[ValType::I32], |code| {
        code.memory_size(0).i32_const(16).i32_shl();
        code.i32_const(8).i32_sub().local_tee(0);
        code.i32_load(at(0)).global_set(saved_offset);
        code.local_get(0).i32_load(at(4)).global_set(saved_length);
        code.local_get(0).i32_const(0).i32_store(at(0));
        code.local_get(0);
        code.memory_size(0).i32_const(16).i32_shl();
        code.i32_store(at(4));
        code.local_get(0);
    }));
    // `memory-done`: restores those bytes.
    section.function(&body(&[], |code| {
        code.local_get(0).global_get(saved_offset).i32_store(at(0));
        code.local_get(0).global_get(saved_length).i32_store(at(4));
    }));
    // `grow`: as far as the memory may.
    section.function(&body(&[], |code| {
        if let Some(most) = most_pages {
            let left = |code: &mut InstructionSink<'_>| {
                code.i32_const(most as i32).memory_size(0).i32_sub();
            };
            code.local_get(0);
            left(code);
            code.local_get(0);
            left(code);
            code.i32_lt_u().select().local_set(0);
        }
        code.local_get(0).memory_grow(0).i32_const(-1).i32_ne();
    }));
    // `resize`.
    section.function(&body(&[], |code| {
        code.local_get(0).global_set(size);
    }));
    // `mark`.
    section.function(&body(&[], |code| {
        code.i32_const(1 << 16).memory_grow(0).drop();
        for index in 0..count {
            code.global_get(index).global_set(copies + index);
        }
    }));
    // `changed`.
    section.function(&body(&[], |code| {
        for (index, ty) in (0..).zip(watched) {
            code.block(BlockType::Empty);
            code.global_get(index);
            reinterpret(code, *ty);
            code.global_get(copies + index);
            reinterpret(code, *ty);
            match ty {
                ValType::I64 | ValType::F64 => code.i64_eq(),
                ValType::V128 => code.v128_xor().v128_any_true().i32_eqz(),
                _ => code.i32_eq(),
            };
            code.br_if(0).i32_const(1).return_().end();
        }
        code.i32_const(0);
    }));
    section
}

fn body(locals: &[ValType], write: impl FnOnce(&mut InstructionSink<'_>)) -> Function {
    let mut function = Function::new(locals.iter().map(|ty| (1, *ty)));
    let mut code = function.instructions();
    write(&mut code);
    code.end();
    function
}

/// A float as its bits: as numbers, no NaN equals another.
fn reinterpret(code: &mut InstructionSink<'_>, ty: ValType) {
    match ty {
        ValType::F32 => code.i32_reinterpret_f32(),
        ValType::F64 => code.i64_reinterpret_f64(),
        _ => code,
    };
}

fn zero(ty: ValType) -> ConstExpr {
    match ty {
        ValType::I64 => ConstExpr::i64_const(0),
        ValType::F32 => ConstExpr::f32_const(0_f32.into()),
        ValType::F64 => ConstExpr::f64_const(0_f64.into()),
        ValType::V128 => ConstExpr::v128_const(0),
        _ => ConstExpr::i32_const(0),
    }
}

fn mutable(val_type: ValType) -> GlobalType {
    GlobalType {
        val_type,
        mutable: true,
        shared: false,
    }
}
