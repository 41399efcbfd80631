//! What goes in and comes out.

use python_runtime::{CallError, Limit};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{def, exception, lambda};

#[tokio::test]
async fn typed_values_go_in_and_out() {
    #[derive(Serialize)]
    struct Order {
        prices: Vec<f64>,
        customer: Option<&'static str>,
    }
    #[derive(Deserialize, Debug, PartialEq)]
    struct Bill {
        total: f64,
        customer: String,
    }
    let bill = def(r"
def bill(order):
    return {'total': sum(order['prices']), 'customer': order['customer'] or 'Ada'}
")
    .await;
    let answer: Bill = bill
        .call(&Order {
            prices: vec![1.5, 2.25],
            customer: None,
        })
        .await
        .unwrap();
    let expected = Bill {
        total: 3.75,
        customer: "Ada".into(),
    };
    assert_eq!(answer, expected);
    let raw = bill.call_raw(r#"{"prices": [], "customer": "Bob"}"#).await;
    assert_eq!(raw.unwrap(), r#"{"total":0,"customer":"Bob"}"#);
}

#[tokio::test]
async fn input_that_is_no_json_is_told_apart() {
    let same = lambda("lambda x: x").await;
    for input in [
        "",
        "{",
        "nope",
        "NaN",
        "[Infinity]",
        "\"\\ud800\"",
        "1 2",
        "\u{feff}1",
    ] {
        let error = same.call_raw(input).await.unwrap_err();
        assert!(
            matches!(error, CallError::InvalidInput { .. }),
            "{input}: {error}"
        );
    }
    let deep = format!("{}{}", "[".repeat(300_000), "]".repeat(300_000));
    let error = same.call_raw(deep).await.unwrap_err();
    assert!(
        matches!(
            error,
            CallError::InvalidInput { .. } | CallError::Trap { .. }
        ),
        "{error}"
    );
    // serde_json writes NaN as null.
    assert_eq!(same.call::<_, Value>(&f64::NAN).await.unwrap(), Value::Null);
    let exact = "9007199254740993";
    assert_eq!(same.call_raw(exact).await.unwrap(), exact);
}

#[tokio::test]
async fn large_values_pass_and_too_large_ones_are_limited() {
    let same = lambda("lambda x: x").await;
    let large = format!("\"{}\"", "ž".repeat(8 << 20));
    assert_eq!(same.call_raw(large.as_str()).await.unwrap(), large);
    let error = same.call_raw(" ".repeat((32 << 20) + 1)).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Limit { exceeded, .. } if exceeded.limit == Limit::Input),
        "{error}"
    );
    let grow = lambda("lambda n: 'x' * n").await;
    let error = grow.call::<_, Value>(&(33 << 20)).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Limit { exceeded, .. } if exceeded.limit == Limit::Output),
        "{error}"
    );
}

#[tokio::test]
async fn results_that_json_cant_hold_are_errors() {
    for (source, ty) in [
        ("lambda x: {1, 2}", "TypeError"),
        ("lambda x: float('nan')", "ValueError"),
        ("lambda x: chr(0xdfff)", "UnicodeEncodeError"),
        ("lambda x: object()", "TypeError"),
    ] {
        let error = exception(&lambda(source).await, &json!(null)).await;
        assert_eq!(error.ty, ty, "{source}");
    }
}
