//! The values of globals that never change.

use std::collections::HashMap;

use wasm_encoder::InstructionSink;
use wasmparser::{Global, Operator};

use super::linkage::{Definition, Linkage, Module};
use super::reach::Reached;
use crate::error::Error;

/// A constant: a float as its bits.
#[derive(Clone, Copy)]
pub(super) enum Value {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
}

impl Value {
    /// The instruction that has this value, as bytes.
    pub(super) fn instruction(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut code = InstructionSink::new(&mut bytes);
        match self {
            Self::I32(value) => code.i32_const(value),
            Self::I64(value) => code.i64_const(value),
            Self::F32(bits) => code.f32_const(f32::from_bits(bits).into()),
            Self::F64(bits) => code.f64_const(f64::from_bits(bits).into()),
        };
        bytes
    }
}

/// The values of those globals of modules with an instance that have always the same.
///
/// References and vectors are not among them: an instruction for a vector would be nine times as
/// long as the one that reads a global.
pub(super) fn values(
    linkage: &Linkage<'_>,
    reached: &Reached,
) -> Result<HashMap<Definition, Value>, Error> {
    let mut values = HashMap::new();
    // An expression refers to imports and to globals before its own.
    for &index in &linkage.instantiated {
        let Some(module) = linkage.modules.get(index) else {
            continue;
        };
        for (number, global) in (module.imported_globals.len() as u32..).zip(&module.globals) {
            let definition = module.global(index, number);
            if reached.written.contains(&definition) {
                continue;
            }
            if let Some(value) = evaluate(global, index, module, &values)? {
                values.insert(definition, value);
            }
        }
    }
    Ok(values)
}

fn evaluate(
    global: &Global<'_>,
    index: usize,
    module: &Module<'_>,
    values: &HashMap<Definition, Value>,
) -> Result<Option<Value>, Error> {
    use Value::{F32, F64, I32, I64};
    let mut stack = Vec::new();
    for operator in global.init_expr.get_operators_reader() {
        let operator = operator.map_err(Error::compile)?;
        let value = match operator {
            Operator::I32Const { value } => I32(value),
            Operator::I64Const { value } => I64(value),
            Operator::F32Const { value } => F32(value.bits()),
            Operator::F64Const { value } => F64(value.bits()),
            Operator::GlobalGet { global_index } => {
                match values.get(&module.global(index, global_index)) {
                    Some(value) => *value,
                    None => return Ok(None),
                }
            }
            Operator::End => continue,
            operator => {
                let (right, left) = (stack.pop(), stack.pop());
                match (operator, left, right) {
                    (Operator::I32Add, Some(I32(a)), Some(I32(b))) => I32(a.wrapping_add(b)),
                    (Operator::I32Sub, Some(I32(a)), Some(I32(b))) => I32(a.wrapping_sub(b)),
                    (Operator::I32Mul, Some(I32(a)), Some(I32(b))) => I32(a.wrapping_mul(b)),
                    (Operator::I64Add, Some(I64(a)), Some(I64(b))) => I64(a.wrapping_add(b)),
                    (Operator::I64Sub, Some(I64(a)), Some(I64(b))) => I64(a.wrapping_sub(b)),
                    (Operator::I64Mul, Some(I64(a)), Some(I64(b))) => I64(a.wrapping_mul(b)),
                    _ => return Ok(None),
                }
            }
        };
        stack.push(value);
    }
    Ok(stack.pop())
}
