//! One compilation for all tasks that ask for the same bytes at once, and no more of them at once
//! than the limits allow.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use artifact_embed::{Archive, CompileKey, FileIdentity, Loaded, Loader};
use tokio::sync::{Semaphore, watch};
use wit_wire_host::{Component, Host};

use crate::compile_limits::{CompileLimit, CompileLimits};
use crate::compiler::{Compiler, CompilerProcess};
use crate::error::Error;

type Done = Option<Result<Component, Error>>;

/// The compilations in progress and those that wait, by the key of what they compile, with the
/// tasks that wait for each.
type Running = Arc<Mutex<HashMap<CompileKey, Arc<watch::Sender<Done>>>>>;

/// Compiles components for one runtime.
#[derive(Clone)]
pub(crate) struct Compilations {
    compiler: Compiler,
    limits: CompileLimits,
    permits: Arc<Semaphore>,
    running: Running,
    failed: Arc<Mutex<Failed>>,
}

impl Compilations {
    pub(crate) fn new(compiler: Compiler, limits: CompileLimits) -> Self {
        let concurrency = limits.concurrency.clamp(1, Semaphore::MAX_PERMITS);
        let limits = limits.concurrency(concurrency);
        Self {
            compiler,
            limits,
            permits: Arc::new(Semaphore::new(concurrency)),
            running: Running::default(),
            failed: Arc::default(),
        }
    }

    /// The component `bytes`, read from `file`: from the cache, or compiled, or from a compilation
    /// of the same bytes that is in progress; then checks it.
    ///
    /// Dropping the future stops the waiting. When nobody waits for a compilation any more, its
    /// process ends.
    pub(crate) async fn component(
        &self,
        loader: &Loader,
        host: &Host,
        bytes: Vec<u8>,
        file: Option<FileIdentity>,
    ) -> Result<Component, Error> {
        let own = loader.clone();
        let hash = tokio::task::spawn_blocking(move || {
            let key = own.compile_key(&bytes);
            let cached = own.lookup(&key);
            (key, cached, bytes)
        });
        let (key, cached, bytes) = hash.await.map_err(|_| Error::Stopped)?;
        let component = match cached {
            Some(component) => host.component(&component)?.with_identity(key.as_str()),
            None => {
                if let Some(error) = lock(&self.failed).find(&key, Instant::now()) {
                    return Err(error);
                }
                let mut done = self.join(key.clone(), loader, host, bytes)?;
                match done.wait_for(Option::is_some).await {
                    Ok(result) => result.clone().unwrap_or(Err(Error::Stopped)),
                    Err(_) => Err(Error::Stopped),
                }?
            }
        };
        if let Some(file) = file {
            let own = loader.clone();
            let note = tokio::task::spawn_blocking(move || own.record_source(&file, &key));
            note.await.map_err(|_| Error::Stopped)?;
        }
        Ok(component)
    }

    fn join(
        &self,
        key: CompileKey,
        loader: &Loader,
        host: &Host,
        bytes: Vec<u8>,
    ) -> Result<watch::Receiver<Done>, Error> {
        let mut running = lock(&self.running);
        if let Some(sender) = running.get(&key) {
            return Ok(sender.subscribe());
        }
        let CompileLimits {
            concurrency, queue, ..
        } = self.limits;
        if running.len() >= concurrency.saturating_add(queue) {
            return Err(CompileLimit::Queue(queue).into());
        }
        let (sender, done) = watch::channel(None);
        let sender = Arc::new(sender);
        running.insert(key.clone(), sender.clone());
        // A runtime that is shutting down drops the task at once, and its entry then takes the
        // lock.
        drop(running);
        let entry = Entry {
            running: self.running.clone(),
            key: key.clone(),
            sender,
        };
        let compile = self
            .clone()
            .compile(key, loader.clone(), host.clone(), bytes);
        tokio::spawn(async move {
            let result = tokio::select! {
                result = compile => result,
                () = entry.abandoned() => return,
            };
            let sender = entry.sender.clone();
            drop(entry);
            // All receivers may be gone.
            let _ = sender.send(Some(result));
        });
        Ok(done)
    }

    /// Compiles `bytes` when it is their turn. Dropping the future ends the process that compiles.
    async fn compile(
        self,
        key: CompileKey,
        loader: Loader,
        host: Host,
        bytes: Vec<u8>,
    ) -> Result<Component, Error> {
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|_| Error::Stopped)?;
        let executable = self.compiler.executable()?;
        let process = executable.map(|path| CompilerProcess::new(path, self.limits));
        let (process, _interest) = process.unzip();
        let compile = tokio::task::spawn_blocking(move || {
            // Until the process is gone, whoever waits for it.
            let _permit = permit;
            let result = match process {
                Some(process) => load(process, &key, &loader, &bytes),
                None => loader.compile(&key, &bytes).map_err(Error::from),
            };
            if let Err(error) = &result {
                lock(&self.failed).note(&key, error, Instant::now());
            }
            let component = host.component(&result?.component)?;
            Ok(component.with_identity(key.as_str()))
        });
        compile.await.unwrap_or(Err(Error::Stopped))
    }
}

