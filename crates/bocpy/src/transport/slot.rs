//! What a cown owns: its value, in whatever form it is just now. Who may touch it is in [`tenure`](super::tenure), how it gets
//! from one form to another in [`form`](super::form) and [`leaving`](super::leaving).

use super::by_reference::{Opening, Taking, hand_over, lend};
use super::form::{Form, explain_open, is_true_copy};
use super::in_transit::{in_transit, is_mine, refuse_to_wait, wait_while};
use super::pinned::PINNED;
use super::portable::Portable;
use super::reports::Report;
use super::scalar::{ELSEWHERE, Scalar};
use super::tenure::{self, Hold};
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Object, PyResult, Python, cache};
use crate::interpreter::locked::{Guard, Locked};
use crate::interpreter::{Resident, State};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A cown's own part: a tag of its `boc::Cown`, which alone decides who is its holder.
///
/// There are millions of these. This much, and all of a cown of a number is in one line of the processor's cache, that is
/// no other cown's.
pub(crate) struct Slot {
    /// The value, where it is a scalar.
    pub(super) bits: AtomicU64,
    /// The value, where it is none. Beside that:
    ///
    /// - `byte` is the kind of the value: see [`scalar`](super::scalar). And [`HAS_HOLD`].
    /// - `short` is the worker that has the value as an object, and one. Zero: it may be opened anywhere. The greatest number:
    ///   it is [pinned](super::pinned).
    /// - `long` is who holds the cown: see [`tenure`](super::tenure).
    pub(super) content: Locked<Content>,
}

const _: () = assert!(size_of::<Slot>() == 24);

/// Set in the bits of a `None` that nobody has put there.
const BLANK: u64 = 1;
/// Set in the bits of the `None` of a result until its behavior has run.
const PENDING: u64 = 2;

/// Whether the cown is held by hand, for those who don't want to take the lock to know. Only its holder changes that.
pub(super) const HAS_HOLD: u8 = 1 << 7;

/// `None`: the value is a scalar, and there is nothing to say of it.
pub(super) struct Content(pub(super) Option<Box<Full>>);

pub(super) struct Full {
    pub(super) form: Form,
    /// What few cowns have.
    pub(super) rare: Option<Box<Rare>>,
}

#[derive(Default)]
pub(super) struct Rare {
    /// The value is an exception that a behavior did not catch.
    pub(super) exception: bool,
    /// The value is that of a behavior that has not run, as it was cancelled.
    pub(super) cancelled: bool,
    /// What to tell of that exception, until somebody has looked at it.
    pub(super) unread: Option<Arc<Report>>,
    /// Somebody outside of bocpy may come for the cown at any time: it was pickled by hand.
    pub(super) pickled: bool,
    /// A hold from outside behaviors: see [`tenure`](super::tenure).
    pub(super) hold: Option<Box<Hold>>,
}

/// How a place is kept in `short`.
fn short(place: Option<usize>) -> u16 {
    place.map_or(0, |place| place as u16 + 1)
}

static SCALAR: Form = Form::Scalar;

impl Content {
    pub(super) fn form(&self) -> &Form {
        self.0.as_ref().map_or(&SCALAR, |full| &full.form)
    }

    pub(super) fn full(&mut self) -> &mut Full {
        self.0.get_or_insert_with(|| Box::new(Full { form: Form::Scalar, rare: None }))
    }

    pub(super) fn form_mut(&mut self) -> &mut Form {
        &mut self.full().form
    }

    /// Puts a form in, and gives the one before.
    pub(super) fn replace(&mut self, form: Form) -> Form {
        match (&mut self.0, form) {
            (None, Form::Scalar) => Form::Scalar,
            (Some(full), Form::Scalar) if full.rare.is_none() => {
                self.0.take().map_or(Form::Scalar, |full| full.form)
            }
            (_, form) => std::mem::replace(self.form_mut(), form),
        }
    }

