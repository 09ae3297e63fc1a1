//! The cost of a behavior, compared with the same work on a pool of threads with a lock around each value.
//!
//! ```text
//! cargo bench -p boc
//! ```
//!
//! All on two workers. Each figure is for a round of many behaviors and the wait for them; Criterion divides by their
//! number where it shows elements per second. The pool does not keep the order of jobs on one value.

#[path = "support/pool.rs"]
mod pool;

use boc::{Cown, Runtime, read};
use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use pool::Pool;
use std::hint::black_box;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

const WORKERS: usize = 2;
/// Behaviors in a round.
const ROUND: usize = 10_000;

fn round<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(ROUND as u64));
    group.sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    group
}

fn cowns(count: usize) -> Vec<Cown<i64>> {
    (0..count).map(|_| Cown::new(0)).collect()
}

fn locks(count: usize) -> Vec<Arc<Mutex<i64>>> {
    (0..count).map(|_| Arc::default()).collect()
}

/// Another one of 64, never the same.
fn partner(nth: usize) -> usize {
    (nth + 1 + nth % 62) % 64
}

/// Each behavior writes one of that number of cowns.
fn writes(criterion: &mut Criterion, count: usize) {
    let mut group = round(criterion, &format!("write one of {count}"));
    let runtime = Runtime::new(WORKERS).unwrap();
    let cowns = cowns(count);
    group.bench_function("when", |bencher| {
        bencher.iter(|| {
            (0..ROUND).for_each(|nth| _ = runtime.when(&cowns[nth % count], |mut value| *value += 1));
            runtime.wait();
        });
    });
    group.bench_function("schedule", |bencher| {
        bencher.iter(|| {
            for nth in 0..ROUND {
                runtime.schedule(&cowns[nth % count], || ());
            }
            runtime.wait();
        });
    });
    let (pool, _threads) = Pool::start(WORKERS);
    let locks = locks(count);
    group.bench_function("pool and locks", |bencher| {
        bencher.iter(|| {
            for nth in 0..ROUND {
                let lock = locks[nth % count].clone();
                pool.run(move |_| *lock.lock().unwrap() += 1);
            }
            pool.wait();
        });
    });
}

fn one_cown(criterion: &mut Criterion) {
    writes(criterion, 1);
}

fn many_cowns(criterion: &mut Criterion) {
    writes(criterion, 64);
}

fn transfers(criterion: &mut Criterion) {
    let mut group = round(criterion, "transfer between two of 64");
    let runtime = Runtime::new(WORKERS).unwrap();
    let cowns = cowns(64);
    group.bench_function("when", |bencher| {
        bencher.iter(|| {
            for nth in 0..ROUND {
                runtime.when((&cowns[nth % 64], &cowns[partner(nth)]), |(mut from, mut to)| {
                    *from -= 1;
                    *to += 1;
                });
            }
            runtime.wait();
        });
    });
    let (pool, _threads) = Pool::start(WORKERS);
    let locks = locks(64);
    group.bench_function("pool and locks", |bencher| {
        bencher.iter(|| {
            for nth in 0..ROUND {
                let (from, to) = (nth % 64, partner(nth));
                // In one order: otherwise they would deadlock.
                let (first, second) = (locks[from.min(to)].clone(), locks[from.max(to)].clone());
                pool.run(move |_| {
                    let (mut first, mut second) = (first.lock().unwrap(), second.lock().unwrap());
                    let (from, to) =
                        if from < to { (&mut first, &mut second) } else { (&mut second, &mut first) };
                    **from -= 1;
                    **to += 1;
                });
            }
            pool.wait();
        });
    });
}

