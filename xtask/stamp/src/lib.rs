//! What guests are built from, and whether an archive that was built elsewhere is of that. Knows
//! nothing of how they are built.
//!
//! `stamp` has a product built again when its inputs change, `python` names those of the Python
//! guest, `lock` compares an archive with what the checkout says of it. `file` writes them.

mod file;
mod lock;
pub mod python;
mod stamp;

pub use file::replace;
pub use lock::{Lock, take};
pub use stamp::{Inputs, Stamp};
