"""Records that go where values go: cowns, results, messages, captures, the noticeboard; alone, and in other values."""

import collections
import pickle
import random
from dataclasses import dataclass
from typing import Annotated, Any

import bocpy
from bocpy import Cown, PinnedCown, Record, notice_sync, notice_write, read, receive, record, send, start, wait, when
from support import BACKEND, check_script, interpreters_only, not_strict, outcome, pytest, worker_name


@record
class Quote:
    bid: float
    ask: float = 0.0
    size: int = 0
    venue: Annotated[bytes, 8] = b""
    phase: complex = 0j

    def spread(self):
        return self.ask - self.bid


@record
class Best(Quote):
    rank: Annotated[int, "B"] = 1

    def spread(self):
        return -super().spread()


@record(order=True, hash=True, frozen=True)
class Key:
    n: int
    x: float = 0.5


@record
class Block:
    data: Annotated[bytes, 65_535]


@dataclass
class Holder:
    quote: Quote
    other: Any = None


class Tick(collections.namedtuple("Tick", "quote time")):
    __slots__ = ()


def make(n=1):
    return Quote(n + 0.5, n + 2.0, n, b"v%d" % n, complex(n, -n))


def told(q):
    """What a record is, where it is looked at."""
    return type(q) is Quote, isinstance(q, Record), type(q).__name__, q.astuple(), q.spread()


def expected(n=1):
    return True, True, "Quote", make(n).astuple(), 1.5


# -- whole values


def test_into_a_behavior_and_back():
    c = Cown(make())

    @when(c)
    def seen(c):
        q = c.value
        before = told(q)
        q.bid += 1
        q.size = 7
        return before

    assert outcome(seen) == expected()
    with c:
        q = c.value
        assert (type(q) is Quote, q.bid, q.size, q.venue) == (True, 2.5, 7, b"v1")


def test_a_result():
    result = when()(lambda: make(3))
    assert outcome(when(result)(lambda r: told(r.value))) == expected(3)
    assert told(outcome(result)) == expected(3)


def test_get_gives_a_record_that_is_there_to_stay():
    c = Cown(make())
    q = c.get()
    assert told(q) == expected()
    when(c)(lambda c: setattr(c.value, "bid", 9.0))
    assert c.get().bid == 9.0
    assert told(c.peek())[0]


def test_the_value_of_a_cown_is_one_object_while_it_is_held():
    c = Cown(make())

    @when(c)
    def same(c):
        c.value.bid = 4.0
        return c.value is c.value, c.value.bid

    assert outcome(same) == (True, 4.0)


def test_assignment_to_value():
    c = Cown(None)

    @when(c)
    def _(c):
        c.value = make(2)

    @when(c)
    def seen(c):
        return told(c.value)

    assert outcome(seen) == expected(2)


def test_a_message():
    send("records", make(4))
    assert told(receive("records")[1]) == expected(4)

    @when()
    def _():
        tag, q = receive("there", 60)
        q.bid += 1
        send("back", q)

    send("there", make(5))
    back = receive("back", 60)[1]
    assert type(back) is Quote and back.bid == 6.5
    wait()


def test_captures():
    q, kept = make(1), make(2)

    @when()
    def seen(q=q):
        return told(q), told(kept)

    assert outcome(seen) == (expected(1), expected(2))


def test_the_noticeboard():
    notice_write("quote", make(6))
    notice_sync()
    assert told(bocpy.notice_read("quote")) == expected(6)

    @when()
    def seen():
        q = bocpy.notice_read("quote")
        return told(q)

    assert outcome(seen) == expected(6)
    entry = wait(noticeboard=True)["quote"]
    assert told(entry) == expected(6)


def test_a_pinned_cown():
    q = make(1)
    p = PinnedCown(q)
    c = Cown(make(2))

    @when(p, c)
    def both(p, c):
        p.value.bid += c.value.bid
        return p.value.bid

    assert outcome(both) == 4.0 and q.bid == 4.0 and p.value is q


