"""What `functools.singledispatch` and `singledispatchmethod` make is made again, as a cache in it cannot be sent."""

import functools
from types import MappingProxyType

__all__ = ["is_dispatcher", "reduce_dispatch_method", "reduce_dispatcher"]


def is_dispatcher(function):
    """Tells whether a function was made by `singledispatch`."""
    return function.__globals__ is vars(functools) and isinstance(getattr(function, "registry", None), MappingProxyType)


def reduce_dispatcher(function):
    """Returns what pickles it."""
    names = "__name__", "__qualname__", "__module__", "__doc__"
    made = vars(functools.singledispatch(function.registry[object]))
    attributes = {name: value for name, value in list(vars(function).items()) if name not in made}
    attributes.update((name, getattr(function, name)) for name in names)
    registry = list(function.registry.items())
    return _make_dispatcher, (function.registry[object],), (registry, attributes), None, None, _finish_dispatcher


def _make_dispatcher(default):
    return functools.singledispatch(default)


def _finish_dispatcher(function, state):
    registry, attributes = state
    for cls, implementation in registry:
        function.register(cls, implementation)
    for name, value in attributes.items():
        setattr(function, name, value)


def reduce_dispatch_method(method):
    """Returns what pickles a `singledispatchmethod`."""
    attributes = {name: value for name, value in list(vars(method).items()) if name not in ("func", "_method_cache")}
    return _make_method, (type(method), method.func), attributes, None, None, _finish_method


def _make_method(cls, function):
    return cls(function)


def _finish_method(method, attributes):
    vars(method).update(attributes)
