"""Residence: a value stays where a behavior left it, as the same object, until it is needed elsewhere."""

import array
import gc
import os
import threading

from bocpy import Cown, quiesce, start, when
from support import (
    BACKEND,
    KEPT,
    interpreter,
    interpreters_only,
    not_strict,
    outcome,
    pytest,
    worker_name,
)

HEAPS_DIFFER = BACKEND == "interpreters"


class Item:
    def __init__(self, content):
        self.content = content
        self.moves = 0

    def __getstate__(self):
        return self.content, self.moves + 1

    def __setstate__(self, state):
        self.content, self.moves = state


def count_up():
    yield from range(100)


def put_list(c):
    c.value = [1]
    KEPT.append(id(c.value))


def is_kept(c):
    return id(c.value) == KEPT[-1]


def take_lock(c):
    with c.value:
        return c.value.locked()


# -- it stays


def test_a_crew_runs_a_behavior_on_the_worker_that_is_meant(crew):
    workers = crew.start(3)
    assert len(set(workers)) == 3
    names = [(worker, crew.run(worker, worker_name)) for worker in workers * 3]
    crew.dismiss()
    assert all(outcome(name) == worker for worker, name in names)


@not_strict
@pytest.mark.parametrize(
    "make",
    [
        lambda: [1],
        lambda: {"a": 1},
        lambda: {1, 2},
        lambda: (1, [2]),
        lambda: bytearray(b"some bytes"),
        lambda: b"x" * 100_000,
        lambda: "x" * 100_000,
        lambda: Item([1]),
        lambda: array.array("d", [1.0]),
        lambda: lambda: 5,
    ],
    ids=["list", "dict", "set", "tuple", "bytearray", "bytes", "str", "instance", "array", "function"],
)
def test_a_behavior_finds_the_object_as_the_last_one_left_it(make):
    start(1)
    c = Cown(None)

    @when(c)
    def _(c):
        c.value = make()
        KEPT.append(id(c.value))

    for _ in range(5):

        @when(c)
        def same(c):
            return id(c.value) == KEPT[-1]

    assert outcome(same) is True


@not_strict
def test_a_value_from_main_is_opened_once():
    start(1)
    c = Cown([1])

    @when(c)
    def _(c):
        KEPT.append(id(c.value))

    assert outcome(when(c)(is_kept)) is True


@not_strict
@pytest.mark.parametrize("make", [threading.Lock, threading.Event, count_up, threading.local])
def test_what_cannot_be_pickled_serves_the_behaviors_on_its_worker(make):
    start(1)
    c = Cown(None)

    @when(c)
    def left(c):
        c.value = {"thing": make()}
        KEPT.append(id(c.value["thing"]))
        return "left"

    seen = [when(c)(lambda c: id(c.value["thing"]) == KEPT[-1]) for _ in range(5)]
    assert outcome(left) == "left"
    assert [outcome(result) for result in seen] == [True] * 5


@not_strict
def test_a_generator_goes_on_from_behavior_to_behavior():
    start(1)
    c = Cown(None)

    @when(c)
    def _(c):
        c.value = count_up()

    numbers = [when(c)(lambda c: next(c.value)) for _ in range(10)]
    assert [outcome(n) for n in numbers] == list(range(10))


@not_strict
def test_a_result_stays_with_the_worker_too():
    start(1)

    @when()
    def result():
        lock = threading.Lock()
        KEPT.append(id(lock))
        return lock

    assert outcome(when(result)(is_kept)) is True
    assert outcome(when(result)(take_lock)) is True


@not_strict
@interpreters_only
def test_an_object_in_two_cowns_becomes_two_when_the_behavior_ends():
    """Otherwise the holder of one of them could change the value of the other."""
    start(1)
    a, b, held = Cown(None), Cown(None), Cown([])

    @when(a, b, held)
    def result(a, b, held):
        a.value = b.value = [1]
        held.value.append(2)
        return held.value

    when(a)(lambda a: a.value.append("a"))
    when(held)(lambda c: c.value.append("held"))
    assert (outcome(a), outcome(b)) == ([1, "a"], [1])
    assert (outcome(held), outcome(result)) == ([2, "held"], [2])


@not_strict
@interpreters_only
def test_what_a_worker_keeps_of_a_value_is_not_the_value():
    start(1)
    c = Cown(None)

    @when(c)
    def _(c):
        c.value = [1]
        KEPT.append(c.value)

    when()(lambda: KEPT[-1].append("kept"))
    assert outcome(when(c)(lambda c: list(c.value))) == [1]


@not_strict
def test_a_value_stays_where_an_exception_ends_the_body():
    start(1)
    c = Cown(None)

    @when(c)
    def failed(c):
        put_list(c)
        raise ValueError("after leaving it")

    assert outcome(when(c)(is_kept)) is True
    with pytest.raises(ValueError):
        failed.unwrap()


# -- it moves


def test_a_value_moves_to_whom_it_is_needed_by(crew):
    home, other = crew.start(2)
    c = Cown(None)
    crew.run(home, put_list, c)
    for n, worker in enumerate([other, home, home, other, other]):
        crew.run(worker, lambda c: c.value.append(n), c)
    crew.dismiss()
    assert outcome(c) == [1, 0, 1, 2, 3, 4]


def test_main_takes_a_value_from_its_worker_and_gives_it_back():
    start(1)
    c = Cown(None)
    when(c)(put_list)
    for n in range(3):
        quiesce(60)
        with c:
            c.value.append(n)
        when(c)(lambda c: c.value.append("worker"))
    assert outcome(c) == [1, 0, "worker", 1, "worker", 2, "worker"]