def test_an_exception_carries_one():
    result = when()(lambda: fail(make(3)))
    wait_for = outcome(when(result)(lambda r: (r.exception, told(r.value.args[0]))))
    assert wait_for == (True, expected(3))


def fail(q):
    raise LookupError(q)


def test_arguments_of_an_executor_and_of_map():
    with bocpy.Executor() as executor:
        assert executor.submit(told, make(3)).result(60) == expected(3)
        assert [q.bid for q in executor.map(raised, [make(n) for n in range(50)])] == [n + 1.5 for n in range(50)]
    assert [told(q) for q in bocpy.map(raised, [make(1)])] == [(True, True, "Quote", (2.5, 3.0, 1, b"v1", 1 - 1j), 0.5)]


def raised(q):
    return q.replace(bid=q.bid + 1)


# -- within other values


WITHIN = {
    "list": (lambda q: [q, 1], lambda v: v[0]),
    "tuple": (lambda q: (1, (q,)), lambda v: v[1][0]),
    "dict": (lambda q: {"quote": q}, lambda v: v["quote"]),
    "dataclass": (lambda q: Holder(q), lambda v: v.quote),
    "deep": (lambda q: {"a": [Holder([{"b": (q,)}])]}, lambda v: v["a"][0].quote[0]["b"][0]),
    "namedtuple": (lambda q: Tick(q, 5), lambda v: v.quote),
    "deque": (lambda q: collections.deque([q]), lambda v: v[0]),
    "defaultdict": (lambda q: collections.defaultdict(list, a=[q]), lambda v: v["a"][0]),
}


@pytest.mark.parametrize("name", WITHIN)
def test_within_another_value(name):
    wrap, unwrap = WITHIN[name]
    c = Cown(wrap(make(3)))

    @when(c)
    def seen(c):
        q = WITHIN[name][1](c.value)
        before = told(q)
        q.ask += 10
        return before

    assert outcome(seen) == expected(3)
    assert outcome(when(c)(lambda c: WITHIN[name][1](c.value).ask)) == 15.0
    back = unwrap(outcome(c))
    assert type(back) is Quote and back.ask == 15.0
    send("within", wrap(make(2)))
    assert told(unwrap(receive("within")[1])) == expected(2)
    notice_write("within", wrap(make(4)))
    notice_sync()
    assert told(unwrap(bocpy.notice_read("within"))) == expected(4)
    captured = wrap(make(5))
    assert outcome(when()(lambda captured=captured: told(WITHIN[name][1](captured)))) == expected(5)
    assert told(unwrap(outcome(when()(lambda: WITHIN[name][0](make(6)))))) == expected(6)


def test_one_record_twice_in_a_value_stays_one():
    q = make()
    c = Cown([q, {"again": q}])

    @when(c)
    def one(c):
        first, other = c.value[0], c.value[1]["again"]
        first.bid = 8.0
        return first is other, other.bid

    assert outcome(one) == (True, 8.0)
    back = outcome(c)
    assert back[0] is back[1]["again"]


def test_keys_and_members_of_sets():
    c = Cown(({Key(1): "a", Key(2): "b"}, {Key(3), Key(4)}, frozenset([Key(5)])))

    @when(c)
    def seen(c):
        d, s, f = c.value
        return d[Key(1)], Key(3) in s, Key(4, 0.5) in s, Key(9) in s, Key(5) in f, sorted(s) == [Key(3), Key(4)]

    assert outcome(seen) == ("a", True, True, False, True, True)
    d, s, f = outcome(c)
    assert d[Key(2)] == "b" and Key(4) in s and Key(5) in f


def test_a_derived_record_keeps_its_class():
    c = Cown([Best(1.0, 3.0, rank=200), make(1)])

    @when(c)
    def seen(c):
        best, plain = c.value
        return type(best) is Best, isinstance(best, Quote), best.rank, best.spread(), plain.spread()

    assert outcome(seen) == (True, True, 200, -2.0, 1.5)
    assert type(outcome(c)[0]) is Best


