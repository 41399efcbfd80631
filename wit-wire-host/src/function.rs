//! One op of a program, as callers hold it: where a call begins.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::call::{Call, Decode};
use crate::error::{CallError, ProgramError};
use crate::program::Program;
use crate::protocol::Payload;
use crate::protocol::reserved::SCHEMA;

/// One op of a program. Cheap to clone; calls may run concurrently.
///
/// ```no_run
/// # async fn example(total: wit_wire_host::Function) -> Result<(), wit_wire_host::CallError> {
/// // Through serde, or as JSON that the host does not read.
/// let sum: f64 = total.call(&[19.9, 5.0]).await?;
/// let output = total.call_raw("[19.9, 5.0]").await?;
/// println!("{output}");
///
/// if let Some(schema) = total.schema().await? {
///     println!("takes {}, returns {}", schema["input"], schema["output"]);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Function {
    program: Program,
    op: Arc<str>,
}

impl Program {
    /// The function that calls the op `op`.
    ///
    /// # Errors
    ///
    /// [`ProgramError::UnknownOp`], which has the names of the ops.
    pub fn function(&self, op: &str) -> Result<Function, ProgramError> {
        let mut ops = self.ops().iter();
        match ops.find(|known| known.name() == op) {
            Some(found) => Ok(Function {
                program: self.clone(),
                op: found.shared_name().clone(),
            }),
            None => {
                let known = self.ops().iter().map(|op| op.name().to_owned());
                Err(ProgramError::UnknownOp {
                    op: op.to_owned(),
                    known: known.collect(),
                })
            }
        }
    }

    /// The program's functions, in the order of its ops.
    pub fn functions(&self) -> impl Iterator<Item = Function> {
        self.ops().iter().map(|op| Function {
            program: self.clone(),
            op: op.shared_name().clone(),
        })
    }
}

impl Function {
    /// The op's name.
    pub fn name(&self) -> &str {
        &self.op
    }

    /// The program that the function belongs to.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The guest's description of the function: an object with the JSON Schemas `input` and
    /// `output`, and perhaps a `description`. `None` if the guest describes nothing.
    ///
    /// A call like any other: dropping the future cancels it.
    ///
    /// # Errors
    ///
    /// Any [`CallError`] of a call.
    pub async fn schema(&self) -> Result<Option<Value>, CallError> {
        let describe = Self {
            program: self.program.clone(),
            op: SCHEMA.into(),
        };
        match describe.call(self.name()).await {
            Err(CallError::NoHandler { .. }) => Ok(None),
            described => described.map(Some),
        }
    }

    /// A call with `input` as JSON through serde, whose output is read as an `O`. Await it, or run
    /// it with [`run_blocking`](Call::run_blocking).
    pub fn call<'f, I, O>(&'f self, input: &I) -> Call<'f, O>
    where
        I: serde::Serialize + ?Sized,
        O: serde::de::DeserializeOwned + Send + 'static,
    {
        let input = Payload::serialize(input).map_err(|source| CallError::Encode {
            op: self.op.as_ref().to_owned(),
            source,
        });
        let parse = |output: &Payload| output.deserialize();
        Call::new(&self.program, self.op.clone(), input, Decode::Parse(parse))
    }

    /// A call whose input and output the host does not read.
    pub fn call_raw(&self, input: impl Into<Payload>) -> Call<'_, Payload> {
        let input = Ok(input.into());
        Call::new(
            &self.program,
            self.op.clone(),
            input,
            Decode::Pass(|output| output),
        )
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("op", &self.op)
            .field("program", &self.program)
            .finish()
    }
}
