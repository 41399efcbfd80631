//! A named operation, as a guest is asked to provide it.

use std::sync::Arc;

use serde_json::Value;

use super::values::{HashedMatInfo, MatInfo};

/// A named operation (`mat-info` on the wire). The meaning of its data is between whoever registers
/// it and the guest.
///
/// ```
/// use serde_json::json;
/// use wit_wire_host::Op;
///
/// let scale = Op::new("scale").with_title("Scales by a factor").with_data(&json!({"factor": 10}));
/// assert_eq!(scale.name(), "scale");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    name: Arc<str>,
    title: Arc<str>,
    data: Arc<str>,
}

impl Op {
    /// An op whose title is its name and whose data is `null`.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        Self {
            title: name.clone(),
            name,
            data: "null".into(),
        }
    }

    /// Sets the title, for people.
    #[must_use]
    pub fn with_title(self, title: impl Into<Arc<str>>) -> Self {
        Self {
            title: title.into(),
            ..self
        }
    }

    /// Sets the data.
    #[must_use]
    pub fn with_data(self, data: &Value) -> Self {
        Self {
            data: data.to_string().into(),
            ..self
        }
    }

    /// An op from its parts, the data as JSON text.
    pub(crate) fn from_parts([name, title, data]: [Arc<str>; 3]) -> Self {
        Self { name, title, data }
    }

    /// The op's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The op's title, for people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The op's data, as JSON text.
    pub fn data(&self) -> &str {
        &self.data
    }

    pub(crate) fn shared_name(&self) -> &Arc<str> {
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

    /// With the field that [`Dialect::V1Hashed`](crate::Dialect::V1Hashed) adds: a digest of title
    /// and data.
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
