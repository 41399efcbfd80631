//! Functions that call back into the host.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use python_runtime::{HostcallContext, HostcallError, Limit, Limits, PythonRuntime, PythonSource};
use serde_json::{Value, json};

use crate::{exception, is_limit};

#[tokio::test]
async fn a_function_makes_hostcalls_and_gets_answers_and_errors() {
    struct Tenant(&'static str);
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let runtime = PythonRuntime::builder()
        .hostcall("add", move |_: HostcallContext, (a, b): (i64, i64)| {
            counted.fetch_add(1, Ordering::Relaxed);
            async move { Ok::<_, HostcallError>(a + b) }
        })
        .hostcall("gql", async |context: HostcallContext, body: Value| {
            let tenant = context.value::<Tenant>().map(|tenant| tenant.0);
            Ok::<_, HostcallError>(
                json!({"data": {"tenant": tenant, "query": body["query"], "op": context.op()}}),
            )
        })
        .hostcall("fail", async |_: HostcallContext, _: Value| {
            Err::<Value, _>(HostcallError::new("denied", "not you").with_cause(json!("why")))
        })
        .hostcall("panic", async |_: HostcallContext, input: Value| {
            assert_eq!(input, "never this");
            Ok::<_, HostcallError>(input)
        })
        .hostcall("hang", async |_: HostcallContext, _: Value| {
            std::future::pending::<Result<Value, HostcallError>>().await
        })
        .build()
        .unwrap();
    let function = async |source: &str| {
        runtime
            .function(PythonSource::lambda(source))
            .await
            .unwrap()
    };

    let many = function("lambda n, ctx: sum(ctx.hostcall('add', [i, 1]) for i in range(n))").await;
    let (sum, receipt) = many.call::<_, i64>(&100).with_receipt().await;
    assert_eq!(
        (
            sum.unwrap(),
            receipt.hostcalls,
            calls.load(Ordering::Relaxed)
        ),
        (5050, 100, 100)
    );

    let gql = function("lambda q, ctx: ctx.gql(q)['data']").await;
    let answer: Value = gql.call(&"{user}").context(Tenant("acme")).await.unwrap();
    assert_eq!(
        answer,
        json!({"tenant": "acme", "query": "{user}", "op": "lambda"})
    );

    let call = function("lambda op, ctx: ctx.hostcall(op, 1)").await;
    for (op, code) in [
        ("fail", "denied"),
        ("none", "op_404"),
        ("panic", "op_500"),
        ("add", "op_400"),
    ] {
        let error = exception(&call, &json!(op)).await;
        assert_eq!(error.ty, "HostcallError");
        let hostcall = error.hostcall.as_ref().unwrap();
        assert_eq!(hostcall.code, code, "{error}");
        let message = format!("{code}: {}", hostcall.message);
        assert_eq!(error.message, message);
    }
    let short = Limits::default().wall_time(Duration::from_millis(100));
    let hang = call.call::<_, Value>(&"hang").limits(short);
    let error = hang.await.unwrap_err();
    assert!(is_limit(&error, Limit::WallTime, 100), "{error}");
    let few = Limits::default().hostcalls(10);
    let error = many.call::<_, i64>(&11).limits(few).await.unwrap_err();
    assert!(is_limit(&error, Limit::Hostcalls, 10), "{error}");
}
