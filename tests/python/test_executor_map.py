"""``Executor.map``: one behavior for many short calls, and no difference to be seen."""

import concurrent.futures
import functools
import gc
import itertools
import operator
import sysconfig
import threading
import weakref
from concurrent.futures import CancelledError
from contextvars import ContextVar

import bocpy
from bocpy import Cown, Executor, quiesce, when
from support import check_script, interpreters_only, pytest


@pytest.fixture
def executor(runtime_stopped):
    with Executor() as executor:
        yield executor


def double(x):
    return 2 * x


def fail_at_seven(x):
    if x % 10 == 7:
        raise ValueError(x)
    return x


def hold(handshake, x):
    handshake.arrive()
    return x


def twice(x):
    return [x, x]


def sometimes_a_list(x):
    return [x] if x % 13 == 0 else x


class Thing:
    def __init__(self, x):
        self.x = x


def test_results_are_in_order(executor):
    assert list(executor.map(double, range(10_000))) == list(range(0, 20_000, 2))
    assert list(executor.map(operator.add, range(5), [10] * 3)) == [10, 11, 12]
    assert list(executor.map(double, [])) == []
    assert list(executor.map(double)) == []


@pytest.mark.parametrize("function", [double, twice, sometimes_a_list, lambda x: x, str, functools.partial(pow, 2)])
@pytest.mark.parametrize("chunksize", [1, 2, 7, 1000])
@pytest.mark.parametrize("buffersize", [None, 1, 3, 1000])
def test_the_same_as_map(executor, function, chunksize, buffersize):
    found = executor.map(function, range(300), chunksize=chunksize, buffersize=buffersize)
    assert list(found) == list(map(function, range(300)))


def test_mixed_results(executor):
    kinds = [1, "a", None, [1], (1, 2), {"a": [1]}, Thing(3), (1, [2]), 2.5, b"x", {1}, frozenset([1]), ValueError(1)]
    items = kinds * 50
    found = list(executor.map(lambda x: x, items))
    assert [type(x) for x in found] == [type(x) for x in items]
    assert [repr(x) for x in found if type(x) is not Thing] == [repr(x) for x in items if type(x) is not Thing]


# -- each call is one of its own


@interpreters_only
def test_results_that_are_changed_later_are_as_they_were():
    check_script(
        """
        from bocpy import Executor

        buffer = [0]

        def fill(x):
            buffer[0] = x
            return buffer

        with Executor() as executor:
            print([found[0] for found in executor.map(fill, range(1000))] == list(range(1000)))
        """,
        "True",
    )


def append(items, x=None):
    items.append(x)
    return len(items)


class Counter:
    n = 0

    def step(self, x):
        self.n += 1
        return self.n


def counts_in_closure():
    seen = []

    def count(x):
        seen.append(x)
        return len(seen)

    return count


def test_no_call_sees_what_another_has_changed(executor, backend):
    shared = []
    for function, items in [
        (append, [shared] * 100),
        (Counter().step, range(100)),
        (counts_in_closure(), range(100)),
        (functools.partial(append, []), range(100)),
    ]:
        found = list(executor.map(function, items))
        # On threads it is the same object, as everywhere.
        assert found == ([1] * 100 if backend == "interpreters" else found)
        assert len(found) == 100


# -- exceptions


def test_an_exception_comes_at_its_place(executor):
    results = executor.map(fail_at_seven, range(1000))
    for n in range(7):
        assert next(results) == n
    with pytest.raises(ValueError, match="7") as caught:
        next(results)
    traceback = caught.value.__traceback__
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    assert traceback.tb_frame.f_code.co_name == "fail_at_seven"
    assert list(results) == []


