//! A noticeboard: values by key, which any thread can read and change without owning them.
//!
//! Changes are applied one after the other, in the order in which they were posted. An update computes the new value from
//! the old one, which may take time and must not be interrupted by another change. So it is not done under the lock, but by
//! the *mutator*, of which there is one at a time, and which then applies all changes that were posted meanwhile. Whoever
//! wants to update can post the update, to be computed by any mutator, or become the mutator and compute it. Other changes
//! need nobody, and are applied as they are posted, unless there is a mutator.
//!
//! Readers look at a copy of the entries, which never changes. The first one who looks after a change makes it, for all; the
//! next change takes it away. So to look at a board that nobody changes takes no lock, and not even a count of references
//! that other cores would have to hear of. And what is no longer on the board lives only as long as somebody looks at it.

use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, Parker, Unparker, lock, park_until};
use arc_swap::{ArcSwapOption, Guard};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

/// Values by key, which any thread can read and change. `U` is an update: what to compute a new value by.
///
/// ```
/// use boc::{Change, Noticeboard, Updated};
/// use std::sync::Arc;
///
/// let board = Arc::new(Noticeboard::<i32, fn(i32) -> i32>::new());
/// board.post("total", Change::Set(20));
/// let (_, mutator) = board.post("total", Change::Update(|total| total + 1));
/// let mut mutator = mutator.expect("nobody else changes the board");
/// while let Some(update) = mutator.next() {
///     let total = update.old.as_deref().copied().unwrap_or(0);
///     mutator.finish(Updated::Set((update.by)(total)));
/// }
/// assert_eq!(board.look().get("total"), Some(&21));
/// ```
pub struct Noticeboard<V, U> {
    state: Mutex<State<V, U>>,
    /// Counts the changes of the entries, from a number that is this board's alone: so a version tells boards apart, too.
    version: AtomicU64,
    /// A copy of the entries for readers. Changed only under the lock.
    copy: ArcSwapOption<Entries<V>>,
}

struct State<V, U> {
    entries: Table<V>,
    /// What is to be done when the mutator gets to it.
    queue: VecDeque<(Arc<str>, Change<V, U>)>,
    /// Whether there is a mutator.
    busy: bool,
    posted: u64,
    applied: u64,
    /// Those who wait until that many changes are applied.
    waiting: Vec<(u64, Unparker)>,
    /// Those who wait until there is no mutator.
    turns: Vec<Unparker>,
}

type Table<V> = BTreeMap<Arc<str>, Entry<V>>;

struct Entry<V> {
    value: Arc<V>,
    /// The version in which it got that value.
    since: u64,
}

impl<V> Clone for Entry<V> {
    fn clone(&self) -> Self {
        Entry { value: self.value.clone(), since: self.since }
    }
}

/// What to do to an entry.
pub enum Change<V, U> {
    /// To give it that value.
    Set(V),
    /// To take it off.
    Remove,
    /// To compute a new value from the old one.
    Update(U),
}

/// What comes of trying to become the mutator.
pub enum Begin<V, U> {
    /// The caller is the mutator, and has begun its update of the value that the entry has.
    Now(Mutator<V, U>, Option<Arc<V>>),
    /// The caller is the mutator, but other changes come first.
    After(Mutator<V, U>),
    /// Another is the mutator.
    Later,
}

/// What an update has come to.
pub enum Updated<V> {
    /// The entry has that value.
    Set(V),
    /// It is taken off.
    Remove,
    /// It stays as it is.
    Keep,
}

/// The number of a change among all that were posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// The entries as they were at some time.
pub struct Entries<V> {
    table: Table<V>,
    version: u64,
}

/// The entries as they were at some time, to be kept.
pub struct Snapshot<V>(Arc<Entries<V>>);

/// The same to look at for a while: made faster, and for this thread only.
pub struct Look<V>(Guard<Option<Arc<Entries<V>>>>);

/// The one that applies the changes which are in line. There is one at most; when it is dropped there is none.
pub struct Mutator<V, U> {
    board: Arc<Noticeboard<V, U>>,
    /// The key of the update that has been begun.
    begun: Option<Arc<str>>,
    is_over: bool,
}

/// An update that is to be computed.
pub struct Update<V, U> {
    /// The key of the entry.
    pub key: Arc<str>,
    /// Its value, if it is there.
    pub old: Option<Arc<V>>,
    /// What to compute the new one by.
    pub by: U,
}

impl<V, U> Default for Noticeboard<V, U> {
    fn default() -> Self {
        Noticeboard::new()
    }
}

