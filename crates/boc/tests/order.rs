//! The order of behaviors, and which of them run in parallel.

mod common;

use boc::{Claims, Cown, Mode, Runtime, read};
use common::{Door, Random, came_to, size};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex};

/// Random groups of cowns, read and written, scheduled by one thread. Each behavior must find its cowns as if all
/// behaviors scheduled before it had run, and none after.
fn against_a_sequential_model(seed: u64, workers: usize, reads_in_ten: usize) {
    let runtime = Runtime::new(workers).unwrap();
    let mut random = Random(seed);
    let cowns: Vec<Cown<usize, Door>> = (0..12).map(|_| Cown::with_tag(0, Door::default())).collect();
    let mut model = vec![0; cowns.len()];
    let mut outcomes = Vec::new();
    for _ in 0..size(4_000) {
        let (mut written, mut looked_at) = (Vec::new(), Vec::new());
        let (mut of_written, mut of_looked_at) = (Vec::new(), Vec::new());
        let group = 1 + random.below(4);
        for chosen in random.choose(group, cowns.len()) {
            if random.below(10) < reads_in_ten {
                looked_at.push(read(&cowns[chosen]));
                of_looked_at.push((cowns[chosen].clone(), model[chosen]));
            } else {
                written.push(&cowns[chosen]);
                of_written.push((cowns[chosen].clone(), model[chosen]));
                model[chosen] += 1;
            }
        }
        outcomes.push(runtime.when((written, looked_at), move |(mut written, looked_at)| {
            for (value, (cown, expected)) in written.iter_mut().zip(&of_written) {
                cown.tag().alone(|| {
                    assert_eq!(**value, *expected);
                    **value += 1;
                });
            }
            for (value, (cown, expected)) in looked_at.iter().zip(&of_looked_at) {
                cown.tag().together(|| assert_eq!(**value, *expected));
            }
        }));
    }
    runtime.wait();
    outcomes.iter().for_each(came_to);
    assert_eq!(cowns.iter().map(|cown| *cown.try_hold().unwrap()).collect::<Vec<_>>(), model);
}

#[test]
fn random_writers() {
    against_a_sequential_model(1, 2, 0);
    against_a_sequential_model(2, 4, 0);
}

#[test]
fn random_readers_and_writers() {
    (0..4).for_each(|seed| against_a_sequential_model(seed, 1 + seed as usize, 5));
}

#[test]
fn random_readers_and_few_writers() {
    (0..4).for_each(|seed| against_a_sequential_model(10 + seed, 3, 9));
}

/// Many threads schedule over the same cowns. There must be one order: the order at each cown fits that at all others,
/// and the order in which each thread scheduled its own.
#[test]
fn threads_that_schedule_at_once_make_one_order() {
    let (threads, each) = (4, size(1_500));
    let runtime = Runtime::new(2).unwrap();
    let logs: Vec<Cown<Vec<usize>>> = (0..6).map(|_| Cown::default()).collect();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (runtime, logs) = (&runtime, &logs);
            scope.spawn(move || {
                let mut random = Random(thread as u64);
                for nth in 0..each {
                    let group = random.choose(2, logs.len());
                    let group: Vec<_> = group.into_iter().map(|chosen| &logs[chosen]).collect();
                    runtime.when(group, move |mut group| {
                        group.iter_mut().for_each(|log| log.push(thread * each + nth));
                    });
                }
            });
        }
    });
    runtime.wait();
    // Each log is a path through all behaviors; together with the paths of the threads they must have no cycle.
    let mut paths: Vec<Vec<usize>> = logs.iter().map(|log| log.try_hold().unwrap().clone()).collect();
    assert_eq!(paths.iter().map(Vec::len).sum::<usize>(), 2 * threads * each);
    paths.extend((0..threads).map(|thread| (thread * each..(thread + 1) * each).collect()));
    let mut behind: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut before = vec![0; threads * each];
    for pair in paths.iter().flat_map(|path| path.windows(2)) {
        behind.entry(pair[0]).or_default().push(pair[1]);
        before[pair[1]] += 1;
    }
    let mut free: Vec<usize> = (0..before.len()).filter(|&behavior| before[behavior] == 0).collect();
    let mut sorted = 0;
    while let Some(behavior) = free.pop() {
        sorted += 1;
        for &next in behind.get(&behavior).into_iter().flatten() {
            before[next] -= 1;
            if before[next] == 0 {
                free.push(next);
            }
        }
    }
    assert_eq!(sorted, before.len(), "there is a circle");
}

/// Many threads, readers and writers; each checks what runs at the same time.
#[test]
fn nobody_beside_a_writer() {
    let runtime = Runtime::new(3).unwrap();
    let cowns: Vec<Cown<usize, Door>> = (0..3).map(|_| Cown::with_tag(0, Door::default())).collect();
    let written = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (runtime, cowns, written, outcomes) = (&runtime, &cowns, &written, &outcomes);
            scope.spawn(move || {
                let mut random = Random(100 + thread);
                let mut own = Vec::new();
                for _ in 0..size(2_000) {
                    let cown = cowns[random.below(cowns.len())].clone();
                    own.push(if random.below(3) == 0 {
                        written.fetch_add(1, Relaxed);
                        runtime.when(cown.clone(), move |mut value| cown.tag().alone(|| *value += 1))
                    } else {
                        runtime.when(read(&cown), move |value| cown.tag().together(|| _ = *value))
                    });
                }
                outcomes.lock().unwrap().append(&mut own);
            });
        }
    });
    runtime.wait();
    outcomes.into_inner().unwrap().iter().for_each(came_to);
    let sum: usize = cowns.iter().map(|cown| *cown.try_hold().unwrap()).sum();
    assert_eq!(sum, written.into_inner());
}

