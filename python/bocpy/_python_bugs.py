"""Workarounds for bugs of CPython 3.12 and 3.13 in sub-interpreters. The bugs also occur without bocpy.

3.12: modules that refuse sub-interpreters start to initialize before they notice that they are in one. They initialize
state that all interpreters share: two workers that try at the same time crash. So bocpy refuses them beforehand.

3.13: `_datetime` has shared state; each interpreter that ends frees a part that belongs to another one.
"""

import sys
from importlib.machinery import PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location

__all__ = ["work_around"]

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
