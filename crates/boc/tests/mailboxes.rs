//! Messages: order, selection, waiting, bounds; and that none is lost or received twice.

mod common;

use boc::{Mailbox, Mailboxes, receive, try_receive};
use common::{Random, size};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

fn forever() -> Option<Duration> {
    Some(Duration::MAX)
}

fn values<V>(mailbox: &Mailbox<V>) -> Vec<V> {
    std::iter::from_fn(|| mailbox.try_receive()).map(|message| message.value).collect()
}

/// Patience that says `yes` so often, and then no. Yielding, so that a test of waiting takes no time.
fn turns(mut count: usize) -> impl FnMut() -> Option<Duration> {
    move || {
        thread::yield_now();
        count = count.checked_sub(1)?;
        Some(Duration::from_micros(1))
    }
}

#[test]
fn messages_come_in_order_of_sending_over_all_tags() {
    let mailboxes = Mailboxes::new();
    let (a, b) = (mailboxes.get("a"), mailboxes.get("b"));
    for (n, mailbox) in [&a, &b, &b, &a].into_iter().enumerate() {
        mailbox.try_send(n).unwrap();
    }
    let both = [b.clone(), a.clone()];
    let all: Vec<_> =
        (0..4).map(|_| try_receive(&both).map(|message| (message.place, message.value))).collect();
    assert_eq!(all, [Some((1, 0)), Some((0, 1)), Some((0, 2)), Some((1, 3))]);
    assert!(try_receive(&both).is_none());
}

#[test]
fn a_tag_that_is_not_asked_for_is_left_alone() {
    let mailboxes = Mailboxes::new();
    let (a, b) = (mailboxes.get("a"), mailboxes.get("b"));
    a.try_send(1).unwrap();
    assert!(receive(&[b], turns(3)).is_none());
    assert_eq!(values(&a), [1]);
}

#[test]
fn a_receiver_that_gives_up_takes_nothing_later() {
    let mailboxes = Mailboxes::new();
    let a = mailboxes.get("a");
    assert!(receive(std::slice::from_ref(&a), turns(3)).is_none());
    a.try_send(1).unwrap();
    assert_eq!(values(&a), [1]);
}

#[test]
fn what_is_put_back_is_the_next_one_again() {
    let mailboxes = Mailboxes::new();
    let a = mailboxes.get("a");
    (0..4).for_each(|n| a.try_send(n).unwrap());
    let (first, second) = (a.try_receive().unwrap(), a.try_receive().unwrap());
    a.put_back(second);
    a.put_back(first);
    assert_eq!(values(&a), [0, 1, 2, 3]);
}

#[test]
fn a_full_mailbox_gives_messages_back() {
    let mailboxes = Mailboxes::new();
    let a = mailboxes.get("a");
    a.set_bound(2);
    assert_eq!((0..4).map(|n| a.try_send(n)).collect::<Vec<_>>(), [Ok(()), Ok(()), Err(2), Err(3)]);
    assert_eq!(a.send(4, turns(3)), Err(4));
    assert_eq!(values(&a), [0, 1]);
    a.try_send(5).unwrap();
    assert_eq!(a.drain(), [5]);
}

