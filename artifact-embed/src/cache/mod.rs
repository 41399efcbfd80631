//! Where code is stored between processes: a folder of files that only this user can write, and how
//! files that were read before are recognised.
//!
//! Whatever is mapped from the folder runs as code, so nothing is used that others could have
//! written. This floor stores bytes under names; it does not know what they are: neither archives,
//! nor components, nor engines.

mod cache_folder;
#[cfg(feature = "compile")]
mod file_identity;
mod folder;

pub use cache_folder::CacheFolder;
#[cfg(feature = "compile")]
pub use file_identity::FileIdentity;
pub(crate) use folder::Cache;
