"""Objects that are nothing but themselves, such as `_MISSING = object()`: one object on each worker, and back again.

The same holds for a global that is an instance without attributes of a class of the program.

The main interpreter numbers them.
"""

import itertools

from . import _core

__all__ = [
    "by_number",
    "forget",
    "is_sentinel",
    "keep",
    "learn",
    "may_be_sentinels",
    "number_of",
    "reduce_plain_object",
]

# By number; and the numbers, by `id`.
_objects = {}
_numbers = {}
_next_number = itertools.count()


def keep(thing):
    """In the main interpreter: returns the number of a thing, which gets one if it has none."""
    number = _numbers.get(id(thing))
    if number is None:
        number = next(_next_number)
        learn(thing, number)
        return _numbers[id(thing)]
    return number


def number_of(thing):
    """Returns the number of a thing, or None."""
    return _numbers.get(id(thing))


def by_number(number):
    """Returns the thing of that number, or None."""
    return _objects.get(number)


def learn(thing, number):
    """Keeps a thing by its number, unless there is one already. Returns the one that there is."""
    kept = _objects.setdefault(number, thing)
    _numbers.setdefault(id(kept), number)
    return kept


def forget():
    """Drops everything, so that bocpy keeps nothing alive at exit."""
    _objects.clear()
    _numbers.clear()


def reduce_plain_object(thing):
    """Returns what pickles an instance of `object` itself, or of a class for which `may_be_sentinels` holds."""
    number = None
    if is_sentinel(thing):
        number = number_of(thing)
        if number is None and _is_a_global(thing):
            number = keep(thing)
    return thing.__reduce_ex__(5) if number is None else (_numbered, (number, type(thing)))


def is_sentinel(thing):
    """Whether there is nothing in a thing but what it is."""
    cls = type(thing)
    return cls is object or may_be_sentinels(cls) and not vars(thing)


def may_be_sentinels(cls):
    """Whether instances of a class have nothing in them when they are made, and the class says how they are shown.

    Those of `class Box: pass` are meant to get attributes.
    """
    return (
        cls.__base__ is object
        and cls.__basicsize__ == _PLAIN_SIZE
        and cls.__dictoffset__ != 0
        and cls.__init__ is object.__init__
        and cls.__reduce_ex__ is object.__reduce_ex__
        and cls.__reduce__ is object.__reduce__
        and not _SHOWS.isdisjoint(vars(cls))
    )


_SHOWS = frozenset(["__repr__", "__str__", "__bool__"])


class _Plain:
    pass


_PLAIN_SIZE = _Plain.__basicsize__


def _is_a_global(thing):
    """Whether a global of the program refers to it."""
    _code, _worker = _core._import("bocpy._code"), _core._import("bocpy._worker")
    return not _worker.is_worker() and any(
        value is thing for globals_ in _code.all_globals() for value in list(globals_.values())
    )


def _numbered(number, cls):
    thing = by_number(number)
    if thing is None:
        # A worker meets it for the first time.
        return learn(object.__new__(cls), number)
    # Somebody may have given it attributes. Then it is a value like any other.
    return thing if is_sentinel(thing) else object.__new__(cls)