def test_exceptions_late_in_a_group(executor, monkeypatch):
    told = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    for at in (0, 1, 2, 500, 998, 999):
        results = executor.map(lambda x: 1 // (x - at), range(1000))
        found = list(itertools.islice(results, at))
        assert found == [1 // (x - at) for x in range(at)]
        with pytest.raises(ZeroDivisionError):
            next(results)
    gc.collect()
    quiesce(60)
    assert told == []


def test_calls_behind_one_that_fails_run(executor):
    ran = Cown(0)

    def call(x):
        @when(ran)
        def _(ran):
            ran.value += 1

        return 1 // (x % 5)

    executor.map(call, range(1000))
    executor.shutdown()
    quiesce(60)
    assert ran.get() == 1000


@interpreters_only
def test_what_cannot_be_moved_fails_at_its_place(executor):
    items = [1, 2, 3, threading.Lock(), 5]
    results = executor.map(double, items)
    assert [next(results) for _ in range(3)] == [2, 4, 6]
    with pytest.raises(TypeError, match="cannot be moved"):
        next(results)
    results = executor.map(lambda x: make_lock() if x == 300 else x, range(400))
    assert list(itertools.islice(results, 300)) == list(range(300))
    with pytest.raises(TypeError, match="type '_thread.lock' cannot be moved"):
        next(results)
    with pytest.raises(TypeError, match="cannot be moved"):
        executor.map(threading.Lock().acquire, range(5))
    # Many that fail at once.
    results = executor.map(double, [threading.Lock() for _ in range(5000)])
    with pytest.raises(TypeError, match="cannot be moved"):
        next(results)


def make_lock():
    return threading.Lock()


@interpreters_only
def test_exceptions_that_cannot_be_moved_as_they_are(executor):
    def fail(x):
        if x == 300:
            error = KeyError(x)
            error.lock = make_lock()
            raise error
        return x

    results = executor.map(fail, range(400))
    assert list(itertools.islice(results, 300)) == list(range(300))
    with pytest.raises(KeyError) as caught:
        next(results)
    assert any("lock" in note for note in caught.value.__notes__)


def test_a_function_that_is_none(executor):
    with pytest.raises(TypeError, match="not callable"):
        list(executor.map(5, [1]))
    with pytest.raises(TypeError, match="iterable"):
        executor.map(double, 5)


# -- timeouts, closing


def test_a_timeout(executor, handshake):
    results = executor.map(functools.partial(hold, handshake), range(10), timeout=0.05)
    with pytest.raises(concurrent.futures.TimeoutError):
        next(results)
    handshake.let_all_go()
    assert list(results) == []


def test_what_is_ready_does_not_time_out(executor):
    results = executor.map(double, range(100), timeout=60)
    executor.shutdown()
    assert list(results) == list(range(0, 200, 2))
    with pytest.raises(TypeError):
        Executor().map(double, [1], timeout="1")


def test_closing_drops_what_has_not_begun(executor, handshake):
    ran = Cown([])

    def call(x):
        if x:
            handshake.arrive()

        @when(ran)
        def _(ran):
            ran.value.append(x)

        return x

    results = executor.map(call, range(100))
    assert next(results) == 0
    handshake.await_arrival(bocpy.WORKER_COUNT)
    results.close()
    handshake.let_all_go()
    executor.shutdown()
    quiesce(60)
    assert len(ran.get()) == 1 + bocpy.WORKER_COUNT


def test_without_a_look_all_run(executor):
    ran = Cown(0)

    def call(x):
        @when(ran)
        def _(ran):
            ran.value += 1

    executor.map(call, range(3000))
    executor.shutdown()
    quiesce(60)
    assert ran.get() == 3000


def test_one_worker_at_a_time(handshake):
    running = Cown([0, 0])

    def call(x):
        @when(running)
        def _(running):
            running.value[0] += 1
            running.value[1] = max(running.value)

        handshake.say()

        @when(running)
        def _(running):
            running.value[0] -= 1

        return x

    with Executor(1) as executor:
        assert list(executor.map(call, range(200))) == list(range(200))
    assert running.get() == [0, 1]


# -- buffersize, chunksize


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"chunksize": 0}, ValueError),
        ({"chunksize": -1}, ValueError),
        ({"chunksize": "a"}, TypeError),
        ({"buffersize": 0}, ValueError),
        ({"buffersize": -1}, ValueError),
        ({"buffersize": 1.5}, TypeError),
        ({"buffersize": "a"}, TypeError),
        ({"nonsense": 1}, TypeError),
    ],
)
def test_arguments_of_nonsense(executor, arguments, error):
    with pytest.raises(error):
        executor.map(double, [1], **arguments)


def test_a_buffer_takes_no_more_than_it_says(executor):
    items = itertools.count()
    results = executor.map(double, items, buffersize=4)
    assert next(items) == 4
    assert next(results) == 0
    assert next(items) == 6
    assert [next(results) for _ in range(4)] == [2, 4, 6, 10]
    results.close()


