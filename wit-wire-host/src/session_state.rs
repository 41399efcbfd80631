//! What the calls of a session left, and whose turn it is.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::memory::Image;
use crate::shared::SharedInstance;

/// The state of one session.
#[derive(Default)]
pub(crate) struct SessionState {
    left: Mutex<Left>,
    /// Held by the call that runs.
    turns: Arc<tokio::sync::Mutex<()>>,
    /// Instead, if the state of the program's instances is not all in memory.
    live: SharedInstance,
}

/// What earlier calls left.
#[derive(Clone, Default)]
struct Left {
    /// As a difference to the state of the program, which it is without.
    state: Option<Arc<Image>>,
    /// Whether others may have the same.
    is_copy: bool,
}

impl SessionState {
    /// The session's next turn, in the order in which they are asked for.
    pub(crate) async fn turn(self: &Arc<Self>) -> Turn {
        Turn {
            session: self.clone(),
            _turn: self.turns.clone().lock_owned().await,
        }
    }

    /// Another session in the same state.
    pub(crate) fn fork(&self) -> Self {
        let left = self.with_left(|left| left.clone());
        Self {
            left: Mutex::new(Left {
                is_copy: true,
                ..left
            }),
            ..Self::default()
        }
    }

    pub(crate) fn state(&self) -> Option<Arc<Image>> {
        self.with_left(|left| left.state.clone())
    }

    pub(crate) fn live(&self) -> &SharedInstance {
        &self.live
    }

    fn with_left<T>(&self, act: impl FnOnce(&mut Left) -> T) -> T {
        act(&mut self.left.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A call's turn.
pub(crate) struct Turn {
    session: Arc<SessionState>,
    _turn: OwnedMutexGuard<()>,
}

impl Turn {
    /// The state to begin with, and whether others may have the same.
    pub(crate) fn state(&self) -> (Option<Arc<Image>>, bool) {
        let left = self.session.with_left(|left| left.clone());
        (left.state, left.is_copy)
    }

    /// Nothing is left.
    pub(crate) async fn reset(self) {
        self.leave(Left::default());
        self.session.live.lock().await.clear();
    }

    fn leave(&self, left: Left) {
        let before = self.session.with_left(|own| std::mem::replace(own, left));
        // Not under the lock: that may take long.
        drop(before);
    }
}

/// What a call has left, which is the session's state once the call is over: with all that may
/// still fail. Until then it has its turn.
pub(crate) struct LeftByCall {
    pub(crate) turn: Turn,
    pub(crate) state: Arc<Image>,
}

impl LeftByCall {
    pub(crate) fn keep(self) {
        self.turn.leave(Left {
            state: Some(self.state),
            is_copy: false,
        });
    }
}
