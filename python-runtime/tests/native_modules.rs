//! The modules in C that the guest has beside CPython's own: bz2, lzma, zstd, another SQLite, and
//! the keys of `hashlib`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use python_runtime::{Limits, PythonRuntime, PythonSource};
use serde_json::{Value, json};

const SOURCE: &str = include_str!("native_modules.py");

/// What a function of `native_modules.py` answers.
async fn answer(op: &str, input: Value) -> Value {
    let runtime = PythonRuntime::builder().build().unwrap();
    let function = runtime.function(PythonSource::def(op, SOURCE)).await;
    function.unwrap().call(&input).await.unwrap()
}

#[tokio::test]
async fn what_other_programs_have_compressed_is_read() {
    let found = answer("foreign", Value::Null).await;
    assert_eq!(found, json!(["packed elsewhere"; 3].to_vec()));
}

#[tokio::test]
async fn data_is_compressed_and_decompressed_piece_by_piece() {
    let found = answer("piece_by_piece", Value::Null).await;
    for name in ["bz2", "lzma", "zstd"] {
        let found = found.get(name);
        assert_eq!(found, Some(&json!([true, "behind", true])), "{name}");
    }
}

#[tokio::test]
async fn data_and_options_that_are_wrong_are_the_errors_of_cpython() {
    assert_eq!(
        answer("wrong", Value::Null).await,
        json!([
            "OSError: Invalid data stream",
            "ValueError: Compressed data ended before the end-of-stream marker was reached",
            "ValueError: compresslevel must be between 1 and 9",
            "LZMAError: Input format not supported by decoder",
            "LZMAError: Invalid or unsupported options",
            "ValueError: Invalid filter ID: 1",
            "LZMAError: Memory usage limit exceeded",
            "ZstdError: Unable to decompress Zstandard data: Unknown frame descriptor",
            "ValueError: illegal compression level 1000000000; the valid range is [-131072, 22]",
        ])
    );
}

#[tokio::test]
async fn archives_of_each_kind_are_written_and_read() {
    let found = answer("archives", Value::Null).await;
    assert_eq!(found, json!(vec![true; 9]));
}

#[tokio::test]
async fn zstd_learns_dictionaries() {
    let found = answer("dictionary", Value::Null).await;
    assert_eq!(found, json!([true, "order 7 of customer 49"]));
}

#[tokio::test]
async fn sqlite_has_its_extensions_and_sorts_in_memory() {
    let last = "name 00049999".repeat(3);
    assert_eq!(
        answer("database", json!(50_000)).await,
        json!({
            "sorted": last,
            "grouped": 50_000,
            "local": "2026-03-01 12:00:00",
            "utc": "2026-03-01 12:00:00",
            "computed": 8,
            "fts4": [["a quick brown fox"]],
            "fts5": [["a quick brown fox"]],
            "rtree": [[2]],
            "copied": 50_000,
            "called": 3,
            "error": "OperationalError: no such column: missing",
            "old": false,
        })
    );
}

#[tokio::test]
async fn keys_are_those_that_openssl_derives() {
    assert_eq!(
        answer("keys", Value::Null).await,
        json!([
            "4b007901b765489abead49d926f721d065a429c1",
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc\
             49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
            "7e06f7557aae6057f38260ec33f67b9675bebccb",
            "6677065466c97fdef1c15ae8d95020ca948334f53eceeafc6115ddf405f6d6a4f75ba13a75082d8d",
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622\
             eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
        ])
    );
    assert_eq!(
        answer("no_keys", Value::Null).await,
        json!([
            "ValueError: unsupported hash type nothing",
            "TypeError: pbkdf2_hmac() argument 'hash_name' must be str, not bytes",
            "ValueError: iteration value must be greater than 0.",
            "ValueError: key length must be greater than 0.",
            "ValueError: n must be a power of 2.",
            "ValueError: Invalid parameter combination for n, r, p, maxmem.",
            "ValueError: Invalid parameter combination for n, r, p, maxmem.",
        ])
    );
}

/// A bomb and a costly scrypt meet the limit on memory, and leave the next call alone.
#[tokio::test]
async fn what_the_modules_take_counts_as_memory() {
    let source = "
import hashlib, lzma

BOMB = lzma.compress(bytes(1 << 20), preset=0) * 200

def f(what):
    if what == 'bomb':
        return len(lzma.decompress(BOMB))
    if what == 'scrypt':
        return len(hashlib.scrypt(b'', salt=b'', n=1 << 17, r=8, p=1, maxmem=1 << 30))
    return len(lzma.decompress(lzma.compress(b'x', preset=0)))
";
    let limits = Limits::new().memory(96 << 20);
    let runtime = PythonRuntime::builder().limits(limits).build().unwrap();
    let f = runtime.function(PythonSource::def("f", source)).await;
    let f = f.unwrap();
    for what in ["bomb", "scrypt"] {
        let error = f.call::<_, usize>(what).await.unwrap_err();
        assert_eq!(error.kind(), "limit_memory", "{what}: {error}");
        assert_eq!(f.call::<_, usize>("").await.unwrap(), 1);
    }
}
