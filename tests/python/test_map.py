"""``bocpy.map``: a behavior for each item, and not too many at once."""

import _thread
import gc
import itertools
import subprocess
import sys
import threading

import bocpy
from bocpy import Cown, quiesce, start, when
from support import error_of, interpreters_only, pytest


def double(x):
    return 2 * x


def fail_at_three(x):
    if x == 3:
        raise ValueError(x)
    return x


def add(a, b, c=0):
    return a + b + c


def test_the_same_as_map():
    assert list(bocpy.map(double, range(1000))) == list(range(0, 2000, 2))
    assert list(bocpy.map(add, range(3), [10] * 5)) == [10, 11, 12]
    assert list(bocpy.map(add, range(3), range(3), range(3))) == [0, 3, 6]
    assert list(bocpy.map(str, [])) == []
    assert list(bocpy.map(str, "ab")) == ["a", "b"]
    assert list(bocpy.map(lambda *items: items, "ab", "cd")) == [("a", "c"), ("b", "d")]


def test_endless():
    values = bocpy.map(double, itertools.count())
    assert list(itertools.islice(values, 500)) == list(range(0, 1000, 2))
    values.close()
    assert list(values) == []


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_no_more_than_the_limit(limit):
    taken = []

    def items():
        for n in range(50):
            taken.append(n)
            yield n

    values = bocpy.map(double, items(), limit=limit)
    assert taken == []  # as with `map`
    for n, value in enumerate(values):
        assert value == 2 * n
        assert len(taken) <= n + limit
    assert len(taken) == 50


@pytest.fixture
def told(monkeypatch):
    """Exceptions that have been reported."""
    reports = []
    monkeypatch.setattr(threading, "excepthook", lambda args: reports.append(args.exc_value))
    return reports


def test_failures_at_their_places(told):
    values = bocpy.map(fail_at_three, range(6))
    assert [next(values) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="3") as caught:
        next(values)
    names = []
    traceback = caught.value.__traceback__
    while traceback is not None:
        names.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    assert names[-1] == "fail_at_three"
    assert list(values) == [4, 5]
    assert list(values) == []
    del caught, traceback
    gc.collect()
    quiesce(60)
    assert told == []


@pytest.mark.parametrize("end", ["close", "drop"])
def test_closing_drops_what_has_not_begun(handshake, end):
    start()
    ran = Cown([])

    def call(x):
        handshake.arrive()

        @when(ran)
        def _(ran):
            ran.value.append(x)

    holding = [when()(handshake.arrive) for _ in range(bocpy.WORKER_COUNT)]
    handshake.await_arrival(bocpy.WORKER_COUNT)
    values = bocpy.map(call, range(100), limit=10)
    with pytest.raises(KeyboardInterrupt):
        interrupt_in(values)
    if end == "close":
        values.close()
        values.close()
    del values
    gc.collect()
    handshake.let_all_go()
    quiesce(60)
    assert ran.get() == []
    assert len(holding) == bocpy.WORKER_COUNT


def interrupt_in(values):
    threading.Timer(0.2, _thread.interrupt_main).start()
    next(values)


def test_an_iterable_that_fails():
    def items():
        yield 1
        raise KeyError("items")

    values = bocpy.map(double, items(), limit=1)
    assert next(values) == 2
    with pytest.raises(KeyError, match="items"):
        next(values)


@interpreters_only
def test_what_cannot_be_moved():
    with pytest.raises(TypeError, match="cannot be moved"):
        next(bocpy.map(double, [threading.Lock()]))
    with pytest.raises(TypeError, match="cannot be moved"):
        next(bocpy.map(lambda x: threading.Lock(), [1]))


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        (lambda: bocpy.map(5, [1]), TypeError, "takes a function, not 'int'"),
        (lambda: bocpy.map(double), TypeError, "iterable|argument"),
        (lambda: bocpy.map(double, 5), TypeError, "iterable"),
        (lambda: bocpy.map(double, [1], limit=0), ValueError, "limit must be at least 1, not 0"),
        (lambda: bocpy.map(double, [1], limit=-3), ValueError, "limit must be at least 1, not -3"),
        (lambda: bocpy.map(double, [1], limit=1.5), TypeError, "integer"),
        (lambda: bocpy.map(double, [1], limit="a"), TypeError, "integer"),
    ],
)
def test_arguments_of_nonsense(arguments, error, told):
    with pytest.raises(error, match=told):
        arguments()


def test_in_a_behavior():
    @when()
    def body():
        return list(bocpy.map(double, [1]))

    with pytest.raises(RuntimeError, match=r"bocpy.map\(\) cannot be used inside a behavior.*gather"):
        body.get()
    assert isinstance(error_of(body), RuntimeError)


def test_star_imports_leave_map_alone():
    source = "from bocpy import *; import builtins; print(map is builtins.map, gather.__name__, Executor.__name__)"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True gather Executor"