def test_main_takes_a_value_from_a_worker_that_is_busy_with_another(crew):
    home, _ = crew.start(2)
    c = Cown(None)
    crew.run(home, put_list, c)
    with c:
        c.value.append(2)
        assert c.value == [1, 2]
    crew.dismiss()
    assert outcome(c) == [1, 2]


@interpreters_only
def test_the_object_is_another_after_a_move(crew):
    home, other = crew.start(2)
    c = Cown(None)

    def make(c):
        c.value = Item([interpreter()])

    crew.run(home, make, c)
    seen = crew.run(other, lambda c: (interpreter() != c.value.content[0], c.value.moves), c)
    crew.dismiss()
    assert outcome(seen) == (True, 1)


@not_strict
@interpreters_only
def test_a_value_is_encoded_only_for_a_move(crew):
    home, other = crew.start(2)
    c = Cown(None)
    crew.run(home, lambda c: setattr(c, "value", Item("content")), c)
    for _ in range(3):
        crew.run(home, lambda c: setattr(c.value, "content", c.value.content + "."), c)
    at_home = crew.run(home, lambda c: c.value.moves, c)
    # a behavior elsewhere that does not touch it is no reason to move it
    crew.run(other, lambda c: c.acquired, c)
    still = crew.run(home, lambda c: c.value.moves, c)
    away = crew.run(other, lambda c: (c.value.content, c.value.moves), c)
    crew.dismiss()
    assert outcome(at_home) == 0
    assert outcome(still) == 0
    assert outcome(away) == ("content...", 1)


@pytest.mark.parametrize("how", ["asleep", "computing"])
def test_a_home_that_is_in_a_body_lets_others_take_what_lives_there(crew, handshake, tmp_path, how):
    flag = str(tmp_path / "flag")
    home, other = crew.start(2)
    c = Cown(None)
    crew.run(home, put_list, c)

    def stay():
        import time

        handshake.say()
        while not os.path.exists(flag):
            time.sleep(0.001) if how == "asleep" else sum(range(1000))
        return "woken"

    def wake(c):
        c.value.append(2)
        open(flag, "w").close()
        return c.value

    stayed = crew.begin(home, stay)
    handshake.await_arrival()
    woken = crew.begin(other, wake, c)
    crew.await_return(home, other)
    crew.dismiss()
    assert outcome(stayed) == "woken"
    assert outcome(woken) == [1, 2]


def test_values_of_several_homes_in_one_behavior(crew):
    workers = crew.start(3)
    cowns = [Cown(None) for _ in range(6)]

    def make(c):
        c.value = {"made in": interpreter(), "by": [worker_name()]}

    def gather(first, group):
        for c in (first, *group):
            c.value["by"].append(worker_name())
        return len({c.value["made in"] for c in (first, *group)})

    for worker, c in zip(workers * 2, cowns):
        crew.run(worker, make, c)
    homes = [crew.run(worker, gather, cowns[0], cowns[1:]) for worker in workers]
    crew.dismiss()
    assert {outcome(result) for result in homes} == {3 if HEAPS_DIFFER else 1}
    assert [outcome(c)["by"] for c in cowns] == [[w, *workers] for w in workers * 2]


@interpreters_only
def test_an_object_in_two_cowns_becomes_two_when_one_moves(crew):
    home, other = crew.start(2)
    a, b = Cown(None), Cown(None)

    def make(a, b):
        a.value = b.value = [1]

    crew.run(home, make, a, b)
    crew.run(other, lambda a: a.value.append("a"), a)
    crew.run(home, lambda b: b.value.append("b"), b)
    crew.dismiss()
    assert (outcome(a), outcome(b)) == ([1, "a"], [1, "b"])


def test_what_a_result_holds_moves_as_well(crew):
    home, other = crew.start(2)
    made = crew.run(home, lambda: [interpreter()])
    seen = crew.run(other, lambda r: r.value[0] == interpreter(), made)
    crew.dismiss()
    assert outcome(seen) is not HEAPS_DIFFER


def test_an_exception_moves_as_one(crew):
    home, other = crew.start(2)

    def fail():
        raise LookupError([1], "told at home")

    failed = crew.run(home, fail)
    seen = crew.run(other, lambda r: (r.exception, type(r.value).__name__, r.value.args), failed)
    again = crew.run(home, lambda r: (r.exception, type(r.value).__name__, r.value.args), failed)
    crew.dismiss()
    assert outcome(seen) == outcome(again) == (True, "LookupError", ([1], "told at home"))
    with pytest.raises(LookupError):
        failed.unwrap()


def test_a_long_journey_leaves_nothing_behind(crew):
    """Each worker has one copy at most, wherever the value has been."""

    class Traveller:
        stops = 0

    workers = crew.start(2)
    c = Cown(None)
    crew.run(workers[0], lambda c: setattr(c, "value", Traveller()), c)

    def visit(c):
        c.value.stops += 1

    def count():
        gc.collect()
        return sum(type(thing).__name__ == "Traveller" for thing in gc.get_objects())

    for worker in workers * 20:
        crew.run(worker, visit, c)
    counts = [crew.run(worker, count) for worker in workers]
    crew.dismiss()
    assert all(outcome(n) <= 1 for n in counts)
    assert outcome(c).stops == 40
