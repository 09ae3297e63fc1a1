//! From an object to [`Packed`] data.

use super::by_reference::{Reference, Taken, is_reference};
use super::packed::{LARGE, Packed, Tag};
use super::registered::is_registered;
use crate::ffi::builtin::Builtin;
use crate::ffi::number::Int;
use crate::ffi::{Dict, List, Object, PyResult, Tuple, buffer};
use crate::interpreter::Imported;
use crate::interpreter::buffers::Memory;
use rustc_hash::FxHashMap;

static DESCRIBE_VIEW: Imported = Imported::new("bocpy._buffers", c"describe_view");

/// Packs a value. `None`: something in it is of a type that has no form here.
///
/// `moves`: whether the object goes away where it is, so that its memory may be handed over rather than copied.
pub(crate) fn pack(object: &Object<'_>, moves: bool, taken: &mut Taken) -> PyResult<Option<Packed>> {
    let class = match object.builtin() {
        Some(Builtin::Str(_)) => "str",
        Some(Builtin::Int(_)) => "int",
        Some(Builtin::Bytes) => "bytes",
        Some(Builtin::ByteArray(_)) => "bytearray",
        Some(Builtin::Tuple(_)) => "tuple",
        Some(Builtin::List(_)) => "list",
        Some(Builtin::Dict(_)) => "dict",
        Some(Builtin::Set) => "set",
        Some(Builtin::FrozenSet) => "frozenset",
        Some(Builtin::Complex(_)) => "complex",
        Some(Builtin::MemoryView) => "memoryview",
        Some(Builtin::None | Builtin::Bool | Builtin::Float) => "scalar",
        None => "array.array",
    };
    let part = taken.for_part();
    let writing = Writing {
        data: Vec::new(),
        no_room_for: 0,
        references: Vec::new(),
        memories: Vec::new(),
        taken: part,
    };
    let mut packer = Packer::new(writing);
    let packs = packer.all_of(object, moves)?;
    if packer.out.no_room_for > 0 {
        return Err(buffer::no_room(object.py(), packer.out.no_room_for));
    }
    if !packs {
        return Ok(None);
    }
    taken.append(packer.out.taken);
    Ok(Some(Packed {
        data: packer.out.data.into(),
        references: packer.out.references.into(),
        memories: packer.out.memories.into(),
        has_shared: packer.has_shared,
        runs_python: packer.runs_python,
        class,
    }))
}

/// Whether packing `object` would give `packed`, and nothing but itself refers to what can be changed in it. Takes no
/// memory, and ends where it is not so.
pub(crate) fn is_packed(object: &Object<'_>, packed: &Packed) -> PyResult<bool> {
    let mut packer = Packer::new(Comparing { packed, place: 0, references: 0, memories: 0, same: true });
    let whole = packer.all_of(object, true)?;
    let compared = packer.out;
    Ok(whole && compared.same && compared.place == packed.data.len())
}

/// Where packed data goes.
trait Out {
    /// False where it makes no sense to go on.
    fn goes_on(&self) -> bool;
    fn push(&mut self, byte: u8);
    fn extend(&mut self, bytes: &[u8]);
    /// Something that can be changed may be referred to from elsewhere.
    fn not_alone(&mut self) {}
    /// Takes what moves by reference along, and gives its number. `None`: the object does not.
    fn reference(&mut self, object: &Object<'_>) -> PyResult<Option<usize>>;
    /// Takes a large piece of memory along, and gives its number. `make`: how to, if it is needed.
    fn memory(&mut self, object: &Object<'_>, make: impl FnOnce() -> PyResult<Memory>) -> PyResult<usize>;
}

struct Writing {
    data: Vec<u8>,
    /// There was no memory when the data had that size. What comes after it is lost.
    no_room_for: usize,
    references: Vec<Reference>,
    memories: Vec<Memory>,
    taken: Taken,
}

struct Comparing<'a> {
    packed: &'a Packed,
    place: usize,
    references: usize,
    memories: usize,
    same: bool,
}

impl Out for Writing {
    #[inline]
    fn goes_on(&self) -> bool {
        self.no_room_for == 0
    }

    #[inline]
    fn push(&mut self, byte: u8) {
        if self.has_room_for(1) {
            self.data.push(byte);
        }
    }

    #[inline]
    fn extend(&mut self, bytes: &[u8]) {
        if self.has_room_for(bytes.len()) {
            self.data.extend_from_slice(bytes);
        }
    }

    fn reference(&mut self, object: &Object<'_>) -> PyResult<Option<usize>> {
        let Some(reference) = Reference::take(object, &mut self.taken)? else { return Ok(None) };
        self.references.push(reference);
        Ok(Some(self.references.len() - 1))
    }

