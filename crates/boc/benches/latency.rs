//! How long a fresh behavior waits, scheduled from outside every millisecond, while the workers are busy in various ways.
//!
//! ```text
//! cargo bench -p boc --bench latency                # on 1 worker, then on 2
//! cargo bench -p boc --bench latency -- 2 readers   # on 2 workers, only the loads with that in their name
//! ```
//!
//! A behavior's latency is the time from just before it is scheduled until its body runs.

use boc::{Body, Cown, Placement, Runtime, Shape, current_worker, read};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

/// Fresh behaviors for each line of the table.
const SAMPLES: usize = 300;
const PERIOD: Duration = Duration::from_millis(1);
/// A line takes at most about this long; if waits are long, it has few samples.
const BUDGET: Duration = Duration::from_secs(3);

/// A body that prefers that worker.
struct At<F>(usize, F);

impl<S: Shape, F: FnOnce() + Send + 'static> Body<S> for At<F> {
    type Rest = ();
    fn placement(&self, _: S::Claimed<'_>) -> Placement {
        Placement::Prefer(self.0)
    }
    fn run(self, _: S::Claimed<'_>) {
        (self.1)();
    }
}

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let (numbers, names): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|argument| argument.parse::<usize>().is_ok());
    let mut workers: Vec<usize> = numbers.into_iter().flat_map(|number| number.parse()).collect();
    if workers.is_empty() {
        workers = vec![1, 2];
    }
    println!(
        "{:<7} {:<52} {:>7} {:>10} {:>10} {:>10}",
        "workers", "load", "samples", "median us", "99% us", "max us"
    );
    let loads: [(&str, Load); 7] = [
        ("idle", idle),
        ("chains", chains),
        ("backlog", backlog),
        ("readers", readers),
        ("preferring", preferring),
        ("indifferent", indifferent),
        ("issue", issue),
    ];
    for count in workers {
        for (name, load) in loads {
            if names.is_empty() || names.iter().any(|wanted| name.contains(wanted.as_str())) {
                let runtime = Runtime::new(count).unwrap();
                for (line, latencies) in load(&runtime) {
                    println!("{count:<7} {line:<52} {latencies}");
                }
            }
        }
    }
}

/// Lines of the table.
type Lines = Vec<(&'static str, Latencies)>;

type Load = fn(&Runtime) -> Lines;

/// In the order in which they were measured.
#[derive(Default)]
struct Latencies(Vec<Duration>);

impl std::fmt::Display for Latencies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut sorted = self.0.clone();
        sorted.sort();
        let us = |part: f64| match sorted.len() {
            0 => f64::NAN,
            count => sorted[((count - 1) as f64 * part).round() as usize].as_secs_f64() * 1e6,
        };
        write!(f, "{:>7} {:>10.0} {:>10.0} {:>10.0}", sorted.len(), us(0.5), us(0.99), us(1.0))
    }
}

/// Latencies of behaviors that `schedule` schedules, one each [`PERIOD`], until there are enough or `over`.
fn sample(over: impl Fn() -> bool, schedule: impl Fn(Box<dyn FnOnce() + Send>)) -> Latencies {
    let (tell, told) = channel();
    let start = Instant::now();
    for nth in 0..SAMPLES {
        if over() || start.elapsed() > BUDGET {
            break;
        }
        let tell = tell.clone();
        let scheduled = Instant::now();
        schedule(Box::new(move || _ = tell.send(scheduled.elapsed())));
        thread::sleep((PERIOD * (nth as u32 + 1)).saturating_sub(start.elapsed()));
    }
    drop(tell);
    Latencies(told.iter().collect())
}

fn never() -> bool {
    false
}

/// Fresh behaviors without cowns.
fn fresh(runtime: &Runtime, over: impl Fn() -> bool) -> Latencies {
    sample(over, |body| runtime.schedule((), body))
}

fn work(duration: Duration) {
    let start = Instant::now();
    while start.elapsed() < duration {
        black_box(());
    }
}

fn us(us: u64) -> Duration {
    Duration::from_micros(us)
}

fn idle(runtime: &Runtime) -> Lines {
    vec![("idle", fresh(runtime, never))]
}

