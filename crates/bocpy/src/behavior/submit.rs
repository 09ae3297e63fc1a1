//! Scheduling: a function and what it captures become a task.

use super::dropping;
use super::extra::Extra;
use super::globals::{self, Snapshot};
use super::params::Params;
use super::plan::{Plan, Sent};
use super::then::Then;
use super::work::{Captures, LocalCallable, PickledCallable, Work};
use crate::ffi::error::{self, Kind};
use crate::ffi::function::{self, CodeObject, PyFunction};
use crate::ffi::{Object, PyResult, Python, Raised, Tuple, module, text};
use crate::interpreter::labels;
use crate::interpreter::{Resident, State, backend};
use crate::transport::by_reference::{Taking, Whole, hand_over_part, is_data};
use crate::transport::cown::CownObject;
use crate::transport::portable::Portable;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::ffi::CStr;
use std::sync::Arc;

/// The work of a behavior with that body, over the cowns of `params`; `captures` come after them.
pub(crate) fn work<'py>(
    py: Python<'py>,
    state: &State,
    body: &Object<'py>,
    params: &Params<'_>,
    captures: &[Object<'py>],
) -> PyResult<Work> {
    // What is pinned runs in the main interpreter.
    let stays = backend::values_stay(py) || params.is_pinned() && state.home.is_main();
    let params = params.len();
    let mut whole = Whole::default();
    let work = match body.as_function() {
        Some(function) => {
            let whole = RefCell::new(&mut whole);
            Submission { py, state, function, params, captures, stays, whole }.function(&function.code())
        }
        None => callable(py, state, body, captures, stays, &mut whole),
    };
    if work.is_err() {
        whole.give_back(py);
    }
    work
}

/// Any other callable, sent as a value.
fn callable<'py>(
    py: Python<'py>,
    state: &State,
    body: &Object<'py>,
    captures: &[Object<'py>],
    stays: bool,
    whole: &mut Whole,
) -> PyResult<Work> {
    if !body.is_callable() {
        let message = format!("a behavior's body must be a function, not {}", body.class_name());
        return Err(error::raise(py, Kind::Type, &message));
    }
    let name: Arc<str> = match body.getattr_opt(c"__qualname__")?.as_ref().and_then(|name| name.to_str()) {
        Some(name) => name.into(),
        None => body.class_name().into(),
    };
    let label = labels::label(&name, "");
    if stays {
        let args = captures
            .iter()
            .enumerate()
            .map(|(place, capture)| {
                let what = || format!("capture {} of the behavior '{name}'", place + 1);
                let capture = hand_over_part(capture, Taking::Move(&what), Some(&mut *whole))?;
                Ok(Resident::at(state.home.clone(), capture))
            })
            .collect::<PyResult<_>>()?;
        let callable = Resident::at(state.home.clone(), body.clone());
        return Ok(Work::Local(Box::new(LocalCallable {
            callable,
            args,
            then: None,
            name,
            label,
            extra: Extra::default(),
            number: dropping::now(),
        })));
    }
    let callable = Portable::encode_named(body, || format!("the body '{name}' of a behavior"))?;
    let args = captures
        .iter()
        .enumerate()
        .map(|(place, capture)| {
            let what = || format!("capture {} of the behavior '{name}'", place + 1);
            Portable::encode_part(capture, what, whole)
        })
        .collect::<PyResult<_>>()?;
    Ok(Work::Callable(Box::new(PickledCallable {
        callable,
        args,
        name,
        label,
        extra: Extra::default(),
        number: dropping::now(),
    })))
}

/// A function that is being scheduled.
struct Submission<'a, 'py> {
    py: Python<'py>,
    state: &'a State,
    function: &'a PyFunction<'py>,
    /// How many parameters are taken by cowns and groups.
    params: usize,
    captures: &'a [Object<'py>],
    /// Whether it runs in this interpreter.
    stays: bool,
    /// What has been moved for it.
    whole: RefCell<&'a mut Whole>,
}

