"""What runs on the workers for `Executor`, `gather` and `map`. They import no more than this."""

from _thread import _local
from time import perf_counter
from types import FunctionType

from . import _core, _worker

__all__ = [
    "InitializerFailed",
    "behavior",
    "call_all",
    "call_group",
    "call_group_initialized",
    "call_initialized",
    "gathered",
    "is_plain",
    "name_of",
]

# Nobody can change these, so it does not matter whether several calls have the same one.
_CONSTANTS = frozenset([type(None), bool, int, float, complex, str, bytes, range, type(...)])

# `inspect` has names for these, but takes long to import: generators, coroutines, both; and `*args`.
_MAKES_GENERATOR = 0x20 | 0x80 | 0x100 | 0x200
_TAKES_MORE = 0x04

_here = _local()
# The functions of the calls of `Executor.map` that this interpreter has seen last, by number.
_functions = {}
_MOST_FUNCTIONS = 32


def behavior(function, args, kwargs):
    """Returns what `whencall` takes for a call: the function itself, as it has a name, if it can be a behavior."""
    captures = _in_order(function, args, kwargs) if type(function) is FunctionType else None
    if captures is None:
        return call, (), (function, args, kwargs), name_of(function)
    return function, (), captures, None


def name_of(function):
    """What a behavior that calls the function is called."""
    name = getattr(function, "__qualname__", None) or getattr(getattr(function, "func", None), "__qualname__", None)
    return name if type(name) is str else type(function).__qualname__


def _in_order(function, args, kwargs):
    """All arguments in their order. None if these are not just those that a behavior would take."""
    code = function.__code__
    # Neither a generator nor a coroutine can be a behavior: a call returns one.
    if code.co_kwonlyargcount or code.co_flags & _MAKES_GENERATOR:
        return None
    given, most = len(args), code.co_argcount
    if kwargs:
        for name in code.co_varnames[max(given, code.co_posonlyargcount) : most]:
            if name not in kwargs:
                break
            args = (*args, kwargs[name])
        if len(args) - given != len(kwargs):
            return None
        given = len(args)
    least = most - len(function.__defaults__ or ())
    return args if least <= given and (given <= most or code.co_flags & _TAKES_MORE) else None


class InitializerFailed(Exception):
    """The initializer of an executor has raised its cause."""


def call(function, args, kwargs):
    """A call that could not be a behavior of its own."""
    return function(*args, **kwargs)


def call_all(calls):
    """The results of several calls."""
    return [function(*args, **kwargs) for function, args, kwargs in calls]


def call_initialized(initializer, number, function, args, kwargs):
    """The same, once the initializer of the executor has run on this worker."""
    _initialize(initializer, number)
    return function(*args, **kwargs)


def _initialize(initializer, number):
    # By thread: where workers share an interpreter, each has its own.
    outcomes = vars(_here).setdefault("outcomes", {})
    if number not in outcomes:
        outcomes[number] = None
        function, args = initializer.value
        try:
            function(*args)
        except BaseException as error:
            outcomes[number] = error
            raise InitializerFailed from error
    elif outcomes[number] is not None:
        raise InitializerFailed from outcomes[number]


def call_group(function, number, items, seconds):
    """Calls a function with each of the items, but ends early when that has taken longer than `seconds`.

    Returns a list of what that gives, and the seconds taken. What another call could change is in a cown of its own, as
    it is now. The list has None for that, and a dict has the cown by its place, and whether it is an exception that was
    raised.
    """
    function = _known(function, number)
    values, alone = [], None
    begun = now = perf_counter()
    end = begun + seconds
    for args in items:
        is_raised = False
        try:
            value = function(*args)
        except BaseException as error:
            is_raised, value = True, error
        if type(value) not in _CONSTANTS and not is_plain(value):
            alone = alone or {}
            alone[len(values)] = _alone(value, is_raised)
            value = None
        values.append(value)
        now = perf_counter()
        if now > end:
            break
    return values, alone, now - begun


def _alone(value, is_raised):
    # In a list, which those who hand over the value can empty.
    try:
        return _core.Cown([value]), is_raised
    except BaseException:
        if is_raised:
            return _core.Cown([_core._import("bocpy._exceptions").carefully(value)]), True
    try:
        _core.Cown(value)  # the error is about it, not about the list
        return _core.Cown([value]), False
    except BaseException as error:
        return _core.Cown([error]), True


def call_group_initialized(function, initializer, executor, number, items, seconds):
    """The same, once the initializer of the executor has run on this worker."""
    _initialize(initializer, executor)
    return call_group(function, number, items, seconds)


def _known(function, number):
    if number is None or not _worker.is_worker():
        return function.value
    known = _functions.get(number)
    if known is None:
        if len(_functions) >= _MOST_FUNCTIONS:
            _functions.pop(next(iter(_functions)))
        known = _functions[number] = function.value
    return known


def is_plain(value):
    """Whether nobody can change a value."""
    kind = type(value)
    return kind in _CONSTANTS or (kind in (tuple, frozenset) and all(map(is_plain, value)))


def gathered(cowns, return_exceptions):
    """The values of the cowns. The first that was raised is raised again, or is among the others."""
    values = []
    for cown in cowns:
        value = cown.value
        # This is a look at it: nobody else need be told.
        if cown.exception and not return_exceptions:
            raise value
        values.append(value)
    return values
