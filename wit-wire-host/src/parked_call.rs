//! A durable call that waits, as a value and as bytes.
//!
//! The bytes are framed as those of a program are (`memory/frame.rs`), with a magic number and a
//! format of their own. They are a guest's memory, and not code: forged ones make a guest
//! misbehave, within its sandbox.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::component::Component;
use crate::error::CallError;
use crate::memory::{Format, Framed, Image, SnapshotError};
use crate::metering::{Asked, Awaited, Limits, Meter, MeterUse};
use crate::program::Program;
use crate::sandbox::{RunEnvironment, SavedEnvironment};

const FORMAT: Format = Format {
    magic: *b"\x89WPRK\r\n\x1a",
    version: 1,
    // Seven for each hostcall.
    header_nodes: 1 << 20,
};

/// A durable call that waits ([`Call::until_parked`](crate::Call::until_parked)): what it waits
/// for, and its state.
///
/// Cheap to clone. Each clone, and each copy of its bytes, can be resumed: those are two calls that
/// begin in the same state. Guests that know how to (Python) draw different random numbers in both.
/// What the call has done until then, it has done once.
#[derive(Clone)]
pub struct ParkedCall(pub(crate) Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) program: Program,
    pub(crate) op: Arc<str>,
    /// A difference to the program's state; without it, just that.
    pub(crate) state: Option<Arc<Image>>,
    pub(crate) awaited: Vec<Awaited>,
    pub(crate) wakes_at: Option<SystemTime>,
    pub(crate) parked_at: SystemTime,
    pub(crate) used: MeterUse,
    pub(crate) environment: SavedEnvironment,
}

/// A parked call as bytes, which were checked for damage.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) component: Component,
    framed: Framed<Header>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    component: String,
    blank: String,
    memory: u64,
    op: String,
    awaited: Vec<Awaited>,
    /// Both since 1970.
    wakes_at: Option<Duration>,
    parked_at: Duration,
    used: MeterUse,
    environment: SavedEnvironment,
}

/// A run that waits.
pub(crate) struct Waiting {
    pub(crate) state: Arc<Image>,
    pub(crate) asked: Asked,
}

impl ParkedCall {
    /// What is left of a run of the op `op`, which waits for `awaited`.
    pub(crate) fn new(
        program: &Program,
        op: &Arc<str>,
        waiting: Waiting,
        awaited: Vec<Awaited>,
        meter: &Meter,
        environment: &RunEnvironment,
    ) -> Self {
        let now = SystemTime::now();
        let wakes_in = |until: Instant| until.saturating_duration_since(Instant::now());
        let wakes_in = waiting.asked.until.map(wakes_in);
        Self(Arc::new(Parts {
            program: program.clone(),
            op: op.clone(),
            state: Some(waiting.state),
            awaited,
            wakes_at: wakes_in.and_then(|wait| now.checked_add(wait)),
            parked_at: now,
            used: meter.used(),
            environment: environment.save(),
        }))
    }

    /// The op that was called.
    pub fn op(&self) -> &str {
        &self.0.op
    }

    /// The hostcalls that it waits for, in the order in which it made them. Any of them may be
    /// answered first.
    pub fn hostcalls(&self) -> &[Awaited] {
        &self.0.awaited
    }

    /// When it goes on without an answer, for example because it sleeps.
    pub fn wakes_at(&self) -> Option<SystemTime> {
        self.0.wakes_at
    }

    /// The call as bytes, for [`Component::resume`] in any process with the same component: some
    /// 100 KB for a small coroutine. They are as secret as what the call knows.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Unavailable`] if the component has no
    /// [identity](Component::with_identity).
    pub fn to_bytes(&self) -> Result<Bytes, SnapshotError> {
        let Parts {
            program,
            op,
            state,
            awaited,
            wakes_at,
            parked_at,
            used,
            environment,
        } = &*self.0;
        let unavailable = |why: &str| SnapshotError::Unavailable(why.to_owned());
        let component = program.component();
        let identity = component.identity();
        let identity = identity.ok_or_else(|| {
            unavailable("its component has no identity: set one with `Component::with_identity`")
        })?;
        let image = program.image().as_ref().map_err(|why| unavailable(why))?;
        let blank = component.origin().known_blank();
        let blank = blank.ok_or_else(|| unavailable("its instances can't be reset"))?;
        let image = state.as_ref().unwrap_or(image);
        let header = Header {
            component: identity.to_owned(),
            blank: blank.digest().to_owned(),
            memory: image.length() as u64,
            op: op.as_ref().to_owned(),
            awaited: awaited.clone(),
            wakes_at: wakes_at.map(since_1970),
            parked_at: since_1970(*parked_at),
            used: *used,
            environment: *environment,
        };
        Ok(Framed::new(&FORMAT, header, blank.bytes(), image).bytes)
    }
}

