//! What waits for cowns, to be told.

use super::cown::Handle;
use super::slot::Slot;
use crate::ffi::Python;
use crate::interpreter::labels::Label;
use boc::{Claimed, Mode, Waiting, WeakCown};
use rustc_hash::FxHashMap;

/// How many behaviors are told of, each from where it is seen.
const MOST_TOLD: usize = 1000;
/// How many requests are looked at. It takes a microsecond for ten, and a worker is stopped meanwhile.
const MOST_SEEN: usize = 200_000;

/// A cown that a behavior asks for.
pub(crate) struct Claim {
    pub(crate) cown: WeakCown<(), Slot>,
    pub(crate) mode: Mode,
}

/// A behavior that waits.
pub(crate) struct Waiter {
    pub(crate) id: usize,
    pub(crate) label: Label,
    /// Each cown for which it was seen to wait; and the behavior that it is behind there, if not the holder.
    pub(crate) at: Vec<(usize, Option<usize>)>,
    pub(crate) claims: Vec<Claim>,
}

/// What waits for one holder of cowns.
#[derive(Default)]
pub(crate) struct Waiters {
    pub(crate) told: Vec<Waiter>,
    /// By number, those that are told first.
    places: FxHashMap<usize, usize>,
    requests: usize,
    /// Whether there is more that has not been looked at.
    pub(crate) is_cut: bool,
}

impl Waiters {
    /// Those that `each` finds.
    pub(crate) fn of(each: impl FnOnce(&mut dyn FnMut(Waiting<'_>) -> bool)) -> Waiters {
        let mut waiters = Waiters::default();
        each(&mut |waiting| waiters.add(waiting));
        waiters
    }

    fn add(&mut self, waiting: Waiting<'_>) -> bool {
        self.requests += 1;
        let next = self.places.len();
        let place = *self.places.entry(waiting.id()).or_insert(next);
        let at = (waiting.cown(), waiting.behind());
        if let Some(known) = self.told.get_mut(place) {
            known.at.push(at);
        } else if place < MOST_TOLD {
            let claims = Claimed::of_waiting(waiting).map_or_else(Vec::new, claims);
            self.told.push(Waiter { id: waiting.id(), label: waiting.label(), at: vec![at], claims });
        }
        self.is_cut = self.requests >= MOST_SEEN;
        !self.is_cut
    }

    /// All that were seen, by number.
    pub(crate) fn all(&self) -> impl Iterator<Item = usize> {
        self.places.keys().copied()
    }
}

/// All but the last, which is that of the result.
pub(crate) fn claims(claimed: Claimed<'_, (), Slot>) -> Vec<Claim> {
    let params = claimed.iter().take(claimed.len().saturating_sub(1));
    params.map(|(cown, mode)| Claim { cown: cown.downgrade(), mode }).collect()
}

/// What the types of cowns' values are called, by the cowns' numbers, as far as they are known.
#[derive(Default)]
pub(crate) struct Classes(FxHashMap<usize, String>);

impl Classes {
    /// Finds out those of some, as they are known in this interpreter.
    pub(crate) fn learn<'a>(&mut self, py: Python<'_>, claims: impl IntoIterator<Item = &'a Claim>) {
        for claim in claims {
            if !self.0.contains_key(&claim.cown.id())
                && let Some(cown) = claim.cown.upgrade()
                && let Some(class) = cown.tag().class(py)
            {
                self.0.insert(cown.id(), class);
            }
        }
    }

    pub(crate) fn extend(&mut self, others: Classes) {
        self.0.extend(others.0);
    }

    /// What a cown of that number is called.
    pub(crate) fn name(&self, cown: usize) -> String {
        name(cown, self.0.get(&cown).map(String::as_str))
    }
}

fn name(cown: usize, class: Option<&str>) -> String {
    match class {
        Some(class) => format!("Cown({cown:#x}, {class})"),
        None => format!("Cown({cown:#x})"),
    }
}

/// What a cown is called.
pub(crate) fn name_of(py: Python<'_>, cown: &Handle) -> String {
    name(cown.id(), cown.tag().class(py).as_deref())
}
