"""Pinned behaviors in trio:

    from bocpy.integrations.trio import pump_forever

    async with trio.open_nursery() as nursery:
        nursery.start_soon(pump_forever)
        ...
        nursery.cancel_scope.cancel()

A pinned behavior that has become ready wakes that task, which runs it. Nothing polls. After 5 ms of pinned behaviors,
the other tasks have their turn.
"""

from __future__ import annotations

import trio

from ._pumping import Woken, need_main_thread

__all__ = ["pump_forever"]


async def pump_forever(*, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Run pinned behaviors, whenever there are some, until this is cancelled.

    Exceptions of bodies are kept for their results; what is no `Exception`, such as `KeyboardInterrupt`, is raised.
    Raises `RuntimeError` if trio does not run in the main thread.
    """
    need_main_thread("this run of trio")
    pumping = _InTrio()
    with pumping:
        task_status.started()
        while True:
            await pumping.wait()
            pumping._pump()
            await trio.lowlevel.checkpoint()


class _InTrio(Woken):
    def __init__(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._event = trio.Event()
        super().__init__()

    async def wait(self) -> None:
        """Wait until there is something to pump."""
        await self._event.wait()
        self._event = trio.Event()

    def _wake(self) -> None:
        try:
            self._token.run_sync_soon(self._set, idempotent=True)
        except trio.RunFinishedError:
            pass  # the task has been abandoned with its run

    def _set(self) -> None:
        self._event.set()
