//! Models of the lock-free parts: loom runs each of them in every order of steps, and with every value that the memory
//! orderings allow an atomic to be read as.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test -p boc --release --lib models
//! ```

mod ends;
mod hold;
pub(crate) mod memory;
mod promise;
mod queue;
mod scope;
mod sleep;

/// Explores `model` with at most so many preemptions in one execution. Most bugs need one or two. At the end of each all
/// blocks of memory have to be free.
fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(move || {
        memory::begin();
        model();
        memory::end();
    });
}
