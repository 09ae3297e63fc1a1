"""The end of values that live on a worker: finalizers, weak references, drops from elsewhere, and what they may do."""

import gc
import os
import weakref

from bocpy import Cown, quiesce, start, wait, when
from support import BACKEND, KEPT, interpreter, interpreters_only, not_strict, outcome, pytest, text_of

HEAPS_DIFFER = BACKEND == "interpreters"


class Item:
    def __init__(self, content=None):
        self.content = content


class Loud:
    """Says on a pipe in which interpreter it died. What was opened elsewhere says nothing."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.home = interpreter()

    def __reduce__(self):
        return Loud, (None,)

    def __del__(self):
        if self.descriptor is not None:
            os.write(self.descriptor, b"h" if self.home == interpreter() else b"x")


class Farewell:
    """Schedules a behavior when it dies, wherever that is."""

    def __init__(self, log, word="farewell"):
        self.log = log
        self.word = word

    def __del__(self):
        word = self.word

        @when(self.log)
        def _(log):
            log.value.append(word)


class Inquisitive:
    """Asks for the value of a cown when it dies, and says on a pipe what it was told."""

    def __init__(self, cown, descriptor):
        self.cown = cown
        self.descriptor = descriptor

    def __del__(self):
        try:
            told = repr(self.cown.value)
        except Exception as error:
            told = type(error).__name__
        os.write(self.descriptor, told.encode() + b"\n")


class SelfCentred:
    """Asks for the value of a cown while it is pickled or opened."""

    def __init__(self, cown, told=()):
        self.cown = cown
        self.told = told

    def __getstate__(self):
        return self.cown, (*self.told, ask(self.cown))

    def __setstate__(self, state):
        self.cown, told = state
        self.told = (*told, ask(self.cown))


def ask(cown):
    try:
        return type(cown.value).__name__
    except Exception as error:
        return type(error).__name__


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    yield reading, writing
    wait(60)
    gc.collect()
    os.close(reading)
    os.close(writing)


def read_exactly(descriptor, count):
    data = b""
    while len(data) < count:
        data += os.read(descriptor, count - len(data))
    return data


def put(make):
    """A body that puts what ``make`` gives into its cown."""

    def body(c):
        c.value = make()

    return body


def come_by(done):
    """Lets behaviors come by their workers until ``done()``; what has died elsewhere is given up then."""
    for _ in range(1000):
        if done():
            return
        gc.collect()
        when()(lambda: None)
        quiesce(60)
    pytest.fail("nothing came of it")


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


# -- finalizers that use the runtime


@pytest.mark.parametrize("workers", [1, 2])
def test_a_finalizer_schedules_a_behavior(workers):
    start(workers)
    log, cowns = Cown([]), [Cown(None) for _ in range(20)]
    for c in cowns:
        when(c)(put(lambda: Farewell(log)))
        when(c)(put(lambda: None))
    wait()
    assert set(log.value) == {"farewell"} and len(log.value) >= 20


def test_a_finalizer_schedules_a_behavior_over_the_cown_that_held_it():
    start(1)
    c = Cown(None)
    when(c)(put(lambda: Farewell(c)))
    when(c)(put(list))
    wait()
    assert "farewell" in c.value


def test_a_finalizer_schedules_a_behavior_where_the_cown_dies_in_main():
    start(1)
    log, c = Cown([]), Cown(None)
    when(c)(put(lambda: Farewell(log)))
    quiesce(60)
    del c

    def is_told():
        quiesce(60)
        with log:
            return "farewell" in log.value

    come_by(is_told)


def test_a_finalizer_schedules_a_behavior_as_its_value_is_taken_away(crew):
    """The worker that takes the value over is inside the value's home, and the object that was there dies."""
    home, other = crew.start(2)
    log, c = Cown([]), Cown(None)
    crew.run(home, put(lambda: [Farewell(log, "from home")]), c)
    seen = crew.run(other, lambda c: c.value[0].word, c)
    crew.dismiss()
    assert outcome(seen) == "from home"
    quiesce(60)
    with c:
        c.value = None
    gc.collect()

    def is_told():
        quiesce(60)
        with log:
            return len(log.value) >= 1 + HEAPS_DIFFER

    come_by(is_told)


def test_finalizers_that_drop_the_last_handles_of_other_cowns(pipe):
    reading, writing = pipe

    class Keeper:
        def __init__(self, cowns):
            self.cowns = cowns

        def __del__(self):
            self.cowns.clear()

    start(2)
    c = Cown(None)

    @when(c)
    def _(c):
        inner = [Cown(None) for _ in range(10)]
        for cown in inner:
            when(cown)(put(lambda: Loud(writing)))
        c.value = Keeper(inner)

    when(c)(put(lambda: None))
    wait()
    assert read_exactly(reading, 10) == b"h" * 10


def test_a_finalizer_reads_a_cown_that_its_behavior_holds(pipe):
    reading, writing = pipe
    start(1)
    c, other = Cown(None), Cown([1, 2])

    @when(c)
    def _(c):
        c.value = Inquisitive(other, writing)

    @when(c, other)
    def _(c, other):
        c.value = "new"

    quiesce(60)
    assert os.read(reading, 100) == b"[1, 2]\n"


def test_a_finalizer_reads_the_cown_that_it_dies_in(pipe):
    reading, writing = pipe
    start(1)
    c = Cown(None)

    @when(c)
    def _(c):
        c.value = Inquisitive(c, writing)

    when(c)(put(lambda: "new"))
    quiesce(60)
    assert os.read(reading, 100) == b"'new'\n"


def test_a_finalizer_reads_a_cown_that_nobody_holds(pipe):
    reading, writing = pipe
    start(1)
    c, other = Cown(None), Cown(["not yours"])

    @when(c)
    def _(c):
        c.value = Inquisitive(other, writing)

    when(c)(put(lambda: "new"))
    quiesce(60)
    assert os.read(reading, 100) == b"RuntimeError\n"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_finalizer_that_raises_as_its_value_is_taken_away(crew):
    class Rude:
        content = "intact"

        def __del__(self):
            raise ArithmeticError("in __del__")

    home, other = crew.start(2)
    c = Cown(None)
    crew.run(home, put(lambda: [Rude()]), c)
    seen = crew.run(other, lambda c: c.value[0].content, c)
    crew.dismiss()
    assert outcome(seen) == "intact"


def test_a_value_that_asks_for_its_own_cown_while_it_moves(crew):
    home, other = crew.start(2)
    c = Cown(None)

    @when(c)
    def _(c):
        pass

    crew.run(home, lambda c: setattr(c, "value", SelfCentred(c)), c)
    seen = crew.run(other, lambda c: c.value.told, c)
    again = crew.run(home, lambda c: c.value.told, c)
    crew.dismiss()
    quiesce(60)
    for result in (seen, again):
        with result:
            # it is told something each time, or the whole value could not move; nothing hangs
            assert not result.exception or "SelfCentred" in text_of(result.value)


def test_a_value_that_asks_for_another_cown_while_it_is_opened(crew):
    home, other = crew.start(2)
    a, b = Cown(None), Cown(None)
    crew.run(home, lambda a, b: [setattr(a, "value", SelfCentred(b)), setattr(b, "value", [1])], a, b)
    seen = crew.run(other, lambda a, b: (type(a.value).__name__, b.value), a, b)
    crew.dismiss()
    quiesce(60)
    with seen:
        if seen.exception:
            assert "SelfCentred" in text_of(seen.value)
        else:
            assert seen.value == ("SelfCentred", [1])
