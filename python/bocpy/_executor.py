"""`Executor`: behaviors for programs that know `concurrent.futures`.

A call is a behavior over no cown. Its result comes to the `_Arrivals` of its executor, on which one thread waits that
completes the futures. So a callback that takes long keeps up only the results of its own executor.
"""

import itertools
import logging
import operator
import os
import threading
import time
import weakref
from collections import deque
from concurrent import futures
from contextvars import copy_context
from functools import partial

from . import _calls, _core, _executor_map

__all__ = ["Executor", "Future"]

_logger = logging.getLogger("concurrent.futures")
_numbers = itertools.count(1)
# Those whose threads may be running.
_engines = weakref.WeakSet()
# How many forks lie between the first process and this one.
_forks = 0
_has_hook = False
_is_over = False

_IN_BEHAVIOR = (
    "{} cannot be used inside a behavior, which must not wait. Schedule a behavior instead, with @when: its result is "
    "a cown, and @when(result) runs as soon as that has its value"
)
_OF_PARENT = (
    "this {} belongs to the process that has forked this one, and nothing happens to it here: make a new Executor"
)


def _refuse_in_behavior(what):
    if _core._is_worker_thread():
        raise RuntimeError(_IN_BEHAVIOR.format(what))


class Future(futures.Future):
    """The result of a call, as that of other executors."""

    def __init__(self, engine=None, work=None):
        super().__init__()
        self._forks = _forks
        self._engine = engine
        # What to schedule, as long as it has not been, and then the cown of its result.
        self._work = work
        self.cown = None
        # If another thread may schedule it, later.
        self._context = None if engine is None or engine.limit is None else copy_context()
        self._is_dropped = False

    def cancel(self):
        """Cancel the call, unless it has begun. Returns whether it will not run."""
        engine = self._engine
        if engine is None or self._forks != _forks:
            return super().cancel()
        with engine.lock:
            if not self._is_dropped and not self.done():
                cown = self.cown
                if cown is not None and not cown.cancel():
                    self._begins()
                    return False
        if not self.done():
            self.drop(True)
        return self._is_dropped

    def _begins(self):
        with self._condition:
            if self._state == "PENDING":
                self._state = "RUNNING"

    def running(self):
        """Whether the call has begun, and not ended."""
        cown = self.cown
        if cown is not None and self._forks == _forks and not self.done() and _core._has_begun(cown):
            self._begins()
        return super().running()

    def result(self, timeout=None):
        """Return the result of the call, or raise what it has raised, once it has ended."""
        self._refuse_to_wait("result()")
        return super().result(timeout)

    def exception(self, timeout=None):
        """Return what the call has raised, or None, once it has ended."""
        self._refuse_to_wait("exception()")
        return super().exception(timeout)

    def _refuse_to_wait(self, what):
        if not self.done():
            _refuse_in_behavior(f"{what} of a Future that is not done")
            if self._forks != _forks and self._engine is not None:
                raise RuntimeError(_OF_PARENT.format("Future"))

    def __reduce__(self):
        raise TypeError(
            "a Future cannot be moved to another interpreter or process: hand over its result(), or use a cown, the "
            "result of @when, which behaviors can wait for"
        )

    # -- for the engine

    def launch(self, engine):
        """Schedules the call; returns the cown of its result, or None if it is not to run."""
        if self._is_dropped:
            return None
        body, cowns, captures, name = self._work
        self._work = None
        schedule = _core.whencall if self._context is None else partial(self._context.run, _core.whencall)
        self.cown = schedule(body, cowns, captures, name=name)
        return self.cown

    def arrive(self, value, is_raised):
        try:
            if not is_raised:
                self.set_result(value)
            elif type(value) is futures.CancelledError:
                # Somebody has dropped what had not begun, or just this.
                self.drop(True)
                if not self.done():
                    self.set_exception(value)
            else:
                self.set_exception(value)
        except futures.InvalidStateError:
            pass  # cancelled
        self.cown = None  # not before: until then it says that it is too late to cancel

    def drop(self, will_not_run):
        """Whoever has cancelled it knows whether that was in time."""
        if not will_not_run:
            return self._begins()
        with self._engine.lock:
            is_first, self._is_dropped = not self._is_dropped, True
            self._work = None
        if is_first and super().cancel():
            # Nobody else would tell `wait` and `as_completed`.
            self.set_running_or_notify_cancel()


