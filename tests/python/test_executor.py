"""``bocpy.Executor``: calls as behaviors, results as futures."""

import asyncio
import concurrent.futures
import contextlib
import functools
import gc
import logging
import operator
import os
import sys
import sysconfig
import threading
import weakref
from concurrent.futures import BrokenExecutor, CancelledError, as_completed

import bocpy
from bocpy import Cown, Executor, quiesce, wait, when
from support import check_script, interpreter, interpreters_only, not_strict, pytest, run_script, threads_only


@pytest.fixture
def executor(runtime_stopped):
    with Executor() as executor:
        yield executor


@pytest.fixture
def told(monkeypatch):
    """Exceptions that have been reported."""
    reports = []
    monkeypatch.setattr(threading, "excepthook", lambda args: reports.append(args.exc_value))
    return reports


def add(a, b=10):
    return a + b


def everything(a, /, b, *rest, c=3, **more):
    return a, b, rest, c, more


def fail(x):
    error = KeyError(x)
    if hasattr(error, "add_note"):
        error.add_note("a note")
    raise error


def hold(handshake, value=None):
    handshake.arrive()
    return value


class Adder:
    def __init__(self, n):
        self.n = n

    def add(self, x):
        return self.n + x

    def __call__(self, x):
        return self.n * x


# -- submit


def test_it_is_an_executor(executor):
    assert isinstance(executor, concurrent.futures.Executor)
    future = executor.submit(add, 1)
    assert isinstance(future, concurrent.futures.Future)
    assert future.result() == 11
    assert future.done()
    assert not future.running()
    assert not future.cancelled()
    assert future.cancel() is False
    assert future.exception() is None


def test_importing_bocpy_does_not_import_futures():
    check_script(
        """
        import sys, bocpy
        print("concurrent.futures" in sys.modules, "logging" in sys.modules)
        bocpy.Executor
        print("concurrent.futures" in sys.modules)
        """,
        "False False\nTrue",
    )


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda e: e.submit(add, 1, 2), 3),
        (lambda e: e.submit(add, 1, b=3), 4),
        (lambda e: e.submit(add, b=1, a=2), 3),
        (lambda e: e.submit(everything, 1, 2), (1, 2, (), 3, {})),
        (lambda e: e.submit(everything, 1, 2, 3, 4, c=5, d=6), (1, 2, (3, 4), 5, {"d": 6})),
        (lambda e: e.submit(everything, 1, b=2), (1, 2, (), 3, {})),
        (lambda e: e.submit(lambda *a: a, 1, 2), (1, 2)),
        (lambda e: e.submit(lambda **k: k, self=1, fn=2), {"self": 1, "fn": 2}),
        (lambda e: e.submit(pow, 2, 8), 256),
        (lambda e: e.submit(int, "ff", base=16), 255),
        (lambda e: e.submit(functools.partial(add, b=5), 1), 6),
        (lambda e: e.submit(functools.partial(operator.mul, 5), 3), 15),
        (lambda e: e.submit(Adder(3).add, 4), 7),
        (lambda e: e.submit(Adder(3), 4), 12),
        (lambda e: e.submit("abc".upper), "ABC"),
        (lambda e: e.submit(str, 7), "7"),
    ],
)
def test_calls_of_all_kinds(executor, call, expected):
    assert call(executor).result() == expected


def test_closures_have_the_values_of_the_call(executor):
    futures = []
    for n in range(5):
        futures.append(executor.submit(lambda x: (x, n), 1))
    assert [future.result() for future in futures] == [(1, n) for n in range(5)]


def test_functions_of_main():
    check_script(
        """
        from bocpy import Executor

        FACTOR = 3

        class Point:
            def __init__(self, x):
                self.x = x

        def helper(x):
            return x * FACTOR

        def scaled(point):
            return Point(helper(point.x))

        with Executor() as executor:
            future = executor.submit(scaled, Point(2))
            print(type(future.result()) is Point, future.result().x)
            print([point.x for point in executor.map(scaled, map(Point, range(5)))])
            FACTOR = 4
            print(list(executor.map(helper, range(3))), executor.submit(helper, x=5).result())
        """,
        "True 6\n[0, 3, 6, 9, 12]\n[0, 4, 8] 20",
    )


