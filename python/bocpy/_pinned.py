"""What `pump` returns, and what the watchdog of pinned behaviors says."""

from collections import namedtuple

__all__ = ["PumpResult", "warn"]


PumpResult = namedtuple("PumpResult", ["executed", "deadline_reached", "raised"], module="bocpy")
PumpResult.__doc__ = "What a call of `pump` has done."


def warn(message):
    """Tells that nobody pumps."""
    import logging

    logging.getLogger("bocpy.pump").warning(message)
