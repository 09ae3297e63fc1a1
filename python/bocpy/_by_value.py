"""Pickling objects that can't be imported: functions and classes of `__main__`, closures, lambdas, local classes.

Classes are in `_classes`. The globals of functions are not copied with them, but belong to a namespace that exists once
on each worker. The rest is cloudpickle's.
"""

import copyreg
import functools
import io
import itertools
import marshal
import operator
import pickle
import sys
from types import BuiltinFunctionType, CellType, FunctionType, ModuleType
from weakref import WeakKeyDictionary, WeakValueDictionary

import cloudpickle

from . import _annotations, _buffers, _classes, _code, _core, _dispatch, _pickling, _shared, _worker

__all__ = [
    "answer",
    "carry",
    "define",
    "dumps",
    "dumps_annotations",
    "dumps_detached",
    "dumps_global",
    "forget",
    "function_by_number",
    "is_own_function",
]

_FILES = (io.TextIOWrapper, io.BufferedReader, io.BufferedWriter, io.BufferedRandom, io.FileIO)
_NO_INSTANCES = (type, FunctionType, CellType, ModuleType)
_CACHED = type(functools.lru_cache(len))

# Functions of the main interpreter that have been sent and are one object on each worker, by number; and their numbers.
# Below zero: those in which something may change. As a value, such a function is copied with that; as a global, not.
_functions = WeakValueDictionary()
_function_numbers = WeakKeyDictionary()
_next_number = itertools.count(1)
# The definitions of those in which something may change, pickled.
_definitions = WeakKeyDictionary()
# Annotations of functions, pickled.
_annotations_by_function = WeakKeyDictionary()
_CONSTANTS = frozenset(
    [type(None), bool, int, float, complex, str, bytes, object, type, FunctionType, BuiltinFunctionType]
)
# Those that are nobody's global, but that cloudpickle knows.
_BUILTIN_CLASSES = {id(type(None)), id(type(...)), id(type(NotImplemented))}
_BUILTIN_CLASSES.update(map(id, cloudpickle.cloudpickle._BUILTIN_TYPE_NAMES))
# Ids of values for which `_is_sendable` is running.
_being_tried = set()