@pytest.mark.parametrize("args", [(), (1, 2, 3)])
def test_arguments_that_do_not_fit(executor, args):
    with pytest.raises(TypeError, match="argument"):
        executor.submit(add, *args).result()


def missing(a, b):
    return a, b


def test_a_missing_argument_is_not_taken_from_the_caller(executor):
    b = 5
    with pytest.raises(TypeError, match="missing"):
        executor.submit(missing, 1).result()
    with pytest.raises(TypeError, match="missing"):
        list(executor.map(missing, [1, 2]))
    assert b == 5


def test_submit_without_a_function(executor):
    with pytest.raises(TypeError):
        executor.submit()
    with pytest.raises(TypeError):
        executor.submit(fn=add, a=1)
    with pytest.raises(TypeError, match="not callable"):
        executor.submit(5).result()


def numbers():
    yield 1


async def coroutine():
    return 1


def test_what_makes_generators_is_called(executor):
    # As any call: where workers share the interpreter, its result can be used.
    for function, kind in ((numbers, "generator"), (coroutine, "coroutine")):
        future = executor.submit(function)
        error = future.exception()
        if error is None:
            assert type(future.result()).__name__ == kind
            future.result().close()
        else:
            assert kind in str(error)


def test_arguments_that_cannot_be_moved(executor, backend):
    future = executor.submit(type, threading.Lock())
    if backend == "threads":
        assert future.result() is type(threading.Lock())
    else:
        with pytest.raises(TypeError, match="cannot be moved"):
            future.result()


def test_results_that_cannot_be_moved(executor, backend):
    future = executor.submit(threading.Lock)
    if backend == "threads":
        assert type(future.result()) is type(threading.Lock())
    else:
        with pytest.raises(TypeError, match="cannot be moved"):
            future.result()


def test_a_result_that_is_a_cown_and_one_that_is_an_exception(executor):
    c = Cown(1)
    assert executor.submit(lambda: c).result() == c
    assert isinstance(executor.submit(lambda: ValueError(1)).result(), ValueError)


# -- exceptions


def test_exceptions(executor, told):
    future = executor.submit(fail, 3)
    error = future.exception()
    assert type(error) is KeyError
    assert error.args == (3,)
    if hasattr(error, "__notes__"):
        assert error.__notes__ == ["a note"]
    traceback = error.__traceback__
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    assert traceback.tb_frame.f_code.co_name == "fail"
    with pytest.raises(KeyError):
        future.result()
    del future, error, traceback
    gc.collect()
    wait(60)
    assert told == []


def test_an_exception_that_nobody_asks_for_is_not_reported(executor, told):
    # As with any future.
    concurrent.futures.wait([executor.submit(fail, n) for n in range(10)])
    gc.collect()
    quiesce(60)
    assert told == []


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_base_exceptions(executor, kind):
    def body():
        raise kind("so")

    with pytest.raises(kind):
        executor.submit(body).result()
    with pytest.raises(kind):
        list(executor.map(lambda x: body(), [1]))
    assert executor.submit(add, 1).result() == 11


# -- futures


def test_cancel_and_running(executor, handshake):
    running = [executor.submit(hold, handshake, n) for n in range(bocpy.WORKER_COUNT)]
    handshake.await_arrival(bocpy.WORKER_COUNT)
    waiting = executor.submit(add, 1)
    called = []
    waiting.add_done_callback(called.append)
    assert all(future.running() for future in running)
    assert not waiting.running()
    assert running[0].cancel() is False
    assert running[0].running()
    assert waiting.cancel() is True
    assert waiting.cancel() is True
    assert waiting.cancelled()
    assert waiting.done()
    assert called == [waiting]
    with pytest.raises(CancelledError):
        waiting.result()
    assert list(as_completed([waiting], timeout=60)) == [waiting]
    handshake.let_all_go()
    assert [future.result() for future in running] == list(range(bocpy.WORKER_COUNT))
    assert running[0].cancel() is False
    assert not running[0].running()


