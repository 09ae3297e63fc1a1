//! Exceptions that behaviors did not catch, and that become a cown's value. One that nobody has looked at is reported: when its
//! cown dies or gets another value, when the program has waited for its behaviors, or at the end. Reports go to the
//! main interpreter's `threading.excepthook`.

use super::by_reference::Opening;
use super::cown::Handle;
use super::form::Form;
use super::portable::Portable;
use super::scope::Scope;
use super::slot::Slot;
use crate::ffi::error::{self, Raised};
use crate::ffi::{Object, PyResult, Python, module, text};
use crate::interpreter::home::main_home;
use crate::interpreter::self_pruning::SelfPruning;
use crate::interpreter::{Imported, Resident, State, attach, detach, within};
use boc::WeakCown;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

static REPORT: Imported = Imported::new("bocpy._reports", c"report");

/// Cowns with an exception that nobody may have looked at.
static UNREAD: Mutex<SelfPruning<WeakCown<(), Slot>>> = Mutex::new(SelfPruning::new());
/// Reports of threads that are not attached to the main interpreter.
static WAITING: Mutex<Vec<Arc<Report>>> = Mutex::new(Vec::new());
static ARE_WAITING: AtomicBool = AtomicBool::new(false);
/// How many threads tell of some just now.
static TELLING: AtomicUsize = AtomicUsize::new(0);

/// What there is to tell of an exception.
pub(crate) struct Report {
    exception: Exception,
    /// "behavior 'f' (program.py, line 7)"
    pub(crate) behavior: Box<str>,
    /// Who has to tell of it: one of these below.
    teller: AtomicU8,
}

/// The cown that has the exception.
const COWN: u8 = 0;
/// A scope, at its end. The cown has it as well, and may be looked at.
const SCOPE: u8 = 1;
/// The scope alone: the cown is gone, or has another value.
const SCOPE_ALONE: u8 = 2;
/// Nobody: somebody has looked at it, or it has been told.
const NOBODY: u8 = 3;

enum Exception {
    Portable(Portable),
    /// Of the main interpreter.
    Object(Resident),
}

/// A behavior has failed, and this is its result.
pub(crate) fn note(result: &Handle) {
    UNREAD.lock().push(result.downgrade(), |cowns| cowns.retain(|cown| cown.handles() > 0));
}

/// Tells of all that nobody has looked at so far. To be called in the main interpreter.
pub(crate) fn tell_all(py: Python<'_>) {
    settle(py);
    let cowns = UNREAD.lock().take();
    for cown in cowns.iter().filter_map(WeakCown::upgrade) {
        let mut content = cown.tag().content.lock();
        if content.rare().and_then(|rare| rare.unread.as_ref()).is_some_and(|report| report.is_kept()) {
            // It is a scope's, that may yet let go of it.
            drop(content);
            note(&cown);
            continue;
        }
        let report = content.take_report();
        drop(content);
        if let Some(report) = report.filter(|report| report.look()) {
            report.print(py);
        }
    }
}

/// Tells of what died where nobody could tell of it, and waits for others who do. To be called in the main interpreter.
pub(crate) fn settle(py: Python<'_>) {
    tell_waiting(py);
    // Not forever: the hook that they call may wait for this thread.
    let deadline = Instant::now() + Duration::from_secs(5);
    while TELLING.load(Ordering::SeqCst) > 0 && Instant::now() < deadline {
        detach(py, || std::thread::sleep(Duration::from_micros(100)));
    }
}

/// Tells of what died where nobody could tell of it. Called by threads that have left all cowns alone.
#[inline]
pub(crate) fn tell_waiting(py: Python<'_>) {
    if ARE_WAITING.load(Ordering::Relaxed) {
        tell_waiting_now(py);
    }
}

#[cold]
fn tell_waiting_now(py: Python<'_>) {
    TELLING.fetch_add(1, Ordering::SeqCst);
    ARE_WAITING.store(false, Ordering::Relaxed);
    let reports = std::mem::take(&mut *WAITING.lock());
    let print = |py: Python<'_>| {
        for report in &reports {
            report.print(py);
        }
    };
    let told = match main_home() {
        Some(main) if main.is_here() => {
            print(py);
            Some(())
        }
        Some(main) => within(py, &main, print),
        None => None,
    };
    if told.is_none() {
        reports.iter().for_each(|report| report.print_anyhow());
    }
    TELLING.fetch_sub(1, Ordering::SeqCst);
}

impl Report {
    fn new(exception: Exception, behavior: String) -> Report {
        Report { exception, behavior: behavior.into_boxed_str(), teller: AtomicU8::new(COWN) }
    }

