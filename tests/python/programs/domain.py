"""A typing-heavy domain model."""

import sys
from bocpy import Cown, when, quiesce, wait
import dataclasses, typing
from dataclasses import dataclass, field
from typing import (
    Annotated,
    Any,
    Callable,
    Final,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    Optional,
    ParamSpec,
    Protocol,
    Self,
    TypeAlias,
    TypedDict,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    overload,
    runtime_checkable,
    assert_never,
)

UserId = NewType("UserId", int)
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | None"
K = TypeVar("K")
V = TypeVar("V", covariant=True)
P = ParamSpec("P")
Status = Literal["new", "paid", "sent"]
LIMIT: Final = 3


class HasId(Protocol[K]):
    id: K


@runtime_checkable
class Priced(Protocol):
    @property
    def price(self) -> int: ...


class Range:
    def __init__(self, low, high):
        self.low, self.high = low, high

    def check(self, name, value):
        if not self.low <= value <= self.high:
            raise Invalid(name, value, self)

    def __repr__(self):
        return f"{self.low}..{self.high}"


class Invalid(ValueError):
    def __init__(self, name, value, expected):
        super().__init__(f"{name}={value!r} is not in {expected!r}")
        self.name = name


def validated(cls):
    hints = get_type_hints(cls, include_extras=True)

    def __post_init__(self):
        for name, hint in hints.items():
            if get_origin(hint) is Annotated:
                for constraint in hint.__metadata__:
                    constraint.check(name, getattr(self, name))
            elif get_origin(hint) is Literal and getattr(self, name) not in get_args(hint):
                raise Invalid(name, getattr(self, name), get_args(hint))

    cls.__post_init__ = __post_init__
    return cls


Quantity = Annotated[int, Range(1, 10)]


class Line(NamedTuple):
    sku: str
    unit: int
    count: int = 1
    note: Optional[str] = None

    @property
    def price(self) -> int:
        return self.unit * self.count


class Address(TypedDict, total=False):
    street: str
    zip: typing.Required[str]


@validated
@dataclass
class Order:
    id: UserId
    quantity: Quantity
    status: Status = "new"
    lines: list[Line] = field(default_factory=list)
    address: Address | None = None
    meta: dict[str, Any] = field(default_factory=dict, compare=False, metadata={"json": False})

    def with_line(self, *args) -> Self:
        return dataclasses.replace(self, lines=[*self.lines, Line(*args)])

    @property
    def price(self) -> int:
        return sum(line.price for line in self.lines)

    def advance(self) -> Self:
        match self.status:
            case "new":
                self.status = "paid"
            case "paid":
                self.status = "sent"
            case "sent":
                raise Invalid("status", self.status, Status)
            case other:
                assert_never(other)
        return self


class Repository(Generic[K, V]):
    __orig__: typing.ClassVar[str] = "repo"

    def __init__(self, kind: type[V]) -> None:
        self.kind = kind
        self.items: dict[K, V] = {}

    @overload
    def get(self, key: K) -> V: ...
    @overload
    def get(self, key: K, default: None) -> V | None: ...
    def get(self, key, *default):
        return self.items.get(key, *default) if default else self.items[key]

    def add(self, item: HasId[K]) -> Self:
        if not isinstance(item, self.kind):
            raise TypeError(f"{item!r} is no {self.kind.__name__}")
        self.items[item.id] = item
        return self


class Orders(Repository[UserId, Order]):
    pass


def logged(fn: Callable[P, V]) -> Callable[P, V]:
    def inner(*args: P.args, **kwargs: P.kwargs) -> V:
        trail.append(fn.__name__)
        return fn(*args, **kwargs)

    return inner


trail: list[str] = []


@logged
def place(repo: Orders, number: int, quantity: int, status: Status = "new") -> Order:
    order = Order(UserId(number), quantity, status).with_line("x", 5, quantity).with_line("y", 1)
    repo.add(order)
    return order


repo = Cown(Orders(Order))
results = []
for n, q, s in [(1, 2, "new"), (2, 11, "new"), (3, 1, "lost"), (4, 10, "sent")]:

    @when(repo)
    def placed(repo):
        order = place(repo.value, n, q, s)
        return (
            dataclasses.asdict(order),
            isinstance(order, Priced),
            order.price,
            [f.name for f in dataclasses.fields(order)],
        )

    results.append(placed)


@when(repo)
def about(repo):
    r = repo.value
    hints = get_type_hints(Order, include_extras=True)
    return (
        get_args(Orders.__orig_bases__[0])[1] is Order,
        r.kind is Order,
        hints["quantity"] == Quantity,
        get_args(Status),
        Address.__required_keys__,
        UserId(3),
        UserId.__name__,
        Line.__annotations__["unit"],
        Order.__dataclass_fields__["meta"].metadata["json"],
        r.get(9, None),
        dataclasses.asdict(r.get(1).advance())["status"],
        dataclasses.field is field,
        LIMIT,
        isinstance(3, Priced),
        isinstance(Line("a", 2), Priced),
    )


@when(repo)
def fails(repo):
    return repo.value.get(4).advance()


@when(repo)
def kind(repo):
    repo.value.add("string")


quiesce()
for r in [*results, about, fails, kind]:
    try:
        print(r.unwrap())
    except Exception as e:
        print(type(e).__name__, e, getattr(e, "name", None))
with repo:
    r = repo.value
    print(
        r.items,
        r.kind is Order,
        type(r) is Orders,
        Order(UserId(4), 10, "sent").with_line("x", 5, 10).with_line("y", 1) == r.get(4),
    )
    print(type(r.get(1).lines[0]) is Line, r.get(1).lines[0]._asdict(), dataclasses.is_dataclass(r.get(1)))
wait()
