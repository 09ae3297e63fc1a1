//! Programs without `unsafe` that test the limits: none may use freed memory, abort the process, or hang.
//!
//! Each runs in its own process, so that an abort or a hang is one failed test. `BOC_TEST_LIMIT` is its time limit in
//! seconds (60). Freed memory is seen only by a sanitizer: see `crates/boc/sanitize.sh`.

mod common;

use api::*;
use boc::{Cown, Outcome, Runtime, Scope, read};
use common::size;
use std::any::type_name;
use std::cell::RefCell;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

/// Parts of the API that may be renamed one day.
mod api {
    use boc::{Body, Host, Placement, Runtime, Shape, Worker};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    use std::sync::mpsc::Sender;

    /// A body with this function as its placement.
    pub struct Asks(pub fn() -> Option<usize>);

    impl<S: Shape> Body<S> for Asks {
        type Rest = ();
        fn placement(&self, _: S::Claimed<'_>) -> Placement {
            (self.0)().map_or(Placement::Anywhere, Placement::Prefer)
        }
        fn run(self, _: S::Claimed<'_>) {}
    }

    /// A job that only the end of the runtime waits for.
    pub fn background(runtime: &Runtime, body: impl FnOnce() + Send + 'static) {
        runtime.background(body);
    }

    /// Reports when a worker has ended and has released everything.
    struct Tells(Mutex<Sender<()>>);

    impl Host for Tells {
        fn host(&self, mut worker: Worker) {
            worker.work(|sleep| sleep());
            drop(worker);
            let _ = self.0.lock().unwrap().send(());
        }
    }

    pub fn runtime_that_tells_its_end(ended: Sender<()>) -> Runtime {
        Runtime::builder().workers(1).host(Tells(Mutex::new(ended))).start().unwrap()
    }

    /// A host that does this with its worker.
    struct Does(fn(Worker));

    impl Host for Does {
        fn host(&self, worker: Worker) {
            (self.0)(worker);
        }
    }

    /// Whether a runtime starts whose host forgets its worker.
    pub fn starts_with_a_forgotten_worker() -> bool {
        let host = Does(std::mem::forget);
        Runtime::builder().workers(2).host(host).start().is_ok()
    }

