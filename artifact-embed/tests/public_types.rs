//! What users may rely on of every type: it can be shared between threads and shown.

use std::fmt::Debug;

use artifact_embed::{Archive, Backing, Embedded, EngineConfig, Error, Header, Loaded, Loader};

fn is_plain<T: Debug + Send + Sync + 'static>() {}

#[test]
fn every_type_can_be_shown_and_shared() {
    is_plain::<Archive<'static>>();
    is_plain::<Backing>();
    is_plain::<Embedded>();
    is_plain::<EngineConfig>();
    is_plain::<Error>();
    is_plain::<Header>();
    is_plain::<Loaded>();
    is_plain::<Loader>();
    #[cfg(feature = "compile")]
    {
        use artifact_embed::{
            CompileKey, Compiled, CoreModule, Effort, FileIdentity, Inspection, Obstacle,
        };
        is_plain::<CompileKey>();
        is_plain::<Compiled>();
        is_plain::<CoreModule>();
        is_plain::<Effort>();
        is_plain::<FileIdentity>();
        is_plain::<Inspection>();
        is_plain::<Obstacle>();
    }
    #[cfg(feature = "sign")]
    {
        is_plain::<artifact_embed::PublicKey>();
        is_plain::<artifact_embed::SigningKey>();
    }
}

/// An archive is megabytes, which no log should have to hold.
#[test]
fn an_archive_is_shown_without_its_bytes() {
    static BYTES: [u8; 10_000] = [7; 10_000];
    #[allow(unsafe_code, reason = "the bytes are not loaded")]
    // SAFETY: no code of it is ever run.
    let embedded = unsafe { Embedded::new("guest", "", Some(&BYTES)) };
    let shown = format!("{embedded:?}");
    assert!(shown.contains("10000") && shown.len() < 200, "{shown}");
}
