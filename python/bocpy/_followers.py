"""A worker's side of what it shares with the main interpreter: see `_relay`.

Output, log records and warnings go there; the environment, `sys.path` and levels of loggers come from there.
"""

import builtins
import io
import os
import sys
from _thread import get_ident
from importlib.machinery import PathFinder

from . import _core
from ._notebooks import CELL

__all__ = ["flush", "follow", "install", "leave"]

# The worker's name, for log records.
_name = "bocpy"
_limits = {}
_thread = None


def install(name, settings):
    """Called when a worker sets up its interpreter."""
    global _name, _thread, _limits
    _name, _thread, _limits = name, get_ident(), settings["limits"]
    for kind in ("stdout", "stderr"):
        file = getattr(sys, kind)
        if hasattr(file, "reconfigure"):
            # Finalizers may still write to it, beside other interpreters: whole lines.
            file.reconfigure(line_buffering=True)
        if file is not None or settings["has_" + kind]:
            setattr(sys, kind, _Output(kind, file))
    for module in _after.keys() & sys.modules.keys():
        _after[module](sys.modules[module])
    sys.meta_path.insert(0, _AfterImport)
    if settings["warnings"] is not None:
        import warnings

        warnings.resetwarnings()
        for action, message, category, module, line in settings["warnings"]:
            warnings.filters.append((action, _pattern(message), _category(*category), _pattern(module), line))
    follow(settings)


def follow(settings):
    """Takes over what the main program has set."""
    environ = os.environ
    for key, value in settings["environ"].items():
        # The process has it already. Only this interpreter does not know.
        if value is None:
            environ._data.pop(environ.encodekey(key), None)
        else:
            environ._data[environ.encodekey(key)] = environ.encodevalue(value)
    if settings["loggers"] is not None and hasattr(sys.modules.get("logging"), "LoggerAdapter"):
        _set_levels(sys.modules["logging"], settings["loggers"])


class _ByName(type):
    """A class that stands for one that is not known here yet: its subclasses are that one and those of that one."""

    def __subclasscheck__(cls, other):
        return any((base.__module__, base.__name__) == cls.stands_for for base in other.__mro__)


def _category(module, name):
    if module == "builtins":
        return getattr(builtins, name)
    return _ByName(name, (Warning,), {"__module__": module, "stands_for": (module, name)})


class _Pattern:
    """What a filter of warnings looks for. Most are never asked, and to import `re` takes longer than a start."""

    def __init__(self, text, flags):
        self._text = text
        self._flags = flags

    def match(self, text):
        import re

        return re.compile(self._text, self._flags).match(text)


def _pattern(told):
    # Else None, or a text that is to be equal.
    return _Pattern(*told) if isinstance(told, tuple) else told


class _Output(io.TextIOBase):
    """A worker's `sys.stdout` or `sys.stderr`: goes to that of the main program, line by line."""

    def __init__(self, kind, real):
        self._kind = kind
        self._real = real
        # What is not a whole line yet, with the notebook's cell that it belongs to, by thread.
        self._begun = {}

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        begun = self._begun
        thread = get_ident()
        before, _ = begun.pop(thread, ("", None))
        cell = CELL.get()
        whole, newline, rest = (before + text).rpartition("\n")
        if rest:
            if not begun:
                _core._has_unwritten()
            begun[thread] = rest, cell
        if newline:
            _core._send_main((self._kind, whole + newline, cell))
        return len(text)

    def flush(self):
        # An empty text, too: after that, what was written before is out.
        _core._send_main((self._kind, *self._begun.pop(get_ident(), ("", None))))
        _core._wait_for_main()

    def finish(self):
        """Writes what has no end of line."""
        while self._begun:
            _core._send_main((self._kind, *self._begun.popitem()[1]))

    def close(self):
        """Does nothing: others write to that file, too."""

    def writable(self):
        return True

    def fileno(self):
        return self._file().fileno()

    def isatty(self):
        return self._real is not None and self._real.isatty()

    def _file(self):
        if self._real is None:
            raise io.UnsupportedOperation("the program has no such file")
        return self._real

    @property
    def buffer(self):
        self.flush()
        return self._file().buffer

    @property
    def encoding(self):
        return getattr(self._real, "encoding", "utf-8")

    @property
    def errors(self):
        return getattr(self._real, "errors", "strict")

    @property
    def name(self):
        return f"<{self._kind}>"

    mode = "w"
    line_buffering = True

    def reconfigure(self, **options):
        """Does nothing: the main program's file decides."""


def flush():
    """Called at the end of a behavior that has written something without an end of line."""
    for file in (sys.stdout, sys.stderr):
        if isinstance(file, _Output):
            file.finish()


