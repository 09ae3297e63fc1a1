"""Pinned behaviors in pyglet:

    from bocpy.integrations.pyglet import pump_in

    pump_in()
    pyglet.app.run()

A pinned behavior that has become ready wakes pyglet by an event from another thread. Nothing polls. After 5 ms of
pinned behaviors, pyglet sees to its windows and its clock. A program with a loop of its own, which calls
`window.dispatch_events()`, calls the function of `bocpy.integrations.ticker` there.
"""

from __future__ import annotations

import pyglet

from ._pumping import Pumping, Woken, need_main_thread

__all__ = ["pump_in"]


def pump_in() -> Pumping:
    """Have `pyglet.app.run()` run pinned behaviors, until `close()` of what this returns, or the end of a `with` block.

    Exceptions of bodies are kept for their results; what is no `Exception`, such as `KeyboardInterrupt`, ends
    `pyglet.app.run()`. Raises `RuntimeError` if this is not the main thread.
    """
    need_main_thread("pyglet")
    return _InPyglet()


class _Ready(pyglet.event.EventDispatcher):
    """Where the event from another thread arrives."""


_Ready.register_event_type("on_ready")


class _InPyglet(Woken):
    def __init__(self) -> None:
        self._ready = _Ready()
        self._ready.push_handlers(on_ready=self._soon)
        super().__init__()

    def close(self) -> None:
        super().close()
        pyglet.app.event_loop.clock.unschedule(self._tick)

    def _wake(self) -> None:
        pyglet.app.platform_event_loop.post_event(self._ready, "on_ready")

    def _soon(self) -> None:
        # With the clock's other functions, so that windows are drawn in between: pyglet dispatches events from other
        # threads until there are none, and there may be a next one already.
        clock = pyglet.app.event_loop.clock
        clock.unschedule(self._tick)
        clock.schedule_once(self._tick, 0)

    def _tick(self, _: float) -> None:
        self._pump()
