"""Pinned cowns, and what `pump` returns."""

from collections import namedtuple

from . import _core

__all__ = ["PinnedCown", "PumpResult", "warn"]


class PinnedCown(_core.Cown):
    """A cown whose value never leaves the main thread."""

    __slots__ = ()
    __module__ = "bocpy"

    def __init__(self, value):
        _core._pin(self, value)


PumpResult = namedtuple("PumpResult", ["executed", "deadline_reached", "raised"], module="bocpy")
PumpResult.__doc__ = "What a call of `pump` has done."


def warn(message):
    """Tells that nobody pumps."""
    import logging

    logging.getLogger("bocpy.pump").warning(message)
