"""``gather``: one cown of many results."""

import gc
import threading

import bocpy
from bocpy import Cown, gather, quiesce, wait, when
from support import error_of, pytest


def fail():
    raise ValueError("boo")


def fail_otherwise():
    raise KeyError("other")


def test_results_and_plain_cowns():
    c, d = Cown(1), Cown([2])

    @when(c)
    def result(c):
        c.value += 1
        return "result"

    gathered = gather([c, result, d, c, result])
    assert isinstance(gathered, Cown)
    assert gathered.get() == [2, "result", [2], 2, "result"]


def test_none_and_one():
    assert gather([]).get() == []
    assert gather(iter([Cown(5)])).get() == [5]
    assert gather((Cown(n) for n in range(3))).get() == [0, 1, 2]


def test_it_nests():
    assert gather([gather([Cown(1), Cown(2)]), gather([]), Cown(3)]).get() == [[1, 2], [], 3]


def test_a_behavior_may_be_over_it():
    @when(gather([when()(lambda n=n: n) for n in range(100)]))
    def total(values):
        return sum(values.value)

    assert total.get() == sum(range(100))


def test_within_a_behavior():
    @when()
    def outer():
        return gather([when()(lambda n=n: n) for n in range(3)])

    assert outer.get().get() == [0, 1, 2]


def test_it_only_reads(handshake):
    c = Cown(0)

    @when(bocpy.read(c))
    def held(c):
        handshake.arrive()

    handshake.await_arrival()
    assert gather([c, c]).get() == [0, 0]
    handshake.let_go()


def test_what_was_before_and_after():
    c = Cown(0)

    def add(c):
        c.value += 1

    for _ in range(10):
        when(c)(add)
    gathered = gather([c])
    when(c)(add)
    assert gathered.get() == [10]


def test_ten_thousand():
    cowns = [when()(lambda n=n: n) for n in range(10_000)]
    assert gather(cowns).get() == list(range(10_000))


def test_the_values_are_copies(backend):
    c = Cown([1])
    gathered = gather([c, c])
    values = gathered.get()
    assert values == [[1], [1]]
    if backend == "interpreters":
        values[0].append(2)
        assert c.get() == [1]


@pytest.fixture
def told(monkeypatch):
    """Exceptions that have been reported."""
    reports = []
    monkeypatch.setattr(threading, "excepthook", lambda args: reports.append(args.exc_value))
    return reports


def test_the_first_failure_by_place(told):
    bad, worse = when()(fail), when()(fail_otherwise)
    gathered = gather([Cown(1), worse, bad])
    with pytest.raises(KeyError, match="other"):
        gathered.get()
    assert isinstance(error_of(gathered), KeyError)
    # Nobody has seen that one.
    del bad
    gc.collect()
    wait(60)
    assert [repr(error) for error in told] == ["ValueError('boo')"]


def test_failures_among_the_values(told):
    bad, worse = when()(fail), when()(fail_otherwise)
    values = gather([Cown(1), worse, bad], return_exceptions=True).get()
    assert [type(value) for value in values] == [int, KeyError, ValueError]
    del bad, worse
    gc.collect()
    wait(60)
    assert told == []


def test_an_exception_that_is_a_plain_value():
    [value] = gather([Cown(ValueError("plain"))]).get()
    assert isinstance(value, ValueError)


def test_cancelled():
    blocked = Cown(0)
    with blocked:
        result = when(blocked)(lambda c: 1)
        gathered = gather([Cown(1), result])
        assert result.cancel()
    with pytest.raises(bocpy.CancelledError):
        gathered.get()


@pytest.mark.parametrize(
    ("cowns", "told"),
    [
        ([5], "item 0 is 5, of type 'int'"),
        (["abc"], "item 0 is 'abc', of type 'str'"),
        ([Cown(1), None], "item 1 is None, of type 'NoneType'"),
        ([Cown(1), [Cown(2)]], r"item 1 is \[.*, of type 'list'"),
        ([fail], "item 0 is <function fail"),
    ],
)
def test_what_is_no_cown(cowns, told):
    with pytest.raises(TypeError, match=f"^gather.. takes cowns: {told}"):
        gather(cowns)


def test_arguments_of_nonsense():
    with pytest.raises(TypeError, match="iterable"):
        gather(5)
    with pytest.raises(TypeError, match="iterable"):
        gather(Cown(1))
    with pytest.raises(TypeError):
        gather([], True)
    with pytest.raises(TypeError):
        gather(Cown(1), Cown(2))


def test_reads_may_be_given():
    assert gather([bocpy.read(Cown(1)), Cown(2)]).get() == [1, 2]
    quiesce(60)
