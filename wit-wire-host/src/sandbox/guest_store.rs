//! A store, and what makes its guest look up.

use std::future::Future;
use std::ops::{Deref, DerefMut};

use wasmtime::Store;

use super::StoreState;
use crate::interrupts::Registration;

/// A store whose guest looks up while it is driven.
pub(crate) struct GuestStore {
    /// Dropped first: the ticker's thread may write to the store's memories as long as it exists.
    registration: Registration,
    store: Store<StoreState>,
}

impl GuestStore {
    pub(super) fn new(registration: Registration, store: Store<StoreState>) -> Self {
        Self {
            registration,
            store,
        }
    }

    /// Drives guest code of the store.
    pub(crate) async fn drive<'s, F>(
        &'s mut self,
        run: impl FnOnce(&'s mut Store<StoreState>) -> F,
    ) -> F::Output
    where
        F: Future,
    {
        let run = run(&mut self.store);
        self.registration.drive(run).await
    }

    /// The store of a guest that never runs again.
    pub(crate) fn into_store(self) -> Store<StoreState> {
        drop(self.registration);
        self.store
    }
}

impl Deref for GuestStore {
    type Target = Store<StoreState>;

    fn deref(&self) -> &Self::Target {
        &self.store
    }
}

impl DerefMut for GuestStore {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.store
    }
}