    /// Whether a scope is to tell of it, and nobody has looked at it.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self.teller.load(Ordering::Acquire), SCOPE | SCOPE_ALONE)
    }

    /// Somebody looks at it. False: somebody has done so before.
    pub(crate) fn look(&self) -> bool {
        self.teller.swap(NOBODY, Ordering::AcqRel) != NOBODY
    }

    /// The scope that was to tell of it does not.
    pub(crate) fn let_go(self: &Arc<Self>) {
        let moved =
            |from, to| self.teller.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if !moved(SCOPE, COWN) && moved(SCOPE_ALONE, COWN) {
            self.clone().tell();
        }
    }

    /// The cown that had it does so no more, and nobody has looked at it there.
    pub(super) fn leave_cown(self: Arc<Self>) {
        let kept = self.teller.compare_exchange(SCOPE, SCOPE_ALONE, Ordering::AcqRel, Ordering::Relaxed);
        if kept.is_err() {
            self.tell();
        }
    }

    /// Now, if this thread is in the main interpreter; otherwise soon.
    fn tell(self: Arc<Self>) {
        if !self.look() {
            return;
        }
        let mut report = Some(self);
        attach::if_attached(|py| {
            if State::get(py).home.is_main() {
                error::aside(py, || report.take().inspect(|report| report.print(py)));
            }
        });
        if let Some(report) = report {
            WAITING.lock().push(report);
            ARE_WAITING.store(true, Ordering::Relaxed);
        }
    }

    fn print(&self, py: Python<'_>) {
        let told = self
            .open(py)
            .and_then(|exception| REPORT.call(py, &[&exception, &text::string(py, &self.behavior)?]));
        if told.is_err() {
            let why = error::describe(py);
            let message = format!("Exception in {}, which cannot be shown: {why}\n", self.behavior);
            module::write_stderr(py, &message);
        }
    }

    /// Where there is no interpreter to do it properly.
    fn print_anyhow(&self) {
        let class = match &self.exception {
            Exception::Portable(portable) => portable.class(),
            Exception::Object(_) => "object".into(),
        };
        eprintln!("Exception in {}: {class}", self.behavior);
    }

    /// The exception.
    pub(crate) fn open<'py>(&self, py: Python<'py>) -> PyResult<Object<'py>> {
        match &self.exception {
            Exception::Portable(portable) => portable.decode(py, Opening::Copy),
            Exception::Object(object) => object.open(py).ok_or(Raised),
        }
    }
}

impl Slot {
    /// Makes the value an exception that a behavior did not catch.
    /// `scope`: the behavior's.
    pub(crate) fn fail(&self, exception: Portable, behavior: String, scope: Option<&Arc<Scope>>) {
        let report = Report::new(Exception::Portable(exception.clone()), behavior);
        self.fail_as(Form::Portable(exception), report, scope);
    }

    /// The same for an object of the main interpreter.
    pub(crate) fn fail_resident(&self, exception: &Object<'_>, behavior: String, scope: Option<&Arc<Scope>>) {
        let home = &State::get(exception.py()).home;
        let resident = || Resident::at(home.clone(), exception.clone());
        let report = Report::new(Exception::Object(resident()), behavior);
        self.fail_as(Form::resident(resident()), report, scope);
    }

    fn fail_as(&self, form: Form, report: Report, scope: Option<&Arc<Scope>>) {
        let report = Arc::new(report);
        if let Some(scope) = scope {
            report.teller.store(SCOPE, Ordering::Release);
            if !scope.keep_failure(&report) {
                report.teller.store(COWN, Ordering::Release);
            }
        }
        self.replace(form, Some(report));
    }

    /// Makes the value the exception of a behavior that was cancelled. There is nothing to tell of it.
    pub(crate) fn set_cancelled(&self, exception: Portable) {
        self.replace(Form::Portable(exception), None);
        self.note_cancelled();
    }

    /// The same for an object of this interpreter.
    pub(crate) fn set_cancelled_object(&self, exception: Resident) {
        self.replace(Form::resident(exception), None);
        self.note_cancelled();
    }

    fn note_cancelled(&self) {
        self.set_exception(true);
        self.content.lock().full().rare.get_or_insert_default().cancelled = true;
    }

    /// Whether the value is that of a behavior that was cancelled.
    pub(crate) fn is_cancelled(&self) -> bool {
        !self.is_scalar() && self.content.lock().rare().is_some_and(|rare| rare.cancelled && rare.exception)
    }

    /// Whether the value is an exception that a behavior did not catch. Asking counts as having looked.
    pub(crate) fn exception(&self) -> bool {
        let mut content = self.content.lock();
        let unread = content.take_report();
        let exception = content.rare().is_some_and(|rare| rare.exception);
        drop(content);
        if let Some(unread) = unread {
            unread.look();
        }
        exception
    }

    /// Where the value is an exception at which nobody has looked: what there is to tell of it.
    pub(crate) fn unread(&self) -> Option<Arc<Report>> {
        match self.is_scalar() {
            true => None,
            false => self.content.lock().rare()?.unread.clone(),
        }
    }

    pub(crate) fn set_exception(&self, exception: bool) {
        let mut content = self.content.lock();
        if !exception && content.rare().is_none() {
            return;
        }
        let rare = content.full().rare.get_or_insert_default();
        rare.exception = exception;
        let unread = rare.unread.take();
        if let (true, Some(scalar)) = (exception, self.get_scalar()) {
            self.put_form(&mut content, Form::Portable(scalar.portable()));
        }
        drop(content);
        if let Some(unread) = unread {
            unread.look();
        }
    }
}

/// Tells of an exception that nobody has ever looked at.
impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(report) = self.content.get_mut().take_report() {
            report.leave_cown();
        }
        self.drop_value();
    }
}
