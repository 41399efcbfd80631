//! `async def`: an event loop whose hostcalls run side by side.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use python_runtime::{
    Function, HostcallContext, HostcallError, Isolation, PythonError, PythonRuntime, PythonSource,
};
use serde_json::{Value, json};
use tokio::sync::Barrier;

/// How many hostcalls `never` are under way.
static NEVER: AtomicU64 = AtomicU64::new(0);

struct UnderWay;

impl Drop for UnderWay {
    fn drop(&mut self) {
        NEVER.fetch_sub(1, Ordering::SeqCst);
    }
}

static RUNTIME: LazyLock<PythonRuntime> = LazyLock::new(|| {
    let never = async |_: HostcallContext, _: Value| {
        NEVER.fetch_add(1, Ordering::SeqCst);
        let _under_way = UnderWay;
        std::future::pending::<Result<Value, HostcallError>>().await
    };
    PythonRuntime::builder()
        .hostcall("same", async |_: HostcallContext, value: Value| {
            Ok::<_, HostcallError>(value)
        })
        .hostcall("fail", async |_: HostcallContext, value: Value| {
            Err::<Value, _>(HostcallError::new("refused", value.to_string()))
        })
        .hostcall("never", never)
        .build()
        .unwrap()
});

async fn f(source: &str) -> Function {
    let source = format!("import asyncio\n\n{source}");
    let function = RUNTIME.function(PythonSource::def("f", source)).await;
    function.unwrap_or_else(|error| panic!("{error}"))
}

async fn answer(source: &str) -> Value {
    let answer = f(source).await.call(&json!(5)).await;
    answer.unwrap_or_else(|error| match PythonError::of(&error) {
        Some(error) => panic!("{error}"),
        None => panic!("{error}"),
    })
}

#[tokio::test]
async fn hostcalls_that_are_gathered_run_side_by_side() {
    // None of them comes back before all are there.
    let together = Arc::new(Barrier::new(100));
    let runtime = PythonRuntime::builder().hostcall("meet", move |_: HostcallContext, n: u64| {
        let together = together.clone();
        async move {
            together.wait().await;
            Ok::<_, HostcallError>(n * 2)
        }
    });
    let source = "\
import asyncio

async def f(n, ctx):
    return await asyncio.gather(*(ctx.hostcall('meet', i) for i in range(n)))
";
    let function = runtime.build().unwrap();
    let function = function
        .function(PythonSource::def("f", source))
        .await
        .unwrap();
    let (answer, receipt) = function.call::<_, Vec<u64>>(&100).with_receipt().await;
    assert_eq!(answer.unwrap(), (0..100).map(|n| n * 2).collect::<Vec<_>>());
    assert_eq!(receipt.hostcalls, 100);
}

#[tokio::test]
async fn each_awaiter_gets_its_own_answer_or_error() {
    let source = "
async def ask(ctx, op, value):
    try:
        return await ctx.hostcall(op, value)
    except ctx.HostcallError as error:
        return [error.code, error.message]

async def f(n, ctx):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(ctx, 'fail' if i % 2 else 'same', i)) for i in range(n)]
        late = group.create_task(asyncio.sleep(0.001, 'slept'))
    return [task.result() for task in tasks] + [late.result()]
";
    let expected = json!([0, ["refused", "1"], 2, ["refused", "3"], 4, "slept"]);
    assert_eq!(answer(source).await, expected);
}

