//! Calls that raise an exception.

use python_runtime::{CallError, PythonError};
use serde_json::json;

use crate::{def, exception};

#[tokio::test]
async fn a_python_error_is_data_in_the_users_terms() {
    let fail = def("\
def look_up(x):
    return {}[x]

def fail(x):
    return look_up(x)
")
    .await;
    let error = exception(&fail, &json!("key")).await;
    assert_eq!(
        (error.ty.as_str(), error.message.as_str()),
        ("KeyError", "'key'")
    );
    let expected = "\
Traceback (most recent call last):
  File \"<fail>\", line 5, in fail
    return look_up(x)
  File \"<fail>\", line 2, in look_up
    return {}[x]
           ~~^^^
KeyError: 'key'";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn endless_recursion_is_a_recursion_error_and_the_next_call_works() {
    let recurse = def(r"
def recurse(x):
    return recurse(x) if x else 'done'
")
    .await;
    assert_eq!(exception(&recurse, &json!(1)).await.ty, "RecursionError");
    assert_eq!(recurse.call::<_, String>(&0).await.unwrap(), "done");
}

/// A function `f` that does something, `STEP`, with a value nested `n` deep.
const NESTED: &str = r"
import ast, copy, json, pickle, re

def nest(n):
    value = []
    for _ in range(n):
        value = [value]
    return value

def f(n):
    STEP
    return n
";

/// CPython for WASI does not count the native stack that its C code uses, so that this may end in a
/// trap. It must not end the process.
#[tokio::test]
async fn deep_native_recursion_is_an_answer_or_an_error() {
    for step in [
        "json.dumps(nest(n))",
        "json.loads('[' * n + ']' * n)",
        "repr(nest(n))",
        "pickle.dumps(nest(n))",
        "copy.deepcopy(nest(n))",
        "nest(n) == nest(n)",
        "ast.parse('(' * n + ')' * n)",
        "re.compile('(' * n + ')' * n)",
        "eval('-' * n + '1')",
    ] {
        let function = def(&NESTED.replace("STEP", step)).await;
        assert_eq!(function.call::<_, i64>(&20).await.unwrap(), 20, "{step}");
        for depth in [1_000, 30_000, 300_000] {
            match function.call::<_, i64>(&depth).await {
                Ok(answer) => assert_eq!(answer, depth),
                Err(CallError::Trap { reason, .. }) => {
                    assert!(reason.contains("call stack exhausted"), "{step}: {reason}");
                }
                Err(CallError::Limit { .. }) => {}
                Err(error) => {
                    let python =
                        PythonError::of(&error).unwrap_or_else(|| panic!("{step}: {error}"));
                    assert!(
                        ["RecursionError", "MemoryError", "SyntaxError"].contains(&&*python.ty),
                        "{step}: {python}"
                    );
                }
            }
        }
        assert_eq!(function.call::<_, i64>(&20).await.unwrap(), 20, "{step}");
    }
}
