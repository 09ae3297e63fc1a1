"""`gather` and `map`: many results at once."""

import operator
import weakref
from collections import deque

from . import _calls, _core

__all__ = ["gather", "map"]

# How many calls of a `map` are scheduled for each worker, and not yet asked for.
_FOR_EACH_WORKER = 16


def gather(cowns, *, return_exceptions=False):
    """Return a cown of the list of the values that these cowns have, in the same order.

    It is the result of a behavior that reads all of them, and can be used within behaviors as well. If one has an
    uncaught exception, the first of them is raised again; with `return_exceptions`, they are among the values. Others
    that nobody looks at are reported, as always. Raises TypeError if one is not a cown, and names it.
    """
    claims = []
    for place, cown in enumerate(cowns):
        try:
            claims.append(_core.read(cown))
        except TypeError:
            claims.clear()
        if len(claims) <= place or isinstance(claims[-1], list):
            text = repr(cown)
            text = text if len(text) <= 50 else f"{text[:47]}..."
            raise TypeError(f"gather() takes cowns: item {place} is {text}, of type {type(cown).__name__!r}")
    return _core.whencall(_calls.gathered, [claims], (bool(return_exceptions),))


class map:
    """Iterate over the values that `function` returns for the items of the iterables, in order.

    Each call is a behavior over no cown. No more than `limit` calls have been scheduled and not been asked for, by
    default 16 for each worker: so iterables may be endless. An exception is raised at its place, and the next value is
    that of the next item. Closing or dropping the iterator drops the calls that have not begun.

    For many short calls `Executor.map` is faster. Raises RuntimeError inside a behavior.
    """

    def __init__(self, function, iterable, /, *iterables, limit=None):
        if not callable(function):
            raise TypeError(f"map() takes a function, not {type(function).__name__!r}")
        limit = _FOR_EACH_WORKER * _core.WORKER_COUNT if limit is None else operator.index(limit)
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit}")
        if _core._is_worker_thread():
            raise RuntimeError(
                "bocpy.map() cannot be used inside a behavior, which must not wait. Schedule a behavior for each item, "
                "and one over gather() of their results"
            )
        self._function = function
        self._items = zip(iterable, *iterables)
        self._limit = limit
        self._scheduled = deque()
        weakref.finalize(self, _drop, self._scheduled).atexit = False

    def __iter__(self):
        return self

    def __next__(self):
        scheduled = self._scheduled
        while self._items is not None and len(scheduled) < self._limit:
            args = next(self._items, None)
            if args is None:
                self._items = None
            else:
                scheduled.append(self._schedule(args))
        if not scheduled:
            raise StopIteration
        first = scheduled[0]
        try:
            value = first.get()
        except BaseException as error:
            # After Ctrl-C, the next value is still this one.
            if isinstance(error, Exception) or first.done():
                scheduled.popleft()
            raise
        scheduled.popleft()
        return value

    def _schedule(self, args):
        body, cowns, captures, name = _calls.behavior(self._function, args, {})
        return _core.whencall(body, cowns, captures, name=name)

    def close(self):
        """Drop the calls that have not begun. There are no more values then."""
        self._items = None
        _drop(self._scheduled)


def _drop(scheduled):
    if scheduled:
        _core._cancel(list(scheduled))
        scheduled.clear()