class _Pickler(cloudpickle.Pickler):
    """Sends functions as code and captures, and numbered classes by number; leaves the rest to cloudpickle."""

    def __init__(
        self,
        file,
        *,
        inline=False,
        with_globals=True,
        detached=False,
        of_globals=False,
        of_annotations=False,
        nested=False,
        asked=None,
    ):
        # What is in another pickle, as bytes, has all in itself: what is carried beside that belongs to that alone.
        super().__init__(file, protocol=5, buffer_callback=None if nested else _core._carry_buffer)
        # A definition includes the other classes that it uses, not their numbers: they may need each other to be made.
        self._inline = inline
        # Whether functions of a namespace take along the globals that they need.
        self._with_globals = with_globals and not inline
        # Whether functions get globals of their own, with what they need as it is now.
        self._detached = detached
        # Functions that are globals stay those.
        self._of_globals = of_globals
        # For globals that belong to no namespace, by `id`: the dict that is sent in their place.
        self._carried = {}
        # What a worker has asked for by its name: its name is no answer.
        self._asked = asked
        # A definition is sent once: what it may share with globals and other definitions is marked.
        self._share = None if self._with_globals and not of_annotations else _shared.share
        # Ids of what globals refer to, once they are needed.
        self._global_ids = None
        # Classes whose definitions are in this pickle, by `id`: a metaclass may make them unhashable.
        self._defined = {}

    def reducer_override(self, obj):
        reduced = self._reduce(obj)
        if self._share is None or isinstance(obj, _NO_INSTANCES):
            return reduced
        return _shared.reduce_global(obj, reduced, self._is_global)

    def _is_global(self, obj):
        if self._global_ids is None:
            self._global_ids = _code.ids_of_globals()
        return id(obj) in self._global_ids

    def _reduce(self, obj):
        if isinstance(obj, type):
            return self._reduce_class(obj)
        if isinstance(obj, FunctionType):
            if not _code.is_by_value(obj):
                return NotImplemented
            return _dispatch.reduce_dispatcher(obj) if _dispatch.is_dispatcher(obj) else self._reduce_function(obj)
        if isinstance(obj, CellType):
            return _reduce_cell(obj, self._share)
        if isinstance(obj, ModuleType):
            if obj.__name__ in ("__main__", "__mp_main__"):
                return _worker.module, (obj.__name__,)
            if _code.is_importable(obj):
                return _worker.import_module, (obj.__name__, None)
        if isinstance(obj, memoryview):
            return _buffers.reduce_view(obj)
        if isinstance(obj, _FILES) or obj is sys.stdout or obj is sys.stderr:
            return _reduce_file(obj)
        reduce = _pickling.known_reducer_of(obj)
        if reduce is not None:
            return reduce(obj)
        if isinstance(obj, _CACHED) and _code.is_by_value(obj):
            return _worker.make_cached, (obj.__wrapped__, obj.cache_parameters())
        if id(type(obj)) in self._defined:
            return _classes.reduce_instance(obj)
        if obj is self._asked and isinstance(obj.__reduce_ex__(5), str):
            return _classes.reduce_as_it_is(obj)
        return super().reducer_override(obj)

    def _reduce_class(self, cls):
        if not self._inline:
            number = _classes.number_of(cls)
            if number is not None:
                return _classes.by_number, (number,)
        if id(cls) in _BUILTIN_CLASSES:
            return super().reducer_override(cls)
        if not _code.is_by_value(cls):
            return NotImplemented
        if type(cls).__name__ == "PyCArrayType" and cls.__name__ == f"{cls._type_.__name__}_Array_{cls._length_}":
            return operator.mul, (cls._type_, cls._length_)  # `ctypes` makes these when they are needed
        self._defined[id(cls)] = cls
        return _classes.reduce_class(cls, self._share or _itself)

    def _reduce_function(self, function):
        is_global = self._is_global if self._share is not None or self._of_globals else None
        number = None if self._detached else _function_number(function, is_global)
        globals_ = function.__globals__
        importable, namespace = _code.place_of(globals_)
        needs = None
        if namespace is None or (self._detached and not importable):
            # Separate globals, made by `exec` and the like: those that the function needs go with it.
            namespace = self._carried.setdefault(id(globals_), {"__name__": globals_.get("__name__")})
            needs = _needs(function, globals_, all_of_them=self._detached)
        elif not importable and self._with_globals:
            needs = _needs(function, globals_)
            if needs:
                since = _worker.since(namespace, needs) if _worker.is_worker() else dict.fromkeys(needs, _core._now())
                needs = (namespace, needs, since)
        if self._of_globals and number is not None and number < 0:
            definition = _definition_of(function)
            if definition is not None:
                return _worker.define_function, (number, definition), needs, None, None, _worker.add_needs
            number = None  # it is copied
        share = self._share or _itself
        state = (
            function.__name__,
            function.__qualname__,
            function.__module__,
            function.__doc__,
            function.__defaults__ and tuple(map(share, function.__defaults__)),
            function.__kwdefaults__ and {name: share(part) for name, part in function.__kwdefaults__.items()},
            {name: share(part) for name, part in function.__dict__.copy().items()} or None,
            getattr(function, "__type_params__", ()),
            _annotations_of(function),
            needs,
        )
        arguments = (marshal.dumps(function.__code__), importable, namespace, function.__closure__, number)
        return _worker.make_function, arguments, state, None, None, _worker.finish_function


def _needs(thing, globals_, all_of_them=False):
    """The globals that a function or class uses and that can be sent. Raises if there are others and all are needed."""
    names = [name for name, _, _ in _code.survey(thing, globals_) if name in globals_]
    needs = {name: globals_[name] for name in names if _is_sendable(globals_[name])}
    for name in names if all_of_them else ():
        if name not in needs:
            kind = type(globals_[name]).__name__
            raise TypeError(f"it uses the global '{name}', whose value of type '{kind}' cannot be sent")
    return needs


def _annotations_of(function):
    if _annotations.is_packing():
        return None
    if function not in _annotations_by_function:
        _annotations_by_function[function] = _annotations.pack(function)
    return _annotations_by_function[function]


def _reduce_file(file):
    for name in ("stdin", "stdout", "stderr"):
        if file is not None and file in (getattr(sys, name), getattr(sys, f"__{name}__")):
            return _worker.standard_file, (name,)
    name = getattr(file, "name", None)
    raise _pickling.Refused(
        f"an open file, {name!r}, cannot be moved to another interpreter: move its path, and open it there"
    )


def _itself(part):
    return part


def _reduce_cell(cell, share):
    """A cell is made before its content, which may refer to the cell: a function that calls itself."""
    try:
        content = cell.cell_contents
    except ValueError:
        return CellType, ()
    if share is not None:
        reduced = _shared.reduce_cell(cell, share(content))
        if reduced is not None:
            return reduced
    return CellType, (), (content,), None, None, _worker.fill_cell


def _function_number(function, is_global):
    """The number of a function of the main interpreter that is the same wherever it goes, or None.

    `is_global`: tells whether a global refers to it. If given, such a function has a number although it may change.
    """
    if _worker.is_worker():
        number = _worker.function_number(function)
    else:
        number = _function_numbers.get(function)
        if number is None and _never_changes(function):
            number = next(_next_number)
        elif number is None and is_global is not None and is_global(function):
            number = -next(_next_number)
        if number is not None and function not in _function_numbers:
            number = _function_numbers.setdefault(function, number)
            _functions[number] = function
    return number if is_global is not None or number is None or number > 0 else None


