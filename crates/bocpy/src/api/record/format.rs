//! What a field holds, as bytes: the format codes of Python's `struct`, in its native sizes.

use crate::ffi::builtin::Builtin;
use crate::ffi::error::{self, Kind, Raised};
use crate::ffi::{Object, PyResult, Python, module, number, text};
use half::f16;
use std::cmp::Ordering;
use std::ffi::{c_int, c_long, c_short};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    Bool,
    /// Of that many bytes, with a sign or without.
    Signed(u8),
    Unsigned(u8),
    /// Of that many bytes: 2, 4 or 8.
    Float(u8),
    /// Two floats of that many bytes each.
    Complex(u8),
    /// So many bytes. Shorter ones have zeros behind them, which are not seen.
    Bytes(u16),
}

/// A value of a field, as its bytes.
pub(crate) enum Raw<'a> {
    Number([u8; 16]),
    Bytes(&'a [u8]),
    /// Of an object that can change.
    Copied(Box<[u8]>),
}

impl Format {
    /// That of a code of `struct`, with a length before it for bytes.
    pub(crate) fn of_code(code: &str) -> Option<Format> {
        if let Some(length) = code.strip_suffix('s') {
            return length.parse().ok().filter(|length| *length > 0).map(Format::Bytes);
        }
        Some(match code {
            "?" => Format::Bool,
            "b" => Format::Signed(1),
            "B" => Format::Unsigned(1),
            "h" => Format::Signed(size_of::<c_short>() as u8),
            "H" => Format::Unsigned(size_of::<c_short>() as u8),
            "i" => Format::Signed(size_of::<c_int>() as u8),
            "I" => Format::Unsigned(size_of::<c_int>() as u8),
            "l" => Format::Signed(size_of::<c_long>() as u8),
            "L" => Format::Unsigned(size_of::<c_long>() as u8),
            "q" => Format::Signed(8),
            "Q" => Format::Unsigned(8),
            "n" => Format::Signed(size_of::<isize>() as u8),
            "N" | "P" => Format::Unsigned(size_of::<usize>() as u8),
            "e" => Format::Float(2),
            "f" => Format::Float(4),
            "d" => Format::Float(8),
            "F" => Format::Complex(4),
            "D" => Format::Complex(8),
            _ => return None,
        })
    }

    pub(crate) fn size(self) -> usize {
        match self {
            Format::Bool => 1,
            Format::Signed(size) | Format::Unsigned(size) | Format::Float(size) => size.into(),
            Format::Complex(size) => 2 * usize::from(size),
            Format::Bytes(size) => size.into(),
        }
    }

    pub(crate) fn alignment(self) -> usize {
        match self {
            Format::Complex(size) => size.into(),
            Format::Bytes(_) => 1,
            _ => self.size(),
        }
    }

    /// A code that gives this again.
    pub(crate) fn code(self) -> String {
        match self {
            Format::Complex(4) => "F".into(),
            Format::Complex(_) => "D".into(),
            other => other.buffer_code(),
        }
    }

    /// As the buffer protocol calls it.
    pub(crate) fn buffer_code(self) -> String {
        match self {
            Format::Bool => "?".into(),
            Format::Signed(size) => ["b", "h", "i", "q"][size.trailing_zeros() as usize].into(),
            Format::Unsigned(size) => ["B", "H", "I", "Q"][size.trailing_zeros() as usize].into(),
            Format::Float(size) => ["", "e", "f", "d"][size.trailing_zeros() as usize].into(),
            Format::Complex(4) => "Zf".into(),
            Format::Complex(_) => "Zd".into(),
            Format::Bytes(size) => format!("{size}s"),
        }
    }

    /// What it takes, in words.
    fn takes(self) -> String {
        match self {
            Format::Bool => "True or False".into(),
            Format::Signed(size) => {
                let bits = 8 * u32::from(size) - 1;
                format!("an int from {} to {}", -(1i128 << bits), (1i128 << bits) - 1)
            }
            Format::Unsigned(size) => {
                format!("an int from 0 to {}", (1i128 << (8 * u32::from(size))) - 1)
            }
            Format::Float(_) => "a float".into(),
            Format::Complex(_) => "a complex".into(),
            Format::Bytes(1) => "one byte at most".into(),
            Format::Bytes(size) => format!("{size} bytes at most"),
        }
    }

