//! Records: Python classes whose instances are a few numbers and bytes in memory that no interpreter owns, so that they
//! move by reference. `bocpy._records` makes the classes.

pub(crate) mod classes;
mod format;
pub(crate) mod handle;
mod shape;
pub(crate) mod shape_object;
