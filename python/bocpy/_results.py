"""What `wait` and `quiesce` give."""

from collections import namedtuple

__all__ = ["WaitResult"]

WaitResult = namedtuple("WaitResult", ["stats", "noticeboard"], module="bocpy")
WaitResult.__doc__ = "What `wait` and `quiesce` give where both `stats` and `noticeboard` are asked for."