def test_the_class_itself_travels():
    c = Cown([Quote, Key])

    @when(c)
    def made(c):
        quote, key = c.value
        return quote is Quote, quote(2.0, ask=3.0), key(5)

    is_same, q, k = outcome(made)
    assert is_same and type(q) is Quote and q.spread() == 1.0 and k == Key(5)
    assert outcome(c)[0] is Quote


def test_a_large_record():
    data = random.Random(1).randbytes(65_534) + b"!"
    c = Cown(Block(data))

    @when(c)
    def turned(c):
        before = c.value.data
        c.value.data = before[::-1]
        return before[-1:]

    assert outcome(turned) == b"!"
    assert outcome(c).data == data[::-1]


def test_frozen_ordered_and_hashed_stay_so():
    c = Cown(Key(3))

    @when(c)
    def seen(c):
        k = c.value
        try:
            k.n = 4
        except AttributeError as error:
            return hash(k) == hash(Key(3)), k < Key(4), "frozen" in str(error)

    assert outcome(seen) == (True, True, True)


# -- from worker to worker


def test_to_and_fro_between_workers(crew):
    home, other = crew.start(2)
    c = Cown(make(1))

    def step(c):
        q = c.value
        q.bid += 1
        q.size += 1
        q.venue += b"x"
        return type(q) is Quote, q.astuple()

    results = [crew.run(worker, step, c) for worker in (home, other, other, home)]
    crew.dismiss()
    assert [outcome(result) for result in results] == [
        (True, (1.5 + n, 3.0, 1 + n, b"v1" + b"x" * n, 1 - 1j)) for n in range(1, 5)
    ]
    assert outcome(c).size == 5


def test_made_on_a_worker_and_used_on_another(crew):
    home, other = crew.start(2)
    c = Cown(None)
    crew.run(home, lambda c: setattr(c, "value", [make(1), Holder(make(2))]), c)
    seen = crew.run(other, lambda c: (told(c.value[0]), told(c.value[1].quote)), c)
    crew.dismiss()
    assert outcome(seen) == (expected(1), expected(2))


def test_home_stops_and_the_record_lives_on(crew):
    (home,) = crew.start(1)
    c, listed = Cown(None), Cown(None)
    crew.run(home, lambda c, listed: (setattr(c, "value", make(1)), setattr(listed, "value", [make(2)])), c, listed)
    crew.dismiss()
    wait()
    assert told(c.value) == expected(1) and told(listed.value[0]) == expected(2)
    start(2)
    assert outcome(when(c, listed)(lambda c, listed: (told(c.value), told(listed.value[0])))) == (
        expected(1),
        expected(2),
    )


@pytest.mark.slow
def test_many_starts_and_stops():
    c = Cown(make(0))
    for n in range(10):
        when(c)(lambda c: setattr(c.value, "size", c.value.size + 1))
        wait()
        assert (c.value.size, type(c.value) is Quote) == (n + 1, True)


def test_a_cown_of_a_record_within_a_record_cannot_be_but_beside_it_can():
    inner = Cown(make(1))
    c = Cown([make(2), inner])

    @when(c)
    def nested(c):
        inner = c.value[1]

        @when(inner)
        def deep(inner):
            return told(inner.value)

        return deep

    assert outcome(outcome(nested)) == expected(1)


# -- reading


def test_readers_share_it_and_cannot_write(handshake):
    start(2)
    c = Cown(make(1))

    def body(c):
        q = c.value
        handshake.arrive()
        errors = []
        for change in (
            lambda: setattr(q, "bid", 9.0),
            lambda: setattr(q, "size", 9),
            lambda: setattr(q, "venue", b""),
            lambda: q.__init__(1.0),
        ):
            try:
                change()
            except RuntimeError as error:
                errors.append("Quote can only be read" in str(error))
        mine = q.copy()
        mine.bid = 7.0
        return told(q), errors, mine.bid, q.replace(size=5).size

    results = [when(read(c))(body) for _ in range(2)]
    handshake.await_arrival(2)
    handshake.let_go(2)
    for result in results:
        assert outcome(result) == (expected(1), [True] * 4, 7.0, 5)
    assert told(outcome(c)) == expected(1)


