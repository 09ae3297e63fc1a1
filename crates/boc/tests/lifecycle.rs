//! Start and end.

mod common;

use boc::{Cown, Host, Outcome, Runtime, Worker};
use common::{came_to, size};
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::time::Duration;

#[test]
fn a_runtime_needs_a_worker() {
    assert!(Runtime::new(0).is_err());
}

/// Dropping a runtime waits for all its behaviors, and for those that they schedule.
#[test]
fn dropping_finishes_the_work() {
    for _ in 0..size(100) {
        let runs = Arc::new(AtomicUsize::new(0));
        let runtime = Runtime::new(2).unwrap();
        let cown = Cown::new(());
        for _ in 0..50 {
            let runs = runs.clone();
            runtime.when(&cown, move |_| {
                boc::when((), move |()| runs.fetch_add(1, SeqCst));
            });
        }
        drop(runtime);
        assert_eq!(runs.load(SeqCst), 50);
    }
}

#[test]
fn workers_are_named_and_have_their_stack() {
    fn deep(left: usize) -> usize {
        let room = std::hint::black_box([left; 1_000]);
        if left == 0 { 0 } else { 1 + deep(left - 1).min(room[0] * 1_000) }
    }
    let runtime = Runtime::builder().workers(1).name("bee").stack_size(64 << 20).start().unwrap();
    let name = runtime.when((), |()| std::thread::current().name().map(str::to_owned));
    let depth = runtime.when((), |()| deep(1_000));
    runtime.wait();
    assert_eq!(came_to(&name).as_deref(), Some("bee-0"));
    assert!(came_to(&depth) > 0);
}

#[test]
fn waiting_from_several_threads() {
    let runtime = Runtime::new(2).unwrap();
    for _ in 0..size(100) {
        let runs = Arc::new(AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..20 {
                let runs = runs.clone();
                runtime.schedule((), move || _ = runs.fetch_add(1, SeqCst));
            }
            for _ in 0..3 {
                scope.spawn(|| {
                    runtime.wait();
                    assert_eq!(runs.load(SeqCst), 20);
                });
            }
        });
    }
}

#[test]
fn waiting_for_some_time() {
    let runtime = Runtime::new(1).unwrap();
    assert!(runtime.wait_timeout(Duration::ZERO));
    let cown = Cown::new(());
    let held = cown.try_hold();
    runtime.when(&cown, |_| ());
    assert!(!runtime.wait_timeout(Duration::ZERO));
    assert!(!runtime.wait_timeout(Duration::from_millis(1)));
    drop(held);
    assert!(runtime.wait_timeout(Duration::MAX));
    assert!(runtime.is_quiescent());
}

#[test]
fn a_behavior_cannot_wait_for_its_own_runtime() {
    let runtime = Arc::new(Runtime::new(1).unwrap());
    let refused = |ask: fn(&Runtime)| {
        let own = runtime.clone();
        runtime.when((), move |()| catch_unwind(AssertUnwindSafe(|| ask(&own))).is_err())
    };
    let asked =
        [refused(Runtime::wait), refused(Runtime::stop), refused(|own| _ = own.wait_timeout(Duration::ZERO))];
    runtime.wait();
    assert!(asked.iter().all(came_to));
}

/// One runtime inside a behavior of another.
#[test]
fn a_runtime_within_a_runtime() {
    let outer = Runtime::new(1).unwrap();
    let cown = Cown::new(0);
    let shared = cown.clone();
    let inside = outer.when((), move |()| {
        let inner = Runtime::new(1).unwrap();
        inner.when(&shared, |mut value| *value += 1);
        inner.wait();
        *shared.try_hold().unwrap()
    });
    outer.wait();
    assert_eq!(came_to(&inside), 1);
}

/// Two runtimes over the same cowns: a release on one makes behaviors of the other ready.
#[test]
fn two_runtimes_share_cowns() {
    let runtimes = [Runtime::new(1).unwrap(), Runtime::new(2).unwrap()];
    let cown = Cown::new(0);
    for nth in 0..size(4_000) {
        runtimes[nth % 2].when(&cown, move |mut value| {
            assert_eq!(*value, nth);
            *value += 1;
        });
    }
    runtimes.iter().for_each(Runtime::wait);
    assert_eq!(*cown.try_hold().unwrap(), size(4_000));
}

