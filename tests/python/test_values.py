"""Values: everything that can be pickled comes out of a cown equal, with the same type and shape."""

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import math
import pathlib
import re
import sys
import threading
import types
import uuid

from bocpy import Cown, quiesce, start, wait, when
from support import check_script, error_of, interpreters_only, outcome, pytest, text_of, threads_only


class Colour(enum.Enum):
    RED = 1
    GREEN = "green"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Access(enum.Flag):
    READ = 1
    WRITE = 2


Pair = collections.namedtuple("Pair", "first second")


@dataclasses.dataclass
class Item:
    name: str
    tags: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, order=True)
class Key:
    number: int
    name: str = "key"


class Slots:
    __slots__ = ("a", "b")

    def __init__(self, a, b):
        self.a = a
        self.b = b

    def __eq__(self, other):
        return type(other) is Slots and (self.a, self.b) == (other.a, other.b)


class WithState:
    """Leaves something out of its pickle and makes it anew."""

    def __init__(self, n):
        self.n = n
        self.lock = threading.Lock()

    def __getstate__(self):
        return self.n

    def __setstate__(self, n):
        self.__init__(n)

    def __eq__(self, other):
        return type(other) is WithState and self.n == other.n and other.lock is not None


class Many(int):
    def __repr__(self):
        return f"Many({int(self)})"


class Text(str):
    def __init__(self, *args):
        self.note = "kept"

    def __eq__(self, other):
        return type(other) is Text and str(self) == str(other) and self.note == other.note

    __hash__ = str.__hash__


class Listing(list):
    def __init__(self, *args):
        super().__init__(*args)
        self.note = "kept"

    def __eq__(self, other):
        return type(other) is Listing and list(self) == list(other) and self.note == other.note


class Mapping(dict):
    pass


class Number(float):
    pass


class Raw(bytes):
    pass


class Several(tuple):
    pass


class Unlike:
    """Answers nothing that one may ask of a value."""

    def __init__(self, n):
        self.n = n

    def __eq__(self, other):
        raise ArithmeticError("not to be compared")

    def __bool__(self):
        raise ArithmeticError("neither true nor false")

    def __hash__(self):
        raise ArithmeticError("not to be hashed")

    def __repr__(self):
        raise ArithmeticError("not to be shown")

    def __len__(self):
        raise ArithmeticError("without length")