impl<V, U> Noticeboard<V, U> {
    /// A board with no entries.
    pub fn new() -> Self {
        let state = State {
            entries: Table::new(),
            queue: VecDeque::new(),
            busy: false,
            posted: 0,
            applied: 0,
            waiting: Vec::new(),
            turns: Vec::new(),
        };
        /// So many changes until a board would come to the versions of the next one: years of them.
        const CHANGES: u64 = 1 << 40;
        static BOARDS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let first = BOARDS.fetch_add(1, Ordering::Relaxed) * CHANGES;
        Noticeboard { state: Mutex::new(state), version: AtomicU64::new(first), copy: ArcSwapOption::empty() }
    }

    /// Posts a change. If that makes the caller the mutator, it has to apply it.
    pub fn post(self: &Arc<Self>, key: &str, change: Change<V, U>) -> (Ticket, Option<Mutator<V, U>>) {
        let mut state = lock(&self.state);
        state.posted += 1;
        let ticket = Ticket(state.posted);
        let change = match change {
            Change::Update(_) => change,
            _ if state.busy || !state.queue.is_empty() => change,
            change => {
                self.apply(state, key, change);
                return (ticket, None);
            }
        };
        state.queue.push_back((key.into(), change));
        (ticket, self.take_over(&mut state))
    }

    /// The ticket of the last change that was posted.
    pub fn last(&self) -> Ticket {
        Ticket(lock(&self.state).posted)
    }

    /// Becomes the mutator, if there is none and something is in line.
    pub fn mutator(self: &Arc<Self>) -> Option<Mutator<V, U>> {
        self.take_over(&mut lock(&self.state))
    }

    /// Becomes the mutator, with an update of that entry begun.
    pub fn begin(self: &Arc<Self>, key: &str) -> Begin<V, U> {
        let mut state = lock(&self.state);
        if let Some(mutator) = self.take_over(&mut state) {
            return Begin::After(mutator);
        }
        if state.busy {
            return Begin::Later;
        }
        state.busy = true;
        state.posted += 1;
        let old = value(&state.entries, key);
        Begin::Now(Mutator { board: self.clone(), begun: Some(key.into()), is_over: false }, old)
    }

    /// Waits until there is no mutator. Blocks as long as `patience` says: it is asked how long to sleep before it is asked
    /// again. False if it says `None` before.
    pub fn wait_for_turn(&self, patience: impl FnMut() -> Option<Duration>) -> bool {
        let parker = Parker::new();
        let is_free = || {
            let mut state = lock(&self.state);
            if state.busy {
                state.turns.push(parker.unparker().clone());
            }
            !state.busy
        };
        park_until(&parker, is_free, patience)
    }

    fn take_over(self: &Arc<Self>, state: &mut State<V, U>) -> Option<Mutator<V, U>> {
        if state.busy || state.queue.is_empty() {
            return None;
        }
        state.busy = true;
        Some(Mutator { board: self.clone(), begun: None, is_over: false })
    }

    /// Waits until the change of that ticket, and all before it, are applied. Blocks as long as `patience` says: it is asked
    /// how long to sleep before it is asked again. False if it says `None` before.
    pub fn wait(&self, ticket: Ticket, patience: impl FnMut() -> Option<Duration>) -> bool {
        let parker = Parker::new();
        {
            let mut state = lock(&self.state);
            if state.applied >= ticket.0 {
                return true;
            }
            state.waiting.push((ticket.0, parker.unparker().clone()));
        }
        park_until(&parker, || lock(&self.state).applied >= ticket.0, patience)
    }

    /// Whether all changes that were posted are applied.
    pub fn is_settled(&self) -> bool {
        let state = lock(&self.state);
        state.applied == state.posted
    }

    /// Which entries there are now.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// The entries as they are now, to look at.
    #[inline]
    pub fn look(&self) -> Look<V> {
        let copy = self.copy.load();
        match copy.as_ref() {
            Some(entries) if entries.version == self.version() => Look(copy),
            _ => self.look_anew(),
        }
    }

    /// The entries as they are now, to be kept.
    pub fn snapshot(&self) -> Snapshot<V> {
        self.look().snapshot()
    }

    #[cold]
    fn look_anew(&self) -> Look<V> {
        let state = lock(&self.state);
        if self.copy.load().is_none() {
            let copy = Entries { table: state.entries.clone(), version: self.version() };
            self.copy.store(Some(Arc::new(copy)));
        }
        Look(self.copy.load())
    }

    /// Takes all entries off, and gives them.
    pub fn clear(&self) -> Snapshot<V> {
        let mut state = lock(&self.state);
        let before = Entries { table: std::mem::take(&mut state.entries), version: self.version() };
        let copy = self.changed();
        drop(state);
        drop(copy);
        Snapshot(Arc::new(before))
    }

