"""Records: comparing, ordering, hashing, frozen ones, and what they look like."""

import itertools
import math
import random
from typing import Annotated

from bocpy import Cown, record
from support import pytest


@record
class Point:
    x: float
    y: float


@record
class Plain:
    x: float
    y: float


@record(order=True)
class Version:
    major: Annotated[int, "h"]
    minor: Annotated[int, "B"] = 0
    tag: Annotated[bytes, 4] = b""
    weight: float = 0.0
    final: bool = True


@record(hash=True, frozen=True)
class Key:
    x: float
    n: int = 0
    name: Annotated[bytes, 4] = b""
    c: complex = 0j


@record(frozen=True)
class Frozen:
    x: float
    n: int = 0

    def moved(self, by):
        return self.replace(x=self.x + by)


# -- equal


def test_equal_if_all_values_are():
    assert Point(1.0, 2.0) == Point(1, 2)
    assert not Point(1.0, 2.0) != Point(1, 2)
    assert Point(1.0, 2.0) != Point(1.0, 2.5)
    assert not Point(1.0, 2.0) == Point(1.0, 2.5)
    p = Point(1.0, 2.0)
    assert p == p and p == p.copy()


def test_nan_equals_nothing_and_zeros_are_equal():
    p = Point(math.nan, 0.0)
    assert p != p and p != p.copy() and not p == p
    assert Point(-0.0, 1.0) == Point(0.0, 1.0)


def test_other_classes_and_types():
    assert Point(1.0, 2.0) != Plain(1.0, 2.0)
    assert Point(1.0, 2.0) != (1.0, 2.0) and Point(1.0, 2.0) != None  # noqa: E711
    assert Point(1.0, 2.0).__eq__((1.0, 2.0)) is NotImplemented

    class Anything:
        def __eq__(self, other):
            return True

    assert Point(1.0, 2.0) == Anything()


def test_a_derived_record_is_another_class():
    @record
    class Point3(Point):
        z: float = 0.0

    @record
    class Same(Point):
        pass

    assert Point3(1.0, 2.0) != Point(1.0, 2.0)
    assert Same(1.0, 2.0) != Point(1.0, 2.0)
    assert Same(1.0, 2.0) == Same(1.0, 2.0)


def test_a_class_may_compare_in_its_own_way():
    @record
    class Near:
        x: float

        def __eq__(self, other):
            return abs(self.x - other.x) < 1

        def __lt__(self, other):
            return self.x < other.x

    assert Near(1.0) == Near(1.5) and Near(1.0) != Near(3.0) and Near(1.0) < Near(1.5)
    with pytest.raises(TypeError):
        hash(Near(1.0))


# -- ordered


@pytest.mark.parametrize("operator", ["__lt__", "__le__", "__gt__", "__ge__"])
def test_no_order_unless_asked_for(operator):
    assert getattr(Point(1.0, 2.0), operator)(Point(2.0, 2.0)) is NotImplemented
    with pytest.raises(TypeError):
        Point(1.0, 2.0) < Point(2.0, 2.0)  # noqa: B015


def test_ordered_as_tuples_are():
    rng = random.Random(3)
    values = [
        (
            rng.choice([-300, -1, 0, 1, 300]),
            rng.choice([0, 1, 200]),
            rng.choice([b"", b"a", b"ab", b"b", b"\xff"]),
            rng.choice([-1.5, 0.0, 2.5, math.inf]),
            rng.random() < 0.5,
        )
        for _ in range(60)
    ]
    for one, other in itertools.product(values, repeat=2):
        a, b = Version(*one), Version(*other)
        assert (a < b, a <= b, a > b, a >= b, a == b) == (
            one < other,
            one <= other,
            one > other,
            one >= other,
            one == other,
        )
    assert [v.astuple() for v in sorted(Version(*value) for value in values)] == sorted(values)
    assert max(Version(*value) for value in values).astuple() == max(values)


