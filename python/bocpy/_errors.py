"""Exceptions that travel, and what is said of them."""

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
    """Stands as the cause of an exception that was raised in a behavior, and shows the traceback from there."""

    def __init__(self, text):
        self.text = text
        super().__init__(text)

    def __str__(self):
        return f"\n{self.text.rstrip()}"

    def __reduce__(self):
        return RemoteTraceback, (self.text,)


def format_exception(error):
    """Gives the traceback as Python prints it."""
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


def portable_exception(error):
    """Gives an exception that can be pickled and unpickled: `error` itself, or one that says the same."""
    for candidate in (error, _bare(error)):
        try:
            pickle.loads(pickle.dumps(candidate, 5))
        except Exception:
            continue
        return candidate
    return RuntimeError(f"{type(error).__qualname__}: {_text(error)}")


def _bare(error):
    """The same kind of exception with nothing but its text."""
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
    """Says why a global name is not there."""
    error.args = (f"name '{name}' is not available in this behavior: {reason}",)


def explain_import_error(error, hint):
    """Says what to do about a module that refuses sub-interpreters."""
    error.msg = f"{error.msg}{hint}"
    error.args = (error.msg, *error.args[1:])


def culprit(value):
    """Names the type of the innermost part of a value that cannot be pickled, or gives an empty string."""
    innermost = value
    # Far enough for what people write; each step pickles once more all that is further in.
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