    /// The entries have changed, under the lock: what readers look at is not what they are. Gives that copy, to be dropped
    /// without the lock.
    #[must_use]
    fn changed(&self) -> Option<Arc<Entries<V>>> {
        self.version.fetch_add(1, Ordering::Release);
        // Most often there is none, and to see that takes less than to swap.
        if self.copy.load().is_none() { None } else { self.copy.swap(None) }
    }

    /// Applies a change that is no update, and unlocks the board.
    fn apply(&self, mut state: MutexGuard<'_, State<V, U>>, key: &str, change: Change<V, U>) {
        let before = match change {
            Change::Set(value) => {
                let entry = Entry { value: Arc::new(value), since: self.version() + 1 };
                match state.entries.get_mut(key) {
                    Some(place) => Some(std::mem::replace(place, entry)),
                    None => state.entries.insert(key.into(), entry),
                }
            }
            _ => state.entries.remove(key),
        };
        let copy = self.changed();
        self.count(state);
        drop((copy, before));
    }

    /// One change more is applied. Unlocks the board.
    fn count(&self, mut state: MutexGuard<'_, State<V, U>>) {
        state.applied += 1;
        let applied = state.applied;
        let awake: Vec<_> = state.waiting.extract_if(.., |(ticket, _)| *ticket <= applied).collect();
        drop(state);
        awake.iter().for_each(|(_, waiter)| waiter.unpark());
    }
}

impl<V, U> Mutator<V, U> {
    /// The next update that is to be computed, to be finished by [`Mutator::finish`]; other changes are applied. `None`: there
    /// is nothing in line any more, and the caller is not the mutator any more.
    #[expect(clippy::should_implement_trait, reason = "an iterator could go on after `None`")]
    pub fn next(&mut self) -> Option<Update<V, U>> {
        debug_assert!(self.begun.is_none());
        loop {
            let mut state = lock(&self.board.state);
            let Some((key, change)) = state.queue.pop_front() else {
                self.is_over = true;
                step_down(state);
                return None;
            };
            match change {
                Change::Update(by) => {
                    let old = value(&state.entries, &key);
                    self.begun = Some(key.clone());
                    return Some(Update { key, old, by });
                }
                change => self.board.apply(state, &key, change),
            }
        }
    }

    /// Finishes the update that was begun.
    pub fn finish(&mut self, updated: Updated<V>) {
        let Some(key) = self.begun.take() else { return };
        let state = lock(&self.board.state);
        match updated {
            Updated::Set(value) => self.board.apply(state, &key, Change::Set(value)),
            Updated::Remove => self.board.apply(state, &key, Change::Remove),
            Updated::Keep => self.board.count(state),
        }
    }
}

impl<V, U> Drop for Mutator<V, U> {
    fn drop(&mut self) {
        if !self.is_over {
            self.finish(Updated::Keep);
            step_down(lock(&self.board.state));
        }
    }
}

/// There is no mutator any more. All who wait for that are woken, as the first of them may have given up.
fn step_down<V, U>(mut state: MutexGuard<'_, State<V, U>>) {
    state.busy = false;
    let waiting = std::mem::take(&mut state.turns);
    drop(state);
    waiting.iter().for_each(Unparker::unpark);
}

fn value<V>(table: &Table<V>, key: &str) -> Option<Arc<V>> {
    table.get(key).map(|entry| entry.value.clone())
}

impl<V> Entries<V> {
    /// The value of an entry.
    pub fn get(&self, key: &str) -> Option<&V> {
        self.get_since(key).map(|(value, _)| value)
    }

    /// The same with the version in which the entry got it: as long as that is the same, so is the value.
    pub fn get_since(&self, key: &str) -> Option<(&V, u64)> {
        self.table.get(key).map(|entry| (&*entry.value, entry.since))
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.table.keys().map(|key| &**key)
    }

    /// Which entries these are: as long as the board says the same, they have not changed. No two boards have the same.
    pub fn version(&self) -> u64 {
        self.version
    }
}

impl<V> Deref for Snapshot<V> {
    type Target = Entries<V>;
    fn deref(&self) -> &Entries<V> {
        &self.0
    }
}

impl<V> Clone for Snapshot<V> {
    fn clone(&self) -> Self {
        Snapshot(self.0.clone())
    }
}

impl<V> Look<V> {
    /// The same entries, to be kept.
    pub fn snapshot(&self) -> Snapshot<V> {
        Snapshot(self.0.as_ref().expect("made of some").clone())
    }
}

impl<V> Deref for Look<V> {
    type Target = Entries<V>;
    #[inline]
    fn deref(&self) -> &Entries<V> {
        self.0.as_ref().expect("made of some")
    }
}
