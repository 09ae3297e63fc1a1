//! Names of behaviors and where their functions are defined, as small numbers that are cheap to store.

use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// The number of a name and a place. Zero: none.
pub(crate) type Label = u32;

/// The name of a behavior's function, and its file and line, where they are known.
type Title = (Arc<str>, Arc<str>);

static TITLES: Mutex<Option<Titles>> = Mutex::new(None);

#[derive(Default)]
struct Titles {
    titles: Vec<Title>,
    labels: HashMap<Title, Label>,
    /// The numbers of names that have gone, those that went first at the front.
    free: VecDeque<Label>,
}

/// How many numbers of names that have gone are kept.
const MOST_FREE: usize = 1000;

/// A name that the program has given to one behavior. Its number is another's when this has gone.
pub(crate) struct Named {
    pub(crate) name: Arc<str>,
    pub(crate) label: Label,
}

impl Named {
    /// The name of a behavior with a function of that label.
    pub(crate) fn new(name: &Arc<str>, function: Label) -> Named {
        let mut titles = TITLES.lock();
        let Titles { titles, free, .. } = titles.get_or_insert_default();
        let place = titles.get((function as usize).wrapping_sub(1)).map(|(_, place)| place.clone());
        let title = (name.clone(), place.unwrap_or_else(|| "".into()));
        // Somebody who has just seen a behavior may be about to ask for its name.
        let label = match if free.len() > MOST_FREE { free.pop_front() } else { None } {
            Some(label) => {
                titles[label as usize - 1] = title;
                label
            }
            None => {
                titles.push(title);
                titles.len() as Label
            }
        };
        Named { name: name.clone(), label }
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        if let Some(titles) = &mut *TITLES.lock() {
            titles.free.push_back(self.label);
        }
    }
}

/// The number for a name and a place such as `file.py:12`, which may be empty.
pub(crate) fn label(name: &Arc<str>, place: &str) -> Label {
    let mut titles = TITLES.lock();
    let Titles { titles, labels, .. } = titles.get_or_insert_default();
    *labels.entry((name.clone(), place.into())).or_insert_with_key(|title| {
        titles.push(title.clone());
        titles.len() as Label
    })
}

/// The name of that number.
pub(crate) fn name(label: Label) -> Option<Arc<str>> {
    title(label).map(|(name, _)| name)
}

/// The name in quotes, and the place.
pub(crate) fn describe(label: Label) -> Option<String> {
    let (name, place) = title(label)?;
    Some(if place.is_empty() { format!("'{name}'") } else { format!("'{name}' ({place})") })
}

fn title(label: Label) -> Option<Title> {
    let place = (label as usize).checked_sub(1)?;
    TITLES.lock().as_ref()?.titles.get(place).cloned()
}
