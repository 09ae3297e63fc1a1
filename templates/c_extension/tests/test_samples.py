"""The type by itself, and on its way between workers."""

import gc

import pytest
from bocpy import Cown, drain, notice_delete, notice_read, notice_write, quiesce, read, receive, send, start, wait, when
from samples import Samples
from samples._samples import _count_rows


@pytest.fixture(autouse=True)
def nothing_is_left():
    gc.collect()
    before = _count_rows()
    yield
    wait()
    gc.collect()
    assert _count_rows() == before


# -- the type


def test_its_numbers():
    samples = Samples([1, 2.5])
    samples.append(4)
    assert (len(samples), list(samples), samples.mean()) == (3, [1.0, 2.5, 4.0], 2.5)
    assert len(Samples()) == 0
    assert Samples(range(1000)).mean() == 499.5


def test_mistakes():
    with pytest.raises(ValueError, match="no samples"):
        Samples().mean()
    with pytest.raises(IndexError, match="no sample 2 among 2"):
        Samples([1, 2])[2]
    with pytest.raises(TypeError):
        Samples([1, "two"])
    with pytest.raises(TypeError):
        Samples().append("one")
    with pytest.raises(TypeError):
        Samples(1)


# -- on its way


def test_a_behavior_has_the_data_itself():
    given = Samples([1, 2, 3])
    address = given.address
    c = Cown(given)

    @when(c)
    def seen(c):
        c.value.append(6)
        return c.value.mean(), c.value.address, type(c.value) is Samples

    assert seen.get() == (3.0, address, True)
    back = c.unwrap()
    assert (list(back), back.address) == ([1, 2, 3, 6], address)


def test_who_has_given_it_away_cannot_use_it():
    given = Samples([1])
    c = Cown(given)
    for use in (len, list, Samples.mean, lambda samples: samples.append(1), Cown):
        with pytest.raises(RuntimeError, match="this samples.Samples has been moved: it is now a cown's value"):
            use(given)
    assert list(c.unwrap()) == [1]


def test_one_handle_is_kept_of_a_captured_one_that_is_refused():
    given, gone = Samples([1]), Samples([2])
    c = Cown(gone)
    with pytest.raises(RuntimeError, match="has been moved"):
        when()(lambda given=given, gone=gone: None)
    assert list(given) == [1]
    del c


def test_readers_and_the_noticeboard_have_copies():
    start(2)
    c = Cown(Samples([1, 2]))
    means = [when(read(c))(lambda c: c.value.mean()) for _ in range(10)]
    notice_write("samples", Samples([3, 5]))

    @when()
    def noticed():
        return notice_read("samples").mean()

    assert [mean.get() for mean in means] == [1.5] * 10
    assert noticed.get() == 4
    notice_delete("samples")


def test_from_worker_to_worker():
    start(3)
    cowns = [Cown([Samples(), {"more": Samples()}]) for _ in range(20)]
    for number in range(50):
        for c in cowns:

            @when(c)
            def _(c):
                c.value[0].append(number)
                c.value[1]["more"].append(-number)

    wait()
    for c in cowns:
        first, rest = c.unwrap()
        assert list(first) == [float(number) for number in range(50)]
        assert list(rest["more"]) == [-float(number) for number in range(50)]
    del cowns, c, first, rest


def test_captures_results_and_messages():
    captured, sent = Samples([1]), Samples([2])
    send("samples", sent)

    @when()
    def result(captured=captured):
        captured.append(receive("samples")[1].mean())
        return captured

    quiesce(60)
    assert list(result.unwrap()) == [1, 2]


def test_it_outlives_its_worker():
    c = Cown(None)

    @when(c)
    def _(c):
        c.value = [Samples([7])]

    wait()
    assert c.unwrap()[0].mean() == 7


def test_what_nobody_receives_is_freed():
    send("samples", Samples([1]))
    unused = Cown(Samples([2]))
    quiesce(60)
    del unused
    wait()
    drain("samples")
