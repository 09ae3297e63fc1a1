//! A type for the objects of each builtin kind. Only a check can make one, or whoever makes the object.

use super::Object;
use std::ops::Deref;

/// An object as one of a kind.
///
/// # Safety
/// `T` is a type that `kind!` has defined, and the object is of that kind.
#[inline]
pub(super) unsafe fn assume<'a, 'py, T: Deref<Target = Object<'py>>>(object: &'a Object<'py>) -> &'a T {
    // SAFETY: laid out as an `Object`, says the caller.
    unsafe { &*std::ptr::from_ref(object).cast() }
}

/// Defines such a type. `as if is`: the checks, and what they ask.
macro_rules! kind {
    ($(#[$doc:meta])* $kind:ident $(, $as_kind:ident if $is_kind:ident)*) => {
        $(#[$doc])*
        #[derive(Clone)]
        #[repr(transparent)]
        pub(crate) struct $kind<'py>(crate::ffi::Object<'py>);

        impl<'py> std::ops::Deref for $kind<'py> {
            type Target = crate::ffi::Object<'py>;
            #[inline]
            fn deref(&self) -> &crate::ffi::Object<'py> {
                &self.0
            }
        }

        impl<'py> From<$kind<'py>> for crate::ffi::Object<'py> {
            fn from(object: $kind<'py>) -> Self {
                object.0
            }
        }

        impl<'py> crate::ffi::Object<'py> {
            $(
                /// The same object, if it is of that kind.
                #[inline]
                pub(crate) fn $as_kind(&self) -> Option<&$kind<'py>> {
                    // SAFETY: that is what the check says.
                    self.$is_kind().then(|| unsafe { crate::ffi::kind::assume(self) })
                }
            )*
        }
    };
}

pub(super) use kind;