class Engine:
    """What an executor and its thread have in common. The thread does not keep the executor alive."""

    def __init__(self, limit, name):
        # A signal handler, or the `__reduce__` of an argument, may use the executor as well.
        self.lock = threading.RLock()
        self.arrivals = _core._Arrivals()
        self.limit = limit
        self.name = name
        self.pid = os.getpid()
        # What has been scheduled and has not arrived, and what waits for its turn.
        self.in_flight = set()
        self.waiting = deque()
        self.is_closed = False
        self.is_broken = False
        self.thread = None

    def add(self, job):
        """Schedules it when it is its turn. `launch` gives its cown, and `arrive` gets what comes."""
        with self.lock:
            self._start_thread()
            self.waiting.append(job)
            come = self._launch()
        self._tell(come)

    def check(self):
        if self.is_broken:
            raise futures.BrokenExecutor("an initializer has failed: this Executor cannot be used any more")
        if _is_over:
            raise RuntimeError("cannot schedule new futures after interpreter shutdown")
        if self.is_closed:
            raise RuntimeError("cannot schedule new futures after shutdown")

    def refuse_to_wait(self, what):
        """Raises where the caller must not wait, or would forever."""
        _refuse_in_behavior(what)
        if self.pid != os.getpid():
            raise RuntimeError(_OF_PARENT.format("Executor"))

    def _launch(self):
        # Returns what has come already: those jobs, with a value and whether it was raised.
        come = []
        while self.waiting and (self.limit is None or len(self.in_flight) < self.limit):
            job = self.waiting.popleft()
            try:
                cown = job.launch(self)
                if cown is not None:
                    self._ask(cown, job, come)
            except Exception as error:
                come.append((job, error, True))
        return come

    def _ask(self, cown, job, come):
        # What has come need not be brought by a behavior. That is so most often if the call does nothing.
        found = _core._ready(cown)
        if found is None:
            self.arrivals.ask(cown, job)
            self.in_flight.add(job)
            return
        if found[1]:
            _core._looked(cown)
        come.append((job, *found))

    def _tell(self, come):
        for one in come:
            self._arrive(*one)

    def _arrive(self, job, value, is_raised):
        if is_raised and type(value) is _calls.InitializerFailed:
            value = self._break(value)
        try:
            job.arrive(value, is_raised)
        except BaseException:
            # A callback that calls sys.exit(), for example.
            _logger.exception("exception calling callback for %r", job)

    def _break(self, failure):
        error = futures.BrokenExecutor("an initializer has failed: this Executor cannot be used any more")
        error.__cause__ = failure.__cause__
        with self.lock:
            is_first, self.is_broken = not self.is_broken, True
            waiting = list(self.waiting)
            self.waiting.clear()
        if is_first:
            cause = failure.__cause__
            _logger.critical("Exception in initializer:", exc_info=(type(cause), cause, cause.__traceback__))
        for job in waiting:
            self._arrive(job, error, True)
        return error

    def close(self, cancel_futures=False):
        dropped, are_cancelled = (), {}
        with self.lock:
            self.is_closed = True
            if cancel_futures:
                dropped = [*self.waiting, *self.in_flight]
                scheduled = [job for job in dropped if job.cown is not None]
                # All at once is faster.
                are_cancelled = dict(zip(scheduled, _core._cancel([job.cown for job in scheduled])))
        for job in dropped:
            job.drop(are_cancelled.get(job, True))
        self.arrivals.nudge()

    def _start_thread(self):
        if self.thread is None:
            _core.start()  # before our hook, so that it runs before that of the runtime
            _install_hook()
            self.thread = threading.Thread(target=self._deliver, name=self.name)
            self.thread.start()
            _engines.add(self)

    def _deliver(self):
        arrivals = self.arrivals
        while True:
            arrivals.wait(None, False)
            arrived = arrivals.take()
            with self.lock:
                come = [one[:3] for one in arrived]
                for _, _, is_raised, cown in arrived:
                    if is_raised:
                        _core._looked(cown)
                self.in_flight.difference_update([one[0] for one in come])
                come.extend(self._launch())
            arrived = cown = None
            come.reverse()
            while come:
                # Nothing is kept of what has been handed over.
                self._arrive(*come.pop())
            with self.lock:
                if self.is_closed and not self.in_flight and not self.waiting:
                    return