def test_results_come_while_others_wait_for_a_worker(executor, handshake):
    c = Cown(0)

    def first():
        @when(c)
        def _(c):
            c.value += 1

        return 5

    future = executor.submit(first)
    others = [executor.submit(hold, handshake) for _ in range(100)]
    assert future.result(60) == 5
    handshake.let_all_go()
    concurrent.futures.wait(others)


def test_cancelled_calls_do_not_run(executor, handshake):
    ran = Cown([])

    def note(n):
        @when(ran)
        def _(ran):
            ran.value.append(n)

    running = [executor.submit(hold, handshake) for _ in range(bocpy.WORKER_COUNT)]
    handshake.await_arrival(bocpy.WORKER_COUNT)
    futures = [executor.submit(note, n) for n in range(20)]
    assert all(future.cancel() for future in futures[::2])
    handshake.let_all_go()
    concurrent.futures.wait(futures + running)
    quiesce(60)
    assert sorted(ran.get()) == list(range(1, 20, 2))


def test_wait_that_drops_cancels(handshake):
    executor = Executor()
    running = [executor.submit(hold, handshake) for _ in range(bocpy.WORKER_COUNT)]
    handshake.await_arrival(bocpy.WORKER_COUNT)
    future = executor.submit(add, 1)
    threading.Timer(0.1, handshake.let_all_go).start()
    wait(60, cancel=True)
    assert [future.result() for future in running] == [None] * len(running)
    with pytest.raises(CancelledError):
        future.result(60)
    assert future.cancelled()
    assert executor.submit(add, 1).result() == 11
    executor.shutdown()


def test_timeouts(executor, handshake):
    future = executor.submit(hold, handshake, 7)
    with pytest.raises(concurrent.futures.TimeoutError):
        future.result(timeout=0.01)
    with pytest.raises(concurrent.futures.TimeoutError):
        future.exception(timeout=0)
    handshake.let_go()
    assert future.result(timeout=60) == 7


def test_callbacks_may_raise(executor, caplog):
    caplog.set_level(logging.CRITICAL, "concurrent.futures")
    called = []

    def callback(future):
        called.append(future.result())
        raise ValueError("of a callback")

    futures = [executor.submit(add, n) for n in range(100)]
    for future in futures:
        future.add_done_callback(callback)
    assert [future.result() for future in futures] == list(range(10, 110))
    executor.shutdown()
    assert sorted(called) == list(range(10, 110))


@pytest.mark.slow
def test_a_hundred_thousand_callbacks_that_raise(executor, monkeypatch):
    logged = []
    monkeypatch.setattr(
        logging.getLogger("concurrent.futures"), "exception", lambda *args: logged.append(sys.exc_info()[0])
    )

    def callback(future):
        raise ValueError

    futures = []
    for n in range(100_000):
        future = executor.submit(add, n)
        future.add_done_callback(callback)
        futures.append(future)
    assert sum(future.result() for future in futures) == sum(range(10, 100_010))
    executor.shutdown()
    assert logged == [ValueError] * 100_000


def test_a_callback_that_exits_does_not_end_the_executor(executor, handshake, caplog):
    future = executor.submit(handshake.arrive)
    handshake.await_arrival()
    future.add_done_callback(lambda future: sys.exit(3))
    handshake.let_go()
    future = executor.submit(add, 2)
    assert future.result(60) == 12
    assert executor.submit(add, 3).result(60) == 13


def test_a_callback_that_blocks_keeps_up_nobody_else(executor, handshake):
    go_on = threading.Event()
    future = executor.submit(handshake.arrive)
    handshake.await_arrival()
    future.add_done_callback(lambda future: go_on.wait(60))
    handshake.let_go()
    with Executor() as other:
        assert other.submit(add, 2).result(60) == 12

        async def awaits():
            return await when()(lambda: 3)

        assert asyncio.run(awaits()) == 3
    go_on.set()


def test_callbacks_may_submit_and_shut_down(executor):
    done = threading.Event()
    results = []

    def second(future):
        results.append(future.result())
        executor.shutdown(wait=True)  # of its own thread
        done.set()

    def first(future):
        executor.submit(add, future.result()).add_done_callback(second)

    executor.submit(add, 1).add_done_callback(first)
    assert done.wait(60)
    assert results == [21]


