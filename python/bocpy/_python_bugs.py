"""What CPython 3.12 and 3.13 do wrong in sub-interpreters, and how workers go around it. It happens without bocpy, too.

3.12: modules that refuse sub-interpreters start before they see that they are in one. What they have started is shared
by all interpreters: two workers that try at the same time crash. So they are refused before they start.

3.13: of what `_datetime` shares, each interpreter that ends frees a part that is another's.
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
    """Refuses modules, and finds what stands in for `_datetime`."""

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
    """The classes in `_pydatetime` say that they are its own; but they are to come back as those of `datetime`."""

    def exec_module(self, module):
        super().exec_module(module)
        for name in ("date", "datetime", "time", "timedelta", "timezone", "tzinfo"):
            getattr(module, name).__module__ = "datetime"
        # The native class, which gets it back, knows no state but its arguments.
        module.timezone.__getstate__ = lambda self: None


def work_around():
    """Makes this worker's interpreter a safe place. Before anything else is imported."""
    refused = _REFUSED.get(sys.version_info[:2])
    if refused is not None:
        sys.meta_path.insert(0, _Finder(refused))
