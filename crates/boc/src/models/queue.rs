//! The queue of requests, with behaviors that run immediately: the thread that makes one ready runs it, in the middle of
//! the release.

use super::explore;
use crate::behavior::{Behavior, Plain};
use crate::claims::Claims;
use crate::cown::Cown;
use crate::job::{How, Job, Sink};
use crate::queue::Mode;
use loom::cell::UnsafeCell;
use loom::thread;
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use Mode::{Read, Write};

/// A cown whose tag records who has written to it, in order. Loom's cell notices an access that overlaps another.
type Log = Cown<(), Names>;

struct Names(UnsafeCell<Vec<usize>>);

// SAFETY: this is what the model checks.
unsafe impl Send for Names {}
// SAFETY: as above.
unsafe impl Sync for Names {}

fn log() -> Log {
    Cown::with_tag((), Names(UnsafeCell::new(Vec::new())))
}

fn len(log: &Log) -> usize {
    // SAFETY: loom looks after that.
    log.tag().0.with(|names| unsafe { &*names }.len())
}

fn push(log: &Log, name: usize) {
    // SAFETY: loom looks after that.
    log.tag().0.with_mut(|names| unsafe { &mut *names }.push(name));
}

/// At the end of a model, when everything has run: the cown must be free, and only we have a reference.
fn take(log: &Log) -> Vec<usize> {
    assert_eq!(log.handles(), 1);
    assert!(log.is_free());
    // SAFETY: loom looks after that.
    log.tag().0.with_mut(|names| std::mem::take(unsafe { &mut *names }))
}

/// Runs each ready job immediately.
struct OnTheSpot;

impl Sink for OnTheSpot {
    fn ready(&self, job: Job, _: bool) {
        run(job);
    }
}

fn run(job: Job) {
    job.end(How::Run, &OnTheSpot);
}

/// How a behavior names its cowns.
#[derive(Clone, Copy)]
enum Naming {
    Borrowed,
    Owned,
}

/// Gets in line. Returns the behavior if it is ready at once.
fn link_as(naming: Naming, claims: &[(&Log, Mode)], body: impl FnOnce() + Send + 'static) -> Option<Job> {
    let mut named = Claims::new();
    for &(log, mode) in claims {
        match naming {
            Naming::Borrowed => named.push_borrowed(log, mode),
            Naming::Owned => named.push(log.clone(), mode),
        }
    }
    Behavior::unscheduled(ptr::null(), named, Plain(ManuallyDrop::new(body))).link()
}

/// A behavior called `name` that writes its name into the logs that it writes, and looks at those that it reads.
fn link(name: usize, claims: &[(&Log, Mode)]) -> Option<Job> {
    // The behavior must not keep the cowns alive; the line has to.
    let logs: Vec<_> = claims.iter().map(|&(log, mode)| (log.downgrade(), mode)).collect();
    let naming = if name % 2 == 0 { Naming::Borrowed } else { Naming::Owned };
    link_as(naming, claims, move || {
        for (log, mode) in logs {
            let log = log.upgrade().expect("held, so alive");
            match mode {
                Write => push(&log, name),
                Read => _ = len(&log),
            }
        }
    })
}

fn schedule(name: usize, claims: &[(&Log, Mode)]) {
    if let Some(job) = link(name, claims) {
        run(job);
    }
}

