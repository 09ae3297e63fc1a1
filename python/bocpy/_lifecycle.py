"""Hooks for the end of the program and for `fork`."""

import atexit
import os
import sys
import threading

__all__ = ["finish_at_exit", "is_main_thread"]


def is_main_thread():
    """Tells whether signals come to this thread."""
    return threading.current_thread() is threading.main_thread()


def finish_at_exit():
    """Makes the program wait for its behaviors before it exits. For the main interpreter."""
    from . import _core

    def finish():
        try:
            _core.wait()
        except KeyboardInterrupt:
            # A second Ctrl-C: exit at once, even if workers are busy. They can't be ended from outside.
            for file in (sys.stdout, sys.stderr):
                if file is not None:
                    file.flush()
            os._exit(130)
        # Our caches would keep the program's globals alive; their cowns then could not report unread exceptions.
        _core._forget()
        for name in ("bocpy._code", "bocpy._by_value"):
            if name in sys.modules:
                sys.modules[name].forget()

    # Twice: as `concurrent.futures` does, while the interpreter can still start threads; and after the last non-daemon
    # thread has ended, which may have scheduled more. No worker may be left when the interpreter is finalized.
    register = getattr(threading, "_register_atexit", None)
    if register is not None:
        # It raises if the main thread has ended already, and another thread schedules the first behavior.
        try:  # noqa: SIM105 (contextlib would take longer to import than all of this)
            register(finish)
        except RuntimeError:
            pass

    def finish_for_good():
        finish()
        # Cowns report unread exceptions when they are dropped, but at exit that may come too late.
        _core._at_end()

    atexit.register(finish_for_good)
    if hasattr(os, "register_at_fork"):

        def before_fork():
            # If another thread is importing a module during the fork, the child cannot import it: it would wait for
            # that thread forever. Every behavior needs these two. (Import nothing here that needs `logging`: it would
            # register its own fork hooks too late for this fork.)
            from . import _code, _errors  # noqa: F401

            _core._before_fork()

        os.register_at_fork(
            before=before_fork, after_in_parent=_core._after_fork, after_in_child=_core._after_fork_in_child
        )
