//! One run of an op, from its beginning to its end: on an instance, parked while it waits, on
//! another instance.

use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use crate::error::{CallError, Phase};
use crate::instance::{DiscardReason, Handled, Instance, Request};
use crate::kept_permits::KeptPermits;
use crate::lanes::Lane;
use crate::memory::Image;
use crate::metering::{Asked, Interrupt, Limit, Meter, ParkPolicy};
use crate::parked_call::{ParkedCall, Waiting};
use crate::pool::{InstancePermit, Lease};
use crate::program::Program;
use crate::protocol::Payload;
use crate::protocol::reserved::{RESEED, RESUME};
use crate::receipt::{Isolation, Usage};
use crate::sandbox::hostcalls::answers_of_parked;
use crate::sandbox::{Determinism, RunEnvironment};
use crate::session_state::{LeftByCall, SessionState};
use crate::shared::{Renewal, SharedInstance};

/// What a call asks of a program. It borrows nothing from its caller, so that any thread may go on
/// with it.
pub(crate) struct Run {
    pub(crate) program: Program,
    pub(crate) meter: Meter,
    pub(crate) environment: RunEnvironment,
    /// The op on whose behalf, for errors and hostcalls.
    pub(crate) name: Arc<str>,
    pub(crate) waits: Waits,
}

/// The state in which a run begins.
pub(crate) enum Start {
    /// The program's.
    Program,
    /// What earlier calls of a session left.
    Session(Arc<SessionState>),
    /// What a durable call left: a difference to the program's state, or just that.
    Parked(Option<Arc<Image>>),
}

/// What becomes of a run that waits for hostcalls and can be resumed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    /// It waits on its instance.
    InPlace,
    /// It is parked, and goes on by itself.
    Parked,
    /// It ends, and is resumed by the embedder.
    Durable,
}

/// A run that is over.
pub(crate) struct Finished {
    pub(crate) ended: Result<Ended, CallError>,
    pub(crate) usage: Usage,
    /// For its session.
    pub(crate) left: Option<LeftByCall>,
}

/// How a run ended.
pub(crate) enum Ended {
    Output(Payload),
    /// Only a durable one.
    Waits(Waiting),
}

impl Finished {
    /// Before it began.
    pub(crate) fn failed(error: CallError) -> Self {
        Self {
            ended: Err(error),
            usage: Usage::default(),
            left: None,
        }
    }
}

impl Ended {
    pub(crate) fn output(self) -> Result<Payload, CallError> {
        match self {
            Self::Output(output) => Ok(output),
            Self::Waits(_) => Err(CallError::InstanceEnded),
        }
    }
}

/// What a run goes on with, after it waited or at its beginning.
enum Resting {
    /// Its own instance, whose state is not all in memory.
    Instance(Box<Lease>),
    /// Any instance with the program's state, and this over it.
    State(Option<Arc<Image>>),
}

impl Run {
    /// Asks the guest for the op `op`, and goes on until the run has ended.
    pub(crate) async fn end(self, start: Start, op: Arc<str>, input: Payload) -> Finished {
        let mut usage = Usage::default();
        let mut left = None;
        let request = self.request(op, input);
        let ended = self.run(start, request, &mut left, &mut usage).await;
        usage.note_output(&self.meter, &self.environment, Some(&self.name));
        Finished { ended, usage, left }
    }

    async fn run(
        &self,
        start: Start,
        request: Request,
        left: &mut Option<LeftByCall>,
        usage: &mut Usage,
    ) -> Result<Ended, CallError> {
        let Self { program, meter, .. } = self;
        let _call = program.host().0.pool.begin(meter)?;
        meter
            .check_depth()
            .map_err(|interrupt| self.stopped(interrupt))?;
        meter.set_park_policy(self.park_policy());
        match (start, program.isolation()) {
            (Start::Program, Isolation::PerCall) => {
                let is_copy = program.is_copy();
                self.per_call(request, None, is_copy, None, usage).await
            }
            (Start::Program, Isolation::Shared) => {
                let (shared, renewal) = program.shared();
                self.shared(request, shared, renewal, usage).await
            }
            (Start::Session(session), _) if program.image().is_ok() => {
                Box::pin(self.in_session(request, &session, left, usage)).await
            }
            (Start::Session(session), _) => {
                let shared = self.shared(request, session.live(), Renewal::NEVER, usage);
                Box::pin(shared).await
            }
            (Start::Parked(state), _) => {
                let run = self.per_call(request, state, true, None, usage);
                Box::pin(run).await
            }
        }
    }

