//! What a cown owns: its value, in whatever form it is just now, and who may touch it.

use super::portable::{Portable, encode_or_refusal, import_hint};
use crate::ffi::error::{self, Kind};
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::{Resident, State, within};
use parking_lot::Mutex;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Whether values stay the very objects that they are, as they do where all workers share one interpreter.
pub(crate) type Stay = bool;

/// A cown's own part: a tag of its `boc::Cown`, which alone decides who is its holder.
pub(crate) struct Slot {
    /// Who holds the cown: see [`Holder`]. Zero: nobody.
    holder: AtomicU64,
    /// The number of the last `wait` before the cown was made or last let go by hand: see `api::cown`.
    era: AtomicU32,
    content: Mutex<Content>,
}

struct Content {
    form: Form,
    /// The value is an exception that a behavior did not catch.
    exception: bool,
    /// Nobody has looked at that exception yet.
    unread: bool,
    /// Its traceback.
    trace: Option<Box<Box<str>>>,
    /// A hold from outside behaviors.
    hold: Option<Box<boc::CownGuard<(), Slot>>>,
}

enum Form {
    Portable(Portable),
    Resident(Resident),
    /// Somebody is changing its form: only its holder does, so only code that runs within that can meet this.
    Moving,
    /// The value is gone, for that reason.
    Lost(Box<str>),
}

/// Someone who can hold a cown: one run of a behavior, or a thread outside behaviors.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder(u64);

thread_local! {
    static HOLDER: Cell<u64> = const { Cell::new(0) };
    static TURN: Cell<u64> = const { Cell::new(0) };
}

/// Set in the numbers of behaviors' runs.
const BEHAVIOR: u64 = 1 << 63;

impl Holder {
    /// Who this thread acts for.
    pub(crate) fn current() -> Holder {
        let turn = TURN.get();
        Holder(if turn == 0 { Holder::thread() } else { turn })
    }

    fn thread() -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mut number = HOLDER.get();
        if number == 0 {
            number = NEXT.fetch_add(1, Ordering::Relaxed);
            HOLDER.set(number);
        }
        number
    }

    /// True while this thread runs a behavior.
    pub(crate) fn in_behavior() -> bool {
        TURN.get() != 0
    }

    /// Runs `f` as a new run of a behavior.
    pub(crate) fn turn<R>(f: impl FnOnce(Holder) -> R) -> R {
        thread_local!(static TURNS: Cell<u64> = const { Cell::new(0) });
        struct Reset(u64);
        impl Drop for Reset {
            fn drop(&mut self) {
                TURN.set(self.0);
            }
        }
        // 2^23 threads, 2^40 behaviors each.
        let number = TURNS.replace(TURNS.get() + 1) & ((1 << 40) - 1);
        let turn = BEHAVIOR | (Holder::thread() << 40) | number;
        let _reset = Reset(TURN.replace(turn));
        f(Holder(turn))
    }
}

impl Slot {
    pub(crate) fn portable(value: Portable, era: u32) -> Self {
        Slot::with(Form::Portable(value), era)
    }

    pub(crate) fn resident(value: Resident, era: u32) -> Self {
        Slot::with(Form::Resident(value), era)
    }

    fn with(form: Form, era: u32) -> Self {
        let content = Content { form, exception: false, unread: false, trace: None, hold: None };
        Slot { holder: AtomicU64::new(0), era: AtomicU32::new(era), content: Mutex::new(content) }
    }

    pub(crate) fn holder(&self) -> Option<Holder> {
        match self.holder.load(Ordering::Acquire) {
            0 => None,
            holder => Some(Holder(holder)),
        }
    }

    pub(crate) fn is_held_by_behavior(&self) -> bool {
        self.holder.load(Ordering::Relaxed) & BEHAVIOR != 0
    }

    pub(crate) fn set_holder(&self, holder: Option<Holder>) {
        self.holder.store(holder.map_or(0, |holder| holder.0), Ordering::Release);
    }

    pub(crate) fn era(&self) -> u32 {
        self.era.load(Ordering::Relaxed)
    }

    pub(crate) fn set_era(&self, era: u32) {
        self.era.store(era, Ordering::Relaxed);
    }

    pub(crate) fn set_hold(&self, hold: Option<Box<boc::CownGuard<(), Slot>>>) {
        let before = std::mem::replace(&mut self.content.lock().hold, hold);
        drop(before);
    }

