"""Annotations of functions and classes that are sent by value.

They are sent by themselves, and opened when somebody reads them (before Python 3.14: when the function or class is
made), as what is only named in an annotation may be something that a worker cannot import.
"""

import sys
from _thread import get_ident
from types import FunctionType

from . import _core

__all__ = ["attach", "is_packing", "pack"]

_ARE_LAZY = sys.version_info >= (3, 14)
# Threads that pickle annotations. Definitions in these have none: they would again have the same in them.
_packing = set()


def is_packing():
    """Tells whether this thread pickles annotations: then `pack` gives None."""
    return get_ident() in _packing


def pack(thing):
    """Returns the annotations of a function or class, pickled; None if there are none."""
    if is_packing():
        return None
    me = get_ident()
    _packing.add(me)
    try:
        return _pack(thing)
    finally:
        _packing.discard(me)


def _pack(thing):
    try:
        # Not those of a base class.
        found = thing.__annotations__ if _ARE_LAZY or isinstance(thing, FunctionType) else _of_class(thing)
    except Exception as error:
        # A name that is not there (yet).
        import annotationlib

        try:
            found = annotationlib.get_annotations(thing, format=annotationlib.Format.STRING)
        except Exception:
            return None
        return _dumps((None, found, error))
    return _pack_values(dict(found)) if found else None


def _of_class(cls):
    return vars(cls).get("__annotations__")


def _pack_values(found):
    try:
        values = _dumps(found)
    except Exception:
        values = _dumps({name: value if _is_sendable(value) else _text_of(value) for name, value in found.items()})
    texts = None if _ARE_LAZY else {name: _text_of(value) for name, value in found.items()}
    return _dumps((values, texts, None))


def _dumps(thing):
    return _core._import("bocpy._by_value").dumps_annotations(thing)


def _is_sendable(value):
    try:
        _dumps(value)
    except Exception:
        return False
    return True


def _text_of(value):
    return value if isinstance(value, str) else getattr(value, "__qualname__", None) or repr(value)


def attach(thing, data, set_member=setattr):
    """Gives a function or class the annotations that came with it."""
    from _pickle import loads

    if _ARE_LAZY:
        set_member(thing, "__annotate__", _annotate(data))
        return
    values, texts, _ = loads(data)
    try:
        found = loads(values)
    except Exception:
        found = texts  # what they name cannot be imported here
    else:
        _core._import("bocpy._shared").note_items(found)
    set_member(thing, "__annotations__", found)


def _annotate(data):
    def __annotate__(format, /):
        from _pickle import loads

        from annotationlib import Format, annotations_to_string

        values, texts, error = loads(data)
        if format == Format.STRING:
            return texts or annotations_to_string(loads(values))
        if error is None:
            return loads(values)
        if format == Format.VALUE:
            raise error
        return texts

    return __annotate__
