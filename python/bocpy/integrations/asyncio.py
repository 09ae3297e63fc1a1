"""Pinned behaviors in asyncio:

    from bocpy.integrations.asyncio import pump_in

    async def main():
        with pump_in():
            ...

A pinned behavior that has become ready wakes the loop, which runs it between its callbacks. Nothing polls. The loop
stays responsive: after 5 ms of pinned behaviors, its other callbacks have their turn.
"""

from __future__ import annotations

import asyncio
from contextvars import Context

from ._pumping import Pumping, Woken, need_main_thread

__all__ = ["pump_in"]


def pump_in(loop: asyncio.AbstractEventLoop | None = None) -> Pumping:
    """Have an event loop run pinned behaviors: the running one, or `loop`, which may start later.

    It does so until the end of the `with` block, or until `close()` of what this returns, and at most until the loop is
    closed. Exceptions of bodies are kept for their results; what is no `Exception`, such as `KeyboardInterrupt`, goes
    to the loop. Raises `RuntimeError` where no loop runs and none is given, and for a loop that is not the main
    thread's.
    """
    need_main_thread("this event loop")
    running = asyncio._get_running_loop()
    if loop is None:
        if running is None:
            raise RuntimeError("pump_in() is in no running event loop: call it in a coroutine, or give it the loop")
        loop = running
    elif loop.is_running() and loop is not running:
        raise RuntimeError(
            "pinned behaviors run on the main thread, and this event loop runs in another: give pump_in() the main "
            "thread's, or schedule behaviors over plain cowns"
        )
    elif loop.is_closed():
        raise RuntimeError("pump_in() was given an event loop that is closed: give it one that is to run")
    return _InAsyncio(loop)


class _InAsyncio(Woken):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # Each body has the context in which it was scheduled; the callback needs none.
        self._context = Context()
        super().__init__()

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._pump, context=self._context)
        except RuntimeError:
            if not self._loop.is_closed():
                raise

    def _is_over(self) -> bool:
        return self._loop.is_closed()
