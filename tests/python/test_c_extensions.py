"""Types of a C extension that are registered with CPython: their data moves, and all that happens to it is counted.

``support/../c/payloads.c`` says what the types are. Where values stay what they are, on threads, nothing is to happen.
"""

import gc
import os
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
from support import check_script, come_by, error_of, extensions, interpreters_only, not_strict, outcome, pytest, text_of

payloads = extensions.load("payloads")

pytestmark = pytest.mark.skipif(extensions.why_not() is not None, reason=str(extensions.why_not()))

EVERY = ["Owned", "Copyable", "Shared", "Adopted"]
MOVERS = ["Owned", "Copyable", "Adopted"]

every = pytest.mark.parametrize("name", EVERY)
movers = pytest.mark.parametrize("name", MOVERS)


def live():
    return payloads.counts()["live"]


@pytest.fixture(autouse=True)
def all_gone():
    """Each test leaves no data behind, and no call that is to fail."""
    gc.collect()
    before = live()
    yield
    payloads.fail(0, 0)
    gc.collect()
    if live() != before:
        come_by(lambda: live() == before)
        wait()


def new(name, number=0):
    return getattr(payloads, name)(number)


def seen(thing):
    """What can be said of an object in the interpreter that has it."""
    return type(thing) is getattr(payloads, type(thing).__name__), thing.address, thing.number


def look(c):
    return seen(c.value)


# -- the ways a value can move


@every
def test_the_data_is_the_same_on_a_worker_and_back(name):
    start(1)
    given = new(name, 5)
    address = given.address
    c = Cown(given)
    del given
    assert outcome(when(c)(look)) == (True, address, 5)
    assert seen(outcome(c)) == (True, address, 5)


@movers
def test_what_a_worker_writes_is_in_the_data(name):
    start(1)
    c = Cown(new(name, 5))

    @when(c)
    def _(c):
        c.value.number += 1

    assert outcome(c).number == 6


@interpreters_only
@pytest.mark.parametrize("name", ["Owned", "Adopted"])
def test_one_who_has_given_it_away_cannot_use_it(name):
    start(1)
    given = new(name)
    c = Cown(given)
    with pytest.raises(RuntimeError, match="handed over"):
        given.number  # noqa: B018
    assert outcome(when(c)(look))[0] is True
    with pytest.raises(RuntimeError, match="handed over"):
        given.number  # noqa: B018


@every
def test_from_one_worker_to_another(name, crew):
    home, other = crew.start(2)
    c = Cown(None)

    def make(c):
        c.value = getattr(payloads, name)(3)
        return c.value.address

    address = crew.run(home, make, c)
    results = [crew.run(worker, look, c) for worker in (other, home, home, other)]
    crew.dismiss()
    address = outcome(address)
    assert [outcome(result) for result in results] == [(True, address, 3)] * 4


@every
def test_it_outlives_the_worker_that_it_was_made_on(name):
    start(1)
    c = Cown(None)

    @when(c)
    def address(c):
        c.value = [getattr(payloads, name)(9)]
        return c.value[0].address

    wait()
    start(1)
    address = address.unwrap()
    # Passes on a value from a worker that has ended, through one that ends too.
    assert outcome(when(c)(lambda c: seen(c.value[0]))) == (True, address, 9)
    wait()
    assert seen(c.unwrap()[0]) == (True, address, 9)


@every
def test_as_a_result(name):
    start(1)
    made = when()(lambda: getattr(payloads, name)(4))
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


@every
def test_in_a_message(name):
    start(1)
    drain(["there", "back"])
    given = new(name, 7)
    address = given.address
    send("there", given)
    del given

    @when()
    def _():
        send("back", receive("there")[1])

    assert seen(receive("back", 60)[1]) == (True, address, 7)


@every
def test_a_message_that_nobody_receives(name):
    start(1)
    send("lost", new(name))
    drain("lost")


@pytest.mark.parametrize("name", ["Shared", "Copyable"])
def test_on_the_noticeboard(name):
    start(2)
    notice_write("given", new(name, 8))
    notice_sync()
    results = [when()(lambda: seen(notice_read("given"))[0::2]) for _ in range(10)]
    assert [outcome(result) for result in results] == [(True, 8)] * 10
    assert seen(noticeboard()["given"])[0::2] == (True, 8)

    @when()
    def _():
        notice_write("made", getattr(payloads, name)(9))

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
    del one, two
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
    assert seen(outcome(c)[0].one) == (True, address, 1)


