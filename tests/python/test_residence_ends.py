"""The end of values that live on a worker: where and when they die, and what weak references to them show."""

import gc
import os
import weakref

from bocpy import Cown, quiesce, start, wait, when
from support import (
    BACKEND,
    KEPT,
    Loud,
    come_by,
    interpreters_only,
    not_strict,
    outcome,
    put,
    read_exactly,
)

HEAPS_DIFFER = BACKEND == "interpreters"


class Item:
    def __init__(self, content=None):
        self.content = content


# -- values die at home


def test_a_value_that_is_replaced_dies_where_it_lives(pipe):
    reading, writing = pipe
    start(1)
    c = Cown(None)
    when(c)(put(lambda: Loud(writing)))
    when(c)(put(lambda: None))
    assert read_exactly(reading, 1) == b"h"


def test_values_whose_cowns_die_in_main_die_at_home(pipe):
    reading, writing = pipe
    start(1)
    cowns = [Cown(None) for _ in range(100)]
    for c in cowns:
        when(c)(put(lambda: Loud(writing)))
    quiesce(60)
    del cowns, c
    os.set_blocking(reading, False)
    died = []

    def all_died():
        try:
            died.append(os.read(reading, 100))
        except BlockingIOError:
            pass
        return sum(map(len, died)) == 100

    come_by(all_died)
    assert set(b"".join(died)) == {ord("h")}


@not_strict
def test_values_whose_cowns_die_in_main_are_gone_from_the_heap_of_their_home():
    start(1)
    cowns = [Cown(None) for _ in range(1000)]
    for c in cowns:
        when(c)(put(lambda: Item([{}])))

    def count():
        gc.collect()
        return sum(type(thing) is Item for thing in gc.get_objects())

    before = outcome(when()(count))
    del cowns, c
    assert before == 1000
    come_by(lambda: outcome(when()(count)) == 0)


def test_a_value_whose_cown_dies_on_another_worker_dies_at_home(pipe, crew):
    reading, writing = pipe
    home, other = crew.start(2)
    inner = Cown(None)
    holder = Cown([inner])
    crew.run(home, put(lambda: Loud(writing)), inner)
    del inner
    crew.run(other, put(lambda: None), holder)
    crew.dismiss()
    wait(60)
    assert read_exactly(reading, 1) == b"h"


def test_a_value_that_has_moved_is_gone_from_where_it_was(pipe, crew):
    reading, writing = pipe
    home, other = crew.start(2)
    c = Cown(None)
    crew.run(home, put(lambda: [Loud(writing)]), c)
    crew.run(other, lambda c: c.value[0].descriptor, c)
    crew.run(home, lambda: None)
    if HEAPS_DIFFER:
        assert read_exactly(reading, 1) == b"h"
    crew.dismiss()


def test_values_die_with_the_worker(pipe):
    reading, writing = pipe
    start(2)
    cowns = [Cown(None) for _ in range(20)]
    for c in cowns:
        when(c)(put(lambda: Loud(writing)))
    quiesce(60)
    del cowns, c
    wait()
    assert read_exactly(reading, 20) == b"h" * 20


def test_cowns_that_only_resident_values_hold_die_with_them(pipe):
    """A chain of cowns, each in the value of the one before, made by two workers in turn."""
    reading, writing = pipe

    def chain(length):
        inner = None
        for _ in range(length):
            outer = Cown(None)

            @when(outer)
            def _(outer, inner):
                outer.value = Item([inner, Loud(writing)])

            inner = outer

    start(2)
    chain(100)
    wait()
    assert read_exactly(reading, 100) == b"h" * 100


# -- weak references


@not_strict
def test_a_weak_reference_lasts_as_long_as_the_value_stays(crew):
    home, other = crew.start(2)
    c = Cown(None)

    def make(c):
        c.value = Item([1])
        KEPT.append(weakref.ref(c.value))

    def is_alive():
        return KEPT[0]() is not None

    crew.run(home, make, c)
    stays = crew.run(home, lambda c: KEPT[0]() is c.value, c)
    crew.run(other, lambda c: c.value.content.append(2), c)
    moved = crew.run(home, is_alive)
    crew.dismiss()
    assert outcome(stays) is True
    assert outcome(moved) is not HEAPS_DIFFER
    assert outcome(c).content == [1, 2]


@not_strict
@interpreters_only
def test_a_weak_reference_cannot_move(crew):
    home, other = crew.start(2)
    c = Cown(None)

    def the_maker(c):
        KEPT.append(Item([1]))
        c.value = [weakref.ref(KEPT[0])]

    crew.run(home, the_maker, c)
    refused = crew.run(other, lambda c: c.value, c)
    at_home = crew.run(home, lambda c: c.value[0]() is KEPT[0], c)
    crew.dismiss()
    quiesce(60)
    with refused:
        assert type(refused.value) is TypeError
        assert "ref" in str(refused.value).lower() and "the_maker" in str(refused.value)
    assert outcome(at_home) is True
