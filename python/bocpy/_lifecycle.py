"""What the runtime hooks into Python's own beginnings and ends."""

import atexit
import os
import sys
import threading

__all__ = ["finish_at_exit"]


def finish_at_exit():
    """Sees to it that the program, at its end, waits for what it has scheduled. For the main interpreter."""
    from . import _core

    def finish():
        try:
            _core.wait()
        except KeyboardInterrupt:
            # Asked a second time: go, whatever the workers are at. They can't be ended from outside.
            for file in (sys.stdout, sys.stderr):
                if file is not None:
                    file.flush()
            os._exit(130)
        # What we have kept would keep the program's globals from going, and their cowns from telling of failures.
        _core._forget()
        for name in ("bocpy._code", "bocpy._by_value"):
            if name in sys.modules:
                sys.modules[name].forget()

    # Twice: as `concurrent.futures` does, before the interpreter stops to start threads; and when the last thread that
    # is no daemon has ended, which may have scheduled something since. No worker may be left when the interpreter goes.
    register = getattr(threading, "_register_atexit", None)
    if register is not None:
        # The main thread may have ended already, and a thread of the program schedule its first behavior.
        try:  # noqa: SIM105 (contextlib would take longer to import than all of this)
            register(finish)
        except RuntimeError:
            pass

    def finish_for_good():
        finish()
        # Their cowns die with the program, but nothing says that they are taken apart in time to tell.
        _core._at_end()

    atexit.register(finish_for_good)
    if hasattr(os, "register_at_fork"):

        def before_fork():
            # What another thread imports just now, the child could not import: it would wait for that thread forever.
            # These are what every behavior needs. (Nothing that needs `logging`, which would come too late for its own
            # part in this fork.)
            from . import _code, _errors  # noqa: F401

            _core._before_fork()

        os.register_at_fork(
            before=before_fork, after_in_parent=_core._after_fork, after_in_child=_core._after_fork_in_child
        )
