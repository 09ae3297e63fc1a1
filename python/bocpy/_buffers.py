"""Moving arrays and memoryviews between interpreters."""

__all__ = ["describe_view", "open_array", "open_view", "reduce_view"]

# The formats to which `memoryview.cast` can cast bytes back.
_FORMATS = frozenset("@" * native + code for native in (0, 1) for code in "cbB?hHiIlLqQnNfdP")


def open_array(code, content):
    """Returns a new array with that content."""
    from array import array

    new = array(code)
    new.frombytes(content)
    return new


def describe_view(view):
    """Returns the object under a view, and what `open_view` needs to make the same view of another object.

    If the object has a type that cannot move this way, or the view skips some of its memory, returns a copy of the
    content instead of the object.
    """
    import array

    if view.format not in _FORMATS:
        raise TypeError(f"a memoryview of the format {view.format!r} cannot be moved to another interpreter")
    base = view.obj
    offset = 0
    if type(base) in (bytes, bytearray, array.array) and view.c_contiguous:
        from . import _core

        offset = _core._offset(base, view)
    else:
        base = view.tobytes() if view.readonly else bytearray(view.tobytes())
    shape = None if view.ndim == 1 else view.shape
    return base, (offset, view.nbytes, view.format, shape, view.readonly)


def open_view(base, how):
    """Makes the view that `describe_view` has described."""
    offset, size, format, shape, readonly = how
    view = memoryview(base).cast("B")[offset : offset + size]
    if shape is not None:
        view = view.cast(format, shape)
    elif format != "B":
        view = view.cast(format)
    return view.toreadonly() if readonly else view


def reduce_view(view):
    """Reduces a view for pickle."""
    return open_view, describe_view(view)