    /// The object for a value. `bytes`: as many as it has.
    #[inline]
    pub(crate) fn open<'py>(self, py: Python<'py>, bytes: &[u8]) -> PyResult<Object<'py>> {
        match self {
            Format::Float(8) => number::float(py, f64::from_ne_bytes(word(bytes))),
            Format::Float(_) => number::float(py, self.float(bytes)),
            Format::Bool => Ok(number::boolean(py, bytes != [0])),
            Format::Signed(_) => number::int(py, self.signed(bytes)),
            Format::Unsigned(_) => number::uint(py, self.unsigned(bytes)),
            Format::Complex(size) => {
                let (real, imaginary) = bytes.split_at(size.into());
                let part = Format::Float(size);
                number::complex(py, part.float(real), part.float(imaginary))
            }
            Format::Bytes(_) => text::bytes(py, without_padding(bytes)),
        }
    }

    fn signed(self, bytes: &[u8]) -> i64 {
        match bytes.len() {
            1 => i8::from_ne_bytes(word(bytes)).into(),
            2 => i16::from_ne_bytes(word(bytes)).into(),
            4 => i32::from_ne_bytes(word(bytes)).into(),
            _ => i64::from_ne_bytes(word(bytes)),
        }
    }

    fn unsigned(self, bytes: &[u8]) -> u64 {
        match bytes.len() {
            1 => bytes.first().copied().unwrap_or_default().into(),
            2 => u16::from_ne_bytes(word(bytes)).into(),
            4 => u32::from_ne_bytes(word(bytes)).into(),
            _ => u64::from_ne_bytes(word(bytes)),
        }
    }

    pub(super) fn float(self, bytes: &[u8]) -> f64 {
        match bytes.len() {
            2 => f16::from_ne_bytes(word(bytes)).to_f64(),
            4 => f32::from_ne_bytes(word(bytes)).into(),
            _ => f64::from_ne_bytes(word(bytes)),
        }
    }

    /// A whole number or a bool.
    pub(super) fn int(self, bytes: &[u8]) -> i128 {
        match self {
            Format::Signed(_) => self.signed(bytes).into(),
            _ => self.unsigned(bytes).into(),
        }
    }

    /// How one value stands to another. `None`: one of them is no number.
    pub(crate) fn compare(self, one: &[u8], other: &[u8]) -> Option<Ordering> {
        match self {
            Format::Bool => Some((one != [0]).cmp(&(other != [0]))),
            Format::Signed(_) => Some(self.signed(one).cmp(&self.signed(other))),
            Format::Unsigned(_) => Some(self.unsigned(one).cmp(&self.unsigned(other))),
            Format::Float(_) => self.float(one).partial_cmp(&self.float(other)),
            Format::Complex(size) => {
                let (one, other) = (one.split_at(size.into()), other.split_at(size.into()));
                let part = Format::Float(size);
                let real = part.compare(one.0, other.0)?;
                Some(real.then(part.compare(one.1, other.1)?))
            }
            Format::Bytes(_) => Some(without_padding(one).cmp(without_padding(other))),
        }
    }

    /// The value that an object is. `what`: the field, in words.
    #[inline]
    pub(crate) fn encode<'a>(self, value: &'a Object<'_>, what: &dyn Fn() -> String) -> PyResult<Raw<'a>> {
        if self == Format::Float(8) && value.is_float() {
            return Ok(raw(value.to_f64()?.to_ne_bytes()));
        }
        self.encode_other(value, what)
    }

    fn encode_other<'a>(self, value: &'a Object<'_>, what: &dyn Fn() -> String) -> PyResult<Raw<'a>> {
        let py = value.py();
        match self {
            Format::Bool => {
                let as_int = value.as_int().and_then(|int| int.to_i64()).filter(|int| (0..=1).contains(int));
                as_int.map(|int| raw([int as u8])).ok_or_else(|| self.refuse(value, what))
            }
            Format::Signed(size) => {
                let Some(int) = index_of(value)? else { return Err(self.refuse(value, what)) };
                let int = int.as_int().and_then(|int| int.to_i64());
                let Some(int) = int.filter(|int| fits(*int, size)) else {
                    return Err(self.refuse(value, what));
                };
                Ok(first_bytes(int.to_le_bytes(), size))
            }
            Format::Unsigned(size) => {
                let Some(int) = index_of(value)? else { return Err(self.refuse(value, what)) };
                let int = int.as_int().and_then(|int| int.to_u64());
                let fits = |int: &u64| size == 8 || int >> (8 * u32::from(size)) == 0;
                let Some(int) = int.filter(fits) else { return Err(self.refuse(value, what)) };
                Ok(first_bytes(int.to_le_bytes(), size))
            }
            Format::Float(size) => {
                let float = value.to_f64().map_err(|raised| self.explain(raised, value, what))?;
                self.narrowed(py, float, size, what)
            }
            Format::Complex(size) => {
                let (real, imaginary) =
                    number::to_complex(value).map_err(|raised| self.explain(raised, value, what))?;
                let mut both = [0; 16];
                let place = usize::from(size);
                for (place, part) in [(0, real), (place, imaginary)] {
                    if let Raw::Number(bytes) = self.narrowed(py, part, size, what)? {
                        both[place..place + usize::from(size)].copy_from_slice(&bytes[..size.into()]);
                    }
                }
                Ok(Raw::Number(both))
            }
            Format::Bytes(size) => match value.to_bytes() {
                Some(bytes) if bytes.len() <= size.into() => Ok(Raw::Bytes(bytes)),
                None if matches!(value.builtin(), Some(Builtin::ByteArray(_))) => {
                    let bytes = value.with_memory(|bytes| {
                        (bytes.len() <= size.into()).then(|| Box::<[u8]>::from(bytes))
                    })?;
                    bytes.map(Raw::Copied).ok_or_else(|| self.refuse(value, what))
                }
                _ => Err(self.refuse(value, what)),
            },
        }
    }

    /// A float of that many bytes.
    fn narrowed<'a>(
        self,
        py: Python<'_>,
        float: f64,
        size: u8,
        what: &dyn Fn() -> String,
    ) -> PyResult<Raw<'a>> {
        let (bytes, is_finite) = match size {
            2 => {
                let narrow = f16::from_f64(float);
                (raw(narrow.to_ne_bytes()), narrow.is_finite())
            }
            4 => {
                let narrow = float as f32;
                (raw(narrow.to_ne_bytes()), narrow.is_finite())
            }
            _ => (raw(float.to_ne_bytes()), true),
        };
        if float.is_finite() && !is_finite {
            let message = format!("{} has {size} bytes, and {float:?} is too large for that", what());
            return Err(error::raise(py, Kind::Overflow, &message));
        }
        Ok(bytes)
    }

    /// The error for a value that is none of these: that of `struct`.
    #[cold]
    fn refuse(self, value: &Object<'_>, what: &dyn Fn() -> String) -> Raised {
        let py = value.py();
        error::clear(py);
        let shown = match value.is_int_like() || value.is_float() {
            true => value.repr().ok().and_then(|text| text.to_str().map(str::to_owned)),
            false => length_of(value).map(|length| format!("{length} bytes")),
        };
        error::clear(py);
        let shown = shown.filter(|text| text.len() <= 50);
        let shown = shown.unwrap_or_else(|| match value.is_none() {
            true => "None".into(),
            false if value.is_int_like() => "an int as large as that".into(),
            false => format!("'{}'", value.class_name()),
        });
        let message = format!("{} takes {}, not {shown}", what(), self.takes());
        match module::import_from(py, "_struct", c"error") {
            Ok(class) => error::raise_of(&class, &message),
            Err(raised) => raised,
        }
    }

    /// A value that can't be made a float: if it has no such type, in our words.
    #[cold]
    fn explain(self, raised: Raised, value: &Object<'_>, what: &dyn Fn() -> String) -> Raised {
        let is_ours = error::is(value.py(), Kind::Type)
            || (value.is_int_like() && error::is(value.py(), Kind::Overflow));
        if is_ours { self.refuse(value, what) } else { raised }
    }
}

