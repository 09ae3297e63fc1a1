//! Models of the lock-free parts: loom runs each of them in every order of steps, and with every value that the memory
//! orderings allow an atomic to be read as.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test -p boc --release --lib models
//! ```

mod ends;
mod hold;
mod mailboxes;
pub(crate) mod memory;
mod noticeboard;
mod promise;
mod queue;
mod scope;
mod sleep;

use std::cell::Cell;
use std::panic;
use std::sync::Once;

// The threads of a model share one real thread.
thread_local! {
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// Explores `model` with at most that number of preemptions in one execution. Most bugs need one or two. At the end of
/// each execution all blocks of memory must be free, and nothing may have panicked: the runtime catches every panic
/// inside a body, including failed assertions and errors that loom finds there.
fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    watch_for_panics();
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(move || {
        memory::begin();
        PANICKED.set(false);
        model();
        assert!(!PANICKED.get(), "a body has panicked, see above");
        memory::end();
    });
}

fn watch_for_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICKED.set(true);
            report(info);
        }));
    });
}

#[test]
#[should_panic(expected = "a body has panicked")]
fn a_panic_inside_a_body_is_noticed() {
    explore(1, || crate::job::catch_panics(|| panic!("contained")));
}
