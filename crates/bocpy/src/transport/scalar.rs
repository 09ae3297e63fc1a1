//! Values that a cown keeps in its slot itself, where its holder gets and sets them without a lock.
//!
//! # Protocol
//!
//! A slot's `kind` says which type of scalar the value is, and its `bits` hold it. For any other value, and for an
//! exception, `kind` is [`ELSEWHERE`]: then everything is in the content of the slot, under its lock.
//!
//! Only the behavior that holds the cown for writing changes the value, and then there are no readers; the runtime, which
//! passes the cown on, ensures that the next holder sees the last one's writes. So no lock is needed while a scalar is
//! replaced by another scalar. Other threads may change the form of a value at any time. They do so under the lock, and
//! do not change scalars. A value becomes a scalar, or stops being one, under the lock, too.
//!
//! Without a GIL there is a lock after all: after a `wait`, several threads of a program may be allowed to use the value,
//! and their writes must not mix.

use super::portable::Portable;
use crate::ffi::{Object, PyResult, Python, number};

/// Values that cost next to nothing to open.
#[derive(Clone, Copy)]
pub(crate) enum Scalar {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
}

/// The kind of all other values.
pub(super) const ELSEWHERE: u8 = 0;
const NONE: u8 = 1;
const BOOL: u8 = 2;
const INT: u8 = 3;
const FLOAT: u8 = 4;

impl Scalar {
    #[inline]
    pub(crate) fn of(object: &Object<'_>) -> Option<Scalar> {
        if let Some(int) = object.as_exact_int() {
            return int.to_i64().map(Scalar::Int);
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
