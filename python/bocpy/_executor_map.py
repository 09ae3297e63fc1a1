"""`Executor.map`: many calls of one function, as few behaviors.

A behavior and its future cost more than a call that does little. So one behavior does several calls, as many as take
about two milliseconds; that is measured as results come. If it takes much longer than expected, it stops, and the rest
of its items goes to others. What the program sees is the same as if each call were a behavior: so a group has only
items and results that nobody can change, or just one.
"""

import itertools
import threading
import time
from collections import deque
from concurrent import futures
from contextvars import copy_context
from functools import partial
from types import BuiltinFunctionType, FunctionType

from . import _calls, _core

__all__ = ["Map"]

# How long a group is to take, and how long it may.
_SECONDS = 0.002
_MOST_SECONDS = 0.01
# For how long the workers are to have enough to do, if the main interpreter has no time for us.
_AHEAD = 0.02
# How many groups are scheduled for each worker, and have not come back. No more than needed: those that are scheduled
# are not always run in their order, and the program waits for the first.
_FEWEST, _MOST = 2, 16

_numbers = itertools.count(1)


class _Group:
    """Calls that one behavior does, and what they give."""

    __slots__ = ("cown", "failures", "is_done", "items", "map", "next", "values")

    def __init__(self, source, items):
        self.map = source
        self.items = items
        self.values = []
        # What was raised, by place.
        self.failures = None
        self.is_done = False
        self.cown = None
        self.next = None

    def launch(self, engine):
        source = self.map
        if source.is_closed:
            return None
        seconds = _MOST_SECONDS if source.chunksize == 1 else float("inf")
        captures = source.number, self.items, seconds
        if source.initialization is None:
            self.cown = source.schedule(_calls.call_group, [source.function], captures)
        else:
            initializer, executor = source.initialization
            claims = [source.function, initializer]
            captures = executor, *captures
            self.cown = source.schedule(_calls.call_group_initialized, claims, captures)
        return self.cown

    def arrive(self, value, is_raised):
        self.cown = None
        self.map.arrive(self, value, is_raised)

    def drop(self, will_not_run):
        self.map.close()