def test_a_cown_of_it_within_a_cown():
    start(1)
    outer = Cown(None)

    @when(outer)
    def _(outer):
        outer.value = Cown(payloads.Owned(6))

    wait()
    assert seen(outer.unwrap().unwrap())[0::2] == (True, 6)


def test_the_main_program_can_use_it_between_behaviors():
    start(1)
    c = Cown(payloads.Owned(1))
    for _ in range(5):
        with c:
            c.value.number += 1

        @when(c)
        def _(c):
            c.value.number += 1

        quiesce(60)
    assert outcome(c).number == 11


def test_as_a_global_of_a_program():
    check_script(
        f"""
        import sys
        sys.path[:0] = {extensions.paths()!r}
        import bocpy_payloads as payloads
        from bocpy import start, wait, when

        shared, copied = payloads.Shared(3), payloads.Copyable(4)

        def numbers():
            return shared.number, copied.number

        start(2)
        results = [when()(lambda: numbers()) for _ in range(4)]
        wait()
        print([result.unwrap() for result in results] == [(3, 4)] * 4, shared.number, copied.number)
        """,
        "True 3 4",
        timeout=60,
    )


# -- in several places


@interpreters_only
def test_readers_share_what_can_be_shared(crew):
    home, other = crew.start(2)
    given = payloads.Shared(5)
    address = given.address
    c = Cown(given)
    del given
    results = [crew.run(worker, look, read(c)) for worker in (home, other, home)]
    results.append(crew.run(other, look, c))
    results.append(crew.run(home, look, read(c)))
    crew.dismiss()
    assert [outcome(result) for result in results] == [(True, address, 5)] * 5


@interpreters_only
def test_readers_get_copies_of_what_can_be_copied(crew):
    home, other = crew.start(2)
    given = payloads.Copyable(5)
    address = given.address
    c = Cown(given)
    del given
    results = [crew.run(worker, look, read(c)) for worker in (home, other, home)]
    last = crew.run(other, look, c)
    crew.dismiss()
    assert [outcome(result)[0::2] for result in results] == [(True, 5)] * 3
    # The writer has the data itself.
    assert outcome(last) == (True, address, 5)


@interpreters_only
@pytest.mark.parametrize("name", ["Owned", "Adopted"])
def test_readers_are_refused_what_can_only_be_handed_over(name, crew):
    home, other = crew.start(2)
    given = new(name, 5)
    address = given.address
    c = Cown(given)
    del given
    results = [crew.run(worker, look, read(c)) for worker in (home, other)]
    last = crew.run(other, look, c)
    crew.dismiss()
    for result in results:
        assert "it hands its data over when it moves" in text_of(error_of(result))
    assert outcome(last) == (True, address, 5)


@interpreters_only
@pytest.mark.parametrize("name", ["Owned", "Adopted"])
def test_readers_of_the_noticeboard_are_told(name):
    start(1)
    Cown(new(name)).unwrap()  # what its type does is known from now on
    with pytest.raises(TypeError, match="hands its data over"):
        notice_write("given", new(name))
    assert "given" not in noticeboard()


@not_strict
def test_it_can_be_read_where_it_is(crew):
    (home,) = crew.start(1)
    c = Cown(None)

    def make(c):
        c.value = payloads.Owned(5)

    crew.run(home, make, c)
    result = crew.run(home, look, read(c))
    crew.dismiss()
    assert outcome(result)[2] == 5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_fork():
    check_script(
        f"""
        import os, sys, warnings
        warnings.simplefilter("ignore")  # of a fork with threads
        sys.path[:0] = {extensions.paths()!r}
        import bocpy_payloads as payloads
        from bocpy import Cown, quiesce, start, wait, when

        def look(c):
            import bocpy_payloads as payloads
            return type(c.value[0]) is payloads.Owned, c.value[0].number

        start(2)
        cowns = [Cown(None) for _ in range(4)]
        for c in cowns:
            @when(c)
            def _(c):
                c.value = [payloads.Owned(5)]
        quiesce()
        child = os.fork()
        print([when(c)(look).get() for c in cowns] == [(True, 5)] * 4, flush=True)
        if child:
            assert os.waitpid(child, 0)[1] == 0
        wait()
        """,
        "True\nTrue",
        timeout=60,
    )


# -- what can't be taken