def test_nan_is_in_no_order():
    a, b = Version(1, weight=math.nan), Version(1, weight=1.0)
    assert not (a < b or a <= b or a > b or a >= b or a == b)
    assert Version(1, weight=math.nan) < Version(2, weight=math.nan)


def test_no_order_across_classes():
    with pytest.raises(TypeError):
        Version(1) < Point(1.0, 2.0)  # noqa: B015
    with pytest.raises(TypeError):
        Version(1) < (1,)  # noqa: B015


# -- hashed


def test_not_hashed_unless_asked_for():
    for value in (Point(1.0, 2.0), Version(1), Frozen(1.0)):
        with pytest.raises(TypeError, match="unhashable"):
            hash(value)


def test_equal_records_have_the_same_hash():
    assert hash(Key(1.0, 2, b"a")) == hash(Key(1, 2, b"a\0"))
    assert hash(Key(-0.0)) == hash(Key(0.0)) and Key(-0.0) == Key(0.0)
    found = {Key(float(n % 10), n % 3): n for n in range(300)}
    assert len(found) == 30
    assert found[Key(4.0, 1)] == 274
    assert len({Key(n / 2) for n in range(100)}) == 100


def test_a_class_may_hash_in_its_own_way():
    @record
    class Mine:
        x: float

        def __hash__(self):
            return 7

    assert hash(Mine(1.0)) == 7

    @record(hash=True)
    class MyEqual:
        x: float

        def __eq__(self, other):
            return type(other) is MyEqual and self.x == other.x

    assert hash(MyEqual(1.0)) == hash(MyEqual(1.0))


def test_a_moved_record_has_no_hash():
    k = Key(1.0)
    c = Cown(k)
    with pytest.raises(RuntimeError, match="moved"):
        hash(k)
    assert c.unwrap() == Key(1.0)


# -- frozen


def test_frozen_fields_cannot_be_assigned():
    f = Frozen(1.0, 2)
    for name, value in (("x", 2.0), ("n", 3), ("x", "wrong")):
        with pytest.raises(AttributeError, match=rf"Frozen is frozen.*replace\({name}=...\)"):
            setattr(f, name, value)
    with pytest.raises(AttributeError):
        del f.x
    with pytest.raises(AttributeError):
        f.other = 1
    assert f.moved(1.5) == Frozen(2.5, 2)
    assert f == Frozen(1.0, 2)


def test_a_frozen_record_with_an_init_of_its_own():
    @record(frozen=True)
    class Polar:
        x: float
        y: float

        def __init__(self, radius, angle):
            super().__init__(radius * math.cos(angle), radius * math.sin(angle))

    assert Polar(2.0, 0.0).astuple() == (2.0, 0.0)


# -- repr


def test_repr():
    assert repr(Point(1.0, math.nan)) == "Point(x=1.0, y=nan)"
    assert repr(Version(-3, 2, b"a")) == "Version(major=-3, minor=2, tag=b'a', weight=0.0, final=True)"
    assert eval(repr(Version(1, 2))) == Version(1, 2)
    assert str(Point(1.0, 2.0)) == f"{Point(1.0, 2.0)}" == "Point(x=1.0, y=2.0)"


def test_repr_of_a_class_in_a_function_has_its_qualified_name():
    @record
    class Local:
        x: float = 1.0

    assert repr(Local()) == "test_repr_of_a_class_in_a_function_has_its_qualified_name.<locals>.Local(x=1.0)"


def test_repr_of_a_moved_record_says_where_it_is():
    p = Point(1.0, 2.0)
    c = Cown(p)
    assert repr(p).startswith(
        f"<{__name__}.Point that cannot be used: this Point has been moved: it is now a cown's value"
    )
    assert c.unwrap() == Point(1.0, 2.0)


def test_a_class_may_have_a_repr_of_its_own():
    @record
    class Mine:
        x: float

        def __repr__(self):
            return f"<{self.x}>"

        __str__ = __repr__

    assert repr(Mine(1.0)) == "<1.0>"
