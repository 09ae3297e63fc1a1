//! The cowns that a behavior is over, and how they are handed to its function.

use crate::ffi::{List, Object, PyResult, Python};
use crate::interpreter::State;
use crate::transport::cown::{CownObject, Handle};
use crate::transport::pinned::PINNED;
use crate::transport::slot::Slot;
use boc::Mode;
use smallvec::SmallVec;

/// The cowns that a behavior asks for: those of its parameters, in their order. That of its result is made with it.
pub(crate) type CownClaims<'a> = boc::Claims<'a, (), Slot>;

/// How the runtime hands them to a body.
pub(crate) type CownClaimsShape = boc::ClaimsShape<(), Slot>;

/// The parameters of a behavior that are taken by cowns.
#[derive(Default)]
pub(crate) struct Params<'a> {
    cowns: CownClaims<'a>,
    groups: Groups,
    /// Whether one of the cowns is pinned.
    is_pinned: bool,
}

/// For each parameter: `None` for a single cown, otherwise the size of the group. `None` as a whole if all are single.
#[derive(Default)]
pub(crate) struct Groups(Option<Box<Sizes>>);

type Size = Option<u32>;

struct Sizes(Vec<Size>);

/// The cowns of a behavior that runs.
#[derive(Clone, Copy)]
pub(crate) struct HeldCowns<'a> {
    claimed: ClaimedCowns<'a>,
    pub(crate) result: &'a Handle,
}

/// The same as the runtime hands them to a body.
pub(crate) type ClaimedCowns<'a> = boc::Claimed<'a, (), Slot>;

impl<'a> Params<'a> {
    /// A parameter for one cown.
    pub(crate) fn single(&mut self, cown: &'a Handle, mode: Mode) {
        self.is_pinned |= cown.tag().is_pinned();
        if let Groups(Some(sizes)) = &mut self.groups {
            sizes.0.push(None);
        }
        self.cowns.push_borrowed(cown, mode);
    }

    /// A parameter for a group of cowns.
    pub(crate) fn group<'b>(&mut self, members: impl ExactSizeIterator<Item = (&'b Handle, Mode)>) {
        let singles = self.cowns.len();
        let sizes = self.groups.0.get_or_insert_with(|| Box::new(Sizes(vec![None; singles])));
        sizes.0.push(Some(members.len() as u32));
        for (cown, mode) in members {
            self.is_pinned |= cown.tag().is_pinned();
            self.cowns.push(cown.clone(), mode);
        }
    }

    /// Whether one of the cowns is pinned, so that the behavior runs on the main thread.
    pub(crate) fn is_pinned(&self) -> bool {
        self.is_pinned
    }

    /// How many parameters are taken.
    pub(crate) fn len(&self) -> usize {
        self.groups.0.as_ref().map_or(self.cowns.len(), |sizes| sizes.0.len())
    }

    /// How many cowns they take.
    pub(crate) fn cowns(&self) -> usize {
        self.cowns.len()
    }

    /// The cowns that the behavior asks for, except the cown of its result.
    pub(crate) fn claims(&mut self) -> (CownClaims<'a>, Groups) {
        (std::mem::take(&mut self.cowns), std::mem::take(&mut self.groups))
    }
}

impl Groups {
    /// Whether each parameter takes a single cown.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl<'a> HeldCowns<'a> {
    pub(crate) fn of(claimed: ClaimedCowns<'a>) -> Self {
        let (result, _) = claimed.get(claimed.len() - 1);
        HeldCowns { claimed, result }
    }

    pub(crate) fn claimed(self) -> ClaimedCowns<'a> {
        self.claimed
    }

    /// All but that of the result.
    fn params(self) -> impl Iterator<Item = (&'a Handle, Mode)> {
        self.claimed.iter().take(self.claimed.len() - 1)
    }

    /// All but that of the result.
    pub(crate) fn all(self) -> impl Iterator<Item = &'a Handle> {
        self.params().map(|(cown, _)| cown)
    }

    pub(crate) fn written(self) -> impl Iterator<Item = &'a Handle> {
        self.params().filter(|(_, mode)| *mode == Mode::Write).map(|(cown, _)| cown)
    }

    pub(crate) fn read(self) -> impl Iterator<Item = &'a Handle> {
        self.params().filter(|(_, mode)| *mode == Mode::Read).map(|(cown, _)| cown)
    }

    /// The worker that has the values, or most of them; [`PINNED`] if one is pinned.
    pub(crate) fn home(self) -> Option<usize> {
        let homes = || self.all().filter_map(|cown| cown.tag().place());
        let first = homes().next()?;
        if homes().all(|home| home == first) {
            return Some(first);
        }
        if homes().any(|home| home == PINNED) {
            return Some(PINNED);
        }
        let count = |home: usize| homes().filter(|&other| other == home).count();
        homes().max_by_key(|&home| count(home))
    }

    /// The arguments for the parameters.
    pub(crate) fn open<'py>(
        self,
        py: Python<'py>,
        groups: &Groups,
        args: &mut SmallVec<[Object<'py>; 6]>,
    ) -> PyResult<()> {
        let state = State::get(py);
        let mut opened = self.all().map(|cown| CownObject::lend(py, state, cown));
        let Groups(Some(sizes)) = groups else {
            for cown in opened {
                args.push(cown?);
            }
            return Ok(());
        };
        for size in &sizes.0 {
            let count = size.map_or(1, |size| size as usize);
            let members: PyResult<Vec<_>> = opened.by_ref().take(count).collect();
            match size {
                None => args.extend(members?),
                Some(_) => args.push(List::new(py, members?)?.into()),
            }
        }
        Ok(())
    }
}
