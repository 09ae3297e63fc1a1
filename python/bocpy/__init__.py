"""Behavior-oriented concurrency: data lives in cowns, and behaviors run once they alone hold the cowns they name."""

from collections import namedtuple

from ._core import WORKER_COUNT, Cown, __version__, quiesce, start, wait, when, whencall

__all__ = [
    "WORKER_COUNT",
    "Cown",
    "WaitResult",
    "__version__",
    "quiesce",
    "start",
    "wait",
    "when",
    "whencall",
]

# What `wait` and `quiesce` give where both are asked for.
WaitResult = namedtuple("WaitResult", ["stats", "noticeboard"])
WaitResult.__doc__ = "What `wait` and `quiesce` give where both `stats` and `noticeboard` are asked for."