    pub(super) fn rare(&self) -> Option<&Rare> {
        self.0.as_ref()?.rare.as_deref()
    }

    pub(super) fn rare_mut(&mut self) -> Option<&mut Rare> {
        self.0.as_mut()?.rare.as_deref_mut()
    }

    pub(super) fn is_exception(&self) -> bool {
        self.rare().is_some_and(|rare| rare.exception || rare.unread.is_some())
    }

    pub(super) fn take_report(&mut self) -> Option<Arc<Report>> {
        self.rare_mut()?.unread.take()
    }
}

impl Slot {
    pub(crate) fn scalar(value: Scalar, epoch: u32) -> Self {
        Slot::with(Form::Scalar, value.parts(), epoch)
    }

    /// Without a value, until it is set. To readers it is `None`.
    pub(crate) fn blank(epoch: u32) -> Self {
        let (kind, bits) = Scalar::None.parts();
        Slot::with(Form::Scalar, (kind, bits | BLANK), epoch)
    }

    /// That of the result of a behavior which has not run.
    pub(crate) fn pending(epoch: u32) -> Self {
        let (kind, bits) = Scalar::None.parts();
        Slot::with(Form::Scalar, (kind, bits | PENDING), epoch)
    }

    /// The behavior whose result this is has run. Its holder says so; if the value is not `None`, that is known anyway.
    #[inline]
    pub(crate) fn set_ended(&self) {
        self.bits.store(0, Ordering::Relaxed);
    }

