//! One compilation for all tasks that ask for the same bytes at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use artifact_embed::{CompileKey, FileIdentity, Loaded, Loader};
use tokio::sync::watch;
use wit_wire_host::{Component, Host};

use crate::error::Error;

type Done = Option<Result<Component, Error>>;

type Running = Arc<Mutex<HashMap<CompileKey, watch::Receiver<Done>>>>;

/// The compilations in progress, by the key of what they compile.
#[derive(Clone, Default)]
pub(crate) struct Compiler {
    running: Running,
}

impl Compiler {
    /// Compiles `bytes`, read from `file`, on a thread for blocking work, or joins a compilation of
    /// the same bytes; then checks the component.
    ///
    /// Dropping the future stops the waiting. The compilation goes on, for other tasks that wait
    /// and for the cache.
    pub(crate) async fn component(
        &self,
        loader: &Loader,
        host: &Host,
        bytes: Vec<u8>,
        file: Option<FileIdentity>,
    ) -> Result<Component, Error> {
        let own = loader.clone();
        let hash = tokio::task::spawn_blocking(move || (own.compile_key(&bytes), bytes));
        let (key, bytes) = hash.await.map_err(|_| Error::Stopped)?;
        let mut done = self.join(key.clone(), loader, host, bytes);
        let component = match done.wait_for(Option::is_some).await {
            Ok(result) => result.clone().unwrap_or(Err(Error::Stopped)),
            Err(_) => Err(Error::Stopped),
        }?;
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
    ) -> watch::Receiver<Done> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(done) = running.get(&key) {
            return done.clone();
        }
        let (sender, done) = watch::channel(None);
        running.insert(key.clone(), done.clone());
        // A runtime that is shutting down drops the work at once, and its entry then takes the
        // lock.
        drop(running);
        let (loader, host) = (loader.clone(), host.clone());
        let entry = Entry {
            running: self.running.clone(),
            key,
        };
        tokio::task::spawn_blocking(move || {
            let result = loader.compile(&entry.key, &bytes).map_err(Error::from);
            let identified = |loaded: Loaded| {
                let component = host.component(&loaded.component)?;
                Ok(component.with_identity(entry.key.as_str()))
            };
            let result = result.and_then(identified);
            drop(entry);
            // All receivers may be gone.
            let _ = sender.send(Some(result));
        });
        done
    }
}

/// A compilation's entry among those in progress. Removed also when it panics or never begins.
struct Entry {
    running: Running,
    key: CompileKey,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
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
        let compiler = Compiler::default();
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
                compiler.join(loader.compile_key(bytes), &loader, &host, bytes.to_vec())
            };
            let (mut first, second, other) = (ask(b"one"), ask(b"one"), ask(b"other"));
            assert!(first.same_channel(&second) && !first.same_channel(&other));
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
}
