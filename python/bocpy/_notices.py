"""The noticeboard as Python programs see it."""

import sys
import traceback
from collections.abc import Mapping

__all__ = ["REMOVED", "Noticeboard", "report_failed_update"]


class _Removed:
    """The class of `REMOVED`, of which each interpreter has one instance."""

    def __repr__(self):
        return "REMOVED"

    def __reduce__(self):
        return "REMOVED"


REMOVED = _Removed()
# Where pickles find it.
REMOVED.__module__ = "bocpy"


class Noticeboard(Mapping):
    """The noticeboard as it was at some time, to be read only. Values are opened when they are asked for."""

    __slots__ = ("_snapshot",)

    def __init__(self, snapshot):
        self._snapshot = snapshot

    def __getitem__(self, key):
        return self._snapshot.get(key)

    def __contains__(self, key):
        return key in self._snapshot.names()

    def __iter__(self):
        return iter(self._snapshot.names())

    def __len__(self):
        return len(self._snapshot.names())

    def __repr__(self):
        return f"noticeboard({dict(self)!r})"

    def __reduce__(self):
        # It is what it shows, somewhere else.
        return dict, (dict(self),)


def contents(snapshot):
    """Returns the entries of a snapshot as a dict. Warns of those that can't be opened here."""
    import warnings

    found = {}
    for key in snapshot.names():
        try:
            found[key] = snapshot.get(key)
        except Exception as error:
            warnings.warn(
                f"the notice '{key}' is left out: {type(error).__name__}: {error}", RuntimeWarning, stacklevel=2
            )
    return found


def report_failed_update(key, name, error):
    """Reports on stderr that the function of an update has raised."""
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    sys.stderr.write(f"notice_update('{key}') failed in '{name}', and the notice stays as it was:\n{''.join(lines)}")
