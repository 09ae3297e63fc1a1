"""What readers see: the value as it was when their turn came, wherever it lives, and no changes by other readers."""

import random
import threading

from bocpy import Cown, quiesce, read, start, wait, when
from support import BACKEND, check_script, error_of, interpreters_only, not_strict, outcome, pytest, threads_only
from support.bodies import append, copy_of, value_of

HEAPS_DIFFER = BACKEND == "interpreters"


# -- a reader's own changes


@interpreters_only
def test_what_a_reader_changes_inside_the_value_reaches_nobody(crew):
    home, other = crew.start(2)
    c = Cown({"list": [1]})

    def spoil(c):
        c.value["list"].append("spoilt")
        c.value["new"] = 1

    def text_of_value(c):
        return repr(c.value)

    def write(c):
        c.value["list"].append(3)
        return repr(c.value)

    crew.run(home, lambda c: c.value["list"].append(2), c)
    seen = []
    for worker in (home, other, home, other):
        crew.run(worker, spoil, read(c))
        seen += [crew.run(at, text_of_value, read(c)) for at in (home, other)]
    written = [crew.run(worker, write, c) for worker in (home, other)]
    after = crew.run(home, text_of_value, read(c))
    crew.dismiss()
    assert [outcome(result) for result in seen] == ["{'list': [1, 2]}"] * 8
    assert [outcome(result) for result in written] == ["{'list': [1, 2, 3]}", "{'list': [1, 2, 3, 3]}"]
    assert outcome(after) == "{'list': [1, 2, 3, 3]}"


@interpreters_only
def test_what_a_reader_changes_is_not_seen_by_one_that_runs_at_the_same_time(handshake):
    start(2)
    c = Cown([1])

    def body(c):
        value = c.value
        value.append(2)
        handshake.arrive()
        return value

    results = [when(read(c))(body) for _ in range(2)]
    handshake.await_arrival(2)
    handshake.let_go(2)
    assert [outcome(result) for result in results] == [[1, 2]] * 2
    assert outcome(c) == [1]


@interpreters_only
def test_what_a_reader_returns_is_its_own():
    start(1)
    c = Cown([1])
    result = when(read(c))(value_of)
    when(result)(append("result"))
    when(c)(append("cown"))
    assert (outcome(c), outcome(result)) == ([1, "cown"], [1, "result"])


@interpreters_only
@pytest.mark.parametrize("part", ["whole", "part"])
def test_what_a_reader_has_given_away_is_not_changed_by_the_next_reader(part):
    """This holds for its result, and for a value that it has put into a cown that it writes."""
    start(1)
    c, out = Cown({"list": [1]}), Cown(None)

    def take(c, out):
        taken = c.value if part == "whole" else c.value["list"]
        out.value = [taken]
        return [taken]

    def spoil(c):
        c.value["list"].append("spoilt")

    result = when(read(c), out)(take)
    when(read(c))(spoil)
    expected = [{"list": [1]}] if part == "whole" else [[1]]
    assert outcome(when(result, out)(lambda result, out: [result.value, out.value])) == [expected] * 2


@interpreters_only
@pytest.mark.parametrize("part", ["whole", "part"])
def test_what_a_reader_has_given_away_is_not_what_the_next_reader_sees(part):
    start(1)
    c, out = Cown({"list": [1]}), Cown(None)

    def take(c, out):
        out.value = [c.value if part == "whole" else c.value["list"]]

    def spoil(out):
        out.value[0].clear()

    when(read(c), out)(take)
    when(out)(spoil)
    assert outcome(when(read(c))(value_of)) == {"list": [1]}
    assert outcome(when(c)(value_of)) == {"list": [1]}


def test_a_reader_sees_its_own_changes_to_the_end():
    c = Cown([1])

    @when(read(c))
    def seen(c):
        before = c.value
        before.append(2)
        return c.value is before, len(c.value)

    assert outcome(seen) == (True, 2)


@threads_only
def test_on_threads_readers_share_the_object_itself():
    value = [1]
    c = Cown(value)
    assert outcome(when(read(c))(lambda c: c.value is value)) is True
    assert outcome(c) is value


def test_a_reader_sees_one_object_all_along():
    c = Cown([1])
    assert outcome(when(read(c))(lambda c: c.value is c.value)) is True
    a = when(read(c), [read(c)])(lambda c, group: c.value is group[0].value)
    assert outcome(a) is True


# -- values that live on a worker


