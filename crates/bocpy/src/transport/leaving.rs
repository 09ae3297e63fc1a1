//! What happens to a value when its holder releases the cown, and when its interpreter ends.

use super::by_reference::{Taking, hand_over, is_data};
use super::form::{Form, Refusal};
use super::portable::Portable;
use super::slot::{Content, Slot};
use crate::ffi::builtin::Builtin;
use crate::ffi::error::{self, Raised};
use crate::ffi::{Object, PyResult, Python};
use crate::interpreter::labels::{self, Label};
use crate::interpreter::locked::Guard;
use crate::interpreter::{Home, Resident};

impl Slot {
    /// Makes the value portable if it lives in this interpreter, when its holder releases the cown. If that is not
    /// possible, the value stays as it is, and the error is raised. A value that moves by reference moves; objects of that
    /// kind within it are copied, as other values that the holder leaves may contain them too.
    pub(crate) fn settle(&self, py: Python<'_>, what: impl Fn() -> String) -> PyResult<()> {
        if self.is_scalar() || self.is_pinned() {
            return Ok(());
        }
        let mut content = self.content.lock();
        match content.form_mut() {
            Form::Resident(left) if left.value.is_here(py) => {}
            Form::Shared(shared) => {
                let copy = shared.take_copy(py);
                drop(content);
                drop(copy);
                return Ok(());
            }
            _ => return Ok(()),
        }
        self.change(content, |form| match form {
            Form::Resident(left) => {
                // What moves by reference is not copied, however large it is.
                let encoded = left.value.peek(py).map(|object| {
                    Portable::reference(&object, Taking::Move(&what))
                        .map_or_else(|| Portable::release_named(&object, &what), Ok)
                });
                match encoded {
                    Some(Ok(portable)) => {
                        drop(left);
                        (Form::Portable(portable), Ok(()))
                    }
                    Some(Err(raised)) => (Form::Resident(left), Err(raised)),
                    None => (Form::Resident(left), Ok(())),
                }
            }
            other => (other, Ok(())),
        })
    }

    /// A behavior ends here, and leaves the value as it is. True if this interpreter is the value's home and does not
    /// know it yet: before it ends, it has to `evacuate` the value.
    #[inline]
    pub(crate) fn leave(&self, py: Python<'_>, home: &Home, behavior: impl Fn() -> Label) -> bool {
        !self.is_scalar() && !self.is_pinned() && self.leave_content(py, home, behavior)
    }

    fn leave_content(&self, py: Python<'_>, home: &Home, behavior: impl Fn() -> Label) -> bool {
        let mut content = self.content.lock();
        match content.form_mut() {
            Form::Resident(left) => {
                let Some(object) = left.value.peek(py) else { return false };
                let small = Portable::small(&object)
                    .or_else(|| Portable::reference(&object, Taking::Move(&a_cowns_value)));
                if let Some(small) = small {
                    let before = self.put_form(&mut content, Form::Portable(small));
                    drop(content);
                    drop(before);
                    return false;
                }
                if object.references() > 1 && !is_the_same_for_all(&object) {
                    left.left_by = behavior();
                    content = self.part(py, content);
                }
            }
            Form::Shared(_) => {}
            _ => return false,
        }
        if let Form::Resident(left) = content.form_mut() {
            left.left_by = behavior();
        }
        content.form_mut().is_news_to(home)
    }

    /// Where values stay the objects that they are: if others have this object, and it is a handle of data, they lose it. The
    /// cown gets a new one.
    #[inline]
    pub(crate) fn renew(&self, py: Python<'_>) {
        if !self.is_scalar() && !self.is_pinned() {
            self.renew_handle(py);
        }
    }

    fn renew_handle(&self, py: Python<'_>) {
        let Some(object) = self.object_here(py).filter(is_data) else { return };
        // The cown's, and the one just now.
        if object.references() <= 2 {
            return;
        }
        match hand_over(&object, Taking::Move(&a_cowns_value)) {
            Ok(handle) => self.put_resident(Resident::new(handle)),
            Err(Raised) => error::clear(py),
        }
    }

