"""Pickling what can't be imported: functions and classes of `__main__`, closures, lambdas, local classes.

Classes are cloudpickle's work, which keeps their identity: a class that comes back is the class that was sent. Functions
are ours, as their globals are not copied with them but belong to a namespace that each worker has one of.
"""

import io
import marshal
import pickle
from types import FunctionType, ModuleType

import cloudpickle

from . import _code, _worker

__all__ = ["answer", "dumps"]


class _Pickler(cloudpickle.Pickler):
    """Sends functions as code and captures; leaves all else to cloudpickle."""

    def reducer_override(self, obj):
        if isinstance(obj, FunctionType):
            if _code.is_by_value(obj):
                return _reduce_function(obj)
            return NotImplemented
        if isinstance(obj, ModuleType) and obj.__name__ in ("__main__", "__mp_main__"):
            return _worker.module, (obj.__name__,)
        return super().reducer_override(obj)


def _reduce_function(function):
    importable, namespace = _code.origin(function.__globals__)
    state = (
        function.__name__,
        function.__qualname__,
        function.__module__,
        function.__doc__,
        function.__defaults__,
        function.__kwdefaults__,
        function.__dict__ or None,
    )
    code = marshal.dumps(function.__code__)
    arguments = (code, importable, namespace, function.__closure__)
    return _worker.make_function, arguments, state, None, None, _worker.finish_function


def dumps(value, first_error=None):
    """Pickles by value what can't be imported. `first_error`: what pickling it plainly came to."""
    with io.BytesIO() as file:
        try:
            _Pickler(file, protocol=5).dump(value)
        except Exception as error:
            # An object's own refusal says more than our second try.
            if isinstance(first_error, (pickle.PicklingError, AttributeError)) or first_error is None:
                raise
            raise first_error from error
        return file.getvalue()


def answer(namespace, name):
    """Gives what a worker asks for by name: the thing, and the globals that it needs. None: there is no such thing.

    Without a name, tells whether there is such a namespace.
    """
    globals_ = _code.namespace_of(namespace)
    if not name:
        return None if globals_ is None else ()
    if globals_ is None or name not in globals_:
        return None
    thing = globals_[name]
    needs = {}
    if isinstance(thing, (FunctionType, type)):
        for needed, _, _ in _code.survey(thing, globals_):
            if needed in globals_ and needed != name and _is_sendable(globals_[needed]):
                needs[needed] = globals_[needed]
    return thing, needs


def _is_sendable(value):
    try:
        dumps(value)
    except Exception:
        return False
    return True