def _definition_of(function):
    """Its definition, pickled; None if something in it has to be carried beside the pickle."""
    if function not in _definitions:
        try:
            with _pickling.all_in_one():
                _definitions[function] = _dumps(function, None, with_globals=False, nested=True)
        except Exception:
            _definitions[function] = None
    return _definitions[function]


def _never_changes(function):
    """Whether a function has no parts that a behavior could change for itself."""
    defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    return not function.__closure__ and not function.__dict__ and all(type(part) in _CONSTANTS for part in defaults)


def function_by_number(number):
    """Returns the main interpreter's function that was sent with that number, if it is still there."""
    return _functions.get(number)


def is_own_function(function):
    """Whether it is a function that has been sent with a number."""
    return function in _function_numbers


def dumps(value, first_error=None):
    """Pickles, by value where something can't be imported. `first_error`: the error of plain pickle."""
    return _dumps(value, first_error)


def dumps_annotations(found):
    """Pickles annotations. What is in them may be a global, too."""
    return _dumps(found, None, of_annotations=True)


def dumps_global(value, first_error=None):
    """Pickles a copy of a global, or of several: functions in it that are globals themselves stay those."""
    return _dumps(value, first_error, of_globals=True)


def dumps_detached(value, first_error=None):
    """Pickles a function so that it keeps the globals that it needs as they are now."""
    return _dumps(value, first_error, detached=True)


def define(thing):
    """Pickles a function or class that is sent with a snapshot of the globals that it needs."""
    if isinstance(thing, type):
        number = _classes.number_of(thing)
        if number is not None:
            # The definition itself, for workers that do not know the number yet.
            thing = _Definition(number, _dumps(thing, None, inline=True, nested=True))
    return _dumps(thing, None, with_globals=False)


class _Definition:
    """Represents a class in a pickle; unpickling gives the class."""

    def __init__(self, number, data):
        self._parts = number, data

    def __reduce__(self):
        return _classes.define, self._parts


def _dumps(value, first_error, **options):
    with io.BytesIO() as file:
        try:
            _Pickler(file, **options).dump(value)
        except Exception as error:
            if isinstance(error, _pickling.Refused):
                raise
            # An error from the object itself says more than that of our second try.
            if isinstance(first_error, (pickle.PicklingError, AttributeError)) or first_error is None:
                raise
            raise first_error from error
        return file.getvalue()


def carry(cls):
    """Lets CPython itself carry instances of that class from now on, although they can be pickled."""
    copyreg.pickle(cls, _pickling.carry)


def answer(namespace, name):
    """Returns the object that a worker asks for, with the globals that it needs, pickled; None if there is none.

    `name` is a name in the namespace; with an empty namespace, the number of a class that has been sent. If `name` is
    empty, tells whether the namespace exists.
    """
    if isinstance(name, int):
        thing = _classes.by_number(name)
        globals_ = _code.namespace_of(thing.__module__) or {}
    else:
        globals_ = _code.namespace_of(namespace)
        if not name:
            return None if globals_ is None else pickle.dumps(True)
        if globals_ is None or name not in globals_:
            return None
        thing = globals_[name]
    needs = _needs(thing, globals_) if isinstance(thing, (FunctionType, type)) else {}
    # Definitions are there before instances are made, which may use them.
    definitions = {name: value for name, value in needs.items() if isinstance(value, _NO_INSTANCES)}
    others = {name: value for name, value in needs.items() if name not in definitions}
    place = namespace or getattr(thing, "__module__", None)
    return _dumps((_Globals(place, definitions), thing, _Globals(place, others)), None, inline=True, asked=thing)


class _Globals:
    """Pickles as some globals of a namespace, which gets them as soon as they are read."""

    def __init__(self, namespace, globals_):
        self._parts = namespace, globals_

    def __reduce__(self):
        return _worker.add_globals, self._parts


def forget():
    """Drops everything, so that bocpy keeps nothing alive at exit."""
    _functions.clear()
    _function_numbers.clear()
    _definitions.clear()
    _annotations_by_function.clear()
    _classes.forget()
    _shared.forget()


def _is_disturbed(error):
    """Whether another thread has changed a container while it was gone through. Then a second try is worth it."""
    return isinstance(error, RuntimeError) and "during iteration" in str(error)


def _is_sendable(value):
    if isinstance(value, ModuleType):
        return True
    if id(value) in _being_tried:
        return True  # it refers to itself through other objects
    _being_tried.add(id(value))
    try:
        for _ in range(100):
            try:
                _core._try(functools.partial(_dumps, value, None, inline=True))
            except Exception as error:
                if not _is_disturbed(error):
                    return False
            else:
                return True
        return False
    finally:
        _being_tried.discard(id(value))
