"""Pinned behaviors in event loops: one module for each kind of loop, which imports no other.

    bocpy.integrations.asyncio    asyncio, also with uvloop: `with pump_in():`
    bocpy.integrations.trio       trio: `nursery.start_soon(pump_forever)`
    bocpy.integrations.tkinter    Tk: `pump_in(root)`
    bocpy.integrations.pyglet     pyglet: `pump_in()`

A loop that calls a function of the program on every frame takes that of `ticker`. All others can be woken by
`bocpy.set_pump_notify`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bocpy import PumpResult

from ._pumping import SLICE_MS, pump_for

__all__ = ["ticker"]


def ticker(budget_ms: int = SLICE_MS) -> Callable[..., PumpResult]:
    """Return a function that runs pinned behaviors: for loops that call one on every frame.

    It starts none after `budget_ms` milliseconds, and leaves the rest to its next call. Whatever it is given (most
    loops give the time since the last frame) it ignores. Call it on the main thread. `budget_ms` is a positive int,
    else this raises `TypeError`.
    """
    if type(budget_ms) is not int or budget_ms <= 0:
        raise TypeError(f"budget_ms must be a positive int, the milliseconds for each tick, not {budget_ms!r}")

    def tick(*_: Any, **__: Any) -> PumpResult:
        return pump_for(budget_ms)

    return tick
