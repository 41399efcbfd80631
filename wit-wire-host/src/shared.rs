//! The one instance of a program whose calls share state.

use std::time::{Duration, Instant};

use tokio::sync::{Mutex, MutexGuard};

use crate::instance::Instance;

/// Where the instance is between calls.
#[derive(Default)]
pub(crate) struct SharedInstance(Mutex<Option<Kept>>);

struct Kept {
    instance: Instance,
    since: Instant,
    calls: u64,
}

/// When a shared instance is replaced.
#[derive(Clone, Copy)]
pub(crate) struct Renewal {
    pub(crate) calls: u64,
    pub(crate) age: Duration,
}

impl Renewal {
    pub(crate) const NEVER: Self = Self {
        calls: u64::MAX,
        age: Duration::MAX,
    };
}

impl SharedInstance {
    pub(crate) fn new(instance: Option<Instance>) -> Self {
        Self(Mutex::new(instance.map(Kept::new)))
    }

    /// If no call has it.
    pub(crate) fn try_lock(&self) -> Option<Held<'_>> {
        self.0.try_lock().ok().map(Held)
    }

    pub(crate) async fn lock(&self) -> Held<'_> {
        Held(self.0.lock().await)
    }
}

impl Kept {
    fn new(instance: Instance) -> Self {
        Self {
            instance,
            since: Instant::now(),
            calls: 0,
        }
    }
}

/// The shared instance while a call holds it. One that ended is dropped with the call, also with a
/// cancelled one: it would keep its memory until the next call.
pub(crate) struct Held<'a>(MutexGuard<'a, Option<Kept>>);

impl Held<'_> {
    /// Drops an instance that is due for renewal. Whether there is one now.
    pub(crate) fn renew(&mut self, renewal: Renewal) -> bool {
        let is_due =
            |kept: &mut Kept| kept.calls >= renewal.calls || kept.since.elapsed() >= renewal.age;
        self.0.take_if(is_due);
        self.0.is_some()
    }

    pub(crate) fn clear(&mut self) {
        *self.0 = None;
    }

    pub(crate) fn put(&mut self, instance: Instance) {
        *self.0 = Some(Kept::new(instance));
    }

    /// The instance, for one more call.
    pub(crate) fn instance(&mut self) -> Option<&mut Instance> {
        let kept = self.0.as_mut()?;
        kept.calls += 1;
        Some(&mut kept.instance)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.take_if(|kept| !kept.instance.is_alive());
    }
}
