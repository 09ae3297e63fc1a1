"""Pickling values that move to another interpreter.

As by `pickle`, but for a few classes of whose instances `pickle` makes something else than they are.
"""

import _pickle
import copyreg
import importlib
import io
import operator
import sys
from _contextvars import ContextVar
from _thread import get_ident
from types import BuiltinMethodType, MethodType, ModuleType

from . import _core
from ._context import reduce_variable
from ._exceptions import reduce_exception
from ._linked import linked_reducer
from ._sentinels import may_be_sentinels, reduce_plain_object
from ._type_names import KINDS, reduce_type_name

__all__ = ["all_in_one", "carry", "dumps", "known_reducer_of"]


class _Reducers(dict):
    """How the instances of a class are pickled: by `reducer_of`, or as by `pickle.dumps`."""

    def __missing__(self, cls):
        if issubclass(cls, type):
            raise KeyError(cls)  # classes are pickled by their names
        if len(self) >= 1000:
            self.clear()  # classes may come and go
        if cls in copyreg.dispatch_table:
            self[cls] = found = _by_copyreg
        else:
            self[cls] = found = reducer_of(cls) or _first
        return found


def reducer_of(cls):
    """Returns the function that pickles instances of a class, if `pickle` would give something else than they are."""
    if issubclass(cls, BaseException):
        return reduce_exception
    if cls in (MethodType, BuiltinMethodType):
        return _reduce_method
    if cls.__name__ == "_MISSING_TYPE" and cls.__module__ == "dataclasses":
        return _reduce_marker
    if cls.__module__ == "functools":
        if cls.__name__ == "partialmethod":
            return _reduce_partial_method
        if cls.__name__ == "singledispatchmethod":
            return _core._import("bocpy._dispatch").reduce_dispatch_method
    if cls is ContextVar:
        return reduce_variable
    if any(base.__module__ == "tqdm.std" for base in cls.__mro__):
        return _refuse_bar
    if cls is object or may_be_sentinels(cls):
        return reduce_plain_object
    if cls.__module__ == "typing" and cls.__name__ in KINDS:
        return reduce_type_name
    return linked_reducer(cls)


class Refused(TypeError):
    """Says more than what `pickle` raises for the same object."""


Refused.__name__ = Refused.__qualname__ = "TypeError"
Refused.__module__ = "builtins"


def _refuse_bar(bar):
    # It can be pickled, but not unpickled, and would draw into the same line as others.
    raise Refused(
        "a progress bar cannot be moved to another interpreter: update it in the main program, to which behaviors can "
        "send() how far they are"
    )


def _reduce_marker(marker):
    # `dataclasses.MISSING`, of which `pickle` makes a copy.
    return "MISSING"


def _reduce_partial_method(method):
    # CPython 3.14 makes a `partial` of it, which fails.
    return _make_partial_method, (type(method), method.func, method.args, method.keywords)


def _make_partial_method(cls, function, arguments, keywords):
    return cls(function, *arguments, **keywords)


def _reduce_method(method):
    """Returns what pickles a method: by its name if it is one that a module offers as a function.

    `random.random` is a method of an object that `random` has for that.
    """
    owner = method.__self__
    if owner is not None and not isinstance(owner, (type, ModuleType)):
        name = type(owner).__module__
        module = sys.modules.get(name)
        if name != "__main__" and getattr(module, method.__name__, None) == method:
            return getattr, (_Module(name), method.__name__)
    if not isinstance(method, MethodType):
        return method.__reduce_ex__(5)
    # `pickle` looks for it by its name, which finds another one in a subclass, and none behind a decorator.
    function, name = method.__func__, getattr(method.__func__, "__name__", "")
    found = (
        getattr(owner, name, None) == method
        if isinstance(owner, type)
        else getattr(type(owner), name, None) is function
    )
    return (getattr, (owner, name)) if found else (MethodType, (function, owner))


class _Module:
    """Pickles as a module."""

    def __init__(self, name):
        self._name = name

    def __reduce__(self):
        return importlib.import_module, (self._name,)


_usual = operator.methodcaller("__reduce_ex__", 5)


def _by_copyreg(thing):
    return copyreg.dispatch_table[type(thing)](thing)


def _carry(thing):
    """Takes along an object of a type of another package, unless it is to be copied."""
    number = _keep(thing, False)
    if number is None:
        try:
            return thing.__reduce_ex__(5)
        except Exception:
            number = _keep(thing, True)
            if number is None:
                raise
    return _core._carried, (number,)


def carry(thing):
    """Takes along such an object although it can be pickled."""
    number = _keep(thing, True)
    return thing.__reduce_ex__(5) if number is None else (_core._carried, (number,))


# Threads that pickle something to which nothing can be added beside it.
_alone = set()


def _keep(thing, insists):
    if get_ident() in _alone:
        raise TypeError("it has to be carried beside the pickle")
    return _core._keep(thing, insists)


class all_in_one:
    """While this is entered, what this thread pickles has to have all in itself."""

    def __enter__(self):
        self._is_first = get_ident() not in _alone
        _alone.add(get_ident())

    def __exit__(self, *error):
        if self._is_first:
            _alone.discard(get_ident())


# For objects of a class that has not been met before.
def _first(thing):
    found = _carry if _core._is_registered(thing) else _usual
    _Pickler.dispatch_table[type(thing)] = found
    return found(thing)


class _Pickler(_pickle.Pickler):
    dispatch_table = _Reducers()
    # How many classes `copyreg` knew when the table was made.
    registered = 0


def known_reducer_of(thing):
    """The same as `reducer_of` of the class of an object, from memory."""
    found = _Pickler.dispatch_table[type(thing)]
    if found is _first:
        found = _Pickler.dispatch_table[type(thing)] = _carry if _core._is_registered(thing) else _usual
    return None if found is _usual or found is _by_copyreg else found


def forget_types():
    """A type of another package has been registered, or is no longer."""
    _Pickler.dispatch_table.clear()


def dumps(value, protocol, buffer_callback):
    """The same as `pickle.dumps`, but for the classes of which `reducer_of` knows better."""
    if len(copyreg.dispatch_table) != _Pickler.registered:
        _Pickler.dispatch_table.clear()
        _Pickler.registered = len(copyreg.dispatch_table)
    file = io.BytesIO()
    _Pickler(file, protocol, buffer_callback=buffer_callback).dump(value)
    return file.getvalue()
