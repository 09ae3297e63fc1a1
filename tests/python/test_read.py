"""`read(cown)`: behaviors that only read a cown share it, and see it as it was when their turn came."""

import os

from bocpy import Cown, quiesce, read, start, when, whencall
from support import (
    error_of,
    outcome,
    pytest,
    worker_name,
)
from support.bodies import append, copy_of, value_of

# -- arguments and results


@pytest.mark.parametrize("value", [None, 5, 1.5, "text", b"bytes", [1], {"a": [2]}, {1}, (1, 2)], ids=repr)
def test_a_reader_gets_a_handle_and_the_value(value):
    c = Cown(value)

    @when(read(c))
    def seen(c):
        return isinstance(c, Cown), c.acquired, c.exception, c.value

    assert outcome(seen) == (True, True, False, value)
    assert outcome(c) == value


def test_the_parameter_is_a_handle_of_the_cown_that_is_read():
    c = Cown(5)
    assert outcome(when(read(c))(lambda same: same)) == c


def test_reading_beside_writing():
    config, account = Cown({"rate": 3}), Cown(5)

    @when(read(config), account)
    def _(config, account):
        account.value *= config.value["rate"]

    @when(account, read(config))
    def _(account, config):
        account.value += config.value["rate"]

    assert outcome(account) == 18


def test_readers_in_groups():
    a, b, c = Cown(1), Cown(2), Cown([])

    def body(first, second, out):
        assert type(first) is type(second) is list
        out.value.append([r.value for r in first + second])

    when([read(a), read(b)], read([b, a]), c)(body)
    when((read(a), b), read((a,)), c)(body)
    when([], read([]), c)(body)
    when(read([read(a), b]), [read(read(a))], c)(body)
    assert outcome(c) == [[1, 2, 2, 1], [1, 2, 1], [], [1, 2, 1]]


def test_a_group_may_mix_readers_and_writers():
    a, b = Cown([1]), Cown([2])

    @when([read(a), b])
    def _(group):
        one, other = group
        other.value.append(one.value[0])
        other.value = [*other.value, "assigned"]

    @when([read(a), b])
    def failed(group):
        group[0].value = "no"

    assert "read" in str(error_of(failed))
    assert (outcome(a), outcome(b)) == ([1], [2, 1, "assigned"])


@pytest.mark.parametrize("what", [5, None, "text", lambda: 1, object(), [5], [[]], {"a": 1}])
def test_only_cowns_and_groups_of_cowns_can_be_read(what):
    with pytest.raises(TypeError):
        read(what)
    with pytest.raises(TypeError):
        read([Cown(1), what])


@pytest.mark.parametrize("count", [0, 2])
def test_read_takes_one_argument(count):
    with pytest.raises(TypeError):
        read(*[Cown(1)] * count)


def test_read_of_read_is_read():
    c = Cown([1])

    @when(read(read(c)))
    def failed(c):
        assert c.value == [1]
        c.value = 2

    assert type(error_of(failed)) is RuntimeError


def test_one_read_serves_many_behaviors():
    c = Cown(5)
    reader = read(c)
    results = [when(reader)(value_of) for _ in range(10)]
    group = when([reader, reader], reader)(lambda group, c: [group[0].value, group[1].value, c.value])
    assert [outcome(result) for result in results] == [5] * 10
    assert outcome(group) == [5, 5, 5]


def test_whencall_takes_readers():
    a, b = Cown([1]), Cown(2)

    def body(a, group, n):
        return a.value, group[0].value, n

    assert outcome(whencall(body, [read(a), [read(b)]], [3])) == ([1], 2, 3)


@pytest.mark.parametrize("order", ["read first", "write first", "in a group", "in two groups"])
def test_a_cown_that_is_read_and_written_is_written(order):
    c = Cown([1])
    arguments = {
        "read first": (read(c), c),
        "write first": (c, read(c)),
        "in a group": ([read(c), c],),
        "in two groups": ([read(c)], [c]),
    }[order]

    @when(*arguments)
    def seen(*given):
        handles = [h for part in given for h in (part if type(part) is list else [part])]
        handles[0].value.append(2)
        handles[1].value = [*handles[0].value, 3]
        handles[0].value = [*handles[1].value, 4]
        return handles[1].value

    assert outcome(seen) == [1, 2, 3, 4]
    assert outcome(c) == [1, 2, 3, 4]


@pytest.mark.parametrize("value", [5, [1]], ids=repr)
def test_a_reader_cannot_assign(value):
    c = Cown(value)

    @when(read(c))
    def failed(c):
        c.value = "changed"

    @when(read(c))
    def caught(c):
        try:
            c.value = "changed"
        except RuntimeError as error:
            return str(error), c.value

    error = error_of(failed)
    assert type(error) is RuntimeError and "read" in str(error)
    text, seen = outcome(caught)
    assert "read" in text and seen == value
    assert outcome(c) == value


