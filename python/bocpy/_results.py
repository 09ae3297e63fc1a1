"""What `wait` and `quiesce` return."""

from collections import namedtuple

__all__ = ["WaitResult"]

WaitResult = namedtuple("WaitResult", ["stats", "noticeboard"], module="bocpy")
WaitResult.__doc__ = "What `wait` and `quiesce` return if both `stats` and `noticeboard` are true."
