"""What the integrations have in common: which loop is told, and how it pumps.

bocpy tells one function that a pinned behavior is ready. Loops can be nested (an asyncio loop that a callback of Tk
runs), so there is a stack of them here, and the innermost is told. When it ends, the one around it is told of what is
left.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

from bocpy import PumpResult, pump, set_pump_notify

__all__ = ["SLICE_MS", "Pumping", "Woken", "need_main_thread", "pump_for"]

# How long a loop runs pinned behaviors before it sees to its other work.
SLICE_MS = 5

# Held while a loop is woken, so that none is woken that has been closed. The hook has a thread of its own.
_lock = threading.RLock()
_open: list[Woken] = []
# The program's own hook, from before the first loop.
_before: Callable[[], object] | None = None


class Pumping(ABC):
    """A loop that runs pinned behaviors. `close()`, or the end of a `with` block, ends that."""

    @abstractmethod
    def close(self) -> None:
        """Leave pinned behaviors alone from now on. What is still ready waits for whoever pumps next."""

    def __enter__(self) -> Pumping:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Woken(Pumping):
    """One that bocpy wakes when a pinned behavior is ready."""

    def __init__(self) -> None:
        _add(self)

    def close(self) -> None:
        _remove(self)

    def _pump(self) -> None:
        """Run pinned behaviors for the time of a slice. If some are left, bocpy wakes the loop again."""
        pump_for(SLICE_MS)

    @abstractmethod
    def _wake(self) -> None:
        """Have the loop call `_pump`. Called on any thread."""

    def _is_over(self) -> bool:
        """Whether the loop has ended without `close()`."""
        return False


def pump_for(milliseconds: int) -> PumpResult:
    """Run pinned behaviors for that time, if there are any to run here and now."""
    try:
        return pump(deadline_ms=milliseconds)
    except RuntimeError as error:
        # On another thread, and where the program has asked to be told that this comes too late (`raise_ms`).
        if threading.current_thread() is not threading.main_thread() or not str(error).startswith("pump()"):
            raise
        # No workers are up: nothing is ready. Or a pinned behavior has run the loop, as `root.update()` does: the one
        # who pumps it goes on behind it.
        return PumpResult(0, False, 0)


def need_main_thread(loop: str) -> None:
    """Raise `RuntimeError` on other threads than the main one."""
    here = threading.current_thread()
    if here is not threading.main_thread():
        raise RuntimeError(
            f"pinned behaviors run on the main thread, and {loop} is in the thread {here.name!r}: run it in the main "
            "thread, or schedule behaviors over plain cowns"
        )


def _tell() -> None:
    with _lock:
        while _open:
            if not _open[-1]._is_over():
                _open[-1]._wake()
                return
            _open.pop()
    if _before is not None:
        _before()


def _add(pumping: Woken) -> None:
    global _before
    with _lock:
        _open[:] = [other for other in _open if not other._is_over()]
        _open.append(pumping)
    previous = set_pump_notify(_tell)
    if previous is not _tell:
        _before = previous


def _remove(pumping: Woken) -> None:
    with _lock:
        if pumping not in _open:
            return
        _open.remove(pumping)
        left = bool(_open)
    # Also if it stays the same function: it is told again of what is ready.
    previous = set_pump_notify(_tell if left else _before)
    if previous is not _tell:
        set_pump_notify(previous)  # the program has its own one by now


def _forget() -> None:
    # In the child of a fork, no loop goes on. The thread that held the lock is not there.
    global _lock, _before
    _lock = threading.RLock()
    _open.clear()
    _before = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
