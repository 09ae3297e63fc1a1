//! Panics end here: none may get into C.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the function returns, or what it said when it panicked.
pub(crate) fn caught<R>(function: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(function)).map_err(said)
}

fn said(payload: Box<dyn Any + Send>) -> String {
    let text = match payload.downcast_ref::<&str>() {
        Some(text) => (*text).to_owned(),
        None => payload.downcast_ref::<String>().cloned().unwrap_or_else(|| "without a text".to_owned()),
    };
    // What was thrown may panic as it is dropped; and that, too. Then it is left.
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(another);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{panic_any, resume_unwind};

    struct Nasty;

    impl Drop for Nasty {
        fn drop(&mut self) {
            panic_any(Nasty);
        }
    }

    #[test]
    fn what_it_said() {
        assert_eq!(caught(|| 1), Ok(1));
        assert_eq!(caught(|| resume_unwind(Box::new("text"))), Err::<(), _>("text".to_owned()));
        assert_eq!(
            caught(|| resume_unwind(Box::new(format!("text {}", 1)))),
            Err::<(), _>("text 1".to_owned())
        );
        assert_eq!(caught(|| resume_unwind(Box::new(1))), Err::<(), _>("without a text".to_owned()));
    }

    #[test]
    fn what_panics_as_it_is_dropped() {
        assert_eq!(caught(|| resume_unwind(Box::new(Nasty))), Err::<(), _>("without a text".to_owned()));
    }
}
