//! Operands of operators.

use super::PyResult;
use super::class::{Instance, Native};
use super::method::guard;
use super::object::{Borrowed, Object, Python};
use super::slots::{slot, with_instance};
use pyo3_ffi as ffi;
use std::ffi::c_void;
use std::ptr;

/// An operator with two operands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    MatrixMultiply,
}

/// What operators do with instances. Where another operand is of no use, the answer is `NotImplemented`.
pub(crate) trait Numbers: Native {
    /// `left operator right`; at least one of them is an instance.
    fn operate<'py>(
        py: Python<'py>,
        operator: Operator,
        left: &Object<'py>,
        right: &Object<'py>,
    ) -> PyResult<Object<'py>>;

    /// `this operator= other`: the object that the name is bound to then.
    fn operate_in_place<'py>(
        py: Python<'py>,
        operator: Operator,
        this: &Instance<'py, Self>,
        other: &Object<'py>,
    ) -> PyResult<Object<'py>>;

    fn negative<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>>;

    fn absolute<'py>(py: Python<'py>, this: &Instance<'py, Self>) -> PyResult<Object<'py>>;
}

macro_rules! operators {
    ($($name:ident $in_place:ident $operator:ident $slot:ident $in_place_slot:ident;)*) => {
        $(
            unsafe extern "C" fn $name<T: Numbers>(
                left: *mut ffi::PyObject,
                right: *mut ffi::PyObject,
            ) -> *mut ffi::PyObject {
                // SAFETY: CPython calls this attached, with two live objects.
                unsafe {
                    let py = Python::assume();
                    guard(py, ptr::null_mut(), || {
                        let (left, right) = (Borrowed::new(py, left), Borrowed::new(py, right));
                        Ok(T::operate(py, Operator::$operator, &left, &right)?.into_ptr())
                    })
                }
            }

            unsafe extern "C" fn $in_place<T: Numbers>(
                this: *mut ffi::PyObject,
                other: *mut ffi::PyObject,
            ) -> *mut ffi::PyObject {
                // SAFETY: CPython calls this attached, with an instance and a live object.
                unsafe {
                    with_instance::<T>(this, |py, this| {
                        T::operate_in_place(py, Operator::$operator, this, &Borrowed::new(py, other))
                    })
                }
            }
        )*

        fn add_operators<T: Numbers>(slots: &mut Vec<ffi::PyType_Slot>) {
            $(
                slots.push(slot(ffi::$slot, $name::<T> as *mut c_void));
                slots.push(slot(ffi::$in_place_slot, $in_place::<T> as *mut c_void));
            )*
        }
    };
}

operators! {
    add_objects add_in_place Add Py_nb_add Py_nb_inplace_add;
    subtract subtract_in_place Subtract Py_nb_subtract Py_nb_inplace_subtract;
    multiply multiply_in_place Multiply Py_nb_multiply Py_nb_inplace_multiply;
    divide divide_in_place Divide Py_nb_true_divide Py_nb_inplace_true_divide;
    matrix_multiply matrix_multiply_in_place MatrixMultiply Py_nb_matrix_multiply Py_nb_inplace_matrix_multiply;
}

unsafe extern "C" fn negative<T: Numbers>(this: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with an instance.
    unsafe { with_instance::<T>(this, |py, this| T::negative(py, this)) }
}

unsafe extern "C" fn absolute<T: Numbers>(this: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: as above.
    unsafe { with_instance::<T>(this, |py, this| T::absolute(py, this)) }
}

pub(super) fn add<T: Numbers>(slots: &mut Vec<ffi::PyType_Slot>) {
    add_operators::<T>(slots);
    slots.push(slot(ffi::Py_nb_negative, negative::<T> as *mut c_void));
    slots.push(slot(ffi::Py_nb_absolute, absolute::<T> as *mut c_void));
}
