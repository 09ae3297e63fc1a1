"""Behavior-oriented concurrency: data lives in cowns, and behaviors run once they alone hold the cowns they name."""

from ._core import (
    TIMEOUT,
    WORKER_COUNT,
    Cown,
    __version__,
    drain,
    notice_delete,
    notice_read,
    notice_seed,
    notice_sync,
    notice_update,
    notice_write,
    noticeboard,
    quiesce,
    read,
    receive,
    send,
    set_tags,
    start,
    wait,
    when,
    whencall,
)

__all__ = [
    "REMOVED",
    "TIMEOUT",
    "WORKER_COUNT",
    "Cown",
    "WaitResult",
    "__version__",
    "drain",
    "notice_delete",
    "notice_read",
    "notice_seed",
    "notice_sync",
    "notice_update",
    "notice_write",
    "noticeboard",
    "quiesce",
    "read",
    "receive",
    "send",
    "set_tags",
    "start",
    "wait",
    "when",
    "whencall",
]


def __getattr__(name):
    # Rarely used, and what these modules need would take longer to import than all the rest, on every worker.
    if name == "WaitResult":
        from ._results import WaitResult as found
    elif name == "REMOVED":
        from ._notices import REMOVED as found
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found
