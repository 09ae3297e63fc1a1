//! Texts for C that live as long as the process.

use std::collections::HashSet;
use std::ffi::{CStr, CString};
use std::sync::{Mutex, PoisonError};

static TEXTS: Mutex<Option<HashSet<&'static CStr>>> = Mutex::new(None);

/// The same text for C: made once, and never freed, as CPython keeps pointers to names.
///
/// # Panics
///
/// If there is a null character in it.
pub(crate) fn forever(text: &str) -> &'static CStr {
    let text =
        CString::new(text).unwrap_or_else(|_| panic!("there is a null character in the text {text:?}"));
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    let texts = texts.get_or_insert_default();
    if let Some(found) = texts.get(text.as_c_str()) {
        return found;
    }
    let kept: &'static CStr = Box::leak(text.into_boxed_c_str());
    texts.insert(kept);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_each() {
        assert_eq!(forever("a"), c"a");
        assert_eq!(forever("a").as_ptr(), forever(&String::from("a")).as_ptr());
        assert_ne!(forever("a").as_ptr(), forever("b").as_ptr());
    }

    #[test]
    #[should_panic(expected = "null character in the text \"a\\0b\"")]
    fn none_with_a_null_character() {
        forever("a\0b");
    }
}
