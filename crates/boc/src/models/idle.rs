//! Parking: whatever the order of steps, published work is found. A model in which a worker sleeps on forever beside
//! work ends in a deadlock, which loom reports.

use super::explore;
use crate::idle::{Idle, Idler};
use crate::sync::{AtomicUsize, Condvar, Mutex, Ordering};
use loom::sync::atomic::AtomicBool;
use loom::thread;
use std::sync::Arc;

/// A pile of equal pieces of work, and a door that opens when a number of workers are inside at the same time.
struct Place {
    idle: Idle,
    work: AtomicUsize,
    /// Work for a worker that is not here.
    homed: AtomicUsize,
    stopping: AtomicBool,
    inside: Mutex<usize>,
    door: Condvar,
}

impl Place {
    fn new(workers: usize) -> (Arc<Place>, Vec<Idler>) {
        let (idle, idlers) = Idle::new(workers);
        let place = Place {
            idle,
            work: AtomicUsize::new(0),
            homed: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            inside: Mutex::new(0),
            door: Condvar::new(),
        };
        (Arc::new(place), idlers)
    }

    fn publish(&self) {
        // As weak as in a deque, where the fence that follows has to do it.
        self.work.fetch_add(1, Ordering::Release);
        self.idle.wake_one();
    }

    fn publish_homed(&self) {
        self.homed.fetch_add(1, Ordering::Release);
        self.idle.wake_watcher();
    }

    fn has_homed(&self) -> bool {
        self.homed.load(Ordering::Acquire) != 0
    }

    /// Idles until it has seen that there is work for somebody who does not come.
    fn watch(&self, idler: &mut Idler) {
        while !self.has_homed() {
            idler.idle(&self.idle, || self.has_work(), || self.has_homed(), || false, || ());
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

    /// Idles until there is a piece of work, and takes it. False at the end.
    fn find(&self, idler: &mut Idler) -> bool {
        while !self.is_stopping() {
            if self.take() {
                idler.found(&self.idle, || self.has_work(), || self.has_homed());
                return true;
            }
            idler.idle(&self.idle, || self.has_work(), || false, || self.is_stopping(), || ());
        }
        false
    }

    /// Stays inside until `count` have come.
    fn meet(&self, count: usize) {
        let mut inside = self.inside.lock().unwrap();
        *inside += 1;
        self.door.notify_all();
        while *inside < count {
            inside = self.door.wait(inside).unwrap();
        }
    }
}

/// Workers, each of which takes one piece of work and does not end before all the others have one.
fn all_meet(preemptions: usize, workers: usize) {
    explore(preemptions, move || {
        let (place, idlers) = Place::new(workers);
        let threads: Vec<_> = idlers
            .into_iter()
            .map(|mut idler| {
                let place = place.clone();
                thread::spawn(move || {
                    assert!(place.find(&mut idler));
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

/// Two producers, one worker that must not miss either.
#[test]
fn one_worker_two_producers() {
    explore(3, || {
        let (place, mut idlers) = Place::new(1);
        let mut idler = idlers.pop().unwrap();
        let producers: Vec<_> = (0..2)
            .map(|_| {
                let place = place.clone();
                thread::spawn(move || place.publish())
            })
            .collect();
        assert!(place.find(&mut idler));
        assert!(place.find(&mut idler));
        producers.into_iter().for_each(|producer| producer.join().unwrap());
    });
}

/// A worker that has found work publishes more of it, and stays busy: somebody else has to come.
#[test]
fn a_worker_that_publishes_is_joined() {
    explore(2, || {
        let (place, idlers) = Place::new(2);
        let threads: Vec<_> = idlers
            .into_iter()
            .map(|mut idler| {
                let place = place.clone();
                thread::spawn(move || {
                    assert!(place.find(&mut idler));
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

/// Work for one worker only, which is told by name.
#[test]
fn a_worker_called_by_name_comes() {
    explore(3, || {
        let (place, mut idlers) = Place::new(2);
        let mut called = idlers.pop().unwrap();
        let mut other = idlers.pop().unwrap();
        let for_called = {
            let place = place.clone();
            thread::spawn(move || assert!(place.find(&mut called)))
        };
        let beside = {
            let place = place.clone();
            thread::spawn(move || {
                // It has nothing to look for, and sleeps or searches beside.
                other.idle(&place.idle, || false, || false, || place.is_stopping(), || ());
            })
        };
        place.work.fetch_add(1, Ordering::Release);
        place.idle.wake(1);
        for_called.join().unwrap();
        place.stopping.store(true, Ordering::Release);
        place.idle.wake_all();
        beside.join().unwrap();
    });
}

/// All leave at the end, whether they search, sleep or are about to.
#[test]
fn all_leave_at_the_end() {
    explore(3, || {
        let (place, idlers) = Place::new(2);
        let threads: Vec<_> = idlers
            .into_iter()
            .map(|mut idler| {
                let place = place.clone();
                thread::spawn(move || while place.find(&mut idler) {})
            })
            .collect();
        place.publish();
        place.stopping.store(true, Ordering::Release);
        place.idle.wake_all();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// An end that is taken back: who had slept through its beginning finds work again.
#[test]
fn all_come_back_after_an_end_that_was_none() {
    explore(3, || {
        let (place, mut idlers) = Place::new(1);
        let mut idler = idlers.pop().unwrap();
        let worker = {
            let place = place.clone();
            thread::spawn(move || {
                assert!(!place.find(&mut idler));
                place.meet(2);
                place.meet(4);
                assert!(place.find(&mut idler) && place.find(&mut idler));
            })
        };
        place.stopping.store(true, Ordering::Release);
        place.idle.wake_all();
        place.meet(2);
        place.stopping.store(false, Ordering::Release);
        place.meet(4);
        place.publish();
        place.publish();
        worker.join().unwrap();
    });
}

/// Work for a worker that is busy is not left to it alone: somebody idle gets to see it.
#[test]
fn a_watcher_comes() {
    explore(3, || {
        let (place, mut idlers) = Place::new(1);
        let mut idler = idlers.pop().unwrap();
        let watcher = {
            let place = place.clone();
            thread::spawn(move || place.watch(&mut idler))
        };
        place.publish_homed();
        watcher.join().unwrap();
    });
}

/// The same where the one who might have watched finds other work, and stays with it until another watches.
#[test]
fn a_watcher_that_finds_work_sends_another() {
    explore(2, || {
        let (place, mut idlers) = Place::new(2);
        let mut first = idlers.pop().unwrap();
        let mut second = idlers.pop().unwrap();
        let worker = {
            let place = place.clone();
            thread::spawn(move || {
                assert!(place.find(&mut first));
                place.meet(2);
            })
        };
        let watcher = {
            let place = place.clone();
            thread::spawn(move || {
                while !place.has_homed() {
                    second_idle(&place, &mut second);
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

/// One round of a worker that takes nothing but sees what is there.
fn second_idle(place: &Place, idler: &mut Idler) {
    idler.idle(&place.idle, || false, || place.has_homed(), || false, || ());
    idler.found(&place.idle, || place.has_work(), || place.has_homed());
}
