//! Messages: none is lost, none is received twice, and nobody sleeps for ever.

use super::explore;
use crate::mailboxes::{Mailbox, Mailboxes, receive, try_receive};
use loom::thread;
use std::time::Duration;

fn forever() -> Option<Duration> {
    Some(Duration::MAX)
}

fn two() -> [Mailbox<u32>; 2] {
    let mailboxes = Mailboxes::new();
    [mailboxes.get("a"), mailboxes.get("b")]
}

fn rest(mailboxes: &[Mailbox<u32>]) -> Vec<u32> {
    std::iter::from_fn(|| try_receive(mailboxes)).map(|message| message.value).collect()
}

#[test]
fn a_receiver_of_two_tags_gets_both_messages() {
    explore(3, || {
        let boxes = two();
        let senders: Vec<_> = boxes
            .clone()
            .into_iter()
            .enumerate()
            .map(|(n, mailbox)| thread::spawn(move || mailbox.send(n as u32, forever).unwrap()))
            .collect();
        let mut got: Vec<_> = (0..2).map(|_| receive(&boxes, forever).unwrap().value).collect();
        got.sort_unstable();
        assert_eq!(got, [0, 1]);
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    });
}

#[test]
fn a_receiver_that_gives_up_loses_nothing() {
    explore(3, || {
        let boxes = two();
        let receiver = {
            let boxes = boxes.clone();
            thread::spawn(move || receive(&boxes, || None).map(|message| message.value))
        };
        boxes[0].send(1, forever).unwrap();
        let mut all = Vec::from_iter(receiver.join().unwrap());
        all.extend(rest(&boxes));
        assert_eq!(all, [1]);
    });
}

#[test]
fn two_receivers_of_different_tags_get_one_message_each() {
    explore(2, || {
        let boxes = two();
        let both = {
            let boxes = boxes.clone();
            thread::spawn(move || receive(&boxes, forever).unwrap().value)
        };
        let first = {
            let mailbox = boxes[0].clone();
            thread::spawn(move || receive(&[mailbox], forever).unwrap().value)
        };
        boxes[0].send(1, forever).unwrap();
        boxes[0].send(2, forever).unwrap();
        assert_eq!(both.join().unwrap() + first.join().unwrap(), 3);
        assert!(rest(&boxes).is_empty());
    });
}

#[test]
fn a_sender_that_waits_for_room_gets_in() {
    explore(3, || {
        let [mailbox, _] = two();
        mailbox.set_bound(1);
        let sender = {
            let mailbox = mailbox.clone();
            thread::spawn(move || {
                mailbox.send(1, forever).unwrap();
                mailbox.send(2, forever).unwrap();
            })
        };
        let got: Vec<_> =
            (0..2).map(|_| receive(std::slice::from_ref(&mailbox), forever).unwrap().value).collect();
        assert_eq!(got, [1, 2]);
        sender.join().unwrap();
    });
}

#[test]
fn a_sender_that_gives_up_keeps_its_message_or_has_sent_it() {
    explore(3, || {
        let [mailbox, _] = two();
        mailbox.set_bound(1);
        mailbox.send(1, forever).unwrap();
        let sender = {
            let mailbox = mailbox.clone();
            thread::spawn(move || mailbox.send(2, || None).err())
        };
        let mut all = vec![mailbox.try_receive().unwrap().value];
        all.extend(sender.join().unwrap());
        all.extend(rest(std::slice::from_ref(&mailbox)));
        assert_eq!(all, [1, 2]);
    });
}