def test_a_buffer_after_shutdown():
    executor = Executor()
    results = executor.map(double, itertools.count(), buffersize=2)
    executor.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        list(results)


def test_a_buffer_keeps_its_executor():
    results = Executor().map(double, range(100), buffersize=2)
    gc.collect()
    assert list(results) == list(range(0, 200, 2))


def test_an_iterable_that_fails(executor):
    def items():
        yield 1
        raise KeyError("items")

    with pytest.raises(KeyError, match="items"):
        executor.map(double, items())
    with pytest.raises(KeyError, match="items"):
        list(executor.map(double, items(), buffersize=1))


# -- memory, time


@pytest.mark.skipif(bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="objects of other threads go later")
def test_results_are_not_kept(executor):
    for thing in executor.map(Thing, range(50)):
        seen = weakref.ref(thing)
        del thing
        assert seen() is None


def test_long_calls_behind_short_ones_are_shared_out(executor, handshake):
    # The group that such a call is in ends with it, so another worker can have the next.
    def call(x):
        if x >= 5000:
            handshake.arrive()
        return x

    results = executor.map(call, range(5000 + bocpy.WORKER_COUNT))
    handshake.await_arrival(bocpy.WORKER_COUNT)
    handshake.let_all_go()
    assert list(results) == list(range(5000 + bocpy.WORKER_COUNT))


def test_several_maps_at_once(executor):
    maps = [executor.map(operator.add, range(2000), [n] * 2000) for n in range(5)]
    for n, results in enumerate(maps):
        assert list(results) == list(range(n, 2000 + n))


def test_used_by_several_threads(executor):
    found = []

    def use(n):
        found.append(list(executor.map(operator.add, range(1000), [n] * 1000)) == list(range(n, 1000 + n)))

    threads = [threading.Thread(target=use, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 6


def test_shutdown_with_cancel(handshake):
    executor = Executor()
    results = executor.map(functools.partial(hold, handshake), range(1000))
    handshake.await_arrival(bocpy.WORKER_COUNT)
    executor.shutdown(wait=False, cancel_futures=True)
    handshake.let_all_go()
    executor.shutdown()
    with pytest.raises(CancelledError):
        list(results)


def test_progress_bars(executor):
    tqdm = pytest.importorskip("tqdm")
    concurrent_tqdm = pytest.importorskip("tqdm.contrib.concurrent")
    import io

    shown = io.StringIO()
    assert list(tqdm.tqdm(executor.map(double, range(100)), total=100, file=shown)) == list(range(0, 200, 2))
    assert "100/100" in shown.getvalue()
    found = concurrent_tqdm._executor_map(
        lambda max_workers, **options: Executor(max_workers),
        double,
        range(10),
        file=shown,
    )
    assert found == list(range(0, 20, 2))


def test_functions_that_refer_to_themselves(executor):
    def factorial(n):
        return 1 if n < 2 else n * factorial(n - 1)

    assert list(executor.map(factorial, range(10))) == [factorial(n) for n in range(10)]


request = ContextVar("request", default="none")


def see(x):
    return request.get()


@pytest.mark.parametrize("limit", [None, 1])
def test_calls_see_the_context_of_the_program(limit):
    with Executor(limit) as executor:
        request.set("mine")
        results = executor.map(see, range(3000))
        futures = [executor.submit(see, n) for n in range(100)]
        request.set("none")
        assert set(results) == {"mine"}
        assert {future.result() for future in futures} == {"mine"}


def test_in_a_scope_that_has_ended(executor):
    with bocpy.scope():
        results = executor.map(double, range(20_000))
        future = executor.submit(double, 4)
    assert list(results) == list(range(0, 40_000, 2))
    assert future.result() == 8
    with pytest.raises(ValueError, match="7"), bocpy.scope():
        list(executor.map(fail_at_seven, range(20)))


def test_with_a_limit_of_behaviors(executor):
    bocpy.wait(60)
    bocpy.start(limit=2)
    assert list(executor.map(double, range(5000))) == list(range(0, 10_000, 2))
    assert [future.result() for future in [executor.submit(double, n) for n in range(200)]] == list(range(0, 400, 2))
