//! Who compiles: a process of its own, which is started, fed, watched and ended here, or this one.

use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use crate::compile_limits::{CompileLimit, CompileLimits};
use crate::compiler_process::{Compiled, arguments, can_compile, read_answer, write_component};
use crate::error::Error;

/// Which process compiles components.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Compiler {
    /// A process of this executable, whose `main` begins with
    /// [`run_if_compiler`](crate::run_if_compiler), within [`CompileLimits`].
    #[default]
    ThisExecutable,
    /// A process of another executable, whose `main` begins with that, within [`CompileLimits`]:
    /// for a plugin, a library or a test, which have no `main` of their own. It must be of this
    /// very release of the crate, and be trusted like this process, which runs the machine code
    /// that it makes. The program `wasm-runtime-compiler` of this crate is one (`cargo install
    /// wasm-runtime`).
    Executable(PathBuf),
    /// This process, on all processors and without limits: for components whose authors are trusted
    /// with the process. A component of some kilobytes can take all memory.
    InProcess,
}

impl Compiler {
    /// Fails if this executable is to compile and can't.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self {
            Self::ThisExecutable if !can_compile() => Err(Error::NoCompiler),
            _ => Ok(()),
        }
    }

    /// The executable to start; `None` for this process.
    pub(crate) fn executable(&self) -> Result<Option<PathBuf>, Error> {
        Ok(match self {
            // The executable that this process was started from, also if another has its path now.
            #[cfg(target_os = "linux")]
            Self::ThisExecutable => Some("/proc/self/exe".into()),
            #[cfg(not(target_os = "linux"))]
            Self::ThisExecutable => {
                let executable = std::env::current_exe();
                Some(executable.map_err(|source| Error::CompilerStart {
                    executable: PathBuf::new(),
                    source: Arc::new(source),
                })?)
            }
            Self::Executable(path) => Some(path.clone()),
            Self::InProcess => None,
        })
    }
}

/// A compiler process that is to be.
pub(crate) struct CompilerProcess {
    executable: PathBuf,
    limits: CompileLimits,
    sender: Sender<End>,
    ends: Receiver<End>,
}

/// Why a compiler process has to end.
#[derive(PartialEq)]
enum End {
    /// It has answered, or ended by itself.
    Finished,
    /// Nobody waits for it.
    Abandoned,
}

/// Somebody waits for a compiler process: when this is dropped, it ends.
pub(crate) struct Interest(Sender<End>);

impl Drop for Interest {
    fn drop(&mut self) {
        // It may be over.
        let _ = self.0.send(End::Abandoned);
    }
}

/// What a process wrote and how it ended.
struct Ended {
    /// `None` if its time was over.
    end: Option<End>,
    stdout: Vec<u8>,
    stderr: String,
    status: ExitStatus,
}

impl CompilerProcess {
    pub(crate) fn new(executable: PathBuf, limits: CompileLimits) -> (Self, Interest) {
        let (sender, ends) = mpsc::channel();
        let interest = Interest(sender.clone());
        let process = Self {
            executable,
            limits,
            sender,
            ends,
        };
        (process, interest)
    }

    /// Starts the process, and returns the archive that it makes of `component`. Blocks. The
    /// process is gone when this returns.
    pub(crate) fn compile(self, component: &[u8]) -> Result<Vec<u8>, Error> {
        let ended = self.run(component).map_err(|source| Error::CompilerStart {
            executable: self.executable.clone(),
            source: Arc::new(source),
        })?;
        match ended.end {
            Some(End::Finished) => self.result(ended),
            Some(End::Abandoned) => Err(Error::Stopped),
            None => Err(CompileLimit::WallTime(self.limits.wall_time).into()),
        }
    }

