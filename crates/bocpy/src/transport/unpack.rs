//! From [`Packed`] data to a new object.

use super::by_reference::Opening;
use super::packed::{Packed, Tag};
use crate::ffi::error::{self, Kind};
use crate::ffi::filling::Filling;
use crate::ffi::text::RawText;
use crate::ffi::{Dict, Object, PyResult, Python, Raised, Set, buffer, number, text};
use crate::interpreter::Imported;
use crate::interpreter::buffers::Memory;
use smallvec::SmallVec;
use std::ffi::CString;

static OPEN_VIEW: Imported = Imported::new("bocpy._buffers", c"open_view");
static OPEN_ARRAY: Imported = Imported::new("bocpy._buffers", c"open_array");

/// A new object of this interpreter.
pub(crate) fn unpack<'py>(py: Python<'py>, packed: &Packed, opening: Opening) -> PyResult<Object<'py>> {
    let last = opening == Opening::Own && !packed.runs_python;
    let mut unpacker =
        Unpacker { py, packed, opening, last, place: 0, seen: Vec::new(), given: SmallVec::new() };
    let whole = unpacker.all_of();
    unpacker.seen.clear();
    if let Err(Raised) = whole {
        // The value can be opened once more, whole.
        error::aside(py, || unpacker.take_back());
    }
    whole
}

