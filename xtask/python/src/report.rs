//! A call's result on stdout, and what it used on stderr.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, anyhow, bail};
use python_runtime::{CallError, Output, Payload, PythonError, Receipt, Stream, printable};

/// What a program of `cargo xtask` exits with, after its error on stderr. Guests' words may be in
/// the error.
pub fn exit_code(result: Result<()>) -> ExitCode {
    let shown = |error| anyhow!("{}", printable(&format!("{error:#}")).lines());
    xtask_shell::exit_code(result.map_err(shown))
}

/// Prints a call's result to stdout, as it is unless that is a terminal; to stderr its receipt, and
/// how long the process took since it `started`.
///
/// # Errors
///
/// If the call failed: then what [`explain`] says.
pub fn report(
    result: Result<Payload, CallError>,
    receipt: &Receipt,
    started: Instant,
) -> Result<()> {
    let elapsed = started.elapsed();
    print_output(&receipt.output);
    print_receipt(receipt);
    eprintln!(
        "  process start to result {:.1} ms",
        elapsed.as_secs_f64() * 1e3
    );
    match result {
        Ok(json) if std::io::stdout().is_terminal() => {
            println!("{}", printable(&json.to_string()).lines().limit(usize::MAX));
        }
        Ok(json) => println!("{json}"),
        Err(error) => bail!(explain(&error)),
    }
    Ok(())
}

fn print_output(output: &Output) {
    let name = |stream| match stream {
        Stream::Stdout => "stdout",
        Stream::Stderr => "stderr",
    };
    for (stream, bytes) in output.pieces() {
        for line in String::from_utf8_lossy(bytes).lines() {
            eprintln!("{}: {}", name(stream), printable(line));
        }
    }
    for stream in [Stream::Stdout, Stream::Stderr] {
        let dropped = output.dropped(stream);
        if dropped > 0 {
            eprintln!("{}: [{dropped} more bytes]", name(stream));
        }
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
#[must_use]
pub fn explain(error: &CallError) -> String {
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
