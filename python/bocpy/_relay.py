"""The main interpreter's side of what workers share with it: their output, log records, warnings and measured coverage
arrive here; what the program sets (the environment, levels of loggers) is passed on to them.

`_followers` is the other side.
"""

import os
import sys

from . import _core

__all__ = ["answer", "begin", "deliver"]

# What interpreters keep apart, by module, and the functions that get it.
_LIMITS = {"csv": "field_size_limit", "socket": "getdefaulttimeout", "sys": "get_int_max_str_digits"}
# What has been set since the first start.
_environ = {}
_loggers = None
# The names of levels that workers have anyway.
_LEVELS = {50: "CRITICAL", 40: "ERROR", 30: "WARNING", 20: "INFO", 10: "DEBUG", 0: "NOTSET"}
# As in a module's `__warningregistry__`: warnings of workers that have been shown, by file.
_shown = {}


def begin():
    """Called before workers start. Returns what they have to know."""
    if type(os.environ) is os._Environ:
        os.environ.__class__ = _Environ
    warnings = sys.modules.get("warnings")
    limits = {}
    for name, get in _LIMITS.items():
        get = getattr(sys.modules.get(name), get, None)
        if get is not None:
            limits[name] = get()
    return {
        "limits": limits,
        "warnings": _filters(warnings) if hasattr(warnings, "filters") else None,
        "has_stdout": sys.stdout is not None,
        "has_stderr": sys.stderr is not None,
        "environ": _environ,
        "loggers": _loggers,
    }


class _Environ(os._Environ):
    """The environment; changes are passed on to the workers."""

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        _environ[key] = value
        _publish()

    def __delitem__(self, key):
        super().__delitem__(key)
        _environ[key] = None
        _publish()


# Users see the class's name, if any.
_Environ.__name__ = _Environ.__qualname__ = "_Environ"
_Environ.__module__ = "os"


def _filters(warnings):
    # Workers take them over before they know any class of the program, so classes go by their names. Without pickle,
    # workers start faster.
    filters = []
    for action, message, category, module, line in warnings.filters:
        patterns = [(part.pattern, part.flags) if hasattr(part, "flags") else part for part in (message, module)]
        filters.append((action, patterns[0], (category.__module__, category.__name__), patterns[1], line))
    return filters


def _publish():
    _core._publish({"environ": _environ, "loggers": _loggers})


def answer(question):
    """What a worker asks for."""
    if question == "path":
        return [entry for entry in sys.path if isinstance(entry, str)]
    if question == "loggers":
        return _watch_loggers()
    return None


def _watch_loggers():
    """Returns the levels of loggers; from now on, workers get every change."""
    global _loggers
    logging = _core._import("logging")

    manager = logging.root.manager
    if _loggers is None:
        clear_cache = manager._clear_cache

        def clear_and_publish():
            # Called after any change of a level.
            global _loggers
            clear_cache()
            _loggers = _levels(logging)
            _publish()

        manager._clear_cache = clear_and_publish
        add_level_name = logging.addLevelName

        def add_and_publish(level, levelName):  # noqa: N803 (the parameter's name)
            global _loggers
            add_level_name(level, levelName)
            _loggers = _levels(logging)
            _publish()

        logging.addLevelName = add_and_publish
    _loggers = _levels(logging)
    _publish()
    return _loggers


def _levels(logging):
    manager = logging.root.manager
    before = _loggers["levels"] if _loggers else {}
    levels = {"": logging.root.level}
    for name, logger in list(manager.loggerDict.items()):
        level = getattr(logger, "level", 0)
        if level or name in before:
            levels[name] = level
    names = {level: name for level, name in list(logging._levelToName.items()) if _LEVELS.get(level) != name}
    return {"levels": levels, "disable": manager.disable, "names": names}


def deliver(messages):
    """What workers have sent, in order."""
    files = []
    for kind, *rest in messages:
        try:
            if kind == "log":
                _log(*rest)
            elif kind == "warning":
                _warn(*rest)
            elif kind == "coverage":
                _core._import("bocpy._coverage").add(*rest)
            elif kind == "handlers":
                _core._import("logging").basicConfig()
            else:
                text, cell = rest
                file = getattr(sys, kind)
                context = None if cell is None else _core._import("bocpy._notebooks").context_of(cell)
                if file is not None:
                    file.write(text) if context is None else context.run(file.write, text)
                    if file not in files:
                        files.append(file)
        except Exception as error:
            _complain(kind, error)
    for file in files:
        try:
            file.flush()
        except Exception as error:
            _complain("output", error)


def _complain(kind, error):
    file = sys.__stderr__
    if file is not None:
        text = _core._import("bocpy._errors").format_exception(error)
        file.write(f"bocpy: a worker's {kind} was lost, as the main program could not take it:\n{text}")


def _log(fields, error, context):
    logging = _core._import("logging")

    if error is not None:
        fields["exc_info"] = (type(error), error, error.__traceback__)
    name = logging.getLevelName(fields["levelno"])
    if not name.startswith("Level "):
        fields["levelname"] = name
    logger = logging.getLogger(None if fields["name"] == "root" else fields["name"])
    if logger.isEnabledFor(fields["levelno"]):
        record = logging.makeLogRecord(fields)
        if context is None:
            logger.handle(record)
        else:
            _core._import("bocpy._context").restore(context).run(logger.handle, record)


def _warn(message, category, filename, line, module):
    warnings = _core._import("warnings")

    registry = _shown.setdefault(filename, {})
    warnings.warn_explicit(message, category, filename, line, module, registry)
