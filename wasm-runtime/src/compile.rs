//! One compilation for all who ask for the same bytes at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use artifact_embed::Loader;
use tokio::sync::watch;
use wit_wire_host::{Component, Host};

use crate::error::Error;

type Done = Option<Result<Component, Error>>;

/// The compilations under way, by the digest of what they compile.
#[derive(Clone, Default)]
pub(crate) struct Compiler {
    running: Arc<Mutex<HashMap<blake3::Hash, watch::Receiver<Done>>>>,
}

impl Compiler {
    /// Compiles `bytes` on a thread for blocking work, unless that is under way already, and checks the component.
    ///
    /// What dropping the future stops is the waiting. The compilation goes on, for whoever else waits and for the cache.
    pub(crate) async fn component(
        &self,
        loader: &Loader,
        host: &Host,
        bytes: Vec<u8>,
    ) -> Result<Component, Error> {
        let (digest, bytes) = tokio::task::spawn_blocking(move || (blake3::hash(&bytes), bytes))
            .await
            .map_err(|_| Error::Stopped)?;
        let mut done = self.join(digest, loader, host, bytes);
        match done.wait_for(Option::is_some).await {
            Ok(result) => result.clone().unwrap_or(Err(Error::Stopped)),
            Err(_) => Err(Error::Stopped),
        }
    }

    fn join(
        &self,
        digest: blake3::Hash,
        loader: &Loader,
        host: &Host,
        bytes: Vec<u8>,
    ) -> watch::Receiver<Done> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(done) = running.get(&digest) {
            return done.clone();
        }
        let (sender, done) = watch::channel(None);
        running.insert(digest, done.clone());
        let (loader, host, running) = (loader.clone(), host.clone(), self.running.clone());
        tokio::task::spawn_blocking(move || {
            let result = loader.compile(&bytes).map_err(Error::from);
            let result = result.and_then(|loaded| Ok(host.component(&loaded.component)?));
            running
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&digest);
            // Nobody may wait any more.
            let _ = sender.send(Some(result));
        });
        done
    }
}
