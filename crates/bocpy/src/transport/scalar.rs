//! Values that a cown keeps in its slot itself, where its holder gets and sets them without a lock.
//!
//! # Protocol
//!
//! A slot's `kind` says which scalar the value is, and its `bits` what it comes to. For any other value `kind` is
//! [`ELSEWHERE`], as it is where the value is an exception: all is in the content of the slot then, under its lock.
//!
//! Only who holds the cown for writing changes the value, and no reader is there meanwhile; the runtime, which hands the
//! cown on, sees to it that the next holder finds what the last one has left. So there is nothing to lock as long as the
//! value is a scalar and becomes another one. What others may do at any time is to bring a value from one form to another.
//! They do so under the lock, and leave alone what is a scalar. A value becomes or ceases to be one under the lock, too.
//!
//! Without a GIL there is a lock after all: several threads of a program may take themselves for the holder, by a `wait`
//! that is over, and their values must not be mixed.

use super::portable::Portable;
use crate::ffi::{Object, PyResult, Python, number};

/// What costs next to nothing to open.
#[derive(Clone, Copy)]
pub(crate) enum Scalar {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
}

/// The kind of what is no scalar.
pub(super) const ELSEWHERE: u8 = 0;
const NONE: u8 = 1;
const BOOL: u8 = 2;
const INT: u8 = 3;
const FLOAT: u8 = 4;

impl Scalar {
    #[inline]
    pub(crate) fn of(object: &Object<'_>) -> Option<Scalar> {
        if object.is_int() {
            return object.to_i64().map(Scalar::Int);
        }
        if object.is_none() {
            return Some(Scalar::None);
        }
        if object.is_float() {
            return object.to_f64().ok().map(Scalar::Float);
        }
        object.is_bool().then(|| Scalar::Bool(object.is_exact_true()))
    }

    #[inline]
    pub(super) fn of_portable(portable: &Portable) -> Option<Scalar> {
        Some(match *portable {
            Portable::None => Scalar::None,
            Portable::Bool(value) => Scalar::Bool(value),
            Portable::Int(value) => Scalar::Int(value),
            Portable::Float(value) => Scalar::Float(value),
            _ => return None,
        })
    }

    #[inline]
    pub(super) fn portable(self) -> Portable {
        match self {
            Scalar::None => Portable::None,
            Scalar::Bool(value) => Portable::Bool(value),
            Scalar::Int(value) => Portable::Int(value),
            Scalar::Float(value) => Portable::Float(value),
        }
    }

    /// A new object of this interpreter.
    #[inline]
    pub(super) fn decode(self, py: Python<'_>) -> PyResult<Object<'_>> {
        match self {
            Scalar::None => Ok(py.none()),
            Scalar::Bool(value) => Ok(number::boolean(py, value)),
            Scalar::Int(value) => number::int(py, value),
            Scalar::Float(value) => number::float(py, value),
        }
    }

    /// Its kind, and its bits.
    #[inline]
    pub(super) fn parts(self) -> (u8, u64) {
        match self {
            Scalar::None => (NONE, 0),
            Scalar::Bool(value) => (BOOL, value.into()),
            Scalar::Int(value) => (INT, value.cast_unsigned()),
            Scalar::Float(value) => (FLOAT, value.to_bits()),
        }
    }

    #[inline]
    pub(super) fn of_parts(kind: u8, bits: impl FnOnce() -> u64) -> Option<Scalar> {
        Some(match kind {
            NONE => Scalar::None,
            BOOL => Scalar::Bool(bits() != 0),
            INT => Scalar::Int(bits().cast_signed()),
            FLOAT => Scalar::Float(f64::from_bits(bits())),
            _ => return None,
        })
    }
}
