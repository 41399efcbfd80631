//! The instances of a host: how many calls run at once, who waits, and what becomes of an instance after a call.
//!
//! A call takes a blank instance of its component, or one that has its program's state already, and has it to itself. When it
//! is over, a task of the runtime takes the instance back to that state or replaces it, off the caller's path. The
//! caller's place in the pool is given up after that, so that there are never more instances at work than places.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::blocking::background;
use crate::component::Component;
use crate::counts::{Counted, Counts, InFlight};
use crate::error::{Error, Phase};
use crate::image::Image;
use crate::instance::Instance;
use crate::limits::{Limit, LimitExceeded};
use crate::reset::Worker;
use crate::run::{Run, Stop, timeout};

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How many instances a host has, and how calls wait for them.
///
/// - `instances`: four for each processor
/// - `queue`: 1,024
/// - `idle_time`: 60 s
/// - `clean_state`: [`CleanState::Auto`]
/// - `verify`: no
///
/// ```
/// use wit_wire_host::PoolConfig;
///
/// // Functions that wait for hostcalls most of the time, and a caller that wants to be told early when all is full.
/// let pool = PoolConfig { instances: 64, queue: 128, ..PoolConfig::default() };
/// # assert!(!pool.verify);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolConfig {
    /// How many instances may be at work at once, for calls on clean state; at least one. A call that finds none free waits in
    /// line. As many are kept when idle.
    ///
    /// Hostcalls that call functions take further ones ([`Limits::nesting`](crate::Limits::nesting)), and a program with
    /// shared state has its own.
    pub instances: usize,
    /// How many calls may wait for an instance at once. One more is refused. Those that hostcalls make are not counted.
    pub queue: usize,
    /// After how much time an instance that nobody needs is given back.
    pub idle_time: Duration,
    /// How calls come to their clean state: for tests and benches, which compare the ways.
    pub clean_state: CleanState,
    /// Whether the whole memory of an instance is compared with what it should be, after each reset: for tests, since it
    /// takes milliseconds. An instance that differs is not used again, and counted as [`Discarded::unclean`](crate::Discarded::unclean).
    pub verify: bool,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            instances: 4 * processors(),
            queue: 1024,
            idle_time: Duration::from_secs(60),
            clean_state: CleanState::default(),
            verify: false,
        }
    }
}

/// How a call under [`Isolation::PerCall`](crate::Isolation::PerCall) comes to its clean state. What it sees is the same
/// either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CleanState {
    /// By a reset where component and system allow it, else by fresh instances.
    #[default]
    Auto,
    /// By a reset: the memory of an instance is taken back to the state that `init` left. A component or system that does
    /// not allow it is an error, [`Error::NoReset`].
    Reset,
    /// By an instance built for each call.
    FreshInstance,
}

/// What the components of a host share of the pool.
pub(crate) struct Pool {
    config: PoolConfig,
    /// How many threads can work at once.
    processors: usize,
    places: Arc<Semaphore>,
    pub(crate) counts: Arc<Counts>,
    closed: AtomicBool,
    /// The idle instances of each component.
    stocks: Mutex<Vec<Weak<Stock>>>,
}

