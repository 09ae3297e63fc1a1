"""Finalizers that use the runtime: they schedule behaviors, drop cowns and read cowns, wherever their object dies."""

import gc
import os

from bocpy import Cown, quiesce, start, wait, when
from support import BACKEND, Loud, come_by, not_strict, outcome, put, pytest, read_exactly, run_script, text_of

HEAPS_DIFFER = BACKEND == "interpreters"


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
    """Asks for the value of a cown when it dies, and writes the answer to a pipe."""

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


def words_of(log):
    """The words in the log; none if a finalizer has just scheduled another one."""
    quiesce(60)
    try:
        with log:
            return log.value.copy()
    except RuntimeError:
        return []


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
    come_by(lambda: "farewell" in words_of(log))


def test_a_finalizer_schedules_a_behavior_as_its_value_is_taken_away(crew):
    """The worker that takes the value over is inside the value's home, and the object that was there dies."""
    home, other = crew.start(2)
    log, c = Cown([]), Cown(None)
    crew.run(home, put(lambda: [Farewell(log, "from home")]), c)
    seen = crew.run(other, lambda c: c.value[0].word, c)
    crew.dismiss()
    quiesce(60)
    with seen, c:
        assert seen.value == "from home"
        c.value = None
    gc.collect()
    come_by(lambda: len(words_of(log)) >= 1 + HEAPS_DIFFER)


ENDINGS = {
    "its value moves": "c = Cown(None); when(c)(leave); quiesce()",
    "its value cannot move": "c = Cown(None); when(c)(leave_unmovable); quiesce()",
    "its cown has died": "c = Cown(None); when(c)(leave); quiesce(); del c",
    "a module goes": "when()(leave_in_module); quiesce()",
}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_finalizer_schedules_a_behavior_as_its_worker_ends(ending, workers):
    """That behavior runs now or after the next start, or the finalizer gets an error that it is too late."""
    done = run_script(
        f"""
        import threading
        import keeper
        from bocpy import Cown, quiesce, start, wait, when

        class Farewell:
            def __init__(self, log, part=None):
                self.log, self.part = log, part

            def __del__(self):
                when(self.log)(lambda log: log.value.append("farewell"))

        def leave(c):
            c.value = Farewell(log)

        def leave_unmovable(c):
            c.value = Farewell(log, threading.Lock())

        def leave_in_module():
            keeper.KEPT.append(Farewell(log))

        log = Cown([])
        start({workers})
        {ENDINGS[ending]}
        wait()
        start({workers})
        when(log)(lambda log: log.value.append("after"))
        wait()
        print("after" in log.value, "farewell" in log.value)
        """,
        files={"keeper.py": "KEPT = []\n"},
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    after, farewell = done.stdout.split()
    assert after == "True"
    assert farewell == "True" or BACKEND == "threads" or "Exception ignored" in done.stderr, done.stderr


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


@not_strict
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


@not_strict
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
            # it gets an answer each time, or the whole value could not move; nothing hangs
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
