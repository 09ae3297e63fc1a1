//! The shape of a record class: which fields its instances have, and where.
//!
//! A shape belongs to no interpreter: records of all of them refer to theirs. There is one for each time that a class is
//! made by `@record`, and it stays as long as the process: it is small, and so are their numbers.

use super::format::{Format, Raw};
use crate::ffi::error::{self, Kind};
use crate::ffi::fields::{self, Name};
use crate::ffi::forever::Forever;
use crate::ffi::{Object, PyResult, Python, number};
use crate::transport::portable::Portable;
use std::sync::OnceLock;

pub(crate) struct Shape {
    /// Its place among all.
    pub(super) number: usize,
    /// What the class is called, and where it comes from.
    pub(super) name: Box<str>,
    pub(super) module: Box<str>,
    pub(super) fields: Box<[Field]>,
    /// Bytes of a record, and of what it must be a multiple.
    pub(super) size: usize,
    pub(super) alignment: usize,
    /// A record that has nothing but defaults.
    pub(super) blank: Box<[u8]>,
    pub(super) options: Options,
    /// For each of the lowest bits of a hash: the first field to look at, counted from one.
    table: [u16; TABLE],
    /// The class, for interpreters that don't have it yet.
    pub(super) definition: OnceLock<Portable>,
}

#[derive(Clone, Copy)]
pub(super) struct Options {
    pub(super) ordered: bool,
    pub(super) frozen: bool,
}

pub(super) struct Field {
    pub(super) name: Box<str>,
    hash: isize,
    /// How many characters the name has.
    length: usize,
    pub(super) format: Format,
    pub(super) offset: usize,
    pub(super) has_default: bool,
    /// The next one with the same lowest bits, counted from one.
    next: u16,
}

const TABLE: usize = 32;

/// More than that many bytes are refused.
pub(crate) const LARGEST: usize = 65_535;

/// All shapes, by their numbers.
static SHAPES: Forever<Shape, MOST> = Forever::new();
const MOST: usize = 1 << 20;

/// The shape of that number.
#[inline]
pub(super) fn shape_of_number(number: usize) -> Option<&'static Shape> {
    SHAPES.get(number)
}

impl Field {
    /// The field's part of a record.
    #[inline]
    pub(super) fn of<'a>(&self, record: &'a [u8]) -> &'a [u8] {
        &record[self.offset..self.offset + self.format.size()]
    }

    /// Its value, if it is of one of the usual formats.
    #[inline]
    pub(super) fn glance<'py>(&self, py: Python<'py>, record: &[u8]) -> Option<Object<'py>> {
        let found = match self.format {
            Format::Float(8) => number::float(py, f64::from_ne_bytes(self.word(record)?)),
            Format::Signed(8) => number::int(py, i64::from_ne_bytes(self.word(record)?)),
            Format::Bool => return Some(number::boolean(py, *record.get(self.offset)? != 0)),
            _ => return None,
        };
        if found.is_err() {
            error::clear(py); // and asked for again
        }
        found.ok()
    }

    /// Gives it another value, if it is of one of the usual formats, and the value of just that type.
    #[inline]
    pub(super) fn change(&self, value: &Object<'_>, record: &mut [u8]) -> Option<()> {
        let word = match self.format {
            Format::Float(8) if value.is_float() => value.to_f64().ok()?.to_ne_bytes(),
            Format::Signed(8) => value.as_exact_int()?.to_i64()?.to_ne_bytes(),
            _ => return None,
        };
        *record.get_mut(self.offset..)?.first_chunk_mut()? = word;
        Some(())
    }

    #[inline]
    fn word(&self, record: &[u8]) -> Option<[u8; 8]> {
        record.get(self.offset..)?.first_chunk().copied()
    }

    #[inline]
    pub(super) fn of_mut<'a>(&self, record: &'a mut [u8]) -> &'a mut [u8] {
        &mut record[self.offset..self.offset + self.format.size()]
    }
}