    /// Whether it is the result of a behavior which has not run.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.get_scalar(), Some(Scalar::None)) && self.bits.load(Ordering::Relaxed) & PENDING != 0
    }

    /// Whether it has had no value yet.
    pub(crate) fn is_blank(&self) -> bool {
        matches!(self.get_scalar(), Some(Scalar::None)) && self.bits.load(Ordering::Relaxed) & BLANK != 0
    }

    pub(crate) fn portable(value: Portable, epoch: u32) -> Self {
        match Scalar::of_portable(&value) {
            Some(scalar) => Slot::scalar(scalar, epoch),
            None => Slot::with(Form::Portable(value), (ELSEWHERE, 0), epoch),
        }
    }

    pub(crate) fn resident(value: Resident, epoch: u32) -> Self {
        Slot::with(Form::resident(value), (ELSEWHERE, 0), epoch)
    }

    #[inline]
    fn with(form: Form, (kind, bits): (u8, u64), epoch: u32) -> Self {
        let content = match form {
            Form::Scalar => Content(None),
            form => Content(Some(Box::new(Full { form, rare: None }))),
        };
        Slot { bits: AtomicU64::new(bits), content: Locked::new(content, tenure::free_since(epoch), kind) }
    }

    /// The value, where it is a scalar.
    #[inline]
    pub(super) fn get_scalar(&self) -> Option<Scalar> {
        let kind = self.content.byte.load(Ordering::Acquire) & !HAS_HOLD;
        Scalar::of_parts(kind, || self.bits.load(Ordering::Relaxed))
    }

    /// The same for any caller.
    #[inline]
    pub(super) fn read_scalar(&self) -> Option<Scalar> {
        // Without a GIL, threads of the program may share what they have come to hold by a `wait`.
        let _content = cfg!(Py_GIL_DISABLED).then(|| self.content.lock());
        self.get_scalar()
    }

    #[inline]
    fn put_scalar(&self, value: Scalar) {
        let (kind, bits) = value.parts();
        self.bits.store(bits, Ordering::Relaxed);
        self.set_kind(kind);
    }

    /// By the holder, or under the lock.
    #[inline]
    pub(super) fn set_kind(&self, kind: u8) {
        let has_hold = self.content.byte.load(Ordering::Relaxed) & HAS_HOLD;
        self.content.byte.store(has_hold | kind, Ordering::Release);
    }

    #[inline]
    pub(super) fn is_scalar(&self) -> bool {
        self.content.byte.load(Ordering::Acquire) & !HAS_HOLD != ELSEWHERE
    }

    /// Says that this will be written to before long.
    #[inline]
    pub(crate) fn prefetch(&self) {
        cache::prefetch(self);
    }

    /// The worker on which the value is at home, if it is; [`PINNED`] is the main thread.
    #[inline]
    pub(crate) fn place(&self) -> Option<usize> {
        usize::from(self.content.short.load(Ordering::Relaxed)).checked_sub(1)
    }

    /// The same where it is a worker.
    #[inline]
    pub(crate) fn worker(&self) -> Option<usize> {
        self.place().filter(|place| *place != PINNED)
    }

    /// From now on, the value stays with the main thread.
    pub(super) fn set_pinned(&self) {
        self.content.short.store(short(Some(PINNED)), Ordering::Relaxed);
    }

    /// The value, for its holder: opened in this interpreter, to stay there until it is needed elsewhere.
    pub(crate) fn get<'py>(&self, py: Python<'py>) -> PyResult<Object<'py>> {
        loop {
            if let Some(scalar) = self.read_scalar() {
                return scalar.decode(py);
            }
            let content = self.content.lock();
            match content.form() {
                // It has become one meanwhile.
                Form::Scalar => continue,
                Form::Portable(value) => {
                    if let Some(scalar) = Scalar::of_portable(value) {
                        drop(content);
                        return scalar.decode(py);
                    }
                }
                Form::Resident(left) => {
                    if let Some(object) = left.value.open(py) {
                        return Ok(object);
                    }
                }
                _ => {}
            }
            // What is no scalar is taken out for the time of opening it, since that may run any code.
            let content = self.wait_until_settled(py, content)?;
            if !matches!(content.form(), Form::Scalar) {
                return self.change(content, |form| form.open(py));
            }
        }
    }

    /// The value, for one who may only read it. What becomes of the object is nobody else's business. `stay`: all use the
    /// same object.
    pub(crate) fn look<'py>(&self, py: Python<'py>, stay: bool) -> PyResult<Object<'py>> {
        if self.is_pinned() {
            return self.get(py);
        }
        if stay {
            return lend(self.get(py)?);
        }
        loop {
            if let Some(scalar) = self.read_scalar() {
                return scalar.decode(py);
            }
            let content = self.content.lock();
            if let Form::Portable(value) = content.form()
                && let Some(scalar) = Scalar::of_portable(value)
            {
                drop(content);
                return scalar.decode(py);
            }
            let mut content = self.wait_until_settled(py, content)?;
            let shared = match content.form_mut() {
                Form::Scalar => continue,
                Form::Shared(shared) => shared,
                form => {
                    let here = match form {
                        Form::Resident(left) => left.value.open(py),
                        _ => None,
                    };
                    match (self.change(content, |form| form.share(py)), here) {
                        (Ok(()), _) => continue,
                        // It can't be moved, and need not.
                        (Err(Raised), Some(object)) if !error::is(py, Kind::KeyboardInterrupt) => {
                            error::clear(py);
                            return Ok(object);
                        }
                        (Err(Raised), _) => return Err(Raised),
                    }
                }
            };
            let portable = shared.portable.clone();
            let copy = shared.take_copy(py);
            drop(content);
            return self.open_copy(py, &portable, copy);
        }
    }

    /// The copy that a reader has here, if it is still true, or a new one.
    pub(super) fn open_copy<'py>(
        &self,
        py: Python<'py>,
        portable: &Arc<Portable>,
        copy: Option<Resident>,
    ) -> PyResult<Object<'py>> {
        let copy = copy.filter(|copy| is_true_copy(py, copy, portable));
        let (object, copy) = match copy.and_then(|copy| Some((copy.open(py)?, copy))) {
            Some(both) => both,
            None => {
                let object = portable
                    .decode(py, Opening::Read)
                    .map_err(|raised| explain_open(py, portable, raised))?;
                let copy = Resident::at(State::get(py).home.clone(), object.clone());
                (object, copy)
            }
        };
        let mut content = self.content.lock();
        let unused = match content.form_mut() {
            Form::Shared(shared) if Arc::ptr_eq(&shared.portable, portable) => {
                let before = shared.take_copy(py);
                shared.copies.push(copy);
                before
            }
            _ => Some(copy),
        };
        drop(content);
        drop(unused);
        Ok(object)
    }

    /// Waits until nobody changes the form of the value. Raises where there is none, or where this thread does it.
    pub(super) fn wait_until_settled<'a>(
        &'a self,
        py: Python<'_>,
        mut content: Guard<'a, Content>,
    ) -> PyResult<Guard<'a, Content>> {
        loop {
            match content.form() {
                Form::Moving if is_mine(self.address()) => {
                    drop(content);
                    return Err(error::raise(
                        py,
                        Kind::Runtime,
                        "this cown's value is being moved to another interpreter, and the code that runs for that (__reduce__, \
                         __getstate__, a finalizer, a signal handler) cannot use the value itself",
                    ));
                }
                Form::Moving => {
                    drop(content);
                    refuse_to_wait(py, "a cown whose value another thread is moving")?;
                    wait_while(py, || matches!(self.content.lock().form(), Form::Moving));
                    content = self.content.lock();
                }
                Form::Lost(loss) => {
                    let loss = loss.clone();
                    drop(content);
                    return Err(error::raise(py, loss.kind, &loss.message));
                }
                _ => return Ok(content),
            }
        }
    }

    /// Takes the value out, lets `f` make another form of it, and puts that in.
    pub(super) fn change<R>(&self, mut content: Guard<'_, Content>, f: impl FnOnce(Form) -> (Form, R)) -> R {
        let form = content.replace(Form::Moving);
        drop(content);
        in_transit(self.address(), || {
            let (form, result) = f(form);
            let before = {
                let mut content = self.content.lock();
                self.put_form(&mut content, form)
            };
            drop(before);
            result
        })
    }

    /// Gives the value that form, and the one before to the caller: dropping it may run any code.
    pub(super) fn put_form(&self, content: &mut Content, mut form: Form) -> Form {
        let is_pinned = self.is_pinned();
        if let Form::Portable(value) = &form
            && let Some(scalar) = Scalar::of_portable(value)
            && !content.is_exception()
        {
            if !is_pinned {
                self.content.short.store(0, Ordering::Relaxed);
            }
            self.put_scalar(scalar);
            return content.replace(Form::Scalar);
        }
        if !is_pinned {
            self.content.short.store(short(form.worker()), Ordering::Relaxed);
        }
        self.set_kind(ELSEWHERE);
        form.succeed(content.form());
        content.replace(form)
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Sets the value, for the cown's holder. `stay`: as the object that it is.
    #[inline]
    pub(crate) fn set(&self, value: &Object<'_>, stay: impl FnOnce() -> bool) -> PyResult<()> {
        if self.is_pinned() {
            self.put_resident(Resident::new(value.clone()));
            return Ok(());
        }
        match Scalar::of(value) {
            Some(scalar) => self.set_scalar(scalar),
            None if stay() => self.set_object(value)?,
            None => self.put(Portable::encode_named(value, || "a cown's value".into())?),
        }
        Ok(())
    }

    /// Sets the value to the object that it is, or, where it moves by reference, to a new handle.
    fn set_object(&self, value: &Object<'_>) -> PyResult<()> {
        let is_it_already =
            self.object_here(value.py()).is_some_and(|object| object.address() == value.address());
        if !is_it_already {
            self.put_resident(Resident::new(hand_over(value, Taking::Move(&|| "a cown's value".into()))?));
        }
        Ok(())
    }

    #[inline]
    fn set_scalar(&self, value: Scalar) {
        if !cfg!(Py_GIL_DISABLED) && self.is_scalar() {
            return self.put_scalar(value);
        }
        self.replace(Form::Portable(value.portable()), None);
    }

    #[inline]
    pub(crate) fn put(&self, value: Portable) {
        match Scalar::of_portable(&value) {
            Some(scalar) => self.set_scalar(scalar),
            None => self.replace(Form::Portable(value), None),
        }
    }

    pub(crate) fn put_resident(&self, value: Resident) {
        self.replace(Form::resident(value), None);
    }

    /// `report`: of the exception that a behavior did not catch, where the value is that.
    pub(super) fn replace(&self, form: Form, report: Option<Arc<Report>>) {
        let mut content = self.content.lock();
        let mut unread = None;
        if report.is_some() || content.rare().is_some() {
            let rare = content.full().rare.get_or_insert_default();
            rare.exception = report.is_some();
            unread = std::mem::replace(&mut rare.unread, report);
        }
        let before = self.put_form(&mut content, form);
        // Dropping the value before may run any code.
        drop(content);
        drop(before);
        if let Some(unread) = unread {
            unread.leave_cown();
        }
    }

    /// The value's form in a few words, for `repr`.
    pub(crate) fn describe(&self) -> String {
        if let Some(scalar) = self.read_scalar() {
            return scalar.portable().class().into_owned();
        }
        match self.content.lock().form() {
            Form::Scalar => "scalar".into(),
            Form::Portable(value) => value.class().into_owned(),
            Form::Resident(_) => "object".into(),
            Form::Shared(shared) => shared.portable.class().into_owned(),
            Form::Moving => "moving".into(),
            Form::Lost(_) => "lost".into(),
        }
    }
}

