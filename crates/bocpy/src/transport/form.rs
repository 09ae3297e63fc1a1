//! The forms in which a cown keeps its value, and the changes between them.
//!
//! ```text
//!               a behavior that writes opens it
//!             +--------------------------------+
//!             |                                v
//!         Portable <---------------------- Resident -----------> Lost
//!             |      its interpreter ends      |  ^   it ends, and the value
//!             |      (or BOCPY_STRICT)         |  |   can't be moved
//!    a reader |                       a reader |  | a writer
//!       opens |                          opens |  | opens
//!             v                                v  |
//!             +-----------------------------> Shared
//! ```
//!
//! A value that lives in another interpreter is fetched from there: it is made portable, and opened here. In between,
//! while any code may run, the form is `Moving`, and other threads wait. A number, a bool or `None` is a `Scalar` as soon
//! as it is portable. Setting a value gives it any of the first three forms at once.

use super::by_reference::{Opening, Taking};
use super::portable::{Portable, explain_import, refusal};
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::labels::{self, Label};
use crate::interpreter::{Home, Resident, State, within};
use smallvec::SmallVec;
use std::sync::Arc;

/// A cown's value, if it is not a scalar: those are in the slot itself.
pub(super) enum Form {
    /// See [`Scalar`](super::scalar::Scalar).
    Scalar,
    Portable(Portable),
    /// Left as an object where a behavior left it.
    Resident(Left),
    /// Being read: see [`Shared`].
    Shared(Box<Shared>),
    /// Somebody is changing its form.
    Moving,
    /// The value is gone.
    Lost(Arc<Loss>),
}

const _: () = assert!(size_of::<Form>() == 24);

/// The object that is the value, and who left it there.
pub(super) struct Left {
    pub(super) value: Resident,
    /// The behavior that left the value there.
    pub(super) left_by: Label,
    /// Its home has been told that the value lives there.
    pub(super) known: bool,
}

/// Why a value is gone.
pub(super) struct Loss {
    pub(super) kind: Kind,
    pub(super) message: Box<str>,
}

/// A value that behaviors have read since one of them could write it. What counts is the portable form. Readers look at
/// copies, one in each interpreter, which serve the next reader there as long as nobody has changed them.
pub(super) struct Shared {
    pub(super) portable: Arc<Portable>,
    pub(super) copies: SmallVec<[Resident; 2]>,
    /// The interpreter that has been told that it has something of the value, by number.
    pub(super) known_at: u32,
}

impl Form {
    pub(super) fn resident(value: Resident) -> Form {
        Form::Resident(Left { value, left_by: 0, known: false })
    }

    pub(super) fn lost(kind: Kind, message: &str) -> Form {
        Form::Lost(Arc::new(Loss { kind, message: message.into() }))
    }

    /// The worker that has the value as an object.
    pub(super) fn worker(&self) -> Option<usize> {
        match self {
            Form::Resident(left) => left.value.home().worker(),
            _ => None,
        }
    }

    /// Records that this home has a part of the value. True if the home does not know it yet.
    pub(super) fn is_news_to(&mut self, home: &Home) -> bool {
        match self {
            Form::Resident(left) => !std::mem::replace(&mut left.known, true),
            Form::Shared(shared) => {
                let home = home.id() as u32;
                std::mem::replace(&mut shared.known_at, home) != home
            }
            _ => false,
        }
    }

    /// This form takes the place of that one. A home that knows of the one knows of the other.
    pub(super) fn succeed(&mut self, before: &Form) {
        if let (Form::Resident(after), Form::Resident(before)) = (self, before)
            && before.known
            && Arc::ptr_eq(after.value.home(), before.value.home())
        {
            after.known = true;
        }
    }

