//! Values of builtin types, and containers of them, as one flat piece of data.
//!
//! Each value is a [`Tag`] and what that needs; the items of a container follow it. Strings, bytes and containers are
//! counted as they come, and a second reference to one is written as its number. So shared references and cycles keep
//! their shape, and equal values of equal shape are equal data. Neither way recurses: values may be nested at will.

use super::by_reference::Reference;
use crate::interpreter::buffers::Memory;

/// A packed value.
#[derive(Clone)]
pub(crate) struct Packed {
    pub(super) data: Box<[u8]>,
    pub(super) references: Box<[Reference]>,
    pub(super) memories: Box<[Memory]>,
    /// Whether something is referred to twice.
    pub(super) has_shared: bool,
    /// Whether Python code runs to open a part of it, which may fail.
    pub(super) runs_python: bool,
    /// What the value's type is called.
    pub(super) class: &'static str,
}

impl Packed {
    pub(crate) fn class(&self) -> &'static str {
        self.class
    }

    pub(crate) fn size(&self) -> usize {
        let beside = self.memories.iter().map(Memory::len).sum::<usize>()
            + self.references.iter().map(Reference::size).sum::<usize>();
        self.data.len() + beside
    }
}

/// From how many bytes on a piece of memory goes along by itself.
pub(super) const LARGE: usize = 16 << 10;

macro_rules! tags {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// What comes next.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Tag {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Tag {
            const ALL: &[Tag] = &[$(Tag::$name,)+];

            pub(super) fn from_byte(byte: u8) -> Option<Tag> {
                Tag::ALL.get(usize::from(byte)).copied()
            }
        }
    };
}

tags! {
    /// `None`.
    None,
    /// `True`.
    True,
    /// `False`.
    False,
    /// An int of one byte.
    Int1,
    /// An int of four bytes.
    Int4,
    /// An int of eight bytes.
    Int8,
    /// An int of any size: its length in hexadecimal, and that text.
    IntHex,
    /// Eight bytes.
    Float,
    /// Twice eight bytes.
    Complex,
    /// Length in bytes, and ASCII.
    StrAscii,
    /// Length in bytes, and one byte for each character.
    Str1,
    /// The same, two bytes each.
    Str2,
    /// The same, four bytes each.
    Str4,
    /// Length, and the bytes.
    Bytes,
    /// The number of a piece of memory.
    LargeBytes,
    /// Length, and the bytes.
    ByteArray,
    /// The number of a piece of memory.
    LargeByteArray,
    /// The type code, length in bytes, and the bytes.
    Array,
    /// The type code, and the number of a piece of memory.
    LargeArray,
    /// A memoryview: the object that it looks into follows, and a tuple that says how.
    View,
    /// The number of items, which follow.
    Tuple,
    /// The same.
    List,
    /// The number of entries; keys and values follow in turns.
    Dict,
    /// The number of items, which follow.
    Set,
    /// The same.
    FrozenSet,
    /// `...`
    Ellipsis,
    /// `NotImplemented`.
    NotImplemented,
    /// The number of something that moves by reference: a cown, or another.
    Reference,
    /// The number of something that has come before.
    Again,
}
