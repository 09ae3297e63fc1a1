"""Enums of every kind, flags, aliases, members with methods, functional API, auto with names, nested classes, enum with mixin."""

import sys
from bocpy import Cown, when, quiesce, wait
import enum, operator, datetime
from enum import Enum, Flag, IntFlag, auto, nonmember, member


class Op(Enum):
    ADD = "+", operator.add
    SUB = "-", operator.sub
    MUL = "*", lambda a, b: a * b
    PLUS = ADD

    def __new__(cls, symbol, fn):
        self = object.__new__(cls)
        self._value_ = symbol
        self.fn = fn
        return self

    def __call__(self, a, b):
        return self.fn(a, b)


class Perm(Flag):
    R = auto()
    W = auto()
    X = auto()
    RW = R | W

    @classmethod
    def parse(cls, text):
        out = cls(0)
        for c in text:
            out |= cls[c.upper()]
        return out


class Planet(Enum):
    EARTH = (5.97e24, 6.37e6)
    MARS = (6.4e23, 3.39e6)

    def __init__(self, mass, radius):
        self.mass = mass
        self.radius = radius

    @property
    def gravity(self):
        return round(6.67e-11 * self.mass / self.radius**2, 2)


class Named(str, Enum):
    @staticmethod
    def _generate_next_value_(name, start, count, last):
        return name.lower() + str(count)

    A = auto()
    B = auto()


class Day(datetime.date, Enum):
    FIRST = 2024, 1, 1


class Base(Enum):
    def describe(self):
        return f"{type(self).__name__}.{self.name}={self.value}"


class Sub(Base):
    ONE = 1
    _ignore_ = ["x"]
    helper = nonmember(42)

    class Inner(Enum):
        Q = 5


Animal = Enum("Animal", "CAT DOG", module=__name__)
Code = enum.IntEnum("Code", {"OK": 200, "BAD": 400})
state = Cown(
    {
        "op": Op.ADD,
        "perm": Perm.RW,
        "planet": Planet.MARS,
        "named": Named.B,
        "day": Day.FIRST,
        "sub": Sub.ONE,
        "animal": Animal.DOG,
        "code": Code.OK,
        "inner": Sub.Inner.value if False else None,
    }
)


@when(state)
def a(state):
    s = state.value
    return (
        s["op"](2, 3),
        Op("*")(4, 5),
        Op.PLUS is Op.ADD,
        [o.name for o in Op],
        s["op"] is Op.ADD,
        list(Op.__members__),
    )


@when(state)
def b(state):
    s = state.value
    s["perm"] |= Perm.X
    return (
        s["perm"],
        Perm.parse("rx"),
        Perm.W in s["perm"],
        s["perm"] is Perm.RW | Perm.X,
        ~Perm.R,
        [p.name for p in s["perm"]],
    )


@when(state)
def c(state):
    s = state.value
    return (
        s["planet"].gravity,
        Planet.EARTH.mass,
        {p: p.gravity for p in Planet},
        s["planet"] is Planet((6.4e23, 3.39e6)),
    )


@when(state)
def d(state):
    s = state.value
    return (
        s["named"],
        s["named"] == "b1",
        Named("a0") is Named.A,
        s["day"].year,
        Day.FIRST.isoformat(),
        s["sub"].describe(),
        Sub.helper,
    )


@when(state)
def e(state):
    s = state.value
    return s["animal"] is Animal.DOG, Animal["CAT"], Code(400), s["code"] + 1, s["code"] is Code.OK, Animal.__module__


@when()
def f():
    class Mine(Op.__class__.__base__ if False else Enum):
        A = 1

    try:
        Op("nothing")
    except ValueError as error:
        return str(error), Mine.A


quiesce()
for r in a, b, c, d, e, f:
    try:
        print(r.unwrap())
    except Exception as error:
        print(type(error).__name__, error)
s = state.unwrap()
print(
    s["perm"] is Perm.RW | Perm.X, s["op"] is Op.ADD, s["planet"].mass, s["animal"] is Animal.DOG, s["day"] is Day.FIRST
)
wait()
