"""Telling of behaviors that have failed."""

import os
import sys
from _thread import RLock

from . import _core

__all__ = ["describe", "note_root_cause", "report"]


def describe(error, name):
    """Returns which behavior it was that failed, for messages: its name, file and line."""
    traceback = error.__traceback__
    if traceback is None:
        return f"behavior '{name}'"
    code = traceback.tb_frame.f_code
    return f"behavior '{name}' ({os.path.basename(code.co_filename)}, line {code.co_firstlineno})"


# One report at a time, as each is many lines. A hook may fail, or drop results with exceptions itself.
_reporting = RLock()
_PATIENCE = 5


def report(error, behavior):
    """Tells the program of an exception of a behavior that nobody has looked at, as of one in a thread."""
    # Not forever: a hook may wait for the thread that waits here.
    is_mine = _reporting.acquire(timeout=_PATIENCE)
    try:
        _report(error, behavior)
    finally:
        if is_mine:
            _reporting.release()


def _report(error, behavior):
    threading = _core._import("threading")

    thread = threading.Thread(name=behavior)
    if sys.stderr is None:
        thread._stderr = sys.__stderr__
    hook = threading.excepthook
    if hook is threading.__excepthook__ and isinstance(error, SystemExit):
        # It would say nothing.
        _print(error, f"Exception in thread {behavior}:\n")
        return
    try:
        hook(threading.ExceptHookArgs((type(error), error, error.__traceback__, thread)))
    except Exception as failure:
        _print(failure, "Exception in threading.excepthook:\n")
        _print(error, f"Exception in thread {behavior}:\n")


def _print(error, title):
    file = sys.stderr or sys.__stderr__
    if file is not None:
        file.write(title + _core._import("bocpy._errors").format_exception(error))
        file.flush()


def note_root_cause(error, behavior, cause):
    """Notes that a behavior failed over a cown that had an exception for its value."""
    if error is cause or not hasattr(error, "add_note"):
        return
    text = f"{type(cause).__qualname__}: {cause}"
    error.add_note(
        f"bocpy: one of its cowns had no value but the exception of the {behavior}, which failed before: {text}"
    )
