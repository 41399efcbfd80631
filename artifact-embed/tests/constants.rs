//! Which globals become constants, and that nobody notices.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fmt::Write;

use artifact_embed::{fold_constants, inspect};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

fn binary(component: &str) -> Vec<u8> {
    wat::parse_str(component).unwrap_or_else(|error| panic!("{error}\n{component}"))
}

/// How many mutable globals there are, in the component as it is and folded.
fn mutable_globals(component: &str) -> (usize, usize) {
    let component = binary(component);
    let folded = fold_constants(&component).unwrap();
    // It is still valid.
    Component::new(&Engine::default(), &*folded).unwrap();
    (count(&component), count(&folded))
}

/// How many mutable globals modules define, by their bytes.
fn count(component: &[u8]) -> usize {
    let mut found = 0;
    for payload in wasmparser::Parser::new(0).parse_all(component) {
        if let wasmparser::Payload::GlobalSection(section) = payload.unwrap() {
            let globals = section.into_iter().map(Result::unwrap);
            found += globals.filter(|global| global.ty.mutable).count();
        }
    }
    found
}

#[test]
fn a_global_is_kept_if_code_that_writes_it_can_run() {
    const HOLDER: &str = r#"(core module $m
        (memory (export "memory") 1)
        (table 1 funcref)
        (global $g (export "g") (mut i32) (i32.const 1))
        (func $write (export "write") (global.set $g (i32.const 2)))
        (func (export "read") (result i32) (global.get $g))"#;
    const INSTANCE: &str = r#"(core instance $i (instantiate $m))
        (func (export "read") (result u32) (canon lift (core func $i "read")))"#;
    const USER: &str = r#"(core module $user (import "a" "g" (global $g (mut i32)))
        (func (export "set") (global.set $g (i32.const 3))))"#;
    let cases = [
        ("", "", 0),
        (
            "",
            r#"(func (export "f") (canon lift (core func $i "write")))"#,
            1,
        ),
        ("(start $write)", "", 1),
        ("(elem (i32.const 0) func $write)", "", 1),
        ("(elem (i32.const 0) funcref (ref.func $write))", "", 1),
        ("(elem declare func $write)", "", 1),
        ("(global funcref (ref.func $write))", "", 1),
        (
            r#"(func (export "f") (call $write))"#,
            r#"(func (export "f") (canon lift (core func $i "f")))"#,
            1,
        ),
        (
            r#"(func (export "f") (return_call $write))"#,
            r#"(func (export "f") (canon lift (core func $i "f")))"#,
            1,
        ),
        (r#"(func (export "f") (call $write))"#, "", 0),
        (
            r#"(func (export "post") (param i32) (call $write)) (func (export "list") (result i32) (i32.const 8))"#,
            r#"(func (export "f") (result string)
                 (canon lift (core func $i "list") (memory $i "memory") (post-return (func $i "post"))))"#,
            1,
        ),
        (
            r#"(func (export "realloc") (param i32 i32 i32 i32) (result i32) (call $write) (i32.const 8))
               (func (export "take") (param i32 i32))"#,
            r#"(func (export "f") (param "x" string)
                 (canon lift (core func $i "take") (memory $i "memory") (realloc (func $i "realloc"))))"#,
            1,
        ),
        (
            r#"(func (export "drop") (param i32) (call $write))"#,
            r#"(alias core export $i "drop" (core func $drop)) (type $r (resource (rep i32) (dtor (func $drop))))"#,
            1,
        ),
        // Another module, which gets the global as it is, in a bag, and from a bag of a bag.
        (
            "",
            r#"(core instance $u (instantiate $user (with "a" (instance $i))))"#,
            0,
        ),
        (
            "",
            r#"(core instance $u (instantiate $user (with "a" (instance $i))))
               (func (export "f") (canon lift (core func $u "set")))"#,
            1,
        ),
        (
            "",
            r#"(alias core export $i "g" (core global $g)) (core instance $bag (export "g" (global $g)))
               (alias core export $bag "g" (core global $h)) (core instance $second (export "g" (global $h)))
               (core instance $u (instantiate $user (with "a" (instance $second))))
               (func (export "f") (canon lift (core func $u "set")))"#,
            1,
        ),
        // A module that passes it on, and one that passes the function on.
        (
            "",
            r#"(core module $pass (import "a" "g" (global (mut i32))) (export "g" (global 0)))
               (core instance $p (instantiate $pass (with "a" (instance $i))))
               (core instance $u (instantiate $user (with "a" (instance $p))))
               (func (export "f") (canon lift (core func $u "set")))"#,
            1,
        ),
        (
            "",
            r#"(core module $pass (import "a" "write" (func)) (export "g" (func 0)))
               (core instance $p (instantiate $pass (with "a" (instance $i))))
               (func (export "f") (canon lift (core func $p "g")))"#,
            1,
        ),
        // What can't be followed is left as it is.
        ("", "(core instance (instantiate $m))", 1),
        ("", r#"(export "m" (core module $m))"#, 1),
        ("", "(component (core module (memory 1)))", 1),
        (
            "",
            "(component (alias outer 1 $m (core module $n)) (core instance (instantiate $n)))",
            1,
        ),
        (
            "",
            r#"(component $c (import "m" (core module $n)) (core instance (instantiate $n)))
               (instance (instantiate $c (with "m" (core module $m))))"#,
            1,
        ),
    ];
    for (inner, outer, expected) in cases {
        let component = format!("(component {HOLDER} {inner}) {USER} {INSTANCE} {outer})");
        assert_eq!(
            mutable_globals(&component),
            (1, expected),
            "{inner} {outer}"
        );
    }
}

