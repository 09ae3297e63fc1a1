"""Moving exceptions between interpreters: each arrives as itself.

What `pickle` does with an exception is to call its class with its `args`. That fails, or gives another exception, where
`__init__` takes other arguments. So an exception is made without its `__init__` here. Its notes, cause, context and
traceback come along, and the members of a group; `pickle` leaves those out.
"""

import _pickle
import builtins
import copyreg
from types import GetSetDescriptorType, MemberDescriptorType

from . import _core
from ._tracebacks import frames_of, traceback_of

__all__ = ["can_travel", "cancelled", "carefully", "reduce_exception"]


def cancelled(name):
    """Returns the result of the behavior of that name, which was cancelled."""
    # Imported late: few programs need it, and it takes long.
    CancelledError = _core._import("concurrent.futures").CancelledError  # noqa: N806
    behavior = f"the behavior '{name}'" if name else "the behavior with this result"
    return CancelledError(f"{behavior} was cancelled before it began")


def reduce_exception(error):
    """Returns what pickles it, for `__reduce__`."""
    return _Parts(error).reduced()


def carefully(error):
    """Returns an object that pickles as `error`, but for parts that cannot travel: notes name them."""
    return _Careful(error, {})


class _Parts:
    """What an exception is made of."""

    def __init__(self, error):
        self._error = error

    def reduced(self):
        error, lost = self._error, []
        if _reduces_itself(error):
            function, args, *rest = error.__reduce_ex__(5)
            made = _call, (function, args)
            state = {"own": rest[0] if rest else None, "slots": {}, "fields": {}, "args": None}
        else:
            native = _native(type(error))
            is_group = isinstance(error, getattr(builtins, "BaseExceptionGroup", ()))
            given = (error.message, error.exceptions) if is_group else native.__reduce__(error)[1]
            made = _make, (self._class(lost), self._args(given, lost))
            state = {
                "own": self._attributes({k: v for k, v in vars(error).items() if k != "__notes__"}, lost),
                "slots": self._attributes(_slots(error), lost),
                "fields": _fields(error, native),
                "args": self._args(error.args, lost) if is_group else None,
            }
        notes = [note for note in getattr(error, "__notes__", None) or () if isinstance(note, str)]
        state["notes"] = notes + [f"bocpy: {what}" for what in lost]
        state["links"] = [linked and self._link(linked) for linked in (error.__cause__, error.__context__)]
        state["suppress"] = error.__suppress_context__
        state["frames"] = frames_of(error.__traceback__)
        return *made, state, None, None, _fill

    def _link(self, error):
        return error

    def _args(self, args, lost):
        return args

    def _attributes(self, attributes, lost):
        return attributes

    def _class(self, lost):
        return type(self._error)


class _Careful(_Parts):
    """Pickles as an exception of which some parts cannot travel."""

    def __init__(self, error, known):
        super().__init__(error)
        # Those of one tree: an exception may be in it twice, or be its own context.
        self._known = known
        known[id(error)] = self

    def __reduce__(self):
        return self.reduced()

    def _link(self, error):
        return self._known.get(id(error)) or _Careful(error, self._known)

    def _args(self, args, lost):
        return tuple(self._arg(n, arg, lost) for n, arg in enumerate(args))

    def _arg(self, n, arg, lost):
        if isinstance(arg, BaseException):
            return self._link(arg)
        if can_travel(arg):
            return arg
        if type(arg) in (list, tuple) and any(isinstance(part, BaseException) for part in arg):
            return type(arg)(self._arg(n, part, lost) for part in arg)
        kind = type(arg).__qualname__
        lost.append(f"args[{n}], of type '{kind}', cannot be moved to another interpreter: this is its text")
        return _text(arg)

    def _attributes(self, attributes, lost):
        left = {}
        for name, value in attributes.items():
            if isinstance(value, BaseException):
                left[name] = self._link(value)
            elif can_travel(value):
                left[name] = value
            else:
                kind = type(value).__qualname__
                lost.append(
                    f"the attribute '{name}', of type '{kind}', cannot be moved to another interpreter: it was left out"
                )
        return left

    def _class(self, lost):
        cls = type(self._error)
        if can_travel(cls):
            return cls
        base = next(base for base in cls.__mro__ if issubclass(base, BaseException) and can_travel(base))
        name = f"{cls.__module__}.{cls.__qualname__}"
        lost.append(f"its class {name} cannot be moved to another interpreter: here it is a {base.__qualname__}")
        return _ClassLike(cls, base)