struct Unpacker<'a, 'py> {
    py: Python<'py>,
    packed: &'a Packed,
    opening: Opening,
    /// Whether nobody will unpack this again, so that it may give its memory away.
    last: bool,
    place: usize,
    /// What has been counted so far, if anything is referred to twice. Empty places: what is not made yet.
    seen: Vec<Option<Object<'py>>>,
    /// Memory that has been given away, by its number, and to which bytearray.
    given: SmallVec<[(usize, Object<'py>); 2]>,
}

/// A container whose items are being made.
enum Open<'py> {
    Sequence(Filling<'py>),
    Dict { dict: Dict<'py>, key: Option<Object<'py>>, left: usize },
    Set { set: Set<'py>, left: usize, number: usize },
    View { parts: Vec<Object<'py>>, number: usize },
}

enum Step<'py> {
    Whole(Object<'py>),
    Into(Open<'py>),
}

impl<'a, 'py> Unpacker<'a, 'py> {
    fn take_back(&mut self) {
        for (number, array) in self.given.drain(..) {
            if self.packed.memories[number].take_back(&array).is_err() {
                error::clear(self.py);
            }
        }
    }

    fn all_of(&mut self) -> PyResult<Object<'py>> {
        let mut stack: Vec<Open<'py>> = Vec::new();
        loop {
            let mut whole = match self.value()? {
                Step::Whole(object) => object,
                Step::Into(open) => {
                    stack.push(open);
                    continue;
                }
            };
            loop {
                let Some(open) = stack.last_mut() else { return Ok(whole) };
                if !self.put(open, whole)? {
                    break;
                }
                let Some(full) = stack.pop() else { return Err(self.broken()) };
                whole = self.close(full)?;
            }
        }
    }

    /// Puts an item into a container. True where that is full.
    #[inline]
    fn put(&self, open: &mut Open<'py>, item: Object<'py>) -> PyResult<bool> {
        Ok(match open {
            Open::Sequence(filling) => filling.put(item),
            Open::Dict { dict, key: place, left } => match place.take() {
                None => {
                    *place = Some(item);
                    false
                }
                Some(key) => {
                    dict.set(&key, &item)?;
                    *left -= 1;
                    *left == 0
                }
            },
            Open::Set { set, left, .. } => {
                set.add(&item)?;
                *left -= 1;
                *left == 0
            }
            Open::View { parts, .. } => {
                parts.push(item);
                parts.len() == 2
            }
        })
    }

    fn close(&mut self, full: Open<'py>) -> PyResult<Object<'py>> {
        Ok(match full {
            Open::Sequence(filling) => filling.into_object(),
            Open::Dict { dict, .. } => dict.into(),
            Open::Set { set, number, .. } => self.made(number, set.into()),
            Open::View { parts, number } => {
                let view = OPEN_VIEW.call(self.py, &[&parts[0], &parts[1]])?;
                self.made(number, view)
            }
        })
    }

    /// The next value, but for the items of a container.
    fn value(&mut self) -> PyResult<Step<'py>> {
        let py = self.py;
        let whole = match self.tag()? {
            Tag::None => py.none(),
            Tag::Ellipsis => py.ellipsis(),
            Tag::NotImplemented => py.not_implemented(),
            Tag::True => number::boolean(py, true),
            Tag::False => number::boolean(py, false),
            Tag::Int1 => number::int(py, i8::from_ne_bytes(self.fixed()?).into())?,
            Tag::Int4 => number::int(py, i32::from_ne_bytes(self.fixed()?).into())?,
            Tag::Int8 => number::int(py, i64::from_ne_bytes(self.fixed()?))?,
            Tag::IntHex => {
                let digits = CString::new(self.piece()?).map_err(|_| self.broken())?;
                number::from_hex(py, &digits)?
            }
            Tag::Float => number::float(py, f64::from_ne_bytes(self.fixed()?))?,
            Tag::Complex => {
                let real = f64::from_ne_bytes(self.fixed()?);
                number::complex(py, real, f64::from_ne_bytes(self.fixed()?))?
            }
            Tag::StrAscii => self.string(true, 1)?,
            Tag::Str1 => self.string(false, 1)?,
            Tag::Str2 => self.string(false, 2)?,
            Tag::Str4 => self.string(false, 4)?,
            Tag::Bytes => {
                let bytes = text::bytes(py, self.piece()?)?;
                self.count(bytes)
            }
            Tag::LargeBytes => {
                let memory = self.memory()?;
                let bytes = memory.with(py, |bytes| text::bytes(py, bytes))??;
                self.count(bytes)
            }
            Tag::ByteArray => {
                let bytes = buffer::bytearray(py, self.piece()?)?;
                self.count(bytes)
            }
            Tag::LargeByteArray => {
                let number = self.number()?;
                let array = self.memory_of(number)?.to_bytearray(py, self.last)?;
                if self.last {
                    self.given.push((number, array.clone()));
                }
                self.count(array)
            }
            Tag::Array => {
                let [code] = self.fixed()?;
                let array = array(py, code, self.piece()?)?;
                self.count(array)
            }
            Tag::LargeArray => {
                let [code] = self.fixed()?;
                let array = self.memory()?.with(py, |bytes| array(py, code, bytes))??;
                self.count(array)
            }
            Tag::View => {
                let number = self.count_later();
                return Ok(Step::Into(Open::View { parts: Vec::with_capacity(2), number }));
            }
            Tag::Tuple => {
                let size = self.number()?;
                return Ok(self.sequence(Filling::tuple(py, size)?, size));
            }
            Tag::List => {
                let size = self.number()?;
                return Ok(self.sequence(Filling::list(py, size)?, size));
            }
            Tag::Dict => {
                let left = self.number()?;
                let dict = Dict::new(py)?;
                self.note(&dict);
                if left > 0 {
                    return Ok(Step::Into(Open::Dict { dict, key: None, left }));
                }
                dict.into()
            }
            tag @ (Tag::Set | Tag::FrozenSet) => {
                let left = self.number()?;
                let set = if tag == Tag::Set { Set::new(py)? } else { Set::frozen(py)? };
                if left > 0 {
                    // Code that has a frozenset may ask for its hash: no code gets it before it is full.
                    let number = self.count_later();
                    return Ok(Step::Into(Open::Set { set, left, number }));
                }
                self.count(set.into())
            }
            Tag::Reference => {
                let number = self.number()?;
                let Some(reference) = self.packed.references.get(number) else { return Err(self.broken()) };
                let object = reference.open(py, self.opening)?;
                self.count(object)
            }
            Tag::Again => {
                let number = self.number()?;
                match self.seen.get(number) {
                    Some(Some(object)) => object.clone(),
                    _ => return Err(self.broken()),
                }
            }
        };
        Ok(Step::Whole(whole))
    }

    fn sequence(&mut self, filling: Filling<'py>, size: usize) -> Step<'py> {
        self.note(filling.object());
        match size {
            0 => Step::Whole(filling.into_object()),
            _ => Step::Into(Open::Sequence(filling)),
        }
    }

    /// Remembers what may come again.
    #[inline]
    fn note(&mut self, object: &Object<'py>) {
        if self.packed.has_shared {
            self.seen.push(Some(object.clone()));
        }
    }

    /// The same, and gives it back.
    #[inline]
    fn count(&mut self, object: Object<'py>) -> Object<'py> {
        self.note(&object);
        object
    }

    /// Counts what is made when its items are there.
    fn count_later(&mut self) -> usize {
        if self.packed.has_shared {
            self.seen.push(None);
        }
        self.seen.len().saturating_sub(1)
    }

    /// What was counted by that number is there now.
    fn made(&mut self, number: usize, object: Object<'py>) -> Object<'py> {
        if self.packed.has_shared {
            self.seen[number] = Some(object.clone());
        }
        object
    }

    #[inline]
    fn string(&mut self, ascii: bool, width: u8) -> PyResult<Object<'py>> {
        let string = text::from_raw(self.py, &RawText { ascii, width, data: self.piece()? })?;
        Ok(self.count(string))
    }

    #[inline]
    fn tag(&mut self) -> PyResult<Tag> {
        let [byte] = self.fixed()?;
        Tag::from_byte(byte).ok_or_else(|| self.broken())
    }

    #[inline]
    fn number(&mut self) -> PyResult<usize> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let [byte] = self.fixed()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
            shift += 7;
        }
    }

    #[inline]
    fn fixed<const N: usize>(&mut self) -> PyResult<[u8; N]> {
        match self.packed.data[self.place..].first_chunk() {
            Some(bytes) => {
                self.place += N;
                Ok(*bytes)
            }
            None => Err(self.broken()),
        }
    }

    #[inline]
    fn piece(&mut self) -> PyResult<&'a [u8]> {
        let size = self.number()?;
        let start = self.place;
        self.place += size;
        let packed = self.packed;
        match packed.data.get(start..self.place) {
            Some(piece) => Ok(piece),
            None => Err(self.broken()),
        }
    }

    fn memory(&mut self) -> PyResult<&'a Memory> {
        let number = self.number()?;
        self.memory_of(number)
    }

    fn memory_of(&self, number: usize) -> PyResult<&'a Memory> {
        let packed = self.packed;
        packed.memories.get(number).ok_or_else(|| self.broken())
    }

    #[cold]
    fn broken(&self) -> error::Raised {
        error::raise(self.py, Kind::Runtime, "internal error in bocpy, please report it: broken packed data")
    }
}

fn array<'py>(py: Python<'py>, code: u8, bytes: &[u8]) -> PyResult<Object<'py>> {
    let code = text::string(py, std::str::from_utf8(&[code]).unwrap_or("B"))?;
    buffer::with_view(py, bytes, |view| OPEN_ARRAY.call(py, &[&code, view]))
}
