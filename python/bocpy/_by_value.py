"""Pickling objects that can't be imported: functions and classes of `__main__`, closures, lambdas, local classes.

cloudpickle handles classes, and keeps their identity: a class that comes back is the class that was sent. A class of
the main interpreter is sent once; after that, values refer to it by its number. This module handles functions itself:
their globals are not copied with them, but belong to a namespace that exists once on each worker.
"""

import copyreg
import functools
import io
import itertools
import marshal
import pickle
import sys
from types import CellType, FunctionType, ModuleType

import cloudpickle

from . import _buffers, _code, _core, _worker

__all__ = ["answer", "carry", "class_by_number", "define", "dumps", "dumps_detached", "forget", "learn_class"]

_CACHED = type(functools.lru_cache(len))

# Classes of the main interpreter that have been sent, by number; and their numbers, by `id`.
_classes = {}
_numbers = {}
_next_number = itertools.count()
# Modules registered with cloudpickle, for pickling by value.
_by_value_modules = set()
# Ids of values for which `_is_sendable` is running.
_being_tried = set()


class _Pickler(cloudpickle.Pickler):
    """Sends functions as code and captures, and numbered classes by number; leaves the rest to cloudpickle."""

    def __init__(self, file, *, inline=False, with_globals=True, detached=False):
        super().__init__(file, protocol=5, buffer_callback=_core._carry_buffer)
        # A definition includes the other classes that it uses, not their numbers: they may need each other to be made.
        self._inline = inline
        # Whether functions of a namespace take along the globals that they need.
        self._with_globals = with_globals and not inline
        # Whether functions get globals of their own, with what they need as it is now.
        self._detached = detached
        # For globals that belong to no namespace, by `id`: the dict that is sent in their place.
        self._carried = {}

    def reducer_override(self, obj):
        if isinstance(obj, type):
            if not self._inline:
                number = _number(obj)
                if number is not None:
                    return _worker.class_by_number, (number,)
            _tell_cloudpickle(obj)
            return _keep_slots(obj, super().reducer_override(obj))
        if isinstance(obj, FunctionType):
            return self._reduce_function(obj) if _code.is_by_value(obj) else NotImplemented
        if isinstance(obj, CellType):
            return _reduce_cell(obj)
        if isinstance(obj, ModuleType):
            if obj.__name__ in ("__main__", "__mp_main__"):
                return _worker.module, (obj.__name__,)
            if _code.is_importable(obj):
                return _worker.import_module, (obj.__name__, None)
        if isinstance(obj, memoryview):
            return _buffers.reduce_view(obj)
        if isinstance(obj, _CACHED) and _code.is_by_value(obj):
            return _worker.make_cached, (obj.__wrapped__, obj.cache_parameters())
        return super().reducer_override(obj)

    def _reduce_function(self, function):
        globals_ = function.__globals__
        importable, namespace = _code.place_of(globals_)
        needs = None
        if namespace is None or (self._detached and not importable):
            # Separate globals, made by `exec` and the like: those that the function needs go with it.
            namespace = self._carried.setdefault(id(globals_), {"__name__": globals_.get("__name__")})
            needs = _needs(function, globals_, all_of_them=self._detached)
        elif not importable and self._with_globals:
            needs = _needs(function, globals_)
        state = (
            function.__name__,
            function.__qualname__,
            function.__module__,
            function.__doc__,
            function.__defaults__,
            function.__kwdefaults__,
            function.__dict__ or None,
            needs,
        )
        arguments = (marshal.dumps(function.__code__), importable, namespace, function.__closure__)
        return _worker.make_function, arguments, state, None, None, _worker.finish_function


class _LastResort(_Pickler):
    """Lets CPython itself carry objects that can't be pickled, if their type is registered for that."""

    carries = False

    def reducer_override(self, obj):
        reduced = super().reducer_override(obj)
        if reduced is not NotImplemented or isinstance(obj, (type, FunctionType)) or type(obj) in self.dispatch_table:
            return reduced
        try:
            return obj.__reduce_ex__(5)
        except Exception:
            number = _core._keep(obj)
            if number is None:
                raise
            self.carries = True
        return _core._kept, (number,)


def _needs(thing, globals_, all_of_them=False):
    """The globals that a function or class uses and that can be sent. Raises if there are others and all are needed."""
    names = [name for name, _, _ in _code.survey(thing, globals_) if name in globals_]
    needs = {name: globals_[name] for name in names if _is_sendable(globals_[name])}
    for name in names if all_of_them else ():
        if name not in needs:
            kind = type(globals_[name]).__name__
            raise TypeError(f"it uses the global '{name}', whose value of type '{kind}' cannot be sent")
    return needs