    /// A behavior that has read the value ends here. True as for `leave`.
    pub(crate) fn leave_read(&self, home: &Home) -> bool {
        if self.is_scalar() {
            return false;
        }
        let mut content = self.content.lock();
        matches!(content.form(), Form::Shared(_)) && content.form_mut().is_news_to(home)
    }

    /// The value, where it is an object that lives here.
    pub(crate) fn object_here<'py>(&self, py: Python<'py>) -> Option<Object<'py>> {
        match self.content.lock().form() {
            Form::Resident(left) => left.value.open(py),
            _ => None,
        }
    }

    /// The name of the value's type, as far as it is known here.
    pub(crate) fn class(&self, py: Python<'_>) -> Option<String> {
        match self.object_here(py) {
            Some(object) => Some(object.class_name()),
            None => self.class_anywhere(),
        }
    }

    /// Replaces the value by a copy, since something else refers to parts of the object.
    pub(crate) fn copy(&self, py: Python<'_>) {
        let content = self.content.lock();
        drop(self.part(py, content));
    }

    /// Something else, perhaps another cown, refers to the object that is the value: replaces it by a copy. An object
    /// that can't be copied stays.
    #[cold]
    fn part<'a>(&'a self, py: Python<'_>, content: Guard<'a, Content>) -> Guard<'a, Content> {
        self.change(content, |form| {
            let Form::Resident(left) = form else { return (form, ()) };
            // Both need what is in it.
            let taking = Taking::Copy;
            match left.value.peek(py).map(|object| Portable::encode(&object, taking)) {
                Some(Ok(portable)) => (Form::Portable(portable), ()),
                _ => {
                    error::clear(py);
                    (Form::Resident(left), ())
                }
            }
        });
        self.content.lock()
    }

    /// The interpreter that this value lives in is about to end: the last chance to make it portable. Returns a message
    /// if it lived there and could not be moved; every later user gets an error as well.
    pub(crate) fn evacuate(&self, py: Python<'_>) -> Option<String> {
        if self.is_scalar() {
            return None;
        }
        let content = self.content.lock();
        // Another thread may be about to fetch it.
        let mut content = match self.wait_until_settled(py, content) {
            Ok(content) => content,
            Err(Raised) => {
                error::clear(py);
                return None;
            }
        };
        match content.form_mut() {
            Form::Resident(left) if left.value.is_here(py) => {}
            Form::Shared(shared) => {
                shared.known_at = 0;
                let copy = shared.take_copy(py);
                drop(content);
                drop(copy);
                return None;
            }
            _ => return None,
        }
        self.change(content, |form| {
            let Form::Resident(left) = form else { return (form, None) };
            let encoded = left.value.peek(py).map(|object| match Portable::encode_last(&object, &a_cowns_value) {
                Ok(portable) => Ok(portable),
                Err(Raised) => Err(Refusal::take(&object)),
            });
            match encoded {
                Some(Ok(portable)) => {
                    drop(left);
                    (Form::Portable(portable), None)
                }
                Some(Err(refusal)) => {
                    let left_by = labels::name(left.left_by);
                    let left_by = left_by.as_deref().unwrap_or("?");
                    let message = format!(
                        "the value that the behavior '{left_by}' left in a cown was lost when its worker ended: its \
                         type is '{}', and it {}",
                        refusal.class,
                        refusal.why()
                    );
                    (Form::lost(refusal.kind(), &message), Some(message))
                }
                None => (Form::Resident(left), None),
            }
        })
    }
}

fn a_cowns_value() -> String {
    "a cown's value".into()
}

/// Whether nobody can change the object, so that it does not matter who refers to it.
fn is_the_same_for_all(object: &Object<'_>) -> bool {
    let is_plain = matches!(
        object.builtin(),
        Some(Builtin::Str(_) | Builtin::Bytes | Builtin::Int(_) | Builtin::Float | Builtin::Complex(_))
    );
    is_plain || object.is_function() || object.is_class()
}