    /// Opens the value here, for a caller that may change it. Returns its new form, or, with the error, its old one.
    pub(super) fn open<'py>(self, py: Python<'py>) -> (Form, PyResult<Object<'py>>) {
        let mut left = None;
        let portable = match self {
            Form::Portable(portable) => portable,
            Form::Resident(value) => match value.value.open(py) {
                Some(object) => return (Form::Resident(value), Ok(object)),
                None => match fetch(py, value, Fetching::Move) {
                    Ok((portable, value)) => {
                        left = value;
                        portable
                    }
                    Err((form, raised)) => return (form, Err(raised)),
                },
            },
            Form::Shared(mut shared) => {
                // What copies of such a value have can only be read.
                let copy = if shared.portable.has_data() { None } else { shared.take_true_copy(py) };
                if let Some(copy) = copy {
                    let object = copy.open(py);
                    let known = shared.known_at == copy.home().id() as u32;
                    return match object {
                        Some(object) => (Form::Resident(Left { value: copy, left_by: 0, known }), Ok(object)),
                        None => {
                            (Form::Shared(shared), Err(error::raise(py, Kind::Runtime, "a foreign copy")))
                        }
                    };
                }
                match Arc::try_unwrap(shared.portable) {
                    Ok(portable) => portable,
                    Err(portable) => (*portable).clone(),
                }
            }
            other => {
                return (other, Err(error::raise(py, Kind::Runtime, "this cown has no value at the moment")));
            }
        };
        match portable.decode(py, Opening::Own) {
            Ok(object) => {
                (Form::resident(Resident::at(State::get(py).home.clone(), object.clone())), Ok(object))
            }
            Err(raised) => {
                let raised = explain_open(py, &portable, raised);
                // If it has not left its home, it stays there.
                let left = left.filter(|_| !portable.has_data());
                (left.map_or(Form::Portable(portable), Form::Resident), Err(raised))
            }
        }
    }

    /// Makes the value readable by several behaviors. Returns its new form, or, with the error, its old one.
    pub(super) fn share(self, py: Python<'_>) -> (Form, PyResult<()>) {
        let shared = |portable, copies, known_at| {
            (Form::Shared(Box::new(Shared { portable: Arc::new(portable), copies, known_at })), Ok(()))
        };
        let copy = |left: Left| {
            let known_at = if left.known { left.value.home().id() as u32 } else { 0 };
            (SmallVec::from_iter([left.value]), known_at)
        };
        match self {
            Form::Portable(portable) => shared(portable, SmallVec::new(), 0),
            Form::Resident(left) if left.value.peek(py).is_some() => {
                let encoded = left.value.peek(py).map(|object| Portable::encode(&object, Taking::Share));
                match encoded {
                    Some(Ok(portable)) => {
                        let (copies, known_at) = copy(left);
                        shared(portable, copies, known_at)
                    }
                    Some(Err(raised)) => (Form::Resident(left), Err(raised)),
                    None => (Form::Resident(left), Ok(())),
                }
            }
            Form::Resident(left) => match fetch(py, left, Fetching::Share) {
                Ok((portable, left)) => {
                    let (copies, known_at) = left.map(copy).unwrap_or_default();
                    shared(portable, copies, known_at)
                }
                Err((form, raised)) => (form, Err(raised)),
            },
            other => (other, Ok(())),
        }
    }

    /// A copy of a value that is an object. Returns the same form.
    pub(super) fn copy(self, py: Python<'_>) -> (Form, PyResult<Portable>) {
        let Form::Resident(left) = self else {
            return (self, Err(error::raise(py, Kind::Runtime, "this cown has no value at the moment")));
        };
        let copied = left.value.peek(py).map(|object| {
            Portable::copy_named(&object, || "the value of this cown, of which a copy is asked for,".into())
        });
        match copied {
            Some(copied) => (Form::Resident(left), copied),
            None => match fetch(py, left, Fetching::Copy) {
                Ok((portable, Some(left))) => (Form::Resident(left), Ok(portable)),
                Ok((portable, None)) => (Form::Portable(portable.clone()), Ok(portable)),
                Err((form, raised)) => (form, Err(raised)),
            },
        }
    }
}

impl Shared {
    /// Takes out the copy that this interpreter has, if nobody has changed it; drops it if somebody has.
    pub(super) fn take_true_copy(&mut self, py: Python<'_>) -> Option<Resident> {
        let copy = self.take_copy(py)?;
        is_true_copy(py, &copy, &self.portable).then_some(copy)
    }

    /// Takes out the copy that this interpreter has.
    pub(super) fn take_copy(&mut self, py: Python<'_>) -> Option<Resident> {
        let place = self.copies.iter().position(|copy| copy.peek(py).is_some())?;
        Some(self.copies.swap_remove(place))
    }
}