def test_asyncio(executor):
    async def main():
        loop = asyncio.get_running_loop()
        results = await asyncio.gather(*(loop.run_in_executor(executor, add, n) for n in range(100)))
        wrapped = await asyncio.wrap_future(executor.submit(add, 5))
        with pytest.raises(KeyError):
            await loop.run_in_executor(executor, fail, 1)
        return results, wrapped

    assert asyncio.run(main()) == (list(range(10, 110)), 15)


def test_asyncio_cancels(executor, handshake):
    async def main():
        loop = asyncio.get_running_loop()
        running = [loop.run_in_executor(executor, hold, handshake, n) for n in range(bocpy.WORKER_COUNT)]
        handshake.await_arrival(bocpy.WORKER_COUNT)
        future = executor.submit(add, 1)
        task = asyncio.ensure_future(asyncio.wrap_future(future))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)  # then the loop has passed it on
        handshake.let_all_go()
        return future.cancelled(), await asyncio.gather(*running)

    assert asyncio.run(main()) == (True, list(range(bocpy.WORKER_COUNT)))


# -- how many


def test_max_workers(handshake):
    with Executor(1) as executor:
        futures = [executor.submit(hold, handshake, n) for n in range(5)]
        handshake.await_arrival()
        assert futures[0].running()
        assert not any(future.running() for future in futures[1:])
        assert futures[2].cancel()
        with Executor() as other:  # there is another worker
            assert other.submit(add, 1).result() == 11
        for _ in range(3):
            handshake.let_go()
            handshake.await_arrival()
        handshake.let_go()
        assert [futures[n].result() for n in (0, 1, 3, 4)] == [0, 1, 3, 4]


@pytest.mark.parametrize("number", [0, -1])
def test_max_workers_that_are_none(number):
    with pytest.raises(ValueError, match="max_workers must be greater than 0"):
        Executor(number)


@pytest.mark.parametrize("number", ["3", 1.5, float("nan"), [1]])
def test_max_workers_of_nonsense(number):
    with pytest.raises(TypeError):
        Executor(number)


def test_arguments_of_nonsense(executor):
    with pytest.raises(TypeError, match="callable"):
        Executor(initializer=5)
    with pytest.raises(TypeError):
        Executor(1, add)
    with pytest.raises(TypeError):
        Executor(initargs=5, initializer=add)
    with pytest.raises(TypeError):
        Executor(nonsense=1)


def test_threads(executor):
    before = threading.active_count()
    executor.submit(add, 1).result()
    assert threading.active_count() == before + 1
    with Executor(thread_name_prefix="mine") as named:
        named.submit(add, 1).result()
        assert "mine" in [thread.name for thread in threading.enumerate()]
    executor.shutdown()
    assert threading.active_count() == before


# -- shutdown


def test_after_shutdown(executor):
    future = executor.submit(add, 1)
    executor.shutdown()
    executor.shutdown()
    assert future.done()
    assert future.result() == 11
    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        executor.submit(add, 1)
    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        executor.map(add, [1])


def test_shutdown_that_does_not_wait(executor, handshake):
    future = executor.submit(hold, handshake, 1)
    executor.shutdown(wait=False)
    assert not future.done()
    handshake.let_go()
    assert future.result() == 1


def test_shutdown_that_cancels(handshake):
    executor = Executor()
    running = [executor.submit(hold, handshake) for _ in range(bocpy.WORKER_COUNT)]
    handshake.await_arrival(bocpy.WORKER_COUNT)
    futures = [executor.submit(add, n) for n in range(100)]
    results = executor.map(add, range(100))
    executor.shutdown(wait=False, cancel_futures=True)
    assert all(future.cancelled() for future in futures)
    assert not any(future.cancelled() for future in running)
    with pytest.raises(CancelledError):
        next(results)
    handshake.let_all_go()
    executor.shutdown()
    assert all(future.done() for future in running)


def test_shutdown_that_cancels_what_waits_for_a_place(handshake):
    executor = Executor(1)
    running = executor.submit(hold, handshake, 1)
    handshake.await_arrival()
    futures = [executor.submit(add, n) for n in range(10)]
    executor.shutdown(wait=False, cancel_futures=True)
    handshake.let_go()
    executor.shutdown()
    assert running.result() == 1
    assert all(future.cancelled() for future in futures)