    /// In the state that earlier calls of the session left. What the guest leaves is put into
    /// `left`, if it came back by itself.
    async fn in_session(
        &self,
        request: Request,
        session: &Arc<SessionState>,
        left: &mut Option<LeftByCall>,
        usage: &mut Usage,
    ) -> Result<Ended, CallError> {
        let turn = self.meter.drive(session.turn()).await;
        let turn = turn.map_err(|interrupt| self.stopped(interrupt))?;
        let (state, is_copy) = turn.state();
        let is_copy = is_copy || state.is_none() && self.program.is_copy();
        let mut image = None;
        let ended = self.per_call(request, state, is_copy, Some(&mut image), usage);
        let ended = ended.await;
        *left = image.map(|state| LeftByCall { turn, state });
        ended
    }

    /// On instances that have no state of others. `is_copy` says that others may have the same
    /// state. What the guest leaves is put into `left`, if it came back by itself.
    ///
    /// What is rare or slow has a box of its own: the future of each call is moved, and should be
    /// small.
    async fn per_call(
        &self,
        mut request: Request,
        state: Option<Arc<Image>>,
        mut is_copy: bool,
        mut left: Option<&mut Option<Arc<Image>>>,
        usage: &mut Usage,
    ) -> Result<Ended, CallError> {
        let Self {
            program,
            meter,
            environment,
            name,
            ..
        } = self;
        let mut resting = Resting::State(state);
        let mut lane = Lane::New;
        let mut kept = KeptPermits::default();
        // One whose calls share an instance has a single permit, for that.
        let has_permits = program.isolation() == Isolation::PerCall;
        let mut permit = match has_permits {
            true => program.permit(Lane::New, meter).await?,
            false => None,
        };
        loop {
            let mut lease = match resting {
                Resting::Instance(lease) => lease,
                Resting::State(state) => {
                    let kept = kept.instance.take();
                    let ready = Box::pin(self.ready(state.as_deref(), lane, kept, usage)).await?;
                    if let Some(nesting) = meter.nesting() {
                        nesting.open();
                    }
                    ready
                }
            };
            let pooled = lease.pooled()?;
            if std::mem::take(&mut is_copy) {
                let reseeded = Box::pin(self.reseed(&mut pooled.instance)).await;
                if reseeded.is_err() {
                    usage.discarded = pooled.outlook();
                }
                reseeded?;
            }
            let instance = &mut pooled.instance;
            let handled = instance
                .handle_with(meter, environment.clone(), request)
                .await;
            usage.note(instance);
            let asked = match handled {
                Ok(Handled::Parked(asked)) => asked,
                Ok(Handled::Output(output)) => {
                    usage.discarded = pooled.outlook();
                    if let Some(left) = left.as_deref_mut() {
                        *left = Some(self.take_state(&mut lease).await?);
                    }
                    return Ok(Ended::Output(output));
                }
                Err(error) => {
                    usage.discarded = pooled.outlook();
                    // A panic is reported, too, and ends the instance.
                    let came_back = error.is_reported_by_guest() && pooled.instance.is_alive();
                    if let Some(left) = left.as_deref_mut()
                        && came_back
                    {
                        *left = Some(self.take_state(&mut lease).await?);
                    }
                    return Err(error);
                }
            };
            let discarded = pooled.outlook();
            let taken = Box::pin(self.take_state(&mut lease)).await;
            let answers = match taken {
                Ok(state) if self.waits == Waits::Durable => {
                    usage.discarded = discarded;
                    return Ok(Ended::Waits(Waiting { state, asked }));
                }
                Ok(state) => {
                    let bytes = state.size().1;
                    if meter
                        .nesting()
                        .is_some_and(|nesting| !nesting.close_if_unused())
                    {
                        kept.program = permit.take();
                        kept.instance = lease.keep_permit();
                    }
                    drop(lease);
                    drop(permit.take());
                    let parked = program.park(bytes);
                    let _parked = parked.map_err(|exceeded| {
                        CallError::limit(exceeded, Phase::Handle, Some(name))
                    })?;
                    meter.count_park();
                    let is_whole = left.is_none() && meter.depth() == 0;
                    let answers = match is_whole {
                        true => Box::pin(self.answers_here(asked, &state, &mut kept)).await?,
                        false => Box::pin(self.answers(asked, Some(&mut kept))).await?,
                    };
                    resting = Resting::State(Some(state));
                    lane = Lane::Resumed;
                    permit = kept.program.take();
                    if has_permits && permit.is_none() {
                        permit = program.permit(Lane::Resumed, meter).await?;
                    }
                    answers
                }
                Err(error) if self.waits != Waits::Durable && stays_in_instance(&error) => {
                    // Taken again as the guest goes on.
                    meter.give_up_turn();
                    let answers = Box::pin(self.answers(asked, None)).await?;
                    resting = Resting::Instance(lease);
                    answers
                }
                Err(error) => {
                    usage.discarded = lease.pooled()?.outlook();
                    return Err(error);
                }
            };
            request = self.request(RESUME.into(), answers.into());
        }
    }

