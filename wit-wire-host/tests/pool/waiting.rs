//! Who waits, for how long, and who is refused.

use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use test_support::until;
use wit_wire_host::{CallError, Isolation, Limit, Limits, Op};

use super::{component, exceeded, function, holding, host, pool};

#[tokio::test]
async fn calls_wait_in_line_and_the_line_has_an_end() {
    let (builder, gate) = holding(host(pool(1).queue(2)));
    let component = component(builder);
    let hold = function(&component, "h:hold").await;
    let echo = function(&component, "echo").await;
    let stats = || component.host().stats();
    until("an instance is idle", || stats().idle == 1).await;
    let held = tokio::spawn(async move { hold.call_raw("1").await });
    until("a call is in flight", || stats().in_flight == 1).await;

    let (order, mut arrived) = tokio::sync::mpsc::unbounded_channel();
    let mut waiting = Vec::new();
    for number in 0..2 {
        let (echo, order) = (echo.clone(), order.clone());
        waiting.push(tokio::spawn(async move {
            echo.call_raw("1").await.unwrap();
            order.send(number).unwrap();
        }));
        until("the call is in line", || stats().waiting == number + 1).await;
    }
    let error = echo.call_raw("1").await.unwrap_err();
    // The sentence on purpose: it is the one that an overloaded host shows its users.
    assert_eq!(
        error.to_string(),
        "instantiate: queue limit exceeded: 3 waiting calls, limit 2"
    );
    assert_eq!((stats().waiting, stats().in_flight), (2, 3));
    gate.add_permits(1);
    held.await.unwrap().unwrap();
    for task in waiting {
        task.await.unwrap();
    }
    assert_eq!(
        [arrived.recv().await, arrived.recv().await],
        [Some(0), Some(1)]
    );
    until("an instance is idle", || stats().idle == 1).await;
    assert_eq!((stats().waiting, stats().in_flight), (0, 0));
    assert_eq!(stats().discarded, Default::default());
}

#[tokio::test]
async fn callers_of_an_instance_of_its_own_wait_in_the_same_line() {
    let (builder, gate) = holding(host(pool(1).queue(1)));
    let component = component(builder);
    let program = component.program([Op::new("h:hold")]);
    let program = program.isolation(Isolation::Shared).build().await.unwrap();
    let hold = program.function("h:hold").unwrap();
    let stats = || component.host().stats();
    let call = || {
        let hold = hold.clone();
        tokio::spawn(async move { hold.call_raw("1").await })
    };
    let held = call();
    until("a call is in flight", || stats().in_flight == 1).await;
    let waiting = call();
    until("a call is in line", || stats().waiting == 1).await;
    let error = hold.call_raw("1").await.unwrap_err();
    assert_eq!(exceeded(&error), Limit::Queue);
    let limits = Limits::default().wait(Duration::ZERO);
    gate.add_permits(1);
    held.await.unwrap().unwrap();
    until("no call is in line", || stats().waiting == 0).await;
    let error = hold.call_raw("1").limits(limits).await.unwrap_err();
    assert_eq!(exceeded(&error), Limit::Wait);
    gate.add_permits(1);
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_call_waits_no_longer_than_it_may() {
    let (builder, _gate) = holding(host(pool(1)));
    let component = component(builder);
    let hold = function(&component, "h:hold").await;
    let echo = function(&component, "echo").await;
    let held = tokio::spawn(async move { hold.call_raw("1").await });
    until("a call is in flight", || {
        component.host().stats().in_flight == 1
    })
    .await;
    let wait = |wait, wall_time| {
        Limits::default()
            .wait(Duration::from_millis(wait))
            .wall_time(Duration::from_millis(wall_time))
    };
    let error = echo
        .call_raw("1")
        .limits(wait(5, 10_000))
        .await
        .unwrap_err();
    assert_eq!(exceeded(&error), Limit::Wait);
    let error = echo
        .call_raw("1")
        .limits(wait(10_000, 5))
        .await
        .unwrap_err();
    assert_eq!(exceeded(&error), Limit::Instances);

    // One that is dropped while it waits leaves no trace.
    {
        let mut call = pin!(echo.call_raw("1").into_future());
        let poll = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_pending());
        assert_eq!(component.host().stats().waiting, 1);
    }
    let stats = component.host().stats();
    assert_eq!((stats.waiting, stats.in_flight), (0, 1));
    held.abort();
    held.await.unwrap_err();
    echo.call_raw("1").await.unwrap();
    assert_eq!(component.host().stats().discarded.ended, 1);
}

#[tokio::test]
async fn a_program_with_a_cap_leaves_instances_to_others() {
    let (builder, gate) = holding(host(pool(3)));
    let component = component(builder);
    let greedy = component.program([Op::new("h:hold")]).concurrency(2);
    let greedy = greedy.build().await.unwrap().function("h:hold").unwrap();
    let echo = function(&component, "echo").await;
    let calls: Vec<_> = (0..6)
        .map(|_| {
            let greedy = greedy.clone();
            tokio::spawn(async move { greedy.call_raw("1").await })
        })
        .collect();
    let stats = || component.host().stats();
    until("two run and four wait", || {
        stats().in_flight == 6 && stats().waiting == 4
    })
    .await;
    assert_eq!(echo.call_raw("1").await.unwrap(), "1");
    let short = Limits::default().wall_time(Duration::from_millis(5));
    let error = greedy.call_raw("1").limits(short).await.unwrap_err();
    assert_eq!(exceeded(&error), Limit::Concurrency);
    gate.add_permits(6);
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_host_that_shuts_down_lets_calls_end_and_takes_no_more() {
    let (builder, gate) = holding(host(pool(1)));
    let component = component(builder);
    let hold = function(&component, "h:hold").await;
    let echo = function(&component, "echo").await;
    let held = tokio::spawn(async move { hold.call_raw("1").await });
    let stats = || component.host().stats();
    until("a call is in flight", || stats().in_flight == 1).await;
    let waits = {
        let echo = echo.clone();
        tokio::spawn(async move { echo.call_raw("1").await })
    };
    until("a call is in line", || stats().waiting == 1).await;
    let mut end = pin!(component.host().shut_down());
    assert!(
        end.as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    for refused in [waits.await.unwrap(), echo.call_raw("1").await] {
        assert!(matches!(refused, Err(CallError::ShutDown)), "{refused:?}");
    }
    gate.add_permits(1);
    end.await;
    held.await.unwrap().unwrap();
    until("the others are released", || stats().live == 1).await;
    assert_eq!((stats().idle, stats().in_flight), (0, 0));
}
