//! Messages: queues by tag, which any thread can put messages into and take them from.
//!
//! A message goes straight to a receiver that waits for its tag, if there is one. Otherwise it waits in its mailbox. So a
//! mailbox has messages or receivers in line, never both, and a message is in one place at any time: in a mailbox, with a
//! sender that waits for room, or with one receiver.
//!
//! Locks are taken in this order: a mailbox's, then that of one waiting receiver or sender. Nobody sleeps, and nothing is
//! dropped, under a lock.

use crate::sync::{AtomicU64, Mutex, Ordering, Parker, Unparker, lock, park_until};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Mailboxes by tag. There can be any number of tags: mailboxes that are empty, and that nobody has a handle of, are
/// forgotten.
///
/// ```
/// let mailboxes = boc::Mailboxes::new();
/// let (stop, jobs) = (mailboxes.get("stop"), mailboxes.get("jobs"));
/// jobs.try_send("first").unwrap();
/// jobs.try_send("second").unwrap();
/// let message = boc::receive(&[stop, jobs], || None).unwrap();
/// assert_eq!((message.place, message.value), (1, "first"));
/// ```
pub struct Mailboxes<V> {
    table: Mutex<Table<V>>,
    clock: Arc<AtomicU64>,
}

struct Table<V> {
    by_tag: HashMap<Box<str>, Mailbox<V>>,
    /// With that many, those without a use are looked for.
    limit: usize,
}

/// One mailbox. Clones refer to the same one.
pub struct Mailbox<V>(Arc<Inner<V>>);

struct Inner<V> {
    /// Numbers the messages of all mailboxes, so that a receiver can tell which came first.
    clock: Arc<AtomicU64>,
    state: Mutex<State<V>>,
}

struct State<V> {
    messages: VecDeque<(u64, V)>,
    /// With the place of this mailbox among those that each of them waits at.
    receivers: VecDeque<(usize, Arc<Receiver<V>>)>,
    senders: VecDeque<Arc<Sender<V>>>,
    bound: usize,
}

/// A receiver that waits at some mailboxes.
struct Receiver<V> {
    offer: Mutex<Offer<V>>,
    unparker: Unparker,
}

enum Offer<V> {
    Open,
    Given(Message<V>),
    /// It wants nothing any more.
    Closed,
}

/// A sender that waits for room. `None`: its message is in the mailbox now.
struct Sender<V> {
    message: Mutex<Option<V>>,
    unparker: Unparker,
}

/// A message that was received.
#[derive(Debug)]
pub struct Message<V> {
    /// The place of its mailbox among those that were asked.
    pub place: usize,
    /// What was sent.
    pub value: V,
    stamp: u64,
}

impl<V> Default for Mailboxes<V> {
    fn default() -> Self {
        Mailboxes::new()
    }
}

impl<V> Mailboxes<V> {
    /// No mailboxes yet.
    pub fn new() -> Self {
        let table = Table { by_tag: HashMap::new(), limit: 64 };
        Mailboxes { table: Mutex::new(table), clock: Arc::new(AtomicU64::new(0)) }
    }

    /// The mailbox of that tag.
    pub fn get(&self, tag: &str) -> Mailbox<V> {
        let mut table = lock(&self.table);
        if let Some(known) = table.by_tag.get(tag) {
            return known.clone();
        }
        if table.by_tag.len() >= table.limit {
            table.by_tag.retain(|_, mailbox| mailbox.is_used());
            table.limit = 2 * table.by_tag.len() + 64;
        }
        let state = State {
            messages: VecDeque::new(),
            receivers: VecDeque::new(),
            senders: VecDeque::new(),
            bound: usize::MAX,
        };
        let mailbox = Mailbox(Arc::new(Inner { clock: self.clock.clone(), state: Mutex::new(state) }));
        table.by_tag.insert(tag.into(), mailbox.clone());
        mailbox
    }

