//! The process that compiles, and what it is told and answers: limits as arguments, a component on
//! stdin; an [`Answer`] in a line on stdout, followed by the archive if there is one.

use std::error::Error as StdError;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, process};

use artifact_embed::{Effort, EngineConfig, Error, HOST_TARGET};
use serde::{Deserialize, Serialize};

use crate::compile_limits::CompileLimits;

/// The first argument of a process that is to compile.
const COMPILE: &str = "--wasm-runtime-compile";

/// Whether this executable can compile, because `main` called [`run_if_compiler`].
static CAN_COMPILE: AtomicBool = AtomicBool::new(false);

/// Compiles a component and ends the process, if a [`WasmRuntime`](crate::WasmRuntime) started it
/// for that; otherwise returns at once. To be called first in `main`:
///
/// ```no_run
/// wasm_runtime::run_if_compiler();
/// // What the program is for.
/// ```
///
/// A runtime has components compiled by a second process of its own executable, which the system
/// holds to [`CompileLimits`](crate::CompileLimits), and which has neither the environment nor
/// anything else of the first, but for descriptors that were made to be inherited. What stands
/// before this line in `main` runs in it too.
pub fn run_if_compiler() {
    CAN_COMPILE.store(true, Ordering::Relaxed);
    let mut arguments = env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != COMPILE) {
        return;
    }
    process::exit(match serve(arguments) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{error}");
            1
        }
    })
}

/// Whether this executable called [`run_if_compiler`].
pub(crate) fn can_compile() -> bool {
    CAN_COMPILE.load(Ordering::Relaxed)
}

/// The arguments that have an executable compile within these limits.
pub(crate) fn arguments(limits: &CompileLimits) -> [String; 3] {
    let (memory, seconds) = (limits.memory_bytes(), limits.cpu_seconds());
    [COMPILE.to_owned(), memory.to_string(), seconds.to_string()]
}

/// Writes what the process reads on stdin.
pub(crate) fn write_component(mut to: impl Write, component: &[u8]) -> io::Result<()> {
    to.write_all(&(component.len() as u64).to_le_bytes())?;
    to.write_all(component)
}

/// What became of a component.
#[derive(Serialize, Deserialize)]
enum Answer {
    /// The archive follows.
    Compiled,
    TooLarge {
        what: String,
        found: u64,
        limit: u64,
    },
    /// The component is not valid: the error's message and those of its sources.
    Invalid(Vec<String>),
    /// The memory was not enough.
    OutOfMemory,
    /// This process can't compile: the error's message and those of its sources.
    Failed(Vec<String>),
}

/// What an answer means for whoever asked.
pub(crate) enum Compiled {
    Archive(Vec<u8>),
    Refused(Error),
    OutOfMemory,
    Failed(String),
}

/// Reads what the process wrote to stdout. `None` if it is no answer.
pub(crate) fn read_answer(mut bytes: Vec<u8>) -> Option<Compiled> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let answer = serde_json::from_slice(bytes.get(..end)?).ok()?;
    Some(match answer {
        Answer::Compiled => {
            bytes.drain(..=end);
            Compiled::Archive(bytes)
        }
        Answer::TooLarge { what, found, limit } => {
            Compiled::Refused(Error::TooLarge { what, found, limit })
        }
        Answer::Invalid(messages) => {
            let source = Reported::chain(messages).map(Box::<dyn StdError + Send + Sync>::from);
            Compiled::Refused(Error::Compile(source.unwrap_or_else(|| "".into())))
        }
        Answer::OutOfMemory => Compiled::OutOfMemory,
        Answer::Failed(messages) => Compiled::Failed(messages.join(": ")),
    })
}

/// An error of another process.
#[derive(Debug)]
struct Reported {
    message: String,
    source: Option<Box<Reported>>,
}

impl Reported {
    fn chain(messages: Vec<String>) -> Option<Box<Self>> {
        messages.into_iter().rev().fold(None, |source, message| {
            Some(Box::new(Self { message, source }))
        })
    }
}

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Reported {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// What [`run_if_compiler`] does in a process that was started for it.
fn serve(arguments: impl Iterator<Item = OsString>) -> io::Result<()> {
    let mut numbers = arguments.map(|argument| argument.to_str()?.parse().ok());
    let (Some(Some(memory)), Some(Some(seconds)), None) =
        (numbers.next(), numbers.next(), numbers.next())
    else {
        let usage = format!("usage: {COMPILE} BYTES-OF-MEMORY SECONDS-OF-CPU-TIME");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, usage));
    };
    restrict(memory, seconds)?;
    let component = read_component(io::stdin().lock())?;
    let (answer, archive) = compile(&component);
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(&line)?;
    stdout.write_all(&archive)?;
    stdout.flush()
}

/// Limits this process, for good.
#[cfg(unix)]
fn restrict(memory: u64, seconds: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = |resource, soft: u64, hard: u64| {
        // The process that started this one may be held to less, which can't be undone.
        let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let limit = Rlimit {
            current: Some(soft.min(most)),
            maximum: Some(hard.min(most)),
        };
        setrlimit(resource, limit)
    };
    limit(Resource::Core, 0, 0)?;
    // The first has the system send a signal that tells CPU time from everything else.
    limit(Resource::Cpu, seconds, seconds.saturating_add(1))?;
    limit(Resource::Data, memory, memory)?;
    // If the process that started this one has ended before, so does stdin.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(())
}

#[cfg(not(unix))]
fn restrict(_memory: u64, _seconds: u64) -> io::Result<()> {
    Ok(())
}

fn read_component(mut from: impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let length = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
    let mut component = Vec::new();
    // Not twice as much, as a vector that grows would take.
    component.try_reserve_exact(length)?;
    from.take(length as u64).read_to_end(&mut component)?;
    match component.len() == length {
        true => Ok(component),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn compile(component: &[u8]) -> (Answer, Vec<u8>) {
    let compiled = artifact_embed::compile(component, &EngineConfig::default(), HOST_TARGET);
    let error = match compiled.and_then(|compiled| compiled.pack(Effort::Fast)) {
        Ok(archive) => return (Answer::Compiled, archive),
        Err(error) => error,
    };
    let first: &(dyn StdError + 'static) = &error;
    let chain = || std::iter::successors(Some(first), |&error| error.source());
    let messages = || chain().map(ToString::to_string).collect::<Vec<_>>();
    let answer = if chain().any(is_out_of_memory) {
        Answer::OutOfMemory
    } else {
        match &error {
            Error::TooLarge { what, found, limit } => Answer::TooLarge {
                what: what.clone(),
                found: *found,
                limit: *limit,
            },
            // The first message is that of the variant.
            Error::Compile(_) => Answer::Invalid(messages().split_off(1)),
            _ => Answer::Failed(messages()),
        }
    };
    (answer, Vec::new())
}

/// Whether an error says that there is no memory.
fn is_out_of_memory(error: &(dyn StdError + 'static)) -> bool {
    let of_io = error.downcast_ref::<io::Error>();
    if of_io.is_some_and(|error| error.kind() == io::ErrorKind::OutOfMemory) {
        return true;
    }
    #[cfg(unix)]
    if error.downcast_ref() == Some(&rustix::io::Errno::NOMEM) {
        return true;
    }
    false
}
