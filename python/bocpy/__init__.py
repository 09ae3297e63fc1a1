"""Behavior-oriented concurrency: data lives in cowns, and behaviors run once they alone hold the cowns they name."""

from ._core import (
    _C_API,  # noqa: F401 -- where native types of other packages find it
    TIMEOUT,
    WORKER_COUNT,
    Cown,
    Matrix,
    MatrixView,
    PinnedCown,
    Record,
    RecordArray,
    Scope,
    __version__,
    drain,
    dump,
    notice_delete,
    notice_read,
    notice_seed,
    notice_sync,
    notice_update,
    notice_write,
    noticeboard,
    pump,
    quiesce,
    read,
    receive,
    scope,
    send,
    set_pump_notify,
    set_pump_watchdog,
    set_tags,
    set_wait_pump_poll,
    start,
    wait,
    when,
    whencall,
)

# Not `map`: `from bocpy import *` is to leave Python's own one.
__all__ = [
    "REMOVED",
    "TIMEOUT",
    "WORKER_COUNT",
    "CancelledError",
    "Cown",
    "Executor",
    "Matrix",
    "MatrixView",
    "PinnedCown",
    "PumpResult",
    "Read",
    "ReadCown",
    "Record",
    "RecordArray",
    "Scope",
    "WaitResult",
    "__version__",
    "drain",
    "dump",
    "gather",
    "get_include",
    "get_sources",
    "notice_delete",
    "notice_read",
    "notice_seed",
    "notice_sync",
    "notice_update",
    "notice_write",
    "noticeboard",
    "pump",
    "quiesce",
    "read",
    "receive",
    "record",
    "scope",
    "send",
    "set_pump_notify",
    "set_pump_watchdog",
    "set_tags",
    "set_wait_pump_poll",
    "start",
    "wait",
    "when",
    "whencall",
]


def __getattr__(name):
    # Rarely used, and what these modules need would take longer to import than all the rest, on every worker.
    from . import _core

    if name == "WaitResult":
        from ._results import WaitResult as found
    elif name == "PumpResult":
        found = _core._import("bocpy._pinned").PumpResult
    elif name == "record":
        found = _core._import("bocpy._records").record
    elif name == "Executor":
        found = _core._import("bocpy._executor").Executor
    elif name in ("gather", "map"):
        found = getattr(_core._import("bocpy._many"), name)
    elif name in ("get_include", "get_sources"):
        found = getattr(_core._import("bocpy._c_headers"), name)
    elif name == "REMOVED":
        from ._notices import REMOVED as found
    elif name == "CancelledError":
        from concurrent.futures import CancelledError as found
    elif name == "Read":
        found = type(read(Cown(None)))
    elif name == "ReadCown":
        found = Cown  # to a checker they differ: see the stubs
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found
