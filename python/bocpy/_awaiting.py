"""`await cown`: in asyncio, in trio, and so in anyio, which runs on either.

A behavior brings the value to the `_Arrivals` of the event loop, which wakes the loop: no thread waits, and nothing
polls. Loops of asyncio watch a descriptor for that, which the worker itself makes ready, without the GIL of the loop.
Where that cannot be (trio; Windows), a thread calls the loop.
"""

import sys
from contextvars import Context
from weakref import WeakKeyDictionary, ref

from . import _core

__all__ = ["awaited", "emptied"]

# Those of the event loops that have awaited something, and that a thread calls.
_arrivals = WeakKeyDictionary()

# Of those loops that watch a descriptor.
_watched = WeakKeyDictionary()


def awaited(cown):
    """Returns the iterator that `await cown` runs."""
    found = _core._ready(cown)
    lowlevel = _trio()
    if lowlevel is not None:
        return _in_trio(cown, found, lowlevel)
    if found is not None:
        return _at_once(cown, found)
    return _in_asyncio(cown, _running_loop("`await` of a Cown", "get()"))


async def emptied(scope, seconds):
    """Waits until nothing is in flight in a scope, or for that time; there may be something again after that."""
    lowlevel = _trio()
    if lowlevel is not None:
        trio = sys.modules["trio"]
        with trio.move_on_after(float("inf") if seconds is None else seconds):
            await _arrival_in_trio(lowlevel, lambda arrivals, place: arrivals.ask_scope(scope, place))
        return
    loop = _running_loop("`async with` of a scope", "`with`")
    future = loop.create_future()
    timer = None if seconds is None else loop.call_later(seconds, future.cancel)
    _arrivals_in_asyncio(loop).ask_scope(scope, future)
    try:
        await sys.modules["asyncio"].wait([future])
    finally:
        if timer is not None:
            timer.cancel()


def _at_once(cown, found):
    return _value(cown, found)
    yield  # makes this a generator


def _value(cown, found):
    value, is_raised = found
    if not is_raised:
        return value
    _core._looked(cown)
    raise value


def _arrivals_of(loop, wake_loop):
    # The loop and what has arrived for it do not keep each other alive.
    arrivals = _arrivals.get(loop)
    if arrivals is None:
        weak_loop, weak_arrivals = ref(loop), None

        def wake():
            loop, arrivals = weak_loop(), weak_arrivals()
            if loop is not None and arrivals is not None:
                wake_loop(loop, arrivals)

        arrivals = _arrivals[loop] = _core._Arrivals(wake)
        weak_arrivals = ref(arrivals)
    return arrivals


# -- asyncio


def _running_loop(what, instead):
    asyncio = sys.modules.get("asyncio")
    loop = None if asyncio is None else asyncio._get_running_loop()
    if loop is None:
        raise RuntimeError(
            f"this {what} is in no running event loop that bocpy knows: that is one of asyncio or trio. "
            f"Elsewhere, use {instead}"
        )
    return loop


def _arrivals_in_asyncio(loop):
    return _watched.get(loop) or _watch(loop) or _arrivals_of(loop, _wake_asyncio)


def _in_asyncio(cown, loop):
    future = loop.create_future()
    _arrivals_in_asyncio(loop).ask(cown, future)
    found = yield from future
    return _value(cown, found)


def _watch(loop):
    # None if this loop cannot do that.
    if loop in _arrivals:
        return None
    for other in _watched.keyrefs():
        other = other()
        if other is not None and other.is_closed():
            _watched.pop(other, None)  # what comes for it would keep it alive
    arrivals = _core._Arrivals()
    number = arrivals.fileno()
    if number is None:
        return None
    try:
        # In no context: that of this task would live as long as the loop.
        Context().run(loop.add_reader, number, _deliver_in_asyncio, arrivals)
    except NotImplementedError:
        return None
    _watched[loop] = arrivals
    return arrivals


def _wake_asyncio(loop, arrivals):
    try:
        loop.call_soon_threadsafe(_deliver_in_asyncio, arrivals)
    except RuntimeError:
        if not loop.is_closed():
            raise
        arrivals.take()  # nobody waits any more


def _deliver_in_asyncio(arrivals):
    for future, value, is_raised, _ in arrivals.take():
        if not future.done():  # else the await was cancelled
            future.set_result((value, is_raised))


# -- trio


def _trio():
    # Its part for such as us, in one of its tasks.
    trio = sys.modules.get("trio")
    if trio is None or not hasattr(trio, "lowlevel"):
        return None
    try:
        trio.lowlevel.current_task()
    except RuntimeError:
        return None
    return trio.lowlevel


def _in_trio(cown, found, lowlevel):
    if found is not None:
        yield from lowlevel.checkpoint().__await__()
        return _value(cown, found)
    arrival = _arrival_in_trio(lowlevel, lambda arrivals, place: arrivals.ask(cown, place))
    found = yield from arrival.__await__()
    return _value(cown, found)


async def _arrival_in_trio(lowlevel, ask):
    place = [lowlevel.current_task()]

    def abort(_):
        place.clear()
        return lowlevel.Abort.SUCCEEDED

    ask(_arrivals_of(lowlevel.current_trio_token(), _wake_trio), place)
    return await lowlevel.wait_task_rescheduled(abort)


def _wake_trio(token, arrivals):
    trio = sys.modules["trio"]
    try:
        token.run_sync_soon(_deliver_in_trio, arrivals)
    except trio.RunFinishedError:
        arrivals.take()  # nobody waits any more


def _deliver_in_trio(arrivals):
    trio, outcome = sys.modules["trio"], sys.modules["outcome"]
    for place, value, is_raised, _ in arrivals.take():
        if place:  # else the await was cancelled
            trio.lowlevel.reschedule(place.pop(), outcome.Value((value, is_raised)))
