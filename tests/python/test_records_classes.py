"""Records: what their classes may have besides fields, as any class has, and what they may be derived from."""

import abc
import functools
import inspect
import pickle
import typing
from typing import Annotated, ClassVar, Generic, TypeVar

from bocpy import Cown, Record, record
from support import check_script, pytest

T = TypeVar("T")


class Shown:
    """A mixin: methods, and nothing of its own in instances."""

    __slots__ = ()

    def show(self):
        return f"{type(self).__name__} at {self.x}"


class Shape(abc.ABC):
    __slots__ = ()

    @abc.abstractmethod
    def area(self): ...


class Holder(Generic[T]):
    __slots__ = ()

    def held(self):
        return self.x


def test_a_mixin_with_empty_slots():
    @record
    class Point(Shown):
        x: float
        y: float = 0.0

    p = Point(1.0)
    assert p.show() == "Point at 1.0" and isinstance(p, Shown) and isinstance(p, Record)
    assert not hasattr(p, "__dict__")


def test_an_abstract_base():
    @record
    class Square(Shape):
        x: float

        def area(self):
            return self.x**2

    assert Square(3.0).area() == 9.0 and isinstance(Square(3.0), Shape)

    @record
    class Blob(Shape):
        x: float

    with pytest.raises(TypeError, match="abstract.*area"):
        Blob(1.0)


def test_a_protocol_and_a_generic_base():
    class HasX(typing.Protocol):
        x: float

    @record
    class Point(Holder[float]):
        x: float

    assert Point(2.0).held() == 2.0
    assert Point.__orig_bases__ == (Holder[float],)

    @record
    class Generics(Generic[T]):
        x: float

    assert Generics[int](1.0).x == 1.0 and type(Generics[int](1.0)) is Generics


def test_record_written_as_the_base():
    @record
    class Point(Record):
        x: float

    @record
    class Shown2(Shown, Record):
        x: float

    assert Point.__bases__ == (Record,) and Point(1.0).copy() == Point(1.0)
    assert Shown2(1.0).show() == "Shown2 at 1.0"


def test_a_record_derived_from_a_record():
    @record
    class Point:
        x: float
        y: float = 2.0

        def total(self):
            return self.x + self.y

        @classmethod
        def origin(cls):
            return cls(0.0, 0.0)

    @record
    class Point3(Point):
        z: float = 3.0

        def total(self):
            return super().total() + self.z

    @record
    class Narrow(Point3):
        y: Annotated[int, "B"] = 7
        w: bool = False

    p = Point3(1.0)
    assert p.astuple() == (1.0, 2.0, 3.0) and p.total() == 6.0 and isinstance(p, Point)
    assert type(Point3.origin()) is Point3 and Point3.origin().total() == 3.0
    assert Point3.__match_args__ == ("x", "y", "z")
    assert Narrow(1.0).astuple() == (1.0, 7, 3.0, False)
    assert Narrow.__match_args__ == ("x", "y", "z", "w") and Narrow(1.0).total() == 11.0
    assert Point.sizeof() == 16 and Point3.sizeof() == 24
    assert str(inspect.signature(Point3)) == "(x: float, y: float = 2.0, z: float = 3.0)"
    assert Point.total(p) == 3.0


def test_super_and_class_cells():
    """The class that a method was made in is replaced: `super()` and `__class__` mean the one that took its place."""

    def traced(function):
        @functools.wraps(function)
        def wrapper(*args):
            return ("traced", function(*args))

        return wrapper

    class Base:
        __slots__ = ()

        def name(self):
            return "base"

        @classmethod
        def made(cls):
            return cls.__name__

        @staticmethod
        def plain():
            return "plain"

    @record
    class Point(Base):
        x: float

        def name(self):
            return "point of " + super().name()

        @classmethod
        def made(cls):
            return super().made() + "!"

        @property
        def kind(self):
            return __class__

        @functools.cached_property
        def cached(self):
            return super().name()

        @traced
        def wrapped(self):
            return super().name()

        @staticmethod
        def own():
            return __class__

        def nested(self):
            return [(lambda: __class__)() for _ in range(1)][0]

        @functools.singledispatchmethod
        def kind_of(self, value):
            return __class__, "other"

        @kind_of.register
        def _(self, value: int):
            return __class__, "int"

    p = Point(1.0)
    assert p.name() == "point of base" and Point.made() == "Point!" and Point.plain() == "plain"
    assert p.kind is Point and Point.own() is Point and p.nested() is Point
    assert p.wrapped() == ("traced", "base")
    assert p.kind_of(1) == (Point, "int") and p.kind_of("") == (Point, "other")


