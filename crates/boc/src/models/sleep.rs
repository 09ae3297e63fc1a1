//! Parking: published work is found in every order of steps. If a worker sleeps forever although there is work, the model
//! ends in a deadlock, which loom reports.

use super::explore;
use crate::scheduler::sleep::{Sleep, Sleeper};
use crate::sync::{AtomicUsize, Condvar, Mutex, Ordering};
use loom::sync::atomic::AtomicBool;
use loom::thread;
use std::sync::Arc;

/// A pile of equal pieces of work, and a door that opens when a number of workers are inside at the same time.
struct Place {
    sleep: Sleep,
    work: AtomicUsize,
    /// Work for a worker that is not here.
    homed: AtomicUsize,
    stopping: AtomicBool,
    inside: Mutex<usize>,
    door: Condvar,
}

impl Place {
    fn new(workers: usize) -> (Arc<Place>, Vec<Sleeper>) {
        let (sleep, sleepers) = Sleep::new(workers);
        let place = Place {
            sleep,
            work: AtomicUsize::new(0),
            homed: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            inside: Mutex::new(0),
            door: Condvar::new(),
        };
        (Arc::new(place), sleepers)
    }

    fn publish(&self) {
        // As weak as in a deque; the fence that follows has to order it.
        self.work.fetch_add(1, Ordering::Release);
        self.sleep.wake_one();
    }

    fn publish_homed(&self) {
        self.homed.fetch_add(1, Ordering::Release);
        self.sleep.wake_watcher();
    }

    fn has_homed(&self) -> bool {
        self.homed.load(Ordering::Acquire) != 0
    }

    /// Sleeps until it has seen work for a worker that does not come.
    fn watch(&self, sleeper: &Sleeper) {
        while !self.has_homed() {
            sleeper.sleep(&self.sleep, || self.has_work(), || self.has_homed(), || false, || ());
        }
    }

    fn has_work(&self) -> bool {
        self.work.load(Ordering::Acquire) != 0
    }

