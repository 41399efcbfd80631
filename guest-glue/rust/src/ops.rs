//! Functions by name.

use std::collections::HashMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::json;

/// An initialised op: JSON in, JSON out.
pub(crate) type Handler = Box<dyn Fn(&str) -> Result<String, HandleError>>;

type SetUp = Box<dyn Fn(&str) -> Result<Handler, SetUpError>>;

pub(crate) enum HandleError {
    NotJson(serde_json::Error),
    Failed(Error),
}

pub(crate) enum SetUpError {
    UnusableData,
    Failed(Error),
}

/// What a guest offers: functions by the name of their op.
#[derive(Default)]
pub struct Ops(HashMap<String, SetUp>);

impl Ops {
    /// The op `name` is a function of its input.
    ///
    /// A later function of the same name takes the place of an earlier one. Output whose JSON has a `null` is serialised a
    /// second time, to tell what is missing from what JSON can't hold (NaN, an infinity: an error).
    pub fn function<I, O, F>(&mut self, name: impl Into<String>, function: F)
    where
        I: DeserializeOwned + 'static,
        O: Serialize + 'static,
        F: Fn(I) -> Result<O> + Clone + 'static,
    {
        self.with_context(name, move |input: I, _: &Context| function(input));
    }

    /// The op `name` is a function of its input that asks its host for something.
    pub fn with_context<I, O, F>(&mut self, name: impl Into<String>, function: F)
    where
        I: DeserializeOwned + 'static,
        O: Serialize + 'static,
        F: Fn(I, &Context) -> Result<O> + Clone + 'static,
    {
        let set_up = move |_: &str| Ok(handler(function.clone()));
        self.0.insert(name.into(), Box::new(set_up));
    }

    /// The op `name` is made of the data that it is initialised with: `set_up` returns the function.
    ///
    /// Data that is no `D` is an op that the guest does not know. An error of `set_up` is one of `init`.
    ///
    /// ```
    /// use wit_wire_guest::{Context, Ops};
    ///
    /// fn ops(ops: &mut Ops) {
    ///     // In a closure that is returned, the context's type must be written out.
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

    /// The handler of an op with this data; `None` if there is no such op.
    pub(crate) fn set_up(&self, name: &str, data: &str) -> Option<Result<Handler, SetUpError>> {
        Some(self.0.get(name)?(data))
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
            HandleError::Failed(Error::new(format!("the output has no JSON form: {error}")))
        })
    })
}
