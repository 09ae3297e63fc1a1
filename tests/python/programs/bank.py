"""An event-sourced bank."""

from __future__ import annotations
import sys
from bocpy import Cown, when, quiesce, wait
import enum, json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, asdict, replace
from decimal import Decimal, getcontext
from functools import singledispatchmethod, total_ordering
from typing import ClassVar, Iterator


class Currency(enum.Enum):
    EUR = "€"
    USD = "$"

    @property
    def digits(self):
        return 2

    @classmethod
    def default(cls):
        return cls.EUR


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: Currency = Currency.EUR
    ZERO: ClassVar[Money]

    def __post_init__(self):
        object.__setattr__(self, "amount", self.amount.quantize(Decimal(10) ** -self.currency.digits))

    def __add__(self, other):
        if not isinstance(other, Money):
            return NotImplemented
        if other.currency is not self.currency:
            raise CurrencyMismatch(self, other)
        return replace(self, amount=self.amount + other.amount)

    def __neg__(self):
        return replace(self, amount=-self.amount)

    def __lt__(self, other):
        return self.amount < other.amount

    def __format__(self, spec):
        return f"{self.amount:{spec}}{self.currency.value}"


Money.ZERO = Money(Decimal(0))


class CurrencyMismatch(TypeError):
    def __init__(self, a, b):
        super().__init__(f"{a.currency.name} and {b.currency.name}")
        self.pair = a, b


class Event(ABC):
    registry: ClassVar[dict] = {}
    version = 0

    def __init_subclass__(cls, **kw):
        super().__init_subclass__(**kw)
        Event.registry[cls.__name__] = cls

    @abstractmethod
    def apply(self, account: Account) -> None: ...


@dataclass(frozen=True)
class Deposited(Event):
    money: Money

    def apply(self, account):
        account.balance += self.money


@dataclass(frozen=True)
class Withdrawn(Event):
    money: Money

    def apply(self, account):
        if account.balance < self.money:
            raise Overdrawn(account, self.money)
        account.balance += -self.money


class Overdrawn(Exception):
    def __init__(self, account, money):
        self.account, self.money = account, money

    def __str__(self):
        return f"{self.account.name} has only {self.account.balance:>8}"


@dataclass
class Account:
    name: str
    balance: Money = Money.ZERO
    events: list[Event] = field(default_factory=list, repr=False)
    _n: int = field(default=0, init=False, compare=False)

    @singledispatchmethod
    def handle(self, event):
        raise TypeError(f"unknown {type(event).__name__}")

    @handle.register
    def _(self, event: Event):
        event.apply(self)
        self.events.append(event)
        self._n += 1

    @handle.register(list)
    def _(self, events):
        for event in events:
            self.handle(event)

    def replay(self) -> Iterator[Money]:
        copy = Account(self.name)
        for event in self.events:
            copy.handle(event)
            yield copy.balance


def eur(x):
    return Money(Decimal(x))


ann, bob = Cown(Account("Ann")), Cown(Account("Bob"))


def transfer(source, target, money):
    @when(source, target)
    def done(source, target):
        source.value.handle(Withdrawn(money))
        target.value.handle(Deposited(money))
        return source.value.balance, target.value.balance

    return done


@when(ann)
def first(ann):
    ann.value.handle([Deposited(eur("100.5")), Deposited(eur(3))])


results = [transfer(ann, bob, eur(n)) for n in ("10", "20.25", "500")]
results.append(transfer(bob, ann, Money(Decimal(1), Currency.USD)))


@when(bob)
def unknown(bob):
    bob.value.handle(3.5)


results.append(unknown)


@when([ann, bob])
def audit(accounts):
    return (
        {a.value.name: [f"{m}" for m in a.value.replay()] for a in accounts},
        sorted(Event.registry),
        Money.ZERO is Account("x").balance,
    )


quiesce()
for r in results:
    try:
        print(*map(format, r.unwrap()))
    except Exception as e:
        print(type(e), e, getattr(e, "pair", None))
print(audit.unwrap())
a = ann.unwrap()
print(a, a.events[0].money.currency is Currency.EUR, type(a) is Account, isinstance(a.events[0], Deposited), a._n)
print(
    a.events[0] == Deposited(eur("100.50")),
    hash(a.events[0]) == hash(Deposited(eur("100.50"))),
    a.balance.currency is Currency.default(),
)
wait()
