//! Functions by the name of their op.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::Context;
use crate::error::{Error, HandleError, Result, SetUpError};
use crate::json;

/// An initialised op: JSON in, JSON out.
pub(crate) type Handler = Box<dyn Fn(&str) -> Result<String, HandleError>>;

type SetUp = Box<dyn Fn(&str) -> Result<Handler, SetUpError>>;

/// What a guest offers: functions by the name of their op.
#[derive(Default)]
pub struct Ops(BTreeMap<String, SetUp>);

impl Ops {
    /// Adds the op `name`: a function of its input.
    ///
    /// A later function replaces an earlier one of the same name. A result whose JSON contains a
    /// `null` is serialised twice, to tell a value that is absent from one that JSON can't
    /// represent (NaN or an infinity, which is an error).
    pub fn function<I, O, F>(&mut self, name: impl Into<String>, function: F)
    where
        I: DeserializeOwned + 'static,
        O: Serialize + 'static,
        F: Fn(I) -> Result<O> + Clone + 'static,
    {
        self.with_context(name, move |input: I, _: &Context| function(input));
    }

    /// Adds the op `name`: a function of its input and a [`Context`], through which it makes
    /// hostcalls.
    pub fn with_context<I, O, F>(&mut self, name: impl Into<String>, function: F)
    where
        I: DeserializeOwned + 'static,
        O: Serialize + 'static,
        F: Fn(I, &Context) -> Result<O> + Clone + 'static,
    {
        let set_up = move |_: &str| Ok(handler(function.clone()));
        self.0.insert(name.into(), Box::new(set_up));
    }

    /// Adds the op `name`, which has data: `set_up` gets the data once, when the program is
    /// initialised, and returns the function.
    ///
    /// If the data can't be read as a `D`, the guest refuses the op. An error of `set_up` fails
    /// `init`.
    ///
    /// ```
    /// use wit_wire_guest::{Context, Ops};
    ///
    /// fn ops(ops: &mut Ops) {
    ///     // The type of a returned closure's context must be written out.
    ///     ops.with_data("scale", |factor: f64| Ok(move |x: f64, _: &Context| Ok(factor * x)));
    /// }
    /// ```
    pub fn with_data<D, I, O, F, S>(&mut self, name: impl Into<String>, set_up: S)
    where
        D: DeserializeOwned,
        I: DeserializeOwned + 'static,
        O: Serialize + 'static,
        F: Fn(I, &Context) -> Result<O> + 'static,
        S: Fn(D) -> Result<F> + 'static,
    {
        let set_up = move |data: &str| {
            let data = serde_json::from_str(data).map_err(|_| SetUpError::UnusableData)?;
            Ok(handler(set_up(data).map_err(SetUpError::Failed)?))
        };
        self.0.insert(name.into(), Box::new(set_up));
    }

    /// The handler of an op with this data, or `None` if there is no such op.
    pub(crate) fn set_up(&self, name: &str, data: &str) -> Option<Result<Handler, SetUpError>> {
        Some(self.0.get(name)?(data))
    }
}

/// The names of the ops.
impl fmt::Debug for Ops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ops").field(&self.0.keys()).finish()
    }
}

fn handler<I, O, F>(function: F) -> Handler
where
    I: DeserializeOwned,
    O: Serialize,
    F: Fn(I, &Context) -> Result<O> + 'static,
{
    Box::new(move |input| {
        let input = json::from_str(input)?;
        let output = function(input, &Context::of_host()).map_err(HandleError::Failed)?;
        json::to_string(&output).map_err(|error| {
            HandleError::Failed(Error::new(format!("the result has no JSON form: {error}")))
        })
    })
}
