//! Ten thousand calls at once on two instances.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};

use common::component;
use serde_json::Value;
use test_support::until;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use wit_wire_host::{
    CallError, Component, Function, Host, HostcallContext, HostcallError, Limit, Limits, Op,
    PoolConfig, ResetPolicy,
};

const CALLS: usize = 10_000;

/// Limits that no machine is too slow for.
fn patient() -> Limits {
    Limits::default()
        .wait(std::time::Duration::MAX)
        .wall_time(std::time::Duration::MAX)
}

struct Crowd {
    component: Component,
    /// Lets `h:hold` come back.
    gate: Arc<Semaphore>,
    /// Hostcalls in flight.
    alive: Arc<AtomicUsize>,
    /// What `h:note` was given, in that order.
    noted: Arc<Mutex<Vec<usize>>>,
}

impl Crowd {
    fn new(instances: usize, queue: usize) -> Self {
        let pool = PoolConfig::default()
            .instances(instances)
            .queue(queue)
            .reset(ResetPolicy::Require);
        let gate = Arc::new(Semaphore::new(0));
        let alive = Arc::new(AtomicUsize::new(0));
        let noted = Arc::<Mutex<Vec<usize>>>::default();
        let (held, counted) = (gate.clone(), alive.clone());
        let hold = move |_: HostcallContext, input: Value| {
            let (gate, alive) = (held.clone(), counted.clone());
            async move {
                alive.fetch_add(1, SeqCst);
                let alive = Counted(alive);
                drop(gate.acquire().await);
                drop(alive);
                Ok::<_, HostcallError>(input)
            }
        };
        let own = noted.clone();
        let note = move |_: HostcallContext, number: usize| {
            own.lock().unwrap().push(number);
            async move { Ok::<_, HostcallError>(number) }
        };
        let host = Host::builder().pool(pool).limits(patient());
        let host = host.hostcall("h:hold", hold).hostcall("h:note", note);
        Self {
            component: component(host),
            gate,
            alive,
            noted,
        }
    }

    async fn function(&self, op: &str) -> Function {
        let program = self.component.program([Op::new(op)]).build().await.unwrap();
        program.function(op).unwrap()
    }

    /// Waits until `count` hostcalls are held.
    async fn held(&self, count: usize) {
        until("hostcalls are held", || self.alive.load(SeqCst) == count).await;
    }

