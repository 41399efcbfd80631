//! Threads of the host's own for guests that compute for long, so that the threads of the
//! embedder's runtime do not wait for them.
//!
//! A [`Run`] is polled where its caller polls, as long as it is short or waits. Once it has
//! computed for a few ticks without waiting, its future moves to a [thread](threads) that
//! only computes, with as many others as there are, each for a tick in turn. As soon as it waits,
//! it moves back. So hostcalls, which are the embedder's code, are always polled on the caller's
//! task, with its task-locals; and a short call never sees another thread.
//!
//! This floor knows futures and their meters, and never a guest.

mod job;
mod run;
mod threads;

pub(crate) use run::Run;
