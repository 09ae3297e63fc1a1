"""Classes in many forms: mixins with super() chains, class methods as factories, nested classes, class with metaclass ABCMeta, Generic dataclass, property inheritance, operator module callbacks, closures over self, bound methods as values."""

import sys
from bocpy import Cown, when, quiesce, wait
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, make_dataclass
from typing import Generic, TypeVar, Callable
from types import MethodType, SimpleNamespace
import json, functools, collections, contextlib

T = TypeVar("T")


class Observable:
    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        self._observers = collections.defaultdict(list)

    def on(self, event, fn=None):
        if fn is None:
            return functools.partial(self.on, event)
        self._observers[event].append(fn)
        return fn

    def emit(self, event, *args):
        return [fn(*args) for fn in self._observers[event]]


class Serializable:
    _fields = ()

    @classmethod
    def from_json(cls, text):
        return cls(**json.loads(text))

    def to_json(self):
        return json.dumps(
            {k: getattr(self, k) for k in self._fields},
            default=lambda o: o.to_json() if hasattr(o, "to_json") else str(o),
        )


class Shop(Observable, Serializable):
    _fields = ("name", "cart")

    class Empty(LookupError):
        pass

    class Cart(list):
        @property
        def total(self):
            return sum(line.price * line.n for line in self)

        def to_json(self):
            return [vars(line) for line in self]

    def __init__(self, name, cart=()):
        super().__init__()
        self.name = name
        self.cart = self.Cart(cart)
        self.discounts = []
        self.log = []
        self.on("add", self.log.append)
        self.on("add")(lambda line: self.log.append(f"{self.name}: {line.what}"))
        self.checks = [self._not_empty, self.limit(1000)]

    def _not_empty(self):
        if not self.cart:
            raise self.Empty(self.name)
        return True

    def limit(self, most):
        def check():
            return self.cart.total < most

        return check

    def add(self, line):
        self.cart.append(line)
        return len(self.emit("add", line))

    def pay(self):
        for check in self.checks:
            if not check():
                return f"{check.__qualname__} says no"
        total = self.cart.total
        for d in self.discounts:
            total = d(total)
        return total


Line = make_dataclass(
    "Line", [("what", str), ("price", float), ("n", int, field(default=1))], namespace={"__module__": __name__}
)


@dataclass
class Box(Generic[T]):
    content: T
    transform: Callable[[T], T] = field(default=lambda x: x)
    made: int = field(default_factory=lambda: Box.count())

    _count = 0

    @classmethod
    def count(cls):
        cls._count += 1
        return cls._count

    def map(self, fn):
        return Box(fn(self.transform(self.content)), self.transform)


def ten_percent(total):
    return total * 0.9


shop = Shop("corner")
shop.discounts += [
    ten_percent,
    functools.partial(round, ndigits=1),
    MethodType(lambda self, x: (self.name, x), SimpleNamespace(name="bound")),
]
c = Cown(shop)
empty = Cown(Shop.from_json('{"name": "void"}'))
box = Cown(Box([1], transform=list.copy))
for what, price, n in [("tea", 2.5, 2), ("jam", 4, 1), ("cake", 12.25, 3)]:

    @when(c)
    def added(c):
        return c.value.add(Line(what, price, n))


@when(c)
def paid(c):
    return c.value.pay(), c.value.log[1::2], c.value.to_json(), c.value.checks[0].__self__ is c.value


@when(empty)
def nothing(empty):
    return empty.value.pay()


@when(c)
def too_much(c):
    c.value.cart.append(Line("car", 1e6))
    return c.value.pay()


@when(box)
def boxes(box):
    b = box.value.map(lambda xs: xs + [2]).map(lambda xs: xs * 2)
    return b.content, isinstance(b, Box), Box[int].__args__, type(b) is type(box.value)


quiesce()
for r in paid, nothing, too_much, boxes:
    try:
        print(r.unwrap())
    except Shop.Empty as e:
        print("empty", e, type(e).__qualname__)
with c:
    s = c.value
    print(
        s.log[0],
        s.log[0] == Line("tea", 2.5, 2),
        s.checks[0].__self__ is s,
        type(s.cart) is Shop.Cart,
        s.limit(3)(),
        s.emit("add", Line("x", 1)),
        len(s.log),
    )
wait()