/// The idle instances of one component, the longest idle first.
pub(crate) struct Stock {
    shelf: Mutex<Shelf>,
    /// Each instance holds a clone, idle or not, and so they are counted.
    pub(crate) workers: Arc<()>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Shelf {
    idle: VecDeque<Idle>,
    /// How many are on their way back: being reset or replaced.
    returning: usize,
    /// Whether one more is being built, because calls had to wait.
    is_growing: bool,
    /// Calls that wait for one of those. They are no more than those.
    claims: VecDeque<oneshot::Sender<Box<Worker>>>,
    /// Whether a task looks after them.
    is_swept: bool,
}

struct Idle {
    worker: Box<Worker>,
    since: Instant,
    _counted: Counted,
}

enum Taken {
    Idle(Box<Worker>),
    /// It will come here, unless this closes.
    Claim(oneshot::Receiver<Box<Worker>>),
    None,
}

impl Shelf {
    /// The idle instance that is the least work to give the state `image`: one that has it, else a blank one, else the
    /// one that has been idle for longest.
    fn pick(&mut self, image: Option<&Arc<Image>>) -> Option<Box<Worker>> {
        let has = |idle: &Idle| idle.worker.has(image);
        let at = self.idle.iter().rposition(has);
        let at = at.or_else(|| {
            let fits = |idle: &Idle| idle.worker.fits(image);
            let blank = |idle: &Idle| idle.worker.has(None) && fits(idle);
            let blank = self.idle.iter().rposition(blank);
            blank.or_else(|| self.idle.iter().position(fits))
        })?;
        self.idle.remove(at).map(|idle| idle.worker)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    pub(crate) fn new(mut config: PoolConfig) -> Self {
        config.instances = config.instances.clamp(1, Semaphore::MAX_PERMITS);
        // A time too far away for the clock is as good as never.
        config.idle_time = config.idle_time.min(YEAR);
        Self {
            config,
            processors: processors(),
            places: Arc::new(Semaphore::new(config.instances)),
            counts: Arc::new(Counts::new()),
            closed: AtomicBool::new(false),
            stocks: Mutex::default(),
        }
    }

    pub(crate) fn clean_state(&self) -> CleanState {
        self.config.clean_state
    }

    /// Counts an instance while it lives.
    pub(crate) fn alive(&self) -> Counted {
        Counted::new(&self.counts, |counts| &counts.live)
    }

    /// Counts a call, unless the host has been shut down. Those that hostcalls make belong to one that is under way.
    pub(crate) fn begin(&self, run: &Run) -> Result<InFlight<'_>, Error> {
        let call = InFlight::new(&self.counts);
        if run.depth() == 0 && self.closed.load(SeqCst) {
            return Err(Error::ShutDown);
        }
        Ok(call)
    }

    /// A place for the idle instances of a new component.
    pub(crate) fn stock(&self) -> Arc<Stock> {
        let stock = Arc::new(Stock {
            shelf: Mutex::default(),
            workers: Arc::default(),
            counts: self.counts.clone(),
        });
        let mut stocks = lock(&self.stocks);
        stocks.retain(|stock| stock.strong_count() > 0);
        stocks.push(Arc::downgrade(&stock));
        stock
    }

    /// A place in the pool for the run, after those who came before it.
    ///
    /// One that a hostcall makes may go in with the pass of the run that made the hostcall: that one has a place, and waits. So a full
    /// pool does not wait for itself, and there are no more instances than places for each level of nesting.
    async fn place(&self, run: &Run) -> Result<Option<OwnedSemaphorePermit>, Error> {
        if let Some(pass) = run.parent_pass() {
            let (pass, places) = (pass.clone(), self.places.clone());
            let either = async move {
                tokio::select! {
                    biased;
                    Ok(pass) = pass.acquire_owned() => Some(pass),
                    // Closed while the host shuts down: the pass remains.
                    Ok(place) = places.acquire_owned() => Some(place),
                    else => None,
                }
            };
            let permit = run.drive(either).await;
            return permit.map_err(|stop| stop.into_error(Phase::Instantiate, None));
        }
        let allowed = self.config.instances as u64;
        self.enter(&self.places, Limit::Instances, allowed, run)
            .await
    }

    /// A permit of `semaphore` for the run, after those who came before it.
    pub(crate) async fn enter(
        &self,
        semaphore: &Arc<Semaphore>,
        limit: Limit,
        allowed: u64,
        run: &Run,
    ) -> Result<Option<OwnedSemaphorePermit>, Error> {
        if let Ok(permit) = semaphore.clone().try_acquire_owned() {
            return Ok(Some(permit));
        }
        let refused = |exceeded| Stop::Limit(exceeded).into_error(Phase::Instantiate, None);
        let _waiting = self.counts.queue_up(self.config.queue).map_err(refused)?;
        let patience = run.limits().wait.saturating_sub(run.elapsed());
        let permit = semaphore.clone().acquire_owned();
        let permit = async { timeout(patience, permit).await };
        let began = Instant::now();
        let permit = run.drive(permit).await;
        self.counts.wait_seconds.record(began.elapsed());
        match permit {
            // The semaphore closes when the host shuts down.
            Ok(Ok(Some(permit))) => permit.map(Some).map_err(|_| Error::ShutDown),
            Ok(Ok(None)) => Err(refused(LimitExceeded::time(Limit::Wait, run.limits().wait))),
            Ok(Err(stop)) => Err(stop.into_error(Phase::Instantiate, None)),
            Err(Stop::NoRuntime) => Err(Error::NoRuntime),
            Err(Stop::Limit(_)) => Err(refused(LimitExceeded {
                limit,
                allowed,
                requested: None,
            })),
        }
    }

