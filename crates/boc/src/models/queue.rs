//! The queue of requests, with behaviors that run on the spot: whoever makes one ready runs it, amid the release.

use super::explore;
use crate::queue::{Lacking, Mode, Queue, Request};
use loom::cell::UnsafeCell;
use loom::thread;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use Mode::{Read, Write};

/// Cowns whose values say who has written them, in order. Loom's cell notices an access that overlaps another. They are
/// in one piece of memory, so that the order in which behaviors get in line is the same in each execution.
struct Logs([(Queue, UnsafeCell<Vec<usize>>); 3]);

/// One of them.
#[derive(Clone)]
struct Log(Arc<Logs>, usize);

// SAFETY: what is to be shown.
unsafe impl Send for Logs {}
// SAFETY: as above.
unsafe impl Sync for Logs {}

impl Log {
    fn three() -> [Log; 3] {
        let logs = Arc::new(Logs([(); 3].map(|()| (Queue::new(), UnsafeCell::new(Vec::new())))));
        [0, 1, 2].map(|index| Log(logs.clone(), index))
    }

    fn one() -> Log {
        let [log, ..] = Log::three();
        log
    }

    fn queue(&self) -> &Queue {
        &self.0.0[self.1].0
    }

    fn value(&self) -> &UnsafeCell<Vec<usize>> {
        &self.0.0[self.1].1
    }

    fn len(&self) -> usize {
        // SAFETY: loom looks after that.
        self.value().with(|value| unsafe { &*value }.len())
    }

    fn push(&self, name: usize) {
        // SAFETY: loom looks after that.
        self.value().with_mut(|value| unsafe { &mut *value }.push(name));
    }

    /// At the end of a model, when all has run and the cown has to be free.
    fn take(&self) -> Vec<usize> {
        assert!(self.queue().is_free());
        // SAFETY: loom looks after that.
        self.value().with_mut(|value| std::mem::take(unsafe { &mut *value }))
    }
}

/// A behavior that writes its name into the logs that it writes, and looks at those that it reads.
#[repr(C)]
struct Behavior {
    lacking: Lacking,
    requests: Vec<Request>,
    /// Of the requests, kept alive.
    _logs: Vec<Log>,
    body: Box<dyn Fn()>,
}

/// A ready behavior.
struct Ready(NonNull<Lacking>);

impl Behavior {
    /// Gets in line. The behavior, where it is ready at once.
    fn link(claims: &[(&Log, Mode)], body: impl Fn() + 'static) -> Option<Ready> {
        let mut requests: Vec<Request> =
            claims.iter().map(|&(log, mode)| Request::new(log.queue(), mode)).collect();
        requests.sort_by_key(Request::order);
        let lacking = Lacking::new(requests.len() + 1);
        let logs = claims.iter().map(|&(log, _)| log.clone()).collect();
        let behavior = Box::new(Behavior { lacking, requests, _logs: logs, body: Box::new(body) });
        let behavior = NonNull::from(Box::leak(behavior));
        // SAFETY: as in `behavior::schedule`.
        unsafe {
            let requests = &(*behavior.as_ptr()).requests;
            requests.iter().for_each(|request| request.belong(behavior.cast()));
            let granted = requests.iter().filter(|request| request.link()).count();
            requests.iter().for_each(Request::scheduled);
            Lacking::grant(behavior.cast(), granted + 1).then_some(Ready(behavior.cast()))
        }
    }
}

impl Ready {
    fn run(self) {
        // SAFETY: as in `behavior::run`.
        unsafe {
            let behavior = Box::from_raw(self.0.cast::<Behavior>().as_ptr());
            (behavior.body)();
            behavior.requests.iter().for_each(|request| request.release(|next| Ready(next).run()));
        }
    }
}

/// Schedules a behavior called `name` that writes or reads `logs`.
fn schedule(name: usize, claims: &[(&Log, Mode)]) {
    if let Some(ready) = link(name, claims) {
        ready.run();
    }
}

fn link(name: usize, claims: &[(&Log, Mode)]) -> Option<Ready> {
    let logs: Vec<(Log, Mode)> = claims.iter().map(|&(log, mode)| (log.clone(), mode)).collect();
    Behavior::link(claims, move || {
        for (log, mode) in &logs {
            match mode {
                Write => log.push(name),
                Read => _ = log.len(),
            }
        }
    })
}

