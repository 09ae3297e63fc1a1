//! A dictionary that many behaviors read and a few extend: readers of one cown run in parallel, writers alone, and each
//! reader sees exactly the words added by behaviors scheduled before it.
//!
//! ```text
//! cargo run --release --example readers -p boc
//! ```

use boc::{Cown, Runtime, read};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const EDITIONS: usize = 50;
const READERS: usize = 40;

fn main() -> Result<(), boc::StartError> {
    let runtime = Runtime::builder().start()?;
    let squares: Cown<BTreeMap<usize, usize>> = Cown::default();
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut looks = Vec::new();

    for edition in 0..EDITIONS {
        runtime.when(&squares, move |mut squares| _ = squares.insert(edition, edition * edition));
        for _ in 0..READERS {
            let (inside, most) = (inside.clone(), most.clone());
            looks.push(runtime.when(read(&squares), move |squares| {
                most.fetch_max(inside.fetch_add(1, Relaxed) + 1, Relaxed);
                let sum: usize = (0..1_000).map(|turn| squares[&(turn % (edition + 1))]).sum();
                inside.fetch_sub(1, Relaxed);
                (std::hint::black_box(sum), squares.len())
            }));
        }
    }
    runtime.wait();

    let sizes = looks.iter().map(|look| look.try_hold().expect("all has run").take().1);
    let right = sizes.enumerate().filter(|&(nth, size)| size == nth / READERS + 1).count();
    println!("{right} of {} readers saw the edition that they had asked for", EDITIONS * READERS);
    println!("at most {} read at the same time, on {} workers", most.load(Relaxed), runtime.worker_count());
    assert_eq!(right, EDITIONS * READERS);
    Ok(())
}