def test_readers_of_a_value_that_lives_with_another_worker(crew):
    home, other = crew.start(2)
    c = Cown(None)
    crew.run(home, lambda c: setattr(c, "value", [1]), c)
    seen = [crew.run(worker, copy_of, read(c)) for worker in (other, home, other)]
    crew.run(other, append(2), c)
    seen += [crew.run(worker, copy_of, read(c)) for worker in (home, other)]
    crew.dismiss()
    assert [outcome(result) for result in seen] == [[1]] * 3 + [[1, 2]] * 2
    assert outcome(c) == [1, 2]


def test_two_readers_ask_the_same_home_at_the_same_time(crew, handshake):
    home, *others = crew.start(3)
    cowns = [Cown(None) for _ in range(20)]

    def make(group):
        for n, c in enumerate(group):
            c.value = {"n": [n] * 1000}

    def body(group):
        handshake.arrive()
        return [sum(c.value["n"]) for c in group]

    crew.run(home, make, cowns)
    results = [crew.begin(worker, body, read(cowns)) for worker in others]
    handshake.await_arrival(2)
    handshake.let_go(2)
    crew.await_return(*others)
    crew.dismiss()
    assert [outcome(result) for result in results] == [[1000 * n for n in range(20)]] * 2


@not_strict
def test_what_cannot_move_can_be_read_at_home(crew):
    home, other = crew.start(2)
    c = Cown(None)

    def put_lock(c):
        c.value = [threading.Lock()]

    def use(c):
        with c.value[0]:
            return c.value[0].locked()

    crew.run(home, put_lock, c)
    at_home = [crew.run(home, use, read(c)) for _ in range(2)]
    away = crew.run(other, use, read(c))
    again = crew.run(home, use, read(c))
    written = crew.run(home, use, c)
    crew.dismiss()
    assert [outcome(result) for result in (*at_home, again, written)] == [True] * 4
    if HEAPS_DIFFER:
        error = error_of(away)
        assert type(error) is TypeError
        assert "lock" in str(error) and "put_lock" in str(error)
    else:
        assert outcome(away) is True


# -- results, exceptions, nesting


def test_a_result_can_be_read():
    result = when()(lambda: {"n": [1]})
    readers = [when(read(result))(lambda r: r.value["n"]) for _ in range(5)]
    assert [outcome(reader) for reader in readers] == [[1]] * 5
    assert outcome(result) == {"n": [1]}


def test_a_reader_of_an_exception_has_been_told():
    check_script(
        """
        from bocpy import read, start, wait, when

        start(2)

        @when()
        def failed():
            raise LookupError("known", [1])

        @when(read(failed))
        def told(failed):
            return failed.exception, type(failed.value).__name__, failed.value.args

        wait()
        print(told.unwrap())
        """,
        "(True, 'LookupError', ('known', [1]))",
    )


def test_readers_schedule_readers_and_writers():
    start(2)
    c, out = Cown([0]), Cown([])

    def climb(c, out):
        n = c.value[-1]
        out.value.append(n)
        if n < 20:
            when(c)(append(n + 1))
            when(read(c), out)(climb)

    when(read(c), out)(climb)
    wait()
    assert out.value == list(range(21)) == c.value


def test_readers_in_a_long_line_of_writers_take_turns():
    start(2)
    c, total = Cown(0), Cown(0)
    for n in range(1000):
        if n % 3:
            when(read(c), total)(lambda c, total: setattr(total, "value", total.value + c.value))
        else:
            when(c)(lambda c: setattr(c, "value", c.value + 1))
    model = value = 0
    for n in range(1000):
        model, value = (model + value, value) if n % 3 else (model, value + 1)
    assert (outcome(total), outcome(c)) == (model, value)


@pytest.mark.parametrize("workers", [2, 4])
@pytest.mark.parametrize("seed", range(4))
def test_random_readers_and_writers_agree_with_a_model(seed, workers):
    rng = random.Random(seed)
    count = 5
    cowns, model = [Cown([n, [n]]) for n in range(count)], list(range(count))
    start(workers)
    expected = []
    for number in range(400):
        reads = rng.sample(range(count), rng.randint(0, 3))
        writes = rng.sample(range(count), rng.randint(0 if reads else 1, 2))

        @when([read(cowns[n]) for n in reads], [cowns[n] for n in writes])
        def result(readers, writers):
            for c in (*readers, *writers):
                # a writer in its body would show here
                assert c.value[0] == c.value[1][0]
            total = sum(c.value[0] for c in (*readers, *writers)) * 7 + number
            for c in writers:
                c.value[0] = total % 10_007
                c.value[1][0] = total % 10_007
            return total

        total = sum(model[n] for n in reads + writes) * 7 + number
        for n in writes:
            model[n] = total % 10_007
        expected.append((result, total))
    quiesce(60)
    assert [result.unwrap() for result, _ in expected] == [total for _, total in expected]
    assert [c.unwrap() for c in cowns] == [[n, [n]] for n in model]