/// One thread for each list of modes; each schedules behaviors of these modes, one after the other, on one cown.
fn on_one_cown(preemptions: usize, threads: &'static [&'static [Mode]]) {
    explore(preemptions, move || {
        let log = Log::one();
        let schedule_all = |thread: usize, log: &Log| {
            threads[thread]
                .iter()
                .enumerate()
                .for_each(|(nth, &mode)| schedule(10 * thread + nth, &[(log, mode)]));
        };
        let others: Vec<_> = (1..threads.len())
            .map(|thread| {
                let log = log.clone();
                thread::spawn(move || schedule_all(thread, &log))
            })
            .collect();
        schedule_all(0, &log);
        others.into_iter().for_each(|other| other.join().unwrap());
        let written = log.take();
        // All writers, those of one thread in the order in which it scheduled them.
        for (thread, modes) in threads.iter().enumerate() {
            let own: Vec<usize> = written.iter().copied().filter(|name| name / 10 == thread).collect();
            let scheduled = modes.iter().enumerate().filter(|&(_, &mode)| mode == Write);
            assert_eq!(own, scheduled.map(|(nth, _)| 10 * thread + nth).collect::<Vec<_>>());
        }
    });
}

#[test]
fn two_writers() {
    on_one_cown(5, &[&[Write], &[Write]]);
}

#[test]
fn writers_that_come_again() {
    on_one_cown(3, &[&[Write, Write], &[Write, Write]]);
}

#[test]
fn three_writers() {
    on_one_cown(2, &[&[Write], &[Write], &[Write]]);
}

#[test]
fn a_reader_and_a_writer() {
    on_one_cown(5, &[&[Read], &[Write]]);
}

#[test]
fn two_readers_and_a_writer() {
    on_one_cown(2, &[&[Read], &[Read], &[Write]]);
}

#[test]
fn a_reader_and_two_writers() {
    on_one_cown(2, &[&[Write], &[Read], &[Write]]);
}

#[test]
fn readers_then_a_writer_from_one_thread() {
    on_one_cown(3, &[&[Read, Write], &[Read, Read]]);
}

#[test]
fn a_writer_then_readers_from_one_thread() {
    on_one_cown(3, &[&[Write, Read], &[Read, Write]]);
}

/// The first behavior holds the cown while the others get in line, each from a thread of its own; so readers wait, and
/// are granted as a group.
fn behind_a_held_cown(preemptions: usize, first: Mode, others: &'static [Mode]) {
    explore(preemptions, move || {
        let log = Log::one();
        let held = link(0, &[(&log, first)]).expect("nobody else is there");
        let others: Vec<_> = others
            .iter()
            .map(|&mode| {
                let log = log.clone();
                thread::spawn(move || schedule(1, &[(&log, mode)]))
            })
            .collect();
        held.run();
        let writers = others.into_iter().map(|other| other.join().unwrap()).count();
        assert!(log.take().len() <= 1 + writers);
    });
}

#[test]
fn readers_wait_for_a_writer() {
    behind_a_held_cown(3, Write, &[Read, Read]);
}

#[test]
fn a_reader_and_a_writer_wait_for_a_writer() {
    behind_a_held_cown(3, Write, &[Read, Write]);
}

#[test]
fn readers_and_a_writer_wait_for_a_writer() {
    behind_a_held_cown(2, Write, &[Read, Read, Write]);
}

#[test]
fn readers_and_a_writer_come_to_a_reader() {
    behind_a_held_cown(2, Read, &[Read, Read, Write]);
}

