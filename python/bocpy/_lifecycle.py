"""Hooks for the end of the program, for the end of an interpreter, and for `fork`."""

import atexit
import os
import sys

__all__ = ["finish_before_threads_end", "install", "install_in_sub_interpreter", "thread_name"]


def install():
    """Registers the hooks of the main interpreter. Called on import, before anything can start."""
    # Every behavior needs it. A signal handler could interrupt a later import, and schedule.
    from . import _code  # noqa: F401

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


def thread_name(number):
    """Returns the name of a thread of this interpreter."""
    threading = sys.modules.get("threading")
    thread = getattr(threading, "_active", {}).get(number)
    return str(number) if thread is None else thread.name


def finish_before_threads_end():
    """Makes the program wait for its behaviors while Python can still start threads, as `concurrent.futures` does.

    And before that does so, whichever was first: behaviors may use an executor, and import it for the first time.
    """
    threading = _core()._import("threading")
    _core()._import("bocpy._threads").install()
    shutdown = threading._shutdown

    def _shutdown():
        try:
            _finish()
        finally:
            shutdown()

    # Python calls it when the main thread ends.
    threading._shutdown = _shutdown
    if "IPython" in sys.modules:
        _core()._import("bocpy._notebooks").install()


def _core():
    # Not imported above: it is being imported when it installs these hooks.
    from . import _core

    return _core


# Whether Ctrl-C has dropped behaviors at the end of the program.
_has_dropped = False


def _finish(wait=None):
    core = _core()
    wait = wait or core.wait
    try:
        try:
            core._release_all()
            if _was_interrupted() and not _has_dropped:
                _tell_of_rest("are run before the program ends. Press Ctrl-C to drop those that have not begun")
            wait(cancel=_has_dropped)
        except KeyboardInterrupt:
            _drop()
            wait(cancel=True)
    except KeyboardInterrupt:
        # They can't be ended from outside.
        _exit_as_interrupted()
    # Our caches would keep the program's globals alive; their cowns then could not report unread exceptions.
    core._forget()
    for name in ("bocpy._code", "bocpy._by_value", "bocpy._context", "bocpy._sentinels"):
        if name in sys.modules:
            sys.modules[name].forget()


def _finish_for_good():
    # Threads that ended after `_finish`, and functions like this one, may have scheduled more. No worker may be left
    # when the interpreter is finalized, so nothing can be started from here on.
    core = _core()
    _finish(core._wait_for_good)
    # Cowns report unread exceptions when they are dropped, but at exit that may come too late.
    core._at_end()
    if _has_dropped and not _was_interrupted():
        # Who has started the program must not think that it has done all that it was to do.
        _exit_as_interrupted()


def _was_interrupted():
    """Tells whether the program ends as nobody has caught a `KeyboardInterrupt`."""
    return getattr(sys, "last_type", None) is KeyboardInterrupt and not hasattr(sys, "ps1")


def _drop():
    global _has_dropped
    _has_dropped = True
    _tell_of_rest("were left: those that have not begun are dropped. Press Ctrl-C again to end the program at once")


def _tell_of_rest(what):
    count = _core()._in_flight()
    if count and sys.stderr is not None:
        behaviors = "1 behavior" if count == 1 else f"{count} behaviors"
        sys.stderr.write(f"bocpy: {behaviors} {what}\n")
        sys.stderr.flush()


def _exit_as_interrupted():
    for file in (sys.stdout, sys.stderr):
        if file is not None:
            file.flush()
    os._exit(130)


def _before_fork():
    # The child of a fork can never import a module that another thread is importing, so this waits for such imports of
    # ours: those by `_core._import`, and those of the native part.
    had_hooks = _has_hooks_of_logging()
    _core()._before_fork()
    if not had_hooks and _has_hooks_of_logging():
        # `logging` was imported meanwhile. Which hooks run before this fork had been settled, so its own, which takes
        # its lock, will not; but the one that releases the lock will.
        sys.modules["logging"]._lock.acquire()


def _has_hooks_of_logging():
    # `LogRecord` is defined right after it has registered its hooks.
    return hasattr(sys.modules.get("logging"), "LogRecord")
