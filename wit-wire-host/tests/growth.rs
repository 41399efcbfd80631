//! Calls that grow their memory: their instances are taken back like others, and nobody finds what
//! was in the memory that grew.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use test_support::until;
use wit_wire_host::{
    CallError, CleanedBy, Component, Dialect, Function, Host, Limit, Limits, Op, Payload,
    PoolConfig, Program, ResetPolicy,
};

/// The most that a guest of this host may see.
const MOST: usize = 64 << 20;

const PAGE: usize = 64 << 10;

/// The guest of `growth/guest.wat` in a pool of one.
fn component(policy: ResetPolicy) -> Component {
    let module = wat::parse_str(include_str!("growth/guest.wat")).unwrap();
    let guest = common::componentize(module, &common::wit(Dialect::V1));
    let guest = artifact_embed::instrument(&guest).unwrap();
    let engine = common::engine();
    let guest = wasmtime::component::Component::new(&engine, guest.component).unwrap();
    let pool = PoolConfig::default().instances(1);
    let host = Host::builder()
        .limits(Limits::default().memory(MOST))
        .pool(pool.reset(policy).verify(true));
    let host = host.build(&engine).unwrap();
    host.component(&guest).unwrap().with_identity("growth")
}

/// A program, and the host that it is in.
struct Guest {
    program: Program,
    host: Host,
    times: u32,
}

impl Guest {
    /// One that `init` grows by seven pages, so many times.
    async fn new(component: &Component, times: u32) -> Self {
        let ops = ["s", "g", "h", "b", "w", "m"];
        let ops = ops.map(|does| Op::new(format!("{times}{does}")));
        Self {
            program: component.program(ops).build().await.unwrap(),
            host: component.host().clone(),
            times,
        }
    }

    fn function(&self, does: &str) -> Function {
        let op = format!("{}{does}", self.times);
        self.program.function(&op).unwrap()
    }

    /// In an instance that is reset, which comes back.
    async fn call(&self, does: &str, input: usize) -> u64 {
        let function = self.function(does);
        let (answer, receipt) = function.call_raw(input.to_string()).with_receipt().await;
        assert_eq!(receipt.cleaned_by, Some(CleanedBy::Reset));
        until("the instance is back", || self.host.stats().idle == 1).await;
        number(&answer.unwrap())
    }
}

