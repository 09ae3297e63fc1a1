//! The noticeboard: order, atomic updates, snapshots, and waiting for changes.

mod common;

use boc::{Begin, Change, Mutator, Noticeboard, Ticket, Updated};
use common::size;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

type By = fn(i64) -> i64;
type Board = Noticeboard<i64, By>;

fn never() -> Option<Duration> {
    None
}

fn apply(mut mutator: Mutator<i64, By>) {
    while let Some(update) = mutator.next() {
        let new = (update.by)(update.old.as_deref().copied().unwrap_or(0));
        mutator.finish(match new {
            i64::MAX => Updated::Keep,
            i64::MIN => Updated::Remove,
            new => Updated::Set(new),
        });
    }
}

fn post(board: &Arc<Board>, key: &str, change: Change<i64, By>) -> Ticket {
    let (ticket, mutator) = board.post(key, change);
    if let Some(mutator) = mutator {
        apply(mutator);
    }
    ticket
}

fn update_here(board: &Arc<Board>, key: &str, by: By) {
    loop {
        match board.begin(key) {
            Begin::Now(mut mutator, old) => {
                mutator.finish(Updated::Set(by(old.as_deref().copied().unwrap_or(0))));
                return apply(mutator);
            }
            Begin::After(mutator) => apply(mutator),
            Begin::Later => assert!(board.wait_for_turn(|| Some(Duration::MAX))),
        }
    }
}

fn value(board: &Board, key: &str) -> Option<i64> {
    board.snapshot().get(key).copied()
}

#[test]
fn changes_are_applied_in_order() {
    let board = Arc::new(Board::new());
    post(&board, "a", Change::Set(1));
    post(&board, "a", Change::Update(|a| a + 1));
    post(&board, "b", Change::Update(|b| b + 5));
    assert_eq!((value(&board, "a"), value(&board, "b")), (Some(2), Some(5)));
    post(&board, "a", Change::Remove);
    assert_eq!(value(&board, "a"), None);
    assert_eq!(board.snapshot().keys().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn an_update_can_keep_or_remove() {
    let board = Arc::new(Board::new());
    post(&board, "a", Change::Set(1));
    post(&board, "a", Change::Update(|_| i64::MAX));
    assert_eq!(value(&board, "a"), Some(1));
    post(&board, "a", Change::Update(|_| i64::MIN));
    assert_eq!(value(&board, "a"), None);
}

#[test]
fn a_snapshot_stays_as_it_is() {
    let board = Arc::new(Board::new());
    post(&board, "a", Change::Set(1));
    let before = board.snapshot();
    post(&board, "a", Change::Set(2));
    post(&board, "b", Change::Set(3));
    assert_eq!(before.get("a"), Some(&1));
    assert_eq!(before.get("b"), None);
    assert_ne!(before.version(), board.version());
    assert_eq!(board.snapshot().version(), board.version());
    let all = board.clear();
    assert_eq!(all.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(board.snapshot().keys().count(), 0);
    assert_ne!(all.version(), board.version());
}

#[test]
fn what_is_posted_while_an_update_is_computed_comes_after_it() {
    let board = Arc::new(Board::new());
    let (_, mutator) = board.post("a", Change::Update(|a| a + 1));
    let mut mutator = mutator.unwrap();
    let update = mutator.next().unwrap();
    assert_eq!(update.old, None);
    let (ticket, second) = board.post("a", Change::Set(10));
    assert!(second.is_none());
    assert!(!board.is_settled() && !board.wait(ticket, never));
    assert_eq!(value(&board, "a"), None);
    mutator.finish(Updated::Set(1));
    assert_eq!(value(&board, "a"), Some(1));
    assert!(mutator.next().is_none());
    assert_eq!(value(&board, "a"), Some(10));
    assert!(board.is_settled() && board.wait(ticket, never));
}

#[test]
fn a_mutator_that_is_over_does_not_end_the_next() {
    let board = Arc::new(Board::new());
    let mut first = board.post("a", Change::Update(|a| a + 1)).1.unwrap();
    first.next().unwrap();
    first.finish(Updated::Set(1));
    assert!(first.next().is_none());
    let second = board.post("a", Change::Update(|a| a + 1)).1.unwrap();
    drop(first);
    assert!(board.post("a", Change::Update(|a| a + 1)).1.is_none());
    apply(second);
    assert_eq!(value(&board, "a"), Some(3));
}

#[test]
fn another_goes_on_where_a_mutator_was_dropped() {
    let board = Arc::new(Board::new());
    let mut mutator = board.post("a", Change::Update(|a| a + 1)).1.unwrap();
    mutator.next().unwrap();
    board.post("a", Change::Set(5));
    drop(mutator);
    assert!(!board.is_settled());
    apply(board.mutator().unwrap());
    assert!(board.is_settled() && board.mutator().is_none());
    assert_eq!(value(&board, "a"), Some(5));
}

#[test]
fn updates_of_many_threads_are_all_counted() {
    let board = Arc::new(Board::new());
    let (threads, each) = (4, size(20_000));
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // Snapshots only ever go on.
            let mut last = 0;
            while !over.load(Ordering::SeqCst) {
                let snapshot = board.snapshot();
                let now = snapshot.get("n").copied().unwrap_or(0);
                assert!(now >= last);
                assert_eq!(snapshot.get("n").copied().unwrap_or(0), now);
                last = now;
            }
        });
        let counting: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut last = board.last();
                    for n in 0..each {
                        match n % 2 {
                            0 => last = post(&board, "n", Change::Update(|n| n + 1)),
                            _ => update_here(&board, "n", |n| n + 1),
                        }
                    }
                    assert!(board.wait(last, || Some(Duration::MAX)));
                })
            })
            .collect();
        counting.into_iter().for_each(|thread| thread.join().unwrap());
        over.store(true, Ordering::SeqCst);
    });
    assert_eq!(value(&board, "n"), Some((threads * each) as i64));
}

#[test]
fn versions_tell_boards_apart() {
    let (one, other) = (Arc::new(Board::new()), Arc::new(Board::new()));
    for board in [&one, &other] {
        post(board, "a", Change::Set(1));
    }
    assert_ne!(one.version(), other.version());
    let since = |board: &Arc<Board>| board.look().get_since("a").map(|(value, since)| (*value, since));
    assert_ne!(since(&one), since(&other));
}