    /// Empties all mailboxes, and takes their bounds off. Senders that wait for room put their messages in then; receivers
    /// go on waiting. Gives the messages, to be dropped.
    pub fn clear(&self) -> Vec<V> {
        let all: Vec<_> = lock(&self.table).by_tag.values().cloned().collect();
        let mut messages = Vec::new();
        for mailbox in all {
            messages.extend(mailbox.drain());
            mailbox.set_bound(usize::MAX);
        }
        messages
    }
}

impl<V> Mailbox<V> {
    /// Puts a message in. While there is no room for it this blocks, as long as `patience` says: it is asked how long to
    /// sleep before it is asked again. If it says `None`, the message comes back.
    pub fn send(&self, value: V, patience: impl FnMut() -> Option<Duration>) -> Result<(), V> {
        let value = match self.try_send(value) {
            Ok(()) => return Ok(()),
            Err(value) => value,
        };
        let parker = Parker::new();
        let message = Mutex::new(Some(value));
        let sender = Arc::new(Sender { message, unparker: parker.unparker().clone() });
        {
            let mut state = lock(&self.0.state);
            state.senders.push_back(sender.clone());
            // There may be room by now, or somebody who takes it.
            self.let_senders_in(&mut state);
        }
        park_until(&parker, || lock(&sender.message).is_none(), patience);
        let value = lock(&sender.message).take();
        lock(&self.0.state).senders.retain(|other| !Arc::ptr_eq(other, &sender));
        value.map_or(Ok(()), Err)
    }

    /// Puts a message in, or gives it back if there is no room.
    pub fn try_send(&self, value: V) -> Result<(), V> {
        let mut state = lock(&self.0.state);
        if state.messages.len() >= state.bound {
            return Err(value);
        }
        let stamp = self.stamp();
        let taker = state.put(Message { place: 0, value, stamp }, false);
        drop(state);
        wake(taker);
        Ok(())
    }

    /// Puts a message back that was received but could not be used: it is the next one again.
    pub fn put_back(&self, message: Message<V>) {
        let taker = lock(&self.0.state).put(message, true);
        wake(taker);
    }

    /// Takes the next message, if there is one.
    pub fn try_receive(&self) -> Option<Message<V>> {
        self.take(0, &mut lock(&self.0.state))
    }

    /// Takes all messages.
    pub fn drain(&self) -> Vec<V> {
        let mut state = lock(&self.0.state);
        let messages = std::mem::take(&mut state.messages);
        self.let_senders_in(&mut state);
        drop(state);
        messages.into_iter().map(|(_, value)| value).collect()
    }

    /// How many messages may wait here before senders have to. Those that wait already stay.
    pub fn set_bound(&self, bound: usize) {
        let mut state = lock(&self.0.state);
        state.bound = bound.max(1);
        self.let_senders_in(&mut state);
    }

    /// How many messages wait here.
    pub fn len(&self) -> usize {
        lock(&self.0.state).messages.len()
    }

    /// Whether no message waits here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn is_used(&self) -> bool {
        let state = lock(&self.0.state);
        Arc::strong_count(&self.0) > 1 || !state.messages.is_empty() || state.bound != usize::MAX
    }

    fn stamp(&self) -> u64 {
        self.0.clock.fetch_add(1, Ordering::Relaxed)
    }

    fn take(&self, place: usize, state: &mut State<V>) -> Option<Message<V>> {
        let (stamp, value) = state.messages.pop_front()?;
        if !state.senders.is_empty() {
            self.let_senders_in(state);
        }
        Some(Message { place, value, stamp })
    }

    /// Takes messages from senders that wait, in their order, as long as there is room.
    fn let_senders_in(&self, state: &mut State<V>) {
        while state.messages.len() < state.bound {
            let Some(sender) = state.senders.pop_front() else { return };
            // It may have given up.
            let Some(value) = lock(&sender.message).take() else { continue };
            let taker = state.put(Message { place: 0, value, stamp: self.stamp() }, false);
            wake(taker);
            sender.unparker.unpark();
        }
    }
}