fn number(answer: &Payload) -> u64 {
    answer.as_json().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_instance_whose_memory_grew_serves_the_next_call() {
    let component = component(ResetPolicy::Require);
    let program = Guest::new(&component, 0).await;
    let live = component.host().stats().live;
    // Little that stays resident, and much that is given back.
    for pages in [1, 3, 300, 1, 900] {
        assert_eq!(program.call("g", pages).await, 4);
        assert_eq!(program.call("s", 0).await, 4);
        assert_eq!(program.call("b", 900).await, 0);
        assert_eq!(program.call("h", 900).await, 0);
        // What it writes where it sees no memory.
        program.call("w", pages).await;
        assert_eq!(program.call("b", 900).await, 0);
    }
    let stats = component.host().stats();
    assert_eq!((stats.discarded, stats.live), (Default::default(), live));
}

#[tokio::test]
async fn an_instance_serves_programs_that_are_larger_and_smaller() {
    let component = component(ResetPolicy::Require);
    let mut programs = Vec::new();
    for times in [0, 4, 2] {
        programs.push(Guest::new(&component, times).await);
    }
    for program in programs.iter().cycle().take(12) {
        let size = 4 + 7 * u64::from(program.times);
        assert_eq!(program.call("g", 100).await, size);
        assert_eq!(program.call("s", 0).await, size);
        assert_eq!(program.call("b", 500).await, 0);
    }
    let stats = component.host().stats();
    assert_eq!(stats.discarded, Default::default());
}

#[tokio::test]
async fn an_init_whose_state_is_not_kept_leaves_its_instance_as_it_was() {
    let component = component(ResetPolicy::Require);
    let program = Guest::new(&component, 0).await;
    let limits = Limits::default().memory(MOST).state(1 << 20);
    for _ in 0..20 {
        let large = component.program([Op::new("9s")]).limits(limits);
        let error = large.build().await.unwrap_err();
        assert!(error.to_string().contains("state limit"), "{error}");
        assert_eq!(program.call("s", 0).await, 4);
        assert_eq!(program.call("h", 100).await, 0);
    }
}

#[tokio::test]
async fn a_limit_is_one_on_what_a_guest_sees() {
    for policy in [ResetPolicy::Require, ResetPolicy::Never] {
        let component = component(policy);
        let program = Guest::new(&component, 0).await;
        let grow = program.function("g");
        let small = Limits::default().memory(100 * PAGE);
        for (pages, exceeded) in [(96, None), (97, Some(101)), (70_000, None)] {
            let input = pages.to_string();
            let result = grow.call_raw(input).limits(small).await;
            match (result, exceeded) {
                (Ok(answer), None) => {
                    // No memory has more than 65,536 pages: that is for the guest to hear.
                    let before = if pages > 65_536 { u32::MAX } else { 4 };
                    assert_eq!(answer.as_json(), Some(before.to_string().as_str()));
                }
                (
                    Err(CallError::Limit {
                        exceeded: found, ..
                    }),
                    Some(wanted),
                ) => {
                    assert_eq!(
                        (found.limit, found.allowed),
                        (Limit::Memory, 100 * PAGE as u64)
                    );
                    assert_eq!(found.requested, Some((wanted * PAGE) as u64));
                }
                other => panic!("{policy:?}, {pages}: {other:?}"),
            }
        }
        // More than the host's own limit: that much is had by no other instance.
        let large = Limits::default().memory(2 * MOST);
        let answer = grow.call_raw("1500").limits(large).await.unwrap();
        assert_eq!(answer.as_json(), Some("4"));
        let stats = || component.host().stats();
        if policy == ResetPolicy::Require {
            until("it is given up", || stats().discarded.grew == 1).await;
        }
        let hunted = program.function("h").call_raw("10").await;
        assert_eq!(number(&hunted.unwrap()), 0);
    }
}

/// A state of a session that is larger than its program's, over and over.
#[tokio::test]
async fn a_session_keeps_what_grew_and_its_instance_does_not() {
    let component = component(ResetPolicy::Require);
    let program = Guest::new(&component, 1).await;
    let session = program.program.session();
    let mut size = 11_u64;
    for pages in [1, 40, 0, 2, 20] {
        let before = session.call_raw("1g", pages.to_string()).await.unwrap();
        assert_eq!(before.as_json(), Some(size.to_string().as_str()));
        size += pages;
        assert_eq!(program.call("s", 0).await, 11);
        assert_eq!(program.call("b", 500).await, 0);
    }
    let copy = session.snapshot().await.unwrap();
    assert_eq!(copy.memory(), size as usize * PAGE);
    let restored = Guest {
        program: component.restore(&copy).unwrap().build().await.unwrap(),
        ..program
    };
    assert_eq!(restored.call("s", 0).await, size);
    assert_eq!(component.host().stats().discarded, Default::default());
}

/// What calls do at random is the same in instances that are reset and in fresh ones.
#[tokio::test]
async fn calls_at_random_are_as_in_fresh_instances() {
    let mut programs = Vec::new();
    for policy in [ResetPolicy::Require, ResetPolicy::Never] {
        let component = component(policy);
        let mut own = Vec::new();
        for times in [0, 2, 5] {
            own.push(Guest::new(&component, times).await);
        }
        programs.push(own);
    }
    let mut random = 20_261_128_usize;
    for round in 0..150 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let (number, seed) = ((random >> 33) % 3, random >> 40);
        let mut found = Vec::new();
        for own in &programs {
            let function = own.get(number).unwrap().function("m");
            found.push(function.call_raw(seed.to_string()).await.unwrap());
        }
        assert_eq!(found.first(), found.last(), "round {round}, {seed}");
    }
    let stats = |own: &Vec<Guest>| own.first().unwrap().host.stats();
    let [reset, fresh] = [0, 1].map(|at| stats(programs.get(at).unwrap()));
    // The largest program is mapped, and its instance serves no other.
    let mut discarded = reset.discarded;
    discarded.idle = 0;
    assert_eq!(discarded, Default::default());
    assert!(reset.resets >= 149 && fresh.resets == 0, "{reset:?}");
}
