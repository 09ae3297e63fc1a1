//! Names of behaviors, as small numbers that are cheap to store.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// The number of a name. Zero: none.
pub(crate) type Label = u32;

static NAMES: Mutex<Option<Names>> = Mutex::new(None);

#[derive(Default)]
struct Names {
    names: Vec<Arc<str>>,
    labels: HashMap<Arc<str>, Label>,
}

/// The number of that name, for `name`.
pub(crate) fn label(name: &Arc<str>) -> Label {
    let mut names = NAMES.lock();
    let Names { names, labels } = names.get_or_insert_default();
    *labels.entry(name.clone()).or_insert_with(|| {
        names.push(name.clone());
        names.len() as Label
    })
}

/// The name of that number.
pub(crate) fn name(label: Label) -> Option<Arc<str>> {
    let place = (label as usize).checked_sub(1)?;
    NAMES.lock().as_ref()?.names.get(place).cloned()
}