#[test]
fn an_inspection_counts_what_is_compiled() {
    let state = inspect(include_bytes!("common/state.wasm")).unwrap();
    // One more global is in a module whose code does not write it.
    assert_eq!(state.mutable_globals, 5);
    assert_eq!(count(include_bytes!("common/state.wasm")), 6);
}

#[test]
fn code_that_nothing_calls_is_no_obstacle() {
    let component = |export| {
        binary(&format!(
            r#"(component (core module $m (memory 1) (table 1 funcref)
                 (func (export "set") (table.set (i32.const 0) (ref.null func)))
                 (func (export "nothing")))
               (core instance $i (instantiate $m))
               (func (export "f") (canon lift (core func $i "{export}"))))"#
        ))
    };
    assert!(inspect(&component("nothing")).unwrap().obstacles.is_empty());
    assert!(!inspect(&component("set")).unwrap().obstacles.is_empty());
}

/// Random components of several modules behave as before, and some of their globals are folded.
#[test]
fn folded_components_behave_as_before() {
    let engine = Engine::default();
    let (mut before, mut after) = (0, 0);
    for seed in 0..60 {
        let text = Random::new(seed).component();
        let component = binary(&text);
        let folded = fold_constants(&component).unwrap();
        before += count(&component);
        after += count(&folded);
        assert_eq!(
            results(&engine, &component),
            results(&engine, &folded),
            "{text}"
        );
        // Nothing more is to be had.
        assert!(*folded == *fold_constants(&folded).unwrap(), "{text}");
    }
    assert!(0 < after && after < before, "{after} of {before} are left");
}

/// What the component's functions return, called one after the other, three times.
fn results(engine: &Engine, component: &[u8]) -> Vec<u32> {
    let component = Component::new(engine, component).unwrap();
    let mut store = Store::new(engine, ());
    let instance = Linker::new(engine)
        .instantiate(&mut store, &component)
        .unwrap();
    let mut results = Vec::new();
    for number in (0..FUNCTIONS).cycle().take(3 * FUNCTIONS) {
        let name = format!("f{number}");
        if let Ok(function) = instance.get_typed_func::<(), (u32,)>(&mut store, &name) {
            results.push(function.call(&mut store, ()).unwrap().0);
        }
    }
    results
}

/// How many functions a random component may export.
const FUNCTIONS: usize = 40;

/// Random numbers, always the same.
struct Random {
    bytes: blake3::OutputReader,
}

#[derive(Clone)]
struct GlobalOf {
    ty: &'static str,
    is_mutable: bool,
}

impl Random {
    fn new(seed: u64) -> Self {
        let bytes = blake3::Hasher::new()
            .update(&seed.to_le_bytes())
            .finalize_xof();
        Self { bytes }
    }