/// Four chains; each link writes its cown and schedules the next.
fn chains(criterion: &mut Criterion) {
    fn link(cown: Cown<i64>, left: usize) {
        boc::when(cown.clone(), move |mut value| {
            *value += 1;
            if left > 1 {
                link(cown, left - 1);
            }
        });
    }
    fn job(pool: &Pool, lock: Arc<Mutex<i64>>, left: usize) {
        pool.run(move |pool| {
            *lock.lock().unwrap() += 1;
            if left > 1 {
                job(pool, lock, left - 1);
            }
        });
    }
    let mut group = round(criterion, "four chains");
    let runtime = Runtime::new(WORKERS).unwrap();
    let cowns = cowns(4);
    group.bench_function("when", |bencher| {
        bencher.iter(|| {
            for cown in cowns.iter().cloned() {
                runtime.when((), move |()| link(cown, ROUND / 4));
            }
            runtime.wait();
        });
    });
    let (pool, _threads) = Pool::start(WORKERS);
    let locks = locks(4);
    group.bench_function("pool and locks", |bencher| {
        bencher.iter(|| {
            locks.iter().for_each(|lock| job(&pool, lock.clone(), ROUND / 4));
            pool.wait();
        });
    });
}

/// One write, then fifteen reads, and so on, on one cown.
fn read_groups(criterion: &mut Criterion) {
    let mut group = round(criterion, "fifteen reads to a write");
    let runtime = Runtime::new(WORKERS).unwrap();
    let cown = Cown::new(0);
    group.bench_function("when", |bencher| {
        bencher.iter(|| {
            for nth in 0..ROUND {
                if nth % 16 == 0 {
                    runtime.when(&cown, |mut value| *value += 1);
                } else {
                    runtime.when(read(&cown), |value| _ = black_box(*value));
                }
            }
            runtime.wait();
        });
    });
    let (pool, _threads) = Pool::start(WORKERS);
    let lock: Arc<RwLock<i64>> = Arc::default();
    group.bench_function("pool and locks", |bencher| {
        bencher.iter(|| {
            for nth in 0..ROUND {
                let lock = lock.clone();
                if nth % 16 == 0 {
                    pool.run(move |_| *lock.write().unwrap() += 1);
                } else {
                    pool.run(move |_| _ = black_box(*lock.read().unwrap()));
                }
            }
            pool.wait();
        });
    });
}

/// A tree of behaviors without cowns, each of which schedules two.
fn fan_out(criterion: &mut Criterion) {
    const DEPTH: usize = 13; // some 10,000 of them
    fn grow(depth: usize) {
        if depth > 0 {
            (0..2).for_each(|_| _ = boc::when((), move |()| grow(depth - 1)));
        }
    }
    fn job(pool: &Pool, depth: usize) {
        pool.run(move |pool| {
            if depth > 0 {
                (0..2).for_each(|_| job(pool, depth - 1));
            }
        });
    }
    let mut group = round(criterion, "fan-out");
    group.throughput(Throughput::Elements((1 << (DEPTH + 1)) - 1));
    let runtime = Runtime::new(WORKERS).unwrap();
    group.bench_function("when", |bencher| {
        bencher.iter(|| {
            runtime.when((), |()| grow(DEPTH));
            runtime.wait();
        });
    });
    let (pool, _threads) = Pool::start(WORKERS);
    group.bench_function("pool and locks", |bencher| {
        bencher.iter(|| {
            job(&pool, DEPTH);
            pool.wait();
        });
    });
}

/// One behavior and the wait for it; a runtime's start, one behavior, and its end.
fn round_trips(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("round trip");
    group.sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    let runtime = Runtime::new(WORKERS).unwrap();
    group.bench_function("one behavior", |bencher| {
        bencher.iter(|| {
            runtime.schedule((), || ());
            runtime.wait();
        });
    });
    group.bench_function("start and end", |bencher| {
        bencher.iter(|| Runtime::new(WORKERS).unwrap().schedule((), || ()));
    });
}

criterion_group!(benches, one_cown, many_cowns, transfers, chains, read_groups, fan_out, round_trips);
criterion_main!(benches);
