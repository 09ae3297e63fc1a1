//! Where an object has its data, and who uses it just now. Nothing here needs Python.

use std::cell::{Cell, UnsafeCell};
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

thread_local! {
    /// Its address is the thread's number.
    static THREAD: u8 = const { 0 };
    /// How many places this thread holds.
    static HELD: Cell<usize> = const { Cell::new(0) };
}

fn this_thread() -> usize {
    THREAD.with(|mark| std::ptr::from_ref(mark).addr())
}

/// Whether this thread uses the data of any object. It must not wait for that of another then: two that wait for each other
/// would do so forever.
pub(crate) fn holds_any() -> bool {
    HELD.get() > 0
}

/// What an object has.
pub(crate) enum Content<T, G> {
    /// Its data. In a box: to move it, only the pointer has to move.
    Data(Box<T>),
    /// What says where the data has gone.
    Gone(G),
}

/// Who uses what an object has: one thread; to read, also several times, one within another.
struct Use {
    /// The number of the thread, or 0 if nobody does.
    thread: usize,
    /// How many times to read; 0 is to write.
    readers: usize,
    /// How many threads wait until nobody does. Only then they have to be told, which costs more than all the rest.
    waiting: usize,
}

/// Why something cannot be used at once.
#[derive(Debug, PartialEq)]
pub(crate) enum Busy {
    /// This thread itself uses it.
    Here,
    /// Another thread does.
    Elsewhere,
}

/// The data of an object, or what says where it has gone; for one thread at a time.
pub(crate) struct Place<T, G> {
    used: Mutex<Use>,
    free: Condvar,
    content: UnsafeCell<Content<T, G>>,
}

// SAFETY: one thread at a time gets at the content, so it is sent from thread to thread rather than shared. What says where
// the data has gone is of this crate, which makes and drops it where Python allows that.
unsafe impl<T: Send, G> Sync for Place<T, G> {}

impl<T, G> Place<T, G> {
    pub(crate) fn new(data: Box<T>) -> Self {
        Place {
            used: Mutex::new(Use { thread: 0, readers: 0, waiting: 0 }),
            free: Condvar::new(),
            content: UnsafeCell::new(Content::Data(data)),
        }
    }

    /// It cannot be poisoned: nothing that is done under it panics.
    fn used(&self) -> MutexGuard<'_, Use> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn read(&self) -> Result<Reading<'_, T, G>, Busy> {
        let mut used = self.used();
        let here = this_thread();
        if used.thread == 0 {
            used.thread = here;
        } else if used.thread != here {
            return Err(Busy::Elsewhere);
        } else if used.readers == 0 {
            return Err(Busy::Here);
        }
        used.readers += 1;
        HELD.set(HELD.get() + 1);
        Ok(Reading { place: self })
    }

    pub(crate) fn write(&self) -> Result<Writing<'_, T, G>, Busy> {
        let mut used = self.used();
        let here = this_thread();
        if used.thread != 0 {
            return Err(if used.thread == here { Busy::Here } else { Busy::Elsewhere });
        }
        used.thread = here;
        HELD.set(HELD.get() + 1);
        Ok(Writing { place: self })
    }

    /// Waits until nobody uses it. Somebody may again by the time that this returns.
    pub(crate) fn wait(&self) {
        let mut used = self.used();
        used.waiting += 1;
        while used.thread != 0 {
            used = self.free.wait(used).unwrap_or_else(PoisonError::into_inner);
        }
        used.waiting -= 1;
    }

    fn release(&self) {
        let mut used = self.used();
        used.readers = used.readers.saturating_sub(1);
        if used.readers == 0 {
            used.thread = 0;
            if used.waiting > 0 {
                self.free.notify_all();
            }
        }
        HELD.set(HELD.get() - 1);
    }
}

/// The content, to read.
pub(crate) struct Reading<'a, T, G> {
    place: &'a Place<T, G>,
}

impl<T, G> Reading<'_, T, G> {
    pub(crate) fn content(&self) -> &Content<T, G> {
        // SAFETY: nobody has it to write: `read` has seen to it, until this is dropped. Others that have it to read are of
        // this thread.
        unsafe { &*self.place.content.get() }
    }
}