def test_dropped_without_shutdown(handshake):
    executor = Executor()
    futures = [executor.submit(hold, handshake, n) for n in range(3)]
    results = executor.map(add, range(100))
    thread = executor._engine.thread
    dropped = weakref.ref(executor)
    del executor
    gc.collect()
    assert dropped() is None
    handshake.let_all_go()
    assert [future.result() for future in futures] == [0, 1, 2]
    assert list(results) == list(range(10, 110))
    thread.join(60)
    assert not thread.is_alive()


@pytest.mark.slow
def test_thousands_of_executors():
    before = threading.active_count()
    for n in range(1000):
        with Executor() as executor:
            assert executor.submit(add, n).result() == n + 10
    for _ in range(1000):
        Executor()
    gc.collect()
    assert threading.active_count() == before


@not_strict
def test_arguments_and_results_are_not_kept(executor):
    class Thing:
        pass

    thing = Thing()
    seen = weakref.ref(thing)
    future = executor.submit(lambda thing: 1, thing)
    results = executor.map(lambda thing: 1, [thing])
    del thing
    assert future.result() == 1
    assert list(results) == [1]
    executor.shutdown()  # its thread may still hold what it has handed over last
    gc.collect()
    assert seen() is None


@pytest.mark.slow
def test_it_works_while_the_runtime_stops_and_starts(executor):
    futures = []
    for n in range(20):
        futures.append(executor.submit(add, n))
        wait(60)
    assert [future.result() for future in futures] == list(range(10, 30))