def test_a_reader_keeps_a_handle_and_is_told_that_it_has_ended():
    """What a behavior that reads has kept cannot be read once another may write."""
    check_script(
        """
        from bocpy import Cown, read, record, start, wait, when

        @record
        class Quote:
            bid: float

        kept = []
        start(1, backend="threads")
        c = Cown(Quote(1.5))

        @when(read(c))
        def _(c):
            kept.append(c.value)

        @when(c)
        def _(c):
            c.value.bid = 9.0

        wait()
        try:
            print(kept[0].bid)
        except RuntimeError as error:
            print("Quote" in str(error), "read" in str(error))
        print(c.value.bid)
        """,
        """
        True True
        9.0
        """,
    )


def test_a_reader_returns_a_copy():
    c = Cown(make(1))
    result = when(read(c))(lambda c: c.value)
    when(result)(lambda r: setattr(r.value, "bid", 100.0))
    assert outcome(result).bid == 100.0
    assert told(outcome(c)) == expected(1)


# -- when a copy is made


@not_strict
def test_a_value_that_a_behavior_leaves_in_two_places_is_copied():
    """A result that the cown keeps; what is assigned to another cown moves there."""
    a, b = Cown(make(1)), Cown(make(2))

    @when(a, b)
    def give(a, b):
        a.value, b.value = b.value, a.value
        return a.value

    when(a)(lambda a: setattr(a.value, "size", a.value.size + 10))
    when(b)(lambda b: setattr(b.value, "size", b.value.size + 20))
    when(give)(lambda r: setattr(r.value, "size", r.value.size + 30))
    assert [outcome(c).size for c in (a, b, give)] == [12, 21, 32]


def test_readers_of_the_noticeboard_cannot_change_it_for_each_other():
    notice_write("shared", make(1))
    notice_sync()

    def change():
        q = bocpy.notice_read("shared")
        try:
            q.bid = 50.0
        except RuntimeError:
            pass
        return q.astuple()[1:]

    results = [when()(change) for _ in range(3)]
    assert [outcome(result) for result in results] == [make(1).astuple()[1:]] * 3
    if BACKEND == "interpreters":
        assert bocpy.notice_read("shared").bid == 1.5


def test_a_global_of_the_program_is_copied_for_each_behavior():
    check_script(
        """
        from bocpy import record, wait, when

        @record
        class Quote:
            bid: float

        shared = Quote(1.0)
        seen = []
        for n in range(3):

            @when()
            def bid():
                return shared.bid

            seen.append(bid)
            wait()
            shared.bid += 1
        print([bid.unwrap() for bid in seen], shared)
        """,
        "[1.0, 2.0, 3.0] Quote(bid=4.0)",
    )


def test_pickle_within_a_behavior_is_a_copy():
    c = Cown(make(1))

    @when(c)
    def seen(c):
        data = pickle.dumps(c.value)
        c.value.bid = 2.0
        return told(pickle.loads(data)), data

    state, data = outcome(seen)
    assert state == expected(1) and told(pickle.loads(data)) == expected(1)


@interpreters_only
def test_it_is_not_copied_on_its_way(crew):
    """A worker changes what the program has sent, at the place where it was: nothing but the handle is new."""
    home, other = crew.start(2)
    c = Cown(Block(b"x"))
    for worker in (home, other):
        crew.run(worker, lambda c: setattr(c.value, "data", c.value.data + b"y"), c)
    names = crew.run(home, lambda c: worker_name(), c)
    crew.dismiss()
    assert outcome(names) == home and outcome(c).data == b"xyy"
