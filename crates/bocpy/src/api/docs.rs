//! Docstrings. They are written in the package's type stubs (`python/bocpy/__init__.pyi`), which the build script reads:
//! `help()` shows the same as an editor.

include!(concat!(env!("OUT_DIR"), "/docs.rs"));

/// The docstring of that name, such as `COWN_ACQUIRE`; after a signature in the form that `inspect` needs, if one is given.
macro_rules! doc {
    ($name:ident) => {
        doc!(@ concat!(written!($name), "\0"))
    };
    ($signature:literal, $name:ident) => {
        doc!(@ concat!($signature, "\n--\n\n", written!($name), "\0"))
    };
    (@ $text:expr) => {
        match std::ffi::CStr::from_bytes_with_nul($text.as_bytes()) {
            Ok(text) => text,
            Err(_) => panic!("a docstring has no zero in it"),
        }
    };
}
