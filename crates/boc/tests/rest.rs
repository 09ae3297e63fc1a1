//! What is left of a body is dropped once its cowns are free.

use boc::{Body, Claimed, Claims, ClaimsShape, Cown, Mode, Runtime};
use std::sync::mpsc::{Sender, channel};

type Shape = ClaimsShape<(), ()>;

/// Tells, when it is dropped, whether the cown is free.
struct Tells(Cown<()>, Sender<bool>);

impl Drop for Tells {
    fn drop(&mut self) {
        let _ = self.1.send(self.0.try_hold().is_some());
    }
}

struct Leaves(Tells);

impl Body<Shape> for Leaves {
    type Rest = Option<Tells>;

    fn run(self, _: Claimed<'_, (), ()>) -> Option<Tells> {
        Some(self.0)
    }
}

struct Panics(Tells);

impl Body<Shape> for Panics {
    type Rest = Option<Tells>;

    fn run(self, _: Claimed<'_, (), ()>) -> Option<Tells> {
        let _tells = self.0;
        panic!("on purpose")
    }
}

fn told<B: Body<Shape>>(body: impl Fn(Tells) -> B) -> Vec<bool> {
    let runtime = Runtime::new(2).unwrap();
    let (sender, told) = channel();
    for _ in 0..100 {
        let cown = Cown::new(());
        let tells = Tells(cown.clone(), sender.clone());
        runtime.schedule(Claims::from_iter([(cown, Mode::Write)]), body(tells));
    }
    runtime.wait();
    drop(sender);
    told.iter().collect()
}

#[test]
fn the_rest_finds_the_cowns_free() {
    assert_eq!(told(Leaves), [true; 100]);
}

#[test]
fn a_body_that_panics_leaves_nothing() {
    assert_eq!(told(Panics), [false; 100]);
}
