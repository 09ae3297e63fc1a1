//! A cache of recently used things.

use rustc_hash::FxHashMap;
use std::hash::Hash;
use std::mem;

/// A map of things that can be made again. It has two generations: things that are not used while a whole generation
/// fills up are dropped. So a program that keeps making functions does not keep all of them here.
pub(crate) struct Recent<K, V> {
    young: FxHashMap<K, V>,
    old: FxHashMap<K, V>,
}

/// How many things make a generation.
const GENERATION: usize = 1_000;

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Recent { young: FxHashMap::default(), old: FxHashMap::default() }
    }
}

impl<K: Hash + Eq + Copy, V: Clone> Recent<K, V> {
    pub(crate) fn get(&mut self, key: K) -> Option<V> {
        if let Some(value) = self.young.get(&key) {
            return Some(value.clone());
        }
        let value = self.old.remove(&key)?;
        self.young.insert(key, value.clone());
        Some(value)
    }

    /// Returns the dropped things: dropping them may run any code, which must not happen under the lock around this map.
    #[must_use]
    pub(crate) fn insert(&mut self, key: K, value: V) -> Forgotten<K, V> {
        let forgotten = match self.young.len() >= GENERATION {
            true => mem::replace(&mut self.old, mem::take(&mut self.young)),
            false => FxHashMap::default(),
        };
        let before = self.young.insert(key, value);
        Forgotten { _generation: forgotten, _before: before }
    }
}

/// To be dropped.
pub(crate) struct Forgotten<K, V> {
    _generation: FxHashMap<K, V>,
    _before: Option<V>,
}