    pub(crate) fn has_hold(&self) -> bool {
        self.content.lock().hold.is_some()
    }

    /// The value, for its holder: opened in this interpreter, to stay there until it is needed elsewhere.
    pub(crate) fn get<'py>(&self, py: Python<'py>) -> PyResult<Object<'py>> {
        // What is not a scalar is taken out for the time of opening it, since that may run any code.
        let form = {
            let mut content = self.content.lock();
            content.unread = false;
            match &content.form {
                Form::Portable(value) if value.is_scalar() => {
                    let value = value.clone();
                    drop(content);
                    return value.decode(py);
                }
                Form::Resident(value) => {
                    if let Some(object) = value.open(py) {
                        return Ok(object);
                    }
                    std::mem::replace(&mut content.form, Form::Moving)
                }
                Form::Portable(_) => std::mem::replace(&mut content.form, Form::Moving),
                Form::Moving => {
                    return Err(error::raise(py, Kind::Runtime, "this cown's value is being moved just now"));
                }
                Form::Lost(why) => {
                    let why = why.clone();
                    drop(content);
                    return Err(error::raise(py, Kind::Runtime, &why));
                }
            }
        };
        let (form, result) = open(py, form);
        self.content.lock().form = form;
        result
    }

    /// Sets the value, for the cown's holder. `stay`: as the object that it is.
    pub(crate) fn set(&self, value: &Object<'_>, stay: Stay) -> PyResult<()> {
        let form = match Portable::scalar(value) {
            Some(scalar) => Form::Portable(scalar),
            None if stay => Form::Resident(Resident::new(value.clone())),
            None => Form::Portable(Portable::encode_named(value, || "the value".into())?),
        };
        self.replace(form, None);
        Ok(())
    }

    /// Makes the value an exception that a behavior did not catch.
    pub(crate) fn fail(&self, exception: Portable, trace: String) {
        self.replace(Form::Portable(exception), Some(trace));
    }

    pub(crate) fn put(&self, value: Portable) {
        self.replace(Form::Portable(value), None);
    }

    pub(crate) fn put_resident(&self, value: Resident) {
        self.replace(Form::Resident(value), None);
    }

    pub(crate) fn fail_resident(&self, exception: Resident, trace: String) {
        self.replace(Form::Resident(exception), Some(trace));
    }

    /// `trace`: that of an exception that a behavior did not catch, where the value is that.
    fn replace(&self, form: Form, trace: Option<String>) {
        let mut content = self.content.lock();
        let before = std::mem::replace(&mut content.form, form);
        content.exception = trace.is_some();
        content.unread = trace.is_some();
        content.trace = trace.map(|trace| Box::new(trace.into_boxed_str()));
        // Dropping the value before may run any code.
        drop(content);
        drop(before);
    }

    /// Whether the value is an exception that a behavior did not catch. Whoever asks has been told.
    pub(crate) fn exception(&self) -> bool {
        let mut content = self.content.lock();
        content.unread = false;
        content.exception
    }

    pub(crate) fn set_exception(&self, exception: bool) {
        let mut content = self.content.lock();
        content.exception = exception;
        content.unread = false;
    }

    /// The traceback of the exception that the value is.
    pub(crate) fn trace(&self) -> Option<Box<str>> {
        self.content.lock().trace.as_deref().cloned()
    }

    /// Whether the value is an exception that nobody has looked at.
    pub(crate) fn is_unread(&self) -> bool {
        self.content.lock().unread
    }

    /// What is to be printed as the cown dies.
    pub(crate) fn take_report(&self) -> Option<Box<str>> {
        let mut content = self.content.lock();
        if std::mem::take(&mut content.unread) { content.trace.take().map(|trace| *trace) } else { None }
    }

    /// Makes the value portable if it lives in this interpreter, as its holder lets go of it. Where that is not possible
    /// the value stays as it is, and the error is raised.
    pub(crate) fn settle(&self, py: Python<'_>, what: impl FnOnce() -> String) -> PyResult<()> {
        let object = {
            let content = self.content.lock();
            match &content.form {
                Form::Resident(value) => value.open(py),
                _ => None,
            }
        };
        let Some(object) = object else { return Ok(()) };
        let portable = Portable::encode_named(&object, what)?;
        let mut content = self.content.lock();
        let before = std::mem::replace(&mut content.form, Form::Portable(portable));
        drop(content);
        drop(before);
        Ok(())
    }

    /// The interpreter that this value lives in is about to end: the last chance to make it portable. True where it lived
    /// there and could not be moved; `why` then says so to every later user.
    pub(crate) fn evacuate(&self, py: Python<'_>, why: impl FnOnce(&str) -> String) -> Option<String> {
        let object = {
            let content = self.content.lock();
            match &content.form {
                Form::Resident(value) => value.open(py)?,
                _ => return None,
            }
        };
        let (form, lost) = match encode_or_refusal(&object) {
            Ok(portable) => (Form::Portable(portable), None),
            Err(reason) => {
                let message =
                    why(&format!("its value of type '{}' could not be moved: {reason}", object.class_name()));
                (Form::Lost(message.as_str().into()), Some(message))
            }
        };
        let before = std::mem::replace(&mut self.content.lock().form, form);
        drop(before);
        lost
    }

    /// The value's form in a few words, for `repr`.
    pub(crate) fn describe(&self) -> String {
        match &self.content.lock().form {
            Form::Portable(value) => value.class().to_owned(),
            Form::Resident(_) => "object".into(),
            Form::Moving => "moving".into(),
            Form::Lost(_) => "lost".into(),
        }
    }
}

