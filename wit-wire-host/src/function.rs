//! One op of a program, as callers hold it: where a call begins.

use std::sync::Arc;

use serde_json::Value;

use crate::call::{Call, Settings};
use crate::error::Error;
use crate::program::Program;

/// The protocol's own op that describes another one.
const SCHEMA: &str = "wit-wire:schema";

/// One op of a program. Cheap to clone; calls may run side by side.
///
/// ```no_run
/// # async fn example(total: wit_wire_host::Function) -> Result<(), wit_wire_host::Error> {
/// // Through serde, or as text that the host does not read.
/// let sum: f64 = total.call(&[19.9, 5.0]).await?;
/// let text: String = total.call_raw("[19.9, 5.0]").await?;
///
/// if let Some(schema) = total.schema().await? {
///     println!("takes {}, gives {}", schema["input"], schema["output"]);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Function {
    pub(crate) program: Program,
    pub(crate) op: Arc<str>,
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

    /// What the function takes and gives, as the guest describes it: an object with the JSON Schemas `input` and `output`, and
    /// perhaps a `description`. `None` if the guest describes nothing.
    pub async fn schema(&self) -> Result<Option<Value>, Error> {
        let describe = Self {
            program: self.program.clone(),
            op: SCHEMA.into(),
        };
        match describe.call(self.name()).await {
            Err(Error::NoHandler { .. }) => Ok(None),
            described => described.map(Some),
        }
    }

    /// A call with `input` as JSON through serde, whose output is read as an `O`. Await it, or
    /// [`blocking`](Call::blocking) it.
    pub fn call<I, O>(&self, input: &I) -> Call<'_, O>
    where
        I: serde::Serialize + ?Sized,
        O: serde::de::DeserializeOwned,
    {
        let encode = |source| Error::Encode {
            op: self.op.as_ref().to_owned(),
            source,
        };
        let input = serde_json::to_string(input).map(Arc::from).map_err(encode);
        Call {
            function: self,
            input,
            settings: Settings::default(),
            decode: |json| serde_json::from_str(&json),
        }
    }

    /// A call with JSON text in and out, neither of which the host reads.
    pub fn call_raw(&self, input: impl Into<Arc<str>>) -> Call<'_, String> {
        Call {
            function: self,
            input: Ok(input.into()),
            settings: Settings::default(),
            decode: Ok,
        }
    }
}