class Executor(futures.Executor):
    """Run calls on the workers, as other executors of `concurrent.futures` do.

    Each call is a behavior over no cown. Functions and arguments go to the workers as captures do: closures, lambdas
    and functions of `__main__` can be called, and what a call changes is a copy, except on threads. `with Executor() as
    executor:` shuts it down at the end of the block.

    - `max_workers`: how many of its calls run at once; by default as many as there are workers.
    - `initializer`, `initargs`: each worker calls `initializer(*initargs)` before its first call for this executor. If
      that raises, the executor is broken: calls and `submit` raise `BrokenExecutor`.
    - `thread_name_prefix`: the name of its only thread, which hands over the results.

    Raises ValueError or TypeError for arguments that make no sense. Neither an executor nor a future can be used inside
    a behavior: RuntimeError says what can.
    """

    def __init__(self, max_workers=None, *, initializer=None, initargs=(), thread_name_prefix=""):
        _refuse_in_behavior("an Executor")
        if max_workers is not None:
            max_workers = operator.index(max_workers)
            if max_workers <= 0:
                raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        self._number = next(_numbers)
        self._initializer = None if initializer is None else (initializer, tuple(initargs))
        self._initialization = None
        name = thread_name_prefix or f"bocpy.Executor-{self._number}"
        self._engine = Engine(max_workers, name)

    def _check(self, what):
        _refuse_in_behavior(what)
        engine = self._engine
        if engine.pid != os.getpid():
            raise RuntimeError(_OF_PARENT.format("Executor"))
        engine.check()
        return engine

    def submit(self, fn, /, *args, **kwargs):
        """Schedule the call `fn(*args, **kwargs)`, and return the `Future` of its result.

        What the call raises, and what cannot be moved to a worker or back, is raised by `result()` of the future.
        `cancel()` is exact: if it returns True, the call does not run. Raises RuntimeError after `shutdown`.
        """
        engine = self._check("submit()")
        future = Future(engine, self._work(fn, args, kwargs))
        engine.add(future)
        return future

    def _work(self, fn, args, kwargs):
        initialization = self._initialized_by()
        if initialization is not None:
            captures = self._number, fn, args, kwargs
            return _calls.call_initialized, initialization[:1], captures, _calls.name_of(fn)
        return _calls.behavior(fn, args, kwargs)

    def _initialized_by(self):
        """A request for the cown of the initializer and its arguments, and the number of the executor; or None."""
        if self._initializer is not None and self._initialization is None:
            _core.start()  # then the cown takes its value in the way of this host
            self._initialization = _core.read(_core.Cown(self._initializer)), self._number
        return self._initialization

    def map(self, fn, *iterables, timeout=None, chunksize=1, buffersize=None):
        """Call `fn` with the items of the iterables, and iterate over the results in order.

        The result is the same as if each call were a behavior, but one behavior does many short calls. An exception is
        raised at its place, and ends the iteration; calls that have not begun are dropped then, or when the iterator is
        closed.

        - `timeout`: seconds from now, until which each result must have come: else TimeoutError.
        - `chunksize`: above 1, that many calls are one behavior, and share what is common to their arguments.
        - `buffersize`: no more than that many items are taken in advance; by default all are, at once. With it,
          iterables may be endless.
        """
        engine = self._check("map()")
        if buffersize is not None and not isinstance(buffersize, int):
            raise TypeError("buffersize must be an integer or None")
        if buffersize is not None and buffersize < 1:
            raise ValueError("buffersize must be None or > 0")
        if chunksize < 1:
            raise ValueError("chunksize must be >= 1.")
        deadline = None if timeout is None else timeout + time.monotonic()
        source = _executor_map.Map(self, engine, fn, zip(*iterables), chunksize, buffersize)
        return source.results(deadline)

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Take no more calls.

        - `wait`: return when all calls have ended. Otherwise they go on, and the program waits for them at its end.
        - `cancel_futures`: drop the calls that have not begun.

        An executor that is dropped runs the calls that it has, too.
        """
        engine = self._engine
        if engine.pid != os.getpid():
            return
        if wait:
            _refuse_in_behavior("shutdown(wait=True)")
        engine.close(cancel_futures)
        thread = engine.thread
        if wait and thread is not None and thread is not threading.current_thread():
            thread.join()

    def __del__(self, getpid=os.getpid):
        # Without a lock: the thread that runs this may have it. And without a global: there may be none any more.
        engine = getattr(self, "_engine", None)
        if engine is not None and engine.pid == getpid():
            engine.is_closed = True
            engine.arrivals.nudge()

    def __reduce__(self):
        raise TypeError(
            "an Executor cannot be moved to another interpreter or process: behaviors schedule others with @when"
        )


# -- the end of the program, and forks


def _install_hook():
    global _has_hook
    if not _has_hook:
        _has_hook = True
        threading._register_atexit(_finish)


def _finish():
    global _is_over
    _is_over = True
    for engine in list(_engines):
        engine.close()
        engine.thread.join()


def _after_fork_in_child():
    global _forks, _has_hook
    _forks += 1
    _engines.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