    /// Refuses new calls, waits for those under way and gives back all idle instances.
    pub(crate) async fn shut_down(&self) {
        self.closed.store(true, SeqCst);
        self.places.close();
        loop {
            let over = self.counts.over.notified();
            let mut over = std::pin::pin!(over);
            over.as_mut().enable();
            if self.counts.in_flight.get() == 0 {
                break;
            }
            over.await;
        }
        for stock in lock(&self.stocks).iter().filter_map(Weak::upgrade) {
            stock.take_all();
        }
    }
}

impl Stock {
    /// An instance for a call, or where to wait for one: to reset an instance takes less time than to build one.
    fn take(&self, image: Option<&Arc<Image>>) -> Taken {
        let mut shelf = lock(&self.shelf);
        if let Some(worker) = shelf.pick(image) {
            return Taken::Idle(worker);
        }
        if shelf.claims.len() < shelf.returning {
            let (claim, claimed) = oneshot::channel();
            shelf.claims.push_back(claim);
            return Taken::Claim(claimed);
        }
        Taken::None
    }

    fn returning(&self) -> usize {
        lock(&self.shelf).returning
    }

    fn begin_return(&self) {
        lock(&self.shelf).returning += 1;
    }

    /// Hands over an instance that has come back, if it has, to whoever waits for it. Whether a task is now to be begun
    /// that sweeps.
    fn end_return(
        &self,
        mut worker: Option<Box<Worker>>,
        is_growth: bool,
        closed: &AtomicBool,
    ) -> bool {
        // Dropped after the lock.
        let _refused;
        let mut shelf = lock(&self.shelf);
        // Under the lock, so that whoever empties the shelf after closing leaves nothing on it.
        (worker, _refused) = match closed.load(SeqCst) {
            false => (worker, None),
            true => (None, worker),
        };
        shelf.returning -= 1;
        shelf.is_growing &= !is_growth;
        while let Some(back) = worker.take() {
            let Some(claim) = shelf.claims.pop_front() else {
                return self.put(&mut shelf, back);
            };
            // Handed back if that call has ended meanwhile.
            worker = claim.send(back).err();
            if worker.is_none() {
                return false;
            }
        }
        // Whoever waits in vain builds one.
        let excess = shelf.claims.len().saturating_sub(shelf.returning);
        let in_vain: Vec<_> = shelf.claims.drain(..excess).collect();
        drop((shelf, in_vain));
        false
    }

    fn put(&self, shelf: &mut Shelf, worker: Box<Worker>) -> bool {
        let idle = Idle {
            worker,
            since: Instant::now(),
            _counted: Counted::new(&self.counts, |counts| &counts.idle),
        };
        shelf.idle.push_back(idle);
        !std::mem::replace(&mut shelf.is_swept, true)
    }

    fn oldest(&self) -> Option<Instant> {
        lock(&self.shelf).idle.front().map(|idle| idle.since)
    }

    fn len(&self) -> usize {
        lock(&self.shelf).idle.len()
    }

    /// Gives back those that have been idle since `time`. When there are none left, none is swept any more.
    fn sweep(&self, time: Instant) {
        let mut over = Vec::new();
        let mut shelf = lock(&self.shelf);
        while shelf.idle.front().is_some_and(|idle| idle.since <= time) {
            over.extend(shelf.idle.pop_front());
        }
        drop(shelf);
        self.counts.discard_idle(over.len() as u64);
    }