/// The same, but one of them is dropped as soon as its last behavior is done, while the other is still releasing.
#[test]
fn a_runtime_ends_while_another_dispatches_to_it() {
    let lasting = Runtime::new(1).unwrap();
    let cown = Cown::new(0);
    for _ in 0..size(300) {
        let brief = Runtime::new(1).unwrap();
        lasting.when(&cown, |mut value| *value += 1);
        brief.when(&cown, |mut value| *value += 1);
    }
    lasting.wait();
    assert_eq!(*cown.try_hold().unwrap(), 2 * size(300));
}

/// The last handle of a runtime is dropped in one of its own behaviors.
#[test]
fn a_runtime_that_ends_in_its_own_behavior() {
    for _ in 0..size(100) {
        let runtime = Arc::new(Runtime::new(2).unwrap());
        let (go, wait) = channel::<()>();
        let (ended, end) = channel();
        let own = runtime.clone();
        runtime.when((), move |()| {
            wait.recv().unwrap();
            drop(own);
            ended.send(()).unwrap();
        });
        drop(runtime);
        go.send(()).unwrap();
        end.recv().unwrap();
    }
}

/// Stopped with work in flight: behaviors that have not run are dropped, whether ready by then or later, and their cowns
/// are free.
#[test]
fn work_that_outlives_its_runtime() {
    let cown = Cown::new(0);
    let held = cown.try_hold().unwrap();
    let runtime = Runtime::new(2).unwrap();
    let scope = runtime.scope();
    let never = runtime.when(&cown, |mut value| *value += 1);
    (0..size(100_000)).for_each(|_| _ = scope.when(&cown, |mut value| *value += 1));
    runtime.stop();
    assert!(!runtime.is_quiescent(), "they wait for a cown that is held");
    drop(runtime);
    drop(scope);
    drop(held);
    assert_eq!(*cown.try_hold().expect("those who waited for it are gone"), 0);
    assert!(matches!(*never.try_hold().unwrap(), Outcome::Cancelled));
}

/// Behaviors that are scheduled after the end are dropped, too.
#[test]
fn work_that_comes_too_late() {
    let cown = Cown::new(0);
    let runtime = Runtime::new(1).unwrap();
    let scope = runtime.scope();
    runtime.stop();
    let never = runtime.when(&cown, |mut value| *value += 1);
    drop(runtime);
    let neither = scope.when(&cown, |mut value| *value += 1);
    scope.wait();
    for outcome in [never, neither] {
        assert!(matches!(*outcome.try_hold().unwrap(), Outcome::Cancelled));
    }
    assert_eq!(*cown.try_hold().unwrap(), 0);
}

#[test]
fn abandoned_workers_end_by_themselves() {
    struct Watch(Arc<Barrier>);
    impl Host for Watch {
        fn host(&self, mut worker: Worker) {
            worker.work(|sleep| sleep());
            self.0.wait();
        }
    }
    let left = Arc::new(Barrier::new(3));
    let runtime = Runtime::builder().workers(2).host(Watch(left.clone())).start().unwrap();
    runtime.wait();
    runtime.abandon();
    left.wait();
}

/// Counts the calls of a host.
#[derive(Default)]
struct Counts {
    hosted: AtomicUsize,
    left: AtomicUsize,
    pauses: AtomicUsize,
    ended: AtomicUsize,
}

/// An environment that is left during each pause.
struct Pausing(Arc<Counts>);

