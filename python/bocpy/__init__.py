"""Behavior-oriented concurrency: data lives in cowns, and behaviors run once they alone hold the cowns they name."""

from ._core import WORKER_COUNT, Cown, __version__, quiesce, read, start, wait, when, whencall

__all__ = [
    "WORKER_COUNT",
    "Cown",
    "WaitResult",
    "__version__",
    "quiesce",
    "read",
    "start",
    "wait",
    "when",
    "whencall",
]


def __getattr__(name):
    # Rarely used, and named tuples would take longer to import than all the rest, on every worker.
    if name == "WaitResult":
        from ._results import WaitResult

        globals()[name] = WaitResult
        return WaitResult
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
