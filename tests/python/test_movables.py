"""Types of a C extension that are registered by ``bocpy/movable.h``: all that happens to their data is counted.

``c/movables.c`` says what the types are. On threads, where other values stay the objects that they are, the data of
these moves into a new object all the same, so that a program finds the same rules everywhere.
"""

import gc
import threading

from bocpy import (
    Cown,
    drain,
    notice_delete,
    notice_read,
    notice_sync,
    notice_write,
    noticeboard,
    quiesce,
    read,
    receive,
    send,
    start,
    wait,
    when,
)
from support import BACKEND, check_script, come_by, error_of, extensions, interpreters_only, outcome, pytest, text_of
from support.movable import EVERY, all_gone, available, every, live, look, movables, new, seen, what_is_said

__all__ = ["all_gone"]

pytestmark = available


# -- the ways a value can move


@every
def test_the_data_is_the_same_on_a_worker_and_back(name):
    start(1)
    given = new(name, 5)
    address = given.address
    c = Cown(given)
    assert outcome(when(c)(look)) == (True, address, 5)

    @when(c)
    def _(c):
        c.value.number += 1

    quiesce(60)
    with c:
        assert seen(c.value) == (True, address, 6)
    assert what_is_said(given) == (
        f"this bocpy_movables.{name} has been moved: it is now a cown's value. One object at a time has the data"
    )


@every
def test_what_is_kept_after_a_behavior_has_lost_the_data(name):
    start(1)
    c, other = Cown(new(name, 5)), Cown(None)

    @when(c, other)
    def kept(c, other):
        import builtins

        builtins.kept = c.value

    @when(c)
    def number(c):
        return c.value.number

    @when()
    def said():
        import builtins

        thing = builtins.kept
        del builtins.kept
        try:
            return thing.number
        except RuntimeError as error:
            return str(error)

    assert outcome(number) == 5
    assert "has been moved: it is now a cown's value" in outcome(said)


@every
def test_assigned_in_a_behavior(name):
    start(1)
    c = Cown(None)

    @when(c)
    def result(c):
        thing = getattr(movables, name)(3)
        c.value = thing
        c.value.number += 1
        return c.value.address

    address = outcome(result)
    with c:
        assert seen(c.value) == (True, address, 4)


@every
def test_as_a_result(name):
    start(1)
    made = when()(lambda: getattr(movables, name)(4))
    wait()
    assert seen(made.unwrap())[0::2] == (True, 4)


@every
def test_as_a_capture(name):
    start(1)
    first, second = new(name, 1), new(name, 2)
    addresses = first.address, second.address
    by_default = when()(lambda mine=first: seen(mine))
    captured = when()(lambda: seen(second))
    assert outcome(by_default) == (True, addresses[0], 1)
    assert outcome(captured) == (True, addresses[1], 2)
    assert "has been moved" in what_is_said(first)
    assert "has been moved" in what_is_said(second)


@every
def test_in_a_message(name):
    start(1)
    drain(["there", "back"])
    given = new(name, 7)
    address = given.address
    send("there", given)
    assert "has been moved" in what_is_said(given)

    @when()
    def _():
        send("back", receive("there")[1])

    assert seen(receive("back", 60)[1]) == (True, address, 7)


@every
def test_a_message_that_nobody_receives(name):
    start(1)
    before = movables.counts()["dropped"]
    send("lost", new(name))
    drain("lost")
    if BACKEND == "interpreters":
        assert movables.counts()["dropped"] == before + 1


@pytest.mark.parametrize("name", ["Copied", "Cloned", "Pickled"])
def test_on_the_noticeboard(name):
    start(2)
    notice_write("given", new(name, 8))
    notice_sync()
    results = [when()(lambda: seen(notice_read("given"))[0::2]) for _ in range(10)]
    assert [outcome(result) for result in results] == [(True, 8)] * 10
    assert seen(noticeboard()["given"])[0::2] == (True, 8)

    @when()
    def _():
        notice_write("made", getattr(movables, name)(9))

    quiesce(60)
    assert notice_read("made").number == 9
    notice_delete("given")
    notice_delete("made")


@every
def test_within_other_values(name):
    start(2)
    one, two = new(name, 1), new(name, 2)
    addresses = one.address, two.address
    value = {"one": one, "list": [one, (two, {3})], "text": "x", "data": bytearray(100_000)}
    c = Cown(value)
    del value

    def check(c):
        v = c.value
        same = v["one"] is v["list"][0] and len(v["data"]) == 100_000 and v["list"][1][1] == {3}
        return same, seen(v["one"]), seen(v["list"][1][0])

    expected = (True, (True, addresses[0], 1), (True, addresses[1], 2))
    assert outcome(when(c)(check)) == expected
    with c:
        assert check(c) == expected


class Holder:
    def __init__(self, **parts):
        vars(self).update(parts)


@every
def test_within_what_is_pickled(name):
    start(1)
    one = new(name, 1)
    address = one.address
    c = Cown([Holder(one=one, more=[one], add=lambda n: n + 1)])
    del one

    @when(c)
    def result(c):
        holder = c.value[0]
        return seen(holder.one), holder.more[0] is holder.one, holder.add(1)

    assert outcome(result) == ((True, address, 1), True, 2)
    with c:
        assert seen(c.value[0].one) == (True, address, 1)