    fn take_all(&self) {
        // Not dropped under the lock.
        let idle = std::mem::take(&mut lock(&self.shelf).idle);
        drop(idle);
    }
}

/// An instance for one call, with a place in the pool.
pub(crate) struct Lease {
    component: Component,
    worker: Option<Box<Worker>>,
    place: Option<OwnedSemaphorePermit>,
    /// Whether it was built for this call.
    pub(crate) is_new: bool,
    /// Whether it has the state already to which it would be taken back.
    pub(crate) is_clean: bool,
}

impl Lease {
    /// An instance of `component` with the state of `image`, or a blank one. Blank too if a new instance turns out unlike others of
    /// its component, so that it can't be given a state; the caller then runs `init`.
    pub(crate) async fn take(
        component: &Component,
        image: Option<&Arc<Image>>,
        run: &Run,
    ) -> Result<Self, Error> {
        let place = component.host.0.pool.place(run).await?;
        let mut lease = Self {
            component: component.clone(),
            worker: None,
            place,
            is_new: false,
            is_clean: false,
        };
        let stock = &component.stock;
        // Instances on their way back may wait for the very thread that this call would go on holding. Let them through, and
        // take one whose memory is still in the processor's caches: a caller in a loop would else go through all there are.
        if stock.returning() > component.host.0.pool.processors {
            tokio::task::yield_now().await;
        }
        loop {
            match stock.take(image) {
                Taken::Idle(worker) => lease.worker = Some(worker),
                Taken::Claim(claimed) => {
                    component.add_one();
                    let mut claim = Claim { component, claimed };
                    match run.drive(&mut claim.claimed).await {
                        Ok(Ok(worker)) if worker.fits(image) => lease.worker = Some(worker),
                        Ok(Ok(worker)) => {
                            Return::new(component, None, false).worker = Some(worker);
                            lease.build(run).await?;
                        }
                        Ok(Err(_)) => continue,
                        Err(stop) => return Err(stop.into_error(Phase::Instantiate, None)),
                    }
                }
                Taken::None => lease.build(run).await?,
            }
            break;
        }
        let worker = lease.worker()?;
        let (allowed, memory) = (run.limits().memory, worker.instance.memory());
        let memory = memory.max(image.map_or(0, |image| image.length()));
        let exceeded = LimitExceeded::check(Limit::Memory, allowed, memory);
        exceeded.map_err(|exceeded| Stop::Limit(exceeded).into_error(Phase::Instantiate, None))?;
        if !worker.has(image) && worker.fits(image) {
            let began = Instant::now();
            worker.load(image, run).await?;
            component.host.0.pool.counts.applies.add(began);
        }
        Ok(lease)
    }

    async fn build(&mut self, run: &Run) -> Result<(), Error> {
        let worker = Box::pin(Worker::new(&self.component, &run.unfixed())).await?;
        self.worker = Some(Box::new(worker));
        self.is_new = true;
        Ok(())
    }

    pub(crate) fn worker(&mut self) -> Result<&mut Worker, Error> {
        self.worker.as_deref_mut().ok_or(Error::InstanceEnded)
    }

    /// The instance, which the pool does not get back.
    pub(crate) fn keep(mut self) -> Result<Instance, Error> {
        let worker = self.worker.take().ok_or(Error::InstanceEnded)?;
        Ok(worker.instance.never_reset())
    }
}

impl Drop for Lease {
    /// Also when the call was cancelled.
    fn drop(&mut self) {
        let Some(worker) = self.worker.take() else {
            return;
        };
        // Without a runtime the instance is given up, and built anew when it is needed.
        if let Some(runtime) = background() {
            let mut back = Return::new(&self.component, self.place.take(), false);
            if self.is_clean {
                back.worker = Some(worker);
                return;
            }
            runtime.spawn(back.recycle(worker));
        }
    }
}

/// A call that waits for an instance on its way back.
struct Claim<'a> {
    component: &'a Component,
    claimed: oneshot::Receiver<Box<Worker>>,
}

impl Drop for Claim<'_> {
    /// An instance that came while the call was cancelled goes to the next one.
    fn drop(&mut self) {
        self.claimed.close();
        if let Ok(worker) = self.claimed.try_recv() {
            Return::new(self.component, None, false).worker = Some(worker);
        }
    }
}

/// The way of an instance to the idle ones. However it ends, whoever waits there is told.
struct Return {
    component: Component,
    /// What arrives, if anything.
    worker: Option<Box<Worker>>,
    /// Whether it is one more, and not one that was there.
    is_growth: bool,
    /// Given up when all that is done.
    _place: Option<OwnedSemaphorePermit>,
}

impl Return {
    fn new(component: &Component, place: Option<OwnedSemaphorePermit>, is_growth: bool) -> Self {
        component.stock.begin_return();
        Self {
            component: component.clone(),
            worker: None,
            is_growth,
            _place: place,
        }
    }