/// The writer behind a group of readers is granted by the last of them to leave, whichever that is.
#[test]
fn readers_leave_in_any_order() {
    explore(3, || {
        let log = Log::one();
        let granted = Arc::new(AtomicUsize::new(0));
        let readers: Vec<Ready> = (0..3).map(|_| link(0, &[(&log, Read)]).expect("readers join")).collect();
        let (of_writer, of_reader) = (granted.clone(), granted.clone());
        assert!(
            Behavior::link(&[(&log, Write)], move || _ = of_writer.fetch_add(1, Ordering::Relaxed)).is_none()
        );
        assert!(
            Behavior::link(&[(&log, Read)], move || _ = of_reader.fetch_add(1, Ordering::Relaxed)).is_none()
        );
        // Loom's threads share one real thread, so a `Ready` need not be `Send` in truth; but the compiler asks for it.
        struct Sent(Ready);
        // SAFETY: as said.
        unsafe impl Send for Sent {}
        let leaving: Vec<_> = readers
            .into_iter()
            .map(Sent)
            .map(|reader| {
                thread::spawn(move || {
                    let reader = reader;
                    reader.0.run();
                })
            })
            .collect();
        leaving.into_iter().for_each(|reader| reader.join().unwrap());
        assert_eq!(granted.load(Ordering::Relaxed), 2);
        assert!(log.queue().is_free());
    });
}

/// Two behaviors over the same cowns: one order at all of them, and no deadlock. (Loom reports one as such.)
fn on_two_cowns(preemptions: usize, first: [Mode; 2], second: [Mode; 2]) {
    explore(preemptions, move || {
        let [a, b, _] = Log::three();
        let other = {
            let (a, b) = (a.clone(), b.clone());
            thread::spawn(move || schedule(2, &[(&b, second[1]), (&a, second[0])]))
        };
        schedule(1, &[(&a, first[0]), (&b, first[1])]);
        other.join().unwrap();
        let (a, b) = (a.take(), b.take());
        if (first, second) == ([Write; 2], [Write; 2]) {
            assert_eq!(a.len(), 2);
            assert_eq!(a, b);
        }
    });
}

#[test]
fn two_behaviors_over_two_cowns() {
    on_two_cowns(5, [Write; 2], [Write; 2]);
}

#[test]
fn a_reader_and_a_writer_over_two_cowns() {
    on_two_cowns(4, [Read; 2], [Write; 2]);
}

#[test]
fn both_read_one_and_write_the_other() {
    on_two_cowns(4, [Read, Write], [Read, Write]);
}

/// Three behaviors in a ring, a with b, b with c, c with a: what would be a deadlock if each took its cowns one by one.
#[test]
fn three_behaviors_in_a_ring() {
    explore(2, || {
        let logs = Log::three();
        let others: Vec<_> = (1..3)
            .map(|n| {
                let (left, right) = (logs[n].clone(), logs[(n + 1) % 3].clone());
                thread::spawn(move || schedule(n, &[(&left, Write), (&right, Write)]))
            })
            .collect();
        schedule(0, &[(&logs[0], Write), (&logs[1], Write)]);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert!(logs.iter().all(|log| log.take().len() == 2));
    });
}

/// What has been scheduled first runs first, even where a third behavior comes between and makes it wait.
#[test]
fn order_of_scheduling_is_order_of_running() {
    explore(3, || {
        let [a, b, _] = Log::three();
        let other = {
            let a = a.clone();
            thread::spawn(move || schedule(9, &[(&a, Write)]))
        };
        schedule(1, &[(&a, Write), (&b, Write)]);
        schedule(2, &[(&b, Write)]);
        other.join().unwrap();
        assert_eq!(b.take(), [1, 2]);
    });
}

/// A behavior is run once, and by one thread, however many of its grants come at the same time.
#[test]
fn grants_from_two_sides_make_ready_once() {
    explore(3, || {
        let [a, b, _] = Log::three();
        let (on_a, on_b) = (link(1, &[(&a, Write)]).unwrap(), link(2, &[(&b, Write)]).unwrap());
        let runs = Arc::new(Mutex::new(0));
        let counted = runs.clone();
        assert!(Behavior::link(&[(&a, Write), (&b, Read)], move || *counted.lock().unwrap() += 1).is_none());
        struct Sent(Ready);
        // SAFETY: see above.
        unsafe impl Send for Sent {}
        let on_b = Sent(on_b);
        let other = thread::spawn(move || {
            let on_b = on_b;
            on_b.0.run();
        });
        on_a.run();
        other.join().unwrap();
        assert_eq!(*runs.lock().unwrap(), 1);
    });
}