def test_an_init_of_its_own():
    @record
    class Span:
        begin: float
        end: float = 0.0

        def __init__(self, begin, *, length):
            super().__init__(begin, begin + length)
            assert __class__ is Span

    s = Span(1.0, length=2.0)
    assert s.astuple() == (1.0, 3.0)
    assert str(inspect.signature(Span)) == "(begin, *, length)"
    assert s.replace(end=9.0).astuple() == (1.0, 9.0)
    assert pickle.loads(pickle.dumps(Outer.Inner(5.0))).x == 5.0
    with pytest.raises(TypeError):
        Span(1.0)

    @record
    class Sub(Span):
        extra: int = 4

    assert Sub(1.0, length=1.0).astuple() == (1.0, 2.0, 4)
    assert "length" in str(inspect.signature(Sub))


def test_an_init_that_raises():
    @record
    class Odd:
        n: int

        def __init__(self, n):
            if n % 2 == 0:
                raise ValueError(f"{n} is even")
            self.n = n

    assert Odd(3).n == 3
    with pytest.raises(ValueError, match="4 is even"):
        Odd(4)


class Outer:
    @record
    class Inner:
        """Within a class."""

        x: float


def test_names_of_the_class():
    assert (Outer.Inner.__qualname__, Outer.Inner.__module__) == ("Outer.Inner", __name__)
    assert Outer.Inner.__doc__ == "Within a class."
    assert pickle.loads(pickle.dumps(Outer.Inner(1.0))) == Outer.Inner(1.0)

    @record
    class Silent:
        x: float

    assert Silent.__doc__ is None
    assert Silent.__qualname__ == "test_names_of_the_class.<locals>.Silent"


def test_class_attributes():
    @record
    class Point:
        UNIT = "m"
        count: ClassVar[int] = 0
        known: ClassVar = []
        x: float = 0.5

        def __init_subclass__(cls, **options):
            cls.options = options

        def __class_getitem__(cls, item):
            return (cls, item)

        def __len__(self):
            return 1

        def __iter__(self):
            return iter((self.x,))

        def __add__(self, other):
            return self.replace(x=self.x + other.x)

        def __bool__(self):
            return self.x != 0

        def __call__(self):
            return self.x

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.x = 0.0

        def __contains__(self, item):
            return item == self.x

        def __format__(self, spec):
            return format(self.x, spec)

        def __getitem__(self, place):
            return (self.x,)[place]

    p = Point()
    Point.count += 1
    assert (p.UNIT, p.count, p.known is Point.known, len(p), list(p)) == ("m", 1, True, 1, [0.5])
    assert (
        (p + p).x == 1.0 and p() == 0.5 and 0.5 in p and f"{p:.2f}" == "0.50" and p[0] == 0.5 and Point[5] == (Point, 5)
    )
    assert p and not Point(0.0)
    with p as entered:
        assert entered is p
    assert p.x == 0.0

    @record
    class Derived(Point):
        y: float = 0.0

    assert Derived.options == {}
    with pytest.raises(AttributeError):
        p.UNIT = "km"
    Point.UNIT = "km"
    assert p.UNIT == "km"


def test_descriptors_are_told_their_names():
    class Doubled:
        def __set_name__(self, owner, name):
            self.name = name
            owners.append(owner)

        def __get__(self, instance, owner=None):
            return self if instance is None else (self.name, instance.x * 2)

    owners = []

    @record
    class Point:
        x: float
        double = Doubled()

    assert Point(2.0).double == ("double", 4.0) and owners[-1] is Point


def test_a_metaclass():
    class Meta(type):
        def __len__(cls):
            return 5

    @record
    class Point(metaclass=Meta):
        x: float

    assert type(Point) is Meta and len(Point) == 5 and Point(1.0).x == 1.0