    fn below(&mut self, bound: usize) -> usize {
        let mut bytes = [0; 4];
        self.bytes.fill(&mut bytes);
        u32::from_le_bytes(bytes) as usize % bound
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// A component in which modules import each other's globals and functions, directly or in a bag.
    fn component(&mut self) -> String {
        let mut text = "(component\n".to_owned();
        let mut exports: Vec<(Vec<GlobalOf>, usize)> = Vec::new();
        let mut lifted = 0;
        for module in 0..1 + self.below(4) {
            let mut arguments = String::new();
            let mut imports = String::new();
            let mut globals = Vec::new();
            let mut functions = 0;
            for (from, (theirs, count)) in exports.iter().enumerate() {
                for (number, global) in theirs.iter().enumerate().filter(|_| self.chance(70)) {
                    let ty = global.text();
                    write!(imports, "(import \"{from}\" \"g{number}\" (global {ty})) ").unwrap();
                    globals.push(global.clone());
                }
                for number in (0..*count).filter(|_| self.chance(50)) {
                    write!(
                        imports,
                        "(import \"{from}\" \"f{number}\" (func (type 0))) "
                    )
                    .unwrap();
                    functions += 1;
                }
                let instance = if self.chance(50) {
                    let mut bag = String::new();
                    for number in 0..theirs.len() {
                        write!(
                            bag,
                            "(export \"g{number}\" (global $i{from} \"g{number}\")) "
                        )
                        .unwrap();
                    }
                    for number in 0..*count {
                        write!(bag, "(export \"f{number}\" (func $i{from} \"f{number}\")) ")
                            .unwrap();
                    }
                    format!("(instance {bag})")
                } else {
                    format!("(instance $i{from})")
                };
                write!(arguments, "(with \"{from}\" {instance}) ").unwrap();
            }
            let mut body = String::new();
            for _ in 0..1 + self.below(5) {
                let ty = ["i32", "i64", "f32", "f64"][self.below(4)];
                let mut value = format!("({ty}.const {})", self.below(1000));
                let earlier: Vec<_> = (0..globals.len())
                    .filter(|&index| globals[index].ty == ty && !globals[index].is_mutable)
                    .collect();
                if !earlier.is_empty() && self.chance(60) {
                    let index = earlier[self.below(earlier.len())];
                    value = if ty.starts_with('i') {
                        let operation = ["add", "sub", "mul"][self.below(3)];
                        format!("({ty}.{operation} (global.get {index}) {value})")
                    } else {
                        format!("(global.get {index})")
                    };
                }
                let is_mutable = self.chance(60);
                let global = GlobalOf { ty, is_mutable };
                writeln!(body, "(global {} {value})", global.text()).unwrap();
                globals.push(global);
            }
            let imported = functions;
            let table = functions;
            for _ in 0..1 + self.below(5) {
                let code = self.function(&globals, functions, functions > table);
                writeln!(body, "(func (type 0) {code})").unwrap();
                functions += 1;
            }
            writeln!(body, "(table 1 funcref)").unwrap();
            if self.chance(50) {
                writeln!(body, "(elem (i32.const 0) func {table})").unwrap();
            } else {
                writeln!(
                    body,
                    "(func $same (type 0) (i32.const 5)) (elem (i32.const 0) func $same)"
                )
                .unwrap();
            }
            if self.chance(30) {
                let function = self.below(functions);
                writeln!(
                    body,
                    "(func $start (drop (call {function}))) (start $start)"
                )
                .unwrap();
            }
            for number in 0..globals.len() {
                write!(body, "(export \"g{number}\" (global {number})) ").unwrap();
            }
            for number in 0..functions {
                write!(body, "(export \"f{number}\" (func {number})) ").unwrap();
            }
            writeln!(
                text,
                "(core module $m{module} (type (func (result i32))) {imports}\n{body})"
            )
            .unwrap();
            writeln!(
                text,
                "(core instance $i{module} (instantiate $m{module} {arguments}))"
            )
            .unwrap();
            for number in imported..functions {
                if self.chance(40) && lifted < FUNCTIONS {
                    writeln!(text, "(func (export \"f{lifted}\") (result u32) (canon lift (core func $i{module} \"f{number}\")))").unwrap();
                    lifted += 1;
                }
            }
            exports.push((globals, functions));
        }
        text + ")"
    }

    /// The body of a function that reads and writes globals, and calls those before it.
    fn function(&mut self, globals: &[GlobalOf], before: usize, has_table: bool) -> String {
        let mut code = "(i32.const 0)".to_owned();
        for _ in 0..1 + self.below(4) {
            let index = self.below(globals.len());
            let GlobalOf { ty, is_mutable } = globals[index];
            let get = format!("(global.get {index})");
            let read = match ty {
                "i32" => get.clone(),
                "i64" => format!("(i32.wrap_i64 {get})"),
                "f32" => format!("(i32.reinterpret_f32 {get})"),
                _ => format!("(i32.wrap_i64 (i64.reinterpret_f64 {get}))"),
            };
            write!(code, " {read} i32.add").unwrap();
            if is_mutable && self.chance(30) {
                let value = self.below(100);
                write!(
                    code,
                    " (global.set {index} ({ty}.add {get} ({ty}.const {value})))"
                )
                .unwrap();
            }
        }
        if before > 0 && self.chance(60) {
            write!(code, " (call {}) i32.add", self.below(before)).unwrap();
        }
        if has_table && self.chance(30) {
            write!(code, " (call_indirect (type 0) (i32.const 0)) i32.add").unwrap();
        }
        code
    }
}

impl GlobalOf {
    fn text(&self) -> String {
        let ty = self.ty;
        if self.is_mutable {
            format!("(mut {ty})")
        } else {
            ty.to_owned()
        }
    }
}
