//! How to schedule a function: computed once for each code object in each interpreter.

use super::CACHES;
use super::code::{Code, Place};
use crate::interpreter::{Imported, Resident, State};

use super::batched::Batched;
use super::globals::{Snapshot, Taken};
use super::then::{Named, Then};
use crate::ffi::function::{CodeObject, PyFunction};
use crate::ffi::{Object, PyResult, Python, error, number};
use parking_lot::Mutex;
use std::cell::Cell;
use std::ffi::CStr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

static CHECK: Imported = Imported::new("bocpy._code", c"check");

/// The properties of a function that follow from its code alone.
pub(crate) struct Plan {
    /// Kept so that its address is not used again.
    code_object: Resident,
    pub(crate) code: Arc<Code>,
    /// How many positional parameters it has, and whether it takes more.
    pub(crate) parameters: usize,
    pub(crate) takes_more: bool,
    /// Whether the code has neither variables of enclosing functions nor parameters that are given by name only.
    pub(crate) is_closed: bool,
    /// Where the function stays here: the names of the globals that its own code uses, and what they stood for when the
    /// function was last scheduled.
    pub(crate) named: OnceLock<Arc<Named>>,
    pub(crate) then: Mutex<Option<Arc<Then>>>,
    /// The code without globals, if it needs none.
    pub(crate) plain: OnceLock<Arc<Snapshot>>,
    /// The globals as they were last taken.
    pub(crate) taken: Mutex<Option<Arc<Taken>>>,
    /// Whether there has been a warning that its globals are large.
    pub(crate) has_warned: AtomicBool,
}

/// The function that a thread has scheduled last: most often, it schedules it again.
struct Last {
    interpreter: i64,
    plan: Arc<Plan>,
    sent: Sent,
}

/// The snapshots that were sent with it.
#[derive(Default)]
pub(crate) struct Sent {
    /// The globals as this thread has last taken them.
    pub(super) taken: Option<Arc<Taken>>,
    pub(super) snapshots: Batched,
}

thread_local! {
    static LAST: Cell<Option<Box<Last>>> = const { Cell::new(None) };
}

/// Forgets what this thread has scheduled last.
pub(super) fn forget_last() {
    drop(LAST.take());
}

impl Plan {
    /// Calls `f` with the plan for `function` as the body of a behavior with that number of cowns and groups, and with
    /// what this thread has last sent with it. Raises if it can't be such a body.
    pub(crate) fn with<'py, R>(
        py: Python<'py>,
        state: &State,
        function: &PyFunction<'py>,
        code: &CodeObject<'py>,
        cowns: usize,
        f: impl FnOnce(&Plan, &mut Sent) -> PyResult<R>,
    ) -> PyResult<R> {
        let interpreter = state.home.id();
        LAST.with(|place| {
            // Taken out meanwhile: code that runs within may schedule something as well.
            let last = place.take().filter(|last| {
                last.interpreter == interpreter && last.plan.code_object.address() == code.address()
            });
            let mut last = match last {
                Some(last) => last,
                None => {
                    let plan = Plan::of(py, state, function, code, cowns)?;
                    Box::new(Last { interpreter, plan, sent: Sent::default() })
                }
            };
            if last.plan.parameters < cowns && !last.plan.takes_more {
                check(py, state, function, cowns)?;
            }
            let result = f(&last.plan, &mut last.sent);
            place.set(Some(last));
            result
        })
    }

    /// The plan for `function`, as the body of a behavior with that number of cowns and groups. Raises if it can't be one.
    fn of<'py>(
        py: Python<'py>,
        state: &State,
        function: &PyFunction<'py>,
        code: &CodeObject<'py>,
        cowns: usize,
    ) -> PyResult<Arc<Plan>> {
        let known = CACHES.of(state).plans.lock().get(code.address());
        match known {
            Some(plan) => Ok(plan),
            None => Plan::make(py, state, function, code, cowns),
        }
    }

    #[cold]
    fn make<'py>(
        py: Python<'py>,
        state: &State,
        function: &PyFunction<'py>,
        code: &CodeObject<'py>,
        cowns: usize,
    ) -> PyResult<Arc<Plan>> {
        check(py, state, function, cowns)?;
        let count = |name: &CStr| -> PyResult<usize> {
            Ok(code.getattr(name)?.as_int().and_then(|count| count.to_i64()).unwrap_or(0) as usize)
        };
        let place = Place::of(py, &function.globals())?;
        let name = function.getattr(c"__qualname__")?;
        let free_variables = code.getattr(c"co_freevars")?.try_tuple()?.len();
        const VARARGS: usize = 4;
        let plan = Arc::new(Plan {
            code: Arc::new(Code::write(code, place, name.to_str().unwrap_or("?"), free_variables)?),
            parameters: count(c"co_argcount")?,
            takes_more: count(c"co_flags")? & VARARGS != 0,
            is_closed: free_variables == 0 && count(c"co_kwonlyargcount")? == 0,
            code_object: Resident::new(code.clone().into()),
            named: OnceLock::new(),
            then: Mutex::new(None),
            plain: OnceLock::new(),
            taken: Mutex::new(None),
            has_warned: AtomicBool::new(false),
        });
        let forgotten = CACHES.of(state).plans.lock().insert(plan.code_object.address(), plan.clone());
        drop(forgotten);
        Ok(plan)
    }

    /// The name of a parameter, or of a variable of an enclosing function.
    pub(crate) fn variable(&self, py: Python<'_>, list: &CStr, place: usize) -> String {
        let name = || {
            let code = self.code_object.open(py)?;
            let names = code.getattr(list).ok()?;
            let place = match list == c"co_varnames" && place >= self.parameters {
                // What `*args` takes, whose name comes after those that are given by name only.
                true => {
                    let by_name = code.getattr(c"co_kwonlyargcount").ok()?.as_int()?.to_u64()?;
                    self.parameters + by_name as usize
                }
                false => place,
            };
            names.as_tuple()?.items().ok()?.get(place)?.to_str().map(str::to_owned)
        };
        let found = error::aside(py, || {
            let name = name();
            if name.is_none() {
                error::clear(py);
            }
            name
        });
        found.unwrap_or_else(|| "?".into())
    }
}

/// Raises if `function` can't be the body of a behavior with that number of cowns and groups.
fn check<'py>(py: Python<'py>, state: &State, function: &Object<'py>, cowns: usize) -> PyResult<()> {
    CHECK.call_in(py, state, &[function, &number::uint(py, cowns as u64)?]).map(drop)
}