def test_many_threads_submit(executor):
    results = []

    def use(n):
        results.append(sum(future.result() for future in [executor.submit(add, n) for _ in range(100)]))

    threads = [threading.Thread(target=use, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [100 * (n + 10) for n in range(8)]


# -- the end of the program


def test_at_exit_everything_runs():
    check_script(
        """
        import time
        from bocpy import Executor

        def show(text):
            time.sleep(0.2)
            print(text, flush=True)

        executor = Executor(1)
        for text in ("a", "b", "c"):
            executor.submit(show, text)
        executor.map(show, "de")
        """,
        "a\nb\nc\nd\ne",
    )


def test_at_exit_dropped_and_not_waited_for():
    check_script(
        """
        import sys, time
        from bocpy import Executor

        def show(text):
            time.sleep(0.2)
            sys.stdout.write(text + "\\n")  # in one piece

        Executor().submit(show, "pear")
        executor = Executor()
        executor.submit(show, "pear")
        executor.shutdown(wait=False)
        """,
        "pear\npear",
    )


def test_after_the_end_of_the_program():
    done = run_script(
        """
        import atexit
        from bocpy import Executor

        @atexit.register
        def last():
            try:
                executor.submit(id, None)
            except RuntimeError as error:
                print(error)

        executor = Executor()
        executor.submit(id, 42).result()
        """
    )
    assert done.stdout.strip() == "cannot schedule new futures after interpreter shutdown", done
    assert done.stderr == ""


# -- initializers


status = "none"


def initialize(value):
    global status
    status = value


def get_status():
    return status


def count_initialization(counter):
    @when(counter)
    def _(counter):
        counter.value += 1


def test_an_initializer():
    with Executor(initializer=initialize, initargs=("done",)) as executor:
        assert {executor.submit(get_status).result() for _ in range(20)} == {"done"}
        assert set(executor.map(lambda x: get_status(), range(20))) == {"done"}
    initialize("none")


def test_an_initializer_runs_once_on_each_worker(handshake):
    counter = Cown(0)
    with Executor(initializer=count_initialization, initargs=(counter,)) as executor:
        futures = [executor.submit(hold, handshake) for _ in range(bocpy.WORKER_COUNT)]
        handshake.await_arrival(bocpy.WORKER_COUNT)
        handshake.let_all_go()
        concurrent.futures.wait(futures)
        list(executor.map(add, range(1000)))
        quiesce(60)
        assert counter.get() == bocpy.WORKER_COUNT


def test_an_initializer_that_fails(caplog):
    caplog.set_level(logging.CRITICAL, "concurrent.futures")
    with Executor(initializer=fail, initargs=(1,)) as executor:
        futures = [executor.submit(add, 0)]
        with contextlib.suppress(BrokenExecutor):  # it may have failed by now
            futures += [executor.submit(add, n) for n in range(1, 10)]
        results = executor.map(add, range(10)) if not executor._engine.is_broken else iter(())
        for future in futures:
            with pytest.raises(BrokenExecutor, match="initializer"):
                future.result()
        assert isinstance(futures[0].exception().__cause__, KeyError)
        with pytest.raises(BrokenExecutor):
            executor.submit(add, 1)
        with pytest.raises((BrokenExecutor, StopIteration)):
            next(results)
    assert "Exception in initializer" in caplog.text
    assert "KeyError" in caplog.text


# -- where it cannot be used


def test_in_behaviors(executor):
    @when()
    def made():
        bocpy.Executor()

    with pytest.raises(RuntimeError, match="cannot be used inside a behavior.*@when"):
        made.get()


def test_moved_to_a_behavior(executor, backend, handshake):
    future = executor.submit(hold, handshake)
    if backend == "threads":

        def body():
            return executor.submit(add, 1)

        with pytest.raises(RuntimeError, match=r"submit\(\) cannot be used inside a behavior.*@when"):
            when()(body).get()
        with pytest.raises(RuntimeError, match=r"result\(\) of a Future.* cannot be used inside a behavior"):
            when()(lambda: future.result()).get()
        with pytest.raises(RuntimeError, match="map.* cannot be used inside a behavior"):
            when()(lambda: list(executor.map(add, [1]))).get()
    else:
        with pytest.raises(TypeError, match="an Executor cannot be moved"):
            when()(lambda: executor)
        with pytest.raises(TypeError, match="a Future cannot be moved"):
            when()(lambda: future)
    handshake.let_go()
    assert future.result() is None


def test_a_call_may_schedule_behaviors(executor):
    total = Cown(0)

    def call(n):
        @when(total)
        def result(total):
            total.value += n
            return total.value

        return result

    result = executor.submit(call, 5).result()
    assert result.get() == 5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.skipif(bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="the child may hang: not yet understood")
def test_in_the_child_of_a_fork(backend):
    # Nothing can fork while behaviors run in interpreters of their own.
    check_script(
        """
        import os, warnings
        from bocpy import Executor
        warnings.simplefilter("ignore")

        def f(x):
            return x + 1

        def slow():
            os.write(started[1], b".")
            os.read(go_on[0], 1)

        started, go_on = os.pipe(), os.pipe()
        executor = Executor()
        executor.submit(f, 1).result()
        lazy = executor.map(f, range(9), buffersize=1)
        if BACKEND == "threads":
            pending = executor.submit(slow)
            os.read(started[0], 1)
        child = os.fork()
        if not child:
            uses = [lambda: executor.submit(f, 1), lambda: executor.map(f, [1])]
            if BACKEND == "threads":
                uses += [lambda: pending.result(), lambda: pending.exception()]
            for use in uses:
                try:
                    print(use(), flush=True)
                except RuntimeError as error:
                    print("belongs to the process that has forked this one" in str(error), flush=True)
            try:
                print(len(list(lazy)) < 2)
            except RuntimeError as error:
                print("belongs to the process that has forked this one" in str(error), flush=True)
            executor.shutdown()
            del executor
            with Executor() as mine:
                print(mine.submit(f, 5).result(), list(mine.map(f, range(3))), flush=True)
        else:
            os.waitpid(child, 0)
            os.write(go_on[1], b".")
            print(executor.submit(f, 7).result(), len(list(lazy)))
        """.replace("BACKEND", repr(backend)),
        "True\n" * (5 if backend == "threads" else 3) + "6 [1, 2, 3]\n8 9",
    )


@threads_only
def test_on_threads_the_objects_are_the_objects(executor):
    things = []
    executor.submit(things.append, 1).result()
    list(executor.map(things.append, [2, 3]))
    assert sorted(things) == [1, 2, 3]


@interpreters_only
def test_calls_run_on_workers(executor):
    assert executor.submit(interpreter).result() != interpreter()
