//! Sources that are loaded, and those that fail to.

use python_runtime::{Error, PythonSource, SourceTree};

use crate::{RUNTIME, def};

#[tokio::test]
async fn errors_at_registration_show_file_line_and_caret() {
    let tree = SourceTree::new()
        .file("app/main.py", "import app.helper")
        .and_then(|tree| tree.file("app/helper.py", "def f(x):\n    return x +"));
    let source = PythonSource::from_tree(tree.unwrap(), "app.main:f").unwrap();
    let error = RUNTIME.function(source).await.err().unwrap();
    let Error::Python { op, error } = &error else {
        panic!("{error}")
    };
    assert_eq!((op.as_str(), error.ty.as_str()), ("f", "SyntaxError"));
    let expected = "\
Traceback (most recent call last):
  File \"app/main.py\", line 1, in <module>
    import app.helper
  File \"app/helper.py\", line 2
    return x +
              ^
SyntaxError: invalid syntax";
    assert_eq!(error.to_string(), expected);

    let source = PythonSource::def("g", "def f(x): return x");
    let Err(Error::Python { op, error }) = RUNTIME.function(source).await else {
        panic!("there is no such function")
    };
    assert_eq!((op.as_str(), error.ty.as_str()), ("g", "AttributeError"));
}

#[tokio::test]
async fn the_second_parameter_is_the_context_and_not_a_value() {
    for (source, parameters) in [
        ("def f(a, b, c): return a", "(a, b, c)"),
        ("def f(a: int, b: int): return a", "(b: int)"),
        ("def f(a, *, b: 'dict[str, int]'): return a", "("),
        ("def f(a, b: list[int]): return a", "(b: list[int])"),
    ] {
        let function = RUNTIME.function(PythonSource::def("f", source)).await;
        let error = function.err().unwrap();
        let Error::Python { error, .. } = &error else {
            panic!("{source}: {error}")
        };
        assert_eq!(error.ty, "TypeError", "{source}: {error}");
        assert!(error.message.contains(parameters), "{source}: {error}");
    }
    for context in ["ctx", "ctx: object", "ctx: 'Context'", "ctx: typing.Any"] {
        let source = format!("import typing\n\ndef f(a, {context}): return ctx is not None");
        assert!(def(&source).await.call::<_, bool>(&1).await.unwrap());
    }
}
