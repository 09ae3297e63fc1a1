"""Threads that behaviors start."""

import sys
import threading

from . import _core

__all__ = ["explain_daemons", "install"]

_usual = threading._DummyThread


class _DummyThread(_usual):
    """What `threading` makes of a thread that it has not started.

    Threads that a behavior starts are as daemonic as its worker is here, so that must be as the main thread: else the
    end of the program would kill them without a word.
    """

    def __init__(self):
        super().__init__()
        if _core._is_worker_thread():
            self._daemonic = False


def install():
    """Called in the main interpreter, before workers start there."""
    threading._DummyThread = _DummyThread


def explain_daemons():
    """Called on a worker: CPython allows no daemon threads there, and the error is to say what to do."""
    allowed = getattr(threading, "_daemon_threads_allowed", None)
    if allowed is None:
        return  # this Python has another name for it, and an error of its own

    def _daemon_threads_allowed():
        if isinstance(sys._getframe(1).f_locals.get("self"), _usual):
            return allowed()
        raise RuntimeError(
            "daemon threads are not allowed in the interpreter of a worker, as Python cannot end them there: leave out "
            "daemon=True (the worker waits for the thread before it ends), start the thread in the main program, or "
            'run behaviors with backend="threads"'
        )

    threading._daemon_threads_allowed = _daemon_threads_allowed