    fn memory(&mut self, _: &Object<'_>, make: impl FnOnce() -> PyResult<Memory>) -> PyResult<usize> {
        self.memories.push(make()?);
        Ok(self.memories.len() - 1)
    }
}

impl Writing {
    #[inline]
    fn has_room_for(&mut self, more: usize) -> bool {
        let has = self.data.try_reserve(more).is_ok();
        if !has {
            self.no_room_for = self.data.len().saturating_add(more);
        }
        has
    }
}

impl Out for Comparing<'_> {
    #[inline]
    fn goes_on(&self) -> bool {
        self.same
    }

    #[inline]
    fn push(&mut self, byte: u8) {
        self.same &= self.packed.data.get(self.place) == Some(&byte);
        self.place += 1;
    }

    #[inline]
    fn extend(&mut self, bytes: &[u8]) {
        self.same &= self.packed.data.get(self.place..self.place + bytes.len()) == Some(bytes);
        self.place += bytes.len();
    }

    fn not_alone(&mut self) {
        self.same = false;
    }

    fn reference(&mut self, object: &Object<'_>) -> PyResult<Option<usize>> {
        if !is_reference(object) {
            return Ok(None);
        }
        self.same &=
            self.packed.references.get(self.references).is_some_and(|reference| reference.is_of(object));
        self.references += 1;
        Ok(Some(self.references - 1))
    }

    fn memory(&mut self, object: &Object<'_>, _: impl FnOnce() -> PyResult<Memory>) -> PyResult<usize> {
        self.same = self.same
            && match self.packed.memories.get(self.memories) {
                Some(memory) => {
                    object.with_memory(|bytes| memory.with(object.py(), |packed| packed == bytes))??
                }
                None => false,
            };
        self.memories += 1;
        Ok(self.memories - 1)
    }
}

struct Packer<'py, O> {
    out: O,
    /// The numbers of what may come again, by address.
    places: FxHashMap<usize, usize>,
    /// Objects that were made to be packed. They are kept, so that no other object gets the address of one.
    kept: Vec<Object<'py>>,
    /// How many have been counted.
    count: usize,
    has_shared: bool,
    runs_python: bool,
    array: ArrayType<'py>,
}

/// `array.array`, where that has been imported.
enum ArrayType<'py> {
    Unknown,
    Absent,
    Known(Object<'py>),
}

