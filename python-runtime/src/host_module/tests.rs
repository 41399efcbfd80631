//! What is generated from descriptions, by example.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::python::{Form, files};
use super::{FunctionDescription, ModuleDescription, write_stubs};
use crate::error::{Error, NameProblem};

/// The modules of `tests/host_modules.rs`, whose generated files are in `tests/host`. `BLESS=1`
/// writes those again.
#[test]
fn the_text_of_modules_and_stubs_is_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/host");
    let modules = fs::read_to_string(folder.join("modules.json")).unwrap();
    let modules: Vec<ModuleDescription> = serde_json::from_str(&modules).unwrap();
    for form in [Form::Source, Form::Stub] {
        for (path, text) in files(&modules, form) {
            let expected = folder.join(path.strip_prefix("host/").unwrap());
            if std::env::var_os("BLESS").is_some() {
                fs::create_dir_all(expected.parent().unwrap()).unwrap();
                fs::write(&expected, &text).unwrap();
            }
            let expected = fs::read_to_string(expected).unwrap_or_default();
            assert_eq!(text, expected, "{path}:\n{text}");
        }
    }
}

fn module(name: &str, input: Value, output: Value) -> ModuleDescription {
    ModuleDescription {
        name: "m".into(),
        doc: String::new(),
        functions: vec![FunctionDescription {
            name: name.into(),
            doc: String::new(),
            input,
            output,
        }],
    }
}