    /// On the one instance that `shared` has.
    async fn shared(
        &self,
        mut request: Request,
        shared: &SharedInstance,
        renewal: Renewal,
        usage: &mut Usage,
    ) -> Result<Ended, CallError> {
        let Self {
            program,
            meter,
            environment,
            ..
        } = self;
        if self.waits == Waits::Durable {
            let why = "calls of the program share one instance, or it can't be reset";
            return Err(self.not_stored(&why));
        }
        let _permit = program.permit(Lane::New, meter).await?;
        let mut shared = match shared.try_lock() {
            Some(free) => free,
            None => {
                let locked = Box::pin(meter.drive(shared.lock())).await;
                locked.map_err(|interrupt| self.stopped(interrupt))?
            }
        };
        let is_new = !shared.renew(renewal);
        if is_new {
            // What this call has fixed must not be fixed for later ones.
            let ready = program.ready(meter, Determinism::default(), usage);
            shared.put(Box::pin(ready).await?.keep()?);
            usage.cold = true;
            usage.cleaned_by = None;
        }
        let instance = shared.instance().ok_or(CallError::InstanceEnded)?;
        if is_new && program.is_copy() {
            Box::pin(self.reseed(instance)).await?;
        }
        loop {
            let handled = instance
                .handle_with(meter, environment.clone(), request)
                .await;
            usage.note(instance);
            usage.discarded = (!instance.is_alive()).then_some(DiscardReason::Ended);
            match handled? {
                Handled::Output(output) => return Ok(Ended::Output(output)),
                Handled::Parked(asked) => {
                    usage.discarded = Some(DiscardReason::Ended);
                    instance.set_suspended(true);
                    let answers = Box::pin(self.answers(asked, None)).await?;
                    instance.set_suspended(false);
                    request = self.request(RESUME.into(), answers.into());
                }
            }
        }
    }

    /// An instance in the program's state, and with `state` over it. A run that resumes may have
    /// `kept` its permit.
    async fn ready(
        &self,
        state: Option<&Image>,
        lane: Lane,
        kept: Option<InstancePermit>,
        usage: &mut Usage,
    ) -> Result<Box<Lease>, CallError> {
        let Self {
            program,
            meter,
            environment,
            ..
        } = self;
        let Some(state) = state else {
            return program
                .ready(meter, environment.determinism(), usage)
                .await
                .map(Box::new);
        };
        meter.set_between_instances(true);
        let mut lease = program.with_state(lane, kept, meter, usage).await?;
        meter.set_between_instances(false);
        let overlaid = meter.drive(lease.pooled()?.overlay(state, meter)).await;
        overlaid.map_err(|interrupt| self.stopped(interrupt))??;
        Ok(Box::new(lease))
    }

