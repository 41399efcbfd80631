//! The protocol's values as Rust types, for both dialects.
//!
//! Written out rather than generated: the dialects share all but two records, and
//! `tests/dialects.rs` compares them with the WIT text.

use std::sync::Arc;

use wasmtime::component::{ComponentType, Lift, Lower};

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct MatInfo {
    #[component(name = "op-name")]
    pub(crate) op_name: Arc<str>,
    #[component(name = "mat-title")]
    pub(crate) mat_title: Arc<str>,
    #[component(name = "mat-data-json")]
    pub(crate) mat_data_json: Arc<str>,
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct InitArgs {
    #[component(name = "expected-ops")]
    pub(crate) expected_ops: Vec<MatInfo>,
    #[component(name = "metatype-version")]
    pub(crate) metatype_version: Arc<str>,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct HashedMatInfo {
    #[component(name = "op-name")]
    pub(crate) op_name: Arc<str>,
    #[component(name = "mat-title")]
    pub(crate) mat_title: Arc<str>,
    #[component(name = "mat-hash")]
    pub(crate) mat_hash: Arc<str>,
    #[component(name = "mat-data-json")]
    pub(crate) mat_data_json: Arc<str>,
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct HashedInitArgs {
    #[component(name = "metatype-version")]
    pub(crate) metatype_version: Arc<str>,
    #[component(name = "expected-ops")]
    pub(crate) expected_ops: Vec<HashedMatInfo>,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct InitResponse {
    pub(crate) ok: bool,
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub(crate) enum InitError<M> {
    #[component(name = "version-mismatch")]
    VersionMismatch(String),
    #[component(name = "unexpected-mat")]
    UnexpectedMat(M),
    #[component(name = "other")]
    Other(String),
}

impl<M> InitError<M> {
    /// The same error with the refused op reduced to its name.
    pub(crate) fn map<N>(self, name: impl FnOnce(M) -> N) -> InitError<N> {
        match self {
            Self::VersionMismatch(version) => InitError::VersionMismatch(version),
            Self::UnexpectedMat(mat) => InitError::UnexpectedMat(name(mat)),
            Self::Other(message) => InitError::Other(message),
        }
    }
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct HandleReq {
    #[component(name = "op-name")]
    pub(crate) op_name: Arc<str>,
    #[component(name = "in-json")]
    pub(crate) in_json: Arc<str>,
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub(crate) enum HandleErr {
    #[component(name = "no-handler")]
    NoHandler,
    #[component(name = "in-json-err")]
    InJsonErr(String),
    #[component(name = "handler-err")]
    HandlerErr(String),
}