def _tell_cloudpickle(cls):
    """Registers a class's module with cloudpickle if workers can't import it: one in memory only, or half imported."""
    module = sys.modules.get(cls.__module__)
    if module is None or cls.__module__ in _by_value_modules or cls.__module__ == "__main__":
        return
    if "<locals>" not in cls.__qualname__ and not _code.is_importable(module):
        _by_value_modules.add(cls.__module__)
        cloudpickle.register_pickle_by_value(module)


def _keep_slots(cls, reduced):
    """Adds `__slots__` to the first members of a class: cloudpickle would set it later, when that has no effect."""
    if reduced is NotImplemented or "__slots__" not in vars(cls) or issubclass(cls, tuple):
        return reduced
    if reduced[0].__name__ != "_make_skeleton_class":
        return reduced
    make, (metaclass, name, bases, members, *rest), *others = reduced
    return make, (metaclass, name, bases, {**members, "__slots__": cls.__slots__}, *rest), *others


def _reduce_cell(cell):
    """A cell is made before its content, which may refer to the cell: a function that calls itself."""
    try:
        content = cell.cell_contents
    except ValueError:
        return CellType, ()
    return CellType, (), (content,), None, None, _worker.fill_cell


def _number(cls):
    """The number of a class that the main interpreter sends by value, or None."""
    known = _numbers.get(id(cls))
    if known is not None or not _code.is_by_value(cls):
        return known
    if _worker.is_worker():
        return None
    # Two threads may give a class two numbers, but never one number to two classes.
    number = next(_next_number)
    _classes[number] = cls
    _numbers[id(cls)] = number
    return number


def learn_class(cls, number):
    """On a worker: values that are sent back use the number with which the class came."""
    _numbers[id(cls)] = number


def class_by_number(number):
    """In the main interpreter: the class itself."""
    return _classes[number]


def dumps(value, first_error=None):
    """Pickles, by value where something can't be imported. `first_error`: the error of plain pickle."""
    return _dumps(value, first_error, inline=False)


def dumps_detached(value, first_error=None):
    """Pickles a function so that it keeps the globals that it needs as they are now."""
    return _dumps(value, first_error, inline=False, detached=True)


def define(thing):
    """Pickles a function or class that is sent with a snapshot of the globals that it needs."""
    if isinstance(thing, type):
        number = _number(thing)
        if number is not None:
            # The definition itself, for workers that do not know the number yet.
            thing = _Definition(number, _dumps(thing, None, inline=True))
    return _dumps(thing, None, inline=False, with_globals=False)


class _Definition:
    """Represents a class in a pickle; unpickling gives the class."""

    def __init__(self, number, data):
        self._parts = number, data

    def __reduce__(self):
        return _worker.adopt_class, self._parts


def _dumps(value, first_error, **options):
    with io.BytesIO() as file:
        try:
            _Pickler(file, **options).dump(value)
        except Exception as error:
            # Types that can't be pickled raise `TypeError`.
            if isinstance(error, TypeError) and sys.version_info >= (3, 12):
                data = _dumps_carrying(value, options)
                if data is not None:
                    return data
            # An error from the object itself says more than that of our second try.
            if isinstance(first_error, (pickle.PicklingError, AttributeError)) or first_error is None:
                raise
            raise first_error from error
        return file.getvalue()


def _dumps_carrying(value, options):
    """The same, including objects that CPython can carry. `None` if there are none."""
    with io.BytesIO() as file:
        pickler = _LastResort(file, **options)
        try:
            pickler.dump(value)
        except Exception as error:
            if pickler.carries:
                raise error from None  # the first error no longer applies
            return None
        return file.getvalue()


def carry(cls):
    """Lets CPython itself carry instances of that class from now on, although they can be pickled."""
    copyreg.pickle(cls, _carried)


def _carried(obj):
    number = _core._keep(obj)
    return obj.__reduce_ex__(5) if number is None else (_core._kept, (number,))


def answer(namespace, name):
    """Returns the object that a worker asks for, with the globals that it needs, pickled; None if there is none.

    `name` is a name in the namespace, or the number of a class that has been sent. If it is empty, tells whether the
    namespace exists.
    """
    if isinstance(name, int):
        thing = _classes[name]
        globals_ = _code.namespace_of(thing.__module__) or {}
    else:
        globals_ = _code.namespace_of(namespace)
        if not name:
            return None if globals_ is None else pickle.dumps(True)
        if globals_ is None or name not in globals_:
            return None
        thing = globals_[name]
    needs = _needs(thing, globals_) if isinstance(thing, (FunctionType, type)) else {}
    return _dumps((thing, needs), None, inline=True)


def forget():
    """Drops everything, so that bocpy keeps nothing alive at exit."""
    for table in (_classes, _numbers):
        table.clear()


def _is_sendable(value):
    if isinstance(value, ModuleType):
        return True
    if id(value) in _being_tried:
        return True  # it refers to itself through other objects
    _being_tried.add(id(value))
    try:
        _dumps(value, None, inline=True)
    except Exception:
        return False
    finally:
        _being_tried.discard(id(value))
    return True
