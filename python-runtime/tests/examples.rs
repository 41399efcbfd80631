//! The functions in `examples/` do what they are shown to do.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::path::Path;

use python_runtime::{HostcallContext, HostcallError, PythonRuntime, PythonSource};
use serde_json::{Value, json};

#[tokio::test]
async fn the_examples_run() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let weather = async |_: HostcallContext, ask: Value| match ask["city"].as_str() {
        Some("Brno") => Ok(json!({"sky": "clear", "celsius": 21})),
        city => Err(HostcallError::new(
            "no_city",
            format!("no weather for {city:?}"),
        )),
    };
    let runtime = PythonRuntime::builder()
        .hostcall("weather", weather)
        .build()
        .unwrap();
    let cart = json!([{"kind": "food", "price": 10}, {"kind": "toys", "price": 19.99}]);
    for (folder, target, input, expected) in [
        (
            "functions",
            "hello:greet",
            json!({"name": "Ada"}),
            json!("Hello, Ada!"),
        ),
        (
            "functions",
            "shop.cart:total",
            cart,
            json!({"net": "29.99", "tax": "5.00", "total": "34.99", "currency": "EUR"}),
        ),
        (
            "",
            "lookup:describe",
            json!("Brno"),
            json!("Brno: clear, 21 °C"),
        ),
    ] {
        let function = runtime
            .function(PythonSource::from_path(examples.join(folder), target).unwrap())
            .await
            .unwrap();
        assert_eq!(
            function.call::<_, Value>(&input).await.unwrap(),
            expected,
            "{target}"
        );
    }
}
