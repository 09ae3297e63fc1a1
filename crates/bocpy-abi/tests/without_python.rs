//! The parts that need no Python, by themselves: a test of the whole library would have to be linked to a Python's library,
//! which most machines have no file of. `tests/python/test_templates.py` tests the rest, within a Python.

#[path = "../src/panics.rs"]
mod panics;
#[path = "../src/place.rs"]
mod place;
#[path = "../src/text.rs"]
mod text;
#[path = "../src/version.rs"]
mod version;