/// Both readers are inside at the same time, or this does not end; also if they have waited for a writer together.
#[test]
fn readers_run_side_by_side() {
    let runtime = Runtime::new(2).unwrap();
    let cown = Cown::new(0);
    for _ in 0..size(200) {
        runtime.when(&cown, |mut value| *value += 1);
        let barrier = Arc::new(Barrier::new(2));
        for _ in 0..2 {
            let barrier = barrier.clone();
            runtime.when(read(&cown), move |_| _ = barrier.wait());
        }
    }
    runtime.wait();
    assert_eq!(*cown.try_hold().unwrap(), size(200));
}

/// Two behaviors over different cowns are inside at the same time.
#[test]
fn independent_behaviors_run_side_by_side() {
    let runtime = Runtime::new(2).unwrap();
    let barrier = Arc::new(Barrier::new(2));
    for _ in 0..2 {
        let barrier = barrier.clone();
        runtime.when(Cown::new(0), move |_| _ = barrier.wait());
    }
    runtime.wait();
}

/// One cown named twice is one request, and the stronger mode counts.
#[test]
fn a_cown_named_twice_counts_once() {
    let runtime = Runtime::new(2).unwrap();
    let cown: Cown<usize, Arc<Door>> = Cown::with_tag(0, Arc::default());
    for nth in 0..size(500) {
        let modes = match nth % 3 {
            0 => [Mode::Read, Mode::Write, Mode::Read],
            1 => [Mode::Write; 3],
            _ => [Mode::Read; 3],
        };
        let door = cown.tag().clone();
        let claims: Claims<_, _> = modes.map(|mode| (cown.clone(), mode)).into_iter().collect();
        runtime.schedule(claims, move || match modes[1] {
            Mode::Write => door.alone(|| ()),
            Mode::Read => door.together(|| ()),
        });
    }
    runtime.wait();
    assert_eq!(cown.handles(), 1);
}

#[test]
#[should_panic(expected = "the same cown twice")]
fn two_guards_of_one_value_are_refused() {
    let cown = Cown::new(0);
    Runtime::new(1).unwrap().when((&cown, read(&cown)), |_| ());
}

/// Behaviors that schedule behaviors, as a tree.
#[test]
fn behaviors_schedule_behaviors() {
    fn grow(count: Cown<usize>, depth: usize) {
        boc::when(count.clone(), move |mut value| {
            *value += 1;
            if depth > 0 {
                grow(count.clone(), depth - 1);
                grow(count, depth - 1);
            }
        });
    }
    let runtime = Runtime::new(2).unwrap();
    let count = Cown::new(0);
    let root = count.clone();
    runtime.when((), move |()| grow(root, 12));
    runtime.wait();
    assert_eq!(*count.try_hold().unwrap(), (1 << 13) - 1);
}

/// Chains: each link schedules the next.
#[test]
fn chains() {
    fn link(cown: Cown<usize>, left: usize) {
        boc::when(cown.clone(), move |mut value| {
            *value += 1;
            if left > 1 {
                link(cown, left - 1);
            }
        });
    }
    let runtime = Runtime::new(2).unwrap();
    let cowns: Vec<Cown<usize>> = (0..4).map(|_| Cown::new(0)).collect();
    for cown in &cowns {
        let cown = cown.clone();
        runtime.when((), move |()| link(cown, size(10_000)));
    }
    runtime.wait();
    assert!(cowns.iter().all(|cown| *cown.try_hold().unwrap() == size(10_000)));
}

/// A behavior that another one schedules over its own cown runs after those that were scheduled before it.
#[test]
fn a_behavior_queues_behind_those_who_wait() {
    let runtime = Runtime::new(1).unwrap();
    let log = Cown::new(Vec::new());
    let held = log.try_hold().unwrap();
    let own = log.clone();
    runtime.when(&log, move |mut entries| {
        entries.push(1);
        boc::when(&own, |mut entries| entries.push(3));
    });
    runtime.when(&log, |mut entries| entries.push(2));
    drop(held);
    runtime.wait();
    assert_eq!(*log.try_hold().unwrap(), [1, 2, 3]);
}

/// Money moves between random accounts: the total never changes, and every reader sees the full total.
#[test]
fn transfers() {
    let runtime = Runtime::new(2).unwrap();
    let accounts: Vec<Cown<i64>> = (0..8).map(|_| Cown::new(100)).collect();
    let mut random = Random(7);
    let mut sums = Vec::new();
    for nth in 0..size(4_000) {
        let pair = random.choose(2, accounts.len());
        runtime.when((&accounts[pair[0]], &accounts[pair[1]]), |(mut from, mut to)| {
            *from -= 1;
            *to += 1;
        });
        if nth % 50 == 0 {
            let all: Vec<_> = accounts.iter().map(read).collect();
            sums.push(runtime.when(all, |all| all.iter().map(|account| **account).sum::<i64>()));
        }
    }
    runtime.wait();
    assert!(sums.iter().all(|sum| came_to(sum) == 800));
}