impl<'py> Submission<'_, 'py> {
    fn function(&self, code: &CodeObject<'py>) -> PyResult<Work> {
        Plan::with(self.py, self.state, self.function, code, self.params, |plan, sent| {
            if self.stays { self.local(plan, code) } else { self.sent(plan, sent) }
        })
    }

    /// The values of the parameters after the cowns: given ones, defaults, and variables of the same name.
    fn each_capture(
        &self,
        plan: &Plan,
        mut take: impl FnMut(usize, &Object<'py>) -> PyResult<()>,
    ) -> PyResult<()> {
        let given = self.params + self.captures.len();
        if given > plan.parameters && !plan.takes_more {
            let message = format!(
                "the behavior '{}' takes {} parameter(s), but gets {} cown(s) or group(s) and {} capture(s)",
                plan.code.name,
                plan.parameters,
                self.params,
                self.captures.len()
            );
            return Err(error::raise(self.py, Kind::Type, &message));
        }
        for (place, capture) in self.captures.iter().enumerate() {
            take(self.params + place, capture)?;
        }
        if given >= plan.parameters {
            return Ok(());
        }
        let defaults = self.function.defaults();
        let count = defaults.as_ref().map_or(0, |defaults| defaults.len());
        for place in given..plan.parameters {
            match (place + count).checked_sub(plan.parameters) {
                Some(default) => {
                    let defaults = defaults.as_ref().expect("a default is counted");
                    take(place, &*defaults.item(default)?)?;
                }
                None => take(place, &self.by_name(plan, place)?)?,
            }
        }
        Ok(())
    }

    /// A parameter that is neither a cown nor has a default: the variable of that name where the behavior is scheduled.
    fn by_name(&self, plan: &Plan, place: usize) -> PyResult<Object<'py>> {
        let name = plan.variable(self.py, c"co_varnames", place);
        let key = text::intern(self.py, &name)?;
        for local in [true, false] {
            if let Some(variables) = module::caller_variables(self.py, local) {
                let found = if let Some(variables) = variables.as_dict() {
                    variables.get(&key)?
                } else {
                    let found = variables.call_method(c"get", &[&key])?;
                    (!found.is_none()).then_some(found)
                };
                if let Some(found) = found {
                    return Ok(found);
                }
            }
        }
        let message = format!(
            "the behavior '{}' has a parameter '{name}' with no cown, no default and no variable of that name: \
             schedule it with one more cown, or give it a default (`{name}=...`)",
            plan.code.name
        );
        Err(error::raise(self.py, Kind::Type, &message))
    }

    /// The current contents of a closure's cells.
    fn each_cell(
        &self,
        plan: &Plan,
        mut take: impl FnMut(usize, Option<Object<'py>>) -> PyResult<()>,
    ) -> PyResult<()> {
        if plan.code.free_variables == 0 {
            return Ok(());
        }
        let Some(cells) = self.function.closure() else { return Ok(()) };
        for place in 0..plan.code.free_variables {
            let cell = cells.item(place)?;
            let Some(cell) = cell.as_cell() else {
                return Err(error::raise(self.py, Kind::Type, "not a cell"));
            };
            take(place, cell.content())?;
        }
        Ok(())
    }

    fn encode(&self, plan: &Plan, value: &Object<'py>, list: &CStr, place: usize) -> PyResult<Portable> {
        // What is pickled may run any code, but this is not reached from there.
        Portable::encode_part(value, || self.describe(plan, list, place), &mut self.whole.borrow_mut())
    }

    fn hand_over(&self, value: &Object<'py>, what: &dyn Fn() -> String) -> PyResult<Object<'py>> {
        hand_over_part(value, Taking::Move(what), Some(&mut self.whole.borrow_mut()))
    }

    /// The keyword defaults, as one value. If they cannot be moved, the error names the first that cannot.
    fn keywords(&self, plan: &Plan, keywords: &Object<'py>) -> PyResult<Portable> {
        let all = || format!("the keyword defaults of the behavior '{}'", plan.code.name);
        let encoded = Portable::encode_part(keywords, all, &mut self.whole.borrow_mut());
        encoded.map_err(|Raised| {
            let error = error::take(self.py);
            match (self.each_keyword(plan, keywords), error) {
                (Ok(()), Some(error)) => error::restore(error),
                _ => Raised,
            }
        })
    }

    /// Raises if one of them cannot be moved.
    fn each_keyword(&self, plan: &Plan, keywords: &Object<'py>) -> PyResult<()> {
        let (keywords, mut position) = (keywords.try_dict()?, 0);
        while let Some((name, value)) = keywords.next(&mut position) {
            let name = name.to_str().unwrap_or_default();
            Portable::encode_part(&value, || describe(plan, name), &mut self.whole.borrow_mut())?;
        }
        Ok(())
    }

    fn describe(&self, plan: &Plan, list: &CStr, place: usize) -> String {
        describe(plan, &plan.variable(self.py, list, place))
    }

    fn sent(&self, plan: &Plan, sent: &mut Sent) -> PyResult<Work> {
        if self.params == plan.parameters && self.captures.is_empty() && plan.is_closed {
            let snapshot = self.snapshot(plan, sent, false)?;
            return Ok(Work::Sent { snapshot, captures: None, number: dropping::now() });
        }
        let mut args = SmallVec::<[(usize, Object<'py>); 4]>::new();
        let mut cells = SmallVec::<[(usize, Option<Object<'py>>); 4]>::new();
        // Code within captures uses globals too.
        let mut captures_code = false;
        self.each_capture(plan, |place, value| {
            captures_code |= may_hold_code(value);
            args.push((place, value.clone()));
            Ok(())
        })?;
        self.each_cell(plan, |place, value| {
            captures_code |= value.as_ref().is_some_and(may_hold_code);
            cells.push((place, value));
            Ok(())
        })?;
        // Before captures are taken away: a warning that is raised as an error comes from here.
        let snapshot = self.snapshot(plan, sent, captures_code)?;
        let take = |list: &CStr, place, value: &Object<'py>| self.encode(plan, value, list, place);
        let args = args.iter().map(|(place, value)| take(c"co_varnames", *place, value));
        let args = args.collect::<PyResult<Vec<_>>>()?;
        let closure = cells.iter().map(|(place, value)| {
            value.as_ref().map(|value| take(c"co_freevars", *place, value)).transpose()
        });
        let closure = closure.collect::<PyResult<Vec<_>>>()?;
        let keywords = match self.function.kw_defaults() {
            Some(keywords) => Some(self.keywords(plan, &keywords)?),
            None => None,
        };
        let plain = args.is_empty() && keywords.is_none() && closure.is_empty();
        let captures = (!plain)
            .then(|| Box::new(Captures { args, keywords, closure: closure.into(), extra: Extra::default() }));
        Ok(Work::Sent { snapshot, captures, number: dropping::now() })
    }

    fn snapshot(&self, plan: &Plan, sent: &mut Sent, captures_code: bool) -> PyResult<Arc<Snapshot>> {
        if plan.code.place.importable {
            return Ok(globals::none(plan, sent));
        }
        let globals = self.function.globals();
        globals::take(self.py, self.state, plan, sent, self.function, &globals, captures_code)
    }

    /// For a behavior that runs in this interpreter: the function itself, with captures and globals as they are now.
    fn local(&self, plan: &Plan, code: &CodeObject<'py>) -> PyResult<Work> {
        let mut args = Vec::new();
        self.each_capture(plan, |place, value| {
            let what = || self.describe(plan, c"co_varnames", place);
            let value = self.hand_over(value, &what)?;
            args.push(Resident::at(self.state.home.clone(), value));
            Ok(())
        })?;
        let is_itself = plan.code.place.importable && plan.code.free_variables == 0;
        let (callable, then) =
            if is_itself { ((**self.function).clone(), None) } else { self.copy(plan, code)? };
        Ok(Work::Local(Box::new(LocalCallable {
            callable: Resident::at(self.state.home.clone(), callable),
            args,
            then,
            name: plan.code.name.clone(),
            extra: Extra::default(),
            label: plan.code.label,
            number: dropping::now(),
        })))
    }

    /// The function with captures and globals as they are now.
    fn copy(&self, plan: &Plan, code: &CodeObject<'py>) -> PyResult<(Object<'py>, Option<Arc<Then>>)> {
        let then = match plan.code.place.importable {
            true => None,
            false => Then::take(self.py, self.state, plan, self.function)?,
        };
        if plan.is_closed {
            return Ok(((**self.function).clone(), then));
        }
        let copy = PyFunction::new(code, &self.function.globals())?;
        if let Some(defaults) = self.function.defaults() {
            copy.set_defaults(&defaults)?;
        }
        if let Some(defaults) = self.function.kw_defaults() {
            copy.set_kw_defaults(&defaults)?;
        }
        if plan.code.free_variables != 0 {
            let mut cells = Vec::with_capacity(plan.code.free_variables);
            self.each_cell(plan, |place, value| {
                let what = || self.describe(plan, c"co_freevars", place);
                let value = value.map(|value| self.hand_over(&value, &what)).transpose()?;
                cells.push(function::cell(self.py, value.as_ref())?);
                Ok(())
            })?;
            copy.set_closure(&Tuple::new(self.py, cells)?)?;
        }
        Ok((copy.into(), then))
    }
}

/// Whether a captured value may contain functions or classes that can't be imported.
fn may_hold_code(value: &Object<'_>) -> bool {
    !(Portable::scalar(value).is_some()
        || value.is_str()
        || value.is_bytes()
        || CownObject::plain_handle(value).is_some())
        && (value.is_function() || value.is_class() || !(is_plain_container(value) || is_data(value)))
}

/// A list, tuple or dict: nearly always plain data. Functions inside are found when they are looked up by name, and so is what
/// the methods of a record use.
fn is_plain_container(value: &Object<'_>) -> bool {
    value.is_list() || value.is_tuple() || value.is_dict()
}

/// What a capture is called in errors.
fn describe(plan: &Plan, variable: &str) -> String {
    format!("the value of '{variable}', which the behavior '{}' captures,", plan.code.name)
}
