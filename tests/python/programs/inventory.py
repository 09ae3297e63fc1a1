"""An inventory: abc with properties, __slots__ inheritance, copy protocols, __getattr__/__setattr__, sets of objects, sorting, decimal context."""

import sys
from bocpy import Cown, when, quiesce, wait
import abc, copy, decimal, enum, numbers, types, operator
from collections import defaultdict, deque, UserList, UserString, namedtuple
from collections.abc import Sequence, Mapping, Hashable, Callable


class Item(abc.ABC):
    __slots__ = ("sku", "_price", "tags")
    kinds = set()

    def __init__(self, sku, price, *tags):
        self.sku, self.price, self.tags = sku, price, frozenset(tags)

    @property
    @abc.abstractmethod
    def tax(self): ...

    @property
    def price(self):
        return self._price

    @price.setter
    def price(self, value):
        if decimal.Decimal(value) < 0:
            raise ValueError("negative")
        self._price = decimal.Decimal(value)

    def total(self):
        return self.price * (1 + self.tax)

    def __eq__(self, other):
        return isinstance(other, Item) and self.sku == other.sku

    def __hash__(self):
        return hash(self.sku)

    def __lt__(self, other):
        return (self.tax, self.sku) < (other.tax, other.sku)

    def __repr__(self):
        return f"<{type(self).__name__} {self.sku} {self.price}>"


@Item.register
class Gift:
    sku, tax, price, tags = "gift", 0, 0, frozenset()

    def __repr__(self):
        return "<Gift>"

    def total(self):
        return 0


class Book(Item):
    __slots__ = ("author",)
    tax = decimal.Decimal("0.07")

    def __init__(self, *args, author="?"):
        super().__init__(*args)
        self.author = author


class Toy(Item):
    __slots__ = ()
    tax = property(lambda self: decimal.Decimal("0.19"))

    def __copy__(self):
        return Toy(self.sku + "'", self.price, *self.tags)


class Attrs:
    """Turns attributes to items."""

    def __init__(self, **kw):
        object.__setattr__(self, "_d", dict(kw))

    def __getattr__(self, name):
        if name.startswith("__") or name == "_d":
            raise AttributeError(name)
        try:
            return self._d[name]
        except KeyError:
            raise AttributeError(f"no {name}", name=name, obj=self) from None

    def __setattr__(self, name, value):
        self._d[name] = value

    def __delattr__(self, name):
        del self._d[name]

    def __dir__(self):
        return sorted(self._d)


class Shelf(UserList):
    def __init__(self, initial=(), *, limit=9):
        super().__init__(initial)
        self.limit = limit

    def append(self, item):
        if len(self) >= self.limit:
            raise OverflowError(f"only {self.limit}")
        super().append(item)


class Name(UserString):
    def shout(self):
        return self.data.upper() + "!"


class Deep(defaultdict):
    def __init__(self, *a):
        super().__init__(Deep, *a)

    def __reduce__(self):
        return Deep, (dict(self),)


shelf = Shelf([Book("b1", 10, "x", author="Ann"), Toy("t1", "2.50", "y", "x"), Gift()], limit=5)
stock = Cown(shelf)
info = Cown(Attrs(owner=Name("bob"), tree=Deep(), seen=set()))


@when(stock, info)
def fill(stock, info):
    for item in list(stock.value):
        info.value.seen.add(item)
        info.value.tree[type(item).__name__][item.sku][str(item.tax)] = item.total()
    stock.value.append(copy.copy(stock.value[1]))
    stock.value += [copy.deepcopy(stock.value[0])]
    return len(info.value.seen), info.value.owner.shout(), dir(info.value)


@when(stock)
def over(stock):
    stock.value.append(None)


@when(stock)
def negative(stock):
    stock.value[0].price = -1


@when(info)
def wrong(info):
    del info.value.seen
    info.value.nothing


@when()
def abstract():
    return Item("x", 1)


@when()
def slots():
    b = Book("b", 1)
    b.other = 3


@when(stock)
def sums(stock):
    with decimal.localcontext() as ctx:
        ctx.prec = 3
        total = sum((i.total() for i in stock.value), decimal.Decimal())
    return (
        total,
        sorted(i for i in stock.value if isinstance(i, Book | Toy)),
        {i for i in stock.value if not isinstance(i, Gift)} == {Book("b1", 0), Toy("t1", 0), Toy("t1'", 0)},
        issubclass(Gift, Item),
        max(stock.value, key=operator.attrgetter("price")).author,
    )


quiesce()
for r in fill, over, negative, wrong, abstract, slots, sums:
    try:
        print(r.unwrap())
    except Exception as e:
        print(type(e).__name__, e)
with stock, info:
    s, i = stock.value, info.value
    print(
        s,
        s.limit,
        type(s) is Shelf,
        [hasattr(x, "__dict__") for x in s[:2]],
        s[0].author,
        s[1].tags,
        isinstance(s[2], Item),
    )
    print(i.tree, type(i.tree["new"]) is Deep, i.owner, i.owner == "bob", dir(i))
wait()
