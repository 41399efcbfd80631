//! A named operation, as a guest is asked to provide it.

use std::sync::Arc;

use serde_json::Value;

use crate::wire::{HashedMatInfo, MatInfo};

/// A named operation (`mat-info` on the wire). What its data holds is the guest's matter.
///
/// ```
/// use serde_json::json;
/// use wit_wire_host::Op;
///
/// let scale = Op::new("scale").title("Scales by a factor").data(&json!({"factor": 10}));
/// assert_eq!(scale.name(), "scale");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    pub(crate) name: Arc<str>,
    pub(crate) title: Arc<str>,
    pub(crate) data: Arc<str>,
}

impl Op {
    /// An op with its name for a title, and `null` for data.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        Self {
            title: name.clone(),
            name,
            data: "null".into(),
        }
    }

    /// The op's title, for people.
    #[must_use]
    pub fn title(self, title: impl Into<Arc<str>>) -> Self {
        Self {
            title: title.into(),
            ..self
        }
    }

    /// The op's data.
    #[must_use]
    pub fn data(self, data: &Value) -> Self {
        Self {
            data: data.to_string().into(),
            ..self
        }
    }

    /// The op's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn mat_info(&self) -> MatInfo {
        let Self { name, title, data } = self.clone();
        MatInfo {
            op_name: name,
            mat_title: title,
            mat_data_json: data,
        }
    }

    /// With the field that the metatype shape adds: a digest of title and data.
    pub(crate) fn hashed_mat_info(&self) -> HashedMatInfo {
        let Self { name, title, data } = self.clone();
        let mut digest = blake3::Hasher::new();
        digest
            .update(title.as_bytes())
            .update(&[0])
            .update(data.as_bytes());
        let hash = digest.finalize().to_hex().as_str().into();
        HashedMatInfo {
            op_name: name,
            mat_title: title,
            mat_hash: hash,
            mat_data_json: data,
        }
    }
}
