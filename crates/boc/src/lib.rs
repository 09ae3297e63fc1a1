//! Behavior-oriented concurrency: data lives in *cowns*, and work on it is scheduled as *behaviors*.
//!
//! A [`Cown`] (a concurrent owner) owns a value. A behavior names the cowns that it needs and runs once it holds all of
//! them. There are no locks, so there is no wrong order of locks, and no deadlock. Behaviors that share a cown run one
//! after the other, in the order in which they were scheduled; those that don't run in parallel.
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
//! - [`Cown`], [`read`]: what a behavior can ask for. [`when`] schedules from within a behavior. [`Promise`]: the outcome
//!   of a behavior.
//! - [`Scope`]: a count of some of the behaviors, for waiting for them alone.
//! - [`Claims`], [`Body`], [`Runtime::schedule`]: the same without guards, for language bindings. [`Placement`]: where a
//!   body runs; [`Runtime::pump`]: runs bodies on a thread of the program.
//! - [`Mailboxes`], [`Noticeboard`]: two ways to share without owning. Messages go to one receiver each; anybody may look at
//!   the noticeboard.
//! - [`Events`]: events of the scheduler, for tracing. [`Builder::seed`]: an order of behaviors that can be run again,
//!   for tests.
//!
//! # Layers
//!
//! Each module uses only those above it in this list.
//!
//! | layer | modules | what it knows |
//! |---|---|---|
//! | memory, primitives | `sync`, `pool` | atomics (loom's in models); recycled blocks |
//! | sharing | `mailboxes`, `noticeboard` | values that pass from thread to thread without a cown |
//! | job | `job` | a block that waits for grants and can then be run |
//! | queue | `queue`, `cown_core`, `waiting` | requests in line for a cown, who keeps it alive; looking at lines |
//! | cown | `cown` | a value behind a queue |
//! | scheduler | `scheduler`, `hold` | which thread runs what; cowns taken outside behaviors |
//! | behavior | `cowns`, `claims`, `behavior`, `outcome` | naming cowns; body, requests and result in one block |
//! | runtime | `schedule`, `scope`, `host`, `builder`, `runtime` | workers, their start and end; scopes; what programs call |

mod behavior;
mod builder;
mod claims;
mod cown;
mod cown_core;
mod cowns;
mod hold;
mod host;
mod job;
mod mailboxes;
mod noticeboard;
mod outcome;
mod pool;
mod queue;
mod runtime;
mod schedule;
mod scheduler;
mod scope;
mod sync;
mod waiting;

#[cfg(all(test, loom))]
mod models;

/// The README's program is one of the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use behavior::{Body, Rest};
pub use builder::{Builder, StartError};
pub use claims::{Claimed, Claims, ClaimsShape};
pub use cown::{Cown, WeakCown};
pub use cowns::{Cowns, Read, ReadGuard, Shape, WriteGuard, read};
pub use hold::CownGuard;
pub use host::{Host, Worker};
pub use job::Placement;
pub use mailboxes::{Mailbox, Mailboxes, Message, receive, try_receive};
pub use noticeboard::{
    Begin, Change, Entries, Look, Mutator, Noticeboard, Snapshot, Ticket, Update, Updated,
};
pub use outcome::{Outcome, Panic, Promise};
pub use queue::Mode;
pub use runtime::{PumpError, Runtime};
pub use schedule::{Refused, background, schedule, try_schedule_new, when};
pub use scheduler::{Event, Events, Stats, current_worker};
pub use scope::Scope;
pub use waiting::Waiting;
