"""Improving error messages."""

import re
import traceback
from types import FunctionType

__all__ = [
    "culprit",
    "explain_import_error",
    "explain_name_error",
    "format_exception",
]


def format_exception(error):
    """Returns the traceback as Python prints it."""
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


def explain_name_error(error, name, reason):
    """Adds to a NameError why the global is missing."""
    error.args = (f"name '{name}' is not available in this behavior: {reason}",)


# How CPython, PyO3 and Cython say that a module refuses an interpreter that is not the main one.
_REFUSAL = re.compile(r"sub-?interpreter|interpreter change detected", re.IGNORECASE)
_REFUSING_MODULE = re.compile(r"module '?([\w.]+)'? does not support loading in subinterpreters")
_ADVICE = 'use start(backend="threads"), or set the environment variable BOCPY_BACKEND=threads'


def explain_import_error(error):
    """Puts first in an ImportError what to do, if it is because a module refuses sub-interpreters.

    The library that is imported may hide that: so the errors that led to this one count as well.
    """
    errors = [error]
    for later in errors:
        for earlier in (later.__cause__, later.__context__):
            if earlier is not None and not any(earlier is known for known in errors):
                errors.append(earlier)
    refusals = [one for one in errors if _REFUSAL.search(_text(one))]
    if not refusals or any(_ADVICE in _text(one) for one in refusals):
        return
    # The first of all knows best.
    libraries = [library for library in map(_refusing_library, reversed(refusals)) if library]
    library = libraries[0] if libraries else "a library"
    said = _text(error).strip()
    error.msg = f"{library} refuses sub-interpreters, in which the workers run: {_ADVICE}. The error was: {said}"
    error.args = (error.msg, *error.args[1:])


def _refusing_library(refusal):
    """The library that refuses, as far as that is known. CPython may give only the last part of a module's name."""
    module = _imported_at(refusal.__traceback__)
    if not module:
        named = _REFUSING_MODULE.search(_text(refusal))
        module = named[1] if named else ""
    return module.partition(".")[0]


def _imported_at(trace):
    """What was being imported where an error was raised, by the instruction that was running."""
    if trace is None:
        return ""
    import dis  # only here, as they take some time to import
    from importlib.util import resolve_name

    while trace.tb_next is not None:
        trace = trace.tb_next
    before = []
    for instruction in dis.get_instructions(trace.tb_frame.f_code):
        if instruction.offset == trace.tb_lasti and instruction.opname == "IMPORT_NAME":
            level = before[-2].argval if len(before) > 1 else 0
            package = trace.tb_frame.f_globals.get("__package__")
            try:
                return resolve_name("." * level + instruction.argval, package)
            except (ImportError, TypeError):
                return instruction.argval
        if instruction.opname != "EXTENDED_ARG":
            before.append(instruction)
    return ""


def culprit(value):
    """Returns the type name of the innermost part of a value that cannot be pickled, or an empty string.

    And the name of the attribute, default or variable of the value in which that is, or an empty string.
    """
    innermost, names = value, []
    # Deep enough in practice; each step pickles all inner parts again.
    for _ in range(20):
        name, refusing = next(((name, part) for name, part in _parts(innermost) if not _is_picklable(part)), ("", None))
        if refusing is None:
            break
        innermost = refusing
        names.append(name)
    if innermost is value:
        return "", ""
    return f"{type(innermost).__module__}.{type(innermost).__qualname__}", names[0]


def _parts(value):
    """The parts of a value, each with its name there if it has one."""
    if isinstance(value, dict):
        return [("", part) for part in [*value.keys(), *value.values()][:1000]]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [("", part) for part in list(value)[:1000]]
    parts = list(getattr(value, "__dict__", {}).items())
    if isinstance(value, FunctionType):
        code, defaults = value.__code__, value.__defaults__ or ()
        names = code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount]
        parts += [*zip(names, defaults), *(value.__kwdefaults__ or {}).items()]
        for name, cell in zip(code.co_freevars, value.__closure__ or ()):
            try:
                parts.append((name, cell.cell_contents))
            except ValueError:
                pass  # it is empty
    return parts


def _is_picklable(value):
    from . import _core

    _by_value = _core._import("bocpy._by_value")

    try:
        _by_value.dumps(value)
    except Exception:
        return False
    return True


def _text(error):
    try:
        return str(error)
    except Exception:
        return "<str() failed>"
