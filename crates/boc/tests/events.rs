//! The events that a receiver gets.

use boc::{Cown, Event, Events, Mode, Runtime, read};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Stores the events as text, for each behavior.
#[derive(Default)]
struct Log(Mutex<Told>);

type Told = (HashMap<usize, Vec<String>>, Vec<String>);

impl Events for Log {
    fn event(&self, event: Event<'_>) {
        let (behavior, text) = match event {
            Event::Scheduled { behavior, cowns } => (behavior, format!("scheduled {}", cowns.len())),
            Event::Ready { behavior } => (behavior, "ready".into()),
            Event::Began { behavior, worker } => (behavior, format!("began {}", worker.is_some())),
            Event::Released { behavior, .. } => (behavior, "released".into()),
            Event::Ended { behavior, .. } => (behavior, "ended".into()),
            other => return self.0.lock().unwrap().1.push(format!("{other:?}")),
        };
        let mut log = self.0.lock().unwrap();
        log.0.entry(behavior).or_default().push(text);
    }
}

impl Log {
    fn take(&self) -> Told {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

#[test]
fn a_behavior_from_beginning_to_end() {
    let log = Arc::new(Log::default());
    let runtime = Runtime::builder().workers(1).events(log.clone()).start().unwrap();
    let (cown, other) = (Cown::new(0), Cown::new(0));
    runtime.when((&cown, read(&other)), |(mut value, _)| *value += 1);
    runtime.wait();
    runtime.stop();
    let (behaviors, workers) = log.take();
    let told: Vec<_> = behaviors.into_values().collect();
    assert_eq!(told, [["scheduled 2", "ready", "began true", "released", "released", "ended"]]);
    assert!(workers.iter().all(|event| event.contains("parked") || event.contains("Parked")));
}

/// A waiting behavior is ready only once it is granted its cown.
#[test]
fn one_that_waits() {
    let log = Arc::new(Log::default());
    let runtime = Runtime::builder().workers(2).events(log.clone()).start().unwrap();
    let cown = Cown::new(0);
    let held = cown.try_hold().unwrap();
    runtime.when(&cown, |_| ());
    assert!(log.take().0.into_values().all(|told| told == ["scheduled 1"]));
    drop(held);
    runtime.wait();
    runtime.stop();
    let told: Vec<_> = log.take().0.into_values().collect();
    assert_eq!(told, [["ready", "began true", "released", "ended"]]);
}

/// The numbers are those of the cowns.
#[test]
fn cowns_are_named() {
    struct Names(Mutex<Vec<(usize, Mode)>>, Mutex<Vec<usize>>);
    impl Events for Names {
        fn event(&self, event: Event<'_>) {
            match event {
                Event::Scheduled { cowns, .. } => self.0.lock().unwrap().extend(cowns),
                Event::Released { cown, .. } => self.1.lock().unwrap().push(cown),
                _ => {}
            }
        }
    }
    let names = Arc::new(Names(Mutex::default(), Mutex::default()));
    let runtime = Runtime::builder().workers(1).events(names.clone()).start().unwrap();
    let (one, two) = (Cown::new(()), Cown::new(()));
    runtime.when((&one, read(&two)), |_| ());
    runtime.wait();
    runtime.stop();
    assert_eq!(*names.0.lock().unwrap(), [(one.id(), Mode::Write), (two.id(), Mode::Read)]);
    assert_eq!(*names.1.lock().unwrap(), [one.id(), two.id()]);
}

#[test]
fn a_sink_that_panics() {
    struct Panics;
    impl Events for Panics {
        fn event(&self, _: Event<'_>) {
            panic!("on purpose");
        }
    }
    let runtime = Runtime::builder().workers(2).events(Panics).start().unwrap();
    let cown = Cown::new(0);
    (0..100).for_each(|_| _ = runtime.when(&cown, |mut value| *value += 1));
    runtime.wait();
    assert_eq!(*cown.try_hold().unwrap(), 100);
}
