//! The cowns that a behavior is over, and how they are handed to its function.

use crate::api::cown::{CownObject, Handle};
use crate::ffi::{Object, PyResult, Python, container};
use boc::Mode;
use smallvec::SmallVec;

/// In the order of the function's parameters. Small, since most behaviors are over a cown or two, and each has one of these.
#[derive(Clone, Default)]
pub(crate) struct Params {
    handles: SmallVec<[Handle; 2]>,
    /// `None`: each is a parameter of its own, and to be written.
    shape: Option<Box<Shape>>,
}

#[derive(Clone)]
struct Shape {
    /// For each cown.
    modes: Vec<Mode>,
    /// For each parameter: nothing for a single cown, the size of a group of them.
    groups: Vec<Option<u32>>,
}

impl Params {
    /// A parameter for one cown.
    pub(crate) fn single(&mut self, cown: &Handle, mode: Mode) {
        if mode == Mode::Read || self.shape.is_some() {
            let shape = self.shape();
            shape.modes.push(mode);
            shape.groups.push(None);
        }
        self.handles.push(cown.clone());
    }

    /// A parameter for a group of cowns.
    pub(crate) fn group<'a>(&mut self, members: impl ExactSizeIterator<Item = (&'a Handle, Mode)>) {
        self.shape().groups.push(Some(members.len() as u32));
        for (cown, mode) in members {
            self.shape().modes.push(mode);
            self.handles.push(cown.clone());
        }
    }

    fn shape(&mut self) -> &mut Shape {
        let singles = self.handles.len();
        self.shape.get_or_insert_with(|| {
            Box::new(Shape { modes: vec![Mode::Write; singles], groups: vec![None; singles] })
        })
    }

    /// How many parameters are taken.
    pub(crate) fn len(&self) -> usize {
        self.shape.as_ref().map_or(self.handles.len(), |shape| shape.groups.len())
    }

    /// All cowns.
    pub(crate) fn handles(&self) -> &[Handle] {
        &self.handles
    }

    /// All cowns, and whether they are written or only read.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&Handle, Mode)> {
        let modes = self.shape.as_ref().map_or(&[][..], |shape| &shape.modes);
        let modes = modes.iter().copied().chain(std::iter::repeat(Mode::Write));
        self.handles.iter().zip(modes)
    }

    pub(crate) fn written(&self) -> impl Iterator<Item = &Handle> {
        self.each().filter(|(_, mode)| *mode == Mode::Write).map(|(cown, _)| cown)
    }

    pub(crate) fn read(&self) -> impl Iterator<Item = &Handle> {
        self.each().filter(|(_, mode)| *mode == Mode::Read).map(|(cown, _)| cown)
    }

    /// Whether any cown is only read.
    pub(crate) fn reads(&self) -> bool {
        self.shape.as_ref().is_some_and(|shape| shape.modes.contains(&Mode::Read))
    }

    /// The worker that has the values, or most of them.
    pub(crate) fn home(&self) -> Option<usize> {
        let homes = || self.handles.iter().filter_map(|cown| cown.tag().worker());
        let first = homes().next()?;
        if homes().all(|home| home == first) {
            return Some(first);
        }
        let count = |home: usize| homes().filter(|&other| other == home).count();
        homes().max_by_key(|&home| count(home))
    }

    /// The arguments for the parameters.
    pub(crate) fn open<'py>(&self, py: Python<'py>, args: &mut SmallVec<[Object<'py>; 6]>) -> PyResult<()> {
        let mut handles = self.handles.iter();
        let mut next = || CownObject::open(py, handles.next().expect("as many as were counted").clone());
        let Some(shape) = &self.shape else {
            for _ in &self.handles {
                args.push(next()?);
            }
            return Ok(());
        };
        for group in &shape.groups {
            args.push(match group {
                None => next()?,
                Some(size) => {
                    let members: PyResult<Vec<_>> = (0..*size).map(|_| next()).collect();
                    container::list(py, members?)?
                }
            });
        }
        Ok(())
    }
}