    /// All that was lent came back.
    async fn at_rest(&self, instances: usize) {
        let stats = || self.component.host().stats();
        until("all instances are back", || {
            let stats = stats();
            stats.waiting == 0 && stats.in_flight == 0 && stats.live == stats.idle + 1
        })
        .await;
        let stats = stats();
        assert!((1..=instances).contains(&stats.idle), "{stats:?}");
        assert_eq!(self.alive.load(SeqCst), 0);
    }
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_ten_thousand_gets_its_own_answer() {
    let crowd = Crowd::new(2, CALLS);
    let echo = crowd.function("echo").await;
    let mut calls = JoinSet::new();
    for number in 0..CALLS {
        let echo = echo.clone();
        calls.spawn(async move {
            let answer: usize = echo.call(&number).await.unwrap();
            assert_eq!(answer, number);
        });
    }
    let answered = calls.join_all().await.len();
    assert_eq!(answered, CALLS);
    crowd.at_rest(2).await;
    let stats = crowd.component.host().stats();
    assert_eq!(stats.discarded, Default::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_thousand_exactly_those_beyond_the_queue_are_refused() {
    const QUEUE: usize = 1_000;
    let crowd = Crowd::new(2, QUEUE);
    let hold = crowd.function("h:hold").await;
    let mut calls = JoinSet::new();
    for number in 0..CALLS {
        let hold = hold.clone();
        calls.spawn(async move { (number, hold.call::<_, usize>(&number).await) });
    }
    let mut refused = 0;
    // None of those in line ends before all others have been refused.
    while refused < CALLS - QUEUE - 2 {
        match calls.join_next().await.unwrap().unwrap() {
            (_, Err(CallError::Limit { exceeded, .. })) => {
                assert_eq!(exceeded.limit, Limit::Queue);
                assert_eq!(exceeded.allowed, QUEUE as u64);
                assert_eq!(exceeded.requested, Some(QUEUE as u64 + 1));
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    let stats = crowd.component.host().stats();
    assert_eq!((stats.waiting, stats.in_flight), (QUEUE, QUEUE + 2));
    crowd.gate.add_permits(2);
    while let Some(call) = calls.join_next().await {
        let (number, answer) = call.unwrap();
        assert_eq!(answer.unwrap(), number);
    }
    crowd.at_rest(2).await;
}

/// Those who come in the same moment: as many are let in as there is room for, on whatever threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_is_filled_to_its_end_by_those_who_come_together() {
    let crowd = Crowd::new(1, 3);
    let hold = crowd.function("h:hold").await;
    for _ in 0..200 {
        let held = hold.clone();
        let held = tokio::spawn(async move { held.call_raw("1").await });
        crowd.held(1).await;
        let (together, refused) = (Arc::new(Barrier::new(8)), Arc::new(AtomicUsize::new(0)));
        let runtime = tokio::runtime::Handle::current();
        let callers: Vec<_> = (0..8)
            .map(|_| {
                let (hold, together, runtime) = (hold.clone(), together.clone(), runtime.clone());
                let refused = refused.clone();
                std::thread::spawn(move || {
                    together.wait();
                    let served = runtime.block_on(async { hold.call_raw("1").await.is_ok() });
                    refused.fetch_add(usize::from(!served), SeqCst);
                    served
                })
            })
            .collect();
        until("five are refused", || refused.load(SeqCst) == 5).await;
        crowd.gate.add_permits(1);
        held.await.unwrap().unwrap();
        let served = callers.into_iter().map(|caller| caller.join().unwrap());
        assert_eq!(served.filter(|served| *served).count(), 3);
        crowd.gate.acquire().await.unwrap().forget();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_thousand_a_third_is_cancelled_and_the_others_are_served() {
    let crowd = Crowd::new(2, CALLS);
    let [hold, echo] = [crowd.function("h:hold").await, crowd.function("echo").await];
    // xorshift, from a fixed seed.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut calls = Vec::new();
    for number in 0..CALLS {
        // Those that hold their instance are among the cancelled.
        let function = if number % 100 == 0 { &hold } else { &echo };
        let function = function.clone();
        let is_cancelled = number % 100 == 0 || random() % 3 == 0;
        let call = tokio::spawn(async move { function.call::<_, usize>(&number).await });
        calls.push((number, is_cancelled, call));
    }
    let mut cancelled = 0;
    while cancelled
        < calls
            .iter()
            .filter(|(_, is_cancelled, _)| *is_cancelled)
            .count()
    {
        for (_, is_cancelled, call) in &calls {
            if *is_cancelled && random() % 4 == 0 {
                call.abort();
            }
        }
        tokio::task::yield_now().await;
        let ended = calls
            .iter()
            .filter(|(_, is_cancelled, call)| *is_cancelled && call.is_finished());
        cancelled = ended.count();
    }
    for (number, is_cancelled, call) in calls {
        match call.await {
            Ok(answer) => assert_eq!(answer.unwrap(), number),
            Err(error) => assert!(is_cancelled && error.is_cancelled(), "{number}: {error}"),
        }
    }
    assert!(cancelled > CALLS / 4, "{cancelled}");
    assert_eq!(echo.call::<_, usize>(&7).await.unwrap(), 7);
    crowd.at_rest(2).await;
}

#[tokio::test]
async fn who_came_first_is_served_first_also_where_some_have_gone() {
    let crowd = Crowd::new(1, 1_000);
    let [hold, note] = [
        crowd.function("h:hold").await,
        crowd.function("h:note").await,
    ];
    let held = tokio::spawn(async move { hold.call_raw("1").await });
    crowd.held(1).await;
    let mut calls = Vec::new();
    for number in 0..1_000 {
        let note = note.clone();
        calls.push(tokio::spawn(
            async move { note.call::<_, usize>(&number).await },
        ));
        // In line before the next one comes.
        let waiting = || crowd.component.host().stats().waiting;
        until("it is in line", || waiting() == number + 1).await;
    }
    for call in calls.iter().step_by(3) {
        call.abort();
    }
    crowd.gate.add_permits(1);
    held.await.unwrap().unwrap();
    let mut expected = Vec::new();
    for (number, call) in calls.into_iter().enumerate() {
        match call.await {
            Ok(answer) => {
                assert_eq!(answer.unwrap(), number);
                expected.push(number);
            }
            Err(error) => assert!(error.is_cancelled() && number % 3 == 0),
        }
    }
    assert_eq!(*crowd.noted.lock().unwrap(), expected);
    assert_eq!(expected.len(), 666);
}