    fn result(&self, ended: Ended) -> Result<Vec<u8>, Error> {
        let Ended {
            stdout,
            stderr,
            status,
            ..
        } = ended;
        let memory = || CompileLimit::Memory(self.limits.memory_bytes()).into();
        let failed = |said: &str| {
            let said = match said.trim() {
                "" => {
                    "no result and no message: does its `main` begin with `wasm_runtime::run_if_compiler()`?"
                }
                said => said,
            };
            Error::CompilerFailed {
                executable: self.executable.clone(),
                status: status.to_string(),
                said: said.to_owned(),
            }
        };
        if !status.success() {
            return Err(if exceeded_cpu_time(status) {
                CompileLimit::CpuTime(self.limits.cpu_time).into()
            } else if ran_out_of_memory(&stderr) {
                memory()
            } else {
                failed(&stderr)
            });
        }
        match read_answer(stdout) {
            Some(Compiled::Archive(archive)) => Ok(archive),
            Some(Compiled::Refused(error)) => Err(error.into()),
            Some(Compiled::OutOfMemory) => Err(memory()),
            Some(Compiled::Failed(reason)) => Err(failed(&reason)),
            None => Err(failed(&stderr)),
        }
    }

    fn run(&self, component: &[u8]) -> io::Result<Ended> {
        let mut child = self.command().spawn().map(Running::new)?;
        let pipes = (
            child.process.stdin.take(),
            child.process.stdout.take(),
            child.process.stderr.take(),
        );
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        thread::scope(|scope| {
            // Ends, and the threads below with it, before the scope waits for them.
            let mut child = child;
            let sender = self.sender.clone();
            // An archive takes less than the memory it was made in.
            let most = self.limits.memory_bytes();
            let answer = thread::Builder::new().spawn_scoped(scope, move || {
                // One that ends early says why.
                let _ = write_component(stdin, component);
                let mut answer = Vec::new();
                let _ = stdout.take(most).read_to_end(&mut answer);
                let _ = sender.send(End::Finished);
                answer
            })?;
            let words = thread::Builder::new().spawn_scoped(scope, move || last_words(stderr))?;
            let end = self.ends.recv_timeout(self.limits.wall_time).ok();
            let status = child.end()?;
            Ok(Ended {
                end,
                stdout: answer.join().unwrap_or_default(),
                stderr: words.join().unwrap_or_default(),
                status,
            })
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        command
            .args(arguments(&self.limits))
            .env_clear()
            // One processor for each compilation. What it takes does not depend on the machine.
            .env("RAYON_NUM_THREADS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // A group of its own, so that it ends with all that it started.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }
}

/// A process that ends with this.
struct Running {
    process: Child,
    is_over: bool,
}

impl Running {
    fn new(process: Child) -> Self {
        Self {
            process,
            is_over: false,
        }
    }

    /// Kills the process, unless it has ended by itself, and returns how it ended.
    fn end(&mut self) -> io::Result<ExitStatus> {
        // Before it is waited for: then its number may be another's.
        if !self.is_over {
            #[cfg(unix)]
            let _ = rustix::process::kill_process_group(
                rustix::process::Pid::from_child(&self.process),
                rustix::process::Signal::KILL,
            );
            #[cfg(not(unix))]
            let _ = self.process.kill();
            self.is_over = true;
        }
        self.process.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// The end of what a process writes to stderr.
fn last_words(mut stderr: impl Read) -> String {
    const MOST: usize = 2 << 10;
    let (mut said, mut chunk) = (Vec::new(), [0; 4 << 10]);
    while let Ok(length @ 1..) = stderr.read(&mut chunk) {
        said.extend_from_slice(chunk.get(..length).unwrap_or_default());
        let before = said.len().saturating_sub(MOST);
        said.drain(..before);
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// Whether the system ended the process because of its CPU time.
fn exceeded_cpu_time(status: ExitStatus) -> bool {
    #[cfg(unix)]
    {
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        signal == Some(rustix::process::Signal::XCPU.as_raw())
    }
    #[cfg(not(unix))]
    {
        let _ = status;
        false
    }
}

/// Whether a process says that it ended for want of memory: in the words of Rust's own message of a
/// failed allocation, of Wasmtime's, or of the system's.
fn ran_out_of_memory(stderr: &str) -> bool {
    let messages = [
        "memory allocation of ",
        "out of memory",
        "Cannot allocate memory",
    ];
    messages.iter().any(|message| stderr.contains(message))
}