impl Stored {
    pub(crate) fn read(component: &Component, bytes: Bytes) -> Result<Self, SnapshotError> {
        let framed: Framed<Header> = Framed::read(&FORMAT, bytes)?;
        component.check_identity(&framed.header.component)?;
        Ok(Self {
            component: component.clone(),
            framed,
        })
    }

    pub(crate) fn hostcalls(&self) -> &[Awaited] {
        &self.framed.header.awaited
    }

    pub(crate) fn wakes_at(&self) -> Option<SystemTime> {
        self.framed.header.wakes_at.and_then(after_1970)
    }

    /// The call, if its state belongs to the one that instances of the component begin with here.
    pub(crate) async fn load(self, limits: &Limits) -> Result<ParkedCall, CallError> {
        let Self { component, framed } = self;
        let wakes_at = framed.header.wakes_at.and_then(after_1970);
        let Header {
            blank,
            memory,
            op,
            awaited,
            parked_at,
            used,
            environment,
            ..
        } = &framed.header;
        let memory = usize::try_from(*memory)
            .map_err(|_| SnapshotError::Damaged("its memory is too large"))?;
        let image = component
            .adopt(blank, memory, framed.pages(), limits)
            .await?;
        Ok(ParkedCall(Arc::new(Parts {
            program: Program::of_parked(component, image),
            op: op.as_str().into(),
            state: None,
            awaited: awaited.clone(),
            wakes_at,
            parked_at: after_1970(*parked_at).unwrap_or(SystemTime::UNIX_EPOCH),
            used: *used,
            environment: *environment,
        })))
    }
}

impl fmt::Debug for ParkedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParkedCall")
            .field("op", &self.op())
            .field("hostcalls", &self.hostcalls())
            .field("wakes_at", &self.wakes_at())
            .finish_non_exhaustive()
    }
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

fn after_1970(time: Duration) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(time)
}

/// Bytes as far as they can be read without a component, and how much memory they are of.
#[cfg(any(test, fuzzing))]
pub(crate) fn read(bytes: Vec<u8>) -> Result<(Framed<Header>, usize), SnapshotError> {
    let framed: Framed<Header> = Framed::read(&FORMAT, bytes.into())?;
    let memory = usize::try_from(framed.header.memory).unwrap_or(usize::MAX);
    Ok((framed, memory))
}

/// What a run does with a header that it goes on from.
#[cfg(any(test, fuzzing))]
pub(crate) fn go_on(header: &Header) {
    let meter = Meter::new(Limits::default());
    meter.resume(header.used, header.awaited.clone());
    // It has an end, whatever it had used.
    let is_over = (0..20_000).any(|_| meter.count_hostcall().is_err());
    assert!(is_over, "{:?}", header.used);
    let mut ids: Vec<u64> = header.awaited.iter().map(|awaited| awaited.id).collect();
    let left = meter.outstanding(|outstanding| {
        let left = outstanding.awaited().len();
        drop(outstanding.cancel(&ids));
        left
    });
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(left, ids.len());
    let passed = SystemTime::now()
        .duration_since(after_1970(header.parked_at).unwrap_or(SystemTime::UNIX_EPOCH));
    let passed = passed.unwrap_or_default();
    let environment = RunEnvironment::restore(&meter, header.environment, passed, None);
    let again = RunEnvironment::restore(&meter, environment.save(), passed, None);
    assert_eq!(again.determinism(), environment.determinism());
    let _ = (
        header.wakes_at.and_then(after_1970),
        meter.used(),
        meter.deadline(),
    );
}
