//! The noticeboard: one mutator at a time, which leaves nothing behind, and whose end wakes those who wait.

use super::explore;
use crate::noticeboard::{Begin, Change, Mutator, Noticeboard, Updated};
use loom::thread;
use std::sync::Arc;
use std::time::Duration;

type Board = Noticeboard<u32, ()>;

fn compute(mut mutator: Mutator<u32, ()>) {
    while let Some(update) = mutator.next() {
        mutator.finish(Updated::Set(update.old.as_deref().copied().unwrap_or(0) + 1));
    }
}

fn increment(board: &Arc<Board>) {
    let (ticket, mutator) = board.post("n", Change::Update(()));
    if let Some(mutator) = mutator {
        compute(mutator);
    }
    assert!(board.wait(ticket, || Some(Duration::MAX)));
}

/// The same by the caller itself.
fn increment_here(board: &Arc<Board>) {
    loop {
        match board.begin("n") {
            Begin::Now(mut mutator, old) => {
                mutator.finish(Updated::Set(old.as_deref().copied().unwrap_or(0) + 1));
                return compute(mutator);
            }
            Begin::After(mutator) => compute(mutator),
            Begin::Later => assert!(board.wait_for_turn(|| Some(Duration::MAX))),
        }
    }
}

/// A thread that does that to the board.
fn beside(board: &Arc<Board>, change: fn(&Arc<Board>)) -> thread::JoinHandle<()> {
    let board = board.clone();
    thread::spawn(move || change(&board))
}

#[test]
fn those_who_update_themselves_take_turns() {
    explore(2, || {
        let board = Arc::new(Board::new());
        let others = [beside(&board, increment_here), beside(&board, increment)];
        increment_here(&board);
        others.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(board.is_settled() && board.mutator().is_none());
        assert_eq!(board.snapshot().get("n"), Some(&3));
    });
}

#[test]
fn updates_and_writes_of_several_threads_are_applied() {
    explore(2, || {
        let board = Arc::new(Board::new());
        let write = |board: &Arc<Board>| drop(board.post("other", Change::Set(7)));
        let others = [beside(&board, increment), beside(&board, write)];
        increment(&board);
        others.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(board.is_settled() && board.mutator().is_none());
        let snapshot = board.snapshot();
        assert_eq!((snapshot.get("n"), snapshot.get("other")), (Some(&2), Some(&7)));
    });
}
