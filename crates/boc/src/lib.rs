//! Behavior-oriented concurrency: data lives in *cowns*, and work on it is scheduled as *behaviors*.
//!
//! A [`Cown`] (a concurrent owner) owns a value. A behavior names the cowns that it needs and runs once it holds all of
//! them. There are no locks, so there is no order of locks to get wrong: deadlock can't happen. Behaviors that share a
//! cown run one after the other, in the order in which they were scheduled; those that don't run in parallel.
//!
//! ```
//! use boc::{Cown, Runtime, read};
//!
//! let runtime = Runtime::new(2)?;
//! let (ada, bob) = (Cown::new(100), Cown::new(0));
//! let fee = Cown::new(1);
//!
//! runtime.when((&ada, &bob, read(&fee)), |(mut ada, mut bob, fee)| {
//!     *ada -= 30 + *fee;
//!     *bob += 30;
//! });
//! runtime.when([&ada, &bob], |both| assert_eq!(both.iter().map(|account| **account).sum::<i32>(), 99));
//! runtime.wait();
//! # Ok::<(), boc::StartError>(())
//! ```
//!
//! The idea and the algorithm are those of Cheeseman et al., "When Concurrency Matters: Behaviour-Oriented Concurrency",
//! OOPSLA 2023.
//!
//! # Parts
//!
//! - [`Runtime`]: workers, and the scheduler that feeds them. A [`Host`] puts an environment around each worker.
//! - [`Cown`], [`read`]: what a behavior can ask for. [`when`] schedules from within a behavior.
//! - [`Scope`]: a count of behaviors that can be waited for apart from the rest.
//! - [`Claims`], [`Body`], [`Runtime::schedule`]: the same without guards, for language bindings.

mod behavior;
mod claims;
mod cown;
mod cowns;
mod hold;
mod idle;
mod inbox;
mod phase;
mod queue;
mod requests;
mod runtime;
mod scheduler;
mod scope;
mod stats;
mod sync;

#[cfg(all(test, loom))]
mod models;

/// The README's program is one of the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use behavior::Body;
pub use claims::Claims;
pub use cown::{Cown, CownGuard, WeakCown};
pub use cowns::{Cowns, Held, Outcome, Read, ReadGuard, WriteGuard, read};
pub use queue::Mode;
pub use runtime::{Builder, Host, Runtime, Scope, Seat, StartError, chore, schedule, when};
pub use scheduler::current_worker;
pub use stats::Stats;