/// Schedules itself again and again.
fn chain(cown: Cown<()>, end: Arc<AtomicBool>) {
    if !end.load(Relaxed) {
        work(us(5));
        boc::when(cown.clone(), move |_| chain(cown, end));
    }
}

fn chains(runtime: &Runtime) -> Lines {
    let end = Arc::new(AtomicBool::new(false));
    for _ in 0..runtime.worker_count() {
        let end = end.clone();
        runtime.when((), move |()| chain(Cown::new(()), end));
    }
    let latencies = fresh(runtime, never);
    end.store(true, Relaxed);
    runtime.wait();
    vec![("a chain of 5 us behaviors per worker", latencies)]
}

/// Behaviors in line at a cown, all of which have to run.
fn pile(
    runtime: &Runtime,
    count: usize,
    mut schedule: impl FnMut(&Runtime, Box<dyn FnOnce() + Send>),
) -> Arc<AtomicUsize> {
    let left = Arc::new(AtomicUsize::new(count));
    for _ in 0..count {
        let left = left.clone();
        schedule(
            runtime,
            Box::new(move || {
                work(us(5));
                left.fetch_sub(1, Relaxed);
            }),
        );
    }
    left
}

fn backlog(runtime: &Runtime) -> Lines {
    let cown = Cown::new(());
    let held = cown.try_hold();
    let left = pile(runtime, 10_000, |runtime, body| runtime.schedule(&cown, body));
    drop(held);
    let latencies = fresh(runtime, || left.load(Relaxed) == 0);
    runtime.wait();
    vec![("10,000 behaviors of 5 us in line at one cown", latencies)]
}

fn readers(runtime: &Runtime) -> Lines {
    let cown = Cown::new(());
    let held = cown.try_hold();
    let left = pile(runtime, 10_000, |runtime, body| runtime.schedule(read(&cown), body));
    let (tell, told) = channel();
    let scheduled = Instant::now();
    runtime.schedule(&cown, move || tell.send(scheduled.elapsed()).unwrap());
    drop(held);
    let latencies = fresh(runtime, || left.load(Relaxed) == 0);
    runtime.wait();
    vec![
        ("10,000 readers of 5 us: the writer behind them", Latencies(told.iter().collect())),
        ("10,000 readers of 5 us: a fresh behavior", latencies),
    ]
}

/// A behavior that always has another one like it waiting, so that its worker never runs out of them.
fn stream(wanted: Option<usize>, end: Arc<AtomicBool>) {
    if end.load(Relaxed) {
        return;
    }
    let body = move || {
        work(us(5));
        stream(wanted, end);
    };
    match wanted {
        Some(worker) => boc::schedule((), At(worker, body)),
        None => boc::schedule((), body),
    }
}

/// A stream on each worker, of behaviors that prefer it or not, from that worker itself.
fn streams(runtime: &Runtime, preferring: bool) -> Arc<AtomicBool> {
    let end = Arc::new(AtomicBool::new(false));
    for worker in 0..runtime.worker_count() {
        for _ in 0..4 {
            let end = end.clone();
            let begin = move || stream(preferring.then(|| current_worker().unwrap()), end);
            runtime.schedule((), At(worker, begin));
        }
    }
    end
}

fn preferring(runtime: &Runtime) -> Lines {
    let end = streams(runtime, true);
    let latencies = fresh(runtime, never);
    end.store(true, Relaxed);
    runtime.wait();
    vec![("streams that prefer a worker: one that does not", latencies)]
}

fn indifferent(runtime: &Runtime) -> Lines {
    let end = streams(runtime, false);
    let latencies = sample(never, |body| runtime.schedule((), At(0, body)));
    end.store(true, Relaxed);
    runtime.wait();
    vec![("streams without preference: one that prefers", latencies)]
}

/// Long behaviors wait for one cown; how long does a short one on another wait?
fn issue(runtime: &Runtime) -> Lines {
    let (a, b) = (Cown::new(()), Cown::new(()));
    for _ in 0..80 {
        runtime.schedule(&a, || work(us(10_000)));
    }
    let (tell, told) = channel();
    let scheduled = Instant::now();
    runtime.schedule(&b, move || tell.send(scheduled.elapsed()).unwrap());
    runtime.wait();
    vec![("80 behaviors of 10 ms at A: a short one at B", Latencies(told.iter().collect()))]
}