class Proxy:
    """Returns all attributes except the special ones."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return f"<{name}>"

    def __eq__(self, other):
        return type(other) is Proxy


def double(x):
    return 2 * x


NATIVE = [
    None,
    True,
    False,
    0,
    1,
    -1,
    255,
    256,
    -5,
    2**31,
    -(2**31) - 1,
    2**62,
    2**63 - 1,
    2**63,
    -(2**63),
    -(2**63) - 1,
    2**64,
    10**300,
    -(10**1000),
    0.0,
    1.5,
    -1e308,
    5e-324,
    math.inf,
    -math.inf,
    1j,
    complex(-0.5, math.inf),
    "",
    "a",
    "ascii text",
    "latin é",
    "наука",
    "astral 🦀 text",
    "nul \0 inside",
    "\ud800 lone surrogate",
    "x" * 100_000,
    b"",
    b"bytes \0\xff",
    b"y" * 100_000,
    bytearray(b"array"),
    bytearray(),
    (),
    (1,),
    (1, (2, (3, "x"))),
    [],
    [1, [2, [3, None]]],
    {},
    {"a": 1, 2: "b", None: [], (1, 2): {}},
    set(),
    {1, "a", (2, 3)},
    frozenset(),
    frozenset({1, frozenset({2})}),
    {"nested": [{"deep": ({1, 2}, b"x", [None, True, 1.5])}]},
    list(range(1000)),
    {n: str(n) for n in range(1000)},
    Ellipsis,
    NotImplemented,
]

PICKLED = [
    range(1, 10, 2),
    decimal.Decimal("1.50"),
    fractions.Fraction(1, 3),
    datetime.datetime(2026, 11, 20, 12, 30, tzinfo=datetime.timezone.utc),
    datetime.date(2026, 11, 20),
    datetime.timedelta(days=1, microseconds=5),
    uuid.UUID(int=5),
    pathlib.PurePosixPath("/a/b"),
    re.compile("a+b", re.IGNORECASE),
    array.array("d", [1.0, 2.5]),
    collections.deque([1, 2, 3], maxlen=5),
    collections.OrderedDict([("b", 1), ("a", 2)]),
    collections.Counter("hello"),
    collections.defaultdict(list, {"a": [1]}),
    collections.ChainMap({"a": 1}, {"b": 2}),
    types.SimpleNamespace(a=1, b=[2]),
    Colour.RED,
    Colour.GREEN,
    Level.HIGH,
    Access.READ | Access.WRITE,
    Pair(1, [2]),
    Item("thing", ["a"]),
    Key(1),
    Slots(1, [2]),
    WithState(7),
    Many(5),
    Text("text"),
    Listing([1, 2]),
    Mapping(a=1),
    Number(2.5),
    Raw(b"raw"),
    Several((1, 2)),
    Proxy(),
    [Item("a"), Item("b", [Key(1)])],
    {Colour.RED: {Key(1): Pair(1, 2)}},
    int,
    dict,
    Item,
    Colour,
    len,
    double,
    KeyError,
]


def look(c):
    """What a worker sees of a value."""
    return type(c.value).__module__, type(c.value).__qualname__, repr(c.value)


def keep(c):
    c.value = c.value


def label(value):
    """The same in each process, as pytest-xdist wants it: without addresses, and not in the order of a set."""
    text = getattr(value, "__qualname__", None) or repr(value)
    if len(text) < 40 and not isinstance(value, (set, frozenset)):
        return text
    return f"{type(value).__name__} of {len(text)}"


every_value = pytest.mark.parametrize("value", NATIVE + PICKLED, ids=label)


@every_value
def test_a_value_comes_back_equal_and_of_its_type(value):
    c = Cown(value)
    back = outcome(c)
    assert type(back) is type(value)
    assert back == value


def unlike(backs):
    """Those of the pairs of a value and what has come back which are not equal, or not of one type."""
    return [(value, back) for value, back in backs if type(back) is not type(value) or not back == value]


def test_a_behavior_sees_each_value_and_gives_it_on():
    """All in one test: the workers start once for them."""
    start(2)
    all_of_them = []
    for value in NATIVE + PICKLED:
        c = Cown(value)
        seen = when(c)(look)
        for _ in range(3):
            when(c)(keep)
        all_of_them.append((value, c, seen, when(c)(lambda c: c.value)))
    quiesce(60)
    for value, _, seen, _ in all_of_them:
        if not isinstance(value, (set, frozenset)) and " at 0x" not in repr(value):
            assert seen.unwrap() == (type(value).__module__, type(value).__qualname__, repr(value))
    assert unlike((value, c.unwrap()) for value, c, _, _ in all_of_them) == []
    assert unlike((value, returned.unwrap()) for value, _, _, returned in all_of_them) == []


def test_each_value_as_a_capture():
    results = [(value, when()(lambda: [value])) for value in NATIVE + PICKLED]
    quiesce(60)
    assert unlike((value, result.unwrap()[0]) for value, result in results) == []


def test_all_values_survive_the_stop_and_the_next_start():
    cowns = [(value, Cown(None)) for value in NATIVE + PICKLED]
    for value, c in cowns:

        @when(c)
        def _(c):
            c.value = [value]

    wait()
    start(1)
    for value, c in cowns:

        @when(c)
        def _(c):
            c.value.append(value)

    wait()
    assert unlike((value, back) for value, c in cowns for back in c.value) == []


def test_not_a_number_and_signed_zeros():
    c = Cown([math.nan, -0.0, complex(-0.0, math.nan), 0.0])
    nan, minus, both, plus = outcome(when(c)(lambda c: c.value))
    assert math.isnan(nan)
    assert math.copysign(1, minus) == -1
    assert math.copysign(1, both.real) == -1 and math.isnan(both.imag)
    assert math.copysign(1, plus) == 1


def test_singletons_stay_themselves():
    c = Cown([None, True, False, Ellipsis, NotImplemented, Colour.RED, int, ()])

    @when(c)
    def there(c):
        a, b, d, e, f, g, h, i = c.value
        return a is None and b is True and d is False and e is ... and f is NotImplemented and g is Colour.RED

    back = outcome(c)
    assert outcome(there) is True
    assert back[5] is Colour.RED
    assert back[6] is int


def test_dicts_keep_their_order():
    keys = list("zyxwvu") + list(range(50, 0, -1))
    c = Cown(dict.fromkeys(keys))
    assert outcome(when(c)(lambda c: list(c.value))) == keys
    assert list(outcome(c)) == keys


def test_shared_references_keep_their_shape():
    shared = [1]
    c = Cown({"a": shared, "b": shared, "t": (shared, shared)})

    @when(c)
    def there(c):
        v = c.value
        v["a"].append(2)
        return v["a"] is v["b"], v["t"][0] is v["t"][1], v["t"][0] is v["a"], v["b"]

    assert outcome(there) == (True, True, True, [1, 2])
    back = outcome(c)
    assert back["a"] is back["b"] is back["t"][0]


def test_cycles_keep_their_shape():
    loop = [1]
    loop.append(loop)
    table = {"loop": loop}
    table["self"] = table
    c = Cown(table)

    @when(c)
    def there(c):
        v = c.value
        v["loop"].append(2)
        return v["self"] is v, v["loop"][1] is v["loop"]

    assert outcome(there) == (True, True)
    back = outcome(c)
    assert back["self"] is back
    assert back["loop"][1] is back["loop"]
    assert back["loop"][2] == 2


def test_a_cycle_through_an_object():
    item = Item("root")
    item.tags.append(item)
    c = Cown(item)
    assert outcome(when(c)(lambda c: c.value.tags[0] is c.value)) is True
    back = outcome(c)
    assert back.tags[0] is back


def test_strings_that_cannot_be_encoded():
    text = "half \udcff of \ud83d a pair"
    c = Cown({text: [text]})
    assert outcome(when(c)(lambda c: c.value == {text: [text]})) is True
    assert outcome(c) == {text: [text]}


def test_large_values():
    size = 20_000_000
    c, d, e = Cown(b"x" * size), Cown("é" * size), Cown(list(range(300_000)))

    @when(c, d, e)
    def there(c, d, e):
        c.value += b"y"
        e.value.append("end")
        return len(c.value), len(d.value), len(e.value)

    assert outcome(there) == (size + 1, size, 300_001)
    assert outcome(c)[-2:] == b"xy"
    assert outcome(d)[-1] == "é"
    assert outcome(e)[299_998:] == [299_998, 299_999, "end"]


@pytest.mark.slow
def test_many_small_values_at_once():
    cowns = [Cown(n) for n in range(2000)]
    for c in cowns:

        @when(c)
        def _(c):
            c.value = {"n": c.value}

    quiesce(60)
    assert [c.unwrap() for c in cowns] == [{"n": n} for n in range(2000)]


# -- functions go by value


def test_functions_as_values():
    k = 10

    def local(x):
        return x + k

    c = Cown([local, lambda x: x * k, double, math.sqrt, functools.partial(local, 1), "abc".upper])

    @when(c)
    def there(c):
        a, b, d, e, f, g = c.value
        return a(1), b(2), d(3), e(16.0), f(), g()

    assert outcome(there) == (11, 20, 6, 4.0, 11, "ABC")
    back = outcome(c)
    assert [back[0](1), back[1](2), back[2] is double] == [11, 20, True]


def test_a_lambda_in_a_cown():
    c = Cown(lambda: 1)
    assert outcome(when(c)(lambda c: c.value() + 1)) == 2
    assert outcome(c)() == 1


def test_a_behavior_leaves_a_function():
    c = Cown(None)
    n = 5

    @when(c)
    def returned(c):
        step = 2
        c.value = lambda x: x + step + n
        return c.value

    assert outcome(when(c)(lambda c: c.value(1))) == 8
    assert outcome(c)(10) == 17
    assert outcome(returned)(10) == 17


def test_bound_methods_and_modules_as_values():
    item = Item("bound", ["a"])
    c = Cown([item.tags.append, Colour, math, sys.maxsize])

    @when(c)
    def there(c):
        return c.value[1].RED.name, c.value[2].floor(1.5), c.value[3] == sys.maxsize

    assert outcome(there) == ("RED", 1, True)


# -- cowns in values


def test_a_cown_in_a_cown():
    inner = Cown([1])
    outer = Cown(inner)

    @when(outer)
    def there(outer):
        assert outer.value == inner

        @when(outer.value)
        def deeper(inner):
            inner.value.append(2)
            return inner.value

        return deeper

    assert outcome(outcome(there)) == [1, 2]
    assert outcome(outer) == inner
    assert outcome(inner) == [1, 2]


def test_cowns_in_containers_and_objects():
    a, b, d, e, f = (Cown(n) for n in range(5))
    holder = Item("holder", [b])
    c = Cown({"list": [a], "object": holder, "tuple": (d,), a: "as a key", "set": {e}, "pair": Pair(f, f)})

    @when(c)
    def there(c):
        v = c.value
        found = [v["list"][0], v["object"].tags[0], v["tuple"][0], next(iter(v["set"])), v["pair"].second]
        assert v[v["list"][0]] == "as a key"
        return when(found)(lambda group: [c.value for c in group])

    assert outcome(outcome(there)) == [0, 1, 2, 3, 4]
    back = outcome(c)
    assert back["list"] == [a] and back["object"].tags == [b] and back["set"] == {e}


def test_a_cown_that_only_a_value_keeps_alive():
    outer = Cown([Cown(n) for n in range(100)])
    quiesce(60)

    @when(outer)
    def there(outer):
        return when(outer.value)(lambda group: sum(c.value for c in group))

    assert outcome(outcome(there)) == 4950


def test_cowns_that_hold_each_other():
    a, b = Cown(None), Cown(None)
    with a, b:
        a.value, b.value = [b], [a]

    @when(a)
    def there(a):
        return when(a.value[0])(lambda b: b.value[0] == a)

    assert outcome(outcome(there)) is True


def test_a_cown_that_holds_itself():
    c = Cown([])
    with c:
        c.value.append(c)
    assert outcome(when(c)(lambda c: c.value[0] == c)) is True


def test_the_same_value_in_two_cowns_is_equal_in_both():
    value = {"a": [1]}
    a, b = Cown(value), Cown(value)
    assert outcome(when(a, b)(lambda a, b: a.value == b.value)) is True


# -- odd objects


def test_objects_that_answer_nothing():
    c = Cown(Unlike(5))

    @when(c)
    def there(c):
        c.value.n += 1
        return c.value

    assert outcome(there).n == 6
    assert outcome(c).n == 6


def test_exceptions_as_values():
    errors = [ValueError("a", 1), KeyError("k"), OSError(2, "no such", "file"), SystemExit(3), StopIteration(4)]
    errors.append(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"))
    c = Cown(errors)
    back = outcome(when(c)(lambda c: c.value))
    assert [(type(e), e.args) for e in back] == [(type(e), e.args) for e in errors]


def test_what_a_value_leaves_out_of_its_pickle_is_made_anew():
    c = Cown(WithState(3))

    @when(c)
    def there(c):
        with c.value.lock:
            c.value.n += 1
        return c.value.n

    assert outcome(there) == 4
    assert outcome(c) == WithState(4)


# -- one heap or several


@interpreters_only
def test_a_cown_takes_its_value_when_made():
    value = [1]
    c = Cown(value)
    value.append("too late")
    assert outcome(when(c)(lambda c: c.value)) == [1]


@interpreters_only
def test_a_cown_takes_its_value_when_released():
    value = [1]
    c = Cown(None)
    with c:
        c.value = value
    value.append("too late")
    assert outcome(when(c)(lambda c: c.value)) == [1]


@threads_only
def test_a_value_is_the_object_itself():
    value = [1]
    c = Cown(value)
    assert outcome(when(c)(lambda c: c.value is value)) is True
    assert outcome(c) is value


@interpreters_only
def test_an_unpicklable_value_fails_when_the_cown_is_made():
    with pytest.raises(TypeError, match="lock"):
        Cown(threading.Lock())
    with pytest.raises(TypeError, match="lock"):
        Cown([1, {"deep": threading.Lock()}])
    with pytest.raises(TypeError, match="generator"):
        Cown(n for n in range(3))


@interpreters_only
def test_an_unpicklable_value_fails_when_assigned_or_released_in_main():
    c = Cown([1])
    try:
        with c:
            c.value = threading.Lock()
    except TypeError as error:
        assert "lock" in text_of(error)
    else:
        pytest.fail("a lock went into a cown")
    assert not c.acquired
    result = when(c)(lambda c: c.value)
    quiesce(60)
    with result:
        # the old value, which was never replaced, or an error that the new one was lost; nothing else
        assert "lock" in text_of(result.value) if result.exception else result.value == [1]


@threads_only
def test_any_value_where_the_heap_is_shared():
    c = Cown(threading.Lock())

    @when(c)
    def there(c):
        with c.value:
            return c.value.locked()

    assert outcome(there) is True


def test_an_exception_from_using_a_value_is_an_exception_of_the_body():
    c = Cown(Unlike(1))
    error = error_of(when(c)(lambda c: bool(c.value)))
    assert type(error) is ArithmeticError
    assert str(error) == "neither true nor false"


def test_c_functions_that_spoil_the_end_of_a_program_elsewhere():
    """On CPython 3.12 those do that a sub-interpreter is the first to call with keywords."""
    check_script(
        """
        from bocpy import Cown, wait, when

        @when(Cown(b"x"))
        def result(c):
            import asyncio, hashlib, math, random, secrets, uuid

            async def digest():
                await asyncio.sleep(0)
                return hashlib.sha256(c.value, usedforsecurity=False).hexdigest()[:8]

            return math.isclose(1, 2, abs_tol=1), asyncio.run(digest())

        wait()
        print(result.unwrap())
        """,
        "(True, '2d711642')",
        env={"PYTHONMALLOC": "default"},
    )


def test_modules_that_refuse_sub_interpreters_elsewhere_on_all_workers_at_once():
    """On CPython 3.12 they do; two that tried at the same time crashed."""
    check_script(
        """
        from bocpy import start, wait, when

        def values():
            import datetime, decimal, zoneinfo
            return str(datetime.date(2026, 11, 21)), str(decimal.Decimal("1.10"))

        for _ in range(5):
            start(4)
            results = [when()(values) for _ in range(16)]
            wait()
            assert {r.unwrap() for r in results} == {("2026-11-21", "1.10")}
        print("alike")
        """,
        "alike",
    )


class Attributes(dict):
    def __init__(self, **items):
        super().__init__(**items)
        self.__dict__ = self


class Alike:
    _shared = {}

    def __init__(self):
        self.__dict__ = self._shared


def test_a_dict_whose_items_are_its_attributes():
    c = Cown(Attributes(a=1, more=[Attributes(b=2)]))

    @when(c)
    def seen(c):
        c.value.c = c.value.more[0].b
        return c.value["c"], c.value.a

    wait()
    assert outcome(seen) == (2, 1)
    assert (c.value.c, c.value) == (2, {"a": 1, "c": 2, "more": [{"b": 2}]})
    c.value.d = 3
    assert c.value["d"] == 3


def test_instances_that_share_all_attributes():
    c = Cown([Alike(), Alike()])

    @when(c)
    def seen(c):
        one, two = c.value
        one.n = 1
        return two.n, vars(one) is Alike._shared

    wait()
    assert outcome(seen) == (1, True)
    assert vars(c.value[0]) is Alike._shared
