//! A type whose objects move between the interpreters of bocpy's workers without being copied.
//!
//! The counts are plain Rust. `bocpy-abi` makes Python objects that own them: when one moves, a new object in the other
//! interpreter owns the same counts, and the old object raises `RuntimeError`.

#![forbid(unsafe_code)]

use bocpy_abi::{Another, Class, Error, Movable, without_gil};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

// ---- the data: nothing of this knows Python

/// How many tallies there are in this process, for the tests.
static ALIVE: AtomicUsize = AtomicUsize::new(0);

struct Tally {
    counts: HashMap<String, u64>,
    total: u64,
}

impl Tally {
    fn new(words: Option<Vec<String>>) -> Result<Self, Error> {
        let mut tally = Tally::empty();
        for word in words.unwrap_or_default() {
            tally.count(word, 1)?;
        }
        Ok(tally)
    }

    fn empty() -> Self {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        Tally { counts: HashMap::new(), total: 0 }
    }

    fn count(&mut self, word: String, times: u64) -> Result<(), Error> {
        // Each count is at most the total.
        self.total = self.total.checked_add(times).ok_or_else(|| {
            Error::Overflow(format!("a tally of {} has no room for {times} more", self.total))
        })?;
        *self.counts.entry(word).or_default() += times;
        Ok(())
    }

    fn add(&mut self, word: String, times: Option<u64>) -> Result<(), Error> {
        if word.is_empty() {
            return Err(Error::Value("an empty text is not a word".into()));
        }
        self.count(word, times.unwrap_or(1))
    }

    fn read(&mut self, text: &str) -> Result<usize, Error> {
        // Other Python threads run meanwhile.
        without_gil(|| {
            let mut words = 0;
            for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
                self.count(word.to_lowercase(), 1)?;
                words += 1;
            }
            Ok(words)
        })
    }

    fn merge(&mut self, other: Another<'_, Tally>) -> Result<(), Error> {
        other.read(|other| {
            if self.total.checked_add(other.total).is_none() {
                return Err(Error::Overflow("these two tallies are too much for one".into()));
            }
            other.counts.iter().try_for_each(|(word, times)| self.count(word.clone(), *times))
        })?
    }

    fn count_of(&self, word: &str) -> u64 {
        self.counts.get(word).copied().unwrap_or(0)
    }

    fn most_common(&self, most: Option<usize>) -> Vec<(String, u64)> {
        let mut all: Vec<_> = self.counts.iter().collect();
        all.sort_by_key(|(word, times)| (Reverse(**times), *word));
        all.truncate(most.unwrap_or(usize::MAX));
        all.into_iter().map(|(word, times)| (word.clone(), *times)).collect()
    }

    /// What is returned becomes a new object.
    fn frequent(&self, least: u64) -> Result<Tally, Error> {
        let mut frequent = Tally::empty();
        for (word, times) in self.counts.iter().filter(|(_, times)| **times >= least) {
            frequent.count(word.clone(), *times)?;
        }
        Ok(frequent)
    }

    /// The same once more, or nothing if there is no memory for it.
    fn try_copy(&self) -> Option<Self> {
        let mut copy = Tally::empty();
        copy.counts.try_reserve(self.counts.len()).ok()?;
        copy.counts.extend(self.counts.iter().map(|(word, times)| (word.clone(), *times)));
        copy.total = self.total;
        Some(copy)
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

// ---- what Python sees of it

impl Movable for Tally {
    const NAME: &'static str = "Tally";
    const DOC: &'static str = "Counts of words.";
    const TRY_COPY: Option<fn(&Self) -> Option<Self>> = Some(Tally::try_copy);

    fn class(class: &mut Class<Self>) {
        class
            .constructor(Tally::new)
            .method_mut("add", "Count a word, once or so many times.", Tally::add)
            .method_mut("read", "Count all words of a text. Returns how many there were.", Tally::read)
            .method_mut("merge", "Add the counts of another tally.", Tally::merge)
            .method("count", "How often the word was counted.", Tally::count_of)
            .method("most_common", "The words and their counts, the most frequent first.", Tally::most_common)
            .method("frequent", "The words that were counted so often or more, as a new tally.", Tally::frequent)
            .property("total", "The sum of all counts.", |tally| tally.total)
            .property("address", "Where the data is in memory.", |tally| std::ptr::from_ref(tally).addr())
            .length(|tally| tally.counts.len())
            .shown(|tally| {
                format!("<Tally of {} words, {} of them different>", tally.total, tally.counts.len())
            });
    }
}

bocpy_abi::module! {
    /// Counts of words that move between workers.
    fn _tally(module) {
        module.class::<Tally>();
        module.function("_count_tallies", "How many tallies there are in this process.", || ALIVE.load(Ordering::Relaxed));
    }
}
