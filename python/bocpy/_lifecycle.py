"""Hooks for the end of the program, for the end of an interpreter, and for `fork`."""

import atexit
import os
import sys

__all__ = ["finish_before_threads_end", "install", "install_in_sub_interpreter", "is_main_thread"]


def install():
    """Registers the hooks of the main interpreter. Called on import, before anything can start."""
    # Functions that are registered later run before this one. Those that were registered earlier run after it, and find
    # that no behavior can be scheduled any more.
    atexit.register(_finish_for_good)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_before_fork, after_in_parent=_core()._after_fork, after_in_child=_core()._after_fork_in_child
        )


def install_in_sub_interpreter():
    """The same for an interpreter that the program has made."""
    atexit.register(_core()._leave)


def is_main_thread():
    """Tells whether signals come to this thread."""
    import threading

    return threading.current_thread() is threading.main_thread()


def finish_before_threads_end():
    """Makes the program wait for its behaviors while Python can still start threads, as `concurrent.futures` does."""
    import threading

    register = getattr(threading, "_register_atexit", None)
    if register is not None:
        # It raises if the main thread has ended already, and another thread schedules the first behavior.
        try:  # noqa: SIM105 (contextlib would take longer to import than all of this)
            register(_finish)
        except RuntimeError:
            pass


def _core():
    # Not imported above: it is being imported when it installs these hooks.
    from . import _core

    return _core


def _finish(wait=None):
    core = _core()
    try:
        (wait or core.wait)()
    except KeyboardInterrupt:
        # A second Ctrl-C: exit at once, even if workers are busy. They can't be ended from outside.
        for file in (sys.stdout, sys.stderr):
            if file is not None:
                file.flush()
        os._exit(130)
    # Our caches would keep the program's globals alive; their cowns then could not report unread exceptions.
    core._forget()
    for name in ("bocpy._code", "bocpy._by_value"):
        if name in sys.modules:
            sys.modules[name].forget()


def _finish_for_good():
    # Threads that ended after `_finish`, and functions like this one, may have scheduled more. No worker may be left
    # when the interpreter is finalized, so nothing can be started from here on.
    core = _core()
    _finish(core._wait_for_good)
    # Cowns report unread exceptions when they are dropped, but at exit that may come too late.
    core._at_end()


def _before_fork():
    # If another thread is importing a module during the fork, the child cannot import it: it would wait for that thread
    # forever. Every behavior needs these two. (Import nothing here that needs `logging`: it would register its own fork
    # hooks too late for this fork.)
    from . import _code, _errors  # noqa: F401

    _core()._before_fork()
