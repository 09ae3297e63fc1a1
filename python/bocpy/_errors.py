"""Moving exceptions between interpreters, and improving error messages."""

import pickle
import traceback

__all__ = [
    "RemoteTraceback",
    "culprit",
    "explain_import_error",
    "explain_name_error",
    "format_exception",
    "portable_exception",
]


class RemoteTraceback(Exception):
    """The cause of an exception that was raised in a behavior; shows the traceback from the worker."""

    def __init__(self, text):
        self.text = text
        super().__init__(text)

    def __str__(self):
        return f"\n{self.text.rstrip()}"

    def __reduce__(self):
        return RemoteTraceback, (self.text,)


def format_exception(error):
    """Returns the traceback as Python prints it."""
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


def portable_exception(error):
    """Returns an exception that can be pickled and unpickled: `error` itself, or one with the same message."""
    for candidate in (error, _bare(error)):
        try:
            pickle.loads(pickle.dumps(candidate, 5))
        except Exception:
            continue
        return candidate
    return RuntimeError(f"{type(error).__qualname__}: {_text(error)}")


def _bare(error):
    """An exception of the nearest builtin class, with only the name and the text of `error`."""
    for kind in type(error).__mro__:
        if issubclass(kind, BaseException) and kind.__module__ == "builtins":
            return kind(f"{type(error).__qualname__}: {_text(error)}")
    return error


def _text(error):
    try:
        return str(error)
    except Exception:
        return "<str() failed>"


def explain_name_error(error, name, reason):
    """Adds to a NameError why the global is missing."""
    error.args = (f"name '{name}' is not available in this behavior: {reason}",)


def explain_import_error(error, hint):
    """Adds to an ImportError what to do about a module that refuses sub-interpreters."""
    error.msg = f"{error.msg}{hint}"
    error.args = (error.msg, *error.args[1:])


def culprit(value):
    """Returns the type name of the innermost part of a value that cannot be pickled, or an empty string."""
    innermost = value
    # Deep enough in practice; each step pickles all inner parts again.
    for _ in range(20):
        refusing = next((part for part in _parts(innermost) if not _is_picklable(part)), None)
        if refusing is None:
            break
        innermost = refusing
    return "" if innermost is value else f"{type(innermost).__module__}.{type(innermost).__qualname__}"


def _parts(value):
    if isinstance(value, dict):
        return [*value.keys(), *value.values()][:1000]
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)[:1000]
    return list(getattr(value, "__dict__", {}).values())


def _is_picklable(value):
    from . import _by_value

    try:
        _by_value.dumps(value)
    except Exception:
        return False
    return True