/// Whether an object is still what it was opened from.
pub(super) fn is_true_copy(py: Python<'_>, copy: &Resident, portable: &Portable) -> bool {
    let is_true = copy.peek(py).map(|object| portable.is_form_of(&object));
    is_true.and_then(Result::ok).unwrap_or_else(|| {
        error::clear(py);
        false
    })
}

/// What for a value is fetched from another interpreter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fetching {
    /// For one who has it alone from now on. The object is dropped there, unless it is not certain that the value can be
    /// opened elsewhere.
    Move,
    /// For readers, there and elsewhere.
    Share,
    /// To have a copy. Nothing changes there.
    Copy,
}

/// Visits another interpreter and makes a value that lives there portable. Also returns the object that is still there.
fn fetch(py: Python<'_>, left: Left, fetching: Fetching) -> Result<(Portable, Option<Left>), (Form, Raised)> {
    let Left { value, left_by, known } = left;
    let home = Arc::clone(value.home());
    let mut value = Some(value);
    let place = &mut value;
    let fetched = within(py, &home, move |there| {
        // `bocpy` may have gone from an interpreter that is ending.
        State::try_get(there)?;
        let portable = {
            let object = place.as_ref()?.peek(there)?;
            let portable = match fetching {
                Fetching::Move => {
                    Portable::encode_last(&object, &|| "the value of a cown, in another interpreter".into())
                }
                Fetching::Share => Portable::encode(&object, Taking::Share),
                Fetching::Copy => Portable::encode(&object, Taking::Copy),
            };
            portable.map_err(|Raised| Refusal::take(&object))
        };
        if fetching == Fetching::Move && portable.as_ref().is_ok_and(|portable| !portable.is_pickled()) {
            // Dropped here, in its home.
            *place = None;
        }
        Some(portable)
    });
    match (fetched.flatten(), value) {
        (Some(Ok(portable)), value) => Ok((portable, value.map(|value| Left { value, left_by, known }))),
        (Some(Err(refusal)), Some(value)) => {
            let by = labels::name(left_by)
                .map(|name| format!(", left there by the behavior '{name}',"))
                .unwrap_or_default();
            let message =
                format!("the value of this cown, of type '{}'{by} {}", refusal.class, refusal.why());
            let left = Left { value, left_by, known };
            Err((Form::Resident(left), error::raise(py, refusal.kind(), &message)))
        }
        _ => {
            let message = "the value of this cown was lost: the interpreter that it lived in has ended";
            Err((Form::lost(Kind::Runtime, message), error::raise(py, Kind::Runtime, message)))
        }
    }
}

/// Why a value could not be made portable.
pub(super) struct Refusal {
    pub(super) class: String,
    /// The text of the error, unless that was a lack of memory.
    text: Option<String>,
}

impl Refusal {
    /// Of the error that was raised when the value was encoded.
    pub(super) fn take(value: &Object<'_>) -> Refusal {
        let py = value.py();
        let lacks_memory = error::is(py, Kind::Memory);
        let reason = error::take(py);
        let text = || reason.map_or_else(|| "unknown error".into(), |reason| refusal(value, &reason));
        Refusal { class: value.class_name(), text: (!lacks_memory).then(text) }
    }

    pub(super) fn kind(&self) -> Kind {
        if self.text.is_some() { Kind::Type } else { Kind::Memory }
    }

    /// The end of a sentence that begins with the value.
    pub(super) fn why(&self) -> String {
        match &self.text {
            Some(text) => format!("cannot be moved to another interpreter: {text}"),
            None => "was not moved to another interpreter: there was no memory for that".into(),
        }
    }
}

pub(super) fn explain_open(py: Python<'_>, portable: &Portable, raised: Raised) -> Raised {
    if error::is(py, Kind::KeyboardInterrupt) || error::is(py, Kind::Memory) {
        return raised;
    }
    let raised = explain_import(py, raised);
    let Some(reason) = error::take(py) else { return raised };
    let why = reason.str().ok().and_then(|text| text.to_str().map(str::to_owned)).unwrap_or_default();
    let message = format!(
        "a value of type '{}' could not be loaded in this interpreter: {}: {why}",
        portable.class(),
        reason.class_name()
    );
    error::restore(reason);
    error::raise_from(py, Kind::Runtime, &message)
}