def test_abstract_registered_subclass_and_weak_references():
    import weakref

    @record
    class Point:
        x: float

    with pytest.raises(TypeError):
        weakref.ref(Point(1.0))
    assert weakref.ref(Point)() is Point


def test_match_statements():
    @record
    class Point:
        x: float
        y: float

    def told(value):
        match value:
            case Point(0.0, y):
                return f"on the axis at {y}"
            case Point(x=x, y=0.0):
                return f"on the other at {x}"
            case Point():
                return "elsewhere"
            case _:
                return "nowhere"

    assert [told(v) for v in (Point(0.0, 1.0), Point(2.0, 0.0), Point(1.0, 1.0), 5)] == [
        "on the axis at 1.0",
        "on the other at 2.0",
        "elsewhere",
        "nowhere",
    ]

    @record
    class Swapped:
        __match_args__ = ("y", "x")
        x: float
        y: float

    match Swapped(1.0, 2.0):
        case Swapped(first, second):
            assert (first, second) == (2.0, 1.0)


def test_annotations_of_a_function_body():
    """Names of the function that defines the class can be in annotations."""
    length = 4
    Price = float
    Small = Annotated[int, "b"]

    @record
    class Item:
        price: Price
        tag: Annotated[bytes, length] = b""
        n: Small = 0

    assert Item(1, b"abcd", -5).astuple() == (1.0, b"abcd", -5)


def test_annotations_that_are_strings():
    check_script(
        """
        from __future__ import annotations
        import typing
        from typing import Annotated, ClassVar
        from bocpy import record

        Length = 4

        @record
        class Item:
            price: float
            n: Annotated[int, "H"] = 3
            tag: Annotated[bytes, Length] = b""
            count: ClassVar[int] = 5
            other: typing.ClassVar[list] = []
            bare: ClassVar = 6

        def local():
            size = 2
            Cost = float

            @record(order=True)
            class Inner(Item):
                cost: Cost = 1.0
                two: Annotated[bytes, size] = b""

            return Inner

        print(Item(1, 2, b"abcd"), Item.count, Item.bare)
        print(local()(1.0, two=b"xy").astuple())
        try:
            Item(1, 2, b"abcde")
        except Exception as error:
            print(error)
        """,
        """
        Item(price=1.0, n=2, tag=b'abcd') 5 6
        (1.0, 3, b'', 1.0, b'xy')
        the field 'tag' of Item takes 4 bytes at most, not 5 bytes
        """,
    )


def test_a_class_made_by_make_functions():
    def factory(size):
        @record
        class Block:
            data: Annotated[bytes, size]

        return Block

    Two, Four = factory(2), factory(4)
    assert (Two.sizeof(), Four.sizeof()) == (2, 4) and Two(b"ab") != Four(b"ab")


def test_the_class_that_was_decorated_is_left_as_it_was():
    class Point:
        x: float = 1.0

        def get(self):
            return self.x

    Made = record(Point)
    assert Made is not Point and Point.x == 1.0 and Point().get() == 1.0 and Made(2.0).get() == 2.0


def test_another_class_assigned_to_a_record_does_not_change_its_fields():
    @record
    class One:
        x: int = 5

    @record
    class Other:
        y: Annotated[bytes, 100] = b"y"

    r = One()
    r.__class__ = Other
    assert r.x == 5 and r.astuple() == (5,)
    for use in (lambda: r.y, lambda: setattr(r, "y", b"z")):
        with pytest.raises(TypeError, match="has no field 'y': it was made by another class"):
            use()
    with pytest.raises(TypeError, match=r"was made as a .*One, and another class has been assigned"):
        Cown(r)
    assert type(Cown(One(6)).unwrap()) is One and type(Cown(Other()).unwrap()) is Other


def test_fields_assigned_in_methods_and_by_name_of_the_class():
    @record
    class Counter:
        n: int = 0

        def step(self):
            self.n += 1
            return self

    c = Counter()
    assert c.step().step().n == 2
    assert Counter.n.__get__(c) == 2
    Counter.n.__set__(c, 9)
    assert c.n == 9 and type(Counter.n).__name__ == "_Field"