impl Slot {
    /// The name of the value's type, where the value is no object.
    pub(super) fn class_anywhere(&self) -> Option<String> {
        if let Some(scalar) = self.read_scalar() {
            return Some(scalar.portable().class().into_owned());
        }
        match self.content.lock().form() {
            Form::Portable(value) => Some(value.class().into_owned()),
            Form::Shared(shared) => Some(shared.portable.class().into_owned()),
            _ => None,
        }
    }

    /// The cown can be found by its number from now on.
    pub(super) fn set_pickled(&self) {
        self.content.lock().full().rare.get_or_insert_default().pickled = true;
    }

    /// Calls `f` with the value, if it is an object that lives here and that only the cown's handles lead to.
    pub(super) fn visit_object<R>(&self, py: Python<'_>, f: impl FnOnce(&Object<'_>) -> R) -> Option<R> {
        if self.is_scalar() {
            return None;
        }
        let state = State::try_get(py)?;
        let content = self.content.lock();
        if content.rare().is_some_and(|rare| rare.pickled || rare.hold.is_some()) {
            return None;
        }
        match content.form() {
            Form::Resident(left) => left.value.peek_in(py, state).map(|object| f(&object)),
            _ => None,
        }
    }

    /// Lets go of the value, of which nobody will ever ask again.
    pub(super) fn discard(&self) {
        self.replace(Form::Portable(Portable::None), None);
    }
}

thread_local! {
    /// Values of cowns that died within the death of another, while that one is dropped.
    static DYING: RefCell<Option<Vec<Form>>> = const { RefCell::new(None) };
}

impl Slot {
    /// Drops the value so that a cown in a cown in a cown, and so on, takes no more stack than one.
    pub(crate) fn drop_value(&mut self) {
        let Some(full) = self.content.get_mut().0.take() else { return };
        let Full { form, rare } = *full;
        drop(rare);
        // A thread that is ending may have no such place any more.
        let later = DYING.try_with(|dying| match &mut *dying.borrow_mut() {
            Some(queue) => {
                queue.push(form);
                None
            }
            none => {
                *none = Some(Vec::new());
                Some(form)
            }
        });
        let Ok(Some(form)) = later else { return };
        drop(form);
        while let Some(form) = DYING.with_borrow_mut(|dying| dying.as_mut().and_then(Vec::pop)) {
            drop(form);
        }
        DYING.with_borrow_mut(|dying| *dying = None);
    }
}