    fn take(&self) -> bool {
        self.work.fetch_update(Ordering::AcqRel, Ordering::Acquire, |work| work.checked_sub(1)).is_ok()
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Sleeps until there is a piece of work, and takes it. False at the end.
    fn find(&self, sleeper: &Sleeper) -> bool {
        while !self.is_stopping() {
            if self.take() {
                sleeper.found(&self.sleep, || self.has_work(), || self.has_homed());
                return true;
            }
            sleeper.sleep(&self.sleep, || self.has_work(), || false, || self.is_stopping(), || ());
        }
        false
    }

    /// Stays inside until `count` workers have come.
    fn meet(&self, count: usize) {
        let mut inside = self.inside.lock().unwrap();
        *inside += 1;
        self.door.notify_all();
        while *inside < count {
            inside = self.door.wait(inside).unwrap();
        }
    }
}

/// Each worker takes one piece of work, and does not end before all the others have one.
fn all_meet(preemptions: usize, workers: usize) {
    explore(preemptions, move || {
        let (place, sleepers) = Place::new(workers);
        let threads: Vec<_> = sleepers
            .into_iter()
            .map(|sleeper| {
                let place = place.clone();
                thread::spawn(move || {
                    assert!(place.find(&sleeper));
                    place.meet(workers);
                })
            })
            .collect();
        (0..workers).for_each(|_| place.publish());
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn one_worker_finds_the_work() {
    all_meet(6, 1);
}

#[test]
fn two_workers_find_the_work() {
    all_meet(3, 2);
}

/// Two producers, and one worker that must not miss the work of either.
#[test]
fn one_worker_two_producers() {
    explore(3, || {
        let (place, mut sleepers) = Place::new(1);
        let sleeper = sleepers.pop().unwrap();
        let producers: Vec<_> = (0..2)
            .map(|_| {
                let place = place.clone();
                thread::spawn(move || place.publish())
            })
            .collect();
        assert!(place.find(&sleeper));
        assert!(place.find(&sleeper));
        producers.into_iter().for_each(|producer| producer.join().unwrap());
    });
}

/// A worker that has found work publishes more of it, and stays busy: another worker has to come.
#[test]
fn a_worker_that_publishes_is_joined() {
    explore(2, || {
        let (place, sleepers) = Place::new(2);
        let threads: Vec<_> = sleepers
            .into_iter()
            .map(|sleeper| {
                let place = place.clone();
                thread::spawn(move || {
                    assert!(place.find(&sleeper));
                    if *place.inside.lock().unwrap() == 0 {
                        place.publish();
                    }
                    place.meet(2);
                })
            })
            .collect();
        place.publish();
        // Both may have published.
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// Work for one worker only, which is woken by its index.
#[test]
fn a_worker_called_by_name_comes() {
    explore(3, || {
        let (place, mut sleepers) = Place::new(2);
        let called = sleepers.pop().unwrap();
        let other = sleepers.pop().unwrap();
        let for_called = {
            let place = place.clone();
            thread::spawn(move || assert!(place.find(&called)))
        };
        let beside = {
            let place = place.clone();
            thread::spawn(move || {
                // It has no work to look for, and sleeps or searches meanwhile.
                other.sleep(&place.sleep, || false, || false, || place.is_stopping(), || ());
            })
        };
        place.work.fetch_add(1, Ordering::Release);
        place.sleep.wake(1);
        for_called.join().unwrap();
        place.stopping.store(true, Ordering::Release);
        place.sleep.wake_all();
        beside.join().unwrap();
    });
}

/// All leave at the end, whether they search, sleep or are about to.
#[test]
fn all_leave_at_the_end() {
    explore(3, || {
        let (place, sleepers) = Place::new(2);
        let threads: Vec<_> = sleepers
            .into_iter()
            .map(|sleeper| {
                let place = place.clone();
                thread::spawn(move || while place.find(&sleeper) {})
            })
            .collect();
        place.publish();
        place.stopping.store(true, Ordering::Release);
        place.sleep.wake_all();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// An end that is taken back: a worker that slept through its beginning finds work again.
#[test]
fn all_come_back_after_an_end_that_was_none() {
    explore(3, || {
        let (place, mut sleepers) = Place::new(1);
        let sleeper = sleepers.pop().unwrap();
        let worker = {
            let place = place.clone();
            thread::spawn(move || {
                assert!(!place.find(&sleeper));
                place.meet(2);
                place.meet(4);
                assert!(place.find(&sleeper) && place.find(&sleeper));
            })
        };
        place.stopping.store(true, Ordering::Release);
        place.sleep.wake_all();
        place.meet(2);
        place.stopping.store(false, Ordering::Release);
        place.meet(4);
        place.publish();
        place.publish();
        worker.join().unwrap();
    });
}

/// Work for a busy worker is not left to it alone: an idle worker sees it.
#[test]
fn a_watcher_comes() {
    explore(3, || {
        let (place, mut sleepers) = Place::new(1);
        let sleeper = sleepers.pop().unwrap();
        let watcher = {
            let place = place.clone();
            thread::spawn(move || place.watch(&sleeper))
        };
        place.publish_homed();
        watcher.join().unwrap();
    });
}

/// The same if the worker that might have watched finds other work, and stays with it until another one watches.
#[test]
fn a_watcher_that_finds_work_sends_another() {
    explore(2, || {
        let (place, mut sleepers) = Place::new(2);
        let first = sleepers.pop().unwrap();
        let second = sleepers.pop().unwrap();
        let worker = {
            let place = place.clone();
            thread::spawn(move || {
                assert!(place.find(&first));
                place.meet(2);
            })
        };
        let watcher = {
            let place = place.clone();
            thread::spawn(move || {
                while !place.has_homed() {
                    second_sleeps(&place, &second);
                }
                place.meet(2);
            })
        };
        place.publish_homed();
        place.publish();
        worker.join().unwrap();
        watcher.join().unwrap();
    });
}

/// One round of a worker that takes no work, but sees what is there.
fn second_sleeps(place: &Place, sleeper: &Sleeper) {
    sleeper.sleep(&place.sleep, || false, || place.has_homed(), || false, || ());
    sleeper.found(&place.sleep, || place.has_work(), || place.has_homed());
}
