"""The ends of scopes."""

import sys

from . import _core

__all__ = ["enter_async", "exception_of", "exit_async", "is_in_event_loop"]


def exception_of(name, raised, error, failures):
    """Returns what a scope raises at its end, or None where the exception of its block is to go on as it is.

    `raised` comes from the block, `error` from waiting, and `failures` from behaviors. None of them is of those that go
    through as they are.
    """
    if raised is None:
        if error is None:
            return _group(name, failures)
        if failures:
            # Who waits for so long wants to know that first. Nothing of the rest is lost.
            error.__cause__ = _group(name, failures)
        return error
    if isinstance(raised, TimeoutError) and isinstance(error, TimeoutError):
        error = None  # the same time was over
    if error is None and not failures:
        return None
    others = failures if error is None else [*failures, error]
    return _group(name, [raised, *others])


def _group(name, exceptions):
    try:
        Group = BaseExceptionGroup  # noqa: N806
    except NameError:  # Python 3.10
        Group = _core._import("exceptiongroup").BaseExceptionGroup  # noqa: N806
    where = "a scope" if name is None else f"the scope '{name}'"
    return Group(f"behaviors of {where} have failed", exceptions)


def is_in_event_loop():
    """Tells whether this thread runs an event loop of asyncio, so that nothing should wait here."""
    events = sys.modules.get("asyncio.events")
    return events is not None and events._get_running_loop() is not None


# -- async with


async def enter_async(scope):
    return scope.__enter__()


async def exit_async(scope, raised):
    if scope._begin_end(raised):
        return False
    try:
        while not scope._leave_if_empty():
            left = scope._time_left()
            if left == 0:
                scope._time_out()
            await _core._import("bocpy._awaiting").emptied(scope, left)
    except BaseException as error:
        if error is not raised:
            error.__context__ = raised
        return scope._finish(raised, error)
    return scope._finish(raised, None)
