"""Records: what fields can hold, what they refuse, and how records are made. The model is Python's `struct`."""

import inspect
import math
import random
import struct
import sys
import sysconfig
from typing import Annotated

from bocpy import Record, record
from support import pytest

INF, NAN = math.inf, math.nan


@record
class Quote:
    """A quote."""

    bid: float
    ask: float
    size: int
    side: bool = True
    venue: Annotated[bytes, 8] = b""
    flags: Annotated[int, "H"] = 0

    def spread(self):
        return self.ask - self.bid

    @property
    def mid(self):
        return (self.ask + self.bid) / 2

    @mid.setter
    def mid(self, value):
        by = value - self.mid
        self.bid += by
        self.ask += by


@record
class Numbers:
    """One field for each code of `struct`."""

    b: Annotated[int, "b"] = 0
    B: Annotated[int, "B"] = 0
    h: Annotated[int, "h"] = 0
    H: Annotated[int, "H"] = 0
    i: Annotated[int, "i"] = 0
    I: Annotated[int, "I"] = 0  # noqa: E741
    l: Annotated[int, "l"] = 0  # noqa: E741
    L: Annotated[int, "L"] = 0
    q: Annotated[int, "q"] = 0
    Q: Annotated[int, "Q"] = 0
    n: Annotated[int, "n"] = 0
    N: Annotated[int, "N"] = 0
    P: Annotated[int, "P"] = 0
    e: Annotated[float, "e"] = 0.0
    f: Annotated[float, "f"] = 0.0
    d: Annotated[float, "d"] = 0.0
    F: Annotated[complex, "F"] = 0j
    D: Annotated[complex, "D"] = 0j
    t: Annotated[bool, "?"] = False


INTS = "bBhHiIlLqQnNP"


def quote(**changes):
    return Quote(**{"bid": 1.5, "ask": 2.5, "size": 3, **changes})


def limits(code):
    bits = 8 * struct.calcsize(code)
    return (0, 2**bits - 1) if code.isupper() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def same(one, other):
    """Equal, or both no numbers, and of one type."""
    return type(one) is type(other) and repr(one) == repr(other)


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


class Floating:
    def __init__(self, value):
        self.value = value

    def __float__(self):
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


# -- what fields hold


@pytest.mark.parametrize("code", INTS)
def test_an_int_field_holds_all_between_its_limits(code):
    least, most = limits(code)
    r = Numbers()
    for value in (least, least + 1, 0, 1, most - 1, most):
        setattr(r, code, value)
        assert getattr(r, code) == value and type(getattr(r, code)) is int
        assert getattr(Numbers(**{code: value}), code) == value


@pytest.mark.parametrize("code", INTS)
def test_an_int_beyond_the_limits_is_refused_and_the_value_stays(code):
    least, most = limits(code)
    r = Numbers(**{code: 7})
    for value in (least - 1, most + 1, 2**64, -(2**63) - 1, 10**30, -(10**30)):
        with pytest.raises(struct.error) as raised:
            setattr(r, code, value)
        text = str(raised.value)
        assert f"'{code}'" in text and "Numbers" in text and str(least) in text and str(most) in text
        with pytest.raises(struct.error):
            Numbers(**{code: value})
    assert getattr(r, code) == 7


@pytest.mark.parametrize("code", INTS)
@pytest.mark.parametrize("value", [1.0, NAN, None, "1", b"1", 1j, [1]], ids=repr)
def test_an_int_field_refuses_what_struct_refuses(code, value):
    with pytest.raises(struct.error):
        struct.pack(code, value)
    r = Numbers(**{code: 7})
    with pytest.raises(struct.error) as raised:
        setattr(r, code, value)
    assert f"'{code}'" in str(raised.value) and "Numbers" in str(raised.value)
    assert type(value).__name__ in str(raised.value) or repr(value) in str(raised.value)
    assert getattr(r, code) == 7