class Map:
    """One call of `Executor.map`."""

    def __init__(self, executor, engine, function, items, chunksize, buffersize):
        _core.start()  # then the cown takes its value in the way of this host
        self.engine = engine
        self.initialization = executor._initialized_by()
        self.function = _core.read(_core.Cown(function))
        self.name = f"Executor.map of {_calls.name_of(function)}"
        # Workers that have it need not open it again.
        self.number = next(_numbers) if _is_stateless(function) else None
        self.chunksize = chunksize
        # As it is now, for all calls.
        self._context = copy_context()
        self.is_closed = False
        self._changed = threading.Condition()
        # Groups that have not come.
        self._scheduled = set()
        self._is_refilling = False
        # Those that are to be scheduled again.
        self._again = deque()
        self._size = 1
        self._done = 0
        self._window = _FEWEST * _core.WORKER_COUNT
        # The last group. They are linked, and the program has the first.
        self._last = self._first = _Group(self, ())
        self._first.is_done = True
        if buffersize is None:
            self._executor = self._lazy = None
            self._items = deque(items)
            self._refill()
        else:
            # Nobody else would keep the executor, which is needed for the rest.
            self._executor = executor
            self._lazy = items
            self._items = deque()
            for args in itertools.islice(items, buffersize):
                self._add(args)

    # -- what the program sees

    def results(self, deadline):
        """Iterates over the results, in order."""
        group, self._first = self._first, None
        try:
            while group is not None:
                if not group.is_done:
                    self._wait(group, deadline)
                # What has been handed over is not kept, not even by the thread that has brought it.
                values, group.values = group.values, None
                failures, place = group.failures, len(values)
                values.reverse()
                while values:
                    if failures and place - len(values) in failures:
                        try:
                            raise failures[place - len(values)]
                        finally:
                            group = failures = None  # else the exception would lead to itself
                    yield values.pop()
                if self._lazy is not None:
                    self._pull()
                group = group.next
        finally:
            self.close()

    def _wait(self, group, deadline):
        self.engine.refuse_to_wait("the result of map()")
        with self._changed:
            while not group.is_done:
                if self.is_closed:
                    raise futures.CancelledError("the executor was shut down with cancel_futures=True")
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise futures.TimeoutError
                self._changed.wait(left)

    def _pull(self):
        for args in self._lazy:
            self.engine.check()
            self._add(args)
            return

    def _add(self, args):
        with self._changed:
            self._items.append(args)
            self._refill()

    def close(self):
        """Drops what has not begun."""
        with self._changed:
            if self.is_closed:
                return
            self.is_closed = True
            self._items.clear()
            self._again.clear()
            self._changed.notify_all()
            cowns = [group.cown for group in self._scheduled if group.cown is not None]
        _core._cancel(cowns)

    # -- what happens meanwhile

    def schedule(self, body, claims, captures):
        """Schedules a group."""
        return self._context.copy().run(_core.whencall, body, claims, captures, name=self.name)

    def arrive(self, group, value, is_raised):
        """Results of a group."""
        with self._changed:
            self._scheduled.discard(group)
            if self.is_closed:
                return
            if is_raised:
                # None of the calls could be done.
                group.failures, done = {0: value}, 1
                group.values.append(None)
            else:
                group.values, alone, seconds = value
                done = len(group.values)
                self._learn(done, seconds)
                for place, (cown, is_failure) in (alone or {}).items():
                    _take(group, place, cown, is_failure)
            if done < len(group.items):
                self._again.append(self._insert(group, group.items[done:]))
            self._finish(group)

    def _finish(self, group):
        self._refill()
        group.is_done = True
        group.items = None
        self._changed.notify_all()

    def _insert(self, group, items):
        new = _Group(self, items)
        new.next, group.next = group.next, new
        if self._last is group:
            self._last = new
        return new

    def _learn(self, done, seconds):
        # The first calls tell little: they may be slower than the rest, or faster.
        self._done += done
        fitting = int(_SECONDS * done / seconds) if seconds else self._done
        self._size = max(1, min(fitting, 4 * self._done))
        each = min(_MOST, max(_FEWEST, int(_AHEAD / seconds))) if seconds else _MOST
        self._window = each * _core.WORKER_COUNT

    def _refill(self):
        # To be called with the lock. What cannot be scheduled arrives at once, which leads here again.
        if self._is_refilling:
            return
        self._is_refilling = True
        try:
            while len(self._scheduled) < self._window and not self.is_closed:
                group = self._again.popleft() if self._again else self._next()
                if group is None:
                    break
                self._scheduled.add(group)
                self.engine.add(group)
        finally:
            self._is_refilling = False

    def _next(self):
        """A group of the next items."""
        items = self._items
        if not items:
            return None
        if self.chunksize != 1:
            size = self.chunksize
        elif self.number is None:
            size = 1
        else:
            # In the end, small ones: nobody is to wait for a long one.
            size = min(self._size, -(-len(items) // (4 * _core.WORKER_COUNT)))
        group = [items.popleft()]
        if size > 1 and (self.chunksize != 1 or _calls.is_plain(group[0])):
            while len(group) < size and items and (self.chunksize != 1 or _calls.is_plain(items[0])):
                group.append(items.popleft())
        return self._insert(self._last, group)


def _take(group, place, cown, is_failure):
    # Nobody else has that cown.
    try:
        found, is_raised = _core._ready(cown)
        value = found.pop() if type(found) is list else found
    except Exception as error:  # what a class of the program may raise when its instance is made here
        value, is_failure = error, True
    if is_failure or is_raised:
        group.failures = group.failures or {}
        group.failures[place] = value
    else:
        group.values[place] = value


def _is_stateless(function, around=()):
    """Whether calls of a function cannot change it: so they may all use the same one. `around`: what refers to it."""
    kind = type(function)
    if function in around:
        return True
    if kind is FunctionType:
        parts = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        for cell in function.__closure__ or ():
            try:
                parts.append(cell.cell_contents)
            except ValueError:
                return False
        around = (*around, function)
        return not function.__dict__ and all(_calls.is_plain(part) or _is_stateless(part, around) for part in parts)
    if kind is BuiltinFunctionType:
        return type(function.__self__) is type(itertools) or _calls.is_plain(function.__self__)
    if kind is partial:
        parts = [*function.args, *function.keywords.values()]
        return not vars(function) and _is_stateless(function.func, around) and all(map(_calls.is_plain, parts))
    return kind is type