impl<V> State<V> {
    /// Gives a message to the first receiver that wants it, to be woken; or else puts it in line, at either end.
    fn put(&mut self, mut message: Message<V>, first: bool) -> Option<Arc<Receiver<V>>> {
        while let Some((place, receiver)) = self.receivers.pop_front() {
            message.place = place;
            let mut offer = lock(&receiver.offer);
            if matches!(*offer, Offer::Open) {
                *offer = Offer::Given(message);
                drop(offer);
                return Some(receiver);
            }
        }
        let entry = (message.stamp, message.value);
        if first {
            // Others may have been put back meanwhile.
            let place = self.messages.partition_point(|(stamp, _)| *stamp < entry.0);
            self.messages.insert(place, entry);
        } else {
            self.messages.push_back(entry);
        }
        None
    }
}

fn wake<V>(receiver: Option<Arc<Receiver<V>>>) {
    if let Some(receiver) = receiver {
        receiver.unparker.unpark();
    }
}

/// Takes the message that came first to any of these mailboxes. While there is none this blocks, as long as `patience`
/// says: it is asked how long to sleep before it is asked again. If it says `None`, there is no message.
pub fn receive<V>(
    mailboxes: &[Mailbox<V>],
    patience: impl FnMut() -> Option<Duration>,
) -> Option<Message<V>> {
    if let Some(message) = try_receive(mailboxes) {
        return Some(message);
    }
    let parker = Parker::new();
    let receiver = Arc::new(Receiver { offer: Mutex::new(Offer::Open), unparker: parker.unparker().clone() });
    for (place, mailbox) in mailboxes.iter().enumerate() {
        let mut state = lock(&mailbox.0.state);
        if state.messages.is_empty() {
            state.receivers.push_back((place, receiver.clone()));
            continue;
        }
        // It has come since we looked. Another may have been given to us meanwhile.
        if receiver.close() {
            let message = mailbox.take(place, &mut state);
            drop(state);
            receiver.leave(&mailboxes[..place]);
            return message;
        }
        break;
    }
    let is_given = || !matches!(*lock(&receiver.offer), Offer::Open);
    park_until(&parker, is_given, patience);
    let offer = std::mem::replace(&mut *lock(&receiver.offer), Offer::Closed);
    receiver.leave(mailboxes);
    match offer {
        Offer::Given(message) => Some(message),
        Offer::Open | Offer::Closed => None,
    }
}

/// The same without waiting.
pub fn try_receive<V>(mailboxes: &[Mailbox<V>]) -> Option<Message<V>> {
    if let [mailbox] = mailboxes {
        return mailbox.try_receive();
    }
    loop {
        let stamp = |mailbox: &Mailbox<V>| lock(&mailbox.0.state).messages.front().map(|(stamp, _)| *stamp);
        let stamps =
            mailboxes.iter().enumerate().filter_map(|(place, mailbox)| Some((stamp(mailbox)?, place)));
        let (stamp, place) = stamps.min()?;
        let mut state = lock(&mailboxes[place].0.state);
        // Another receiver may have been faster.
        if state.messages.front().is_some_and(|(first, _)| *first == stamp) {
            return mailboxes[place].take(place, &mut state);
        }
    }
}

impl<V> Receiver<V> {
    /// Takes nothing any more. False if it has been given something.
    fn close(&self) -> bool {
        let mut offer = lock(&self.offer);
        let is_open = matches!(*offer, Offer::Open);
        if is_open {
            *offer = Offer::Closed;
        }
        is_open
    }

    /// Is not in line any more at these mailboxes.
    fn leave(&self, mailboxes: &[Mailbox<V>]) {
        for mailbox in mailboxes {
            lock(&mailbox.0.state).receivers.retain(|(_, other)| !std::ptr::eq(&raw const **other, self));
        }
    }
}

impl<V> fmt::Debug for Mailboxes<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailboxes({} tags)", lock(&self.table).by_tag.len())
    }
}

impl<V> fmt::Debug for Mailbox<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox({} messages)", self.len())
    }
}

impl<V> Clone for Mailbox<V> {
    fn clone(&self) -> Self {
        Mailbox(self.0.clone())
    }
}