def test_an_int_field_takes_what_stands_for_an_int():
    r = Numbers(i=Index(5), q=True, B=Index(255))
    assert (r.i, r.q, r.B) == (5, 1, 255)
    assert type(r.q) is int
    with pytest.raises(struct.error):
        r.B = Index(256)
    with pytest.raises(ZeroDivisionError, match="mine"):
        r.i = Index(ZeroDivisionError("mine"))
    assert (r.i, r.B) == (5, 255)


@pytest.mark.parametrize("code", "efd")
def test_a_float_field_holds_what_struct_gives_back(code):
    rng = random.Random(f"floats {code}")
    r = Numbers()
    values = [0.0, -0.0, 1.0, -1.5, 5e-324, 1e-7, INF, -INF, NAN, 65504.0, 1 / 3, 6e-8, 3, 2**20 // 2**6, True]
    values += [rng.uniform(-60000, 60000) for _ in range(300)] + [
        rng.gauss(0, 1) * 2.0 ** -rng.randrange(40) for _ in range(300)
    ]
    for value in values:
        setattr(r, code, value)
        expected = struct.unpack(code, struct.pack(code, value))[0]
        assert same(getattr(r, code), expected), value


@pytest.mark.parametrize(("code", "value"), [("e", 65520.0), ("e", -1e300), ("f", 3.5e38), ("f", -1e300)])
def test_a_float_that_is_too_large_is_an_overflow(code, value):
    """As with `struct`, of which some builds of 3.13 let those for "f" pass, as infinities."""
    r = Numbers(**{code: 1.0})
    with pytest.raises(OverflowError, match=f"the field '{code}' of Numbers"):
        setattr(r, code, value)
    assert getattr(r, code) == 1.0


@pytest.mark.parametrize("code", "efd")
@pytest.mark.parametrize("value", [10**400, None, "1.0", b"1", 1j, [1.0]], ids=lambda value: repr(value)[:9])
def test_a_float_field_refuses_what_struct_refuses(code, value):
    with pytest.raises(struct.error):
        struct.pack(code, value)
    r = Numbers(**{code: 1.0})
    with pytest.raises(struct.error) as raised:
        setattr(r, code, value)
    assert f"'{code}'" in str(raised.value) and "Numbers" in str(raised.value)
    assert getattr(r, code) == 1.0


def test_a_float_field_takes_what_has_a_float():
    r = Numbers(d=Floating(2.5), f=Index(3))
    assert (r.d, r.f) == (2.5, 3.0)
    with pytest.raises(ZeroDivisionError, match="mine"):
        r.d = Floating(ZeroDivisionError("mine"))
    assert r.d == 2.5


@pytest.mark.parametrize("value", [0j, 1 + 2j, -0.0 - 0.0j, complex(INF, NAN), 1.5, 3])
def test_a_complex_field(value):
    r = Numbers(D=value, F=value)
    assert same(r.D, complex(value)) and same(r.F, complex(value))


def test_a_complex_field_refuses():
    r = Numbers(F=1j, D=2j)
    for code, value, kind in [("F", 1e39j, OverflowError), ("F", "1", struct.error), ("D", None, struct.error)]:
        with pytest.raises(kind) as raised:
            setattr(r, code, value)
        assert f"'{code}'" in str(raised.value)
    assert (r.F, r.D) == (1j, 2j)


def test_a_bool_field_takes_true_and_false():
    r = Numbers(t=True)
    assert r.t is True
    r.t = 0
    assert r.t is False
    r.t = 1
    assert r.t is True
    for value in (2, -1, None, "yes", 1.0, [], 2**70):
        with pytest.raises(struct.error, match="'t'.*Numbers.*True or False"):
            r.t = value
    assert r.t is True


def test_bytes_are_padded_with_zeros_that_do_not_come_back():
    q = quote(venue=b"XNAS")
    assert q.venue == b"XNAS"
    q.venue = b"12345678"
    assert q.venue == b"12345678"
    q.venue = b""
    assert q.venue == b""
    q.venue = b"\0a\0b\0\0"
    assert q.venue == b"\0a\0b"
    q.venue = b"ab"
    assert q.venue == b"ab"


@pytest.mark.parametrize("value", [b"123456789", bytes(9), "text", 5, None, 1.5, [1]], ids=repr)
def test_bytes_that_do_not_fit_are_refused(value):
    q = quote(venue=b"XNAS")
    with pytest.raises(struct.error, match="'venue'.*Quote.*8 bytes") as raised:
        q.venue = value
    if isinstance(value, bytes):
        assert "9 bytes" in str(raised.value)
    assert q.venue == b"XNAS"


def test_other_bytes_like_objects():
    buffer = bytearray(b"XNAS")
    q = quote(venue=buffer)
    buffer[0] = 0
    assert q.venue == b"XNAS" and type(q.venue) is bytes
    with pytest.raises(struct.error, match="'venue'.*Quote.*9 bytes"):
        q.venue = bytearray(9)
    with pytest.raises(struct.error):
        struct.pack("8s", memoryview(b"XNAS"))
    with pytest.raises(struct.error):
        quote(venue=memoryview(b"XNAS"))


def test_subclasses_of_numbers_and_bytes_come_back_as_the_plain_types():
    class Mine(int):
        pass

    class MyFloat(float):
        pass

    class MyBytes(bytes):
        pass

    q = quote(size=Mine(5), bid=MyFloat(1.25), venue=MyBytes(b"x"))
    assert (type(q.size), type(q.bid), type(q.venue)) == (int, float, bytes)
    assert (q.size, q.bid, q.venue) == (5, 1.25, b"x")


def test_the_largest_record_and_many_fields():
    fields = {f"field_{n}": Annotated[int, "B"] for n in range(3000)}
    Many = record(type("Many", (), {"__annotations__": fields}))
    r = Many(*(n % 256 for n in range(3000)))
    assert r.astuple() == tuple(n % 256 for n in range(3000))
    for n in (0, 1, 255, 256, 2999):
        setattr(r, f"field_{n}", 17)
        assert getattr(r, f"field_{n}") == 17
    assert Many.sizeof() == 3000

    @record
    class Large:
        data: Annotated[bytes, 65_535]

    assert Large.sizeof() == 65_535
    assert Large(b"x" * 65_535).data == b"x" * 65_535


def test_fields_are_laid_out_as_in_c():
    assert Quote.sizeof() == struct.calcsize("@ddq?8sH0d")
    assert Numbers.sizeof() >= sum(struct.calcsize(code) for code in INTS + "efd?") + 24


def test_names_of_fields_may_be_of_any_script():
    @record
    class Größe:
        höhe: float
        幅: int = 1
        _hidden: int = 2
        name: int = 3
        key: int = 4
        value: int = 5

    r = Größe(1.5)
    r.幅 = 7
    assert (r.höhe, r.幅, r._hidden, r.value) == (1.5, 7, 2, 5)
    assert repr(r).endswith(".Größe(höhe=1.5, 幅=7, _hidden=2, name=3, key=4, value=5)")


# -- constructing


def test_by_position_and_by_name():
    expected = (1.0, 2.0, 3, False, b"X", 4)
    assert Quote(1.0, 2.0, 3, False, b"X", 4).astuple() == expected
    assert Quote(1.0, 2.0, flags=4, venue=b"X", side=False, size=3).astuple() == expected
    assert Quote(bid=1.0, ask=2.0, size=3).astuple() == (1.0, 2.0, 3, True, b"", 0)
    assert Quote(1, 2, 3).astuple() == (1.0, 2.0, 3, True, b"", 0)


@pytest.mark.parametrize(
    ("arguments", "names", "message"),
    [
        ((), {}, r"Quote\(\) needs a value for 'bid', 'ask', 'size'"),
        ((1.0,), {"size": 2}, r"Quote\(\) needs a value for 'ask'"),
        ((1, 2, 3, True, b"", 0, 9), {}, r"Quote\(\) takes 6 values at most, and 7 were given"),
        ((1, 2, 3), {"bid": 1}, r"Quote\(\) got two values for the field 'bid'"),
        ((1, 2, 3), {"price": 1}, "Quote has no field 'price': its fields are bid, ask, size, side, venue, flags"),
        ((1, 2, 3), {"self": 1}, "Quote has no field 'self'"),
    ],
)
def test_wrong_arguments(arguments, names, message):
    with pytest.raises(TypeError, match=message):
        Quote(*arguments, **names)


def test_a_record_that_could_not_be_made_is_not_there_and_says_why():
    with pytest.raises(struct.error, match="the field 'flags' of Quote.*65536"):
        Quote(1.0, 2.0, 3, flags=65536)


def test_attributes_that_are_no_fields():
    q = quote()
    with pytest.raises(AttributeError, match="price"):
        q.price  # noqa: B018
    with pytest.raises(AttributeError, match="price"):
        q.price = 1
    with pytest.raises(AttributeError, match="bid.*Quote"):
        del q.bid
    assert not hasattr(q, "__dict__") and hasattr(q, "bid") and getattr(q, "price", None) is None
    assert q.bid == 1.5


def test_names_that_are_made_at_run_time_find_their_fields():
    q = quote()
    name = "".join(["b", "i", "d"])
    assert getattr(q, name) == 1.5
    setattr(q, name, 4.5)
    assert q.bid == 4.5

    class Name(str):
        __slots__ = ()

    assert getattr(q, Name("bid")) == 4.5
    setattr(q, Name("bid"), 5.5)
    assert q.bid == 5.5


def test_methods_and_properties():
    q = quote()
    assert (q.spread(), q.mid) == (1.0, 2.0)
    q.mid = 4.0
    assert (q.bid, q.ask) == (3.5, 4.5)
    assert Quote.spread(q) == 1.0
    with pytest.raises(AttributeError):
        q.spread = 1


def test_init_again_assigns_again():
    q = quote()
    q.__init__(4.0, 5.0, 6)
    assert q.astuple()[:3] == (4.0, 5.0, 6)


def test_asdict_and_astuple_are_of_the_values():
    q = quote(venue=b"X")
    assert list(q.asdict().items()) == [
        ("bid", 1.5),
        ("ask", 2.5),
        ("size", 3),
        ("side", True),
        ("venue", b"X"),
        ("flags", 0),
    ]
    q.asdict()["bid"] = 9.0
    assert q.bid == 1.5
    assert Quote(**q.asdict()) == q == Quote(*q.astuple())


def test_the_class_says_what_it_has():
    assert (Quote.__name__, Quote.__qualname__, Quote.__module__, Quote.__doc__) == (
        "Quote",
        "Quote",
        __name__,
        "A quote.",
    )
    assert Quote.__match_args__ == ("bid", "ask", "size", "side", "venue", "flags")
    assert issubclass(Quote, Record) and Quote.__annotations__["bid"] in (float, "float")
    text = str(inspect.signature(Quote))
    assert text.startswith("(bid: float, ask: float, size: int, side: bool = True, venue: ")
    assert "format" in dir(Quote.bid) and "bid" in repr(Quote.bid)


def test_a_class_without_fields_of_its_own_cannot_be_made_by_hand():
    with pytest.raises(TypeError, match="@record"):
        Record()

    class Derived(Quote):
        __slots__ = ()

    with pytest.raises(TypeError, match="Derived.*@record"):
        Derived(1.0, 2.0, 3)

    class Other:
        pass

    with pytest.raises(TypeError):
        Quote.__new__(Other)
    with pytest.raises(TypeError):
        quote().__class__ = Other


def test_blank_records():
    assert Quote.__new__(Quote).astuple() == (0.0, 0.0, 0, True, b"", 0)


@pytest.mark.skipif(sysconfig.get_config_var("Py_GIL_DISABLED"), reason="all objects are larger there")
def test_a_record_is_small():
    @record
    class Five:
        a: float = 0.0
        b: float = 0.0
        c: float = 0.0
        d: float = 0.0
        e: float = 0.0

    assert sys.getsizeof(Five()) <= 120