thread_local! {
    /// Values of cowns that died within the death of another, while that one is dropped.
    static DYING: RefCell<Option<Vec<Form>>> = const { RefCell::new(None) };
}

impl Slot {
    /// Drops the value so that a cown in a cown in a cown, and so on, takes no more stack than one.
    pub(crate) fn drop_value(&mut self) {
        let form = std::mem::replace(&mut self.content.get_mut().form, Form::Moving);
        if matches!(&form, Form::Portable(value) if value.is_scalar()) {
            return;
        }
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

/// Opens a value here that is portable or lives elsewhere. Gives its new form, or, with the error, the form it had.
fn open<'py>(py: Python<'py>, form: Form) -> (Form, PyResult<Object<'py>>) {
    let portable = match form {
        Form::Portable(portable) => portable,
        Form::Resident(resident) => match fetch(py, resident) {
            Ok(portable) => portable,
            Err((form, raised)) => return (form, Err(raised)),
        },
        other => return (other, Err(error::raise(py, Kind::Runtime, "this cown has no value just now"))),
    };
    match portable.decode(py) {
        Ok(object) => (Form::Resident(Resident::at(State::get(py).home.clone(), object.clone())), Ok(object)),
        Err(raised) => {
            let raised = explain_open(py, &portable, raised);
            (Form::Portable(portable), Err(raised))
        }
    }
}

fn explain_open(py: Python<'_>, portable: &Portable, raised: error::Raised) -> error::Raised {
    if error::is(py, Kind::KeyboardInterrupt) {
        return raised;
    }
    let Some(reason) = error::take(py) else { return raised };
    let why = reason.str().ok().and_then(|text| text.to_str().map(str::to_owned)).unwrap_or_default();
    let message = format!(
        "a value of type '{}' could not be opened in this interpreter: {}: {why}{}",
        portable.class(),
        reason.class_name(),
        import_hint(&why)
    );
    error::restore(reason);
    error::raise_from(py, Kind::Runtime, &message)
}

/// Makes a value portable that lives in another interpreter, by going there.
fn fetch(py: Python<'_>, resident: Resident) -> Result<Portable, (Form, error::Raised)> {
    let home = Arc::clone(resident.home());
    let fetched = within(py, &home, |there| {
        // `bocpy` may have gone from an interpreter that is ending.
        let object = State::try_get(there).and_then(|_| resident.open(there))?;
        let result = encode_or_refusal(&object).map_err(|why| (object.class_name(), why));
        Some(result)
    });
    match fetched.flatten() {
        Some(Ok(portable)) => Ok(portable),
        Some(Err((class, why))) => {
            let message = format!(
                "the value of this cown, of type '{class}', cannot be moved to another interpreter: {why}"
            );
            Err((Form::Resident(resident), error::raise(py, Kind::Type, &message)))
        }
        None => {
            let message = "the value of this cown was lost: the interpreter in which it lived has ended";
            Err((Form::Lost(message.into()), error::raise(py, Kind::Runtime, message)))
        }
    }
}
