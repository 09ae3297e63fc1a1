//! Values that share parts.

use super::params::HeldCowns;
use crate::ffi::{Object, Python, graph};
use crate::interpreter::State;
use crate::transport::cown::{COWN, Handle};
use crate::transport::immutable::is_immutable;

/// References to a value from outside all values: the cown's, and ours.
const OWN: usize = 2;

/// At the end of a behavior, separates the values that it leaves here: if one refers to a part of another, it is copied.
/// A behavior over one cown that returns nothing large has nothing to separate, and pays nothing.
///
/// `result`: whether the result is an object, too.
pub(super) fn unshare(py: Python<'_>, state: &State, cowns: HeldCowns<'_>, result: bool) {
    let all = || cowns.written().chain(result.then_some(cowns.result));
    // What a behavior leaves on the main thread is not any worker's.
    let is_main = state.home.is_main();
    if all().filter(|cown| is_main || cown.tag().worker().is_some()).nth(1).is_none() {
        return;
    }
    let (cowns, values): (Vec<&Handle>, Vec<Object<'_>>) =
        all().filter_map(|cown| Some((cown, cown.tag().object_here(py)?))).unzip();
    let shared = graph::shared_parts(&values, OWN, |object| COWN.of(state).get_exact(object).is_some());
    drop(values);
    for (cown, shared) in cowns.into_iter().zip(shared) {
        // A pinned value stays the object that it is. What others have of it is copied.
        if cown.tag().is_pinned() {
            continue;
        }
        if shared.len() == graph::MOST || !shared.iter().all(|object| is_immutable(object)) {
            cown.tag().copy(py);
        }
    }
}
