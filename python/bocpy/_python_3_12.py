"""What CPython 3.12 does wrong in sub-interpreters, and how workers go around it. None of it needs bocpy to happen."""

import sys

__all__ = ["work_around"]

# They start before they see that they are in a sub-interpreter, and only then refuse. What they have started is shared
# by all interpreters: two workers that try at the same time crash. So they are refused before they start.
_REFUSING = frozenset(
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
)


class _RefusingFinder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in _REFUSING:
            raise ImportError(f"module {name} does not support loading in subinterpreters", name=name)
        return None


def work_around():
    """Makes this worker's interpreter a safe place. Before anything else is imported."""
    sys.meta_path.insert(0, _RefusingFinder)

    import datetime

    # What stands in for `_datetime` says that its classes are its own.
    for name in ("date", "datetime", "time", "timedelta", "timezone", "tzinfo"):
        cls = getattr(datetime, name)
        if cls.__module__ == "_pydatetime":
            cls.__module__ = "datetime"
            if name == "timezone":
                # The native class, which gets it back, knows no state but its arguments.
                cls.__getstate__ = lambda self: None