@every
def test_it_outlives_the_worker_that_it_was_made_on(name):
    start(1)
    c, alone = Cown(None), Cown(None)

    @when(c, alone)
    def addresses(c, alone):
        c.value, alone.value = [getattr(movables, name)(9)], getattr(movables, name)(8)
        return c.value[0].address, alone.value.address

    wait()
    start(1)
    addresses = addresses.unwrap()
    assert outcome(when(c)(lambda c: seen(c.value[0]))) == (True, addresses[0], 9)
    wait()
    with c, alone:
        assert seen(c.value[0]) == (True, addresses[0], 9)
        assert seen(alone.value) == (True, addresses[1], 8)


# -- in several places


@interpreters_only
@pytest.mark.parametrize("name", ["Copied", "Cloned"])
def test_readers_get_copies_by_the_function(name, crew):
    home, other = crew.start(2)
    given = new(name, 5)
    address, before = given.address, movables.counts()["copied"]
    c = Cown(given)
    results = [crew.run(worker, look, read(c)) for worker in (home, other, home)]
    last = crew.run(other, look, c)
    crew.dismiss()
    assert [outcome(result)[0::2] for result in results] == [(True, 5)] * 3
    assert movables.counts()["copied"] > before
    # The writer has the data itself.
    assert outcome(last) == (True, address, 5)


@interpreters_only
def test_readers_get_copies_by_pickle(crew):
    home, other = crew.start(2)
    given = movables.Pickled(5)
    address = given.address
    c = Cown(given)
    results = [crew.run(worker, look, read(c)) for worker in (home, other, home)]
    last = crew.run(other, look, c)
    crew.dismiss()
    assert [outcome(result)[0::2] for result in results] == [(True, 5)] * 3
    assert outcome(last) == (True, address, 5)


@interpreters_only
def test_readers_are_refused_what_cannot_be_copied(crew):
    home, other = crew.start(2)
    c = Cown(movables.Box(5))
    results = [crew.run(worker, look, read(c)) for worker in (home, other)]
    last = crew.run(other, look, c)
    crew.dismiss()
    for result in results:
        assert "it hands its data over when it moves" in text_of(error_of(result))
        assert "give its bocpy_movable a `copy`" in text_of(error_of(result))
    assert outcome(last)[0::2] == (True, 5)


@interpreters_only
def test_what_cannot_be_copied_does_not_go_on_the_noticeboard():
    given = movables.Box(5)
    with pytest.raises(TypeError, match="hands its data over"):
        notice_write("given", given)
    assert "given" not in noticeboard()
    assert given.number == 5


@pytest.mark.parametrize("name", ["Copied", "Cloned"])
def test_a_result_that_is_in_a_cown_too(name):
    start(1)
    c = Cown(new(name, 5))
    result = when(c)(lambda c: c.value)
    wait()
    one, two = result.unwrap(), c.unwrap()
    assert one.number == two.number == 5
    assert one.address != two.address


# -- endings


def test_data_of_a_cown_that_nobody_has_is_dropped():
    start(1)
    before = movables.counts()
    for _ in range(10):
        Cown(movables.Box(1))
        Cown([movables.Copied(1)])
    gc.collect()
    come_by(lambda: live() == before["live"])


def test_many_go_to_and_fro():
    """As many are dropped as are made, whoever has them in the end."""
    start(2)
    cowns = [Cown(new(name, 0)) for name in EVERY for _ in range(5)]
    for _ in range(40):
        for c in cowns:

            @when(c)
            def _(c):
                c.value.number += 1

    quiesce(60)
    assert [c.unwrap().number for c in cowns] == [40] * len(cowns)


@pytest.mark.parametrize("ending", ["wait()", "quiesce()", ""])
def test_when_the_program_ends(ending):
    """The data of cowns goes with them, wherever it is by then."""
    check_script(
        f"""
        import sys
        sys.path[:0] = {extensions.paths()!r}
        import bocpy_movables as movables
        from bocpy import Cown, quiesce, start, wait, when

        def fill(c):
            c.value = movables.Box(1), [movables.Copied(2)]

        def use(c):
            c.value.number += 1

        movables.tell_at_exit()
        start(2)
        alone = [Cown(movables.Box(n)) for n in range(5)]
        within = [Cown(None) for _ in range(5)]
        for c in alone:
            when(c)(use)
        for c in within:
            when(c)(fill)
        {ending}
        """,
        "after Python: live 0",
        timeout=60,
    )


def test_two_threads_use_one_object_while_it_is_moved():
    for _ in range(30):
        thing = movables.Box(1)
        begun, told = threading.Event(), []

        def use(thing=thing, begun=begun, told=told):
            try:
                while True:
                    thing.number  # noqa: B018
                    begun.set()
            except RuntimeError as error:
                told.append(str(error))

        thread = threading.Thread(target=use)
        thread.start()
        begun.wait()
        c = Cown(thing)
        thread.join()
        assert "has been moved: it is now a cown's value" in told[0]
        del c