class _ClassLike:
    """Pickles as a class of that name, with a base that can travel."""

    def __init__(self, cls, base):
        self._parts = (cls.__name__, cls.__qualname__, cls.__module__, base)

    def __reduce__(self):
        return _class_like, self._parts


def _class_like(name, qualname, module, base):
    return type(name, (base,), {"__module__": module, "__qualname__": qualname})


def _native(cls):
    """The builtin class whose memory layout such exceptions have."""
    while vars(builtins).get(cls.__name__) is not cls:
        cls = cls.__base__
    return cls


def _reduces_itself(error):
    """Whether the program says how such an exception is pickled, and that works."""
    cls = type(error)
    native = _native(cls)
    names = ("__reduce__", "__reduce_ex__", "__setstate__")
    if cls not in copyreg.dispatch_table and all(getattr(cls, name) is getattr(native, name) for name in names):
        return False
    return _survives_pickle(error)


def _survives_pickle(thing):
    try:
        _pickle.loads(_pickle.dumps(thing, 5))
    except Exception:
        return False
    return True


def can_travel(thing):
    """Whether it can be moved to another interpreter: tries."""
    if _survives_pickle(thing):
        return True
    _by_value = _core._import("bocpy._by_value")

    try:
        _by_value.dumps(thing)
    except Exception:
        return False
    return True


def _slots(error):
    slots = {}
    for cls in type(error).__mro__:
        for name in vars(cls).get("__slots__", ()):
            if isinstance(vars(cls).get(name), MemberDescriptorType) and hasattr(error, name):
                slots[name] = getattr(error, name)
    return slots


def _fields(error, native):
    """What exceptions have beside `args`, in the memory of such builtin classes."""
    fields = {}
    for cls in native.__mro__:
        for name, descriptor in vars(cls).items():
            # An AttributeError leads to the object that it is about; it stays behind, as with `pickle`.
            if isinstance(descriptor, (GetSetDescriptorType, MemberDescriptorType)) and name not in ("args", "obj"):
                value = getattr(error, name, None)
                if name[0] != "_" and (value is None or isinstance(value, (str, int, bytes))):
                    fields[name] = value
    return fields


def _text(thing):
    try:
        return repr(thing)
    except Exception:
        return f"<{type(thing).__qualname__}>"


def _call(function, args):
    return function(*args)


def _make(cls, args):
    error = _native(cls).__new__(cls, *args)
    # That of the first builtin class, past those of the program.
    next(base for base in cls.__mro__ if vars(builtins).get(base.__name__) is base).__init__(error, *args)
    return error


def _fill(error, state):
    own = state["own"]
    if isinstance(own, dict) and type(error).__setstate__ is BaseException.__setstate__:
        vars(error).update(own)
    elif own is not None:
        error.__setstate__(own)
    if state["args"] is not None:
        error.args = state["args"]
    for name, value in state["slots"].items():
        setattr(error, name, value)
    for name, value in state["fields"].items():
        if getattr(error, name, None) != value:
            try:
                setattr(error, name, value)
            except (AttributeError, TypeError):
                pass  # a part of another one
    error.__cause__, error.__context__ = state["links"]
    error.__suppress_context__ = state["suppress"]
    if state["notes"]:
        error.__notes__ = state["notes"]
    error.__traceback__ = traceback_of(state["frames"])