impl Shape {
    /// A new shape. `fields`: of each one its name, its format, and its default if it has one.
    pub(super) fn make<'py>(
        py: Python<'py>,
        (module, name): (&str, &str),
        fields: Vec<(Box<str>, Format, Option<Object<'py>>)>,
        options: Options,
    ) -> PyResult<&'static Shape> {
        let mut shape = Shape {
            number: 0,
            name: name.into(),
            module: module.into(),
            fields: Box::default(),
            size: 0,
            alignment: 1,
            blank: Box::default(),
            options,
            table: [0; TABLE],
            definition: OnceLock::new(),
        };
        let mut placed = Vec::with_capacity(fields.len());
        for (name, format, default) in &fields {
            let offset = shape.size.next_multiple_of(format.alignment());
            let hash = fields::hash_of(py, name)?;
            let chain = &mut shape.table[hash as usize % TABLE];
            let next = std::mem::replace(chain, (placed.len() as u16).wrapping_add(1));
            placed.push(Field {
                name: name.clone(),
                hash,
                length: name.chars().count(),
                format: *format,
                offset,
                has_default: default.is_some(),
                next,
            });
            shape.size = offset + format.size();
            shape.alignment = shape.alignment.max(format.alignment());
        }
        shape.size = shape.size.next_multiple_of(shape.alignment);
        if shape.size > LARGEST {
            let message = format!(
                "the record {name} would have {} bytes, and {LARGEST} is the most: use an array of records, or a Matrix",
                shape.size
            );
            return Err(error::raise(py, Kind::Type, &message));
        }
        shape.fields = placed.into();
        let mut blank = vec![0; shape.size];
        for (field, (.., default)) in shape.fields.iter().zip(&fields) {
            if let Some(default) = default {
                shape.encode(field, default)?.store(field.of_mut(&mut blank));
            }
        }
        shape.blank = blank.into();
        let made = SHAPES.add(|number| {
            shape.number = number;
            shape
        });
        made.ok_or_else(|| {
            let message = "a million record classes have been made in this process: make them once, not again and again in a \
                           function";
            error::raise(py, Kind::Runtime, message)
        })
    }

    /// The field of that name.
    #[inline]
    pub(super) fn find(&self, name: &Name<'_>) -> Option<&Field> {
        let hash = name.hash();
        let mut place = self.table[hash as usize % TABLE];
        while let Some(field) = self.fields.get(usize::from(place).wrapping_sub(1)) {
            // Other names of the same length have another hash, but for one in 2**64.
            if field.hash == hash && field.length == name.length() {
                return Some(field);
            }
            place = field.next;
        }
        None
    }

    /// The place of the field of that name, for those who have a text.
    pub(super) fn place_of(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| *field.name == *name)
    }

    #[inline]
    pub(super) fn encode<'a>(&self, field: &Field, value: &'a Object<'_>) -> PyResult<Raw<'a>> {
        field.format.encode(value, &|| format!("the field '{}' of {}", field.name, self.name))
    }

    /// Whether records of one are laid out as those of the other.
    pub(super) fn is_like(&self, other: &Shape) -> bool {
        std::ptr::eq(self, other)
            || (self.fields.len() == other.fields.len()
                && self
                    .fields
                    .iter()
                    .zip(&other.fields)
                    .all(|(one, other)| one.name == other.name && one.format == other.format))
    }

    /// Its fields in the words of the buffer protocol.
    pub(super) fn buffer_format(&self) -> String {
        let mut text = "T{".to_owned();
        let mut place = 0;
        for field in &self.fields {
            pad(&mut text, field.offset - place);
            text += &format!("{}:{}:", field.format.buffer_code(), field.name);
            place = field.offset + field.format.size();
        }
        pad(&mut text, self.size - place);
        text + "}"
    }
}

fn pad(text: &mut String, bytes: usize) {
    if bytes > 0 {
        *text += &format!("{bytes}x");
    }
}
