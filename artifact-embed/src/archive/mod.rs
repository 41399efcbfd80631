//! The archive: the format, and who vouches for one.
//!
//! A header that is checked before anything else is believed, then the code in independent zstd
//! frames. This floor checks, packs and unpacks bytes, and keeps the promise that code comes from
//! somebody the embedder trusts. It does not know what the code is, nor how to run it.
//!
//! All integers are little-endian.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `89 'W' 'A' 'O' 'T' 0d 0a 1a` (no text file begins so, and a text-mode copy breaks it) |
//! | 4 | format version |
//! | 4 | length of the header |
//! | 32 | BLAKE3 of the header |
//! | | the header, as JSON |
//! | | the frames, one after the other |

mod frames;
mod header;
#[cfg(feature = "sign")]
mod signature;
mod trust;

#[cfg(all(feature = "compile", any(test, fuzzing)))]
pub(crate) use frames::MAX_RATIO;
#[cfg(feature = "compile")]
pub(crate) use frames::compress;
pub use header::{ARCHIVE_FORMAT, Header};
#[cfg(feature = "compile")]
pub(crate) use header::{Fields, write};
#[cfg(feature = "sign")]
pub use signature::{PublicKey, SigningKey, verify_signer};
pub use trust::Archive;
