//! The span of a load. In a process of its own: whether a span is enabled is cached for all
//! threads.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use artifact_embed::Backing;
use common::{archive, load, loader};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The fields of the latest span.
#[derive(Clone, Default)]
struct Latest(Arc<Mutex<Fields>>);

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Subscriber for Latest {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "artifact_embed::load" && metadata.name() == "load"
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut latest = self.0.lock().unwrap();
        *latest = Fields::default();
        span.record(&mut *latest);
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut *self.0.lock().unwrap());
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn a_load_says_where_the_code_came_from() {
    let latest = Latest::default();
    tracing::subscriber::set_global_default(latest.clone()).unwrap();
    let (archive, folder) = (archive(), tempfile::tempdir().unwrap());
    let cache = loader().with_cache_folder(folder.path().join("cache"));
    let memory = loader().with_backings([Backing::Memory]);
    for (loader, backing, cached) in [
        (&cache, "CacheFile", "false"),
        (&cache, "CacheFile", "true"),
        (&memory, "Memory", "false"),
    ] {
        load(loader, &archive).unwrap();
        let Fields(fields) = std::mem::take(&mut *latest.0.lock().unwrap());
        let field = |name| fields.get(name).map(String::as_str);
        assert_eq!(
            (field("backing"), field("cached")),
            (Some(backing), Some(cached))
        );
        let number = |name| field(name).unwrap().parse::<f64>().unwrap();
        assert!(
            number("bytes") > 1_000.0 && number("milliseconds") > 0.0,
            "{fields:?}"
        );
        assert!(field("artifact").is_some());
    }
}