/// Has a process compile `bytes`, and loads the archive.
#[allow(
    unsafe_code,
    reason = "the archive comes from a compiler that is trusted"
)]
fn load(
    process: CompilerProcess,
    key: &CompileKey,
    loader: &Loader,
    bytes: &[u8],
) -> Result<Loaded, Error> {
    let archive = process.compile(bytes)?;
    // SAFETY: the archive was read from a pipe that only the process has that compiled it, which is
    // of this executable or of the one that the embedder named as its compiler: both are trusted
    // like this process.
    let archive = unsafe { Archive::trust(archive) }?;
    Ok(loader.load_compiled(key, &archive)?)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A compilation's entry among those in progress. Removed also when it panics or never begins.
struct Entry {
    running: Running,
    key: CompileKey,
    sender: Arc<watch::Sender<Done>>,
}

impl Entry {
    /// Waits until nobody waits for the compilation, and removes the entry, so that nobody joins
    /// it.
    async fn abandoned(&self) {
        loop {
            self.sender.closed().await;
            let mut running = lock(&self.running);
            // Somebody may have joined.
            if self.sender.receiver_count() == 0 {
                self.remove(&mut running);
                return;
            }
        }
    }

    /// Removes the entry, unless it is of a later compilation.
    fn remove(&self, running: &mut HashMap<CompileKey, Arc<watch::Sender<Done>>>) {
        let is_this = |sender: &Arc<_>| Arc::ptr_eq(sender, &self.sender);
        if running.get(&self.key).is_some_and(is_this) {
            running.remove(&self.key);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.remove(&mut lock(&self.running));
    }
}

/// What lately took more than the limits allow, the latest last.
#[derive(Default)]
struct Failed(VecDeque<(Instant, CompileKey, Error)>);

impl Failed {
    /// How long a failure stands for the next attempt.
    const AGE: Duration = Duration::from_secs(60);
    /// How many failures are remembered.
    const COUNT: usize = 1_024;

    fn note(&mut self, key: &CompileKey, error: &Error, now: Instant) {
        if matches!(error, Error::CompileLimit(_)) {
            self.0.push_back((now, key.clone(), error.clone()));
        }
        if self.0.len() > Self::COUNT {
            self.0.pop_front();
        }
    }

    fn find(&mut self, key: &CompileKey, now: Instant) -> Option<Error> {
        self.0
            .retain(|(then, ..)| now.duration_since(*then) < Self::AGE);
        let known = self.0.iter().find(|(_, failed, _)| failed == key);
        known.map(|(.., error)| error.clone())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use artifact_embed::EngineConfig;

    use super::*;

    #[test]
    fn the_same_bytes_are_compiled_once_at_a_time() {
        let loader = Loader::new(&EngineConfig::default()).unwrap();
        let host = Host::builder().build(loader.engine()).unwrap();
        let compiler = Compilations::new(Compiler::InProcess, CompileLimits::default());
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(1)
            .build()
            .unwrap();
        tokio.block_on(async {
            // The only thread for blocking work is busy, so that nothing is compiled before all
            // asked.
            let (release, held) = std::sync::mpsc::channel::<()>();
            let holding = tokio::task::spawn_blocking(move || held.recv());
            let ask = |bytes: &[u8]| {
                compiler
                    .join(loader.compile_key(bytes), &loader, &host, bytes.to_vec())
                    .unwrap()
            };
            let (mut first, second, other) = (ask(b"one"), ask(b"one"), ask(b"other"));
            assert!(first.same_channel(&second) && !first.same_channel(&other));
            // It goes on for those who still wait.
            drop(second);
            drop(release);
            holding.await.unwrap().unwrap_err();
            assert!(
                first
                    .wait_for(Option::is_some)
                    .await
                    .unwrap()
                    .as_ref()
                    .unwrap()
                    .is_err()
            );
            assert!(
                !ask(b"one").same_channel(&first),
                "a finished compilation is not joined"
            );
        });
        // Shut down with a compilation in progress or queued: its entry is gone.
        drop(tokio);
        assert!(compiler.running.lock().unwrap().is_empty());
    }

    #[test]
    fn what_exceeded_a_limit_is_known_for_a_minute() {
        let loader = Loader::new(&EngineConfig::default()).unwrap();
        let key = |number: usize| loader.compile_key(&number.to_le_bytes());
        let limit = Error::CompileLimit(CompileLimit::Memory(1));
        let (mut failed, then) = (Failed::default(), Instant::now());
        failed.note(&key(0), &limit, then);
        failed.note(&key(1), &Error::Stopped, then);
        let late = then + Failed::AGE;
        let before = late - Duration::from_nanos(1);
        assert!(matches!(
            failed.find(&key(0), before),
            Some(Error::CompileLimit(CompileLimit::Memory(1)))
        ));
        assert!(failed.find(&key(1), before).is_none(), "it is no limit");
        assert!(failed.find(&key(0), late).is_none(), "it is long ago");
        for number in 0..=Failed::COUNT {
            failed.note(&key(number), &limit, late);
        }
        assert!(failed.find(&key(0), late).is_none(), "there are too many");
        assert!(failed.find(&key(1), late).is_some());
    }
}