impl<T, G> Drop for Reading<'_, T, G> {
    fn drop(&mut self) {
        self.place.release();
    }
}

/// The content, to change.
pub(crate) struct Writing<'a, T, G> {
    place: &'a Place<T, G>,
}

impl<T, G> Writing<'_, T, G> {
    pub(crate) fn content(&mut self) -> &mut Content<T, G> {
        // SAFETY: nobody else has it: `write` has seen to it, until this is dropped.
        unsafe { &mut *self.place.content.get() }
    }

    pub(crate) fn replace(&mut self, content: Content<T, G>) -> Content<T, G> {
        mem::replace(self.content(), content)
    }
}

impl<T, G> Drop for Writing<'_, T, G> {
    fn drop(&mut self) {
        self.place.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::thread;

    type Text = Place<String, &'static str>;

    fn place(text: &str) -> Text {
        Place::new(Box::new(text.to_owned()))
    }

    fn text(content: &Content<String, &'static str>) -> String {
        match content {
            Content::Data(data) => data.to_string(),
            Content::Gone(text) => (*text).to_owned(),
        }
    }

    #[test]
    fn one_thread_reads_within_reading_and_nothing_else() {
        let place = place("a");
        let first = place.read().unwrap();
        let second = place.read().unwrap();
        assert_eq!(place.write().err(), Some(Busy::Here));
        drop(first);
        assert_eq!(place.write().err(), Some(Busy::Here), "the second still reads");
        assert_eq!(text(second.content()), "a");
        drop(second);
        let mut writing = place.write().unwrap();
        assert_eq!(place.write().err(), Some(Busy::Here));
        assert_eq!(place.read().err(), Some(Busy::Here));
        if let Content::Data(data) = writing.content() {
            data.push('b');
        }
        drop(writing);
        assert_eq!(text(place.read().unwrap().content()), "ab");
    }

    #[test]
    fn another_thread_does_not_get_in() {
        let place = place("a");
        let reading = place.read().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                assert_eq!(place.read().err(), Some(Busy::Elsewhere));
                assert_eq!(place.write().err(), Some(Busy::Elsewhere));
            });
        });
        drop(reading);
        thread::scope(|scope| {
            scope.spawn(|| assert!(place.write().is_ok()));
        });
    }

    #[test]
    fn who_waits_gets_in_afterwards() {
        let place = place("a");
        let (busy, told) = channel();
        thread::scope(|scope| {
            let place = &place;
            let writing = place.write().unwrap();
            scope.spawn(move || {
                let mut told = Some(busy);
                loop {
                    match place.write() {
                        Ok(mut writing) => break writing.replace(Content::Gone("taken")),
                        Err(why) => {
                            assert_eq!(why, Busy::Elsewhere);
                            if let Some(busy) = told.take() {
                                busy.send(()).unwrap();
                            }
                            place.wait();
                        }
                    }
                }
            });
            told.recv().unwrap();
            drop(writing);
        });
        assert_eq!(text(place.read().unwrap().content()), "taken");
    }

    #[test]
    fn a_panic_gives_it_free() {
        let place = place("a");
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _writing = place.write().unwrap();
            std::panic::resume_unwind(Box::new("oh"));
        }));
        assert!(panicked.is_err());
        assert!(!holds_any());
        assert!(place.write().is_ok());
    }

    #[test]
    fn threads_one_at_a_time() {
        let place: Place<(u64, u64), ()> = Place::new(Box::new((0, 0)));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        let mut writing = loop {
                            match place.write() {
                                Ok(writing) => break writing,
                                Err(_) => place.wait(),
                            }
                        };
                        assert!(holds_any());
                        if let Content::Data(data) = writing.content() {
                            data.0 += 1;
                            data.1 += 1;
                        }
                    }
                });
            }
        });
        let reading = place.read().unwrap();
        assert!(matches!(reading.content(), Content::Data(data) if **data == (4000, 4000)));
    }
}