impl Host for Pausing {
    fn host(&self, mut worker: Worker) {
        let counts = &self.0;
        counts.hosted.fetch_add(1 << (8 * worker.index()), SeqCst);
        worker.work(|sleep| {
            counts.left.fetch_add(1, SeqCst);
            sleep();
            counts.left.fetch_sub(1, SeqCst);
            counts.pauses.fetch_add(1, SeqCst);
        });
        counts.ended.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_host_that_pauses() {
    let counts = Arc::new(Counts::default());
    let runtime = Runtime::builder().workers(3).host(Pausing(counts.clone())).start().unwrap();
    assert_eq!(counts.hosted.load(SeqCst), 0x01_01_01);
    for round in 0..size(50) {
        // All leave soon, as there is nothing to do; and all come back for work.
        while counts.left.load(SeqCst) < 3 {
            std::thread::yield_now();
        }
        let meet = Arc::new(Barrier::new(3));
        let inside = (0..3).map(|_| {
            let (meet, counts) = (meet.clone(), counts.clone());
            runtime.when((), move |()| {
                meet.wait();
                counts.left.load(SeqCst)
            })
        });
        let inside: Vec<_> = inside.collect();
        runtime.wait();
        assert!(inside.iter().all(|left| came_to(left) < 3), "round {round}");
    }
    drop(runtime);
    assert_eq!(counts.ended.load(SeqCst), 3);
    assert_eq!(counts.left.load(SeqCst), 0);
    assert!(counts.pauses.load(SeqCst) >= size(50));
}

/// A held cown is released during a pause: the behavior that waited for it is run, and the worker does not sleep.
#[test]
fn work_that_comes_up_in_a_pause() {
    struct LetsGo(Cown<()>, Arc<Barrier>);
    impl Host for LetsGo {
        fn host(&self, mut worker: Worker) {
            let mut held = self.0.try_hold();
            worker.work(|sleep| {
                if held.is_some() {
                    self.1.wait();
                    held = None;
                }
                sleep();
            });
        }
    }
    let (cown, scheduled) = (Cown::new(()), Arc::new(Barrier::new(2)));
    let host = LetsGo(cown.clone(), scheduled.clone());
    let runtime = Runtime::builder().workers(1).host(host).start().unwrap();
    let ran = runtime.when(&cown, |_| true);
    scheduled.wait();
    runtime.wait();
    assert!(came_to(&ran));
}

/// What a host does with its `nth` worker.
struct Fails(usize, Way, Arc<AtomicUsize>);

type Way = fn(Worker);

impl Host for Fails {
    fn host(&self, mut worker: Worker) {
        if worker.index() == self.0 {
            (self.1)(worker);
        } else {
            worker.work(|sleep| sleep());
            self.2.fetch_add(1, SeqCst);
        }
    }
}

#[test]
fn a_host_that_fails() {
    let ways: [(Way, &str); 3] = [
        (|worker| worker.fail("no room"), "no room"),
        (|_worker| (), "before it had started"),
        (|_worker| panic!("on purpose"), "before it had started"),
    ];
    for (way, says) in ways {
        for nth in 0..3 {
            let ended = Arc::new(AtomicUsize::new(0));
            let failed = Runtime::builder().workers(3).host(Fails(nth, way, ended.clone())).start();
            let error = failed.err().expect("it fails");
            assert!(error.to_string().contains(says), "{error}");
            assert!(error.source().unwrap().to_string().contains(says));
            assert_eq!(ended.load(SeqCst), 2, "the others were ended again");
        }
    }
}

#[test]
fn outcomes_outlive_their_runtime() {
    let runtime = Runtime::new(2).unwrap();
    let outcome = runtime.when((), |()| vec![1, 2, 3]);
    drop(runtime);
    assert!(matches!(&*outcome.try_hold().unwrap(), Outcome::Done(list) if list.len() == 3));
    let again = Runtime::new(2).unwrap();
    let length = again.when(&outcome, |mut outcome| outcome.take().len());
    again.wait();
    assert_eq!(came_to(&length), 3);
}

#[test]
#[should_panic(expected = "for use in behaviors")]
fn when_needs_a_behavior_around_it() {
    boc::when((), |()| ());
}

#[test]
fn a_suspension_ends_with_everything_as_before() {
    let runtime = Runtime::new(2).unwrap();
    let cown = Cown::new(0);
    for round in 0..200 {
        runtime.when(&cown, |mut value| *value += 1);
        assert!(runtime.suspend(Duration::from_secs(60)), "round {round}");
        // Behaviors that are scheduled while the runtime is suspended wait until it is resumed.
        runtime.when(&cown, |mut value| *value += 1);
        runtime.resume();
        runtime.wait();
    }
    assert_eq!(*cown.try_hold().unwrap(), 400);
}

#[test]
fn a_suspension_is_called_off_where_a_body_does_not_end() {
    let runtime = Runtime::new(2).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let (started, has_started) = std::sync::mpsc::channel();
    runtime.when((), move |()| {
        started.send(()).unwrap();
        receiver.recv().unwrap();
    });
    has_started.recv().unwrap();
    assert!(!runtime.suspend(Duration::from_millis(1)));
    sender.send(()).unwrap();
    runtime.when((), |()| ());
    runtime.wait();
}
