//! The requests of one behavior.

use crate::queue::Request;
use smallvec::SmallVec;
use std::ops::Deref;

/// The requests of one behavior, before and after they are put into the order in which all behaviors get in line.
#[derive(Default)]
pub struct Requests(SmallVec<[Request; INLINE]>);

/// Most behaviors ask for a cown or two and write a result.
pub(crate) const INLINE: usize = 3;

impl Requests {
    pub(crate) fn push(&mut self, request: Request) {
        self.0.push(request);
    }

    /// Puts them in order. Requests for the same cown are side by side then.
    pub(crate) fn sort(&mut self) {
        if self.len() > 1 {
            self.0.sort_unstable_by_key(Request::order);
        }
    }

    /// In order, makes one of several requests for the same cown.
    pub(crate) fn merge(&mut self) {
        self.0.dedup_by(|second, first| {
            let same = first.order() == second.order();
            if same {
                first.absorb(second);
            }
            same
        });
    }

    /// In order, true where no cown is named twice.
    pub(crate) fn are_distinct(&self) -> bool {
        self.windows(2).all(|pair| pair[0].order() != pair[1].order())
    }
}

impl Deref for Requests {
    type Target = [Request];
    fn deref(&self) -> &[Request] {
        &self.0
    }
}