@interpreters_only
@every
@pytest.mark.parametrize(("count", "why"), [(1, "asked to fail: a taking"), (-1, "has not said why")])
def test_an_object_whose_data_cannot_be_taken_keeps_it(name, count, why):
    start(1)
    Cown(new(name)).unwrap()  # what its type does is known from now on
    given = new(name, 5)
    before = payloads.counts()
    payloads.fail(count, 0)
    with pytest.raises(TypeError, match=why) as raised:
        Cown(given)
    assert "cannot be moved" in str(raised.value)
    del raised
    assert payloads.counts() == before
    assert given.number == 5
    assert outcome(when(Cown(given))(look))[2] == 5


@interpreters_only
@not_strict
@every
def test_a_worker_keeps_what_cannot_be_taken(name):
    start(1)
    Cown(new(name)).unwrap()
    c = Cown(None)

    @when(c)
    def _(c):
        c.value = getattr(payloads, name)(5)

    quiesce(60)
    payloads.fail(1, 0)
    with pytest.raises(TypeError, match="asked to fail: a taking"):
        c.unwrap()
    assert outcome(when(c)(look))[2] == 5
    assert outcome(c).number == 5


@interpreters_only
@every
def test_a_value_of_which_a_part_cannot_move_keeps_all(name):
    start(1)
    given = new(name, 5)
    before = payloads.counts()
    for value in ([given, threading.Lock()], {"a": Holder(one=given), "b": threading.Lock()}):
        with pytest.raises(TypeError, match="lock"):
            Cown(value)
    assert payloads.counts() == before
    assert given.number == 5


# -- what can't be opened


@interpreters_only
@every
@pytest.mark.parametrize(("count", "why"), [(1, "asked to fail: an opening"), (-1, "has not said why")])
def test_what_cannot_be_opened_stays_in_the_cown(name, count, why):
    start(1)
    c = Cown(new(name, 5))
    payloads.fail(0, count)
    failed = when(c)(look)
    error = error_of(failed)
    assert isinstance(error, RuntimeError) and why in str(error)
    del error
    assert outcome(when(c)(look))[2] == 5
    assert outcome(c).number == 5


@interpreters_only
@every
def test_a_value_of_which_a_part_cannot_be_opened_stays_in_the_cown(name):
    start(1)
    c = Cown([new(name, 1), new(name, 2), Holder(one=new(name, 3))])
    for _ in range(3):
        payloads.fail(0, 1)
        assert "asked to fail" in str(error_of(when(c)(lambda c: len(c.value))))
    assert outcome(when(c)(lambda c: [c.value[0].number, c.value[1].number, c.value[2].one.number])) == [1, 2, 3]


@interpreters_only
@every
def test_a_message_that_cannot_be_opened_can_be_received_later(name):
    start(1)
    send("x", new(name, 5))
    payloads.fail(0, 1)
    with pytest.raises(RuntimeError, match="asked to fail: an opening"):
        receive("x", 60)
    assert receive("x", 60)[1].number == 5


@interpreters_only
@not_strict
@pytest.mark.parametrize("fails", [(1, 0), (0, 1)])
def test_what_cannot_leave_a_worker_that_ends_is_reported(fails, capfd):
    start(1)
    c = Cown(payloads.Owned())

    @when(c)
    def _(c):
        c.value = payloads.Owned(5)

    quiesce(60)
    payloads.fail(*fails)
    wait()
    with pytest.raises(Exception, match="asked to fail"):
        c.unwrap()
    assert "asked to fail" in capfd.readouterr().err


# -- how often


@interpreters_only
def test_all_data_that_is_taken_is_freed_once():
    before = payloads.counts()
    start(2)
    cowns = [Cown(payloads.Shared(number)) for number in range(20)]
    unused = [Cown([payloads.Shared(number)]) for number in range(20)]
    results = [when(read(c))(look) for c in cowns for _ in range(3)] + [when(c)(lambda c: c.value) for c in cowns]
    send("left", payloads.Shared())
    quiesce(60)
    del cowns, unused
    wait()
    for result in results:
        result.unwrap()
    del results
    drain("left")

    def is_even():
        now = payloads.counts()
        return now["taken"] - before["taken"] == now["freed"] - before["freed"] and now["live"] == before["live"]

    come_by(is_even)