#[tokio::test]
async fn what_waits_too_long_or_is_cancelled_is_dropped_on_the_host() {
    let source = "
async def f(n, ctx):
    seen = []
    try:
        await asyncio.wait_for(ctx.hostcall('never'), 0.001)
    except TimeoutError:
        seen.append('timeout')
    task = asyncio.create_task(ctx.hostcall('never'))
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        seen.append('cancelled')
    first, rest = await asyncio.wait(
        [asyncio.create_task(ctx.hostcall(op, op)) for op in ('never', 'same')],
        return_when=asyncio.FIRST_COMPLETED)
    seen.append([task.result() for task in first])
    # Left behind on purpose.
    asyncio.create_task(ctx.hostcall('never'))
    return seen
";
    assert_eq!(
        answer(source).await,
        json!(["timeout", "cancelled", ["same"]])
    );
    assert_eq!(NEVER.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_rest_of_asyncio_works_as_far_as_it_can() {
    for (what, source) in [
        (
            "ordinary functions may run a loop, and it is ours",
            "
def f(n, ctx):
    async def main():
        from wit_wire_guest.calls.hostcalls import hostcall_async
        return await asyncio.gather(hostcall_async('same', n), asyncio.sleep(0, n))
    return asyncio.run(main()) == [5, 5]
",
        ),
        (
            "queues, locks, events and timeouts",
            "
async def f(n):
    queue, lock, event = asyncio.Queue(), asyncio.Lock(), asyncio.Event()
    async def produce():
        for i in range(n):
            async with lock:
                await queue.put(i)
        event.set()
    async with asyncio.timeout(5):
        task = asyncio.create_task(produce())
        await event.wait()
        await task
    return [queue.get_nowait() for _ in range(n)] == list(range(5))
",
        ),
        (
            "what would need a thread is called at once",
            "
async def f(n):
    return await asyncio.to_thread(lambda: n + 1) == 6
",
        ),
        (
            "async iteration, context managers and contexts",
            "
import contextlib, contextvars
var = contextvars.ContextVar('var', default=0)

@contextlib.asynccontextmanager
async def added(n):
    token = var.set(n)
    yield var.get()
    var.reset(token)

async def count(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i

async def f(n):
    async with added(n) as value:
        return [i async for i in count(n)] == [0, 1, 2, 3, 4] and value == 5
",
        ),
        (
            "decorated coroutine functions",
            "
import functools

def logged(function):
    @functools.wraps(function)
    def call(*args):
        return function(*args)
    return call

@logged
async def f(n, ctx):
    return await ctx.hostcall('same', n) == 5
",
        ),
        (
            "one loop after the other, each with its own answers",
            "
from wit_wire_guest.calls.hostcalls import hostcall_async

def f(n):
    loop = asyncio.new_event_loop()
    async def leave():
        loop.create_task(hostcall_async('never'))
        await asyncio.sleep(0)
    loop.run_until_complete(leave())
    loop.close()
    return asyncio.run(hostcall_async('same', n)) == 5
",
        ),
        (
            "objects with an async call",
            "
class F:
    async def __call__(self, n, ctx):
        return await ctx.hostcall('same', n) == 5

f = F()
",
        ),
    ] {
        assert_eq!(answer(source).await, json!(true), "{what}");
    }
}

#[tokio::test]
async fn a_deadlock_of_tasks_is_an_error_and_not_a_wait() {
    let stuck = f("\
async def f(n):
    await asyncio.Event().wait()
")
    .await;
    let error = stuck.call::<_, Value>(&0).await.unwrap_err();
    let error = PythonError::of(&error).unwrap();
    assert_eq!(error.ty, "RuntimeError");
    assert!(error.message.starts_with("deadlock"), "{error}");
}

#[tokio::test]
async fn an_error_in_a_coroutine_shows_the_users_frames_alone() {
    let source = "\
async def inner(ctx):
    await ctx.hostcall('fail', 1)

async def f(n, ctx):
    await asyncio.gather(inner(ctx))
";
    let error = f(source).await.call::<_, Value>(&0).await.unwrap_err();
    let error = PythonError::of(&error).unwrap();
    let expected = "Traceback (most recent call last):
  File \"<f>\", line 7, in f
    await asyncio.gather(inner(ctx))
  File \"<f>\", line 4, in inner
    await ctx.hostcall('fail', 1)
ctx.HostcallError: refused: 1";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn shared_state_may_keep_its_tasks_no_longer_than_a_call() {
    let source = "\
import asyncio

seen = []

async def later():
    try:
        await asyncio.sleep(60)
    finally:
        seen.append('ended')

async def f(n):
    asyncio.create_task(later())
    await asyncio.sleep(0)
    return len(seen)
";
    let program = RUNTIME.program().isolation(Isolation::Shared);
    let program = program.function("f", PythonSource::def("f", source));
    let program = program.build().await.unwrap();
    let function = program.function("f").unwrap();
    for expected in 0..3 {
        assert_eq!(function.call::<_, u64>(&0).await.unwrap(), expected);
    }
}