    /// Builds one more.
    async fn grow(mut self) {
        let run = Run::new(*self.component.host.limits());
        // What is wrong with it the next caller will be told.
        self.worker = Worker::new(&self.component, &run).await.ok().map(Box::new);
    }

    /// Makes an instance ready for the next call, or builds one in its place if none else is idle.
    async fn recycle(mut self, mut worker: Box<Worker>) {
        let pool = &self.component.host.0.pool;
        let began = Instant::now();
        match worker.reset(pool.config.verify).await {
            Ok(()) => {
                pool.counts.resets.add(began);
                self.worker = Some(worker);
            }
            Err(reason) => {
                pool.counts.discard(reason);
                drop(worker);
                if self.component.needs_more() {
                    pool.counts.rebuild();
                    self.grow().await;
                }
            }
        }
    }
}

impl Drop for Return {
    fn drop(&mut self) {
        self.component.back(self.worker.take(), self.is_growth);
    }
}

impl Component {
    /// Builds instances until `count` of them are idle, so that the first calls need not. The host keeps no more of them
    /// than it has places, and gives them back when they have been idle for long.
    pub async fn warm(&self, count: usize) -> Result<(), Error> {
        let pool = &self.host.0.pool;
        let run = Run::new(*self.host.limits());
        let _call = pool.begin(&run)?;
        for _ in self.stock.len()..count.min(pool.config.instances) {
            let mut new = Return::new(self, None, false);
            let run = Run::new(*self.host.limits());
            new.worker = Some(Box::new(Worker::new(self, &run).await?));
        }
        Ok(())
    }

    /// Has one more instance built while a call waits, up to as many as there are places.
    fn add_one(&self) {
        let Some(runtime) = background() else {
            return;
        };
        let workers = Arc::strong_count(&self.stock.workers) - 1;
        let is_full = workers >= self.host.0.pool.config.instances;
        if is_full || std::mem::replace(&mut lock(&self.stock.shelf).is_growing, true) {
            return;
        }
        runtime.spawn(Return::new(self, None, true).grow());
    }

    /// Whether nothing is left for the next call.
    fn needs_more(&self) -> bool {
        let shelf = lock(&self.stock.shelf);
        let is_short = shelf.idle.is_empty() || !shelf.claims.is_empty();
        is_short && !self.host.0.pool.closed.load(SeqCst)
    }

    /// An instance arrives, or does not.
    fn back(&self, worker: Option<Box<Worker>>, is_growth: bool) {
        let pool = &self.host.0.pool;
        if self.stock.end_return(worker, is_growth, &pool.closed) {
            let sweep = sweep(Sweeper(Arc::downgrade(&self.stock)), pool.config.idle_time);
            if let Some(runtime) = background() {
                runtime.spawn(sweep);
            }
        }
        // All components together keep as many as there are places.
        if pool.counts.idle.get() > pool.config.instances {
            let stocks: Vec<_> = lock(&pool.stocks)
                .iter()
                .filter_map(Weak::upgrade)
                .collect();
            let oldest = stocks
                .iter()
                .filter_map(|stock| Some((stock.oldest()?, stock)));
            if let Some((since, stock)) = oldest.min_by_key(|(since, _)| *since) {
                stock.sweep(since);
            }
        }
    }
}

/// Marks a stock as swept by nobody when its task ends, also with its runtime.
struct Sweeper(Weak<Stock>);

impl Drop for Sweeper {
    fn drop(&mut self) {
        if let Some(stock) = self.0.upgrade() {
            lock(&stock.shelf).is_swept = false;
        }
    }
}

/// Gives back the instances of a stock that have been idle for `idle_time`, as long as there are any.
async fn sweep(mut sweeper: Sweeper, idle_time: Duration) {
    let mut due = Instant::now() + idle_time;
    loop {
        tokio::time::sleep_until(due.into()).await;
        let Some(stock) = sweeper.0.upgrade() else {
            return;
        };
        if let Some(time) = Instant::now().checked_sub(idle_time) {
            stock.sweep(time);
        }
        // Looked at and marked at once, so that whoever puts the next one begins the next task.
        let mut shelf = lock(&stock.shelf);
        match shelf.idle.front() {
            Some(idle) => due = idle.since + idle_time,
            None => {
                shelf.is_swept = false;
                sweeper.0 = Weak::new();
                return;
            }
        }
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
