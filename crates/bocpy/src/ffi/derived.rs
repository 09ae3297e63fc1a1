//! Native classes that add nothing to the instances of another native class.

use super::class::{Class, Instance, Native};
use super::object::Object;
use super::{PyResult, Python};
use std::marker::PhantomData;
use std::ops::Deref;

/// The value of an instance of a subclass of the class of `B`, which `M` tells from other such classes.
#[repr(transparent)]
pub(crate) struct Derived<B, M>(B, PhantomData<M>);

impl<B, M> Derived<B, M> {
    pub(crate) fn new(value: B) -> Self {
        Derived(value, PhantomData)
    }
}

impl<B, M> Deref for Derived<B, M> {
    type Target = B;
    fn deref(&self) -> &B {
        &self.0
    }
}

impl<'py, B: Native, M> Instance<'py, Derived<B, M>>
where
    Derived<B, M>: Native<Extra = B::Extra>,
{
    /// The same as an instance of the class above.
    pub(crate) fn as_base(&self) -> &Instance<'py, B> {
        // SAFETY: it is one, and laid out as all of them.
        unsafe { Instance::assume(self) }
    }
}

impl<B: Native, M> Class<Derived<B, M>>
where
    Derived<B, M>: Native<Extra = B::Extra>,
{
    /// Makes the class. What it does not have itself, such as methods, comparisons and `repr`, is that of `base`.
    pub(crate) fn derived<'py>(py: Python<'py>, module: &Object<'py>, base: &Class<B>) -> PyResult<Self> {
        Class::make(module, Some(&base.as_object(py)))
    }
}