/// How many bytes a value has.
fn length_of(value: &Object<'_>) -> Option<usize> {
    match value.to_bytes() {
        Some(bytes) => Some(bytes.len()),
        None if matches!(value.builtin(), Some(Builtin::ByteArray(_))) => value.with_memory(<[u8]>::len).ok(),
        None => None,
    }
}

/// As many bytes as a number has.
#[inline]
fn word<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}

#[inline]
fn raw<'a, const N: usize>(number: [u8; N]) -> Raw<'a> {
    let mut bytes = [0; 16];
    bytes[..N].copy_from_slice(&number);
    Raw::Number(bytes)
}

/// The lowest bytes of a number, as the processor wants them.
fn first_bytes<'a>(lowest_first: [u8; 8], size: u8) -> Raw<'a> {
    let mut bytes = [0; 16];
    let number = &mut bytes[..size.into()];
    number.copy_from_slice(&lowest_first[..size.into()]);
    if cfg!(target_endian = "big") {
        number.reverse();
    }
    Raw::Number(bytes)
}

fn fits(int: i64, size: u8) -> bool {
    let free = 64 - 8 * u32::from(size);
    (int << free) >> free == int
}

/// An int, or what stands for one by `__index__`. `None`: neither.
fn index_of<'py>(value: &Object<'py>) -> PyResult<Option<Object<'py>>> {
    if value.is_int_like() {
        return Ok(Some(value.clone()));
    }
    match number::index(value) {
        Ok(int) => Ok(Some(int)),
        Err(_) if error::is(value.py(), Kind::Type) => {
            error::clear(value.py());
            Ok(None)
        }
        Err(raised) => Err(raised),
    }
}

pub(crate) fn without_padding(bytes: &[u8]) -> &[u8] {
    let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &bytes[..length]
}

fn store_padded(bytes: &[u8], place: &mut [u8]) {
    let (value, padding) = place.split_at_mut(bytes.len());
    value.copy_from_slice(bytes);
    padding.fill(0);
}

impl Raw<'_> {
    /// Puts it where the field is.
    #[inline]
    pub(crate) fn store(&self, place: &mut [u8]) {
        match self {
            Raw::Number(bytes) => {
                let size = place.len();
                place.copy_from_slice(&bytes[..size]);
            }
            Raw::Bytes(bytes) => store_padded(bytes, place),
            Raw::Copied(bytes) => store_padded(bytes, place),
        }
    }
}