/// One thread for each list of modes; each schedules behaviors of these modes, one after the other, on one cown.
fn on_one_cown(preemptions: usize, threads: &'static [&'static [Mode]]) {
    explore(preemptions, move || {
        let log = log();
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
        let written = take(&log);
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
    on_one_cown(4, &[&[Write], &[Write]]);
}

#[test]
fn writers_that_come_again() {
    on_one_cown(2, &[&[Write, Write], &[Write, Write]]);
}

#[test]
fn three_writers() {
    on_one_cown(2, &[&[Write], &[Write], &[Write]]);
}

#[test]
fn a_reader_and_a_writer() {
    on_one_cown(4, &[&[Read], &[Write]]);
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
    on_one_cown(2, &[&[Read, Write], &[Read, Read]]);
}

#[test]
fn a_writer_then_readers_from_one_thread() {
    on_one_cown(2, &[&[Write, Read], &[Read, Write]]);
}

/// The first behavior holds the cown while the others get in line, each from a thread of its own; so readers wait, and
/// are granted as a group.
fn behind_a_held_cown(preemptions: usize, first: Mode, others: &'static [Mode]) {
    explore(preemptions, move || {
        let log = log();
        let held = link(0, &[(&log, first)]).expect("nobody else is there");
        let others: Vec<_> = others
            .iter()
            .map(|&mode| {
                let log = log.clone();
                thread::spawn(move || schedule(1, &[(&log, mode)]))
            })
            .collect();
        run(held);
        let writers = others.into_iter().map(|other| other.join().unwrap()).count();
        assert!(take(&log).len() <= 1 + writers);
    });
}

#[test]
fn readers_wait_for_a_writer() {
    behind_a_held_cown(1, Write, &[Read, Read]);
}

#[test]
fn a_reader_and_a_writer_wait_for_a_writer() {
    behind_a_held_cown(2, Write, &[Read, Write]);
}

#[test]
fn readers_and_a_writer_wait_for_a_writer() {
    behind_a_held_cown(1, Write, &[Read, Read, Write]);
}

#[test]
fn readers_and_a_writer_come_to_a_reader() {
    behind_a_held_cown(1, Read, &[Read, Read, Write]);
}

/// The writer behind a group of readers is granted by the last of them to leave, whichever that is.
#[test]
fn readers_leave_in_any_order() {
    explore(2, || {
        let log = log();
        let granted = Arc::new(AtomicUsize::new(0));
        let readers: Vec<Job> = (0..3).map(|_| link(0, &[(&log, Read)]).expect("readers join")).collect();
        for mode in [Write, Read] {
            let granted = granted.clone();
            let body = move || _ = granted.fetch_add(1, Ordering::Relaxed);
            assert!(link_as(Naming::Borrowed, &[(&log, mode)], body).is_none());
        }
        let leaving: Vec<_> = readers.into_iter().map(|reader| thread::spawn(move || run(reader))).collect();
        leaving.into_iter().for_each(|reader| reader.join().unwrap());
        assert_eq!(granted.load(Ordering::Relaxed), 2);
        take(&log);
    });
}

/// Two behaviors over the same cowns: one order at all of them, and no deadlock. (Loom reports one as such.)
fn on_two_cowns(preemptions: usize, first: [Mode; 2], second: [Mode; 2]) {
    explore(preemptions, move || {
        let (a, b) = (log(), log());
        let other = {
            let (a, b) = (a.clone(), b.clone());
            thread::spawn(move || schedule(2, &[(&b, second[1]), (&a, second[0])]))
        };
        schedule(1, &[(&a, first[0]), (&b, first[1])]);
        other.join().unwrap();
        let (a, b) = (take(&a), take(&b));
        if (first, second) == ([Write; 2], [Write; 2]) {
            assert_eq!(a.len(), 2);
            assert_eq!(a, b);
        }
    });
}

#[test]
fn two_behaviors_over_two_cowns() {
    on_two_cowns(3, [Write; 2], [Write; 2]);
}

#[test]
fn a_reader_and_a_writer_over_two_cowns() {
    on_two_cowns(2, [Read; 2], [Write; 2]);
}

#[test]
fn both_read_one_and_write_the_other() {
    on_two_cowns(2, [Read, Write], [Read, Write]);
}

/// Three behaviors in a ring, over a and b, b and c, c and a: this would deadlock if each took its cowns one by one.
#[test]
fn three_behaviors_in_a_ring() {
    explore(1, || {
        let logs = [log(), log(), log()];
        let others: Vec<_> = (1..3)
            .map(|n| {
                let (left, right) = (logs[n].clone(), logs[(n + 1) % 3].clone());
                thread::spawn(move || schedule(n, &[(&left, Write), (&right, Write)]))
            })
            .collect();
        schedule(0, &[(&logs[0], Write), (&logs[1], Write)]);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert!(logs.iter().all(|log| take(log).len() == 2));
    });
}

/// The behavior that was scheduled first runs first, even if a third one gets between and makes it wait.
#[test]
fn order_of_scheduling_is_order_of_running() {
    explore(3, || {
        let (a, b) = (log(), log());
        let other = {
            let a = a.clone();
            thread::spawn(move || schedule(9, &[(&a, Write)]))
        };
        schedule(1, &[(&a, Write), (&b, Write)]);
        schedule(2, &[(&b, Write)]);
        other.join().unwrap();
        assert_eq!(take(&b), [1, 2]);
    });
}

/// A behavior is run once, by one thread, even if several of its grants come at the same time.
#[test]
fn grants_from_two_sides_make_ready_once() {
    explore(3, || {
        let (a, b) = (log(), log());
        let (on_a, on_b) = (link(1, &[(&a, Write)]).unwrap(), link(2, &[(&b, Write)]).unwrap());
        let runs = Arc::new(Mutex::new(0));
        let counted = runs.clone();
        let body = move || *counted.lock().unwrap() += 1;
        assert!(link_as(Naming::Owned, &[(&a, Write), (&b, Read)], body).is_none());
        let other = thread::spawn(move || run(on_b));
        run(on_a);
        other.join().unwrap();
        assert_eq!(*runs.lock().unwrap(), 1);
    });
}

/// A cown that a behavior names twice, beside another behavior over the same cown.
#[test]
fn a_cown_that_is_named_twice() {
    explore(3, || {
        let log = log();
        let other = {
            let log = log.clone();
            thread::spawn(move || schedule(2, &[(&log, Read), (&log, Read)]))
        };
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = runs.clone();
        let body = move || _ = counted.fetch_add(1, Ordering::Relaxed);
        if let Some(job) = link_as(Naming::Owned, &[(&log, Read), (&log, Write)], body) {
            run(job);
        }
        other.join().unwrap();
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        take(&log);
    });
}

/// The last handles are dropped on two threads while behaviors are in line: the value is dropped once, after the last
/// behavior.
fn the_last_handles_go(preemptions: usize, modes: [Mode; 2]) {
    explore(preemptions, move || {
        let log = log();
        let weak = log.downgrade();
        let other = {
            let log = log.clone();
            thread::spawn(move || {
                schedule(3, &[(&log, modes[1])]);
                drop(log);
            })
        };
        schedule(4, &[(&log, modes[0])]);
        drop(log);
        other.join().unwrap();
        assert!(weak.upgrade().is_none());
    });
}

#[test]
fn the_last_handles_go_behind_writers() {
    the_last_handles_go(3, [Write, Write]);
}

#[test]
fn the_last_handles_go_behind_readers() {
    the_last_handles_go(3, [Read, Read]);
}

#[test]
fn the_last_handles_go_behind_both() {
    the_last_handles_go(3, [Read, Write]);
}

/// The same without weak handles, where the last references know that they are the last.
#[test]
fn the_last_handles_go_unseen() {
    explore(3, || {
        let log = log();
        let body = |log: &Log| {
            let job = link_as(Naming::Owned, &[(log, Write)], || ());
            if let Some(job) = job {
                run(job);
            }
        };
        let other = {
            let log = log.clone();
            thread::spawn(move || {
                body(&log);
                drop(log);
            })
        };
        body(&log);
        drop(log);
        other.join().unwrap();
    });
}

/// Behaviors with a new cown each; others get in line for that cown while they run.
#[test]
fn a_cown_that_is_born_in_line() {
    explore(3, || {
        let old = log();
        let mut new = None;
        let claims = Claims::from_iter([(old.clone(), Write)]);
        let tag = Names(UnsafeCell::new(Vec::new()));
        let with_new = crate::claims::WithNew(claims, tag, &mut new);
        let job = Behavior::unscheduled(ptr::null(), with_new, Plain(ManuallyDrop::new(|| ()))).link();
        let new = new.expect("made with the requests");
        let other = {
            let new = new.clone();
            thread::spawn(move || schedule(2, &[(&new, Write)]))
        };
        run(job.expect("nobody else is there"));
        other.join().unwrap();
        assert_eq!(take(&new), [2]);
        take(&old);
    });
}
