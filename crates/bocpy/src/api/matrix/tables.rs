//! Shorthands for methods and properties. Each use makes a function with all of them for the class's tables.

/// Methods of the instances of a class.
macro_rules! methods {
    ($class:ty; $($name:ident, $python:literal, $doc:expr, |$py:ident, $this:ident, $args:ident| $body:expr;)+) => {
        pub(super) fn methods() -> Vec<crate::ffi::method::MethodDef<$class>> {
            vec![$(crate::ffi::method::method::<$name>()),+]
        }
        $(
            struct $name;
            impl crate::ffi::method::Method for $name {
                type Of = $class;
                const NAME: &'static std::ffi::CStr = $python;
                const DOC: &'static std::ffi::CStr = $doc;
                fn call<'py>(
                    $py: crate::ffi::Python<'py>,
                    $this: &crate::ffi::class::Instance<'py, $class>,
                    $args: crate::ffi::args::Args<'_, 'py>,
                ) -> crate::ffi::PyResult<crate::ffi::Object<'py>> {
                    $body
                }
            }
        )+
    };
}

/// Methods of the class itself.
macro_rules! class_methods {
    ($class:ty; $($name:ident, $python:literal, $doc:expr, |$py:ident, $args:ident| $body:expr;)+) => {
        pub(super) fn class_methods() -> Vec<crate::ffi::method::MethodDef<$class>> {
            vec![$(crate::ffi::method::class_method::<$class, $name>()),+]
        }
        $(
            struct $name;
            impl crate::ffi::method::Function for $name {
                const NAME: &'static std::ffi::CStr = $python;
                const DOC: &'static std::ffi::CStr = $doc;
                fn call<'py>(
                    $py: crate::ffi::Python<'py>,
                    _: &crate::ffi::Object<'py>,
                    $args: crate::ffi::args::Args<'_, 'py>,
                ) -> crate::ffi::PyResult<crate::ffi::Object<'py>> {
                    $body
                }
            }
        )+
    };
}

/// Properties that can only be read.
macro_rules! properties {
    ($class:ty; $($name:ident, $python:literal, $doc:expr, |$py:ident, $this:ident| $body:expr;)+) => {
        pub(super) fn properties() -> Vec<crate::ffi::method::PropertyDef<$class>> {
            vec![$(crate::ffi::method::property::<$name>()),+]
        }
        $(
            struct $name;
            impl crate::ffi::method::Property for $name {
                type Of = $class;
                const NAME: &'static std::ffi::CStr = $python;
                const DOC: &'static std::ffi::CStr = $doc;
                fn get<'py>(
                    $py: crate::ffi::Python<'py>,
                    $this: &crate::ffi::class::Instance<'py, $class>,
                ) -> crate::ffi::PyResult<crate::ffi::Object<'py>> {
                    $body
                }
            }
        )+
    };
}

/// The components `x`, `y`, `z` and `w`.
macro_rules! components {
    ($class:ty; $get:path, $set:path; $($name:ident, $python:literal, $place:literal, $doc:expr;)+) => {
        pub(super) fn components() -> Vec<crate::ffi::method::PropertyDef<$class>> {
            vec![$(crate::ffi::method::property::<$name>()),+]
        }
        $(
            struct $name;
            impl crate::ffi::method::Property for $name {
                type Of = $class;
                const NAME: &'static std::ffi::CStr = $python;
                const DOC: &'static std::ffi::CStr = $doc;
                const SETTABLE: bool = true;
                fn get<'py>(
                    py: crate::ffi::Python<'py>,
                    this: &crate::ffi::class::Instance<'py, $class>,
                ) -> crate::ffi::PyResult<crate::ffi::Object<'py>> {
                    $get(py, this, $place)
                }
                fn set<'py>(
                    py: crate::ffi::Python<'py>,
                    this: &crate::ffi::class::Instance<'py, $class>,
                    value: Option<&crate::ffi::Object<'py>>,
                ) -> crate::ffi::PyResult<()> {
                    $set(py, this, $place, value)
                }
            }
        )+
    };
}