def test_a_reader_that_fails_lets_the_cown_go():
    c = Cown([1])
    failed = when(read(c))(lambda c: 1 // 0)
    when(c)(append(2))
    assert outcome(c) == [1, 2]
    assert type(error_of(failed)) is ZeroDivisionError


def test_the_value_may_be_touched_only_while_the_reader_runs():
    c = Cown([1])

    @when(read(c))
    def scheduled(c):
        return when()(lambda: c.value)

    assert type(error_of(outcome(scheduled))) is RuntimeError


def test_a_reader_without_a_look_at_the_value():
    c = Cown([1])
    assert outcome(when(read(c))(lambda c: "unseen")) == "unseen"
    assert outcome(c) == [1]


# -- together, and apart


@pytest.mark.parametrize("readers", [2, 3])
def test_readers_are_in_their_bodies_at_the_same_time(handshake, readers):
    start(readers)
    c = Cown([1, 2])

    def body(c):
        before = sum(c.value)
        handshake.arrive()
        return before, sum(c.value), worker_name()

    results = [when(read(c))(body) for _ in range(readers)]
    handshake.await_arrival(readers)
    handshake.let_go(readers)
    seen = [outcome(result) for result in results]
    assert [sums[:2] for sums in seen] == [(3, 3)] * readers
    assert len({name for _, _, name in seen}) == readers


def test_readers_that_also_write_something_each_are_together(handshake):
    start(2)
    config, accounts = Cown({"rate": 3}), [Cown(n) for n in range(2)]

    def body(config, account):
        handshake.arrive()
        account.value *= config.value["rate"]

    for account in accounts:
        when(read(config), account)(body)
    handshake.await_arrival(2)
    handshake.let_go(2)
    assert [outcome(account) for account in accounts] == [0, 3]


def test_readers_of_two_cowns_in_either_order_are_together(handshake):
    start(2)
    a, b = Cown([1]), Cown([2])

    def body(one, other):
        handshake.arrive()
        return one.value + other.value

    results = [when(read(a), read(b))(body), when(read(b), read(a))(body)]
    handshake.await_arrival(2)
    handshake.let_go(2)
    assert [outcome(result) for result in results] == [[1, 2], [2, 1]]


def test_a_writer_waits_for_the_readers_before_it(pipe, handshake):
    reading, writing = pipe
    start(2)
    c = Cown([1])

    @when(read(c))
    def _(c):
        handshake.arrive()
        os.write(writing, b"r")

    @when(c)
    def _(c):
        os.write(writing, b"w")
        c.value.append(2)

    # scheduled last, so the other worker would have come to the writer before
    handshake.await_arrival()
    probe = when()(lambda: os.write(writing, b"p"))
    assert os.read(reading, 1) == b"p"
    handshake.let_go()
    assert outcome(probe) == 1
    assert os.read(reading, 10) == b"rw"


def test_readers_wait_for_the_writer_before_them(pipe, handshake):
    reading, writing = pipe
    start(2)
    c = Cown([1])

    @when(c)
    def _(c):
        handshake.arrive()
        c.value.append(2)
        os.write(writing, b"w")

    handshake.await_arrival()

    def look(c):
        os.write(writing, b"r")
        return c.value

    seen = [when(read(c))(look) for _ in range(3)]
    probe = when()(lambda: os.write(writing, b"p"))
    assert os.read(reading, 1) == b"p"
    handshake.let_go()
    assert [outcome(result) for result in seen] == [[1, 2]] * 3
    assert outcome(probe) == 1
    assert os.read(reading, 10) == b"wrrr"


def test_a_reader_behind_a_waiting_writer_does_not_overtake_it(handshake):
    start(2)
    c = Cown(["old"])
    first = when(read(c))(lambda c: handshake.arrive() or c.value)
    handshake.await_arrival()
    when(c)(lambda c: setattr(c, "value", ["new"]))
    second = when(read(c))(value_of)
    handshake.let_go()
    assert outcome(first) == ["old"]
    assert outcome(second) == ["new"]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_readers_see_what_the_writers_before_them_have_left(workers):
    start(workers)
    c = Cown([])
    seen = []
    for n in range(50):
        when(c)(append(n))
        seen.append([when(read(c))(copy_of) for _ in range(4)])
    quiesce(60)
    for n, results in enumerate(seen):
        assert [result.unwrap() for result in results] == [list(range(n + 1))] * 4


def test_main_reads_and_writes_between_readers():
    c = Cown([1])
    start(2)
    for n in range(5):
        results = [when(read(c))(copy_of) for _ in range(4)]
        quiesce(60)
        assert [result.unwrap() for result in results] == [[1, *range(n)]] * 4
        with c:
            c.value.append(n)


def test_main_cannot_acquire_what_is_being_read(handshake):
    start(2)
    c = Cown([1])
    when(read(c))(lambda c: handshake.arrive())
    handshake.await_arrival()
    with pytest.raises(RuntimeError):
        c.acquire()
    handshake.let_go()
    assert outcome(c) == [1]
