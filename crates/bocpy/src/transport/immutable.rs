//! Which objects are immutable, as far as this can be checked quickly.

use super::cown::CownObject;
use super::portable::Portable;
use crate::ffi::builtin::Builtin;
use crate::ffi::{Object, error, module};
use std::ffi::CStr;

/// Classes of the standard library whose instances are constant, by module and name.
const CONSTANT: [(&CStr, &CStr); 9] = [
    (c"re", c"Pattern"),
    (c"datetime", c"date"),
    (c"datetime", c"datetime"),
    (c"datetime", c"time"),
    (c"datetime", c"timedelta"),
    (c"datetime", c"timezone"),
    (c"decimal", c"Decimal"),
    (c"fractions", c"Fraction"),
    (c"uuid", c"UUID"),
];

/// How many levels of tuples are looked into, and how many items in all. The limit is for tuples that contain one another many
/// times; else there are no more items than have just been encoded, and that need not be done again for what is immutable.
const DEPTH: usize = 8;
const ITEMS: usize = 1_000_000;

/// Whether an object's value can never change. False if this cannot be checked quickly.
///
/// Classes are compared by identity: anybody may have a class that is called `range`.
pub(crate) fn is_immutable(value: &Object<'_>) -> bool {
    Check { items_left: ITEMS, takes_cowns: true }.passes(value, DEPTH)
}

/// The same, and no cown is kept alive by it.
pub(super) fn is_immutable_without_cowns(value: &Object<'_>) -> bool {
    Check { items_left: ITEMS, takes_cowns: false }.passes(value, DEPTH)
}

struct Check {
    items_left: usize,
    /// Whether a handle of a cown, which never changes itself, counts as immutable.
    takes_cowns: bool,
}

impl Check {
    fn passes(&mut self, value: &Object<'_>, depth: usize) -> bool {
        if Portable::scalar(value).is_some() {
            return true;
        }
        if CownObject::plain_handle(value).is_some() {
            return self.takes_cowns;
        }
        match value.builtin() {
            Some(Builtin::Str(_) | Builtin::Bytes | Builtin::Int(_)) => true,
            Some(Builtin::Tuple(_) | Builtin::FrozenSet) if depth > 0 => {
                let items = value.items();
                error::clear(value.py());
                items.is_ok_and(|items| {
                    let left = self.items_left.checked_sub(items.len());
                    self.items_left = left.unwrap_or(0);
                    left.is_some() && items.iter().all(|item| self.passes(item, depth - 1))
                })
            }
            Some(Builtin::Complex(_)) => true,
            Some(_) => false,
            None => value.is_builtin_constant() || value.is_context_var() || is_of_constant_class(value),
        }
    }
}

fn is_of_constant_class(value: &Object<'_>) -> bool {
    let (py, class) = (value.py(), value.class());
    let name = class.getattr(c"__name__").ok();
    error::clear(py);
    let Some(name) = name.as_ref().and_then(|name| name.to_str()) else { return false };
    let same_name = CONSTANT.iter().filter(|(_, known)| known.to_bytes() == name.as_bytes());
    same_name.copied().any(|(of, known)| {
        module::imported_class(py, of, known).is_some_and(|known| known.address() == class.address())
    })
}