    /// The state of an instance whose guest came back. If that is possible, the instance is taken
    /// back to the program's state on the way.
    async fn take_state(&self, lease: &mut Lease) -> Result<Arc<Image>, CallError> {
        let bounds = self.program.image_bounds(self.meter.limits().state);
        let verify = self.program.host().0.config.verify;
        let began = Instant::now();
        let taken = lease.pooled()?.take_state(bounds, verify);
        match self.meter.drive(taken).await {
            Ok(Ok(Ok((state, is_clean)))) => {
                lease.was_reset(is_clean, began);
                Ok(state)
            }
            Ok(Ok(Err(reason))) => Err(self.not_stored(&reason)),
            Ok(Err(error)) => Err(error),
            Err(interrupt) => Err(self.stopped(interrupt)),
        }
    }

    /// Has the guest draw other random numbers than those with the same memory.
    async fn reseed(&self, instance: &mut Instance) -> Result<(), CallError> {
        let request = self.request(RESEED.into(), "null".into());
        let handled = instance.handle_with(&self.meter, self.environment.clone(), request);
        match handled.await {
            Ok(_) | Err(CallError::NoHandler { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The answers for a guest that waits, as soon as there is one. If it has no instance, `kept`
    /// is what it keeps of its permits.
    async fn answers(
        &self,
        asked: Asked,
        kept: Option<&mut KeptPermits>,
    ) -> Result<String, CallError> {
        let Self { program, meter, .. } = self;
        let answers = async {
            let answers = answers_of_parked(meter, asked);
            match kept {
                None => answers.await,
                Some(kept) => tokio::select! {
                    biased;
                    answers = answers => answers,
                    never = kept.tend(program, meter) => match never {},
                },
            }
        };
        let answers = meter.drive_parked(answers).await;
        let answers = answers.map_err(|interrupt| self.stopped(interrupt))?;
        let exceeded = |exceeded| self.stopped(Interrupt::Limit(exceeded));
        answers.map_err(exceeded)
    }

    /// The same, unless the host shuts down and the call, whose state this is, goes on elsewhere.
    async fn answers_here(
        &self,
        asked: Asked,
        state: &Arc<Image>,
        kept: &mut KeptPermits,
    ) -> Result<String, CallError> {
        let Self { program, meter, .. } = self;
        let hand_over = &program.host().0.pool.hand_over;
        let mut answers = pin!(self.answers(asked, Some(kept)));
        tokio::select! {
            biased;
            answers = &mut answers => return answers,
            () = hand_over.begun() => {}
        }
        let awaited = meter.outstanding(|outstanding| outstanding.to_awaited());
        let parked = awaited.map(|awaited| {
            let waiting = Waiting {
                state: state.clone(),
                asked,
            };
            ParkedCall::new(
                program,
                &self.name,
                waiting,
                awaited,
                meter,
                &self.environment,
            )
        });
        match parked.map(|parked| parked.to_bytes()) {
            Some(Ok(bytes)) => {
                hand_over.leave(bytes);
                Err(CallError::HandedOver {
                    op: self.name.as_ref().to_owned(),
                })
            }
            _ => answers.await,
        }
    }

    fn request(&self, op: Arc<str>, input: Payload) -> Request {
        Request {
            name: self.name.clone(),
            op,
            input,
        }
    }

    fn park_policy(&self) -> Option<ParkPolicy> {
        let host = self.program.host();
        match self.waits {
            Waits::InPlace => None,
            Waits::Parked => {
                let pressure = host.0.pool.pressure.clone();
                Some(ParkPolicy::After(host.0.config.park_after, pressure))
            }
            Waits::Durable => Some(ParkPolicy::Durable),
        }
    }

    fn not_stored(&self, why: &dyn std::fmt::Display) -> CallError {
        CallError::NotStored {
            op: self.name.as_ref().to_owned(),
            reason: why.to_string(),
        }
    }

    fn stopped(&self, interrupt: Interrupt) -> CallError {
        CallError::interrupted(interrupt, Phase::Handle, Some(&self.name))
    }
}

/// Whether the state of a run that waits can't be stored, or would take too much.
fn stays_in_instance(error: &CallError) -> bool {
    match error {
        CallError::NotStored { .. } => true,
        CallError::Limit { exceeded, .. } => exceeded.limit == Limit::State,
        _ => false,
    }
}