def leave():
    """Called before the interpreter ends. What is written later goes to the process's own files."""
    flush()
    for kind in ("stdout", "stderr"):
        file = getattr(sys, kind)
        if isinstance(file, _Output):
            setattr(sys, kind, file._real)
    warnings = sys.modules.get("warnings")
    if warnings is not None:
        # CPython drops the filters after all else. If one is an object of ours, the interpreter's memory is lost.
        kept = [entry for entry in warnings.filters if not any(_is_ours(part) for part in entry)]
        warnings.resetwarnings()
        warnings.filters.extend(kept)


def _is_ours(part):
    return isinstance(part, (_Pattern, _ByName))


class _AfterImport:
    """Calls a function after a module has been imported."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in _after:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, _after[name])
        return spec


class _Loader:
    def __init__(self, loader, then):
        self._loader = loader
        self._then = then

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._then(module)


# -- log records


def _logs_to_main(logging):
    from ._context import gather

    usual = frozenset(vars(logging.makeLogRecord({})))

    def basicConfig(**options):  # noqa: N802 (the function's name)
        # `logging.info` and its like call it if there are no handlers: those are the main program's.
        if options:
            basic_config(**options)
        else:
            _core._send_main(("handlers",))

    def addHandler(self, handler):  # noqa: N802 (the method's name)
        add_handler(self, handler)
        frame = sys._getframe(1)
        while frame is not None and frame.f_code.co_name != "<module>":
            frame = frame.f_back
        if frame is not None:
            # A module that is being imported here has added it in the main program, too: there it is called.
            handler.__dict__["_bocpy_is_of_main"] = True

    def callHandlers(self, record):  # noqa: N802
        if _call_own_handlers(self, record):
            return
        fields = dict(vars(record))
        fields["msg"], fields["args"] = record.getMessage(), None
        error = fields["exc_info"]
        error = error[1] if isinstance(error, tuple) else None
        fields["exc_info"] = None
        if fields["thread"] == _thread:
            fields["threadName"] = _name
        # Filters and handlers of the main program may ask for context variables.
        context = gather()
        try:
            _core._send_main(("log", fields, error, context))
        except Exception:
            from ._exceptions import can_travel, carefully

            for name in fields.keys() - usual:
                if not can_travel(fields[name]):
                    fields[name] = repr(fields[name])
            if error is not None:
                error = carefully(error)
            _core._send_main(("log", fields, error, context))

    basic_config = logging.basicConfig
    logging.basicConfig = basicConfig
    add_handler = logging.Logger.addHandler
    logging.Logger.addHandler = addHandler
    logging.Logger.callHandlers = callHandlers
    _set_levels(logging, _core._main_setting("loggers"))


def _call_own_handlers(logger, record):
    """Calls the handlers that a behavior has added. Returns whether that is all, as the logger does not propagate."""
    has_own = False
    while logger is not None:
        for handler in logger.handlers:
            if not vars(handler).get("_bocpy_is_of_main"):
                has_own = True
                if record.levelno >= handler.level:
                    handler.handle(record)
        if not logger.propagate:
            return has_own
        logger = logger.parent
    return False


def _set_levels(logging, loggers):
    if loggers is None:
        return
    for name, level in loggers["levels"].items():
        logging.getLogger(name or None).level = level
    for level, name in loggers["names"].items():
        logging.addLevelName(level, name)
    manager = logging.root.manager
    manager.disable = loggers["disable"]
    manager._clear_cache()


# -- warnings


def _warnings_to_main(warnings):
    def showwarning(message, category, filename, lineno, file=None, line=None):
        if file is not None:
            file.write(warnings.formatwarning(message, category, filename, lineno, line))
            return
        module = os.path.splitext(os.path.basename(filename))[0]
        for name, found in list(sys.modules.items()):
            if getattr(found, "__file__", None) == filename:
                module = name
                break
        try:
            _core._send_main(("warning", message, category, filename, lineno, module))
        except Exception:
            _core._send_main(("warning", UserWarning(str(message)), UserWarning, filename, lineno, module))

    warnings.showwarning = showwarning


# -- threads


def _explain_daemons(threading):
    from ._threads import explain_daemons

    explain_daemons()


def _watch_no_bars(tqdm):
    # A daemon thread would do that.
    tqdm.tqdm.monitor_interval = 0


# -- limits of libraries


_SETTERS = {"csv": "field_size_limit", "socket": "setdefaulttimeout", "sys": "set_int_max_str_digits"}


def _limit(module):
    if module.__name__ in _limits:
        getattr(module, _SETTERS[module.__name__])(_limits[module.__name__])


_after = {
    **dict.fromkeys(_SETTERS, _limit),
    "logging": _logs_to_main,
    "threading": _explain_daemons,
    "tqdm.std": _watch_no_bars,
    "warnings": _warnings_to_main,
}