/// The stub of a module of one function, less its imports.
fn stub(name: &str, input: Value, output: Value) -> String {
    let files = files(&[module(name, input, output)], Form::Stub);
    let text = &files["host/m.pyi"];
    let lines = text.lines().filter(|line| !line.contains("import "));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[test]
fn each_schema_has_its_type() {
    for (schema, expected) in [
        (json!(true), "Any"),
        (json!({"type": "integer"}), "int"),
        (json!({"type": "null"}), "None"),
        (json!({"type": ["null", "string"]}), "str | None"),
        (json!({"type": "array"}), "list[Any]"),
        (
            json!({"type": "array", "items": {"type": "number"}}),
            "list[float]",
        ),
        (
            json!({"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}]}),
            "tuple[str, bool]",
        ),
        (json!({"type": "array", "prefixItems": []}), "tuple[()]"),
        (json!({"type": "object"}), "dict[str, Any]"),
        (
            json!({"type": "object", "additionalProperties": {"type": "integer"}}),
            "dict[str, int]",
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": true}),
            "dict[str, Any]",
        ),
        (
            json!({"enum": ["a", "b\"", null]}),
            r#"Literal["a", "b\""] | None"#,
        ),
        (json!({"const": true}), "Literal[True]"),
        (
            json!({"oneOf": [{"const": "a"}, {"type": "integer"}, {"const": 1}, {"type": "integer"}]}),
            r#"Literal["a", 1] | int"#,
        ),
        (json!({"anyOf": [{"type": "string"}, {}]}), "Any"),
        (json!({"allOf": [{"type": "string"}]}), "str"),
        (
            json!({"allOf": [{"type": "string"}, {"minLength": 1}]}),
            "Any",
        ),
        (json!({"$ref": "#/$defs/lost"}), "Any"),
        (json!({"$ref": "https://example.com/schema"}), "Any"),
        (json!("no schema"), "Any"),
    ] {
        let said = stub("f", json!({"type": "null"}), schema.clone());
        assert_eq!(said, format!("def f() -> {expected}: ..."), "{schema}");
    }
}

#[test]
fn names_make_way_for_each_other_and_for_python() {
    let pairs = json!({"type": "object", "title": "class", "properties": {
        "list": {"type": "array", "items": {"$ref": "#/$defs/a-b"}},
        "from": {"$ref": "#/$defs/Any"},
    }, "required": ["from"], "$defs": {
        "a-b": {"type": "string"},
        "Any": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Any"}}},
    }});
    let expected = r#"
AB: TypeAlias = str


class AnyOutput(TypedDict):
    next: NotRequired["AnyOutput"]


Class = TypedDict("Class", {
    "list": NotRequired[builtins.list[AB]],
    "from": AnyOutput,
})


def list(payload: Class) -> Class: ..."#;
    assert_eq!(stub("list", pairs.clone(), pairs), expected.trim());
}

#[test]
fn a_type_that_is_accepted_in_another_form_than_it_is_written_is_two() {
    let item = |required: Value| {
        json!({"type": "array", "items": {"$ref": "#/$defs/Item"}, "$defs": {
            "Item": {"type": "object", "properties": {"kind": {"$ref": "#/$defs/Kind"}}, "required": required},
            "Kind": {"type": "string"},
        }})
    };
    let said = stub("f", item(json!([])), item(json!(["kind"])));
    assert!(
        said.ends_with("def f(payload: list[ItemInput]) -> list[Item]: ..."),
        "{said}"
    );
    assert_eq!(said.matches("Kind: TypeAlias").count(), 1, "{said}");
    let said = stub("f", item(json!([])), item(json!([])));
    assert!(
        said.ends_with("def f(payload: list[Item]) -> list[Item]: ..."),
        "{said}"
    );
}

#[test]
fn a_struct_with_a_tag_is_one_type() {
    let shape = json!({"oneOf": [
        {"type": "object", "properties": {"kind": {"const": "dot"}}, "required": ["kind"]},
        {"type": "object", "properties": {"kind": {"const": "box"}}, "required": ["kind"], "$ref": "#/$defs/Box"},
    ], "$defs": {"Box": {"type": "object", "properties": {"w": {"type": "number"}}, "required": ["w"]}}});
    let expected = r#"
class FOutputDot(TypedDict):
    kind: Literal["dot"]


class FOutputBox(TypedDict):
    kind: Literal["box"]
    w: float


def f() -> FOutputDot | FOutputBox: ..."#;
    let said = stub("f", json!({"type": "null"}), shape);
    assert_eq!(said, expected.trim());
}

#[test]
fn any_text_can_be_a_docstring() {
    for (doc, expected) in [
        ("Plain.", r#"    """Plain.""""#),
        (r#"Says "hi""#, r#"    """Says "hi\"""""#),
        (r#"""" and \"#, r#"    """\"\"" and \\""""#),
        (
            "nul \0, tab \t, return \r.",
            r#"    """nul \x00, tab \x09, return \x0d.""""#,
        ),
        (
            "Two\n\n  lines\n",
            "    \"\"\"Two\n\n      lines\n    \"\"\"",
        ),
    ] {
        let mut module = module("f", json!({"type": "null"}), json!(true));
        module.functions[0].doc = doc.into();
        let text = &files(&[module], Form::Stub)["host/m.pyi"];
        let (_, said) = text.split_once("-> Any:\n").unwrap();
        assert_eq!(said.trim_end(), expected);
    }
}

#[test]
fn stubs_are_written_where_they_differ() {
    let folder = tempfile::tempdir().unwrap();
    let written = |modules: &[ModuleDescription]| {
        let written = write_stubs(modules, folder.path()).unwrap();
        let inside = |path: &std::path::PathBuf| {
            let inside = path.strip_prefix(folder.path()).unwrap();
            inside.to_str().unwrap().to_owned()
        };
        written.iter().map(inside).collect::<Vec<_>>()
    };
    let mut modules = [module("f", json!(true), json!(true))];
    let all = [
        "host/__init__.pyi",
        "host/aio/__init__.pyi",
        "host/aio/m.pyi",
        "host/m.pyi",
    ];
    assert_eq!(written(&modules), all);
    assert_eq!(written(&modules), [""; 0]);
    modules[0].functions[0].output = json!({"type": "string"});
    assert_eq!(written(&modules), ["host/aio/m.pyi", "host/m.pyi"]);

    modules[0].name = "../m".into();
    let error = write_stubs(&modules, folder.path()).unwrap_err();
    assert!(
        matches!(&error, Error::HostName { name, problem: NameProblem::Identifier } if name == "../m"),
        "{error}"
    );
    let file = folder.path().join("host/m.pyi");
    let error = write_stubs(&[module("f", json!(true), json!(true))], &file).unwrap_err();
    assert!(matches!(&error, Error::Write { .. }), "{error}");
}

#[test]
fn an_alias_of_a_recursive_type_is_in_quotes_too() {
    let output = json!({
        "$ref": "#/$defs/Wrapped",
        "$defs": {
            "Tree": {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"$ref": "#/$defs/Tree"}}]},
            "Wrapped": {"anyOf": [{"$ref": "#/$defs/Tree"}, {"type": "null"}]},
        },
    });
    let text = stub("f", json!({"type": "null"}), output);
    // Python would evaluate `Tree | None`, and a string has no operator `|`.
    assert!(!text.contains("= Tree | None"), "{text}");
    assert!(text.contains("\"Tree | None\""), "{text}");
}

#[test]
fn types_that_are_named_one_after_the_other_without_end_are_any_at_some_point() {
    let next = |i: usize| json!({"type": "object", "properties": {"next": {"$ref": format!("#/$defs/T{i}")}}});
    let definitions: serde_json::Map<_, _> = (0..10_000)
        .map(|i| (format!("T{i}"), next(i + 1)))
        .collect();
    let output = json!({"$ref": "#/$defs/T0", "$defs": definitions});
    let text = stub("f", json!({"type": "null"}), output);
    assert!(
        text.contains("class T0(TypedDict):\n    next: NotRequired["),
        "{text}"
    );
    assert!(text.contains("next: NotRequired[Any]"), "{text}");
    assert!(!text.contains("T9999"), "{text}");
}
