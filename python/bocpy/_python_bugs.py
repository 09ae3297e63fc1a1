"""Workarounds for bugs of CPython 3.12 to 3.14 in sub-interpreters. The bugs also occur without bocpy.

3.12: modules that refuse sub-interpreters start to initialize before they notice that they are in one. They initialize
state that all interpreters share: two workers that try at the same time crash. So bocpy refuses them beforehand.

3.13: `_datetime` has shared state; each interpreter that ends frees a part that belongs to another one.

3.12 to 3.14: `tracemalloc` keeps the file names of code, strings of any interpreter, in one table. When it stops, which
the end of Python does too, it frees those of interpreters that have ended: a crash, as of this program.

    import _interpreters, tracemalloc
    tracemalloc.start()
    other = _interpreters.create("isolated")
    _interpreters.run_string(other, "exec(compile('x = [bytes(100)]', 'other.py', 'exec'))")
    _interpreters.destroy(other)
"""

import sys
from importlib.machinery import PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location

__all__ = ["refuse_tracing", "stop_tracing", "work_around"]

_REFUSED = {
    (3, 12): frozenset(
        [
            "_ctypes",
            "_curses",
            "_curses_panel",
            "_datetime",
            "_decimal",
            "_elementtree",
            "_lsprof",
            "_tkinter",
            "_zoneinfo",
            "nis",
            "ossaudiodev",
            "pyexpat",
            "readline",
        ]
    ),
    (3, 13): frozenset(["_datetime", "_zoneinfo"]),
}


class _Finder:
    """Refuses modules, and finds the replacement for `_datetime`."""

    def __init__(self, refused):
        self._refused = refused

    def find_spec(self, name, path=None, target=None):
        if name in self._refused:
            raise ImportError(f"module {name} does not support loading in subinterpreters", name=name)
        if name == "_pydatetime":
            found = PathFinder.find_spec(name, path)
            if found is not None and type(found.loader) is SourceFileLoader:
                return spec_from_file_location(name, found.origin, loader=_DatetimeLoader(name, found.origin))
        return None


class _DatetimeLoader(SourceFileLoader):
    """Sets `__module__` of the classes in `_pydatetime`, so that their pickles refer to those of `datetime`."""

    def exec_module(self, module):
        super().exec_module(module)
        for name in ("date", "datetime", "time", "timedelta", "timezone", "tzinfo"):
            getattr(module, name).__module__ = "datetime"
        # The native class, as which it is unpickled, accepts only its arguments and no state.
        module.timezone.__getstate__ = lambda self: None


def work_around():
    """Applies the workarounds in this worker's interpreter. Call it before anything else is imported."""
    refused = _REFUSED.get(sys.version_info[:2])
    if refused is not None:
        sys.meta_path.insert(0, _Finder(refused))


def refuse_tracing():
    """Raises where workers in interpreters cannot start since `tracemalloc` is on. Called in the main interpreter."""
    if (3, 12) <= sys.version_info < (3, 15) and _is_tracing():
        version = "{}.{}".format(*sys.version_info)
        raise RuntimeError(
            "workers cannot start in interpreters of their own while tracemalloc is on, as CPython "
            f"{version} would crash at its end (3.15 does not): call tracemalloc.stop() before, or run "
            "behaviors on threads, with "
            "start(backend='threads') or BOCPY_BACKEND=threads"
        )


def stop_tracing():
    """Stops `tracemalloc`, if it was started while there were workers, before their interpreters end.

    Returns whether it did. CPython 3.12 would crash here too, as soon as code has gone whose file is in the table.
    """
    if not (3, 13) <= sys.version_info < (3, 15) or not _is_tracing():
        return False
    import _tracemalloc

    _tracemalloc.stop()
    return True


def _is_tracing():
    # Not the module `tracemalloc`: `python -X tracemalloc` does without it.
    import _tracemalloc

    return _tracemalloc.is_tracing()