/// A container that is being packed, and how far.
enum Open<'py> {
    List { list: List<'py>, place: usize, size: usize },
    Tuple { tuple: Tuple<'py>, place: usize },
    Dict { dict: Dict<'py>, position: isize, left: usize, value: Option<Object<'py>> },
    Items { items: std::vec::IntoIter<Object<'py>> },
}

struct Container<'py> {
    open: Open<'py>,
    /// Nobody else refers to it, nor to what it is in: its items go with it.
    alone: bool,
    /// How many references to each item are accounted for: the container's and ours. One: any of them may come again.
    own: usize,
}

enum Step<'py> {
    Done,
    Into(Container<'py>),
    /// This type has no form here.
    Unknown,
}

impl<'py, O: Out> Packer<'py, O> {
    fn new(out: O) -> Self {
        Packer {
            out,
            places: FxHashMap::default(),
            kept: Vec::new(),
            count: 0,
            has_shared: false,
            runs_python: false,
            array: ArrayType::Unknown,
        }
    }

    /// Packs a value with all that is in it. False where something has no form here.
    #[inline(never)] // Between its callers' code, its loop would be slower.
    fn all_of(&mut self, object: &Object<'py>, moves: bool) -> PyResult<bool> {
        let mut stack: Vec<Container<'py>> = Vec::new();
        // The root belongs to the slot or the caller, and the caller says whether to anyone else.
        let mut step = self.value(object, moves, 1)?;
        loop {
            match step {
                Step::Unknown => return Ok(false),
                Step::Into(container) => stack.push(container),
                Step::Done => {}
            }
            let Some(container) = stack.last_mut() else { return Ok(true) };
            step = loop {
                let Some(item) = container.next() else {
                    stack.pop();
                    break Step::Done;
                };
                match self.value(&item, container.alone, container.own)? {
                    Step::Done if self.out.goes_on() => {}
                    Step::Done => return Ok(false),
                    other => break other,
                }
            };
        }
    }

    /// Packs a value, but for the items of a container. `alone`: whether nobody refers to what it is in; `own`: how many
    /// references to it are accounted for.
    fn value(&mut self, object: &Object<'py>, alone: bool, own: usize) -> PyResult<Step<'py>> {
        let Some(builtin) = object.builtin() else { return self.other(object, alone, own) };
        match builtin {
            Builtin::None => self.tag(Tag::None),
            Builtin::Bool => self.tag(if object.is_exact_true() { Tag::True } else { Tag::False }),
            Builtin::Int(int) => self.int(int)?,
            Builtin::Float => {
                self.tag(Tag::Float);
                self.out.extend(&object.to_f64()?.to_ne_bytes());
            }
            Builtin::Complex(complex) => {
                let (real, imaginary) = complex.parts();
                self.tag(Tag::Complex);
                self.out.extend(&real.to_ne_bytes());
                self.out.extend(&imaginary.to_ne_bytes());
            }
            _ => {
                let shared = object.references() > own;
                if self.is_again(object, shared || own == 1) {
                    return Ok(Step::Done);
                }
                return self.counted(object, builtin, alone && !shared);
            }
        }
        Ok(Step::Done)
    }

    /// The same for what is counted. `alone`: nobody else refers to it.
    fn counted(
        &mut self,
        object: &Object<'py>,
        builtin: Builtin<'_, 'py>,
        alone: bool,
    ) -> PyResult<Step<'py>> {
        if !alone
            && !matches!(builtin, Builtin::Str(_) | Builtin::Bytes | Builtin::Tuple(_) | Builtin::FrozenSet)
        {
            self.out.not_alone();
        }
        let open = match builtin {
            Builtin::Str(string) => {
                let text = string.raw_text();
                let tag = match (text.ascii, text.width) {
                    (true, _) => Tag::StrAscii,
                    (_, 1) => Tag::Str1,
                    (_, 2) => Tag::Str2,
                    _ => Tag::Str4,
                };
                self.piece(tag, text.data);
                return Ok(Step::Done);
            }
            Builtin::Bytes => {
                let bytes = object.to_bytes().unwrap_or_default();
                if bytes.len() < LARGE {
                    self.piece(Tag::Bytes, bytes);
                } else {
                    let number = self.out.memory(object, || Memory::of_bytes(object))?;
                    self.tag(Tag::LargeBytes);
                    self.number(number);
                }
                return Ok(Step::Done);
            }
            Builtin::ByteArray(array) => {
                let size = object.with_memory(<[u8]>::len)?;
                if size < LARGE {
                    object.with_memory(|bytes| self.piece(Tag::ByteArray, bytes))?;
                } else {
                    let number = self.out.memory(object, || match alone {
                        true => Memory::of_bytearray(array),
                        false => Memory::copy(object),
                    })?;
                    self.tag(Tag::LargeByteArray);
                    self.number(number);
                }
                return Ok(Step::Done);
            }
            Builtin::MemoryView => return self.view(object),
            Builtin::List(list) => {
                let size = list.len();
                self.tag(Tag::List);
                self.number(size);
                Open::List { list: list.clone(), place: 0, size }
            }
            Builtin::Tuple(tuple) => {
                self.tag(Tag::Tuple);
                self.number(tuple.len());
                Open::Tuple { tuple: tuple.clone(), place: 0 }
            }
            Builtin::Dict(dict) => {
                let left = dict.len();
                self.tag(Tag::Dict);
                self.number(left);
                Open::Dict { dict: dict.clone(), position: 0, left, value: None }
            }
            _ => {
                let items = object.items()?;
                self.tag(if matches!(builtin, Builtin::Set) { Tag::Set } else { Tag::FrozenSet });
                self.number(items.len());
                Open::Items { items: items.into_iter() }
            }
        };
        Ok(Step::Into(Container { open, alone, own: 2 }))
    }

    /// What is of no builtin type: something that moves by reference, an array, or nothing for us.
    fn other(&mut self, object: &Object<'py>, alone: bool, own: usize) -> PyResult<Step<'py>> {
        if is_reference(object) {
            if !self.is_again(object, object.references() > own || own == 1) {
                let Some(number) = self.out.reference(object)? else { return Ok(Step::Unknown) };
                self.tag(Tag::Reference);
                self.number(number);
            }
            return Ok(Step::Done);
        }
        let py = object.py();
        for (singleton, tag) in [(py.ellipsis(), Tag::Ellipsis), (py.not_implemented(), Tag::NotImplemented)]
        {
            if object.address() == singleton.address() {
                self.tag(tag);
                return Ok(Step::Done);
            }
        }
        if !self.is_array(object) {
            if !is_registered(object) || self.is_again(object, object.references() > own || own == 1) {
                return Ok(if is_registered(object) { Step::Done } else { Step::Unknown });
            }
            let Some(number) = self.out.reference(object)? else { return Ok(Step::Unknown) };
            self.runs_python = true;
            self.tag(Tag::Reference);
            self.number(number);
            return Ok(Step::Done);
        }
        let shared = object.references() > own;
        if self.is_again(object, shared || own == 1) {
            return Ok(Step::Done);
        }
        self.runs_python = true;
        if !alone || shared {
            self.out.not_alone();
        }
        let code = object.getattr(c"typecode")?;
        let Some(&[code]) = code.to_str().map(str::as_bytes) else { return Ok(Step::Unknown) };
        let size = object.with_memory(<[u8]>::len)?;
        if size < LARGE {
            self.tag(Tag::Array);
            self.out.push(code);
            object.with_memory(|bytes| {
                self.number(bytes.len());
                self.out.extend(bytes);
            })?;
        } else {
            let number = self.out.memory(object, || match alone && !shared {
                true => Memory::of_lender(object),
                false => Memory::copy(object),
            })?;
            self.tag(Tag::LargeArray);
            self.out.push(code);
            self.number(number);
        }
        Ok(Step::Done)
    }

    /// A memoryview: first what it looks into, then how.
    fn view(&mut self, object: &Object<'py>) -> PyResult<Step<'py>> {
        let py = object.py();
        let parts = DESCRIBE_VIEW.call(py, &[object])?;
        self.tag(Tag::View);
        self.runs_python = true;
        let items = parts.items()?;
        self.kept.push(parts);
        Ok(Step::Into(Container { open: Open::Items { items: items.into_iter() }, alone: false, own: 1 }))
    }

    fn is_array(&mut self, object: &Object<'py>) -> bool {
        if matches!(self.array, ArrayType::Unknown) {
            let found = crate::ffi::module::imported_class(object.py(), c"array", c"array");
            self.array = found.map_or(ArrayType::Absent, ArrayType::Known);
        }
        matches!(&self.array, ArrayType::Known(class) if object.class().address() == class.address())
    }

    /// Counts something; or, if it has come before, writes its number instead. `shared`: whether it may come twice.
    #[inline]
    fn is_again(&mut self, object: &Object<'py>, shared: bool) -> bool {
        if shared {
            match self.places.entry(object.address()) {
                std::collections::hash_map::Entry::Occupied(before) => {
                    let before = *before.get();
                    self.tag(Tag::Again);
                    self.number(before);
                    self.has_shared = true;
                    return true;
                }
                std::collections::hash_map::Entry::Vacant(place) => _ = place.insert(self.count),
            }
        }
        self.count += 1;
        false
    }

    fn int(&mut self, int: &Int<'py>) -> PyResult<()> {
        let Some(value) = int.to_i64() else {
            let text = int.to_hex()?;
            self.piece(Tag::IntHex, text.to_str().unwrap_or("0").as_bytes());
            return Ok(());
        };
        if let Ok(small) = i8::try_from(value) {
            self.tag(Tag::Int1);
            self.out.extend(&small.to_ne_bytes());
        } else if let Ok(middling) = i32::try_from(value) {
            self.tag(Tag::Int4);
            self.out.extend(&middling.to_ne_bytes());
        } else {
            self.tag(Tag::Int8);
            self.out.extend(&value.to_ne_bytes());
        }
        Ok(())
    }

    #[inline]
    fn tag(&mut self, tag: Tag) {
        self.out.push(tag as u8);
    }

    /// Seven bits at a time, the lowest first; the highest bit says that there are more.
    #[inline]
    fn number(&mut self, mut number: usize) {
        while number >= 0x80 {
            self.out.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.out.push(number as u8);
    }

    #[inline]
    fn piece(&mut self, tag: Tag, bytes: &[u8]) {
        self.tag(tag);
        self.number(bytes.len());
        self.out.extend(bytes);
    }
}

impl<'py> Container<'py> {
    #[inline]
    fn next(&mut self) -> Option<Object<'py>> {
        match &mut self.open {
            Open::List { list, place, size } => {
                // No Python code runs while we pack, so that nobody changes the list.
                let item = if *place < *size { list.item(*place) } else { None };
                *place += 1;
                item
            }
            Open::Tuple { tuple, place } => {
                let item = if *place < tuple.len() { tuple.item(*place).ok() } else { None };
                *place += 1;
                item.map(|item| (*item).clone())
            }
            Open::Dict { dict, position, left, value } => {
                if let Some(value) = value.take() {
                    return Some(value);
                }
                *left = left.checked_sub(1)?;
                let (key, its) = dict.next(position)?;
                *value = Some(its);
                Some(key)
            }
            Open::Items { items } => items.next(),
        }
    }
}
