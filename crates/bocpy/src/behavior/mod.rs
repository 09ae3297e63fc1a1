//! How code is sent: what a function needs, how it is encoded, and how one behavior runs.
#![forbid(unsafe_code)]

mod batched;
pub(crate) mod cancelled;
pub(crate) mod code;
pub(crate) mod context;
pub(crate) mod dropping;
pub(crate) mod extra;
pub(crate) mod globals;
pub(crate) mod look;
pub(crate) mod manner;
pub(crate) mod namespace;
pub(crate) mod outcome;
pub(crate) mod params;
pub(crate) mod plan;
pub(crate) mod pumped;
mod recent;
pub(crate) mod running;
pub(crate) mod scoped;
pub(crate) mod submit;
pub(crate) mod task;
pub(crate) mod then;
mod unshare;
pub(crate) mod variables;
pub(crate) mod work;

use crate::ffi::Object;
use crate::interpreter::{PerInterpreter, State};
use code::Opened;
use globals::Definition;
use namespace::Namespace;
use parking_lot::Mutex;
use plan::Plan;
use recent::Recent;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Weak};

/// What this is for each interpreter.
pub(crate) static CACHES: PerInterpreter<Caches> = PerInterpreter::new(Caches::default);

/// What each interpreter remembers of code that it sends or runs.
#[derive(Default)]
pub(crate) struct Caches {
    /// How to schedule a function, by the address of its code object.
    pub(crate) plans: Mutex<Recent<usize, Arc<Plan>>>,
    /// Code that has been opened here, by its number.
    pub(crate) opened: Mutex<Recent<u64, Arc<Opened>>>,
    /// Globals that have been bound here, by the namespace's name.
    pub(crate) namespaces: Mutex<FxHashMap<Arc<str>, Arc<Namespace>>>,
    /// The same for those that have a number, of which there can be any number: the code that is bound to one keeps it.
    numbered: Mutex<Numbered>,
    /// Functions and classes that have been sent from here, by address.
    pub(crate) definitions: Mutex<Recent<usize, Arc<Definition>>>,
    /// The numbers of objects that are a part of such functions and classes, and a global as well, by address. Python code
    /// keeps the objects: see `_shared`.
    shared: Mutex<FxHashMap<usize, u64>>,
}

#[derive(Default)]
struct Numbered {
    all: FxHashMap<Arc<str>, Weak<Namespace>>,
    /// How many there may be until those that are gone are looked for.
    limit: usize,
}

impl Caches {
    /// Notes the number of a shared object. With 0 it is forgotten.
    pub(crate) fn share(&self, address: usize, number: u64) {
        let mut shared = self.shared.lock();
        if number == 0 {
            shared.remove(&address);
        } else {
            shared.insert(address, number);
        }
    }

    /// The number of a shared object, or 0.
    pub(crate) fn shared(&self, object: &Object<'_>) -> u64 {
        let shared = self.shared.lock();
        if shared.is_empty() { 0 } else { shared.get(&object.as_ptr().addr()).copied().unwrap_or(0) }
    }

    /// Since when what behaviors have bound to a name of that namespace has been current.
    pub(crate) fn bound_since(&self, namespace: &str, name: &str) -> Option<globals::Stamp> {
        let known = match namespace.contains('#') {
            false => self.namespaces.lock().get(namespace).cloned(),
            true => self.numbered.lock().all.get(namespace).and_then(Weak::upgrade),
        };
        known?.since(name)
    }

    /// The namespace of that name in this interpreter.
    pub(crate) fn namespace(&self, name: &Arc<str>) -> Arc<Namespace> {
        if !name.contains('#') {
            return self.namespaces.lock().entry(name.clone()).or_default().clone();
        }
        let mut numbered = self.numbered.lock();
        if let Some(known) = numbered.all.get(name).and_then(Weak::upgrade) {
            return known;
        }
        if numbered.all.len() >= numbered.limit {
            numbered.all.retain(|_, namespace| namespace.strong_count() > 0);
            numbered.limit = 2 * numbered.all.len() + 100;
        }
        let new = Arc::default();
        numbered.all.insert(name.clone(), Arc::downgrade(&new));
        new
    }

    /// Forgets all that can be worked out again.
    pub(crate) fn clear(&self, state: &State) {
        // Dropping may run any code, which may come back here: so nothing is dropped under the locks.
        plan::forget_last();
        code::forget_last();
        batched::forget_returned();
        variables::forget(state);
        drop(std::mem::take(&mut *self.plans.lock()));
        drop(std::mem::take(&mut *self.opened.lock()));
        drop(std::mem::take(&mut *self.namespaces.lock()));
        drop(std::mem::take(&mut *self.definitions.lock()));
        drop(std::mem::take(&mut *self.shared.lock()));
    }
}
