"""The type by itself, and on its way between workers."""

import gc
import threading

import pytest
from bocpy import (
    Cown,
    drain,
    notice_delete,
    notice_read,
    notice_sync,
    notice_write,
    quiesce,
    read,
    receive,
    send,
    start,
    wait,
    when,
)
from tally import Tally
from tally._tally import _count_tallies


@pytest.fixture(autouse=True)
def nothing_is_left():
    gc.collect()
    before = _count_tallies()
    yield
    wait()
    gc.collect()
    assert _count_tallies() == before


# -- the type


def test_its_counts():
    tally = Tally(["to", "be"])
    tally.add("to", 3)
    assert tally.read("Or not to be: that is...") == 6
    assert (len(tally), tally.total, tally.count("to"), tally.count("question")) == (6, 11, 5, 0)
    assert tally.most_common(3) == [("to", 5), ("be", 2), ("is", 1)]
    assert len(tally.most_common()) == 6
    assert repr(tally) == "<Tally of 11 words, 6 of them different>"
    assert len(Tally()) == 0


def test_merging():
    one, other = Tally(["a", "b"]), Tally(["b", "c"])
    one.merge(other)
    assert one.most_common() == [("b", 2), ("a", 1), ("c", 1)]
    assert other.total == 2
    with pytest.raises(RuntimeError, match="this Tally is in use"):
        one.merge(one)
    assert one.total == 4


def test_a_new_tally_of_the_frequent_ones():
    tally = Tally(["a", "b", "b", "b"])
    frequent = tally.frequent(2)
    assert type(frequent) is Tally
    assert frequent.most_common() == [("b", 3)]
    c = Cown(tally)

    @when(c)
    def on_a_worker(c):
        return c.value.frequent(1)

    assert on_a_worker.get().total == 4
    assert len(c.unwrap()) == 2


def test_mistakes():
    tally = Tally()
    with pytest.raises(ValueError, match="an empty text is not a word"):
        tally.add("")
    with pytest.raises(TypeError, match=r"argument 1 of Tally\.add\(\) has to be a str, not int"):
        tally.add(1)
    with pytest.raises(OverflowError, match="an int from 0"):
        tally.add("a", -1)
    with pytest.raises(TypeError, match="an iterable, each item of it a str, or None, not one with int in it"):
        Tally(["a", 1])
    with pytest.raises(TypeError, match="has to be a Tally, not dict"):
        tally.merge({})
    tally.add("a", 2**64 - 2)
    with pytest.raises(OverflowError, match="has no room for 2 more"):
        tally.add("b", 2)
    assert (tally.total, tally.count("b")) == (2**64 - 2, 0)


def test_several_threads():
    tally = Tally()
    threads = [threading.Thread(target=tally.read, args=("a b c " * 1000,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tally.most_common() == [("a", 8000), ("b", 8000), ("c", 8000)]


# -- on its way


def test_a_behavior_has_the_data_itself():
    given = Tally(["a"])
    address = given.address
    c = Cown(given)

    @when(c)
    def seen(c):
        c.value.add("b")
        return c.value.total, c.value.address, type(c.value) is Tally

    assert seen.get() == (2, address, True)
    back = c.unwrap()
    assert (back.total, back.address) == (2, address)


def test_who_has_given_it_away_cannot_use_it():
    given = Tally(["a"])
    c = Cown(given)
    for use in (
        len,
        repr,
        Tally.most_common,
        lambda tally: tally.add("b"),
        lambda tally: tally.total,
        Tally().merge,
        Cown,
    ):
        with pytest.raises(RuntimeError, match="Tally has been moved: it is now a cown's value"):
            use(given)
    assert c.unwrap().total == 1


def test_from_worker_to_worker():
    start(3)
    cowns = [Cown([Tally(), {"more": Tally()}]) for _ in range(20)]
    for number in range(50):
        for c in cowns:

            @when(c)
            def _(c):
                c.value[0].add("word")
                c.value[1]["more"].add(f"word {number}")

    wait()
    for c in cowns:
        first, rest = c.unwrap()
        assert (first.total, len(rest["more"])) == (50, 50)
    del cowns, c, first, rest


def test_map_and_reduce():
    start(3)
    texts = [f"a b c d{number}" for number in range(12)]

    def counted(text):
        tally = Tally()
        tally.read(text)
        return tally

    parts = [when()(lambda text=text: counted(text)) for text in texts]
    whole = Cown(Tally())
    for part in parts:

        @when(whole, part)
        def _(whole, part):
            whole.value.merge(part.value)

    quiesce(60)
    found = whole.unwrap()
    assert (found.total, len(found), found.count("a")) == (48, 15, 12)


def test_captures_results_and_messages():
    captured, sent = Tally(["a"]), Tally(["b"])
    send("tallies", sent)

    @when()
    def result(captured=captured):
        captured.merge(receive("tallies")[1])
        return captured

    quiesce(60)
    assert result.unwrap().most_common() == [("a", 1), ("b", 1)]


def test_readers_have_copies():
    start(3)
    c = Cown(Tally(["a"]))

    def total(c):
        return c.value.total

    assert [result.get() for result in [when(read(c))(total) for _ in range(6)]] == [1] * 6
    assert c.unwrap().total == 1


def test_the_noticeboard_has_a_copy():
    notice_write("tally", Tally(["a"]))
    notice_sync()
    assert notice_read("tally").total == 1
    assert when()(lambda: notice_read("tally").total).get() == 1
    notice_delete("tally")
    notice_sync()
    assert notice_read("tally") is None


def test_it_outlives_its_worker():
    c = Cown(None)

    @when(c)
    def _(c):
        c.value = [Tally(["a"])]

    wait()
    assert c.unwrap()[0].total == 1


def test_what_nobody_receives_is_freed():
    send("tallies", Tally(["a"]))
    unused = Cown(Tally(["b"]))
    quiesce(60)
    del unused
    wait()
    drain("tallies")