    /// Two workers. The first that comes back from a sleep dies.
    pub fn runtime_with_a_worker_that_dies() -> Runtime {
        static DEAD: AtomicBool = AtomicBool::new(false);
        let host = Does(|mut worker| {
            worker.work(|sleep| {
                sleep();
                assert!(DEAD.swap(true, SeqCst), "on purpose");
            });
        });
        Runtime::builder().workers(2).host(host).start().unwrap()
    }
}

/// How often the workers have gone to sleep.
fn sleeps(runtime: &Runtime) -> u64 {
    runtime.stats().iter().map(|stats| stats.parked).sum()
}

const CHILD: &str = "BOC_SOUNDNESS_CHILD";

/// Runs `program`, which is the whole calling test, in its own process.
fn apart<F: FnOnce()>(program: F) {
    run_apart(program, false);
}

/// The same for a program that leaks memory by design: a leak checker has to ignore it.
fn apart_and_leaky<F: FnOnce()>(program: F) {
    run_apart(program, true);
}

fn run_apart<F: FnOnce()>(program: F, leaky: bool) {
    // soundness::NAME::{{closure}}
    let name = type_name::<F>().split("::").nth(1).expect("a closure of a test");
    if std::env::var_os(CHILD).is_some() {
        return program();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([name, "--exact", "--nocapture", "--test-threads=1", "--include-ignored"]);
    command.env(CHILD, "1").env("RUST_BACKTRACE", "0").stdout(Stdio::piped()).stderr(Stdio::piped());
    if leaky {
        let options = std::env::var("ASAN_OPTIONS").unwrap_or_default();
        command.env("ASAN_OPTIONS", format!("{options}:detect_leaks=0"));
    }
    let mut child = command.spawn().unwrap();
    let (ended, end) = channel();
    let pipes: [Box<dyn Read + Send>; 2] =
        [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
    for mut pipe in pipes {
        let ended = ended.clone();
        thread::spawn(move || {
            let mut said = Vec::new();
            let _ = pipe.read_to_end(&mut said);
            let _ = ended.send(String::from_utf8_lossy(&said).into_owned());
        });
    }
    let limit = std::env::var("BOC_TEST_LIMIT").map_or(60, |text| text.parse().expect("seconds"));
    let deadline = Instant::now() + Duration::from_secs(limit);
    let said = [(); 2].map(|()| end.recv_timeout(deadline.saturating_duration_since(Instant::now())));
    if said.iter().any(Result::is_err) {
        child.kill().unwrap();
        child.wait().unwrap();
        panic!("{name} hung");
    }
    let status = child.wait().unwrap();
    let said = said.map(Result::unwrap).concat();
    assert!(status.success(), "{name}: {status}\n{said}");
    assert!(said.contains("1 passed"), "{name} did not run:\n{said}");
}

/// Panics when dropped.
struct Grenade;

impl Drop for Grenade {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

/// The same, with a panic that panics in the same way when it is dropped, and so on.
struct Hydra;

impl Drop for Hydra {
    fn drop(&mut self) {
        panic_any(Hydra);
    }
}

/// A panic on the caller's own thread is allowed: it has dropped the value itself.
fn caught(program: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(program)) {
        let _ = catch_unwind(AssertUnwindSafe(|| drop(panic)));
    }
}

/// The runtime still works: it drains, and runs the next behaviors.
fn drains(runtime: &Runtime) {
    let next = runtime.when((), |()| 1);
    runtime.wait();
    assert_eq!(next.try_hold().unwrap().take(), 1);
}

// Ends of runtimes.

/// A background job schedules a behavior when its runtime is gone, and that behavior has to wait: the thread that
/// releases the cown must not use the runtime.
fn job_after_the_end(end: impl FnOnce(Runtime)) {
    let cown = Cown::new(());
    let held = cown.try_hold().unwrap();
    let (over, is_over) = channel();
    let runtime = runtime_that_tells_its_end(over);
    let (here, arrived) = channel();
    let (go, wait) = channel::<()>();
    let own = cown.clone();
    background(&runtime, move || {
        here.send(()).unwrap();
        wait.recv().unwrap();
        boc::schedule(&own, || ());
    });
    arrived.recv().unwrap();
    end(runtime);
    go.send(()).unwrap();
    is_over.recv().unwrap();
    drop(held);
}

#[test]
fn a_background_job_outlives_an_abandoned_runtime() {
    apart(|| {
        job_after_the_end(|runtime| {
            runtime.abandon();
            drop(runtime);
        });
    });
}

#[test]
fn a_background_job_outlives_a_runtime_that_is_dropped_in_a_panic() {
    apart(|| {
        job_after_the_end(|runtime| {
            caught(move || {
                let _runtime = runtime;
                panic!("on purpose");
            });
        });
    });
}

/// The same for a behavior that waits for another cown when its runtime is dropped on its own worker.
#[test]
fn a_runtime_goes_in_its_own_background_job() {
    apart(|| {
        let cown = Cown::new(());
        let held = cown.try_hold().unwrap();
        let (over, is_over) = channel();
        let runtime = Arc::new(runtime_that_tells_its_end(over));
        let (own, waits) = (runtime.clone(), cown.clone());
        let (go, wait) = channel::<()>();
        background(&runtime, move || {
            wait.recv().unwrap();
            drop(own);
            boc::when(&waits, |_| ());
        });
        drop(runtime);
        go.send(()).unwrap();
        is_over.recv().unwrap();
        drop(held);
    });
}

#[test]
fn a_runtime_goes_before_its_scope() {
    struct Fields {
        _runtime: Runtime,
        _scope: Scope,
    }
    apart(|| {
        let runtime = Runtime::new(1).unwrap();
        let scope = runtime.scope();
        scope.when((), |()| ());
        drop(Fields { _runtime: runtime, _scope: scope });
    });
}

#[test]
fn a_scope_is_forgotten() {
    apart_and_leaky(|| {
        let runtime = Runtime::new(1).unwrap();
        std::mem::forget(runtime.scope());
        drop(runtime);
    });
}

/// Behaviors that were scheduled while a runtime was suspended run, even if nobody resumes it.
#[test]
fn a_runtime_goes_while_suspended() {
    apart(|| {
        let runtime = Runtime::new(2).unwrap();
        assert!(runtime.suspend(Duration::from_secs(60)));
        runtime.when((), |()| ());
        drop(runtime);
    });
}

/// A scope that is used when its runtime is gone: behaviors in it never run, and do no harm.
#[test]
fn a_scope_outlives_its_runtime() {
    apart(|| {
        let runtime = Runtime::new(1).unwrap();
        let scope = runtime.scope();
        runtime.stop();
        drop(runtime);
        let cown = Cown::new(());
        let held = cown.try_hold();
        scope.when(&cown, |_| ());
        scope.scope().when((), |()| ());
        drop(held);
        scope.when((), |()| ());
        drop(scope);
    });
}

/// A scope that is owned by the behaviors in it.
#[test]
fn scopes_go_inside_themselves() {
    apart(|| {
        let runtime = Runtime::new(2).unwrap();
        for nth in 0..size(200) {
            let scope = Arc::new(runtime.scope());
            let inner = Arc::new(scope.scope());
            let (own, inner_too) = (scope.clone(), inner.clone());
            scope.when((), move |()| drop((own, inner_too)));
            if nth % 2 == 0 {
                inner.when(Cown::new(scope), |_| ());
            } else {
                drop(scope);
            }
        }
        drains(&runtime);
    });
}

/// A runtime that is the value of a cown, and is dropped by its own behavior; and one that is its own result.
#[test]
fn a_runtime_is_a_value() {
    apart(|| {
        let outer = Runtime::new(1).unwrap();
        for _ in 0..size(50) {
            let cown = Cown::new(Runtime::new(1).unwrap());
            outer.when(&cown, |inner| _ = inner.when((), |()| ()));
            drop(outer.when((), |()| Runtime::new(1).unwrap()));
        }
        let own = Cown::new(None);
        let runtime = Runtime::new(1).unwrap();
        let (done, is_done) = channel();
        runtime.when(&own, move |_| done.send(()).unwrap());
        is_done.recv().unwrap();
        runtime.wait();
        *own.try_hold().unwrap() = Some(runtime);
        outer.when(own, |own| own.as_ref().unwrap().when((), |()| ()));
        drains(&outer);
    });
}

#[test]
fn a_nested_runtime_schedules_outside() {
    apart(|| {
        let outer = Arc::new(Runtime::new(1).unwrap());
        let runs = Arc::new(AtomicUsize::new(0));
        let (own, count) = (outer.clone(), runs.clone());
        let done = outer.when((), move |()| {
            let inner = Runtime::new(1).unwrap();
            inner.when((), move |()| {
                own.when((), move |()| _ = count.fetch_add(1, SeqCst));
            });
        });
        // The last handle is dropped here, not on a worker.
        while !outer.wait_timeout(Duration::from_secs(1)) {}
        done.try_hold().unwrap().take();
        assert_eq!(runs.load(SeqCst), 1);
    });
}

// Hosts.

#[test]
fn a_worker_is_forgotten() {
    apart_and_leaky(|| assert!(!starts_with_a_forgotten_worker()));
}

/// One worker dies while it is counted as searching; the other one must be woken all the same.
#[test]
fn a_worker_dies() {
    apart(|| {
        let runtime = runtime_with_a_worker_that_dies();
        for _ in 0..size(100) {
            let before = sleeps(&runtime);
            runtime.when((), |()| ());
            runtime.wait();
            // Next time, it has to be woken.
            while sleeps(&runtime) == before {
                thread::yield_now();
            }
        }
    });
}

#[test]
fn threads_that_cannot_be() {
    apart(|| {
        assert!(Runtime::builder().workers(1).stack_size(usize::MAX).start().is_err(), "a stack");
        assert!(Runtime::builder().workers(1).name("a\0b").start().is_err(), "a name");
    });
}

// Places.

#[test]
fn a_place_is_asked_for_with_a_grenade() {
    apart(|| {
        let runtime = Runtime::new(1).unwrap();
        let cown = Cown::new(());
        let held = cown.try_hold();
        // Called on the scheduling thread, on the releasing thread, and on a worker.
        caught(|| runtime.schedule((), Asks(|| panic_any(Grenade))));
        runtime.schedule(&cown, Asks(|| panic_any(Grenade)));
        caught(|| drop(held));
        runtime.when(&cown, |_| ());
        runtime.schedule(&cown, Asks(|| panic_any(Grenade)));
        runtime.schedule(&cown, || ());
        drains(&runtime);
    });
}

/// A body that schedules in its placement function.
#[test]
fn a_place_is_asked_for_with_work() {
    apart(|| {
        let runtime = Runtime::new(2).unwrap();
        let cown = Cown::new(());
        let asks = || {
            if boc::current_worker().is_some() {
                boc::schedule((), || ());
            }
            Some(1)
        };
        for _ in 0..size(200) {
            runtime.when(&cown, move |_| boc::schedule((), Asks(asks)));
            runtime.schedule(&cown, Asks(asks));
        }
        drains(&runtime);
    });
}

// Values that panic when dropped.

#[test]
fn the_last_handle_outside() {
    apart(|| {
        let runtime = Runtime::new(1).unwrap();
        let cown = Cown::new(Grenade);
        runtime.when(&cown, |_| ());
        runtime.wait();
        caught(|| drop(cown));
        let cown = Cown::new(Grenade);
        let held = cown.try_hold().unwrap();
        drop(cown);
        caught(|| drop(held));
        drains(&runtime);
    });
}

/// The two handles are dropped at the end of the statement, after the behavior: the second while the first one's panic
/// unwinds. This was the rare abort of `a_value_that_panics_when_dropped`.
#[test]
fn two_last_handles_in_one_statement() {
    apart(|| {
        let runtime = Runtime::new(1).unwrap();
        caught(|| {
            drop((
                runtime.when((&Cown::new(Grenade), &Cown::new(Grenade)), |_| ()),
                Some(&Cown::new(Grenade)).map(|_| runtime.wait()),
            ));
        });
        drains(&runtime);
    });
}

/// A handle is dropped because its thread panics.
#[test]
fn a_last_handle_in_a_panic() {
    apart(|| {
        let runtime = Runtime::new(1).unwrap();
        caught(|| {
            let _cown = Cown::new(Grenade);
            panic!("on purpose");
        });
        caught(|| {
            let cown = Cown::new(Grenade);
            let _held = cown.try_hold().unwrap();
            drop(cown);
            panic!("on purpose");
        });
        caught(|| {
            let _outcome = runtime.when((), |()| Grenade);
            runtime.wait();
            panic!("on purpose");
        });
        drains(&runtime);
    });
}

#[test]
fn in_a_body_and_its_release() {
    apart(|| {
        let runtime = Runtime::new(1).unwrap();
        let (kept, other) = (Cown::new(Some(Grenade)), Cown::new(Grenade));
        runtime.when(&kept, |mut value| drop(value.take()));
        let handle = other.clone();
        drop(other);
        runtime.when(&kept, move |_| drop(handle));
        let held = kept.try_hold();
        let (a, b, c) =
            (Cown::new(Grenade), Cown::new(Grenade), vec![Cown::new(Grenade), Cown::new(Grenade)]);
        runtime.when((&kept, a, b, c), |_| ());
        drop(held);
        drains(&runtime);
        assert!(kept.try_hold().unwrap().is_none());
    });
}

#[test]
fn results_that_nobody_takes() {
    apart(|| {
        let runtime = Runtime::new(1).unwrap();
        let gate = Cown::new(());
        let held = gate.try_hold();
        drop(runtime.when(&gate, |_| Grenade));
        drop(runtime.when(&gate, |_| Cown::new(Grenade)));
        drop(held);
        runtime.wait();
        let late = runtime.when((), |()| Grenade);
        runtime.wait();
        caught(|| drop(late));
        drains(&runtime);
    });
}

#[test]
fn threads_that_ask_for_one_outcome() {
    apart(|| {
        let runtime = Runtime::new(1).unwrap();
        for round in 0..size(200) {
            let promise = &runtime.when((), move |()| round);
            let barrier = &Barrier::new(3);
            let seen: Vec<usize> = thread::scope(|scope| {
                let ask = || {
                    barrier.wait();
                    promise.cown().id()
                };
                let threads = [scope.spawn(ask), scope.spawn(ask), scope.spawn(ask)];
                threads.map(|thread| thread.join().unwrap()).into()
            });
            assert!(seen.iter().all(|&id| id == promise.id()));
            runtime.wait();
            assert_eq!(promise.try_hold().unwrap().take(), round);
        }
    });
}

#[test]
fn panics_that_panic() {
    apart(|| {
        let runtime = Runtime::new(1).unwrap();
        let gate = Cown::new(());
        let held = gate.try_hold();
        runtime.schedule(&gate, || panic_any(Grenade));
        drop(runtime.when(&gate, |_| panic_any(Grenade)));
        drop(held);
        let taken = runtime.when((), |()| panic_any(Grenade));
        runtime.wait();
        caught(|| taken.try_hold().unwrap().take());
        drains(&runtime);
    });
}

/// A payload that can't be dropped at all: it has to be leaked at some point.
#[test]
fn panics_without_end() {
    apart(|| {
        std::panic::set_hook(Box::new(|_| ()));
        let runtime = Runtime::new(1).unwrap();
        runtime.schedule((), || panic_any(Hydra));
        drop(runtime.when((), |()| panic_any(Hydra)));
        runtime.schedule(Cown::new(Hydra), || ());
        drains(&runtime);
    });
}

/// Bodies that are refused: their captures are dropped while the refusal, a panic, unwinds.
#[test]
fn bodies_that_are_refused() {
    apart(|| {
        let runtime = Runtime::new(1).unwrap();
        let cown = Cown::new(());
        let grenade = Grenade;
        caught(|| _ = runtime.when((&cown, &cown), move |_| _ = &grenade));
        let grenade = Grenade;
        caught(|| _ = boc::when(&cown, move |_| _ = &grenade));
        let grenade = Grenade;
        caught(|| boc::schedule(&cown, move || _ = &grenade));
        let value = Cown::new(Grenade);
        caught(|| _ = runtime.when((value, &cown, &cown), |_| ()));
        assert!(cown.try_hold().is_some());
        drains(&runtime);
    });
}

/// Bodies that never run, since their runtime is stopped.
#[test]
fn bodies_that_never_run() {
    apart(|| {
        let runtime = Runtime::new(1).unwrap();
        let cown = Cown::new(());
        let held = cown.try_hold();
        let grenade = Grenade;
        runtime.when(&cown, move |_| _ = &grenade);
        runtime.stop();
        let grenade = Grenade;
        caught(|| _ = runtime.when((), move |()| _ = &grenade));
        caught(|| drop(held));
        caught(|| drop(runtime));
    });
}

// Destructors that schedule.

/// Schedules when it is dropped, over a cown that others use.
struct Schedules(Arc<Runtime>, Cown<usize>);

impl Drop for Schedules {
    fn drop(&mut self) {
        self.0.when(&self.1, |mut value| *value += 1);
        if boc::current_worker().is_some() {
            boc::when(&self.1, |mut value| *value += 1);
        }
    }
}

#[test]
fn destructors_that_schedule() {
    apart(|| {
        let runtime = Arc::new(Runtime::new(2).unwrap());
        let cown = Cown::new(0);
        let new = || Schedules(runtime.clone(), cown.clone());
        for _ in 0..size(200) {
            // On a worker: in a release, as a result, in a body's captures.
            runtime.when((Cown::new(new()), &cown), |_| ());
            drop(runtime.when((), {
                let new = new();
                move |()| new
            }));
            let captured = new();
            runtime.when(&cown, move |_| _ = &captured);
            // Outside: with a hold.
            let held = Cown::new(new()).try_hold();
            drop(held);
        }
        runtime.wait();
        let least = 4 * size(200);
        assert!(*cown.try_hold().unwrap() >= least);
        // The last handle may be dropped on a worker some time after the wait.
        while Arc::strong_count(&runtime) > 1 {
            thread::yield_now();
        }
    });
}

thread_local! {
    static KEPT: RefCell<Vec<Box<dyn std::any::Any>>> = const { RefCell::new(Vec::new()) };
}

fn keep_until_the_thread_ends(value: impl std::any::Any) {
    KEPT.with_borrow_mut(|kept| kept.push(Box::new(value)));
}

#[test]
fn threads_end_while_they_hold() {
    apart(|| {
        let runtime = Arc::new(Runtime::new(2).unwrap());
        let cown = Cown::new(0);
        for _ in 0..size(100) {
            let waits = Cown::new(0);
            let (own, runtime_too, same) = (cown.clone(), runtime.clone(), waits.clone());
            let thread = thread::spawn(move || {
                keep_until_the_thread_ends(same.try_hold().unwrap());
                runtime_too.when(&same, |mut value| *value += 1);
                keep_until_the_thread_ends(runtime_too.scope());
                keep_until_the_thread_ends(Schedules(runtime_too, own));
            });
            thread.join().unwrap();
        }
        runtime.wait();
        assert_eq!(*cown.try_hold().unwrap(), size(100));
    });
}

/// A worker's thread-locals are dropped after it has worked.
#[test]
fn workers_end_while_they_keep() {
    apart(|| {
        let other = Arc::new(Runtime::new(1).unwrap());
        let cown = Cown::new(0);
        let runtime = Runtime::new(1).unwrap();
        let (own, held) = (cown.clone(), Cown::new(0));
        let schedules = Schedules(other.clone(), own);
        runtime.when((), move |()| {
            keep_until_the_thread_ends(schedules);
            keep_until_the_thread_ends(held.try_hold().unwrap());
        });
        drop(runtime);
        other.wait();
        assert_eq!(*cown.try_hold().unwrap(), 1);
    });
}

#[test]
fn a_scope_in_a_workers_thread_local() {
    apart(|| {
        let runtime = Runtime::new(1).unwrap();
        let scope = runtime.scope();
        runtime.when((), move |()| keep_until_the_thread_ends(scope));
        drop(runtime);
    });
}

// Shapes.

#[repr(align(128))]
#[derive(Clone, Copy)]
struct Aligned(u8);

fn is_aligned(value: &Aligned) -> bool {
    std::ptr::from_ref(value).addr().is_multiple_of(128)
}

#[test]
fn aligned_values() {
    apart(|| {
        let runtime = Runtime::new(2).unwrap();
        let cown = Cown::with_tag(Aligned(1), Aligned(2));
        for _ in 0..size(100) {
            let captured = Aligned(3);
            let result = runtime.when((&cown, read(&Cown::new(Aligned(4)))), move |(one, four)| {
                assert!([&*one, &*four, &captured].into_iter().all(is_aligned));
                Aligned(one.0 + captured.0 + four.0)
            });
            let sum = runtime.when(&result, |result| match &*result {
                Outcome::Done(sum) => (is_aligned(sum), sum.0),
                _ => (false, 0),
            });
            runtime.wait();
            assert_eq!(sum.try_hold().unwrap().take(), (true, 8));
        }
        assert!(is_aligned(cown.tag()) && is_aligned(&cown.try_hold().unwrap()));
        runtime.schedule((), {
            let captured = Aligned(5);
            move || assert!(is_aligned(&captured))
        });
        runtime.wait();
    });
}

#[test]
fn values_of_no_size() {
    apart(|| {
        let runtime = Runtime::new(2).unwrap();
        let cowns: Vec<Cown<()>> = (0..100).map(|_| Cown::new(())).collect();
        for _ in 0..size(100) {
            runtime.when(cowns.clone(), |_| ());
            runtime.when((Vec::<Cown<()>>::new(), [&cowns[0]; 0]), |_| ());
        }
        drains(&runtime);
    });
}

/// A body, a value and a result of that size, on stacks of that size.
fn huge<const SIZE: usize>(stack: usize) {
    let runtime = Runtime::builder().workers(1).stack_size(stack).start().unwrap();
    let outside = thread::Builder::new().stack_size(stack).spawn(move || {
        let captured = [1_u8; SIZE];
        let result = runtime.when(Cown::new([2_u8; SIZE]), move |value| {
            let mut result = captured;
            result[0] += value[SIZE - 1];
            result
        });
        runtime.wait();
        assert!(matches!(&*result.try_hold().unwrap(), Outcome::Done(result) if result[0] == 3));
    });
    outside.unwrap().join().unwrap();
}

/// Without optimization a body is copied some 16 times on its way, each time to another place on the stack, and more
/// often under a sanitizer. So the second one, on stacks of the default size, is not that huge.
#[test]
fn huge_values() {
    apart(|| {
        huge::<{ 1 << 20 }>(64 << 20);
        huge::<{ 1 << 15 }>(2 << 20);
    });
}

#[test]
fn a_hundred_thousand_cowns() {
    apart(|| {
        let runtime = Runtime::new(2).unwrap();
        let cowns: Vec<Cown<usize>> = (0..size(100_000)).map(|_| Cown::new(0)).collect();
        let held = cowns.last().unwrap().try_hold();
        for _ in 0..2 {
            runtime.when(cowns.clone(), |mut all| all.iter_mut().for_each(|value| **value += 1));
        }
        drop(held);
        let sum = runtime.when(cowns, |all| all.iter().map(|value| **value).sum::<usize>());
        runtime.wait();
        assert_eq!(sum.try_hold().unwrap().take(), 2 * size(100_000));
    });
}

// Results that several read.

struct Is<T>(std::marker::PhantomData<T>);
#[allow(dead_code)]
trait MayNotBeShared {
    const SHARED: bool = false;
}
impl<T> MayNotBeShared for Is<T> {}
#[allow(dead_code)]
impl<T: Sync> Is<T> {
    const SHARED: bool = true;
}

#[test]
fn outcomes_can_be_shared() {
    let (shared, not) = (Is::<Outcome<i32>>::SHARED, Is::<Outcome<std::cell::Cell<i32>>>::SHARED);
    assert_eq!((shared, not), (true, false), "read(&outcome) does not compile, or too much does");
}

/// This does not compile until outcomes are `Sync`; then remove the next line.
#[test]
fn two_read_one_outcome() {
    apart(|| {
        let runtime = Runtime::new(2).unwrap();
        let outcome = runtime.when((), |()| 7);
        let meet = Arc::new(Barrier::new(2));
        let readers = [(); 2].map(|()| {
            let meet = meet.clone();
            runtime.when(read(&outcome), move |outcome| {
                meet.wait();
                matches!(*outcome, Outcome::Done(7))
            })
        });
        runtime.wait();
        assert!(readers.iter().all(|reader| reader.try_hold().unwrap().take()));
    });
}

// Guards.

/// Guards that are sent to other threads within the body; and one that is never dropped.
#[test]
fn guards_on_other_threads() {
    apart_and_leaky(|| {
        let runtime = Runtime::new(2).unwrap();
        let (cown, shared) = (Cown::new(0), Cown::new(vec![1, 2, 3]));
        for _ in 0..size(100) {
            runtime.when((&cown, read(&shared)), |(mut value, list)| {
                thread::scope(|scope| {
                    scope.spawn(|| *value += list[0]);
                    scope.spawn(|| list.len());
                });
            });
        }
        drains(&runtime);
        assert_eq!(*cown.try_hold().unwrap(), size(100));
        std::mem::forget(cown.try_hold().unwrap());
        assert!(cown.try_hold().is_none());
        drop(cown);
    });
}

/// Holds of many threads, and a barrier to make them meet.
#[test]
fn holds_that_meet() {
    apart(|| {
        let runtime = Runtime::new(2).unwrap();
        let cown = Cown::new(0_usize);
        let meet = Arc::new(Barrier::new(3));
        let (tell, told): (Sender<usize>, _) = channel();
        let threads = [(); 3].map(|()| {
            let (meet, cown, tell) = (meet.clone(), cown.clone(), tell.clone());
            thread::spawn(move || {
                for _ in 0..size(300) {
                    meet.wait();
                    if let Some(mut held) = cown.try_hold() {
                        *held += 1;
                        tell.send(1).unwrap();
                    }
                }
            })
        });
        drop(tell);
        for _ in 0..size(300) {
            runtime.when(read(&cown), |value| *value);
        }
        let held: usize = told.iter().sum();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        runtime.wait();
        assert_eq!(*cown.try_hold().unwrap(), held);
    });
}
