//! A call's result on stdout, and what it used on stderr.

use std::time::Instant;

use anyhow::{Result, bail};
use python_runtime::{CallError, Output, PythonError, Receipt};

pub(crate) fn report(
    result: Result<String, CallError>,
    receipt: &Receipt,
    started: Instant,
) -> Result<()> {
    let elapsed = started.elapsed();
    print_output("stdout", &receipt.stdout);
    print_output("stderr", &receipt.stderr);
    print_receipt(receipt);
    eprintln!(
        "  process start to result {:.1} ms",
        elapsed.as_secs_f64() * 1e3
    );
    match result {
        Ok(json) => println!("{json}"),
        Err(error) => bail!(explain(&error)),
    }
    Ok(())
}

fn print_output(name: &str, output: &Output) {
    for line in output.text().lines() {
        eprintln!("{name}: {line}");
    }
    if output.dropped > 0 {
        eprintln!("{name}: [{} more bytes]", output.dropped);
    }
}

fn print_receipt(receipt: &Receipt) {
    let Receipt {
        wall_time,
        cpu_time,
        memory,
        hostcalls,
        bytes_in,
        bytes_out,
        isolation,
        cold,
        ..
    } = receipt;
    let instance = if *cold {
        "a new instance"
    } else {
        "a live instance"
    };
    eprintln!(
        "receipt: {:.2} ms wall, {:.2} ms CPU, {:.1} MB memory, {hostcalls} hostcalls, {bytes_in} bytes in, \
         {bytes_out} bytes out, isolation {isolation:?} on {instance}",
        wall_time.as_secs_f64() * 1e3,
        cpu_time.as_secs_f64() * 1e3,
        *memory as f64 / 1e6,
    );
}

/// A Python error as Python prints it; any other with its causes.
fn explain(error: &CallError) -> String {
    if let Some(python) = PythonError::of(error) {
        return python.to_string();
    }
    if let CallError::Trap { frames, .. } = error {
        return format!("{error}\n{frames}");
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}