#[test]
fn senders_that_wait_for_room_get_in_in_their_order() {
    let mailboxes = Mailboxes::new();
    let a = mailboxes.get("a");
    a.set_bound(1);
    thread::scope(|scope| {
        let producer = {
            let a = a.clone();
            scope.spawn(move || (0..100).for_each(|n| a.send(n, forever).unwrap()))
        };
        let received: Vec<_> =
            (0..100).map(|_| receive(std::slice::from_ref(&a), forever).unwrap().value).collect();
        producer.join().unwrap();
        assert_eq!(received, (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn to_take_a_bound_off_lets_senders_in() {
    let mailboxes = Mailboxes::new();
    let a = mailboxes.get("a");
    a.set_bound(1);
    a.try_send(0).unwrap();
    let waiting = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            let (a, waiting) = (a.clone(), &waiting);
            scope.spawn(move || {
                a.send(1, || {
                    waiting.fetch_add(1, Ordering::SeqCst);
                    Some(Duration::MAX)
                })
            });
        }
        while waiting.load(Ordering::SeqCst) < 3 {
            thread::yield_now();
        }
        a.set_bound(usize::MAX);
    });
    assert_eq!(values(&a), [0, 1, 1, 1]);
}

#[test]
fn clearing_empties_all_and_receivers_go_on() {
    let mailboxes = Mailboxes::new();
    let (a, b) = (mailboxes.get("a"), mailboxes.get("b"));
    a.set_bound(1);
    a.try_send(1).unwrap();
    b.try_send(2).unwrap();
    let mut cleared = mailboxes.clear();
    cleared.sort_unstable();
    assert_eq!(cleared, [1, 2]);
    assert!(a.is_empty() && b.is_empty());
    a.try_send(3).unwrap();
    a.try_send(4).unwrap();
    assert_eq!(values(&a), [3, 4]);
}

#[test]
fn tags_that_nobody_uses_are_forgotten() {
    struct Counted(Arc<()>);
    let mailboxes = Mailboxes::new();
    let alive = Arc::new(());
    for n in 0..10_000 {
        let mailbox = mailboxes.get(&format!("reply {n}"));
        mailbox.try_send(Counted(alive.clone())).ok().unwrap();
        drop(mailbox.try_receive().unwrap().value.0);
    }
    assert_eq!(Arc::strong_count(&alive), 1);
    assert!(format!("{mailboxes:?}").contains("tags"), "{mailboxes:?}");
    let count: usize =
        format!("{mailboxes:?}").chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap();
    assert!(count < 500, "{count} tags are kept");
}

/// Each message is received once, and those of one sender with one tag in their order, whoever waits for what.
#[test]
fn senders_and_receivers_of_random_tags_lose_nothing() {
    let (senders, each) = (4, size(20_000));
    let tags = ["a", "b", "c", "d"];
    for bound in [1, 7, usize::MAX] {
        let mailboxes = Arc::new(Mailboxes::<(usize, usize)>::new());
        tags.iter().for_each(|tag| mailboxes.get(tag).set_bound(bound));
        let left = Arc::new(AtomicUsize::new(senders * each));
        let sending: Vec<_> = (0..senders)
            .map(|sender| {
                let mailboxes = mailboxes.clone();
                thread::spawn(move || {
                    let mut random = Random(sender as u64);
                    let boxes: Vec<_> = tags.iter().map(|tag| mailboxes.get(tag)).collect();
                    for n in 0..each {
                        boxes[random.below(4)].send((sender, n), forever).unwrap();
                    }
                })
            })
            .collect();
        let receiving: Vec<_> = (0..3)
            .map(|receiver| {
                let (mailboxes, left) = (mailboxes.clone(), left.clone());
                thread::spawn(move || {
                    let mut random = Random(100 + receiver);
                    let boxes: Vec<_> = tags.iter().map(|tag| mailboxes.get(tag)).collect();
                    let mut got = Vec::new();
                    while left.load(Ordering::SeqCst) > 0 {
                        // Some wait for all tags, so that the last messages are received.
                        let chosen = if receiver == 0 { vec![0, 1, 2, 3] } else { random.choose(2, 4) };
                        let asked: Vec<_> = chosen.iter().map(|place| boxes[*place].clone()).collect();
                        let Some(message) = receive(&asked, turns(20)) else { continue };
                        if random.below(10) == 0 {
                            asked[message.place].put_back(message);
                            continue;
                        }
                        got.push((chosen[message.place], message.value));
                        left.fetch_sub(1, Ordering::SeqCst);
                    }
                    got
                })
            })
            .collect();
        sending.into_iter().for_each(|thread| thread.join().unwrap());
        let mut all: Vec<_> = receiving.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        all.sort_unstable_by_key(|(_, message)| *message);
        let expected: Vec<_> = (0..senders).flat_map(|sender| (0..each).map(move |n| (sender, n))).collect();
        assert_eq!(all.into_iter().map(|(_, message)| message).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn one_receiver_gets_each_senders_messages_in_order() {
    let mailboxes = Mailboxes::<(usize, usize)>::new();
    let (a, b) = (mailboxes.get("a"), mailboxes.get("b"));
    let each = size(20_000);
    thread::scope(|scope| {
        for sender in 0..3 {
            let boxes = [a.clone(), b.clone()];
            scope.spawn(move || (0..each).for_each(|n| boxes[n % 2].send((sender, n), forever).unwrap()));
        }
        let mut next = [[0, 1]; 3];
        for _ in 0..3 * each {
            let message = receive(&[a.clone(), b.clone()], forever).unwrap();
            let (sender, n) = message.value;
            assert_eq!(n, next[sender][message.place]);
            next[sender][message.place] += 2;
        }
    });
}
