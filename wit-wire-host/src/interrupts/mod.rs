//! How running guests are made to look up.
//!
//! A guest's code loads a [`Flag`] at each function entry and loop header, and asks the host what to
//! do where it is set. The [`Ticker`] sets the flags of guests that have run for about a tick since
//! their poll began; so short ones never meet one. This floor knows addresses and clocks, and never
//! a store, a meter or a limit.

mod flag;
mod guest;
mod ticker;

pub(crate) use flag::Flag;
pub(crate) use guest::Guest;
pub(crate) use ticker::{Registration, Ticker};

#[cfg(test)]
mod tests;
