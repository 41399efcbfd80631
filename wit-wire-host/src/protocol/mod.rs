//! What host and guest say to each other: the protocol's values, names, dialects and errors as Rust
//! types.
//!
//! Nothing here runs a guest, and nothing here depends on any other part of the crate. The
//! protocol itself is described in the book's chapter "The protocol" and in `wit/`.

mod dialect;
mod file_content;
mod hostcall_error;
mod json;
mod op;
mod payload;
pub(crate) mod reserved;
pub(crate) mod values;

pub(crate) use dialect::detect;
pub use dialect::{Dialect, Mismatch};
pub use file_content::file_content;
pub use hostcall_error::HostcallError;
pub(crate) use json::NodeCounter;
pub use json::json_nodes;
pub use op::Op;
pub use payload::Payload;

/// The protocol version that hosts ask guests for by default.
pub const PROTOCOL_VERSION: &str = "0.0.1";