@pytest.mark.parametrize("workers", [1, 3])
def test_many_that_go_everywhere(workers):
    """Ends with as much data as there was before, and with every change to it."""
    before = live()
    start(workers)
    kinds = [getattr(payloads, name) for name in MOVERS]
    cowns = [Cown(kinds[n % 3](0)) for n in range(12)] + [
        Cown([kinds[n % 3](0), {"a": kinds[n % 3](0)}]) for n in range(12)
    ]
    addresses = [[part.address for part in parts_of(c)] for c in cowns]

    for turn in range(40):
        for place, c in enumerate(cowns):

            @when(c, cowns[(place + turn) % len(cowns)] if turn % 5 == 1 and turn else Cown(None))
            def _(c, other):
                for part in parts_in(c.value):
                    part.number += 1

        if turn % 10 == 9:
            quiesce(60)
            for c in cowns:
                parts_of(c)
        if turn == 20:
            wait()
            start(workers)
    for place in range(20):
        send("in", kinds[place % 3](place))

        @when()
        def _():
            send("out", receive("in")[1])

    for place in range(20):
        notice_write(f"shared {place}", payloads.Shared(place))

        @when()
        def _(mine=kinds[place % 3](100 + place)):
            send("out", mine)

    numbers = sorted(receive("out", 60)[1].number for _ in range(40))
    assert numbers == [*range(20), *range(100, 120)]
    notice_sync()
    sums = [when()(lambda: sum(notice.number for notice in noticeboard().values())) for _ in range(20)]
    assert [outcome(result) for result in sums] == [sum(range(20))] * 20
    wait()
    for c, known in zip(cowns, addresses):
        value = c.unwrap()
        assert [part.address for part in parts_in(value)] == known
        assert [part.number for part in parts_in(value)] == [40] * len(known)
        del value
    del cowns, c
    gc.collect()
    if live() != before:
        come_by(lambda: live() == before)


def parts_in(value):
    return [value[0], value[1]["a"]] if isinstance(value, list) else [value]


def parts_of(c):
    with c:
        return [Snapshot(part) for part in parts_in(c.value)]


class Snapshot:
    def __init__(self, part):
        self.address, self.number = part.address, part.number


# -- modules that not every interpreter has

PROGRAM = f"""
    import sys
    sys.path[:0] = {extensions.paths()!r}
    from bocpy import Cown, quiesce, start, wait, when
"""


@interpreters_only
def test_a_module_that_only_a_worker_has_imported():
    check_script(
        PROGRAM
        + """
    def make():
        import bocpy_payloads
        return bocpy_payloads.Owned(5)

    start(1)
    made = when()(make)
    wait()
    print("bocpy_payloads" in sys.modules, made.unwrap().number, "bocpy_payloads" in sys.modules)
    """,
        "True 5 True",
        timeout=60,
    )


@interpreters_only
def test_a_module_that_only_the_main_program_has_imported():
    check_script(
        PROGRAM
        + """
    def program():
        import bocpy_payloads
        start(1)
        c = Cown(bocpy_payloads.Owned(5))
        print(when(c)(lambda c: c.value.number).get())
        wait()

    program()
    """,
        "5",
        timeout=60,
    )


@interpreters_only
def test_a_module_that_workers_cannot_find_by_its_name():
    check_script(
        PROGRAM
        + f"""
    import bocpy_payloads
    del sys.path[:{len(extensions.paths())}]
    start(1)
    c = Cown(bocpy_payloads.Owned(5))
    print(when(c)(lambda c: c.value.number).get())
    wait()
    print(c.unwrap().number)
    """,
        "5\n5",
        timeout=60,
    )


@interpreters_only
def test_a_module_that_workers_cannot_load():
    every_name = extensions.load("every_name")
    start(1)
    c = Cown(every_name.Box(5))
    error = error_of(when(c)(lambda c: c.value.number))
    assert "does not support loading in subinterpreters" in str(error)
    assert 'backend="threads"' in str(error)
    assert c.unwrap().number == 5


@pytest.mark.parametrize("end", ["", "wait()", "quiesce()", "wait(); start(1)"])
def test_a_program_that_leaves_them_everywhere_ends_in_peace(end):
    check_script(
        PROGRAM
        + f"""
    import bocpy_payloads as payloads
    from bocpy import notice_write, send
    start(2)
    given = [Cown(payloads.Owned(n)) for n in range(10)]
    left = Cown(None)
    for c in given:
        when(c)(lambda c: [payloads.Shared(1), payloads.Copyable(2)])

    @when(left)
    def _(left):
        left.value = [payloads.Owned(3), {{"a": payloads.Adopted(4)}}]
        send("left", payloads.Owned(5))
        notice_write("left", payloads.Shared(6))

    {end}
    print("end")
    """,
        "end",
        timeout=60,
    )
