"""Classes of every kind, and classes that act when they are made."""

from support import why
from support.features import Feature

CLASSES = [
    Feature(
        "registry by init_subclass",
        """
        class Plugin:
            registry = []

            def __init_subclass__(cls, **options):
                super().__init_subclass__()
                cls.options = options
                Plugin.registry.append(cls)

        class Loud(Plugin, level=3):
            pass

        class Quiet(Plugin):
            pass

        def body():
            found = Plugin.registry
            return [c.__name__ for c in found], found[0] is Loud, found[1] is Quiet, Loud.options
        """,
    ),
    Feature(
        "registry by init_subclass in a global",
        """
        COMMANDS = {}

        class Command:
            def __init_subclass__(cls):
                COMMANDS[cls.__name__.lower()] = cls

        class Start(Command):
            def run(self):
                return "started"

        class Stop(Command):
            def run(self):
                return "stopped"

        def body():
            return sorted(COMMANDS), COMMANDS["start"] is Start, [COMMANDS[c]().run() for c in sorted(COMMANDS)]
        """,
    ),
    Feature(
        "registry by a metaclass",
        """
        class Register(type):
            known = []

            def __new__(meta, name, bases, members):
                cls = super().__new__(meta, name, bases, members)
                meta.known.append(name)
                return cls

        class FirstModel(metaclass=Register):
            pass

        class SecondModel(FirstModel):
            pass

        def body():
            return Register.known, type(SecondModel) is Register, type(SecondModel()).__name__
        """,
    ),
    Feature(
        "registry by a decorator",
        """
        ROUTES = {}

        def route(path):
            def register(function):
                ROUTES[path] = function
                return function

            return register

        @route("/")
        def index():
            return "index"

        @route("/about")
        def about():
            return "about"

        def body():
            return [ROUTES[path]() for path in sorted(ROUTES)], ROUTES["/"] is index
        """,
    ),
    Feature(
        "class decorator with a registry",
        """
        MODELS = []

        def model(cls):
            MODELS.append(cls)
            cls.number = len(MODELS)
            return cls

        @model
        class Author:
            pass

        @model
        class Book:
            pass

        def body():
            return [m.__name__ for m in MODELS], Author.number, Book.number, MODELS[1] is Book
        """,
    ),
    Feature(
        "all subclasses of a class",
        """
        class Animal:
            @classmethod
            def kinds(cls):
                return sorted(sub.__name__ for sub in cls.__subclasses__())

        class Cat(Animal):
            pass

        class Dog(Animal):
            pass

        def body():
            return Animal.kinds()
        """,
    ),
    Feature(
        "class body that uses names of its module",
        """
        BASE = 10

        def double(n):
            return 2 * n

        class Sizes:
            small = double(BASE)
            large = small * BASE
            table = {n: n * 2 for n in range(3)}

        def body():
            return Sizes.small, Sizes.large, Sizes.table
        """,
    ),
    Feature(
        "set_name",
        """
        class Field:
            def __set_name__(self, owner, name):
                self.name = name
                owner.fields = [*getattr(owner, "fields", []), name]

            def __get__(self, instance, owner=None):
                return self if instance is None else instance.__dict__.get(self.name, "unset")

            def __set__(self, instance, value):
                instance.__dict__[self.name] = value

        class Form:
            title = Field()
            text = Field()

        def body():
            form = Form()
            form.title = "hello"
            return Form.fields, form.title, form.text, Form.title.name
        """,
    ),
    Feature(
        "abstract class with registered subclasses",
        """
        import abc

        class Readable(abc.ABC):
            @abc.abstractmethod
            def read(self): ...

        @Readable.register
        class Virtual:
            pass

        class Actual(Readable):
            def read(self):
                return "read"

        def body():
            try:
                Readable()
                abstract = False
            except TypeError:
                abstract = True
            return issubclass(Virtual, Readable), isinstance(Virtual(), Readable), Actual().read(), abstract
        """,
    ),
    Feature(
        "subclasshook",
        """
        import abc

        class Sized(abc.ABC):
            @classmethod
            def __subclasshook__(cls, other):
                return any("size" in vars(base) for base in other.__mro__) or NotImplemented

        class Thing:
            size = 3

        def body():
            return issubclass(Thing, Sized), isinstance(3, Sized)
        """,
    ),
    Feature(
        "nested classes",
        """
        class Outer:
            class Inner:
                class Deepest:
                    value = 3

                def outer(self):
                    return Outer.__name__

        def body():
            return Outer.Inner.Deepest.value, Outer.Inner().outer(), repr(Outer.Inner.Deepest)
        """,
    ),
    Feature(
        "local classes",
        """
        def make_class(base):
            class Local(base):
                def name(self):
                    return __class__.__name__, super().__len__()

            return Local

        LocalList = make_class(list)

        def body():
            return LocalList([1, 2]).name(), LocalList.__qualname__, type(LocalList()) is LocalList
        """,
    ),
    Feature(
        "classes that refer to each other",
        """
        class Chicken:
            def make(self):
                return Egg()

        class Egg:
            def make(self):
                return Chicken()

        def body():
            return type(Chicken().make()) is Egg, type(Egg().make().make()) is Egg
        """,
    ),
    Feature(
        "dataclass",
        """
        from dataclasses import dataclass, field, fields, asdict, replace

        @dataclass
        class Point:
            x: int
            y: int = 0
            tags: list = field(default_factory=list)
            length: float = field(init=False, repr=False, compare=False)

            def __post_init__(self):
                self.length = (self.x**2 + self.y**2) ** 0.5

        def body():
            p = Point(3, 4)
            p.tags.append("a")
            same = Point(3, 4, ["a"]) == p
            return p, p.length, same, [f.name for f in fields(p)], asdict(replace(p, x=0)), Point.__match_args__
        """,
    ),
    Feature(
        "dataclass frozen and slots",
        """
        import dataclasses

        @dataclasses.dataclass(frozen=True, slots=True, order=True)
        class Version:
            major: int
            minor: int = 0

            def bump(self):
                return dataclasses.replace(self, minor=self.minor + 1)

        LATEST = Version(3, 14)

        def body():
            try:
                LATEST.major = 4
                frozen = False
            except dataclasses.FrozenInstanceError:
                frozen = True
            same_hash = hash(LATEST) == hash(Version(3, 14))
            return LATEST.bump(), frozen, hasattr(LATEST, "__dict__"), same_hash, LATEST > Version(2)
        """,
    ),
    Feature(
        "dataclass with keyword-only fields and inheritance",
        """
        import dataclasses
        from dataclasses import KW_ONLY, InitVar, dataclass
        from typing import ClassVar

        @dataclass(kw_only=True)
        class Base:
            name: str = "base"
            count: ClassVar[int] = 7

        @dataclass
        class Derived(Base):
            size: int
            _: KW_ONLY
            scale: int = 2
            extra: InitVar[int] = 1

            def __post_init__(self, extra):
                self.area = self.size * self.scale + extra

        def body():
            d = Derived(5, name="d", extra=3)
            return d, d.area, Derived.count, [f.name for f in dataclasses.fields(Derived)]
        """,
    ),
    Feature(
        "missing values of dataclasses",
        """
        import dataclasses

        @dataclasses.dataclass
        class Option:
            required: int
            optional: int = 1
            made: list = dataclasses.field(default_factory=list)

        def body():
            return [
                (f.name, f.default is dataclasses.MISSING, f.default_factory is dataclasses.MISSING)
                for f in dataclasses.fields(Option)
            ]
        """,
    ),
    Feature(
        "named tuple",
        """
        import collections
        from typing import NamedTuple

        class Row(NamedTuple):
            key: str
            value: int = 0

            @property
            def pair(self):
                return f"{self.key}={self.value}"

        Old = collections.namedtuple("Old", "a b", defaults=[9])
        FIRST_ROW = Row("first", 1)

        def body():
            key, value = FIRST_ROW
            new = FIRST_ROW._replace(value=2)
            return FIRST_ROW, key, value, FIRST_ROW.pair, new, Old(1), Old._fields, Row._field_defaults
        """,
    ),
    Feature(
        "typed dict",
        """
        from typing import TypedDict

        class Movie(TypedDict, total=False):
            title: str
            year: int

        def body():
            movie = Movie(title="M", year=1931)
            return movie, type(movie), sorted(Movie.__optional_keys__), Movie.__total__
        """,
    ),
    Feature(
        "annotations of a typed dict",
        """
        from typing import TypedDict

        class Song(TypedDict):
            title: str
            year: int

        def body():
            return sorted(Song.__annotations__)
        """,
    ),
    Feature(
        "enum",
        """
        import enum

        class Fruit(enum.Enum):
            APPLE = 3
            PEAR = 2

            @property
            def double(self):
                return self.value * 2

            @classmethod
            def smallest(cls):
                return min(cls, key=lambda fruit: fruit.value)

            @classmethod
            def _missing_(cls, value):
                return cls.PEAR

        def body():
            members = [fruit.name for fruit in Fruit]
            return members, Fruit.APPLE.double, Fruit.smallest(), Fruit(3) is Fruit.APPLE, Fruit["PEAR"], Fruit(99)
        """,
    ),
    Feature(
        "enum with an init",
        """
        import enum

        class Planet(enum.Enum):
            EARTH = (5.9, 6.3)
            MARS = (0.6, 3.4)

            def __init__(self, mass, radius):
                self.mass = mass
                self.radius = radius

        def body():
            return [p.name for p in Planet], Planet.MARS.radius, Planet((5.9, 6.3)) is Planet.EARTH
        """,
    ),
    Feature(
        "enum with a new",
        """
        import enum

        class Coin(enum.Enum):
            PENNY = (1, "copper")
            DIME = (10, "silver")

            def __new__(cls, value, metal):
                coin = object.__new__(cls)
                coin._value_ = value
                coin.metal = metal
                return coin

        def body():
            return Coin(10), Coin.PENNY.metal, Coin.DIME.value
        """,
    ),
    Feature(
        "enum made by a call",
        """
        import enum

        Beast = enum.Enum("Beast", "CAT DOG")
        Door2 = enum.Enum("Door2", {"OPEN": "o", "SHUT": "s"}, type=str)

        def body():
            return list(Beast), Beast.CAT is Beast(1), Door2.OPEN == "o"
        """,
    ),
    Feature(
        "enum with auto and aliases",
        """
        from enum import Enum, IntEnum, auto, unique

        class Step(Enum):
            def _generate_next_value_(name, start, count, last):
                return name.lower() + str(count)

            ONE = auto()
            TWO = auto()
            ALSO_ONE = ONE

        @unique
        class Level(IntEnum):
            LOW = auto()
            HIGH = auto()

        def body():
            found = {Step.ONE: 1}[Step.ALSO_ONE]
            return list(Step), Step.ALSO_ONE is Step.ONE, Level.LOW < Level.HIGH, Level.HIGH + 1, found
        """,
    ),
    Feature(
        "flags",
        """
        from enum import Flag, IntFlag, auto

        class Right(Flag):
            READ = auto()
            WRITE = auto()
            BOTH = READ | WRITE

        class Mode(IntFlag):
            X = 1
            W = 2

        DEFAULT = Right.READ

        def body():
            both = DEFAULT | Right.WRITE
            numbers = int(Mode.X | Mode.W), bool(~Right.BOTH)
            return both is Right.BOTH, Right.WRITE in both, DEFAULT & Right.WRITE, numbers
        """,
    ),
    Feature(
        "string enum",
        """
        import enum

        class Size(enum.StrEnum):
            SMALL = enum.auto()
            LARGE = "LARGE!"

        def body():
            return str(Size.SMALL), Size.SMALL == "small", f"{Size.LARGE}", Size("small") is Size.SMALL
        """,
        since=(3, 11),
    ),
    Feature(
        "generic class",
        """
        from typing import Generic, TypeVar

        T = TypeVar("T")

        class Stack(Generic[T]):
            def __init__(self):
                self.items: list[T] = []

            def push(self, item: T) -> "Stack[T]":
                self.items.append(item)
                return self

        class Numbers(Stack[int]):
            pass

        def body():
            alias = Stack[int]
            made = alias().push(1)
            bases = Numbers.__orig_bases__[0].__args__
            return made.items, alias.__origin__ is Stack, bases, Stack.__parameters__[0] is T
        """,
    ),
    Feature(
        "protocol",
        """
        from typing import Protocol, runtime_checkable

        @runtime_checkable
        class Closes(Protocol):
            def close(self) -> None: ...

        class Door:
            def close(self):
                return "closed"

        def body():
            return isinstance(Door(), Closes), isinstance(3, Closes), issubclass(Door, Closes)
        """,
    ),
    Feature(
        "class_getitem",
        """
        class Vector:
            def __class_getitem__(cls, size):
                return type(f"Vector{size}", (cls,), {"size": size})

        def body():
            three = Vector[3]
            return three.__name__, three.size, issubclass(three, Vector)
        """,
    ),
    Feature(
        "slots",
        """
        class Pair:
            __slots__ = ("first", "second")

            def __init__(self, first, second):
                self.first = first
                self.second = second

        class Triple(Pair):
            __slots__ = ("third",)

        PAIR = Pair(1, [2])

        def body():
            t = Triple(1, 2)
            t.third = 3
            try:
                t.fourth = 4
                refused = False
            except AttributeError:
                refused = True
            return PAIR.first, PAIR.second, t.third, refused, hasattr(PAIR, "__dict__"), Triple.__slots__
        """,
    ),
    Feature(
        "properties",
        """
        class Celsius:
            def __init__(self, degrees):
                self._degrees = degrees

            @property
            def degrees(self):
                "The temperature."
                return self._degrees

            @degrees.setter
            def degrees(self, value):
                if value < ABSOLUTE_ZERO:
                    raise ValueError("too cold")
                self._degrees = value

            @degrees.deleter
            def degrees(self):
                self._degrees = None

        ABSOLUTE_ZERO = -273

        def body():
            c = Celsius(1)
            c.degrees = 5
            try:
                c.degrees = -300
            except ValueError as error:
                text = str(error)
            del c.degrees
            return c.degrees, text, Celsius.degrees.__doc__
        """,
    ),
    Feature(
        "cached property",
        """
        import functools

        class Report:
            computed = 0

            @functools.cached_property
            def total(self):
                Report.computed += 1
                return SUMS(range(5))

        SUMS = sum

        def body():
            report = Report()
            before = Report.computed
            return report.total, report.total, Report.computed - before, "total" in vars(report)
        """,
    ),
    Feature(
        "class and static methods",
        """
        class Date:
            def __init__(self, text):
                self.text = text

            @classmethod
            def today(cls):
                return cls(TODAY)

            @staticmethod
            def valid(text):
                return len(text) == len(TODAY)

        class BetterDate(Date):
            pass

        TODAY = "2026-01-01"

        def body():
            return type(BetterDate.today()).__name__, Date.today().text, Date.valid("x"), BetterDate.valid(TODAY)
        """,
    ),
    Feature(
        "super with several bases",
        """
        class Root:
            def steps(self):
                return ["Root"]

        class LeftSide(Root):
            def steps(self):
                return ["Left", *super().steps()]

        class RightSide(Root):
            def steps(self):
                return ["Right", *super().steps()]

        class Bottom(LeftSide, RightSide):
            def steps(self):
                return ["Bottom", *super(Bottom, self).steps()]

        def body():
            return Bottom().steps(), [c.__name__ for c in Bottom.__mro__]
        """,
    ),
    Feature(
        "metaclass with a call",
        """
        class Singleton(type):
            instances = {}

            def __call__(cls, *args):
                if cls not in cls.instances:
                    cls.instances[cls] = super().__call__(*args)
                return cls.instances[cls]

        class Database(metaclass=Singleton):
            def __init__(self, name="db"):
                self.name = name

        def body():
            return Database() is Database("other"), Database().name, len(Singleton.instances)
        """,
    ),
    Feature(
        "metaclass with a singleton made before",
        """
        class OnlyOne(type):
            _made = {}

            def __call__(cls, *args, **kwargs):
                if cls not in cls._made:
                    cls._made[cls] = super().__call__(*args, **kwargs)
                return cls._made[cls]

        class Logger(metaclass=OnlyOne):
            def __init__(self):
                self.lines = []

        LOGGER = Logger()

        def body():
            return Logger() is LOGGER
        """,
    ),
    Feature(
        "metaclass with a singleton that changes later",
        """
        class SingleConfig(type):
            _made = {}

            def __call__(cls, *args, **kwargs):
                if cls not in SingleConfig._made:
                    SingleConfig._made[cls] = super().__call__(*args, **kwargs)
                return SingleConfig._made[cls]

        class Settings(metaclass=SingleConfig):
            def __init__(self):
                self.debug = False
                self.own = [self]

            def __getstate__(self):
                return {"debug": self.debug, "own": self.own}

            def __setstate__(self, state):
                vars(self).update(state)

        settings = Settings()

        def body():
            return Settings() is settings, Settings().debug, settings.own[0] is settings

        def drive(boc):
            before = boc.run(body)
            settings.debug = True
            return before, boc.run(body)
        """,
        known={"module on interpreters": why.NOT_FOLLOWED},
    ),
    Feature(
        "metaclass with prepare and attributes",
        """
        class Ordered(type):
            @classmethod
            def __prepare__(meta, name, bases, **options):
                return {"prepared": True}

            def __new__(meta, name, bases, members, tag=None):
                cls = super().__new__(meta, name, bases, dict(members))
                cls.order = [n for n in members if not n.startswith("_")]
                cls.tag = tag
                return cls

            def __init__(cls, name, bases, members, tag=None):
                super().__init__(name, bases, members)

            def __len__(cls):
                return len(cls.order)

            @property
            def label(cls):
                return f"<{cls.tag}>"

        class Recipe(metaclass=Ordered, tag="soup"):
            water = 1
            salt = 2

        def body():
            return Recipe.order, Recipe.tag, len(Recipe), Recipe.label, Recipe.prepared
        """,
    ),
    Feature(
        "descriptors",
        """
        class Positive:
            def __init__(self, name):
                self.name = "_" + name

            def __get__(self, instance, owner):
                return getattr(instance, self.name)

            def __set__(self, instance, value):
                if value <= LIMIT:
                    raise ValueError(value)
                setattr(instance, self.name, value)

        LIMIT = 0

        class Account:
            balance = Positive("balance")

        def body():
            account = Account()
            account.balance = 3
            try:
                account.balance = -1
            except ValueError as error:
                return account.balance, error.args
        """,
    ),
    Feature(
        "getattr and getattribute",
        """
        class Proxy:
            def __init__(self, target):
                object.__setattr__(self, "target", target)

            def __getattr__(self, name):
                return getattr(object.__getattribute__(self, "target"), name)

            def __setattr__(self, name, value):
                setattr(object.__getattribute__(self, "target"), name, value)

        class Spy:
            seen = []

            def __getattribute__(self, name):
                type(self).seen.append(name)
                return super().__getattribute__(name)

            def __getstate__(self):
                return {}

        class Target:
            x = 1

        def body():
            Spy.seen.clear()
            proxy, spy = Proxy(Target()), Spy()
            proxy.x = 5
            spy.y = 1
            return proxy.x, spy.y, Spy.seen, hasattr(proxy, "z")
        """,
    ),
    Feature(
        "operators and containers",
        """
        class Money:
            def __init__(self, amount):
                self.amount = amount

            def __add__(self, other):
                return Money(self.amount + other.amount)

            def __radd__(self, other):
                return self if other == 0 else NotImplemented

            def __eq__(self, other):
                return isinstance(other, Money) and self.amount == other.amount

            def __hash__(self):
                return hash(self.amount)

            def __format__(self, spec):
                return format(self.amount, spec or ".2f")

            def __len__(self):
                return self.amount

            def __contains__(self, part):
                return part <= self.amount

            def __getitem__(self, key):
                return key

            def __call__(self, n):
                return n * self.amount

            def __bool__(self):
                return False

        def body():
            m = sum([Money(1), Money(2)])
            return m == Money(3), f"{m}", f"{m:>4}", len(m), 2 in m, m[1:2], m(4), bool(m), len({m, Money(3)})
        """,
    ),
    Feature(
        "total ordering",
        """
        import functools

        @functools.total_ordering
        class Grade:
            def __init__(self, n):
                self.n = n

            def __eq__(self, other):
                return self.n == other.n

            def __lt__(self, other):
                return self.n < other.n

        def body():
            return Grade(1) <= Grade(2), Grade(1) > Grade(2), Grade(2) >= Grade(2), max(Grade(1), Grade(3)).n
        """,
    ),
    Feature(
        "context managers",
        """
        from contextlib import ContextDecorator, ExitStack, contextmanager, suppress

        TRACE = []

        class Tracer(ContextDecorator):
            def __enter__(self):
                TRACE.append("in")
                return self

            def __exit__(self, kind, error, trace):
                TRACE.append("out" if kind is None else kind.__name__)
                return kind is KeyError

        @contextmanager
        def tagged(tag):
            TRACE.append(f"<{tag}>")
            try:
                yield tag.upper()
            finally:
                TRACE.append(f"</{tag}>")

        @Tracer()
        def traced():
            return 1

        def body():
            del TRACE[:]
            with Tracer(), tagged("b") as b, suppress(ZeroDivisionError):
                TRACE.append(b)
                1 / 0
            with Tracer():
                raise KeyError
            with ExitStack() as stack:
                stack.callback(TRACE.append, "last")
                stack.enter_context(tagged("i"))
            return traced(), TRACE
        """,
    ),
    Feature(
        "iterators",
        """
        class Countdown:
            def __init__(self, start):
                self.start = start

            def __iter__(self):
                return CountdownIterator(self.start)

            def __reversed__(self):
                return iter(range(self.start))

        class CountdownIterator:
            def __init__(self, n):
                self.n = n

            def __iter__(self):
                return self

            def __next__(self):
                if self.n == 0:
                    raise StopIteration
                self.n -= 1
                return self.n

        def body():
            first, *rest = Countdown(4)
            return first, rest, list(reversed(Countdown(2))), sorted(Countdown(3)), 2 in Countdown(3)
        """,
    ),
    Feature(
        "subclasses of builtin types",
        """
        class Bag(dict):
            def __missing__(self, key):
                return DEFAULT_COUNT

        class Upper(str):
            def __new__(cls, text):
                return super().__new__(cls, text.upper())

        class Money2(int):
            def __repr__(self):
                return f"${int(self)}"

        DEFAULT_COUNT = 0
        BAG = Bag(a=1)
        WORD = Upper("abc")

        def body():
            return BAG["a"], BAG["b"], WORD, type(WORD).__name__, Money2(3), type(BAG) is Bag
        """,
    ),
    Feature(
        "classes made by type",
        """
        def area(self):
            return self.w * self.h

        Rect = type("Rect", (), {"w": 2, "h": 3, "area": area, "__module__": __name__})

        def body():
            return Rect().area(), Rect.__name__, Rect.area is area, isinstance(Rect(), Rect)
        """,
    ),
    Feature(
        "monkeypatched class",
        """
        class Greeter:
            def greet(self):
                return "hello"

        old_greet = Greeter.greet

        def new_greet(self):
            return old_greet(self) + EXCLAMATION

        EXCLAMATION = "!"
        Greeter.greet = new_greet

        def body():
            return Greeter().greet(), Greeter.greet is new_greet
        """,
    ),
    Feature(
        "mixins with cooperative init",
        """
        class Named:
            def __init__(self, *, name, **rest):
                super().__init__(**rest)
                self.name = name

        class Aged:
            def __init__(self, *, age, **rest):
                super().__init__(**rest)
                self.age = age

        class Human(Named, Aged):
            def __init__(self, **all_of_it):
                super().__init__(**all_of_it)

            def __repr__(self):
                return f"{type(self).__name__}({self.name!r}, {self.age})"

        def body():
            return repr(Human(name="Ann", age=3))
        """,
    ),
    Feature(
        "name mangling",
        """
        class Secret:
            __hidden = 5

            def __reveal(self):
                return self.__hidden

            def show(self):
                return self.__reveal()

        def body():
            return Secret().show(), hasattr(Secret, "__hidden"), Secret._Secret__hidden
        """,
    ),
    Feature(
        "counter in a class attribute",
        """
        class Ticket:
            issued = 0

            def __init__(self):
                Ticket.issued += 1
                self.number = self.issued

        def body():
            Ticket.issued = 0
            return [Ticket().number for _ in range(3)], Ticket.issued
        """,
    ),
    Feature(
        "classes and functions with type parameters",
        """
        class Holder[T: (int, str)]:
            def __init__(self, item: T):
                self.item = item

            def map[U](self, function: "Callable[[T], U]") -> "Holder[U]":
                return Holder(function(self.item))

        def first[T](items: list[T]) -> T:
            return items[0]

        def body():
            return Holder(3).map(str).item, first([5]), Holder[int].__args__
        """,
        since=(3, 12),
    ),
    Feature(
        "type parameters of a class",
        """
        class Typed[T: (int, str)]:
            pass

        def body():
            return [(p.__name__, p.__constraints__) for p in Typed.__type_params__]
        """,
        since=(3, 12),
    ),
    Feature(
        "type parameters of a function",
        """
        def typed[T](items: list[T]) -> T:
            return items[0]

        def body():
            return [p.__name__ for p in typed.__type_params__]
        """,
        since=(3, 12),
    ),
    Feature(
        "dataclass derived in the body",
        """
        from dataclasses import dataclass, field, fields

        @dataclass
        class Shape3:
            name: str
            sides: int = 4
            tags: list = field(default_factory=list)

        def body():
            @dataclass
            class Coloured(Shape3):
                colour: str = "red"

            try:
                Coloured()
            except TypeError as error:
                return Coloured("square"), str(error)
        """,
    ),
    Feature(
        "dataclass made by a call",
        """
        import dataclasses

        Spot = dataclasses.make_dataclass("Spot", ["x", ("y", int, 5)], namespace={"sum": lambda self: self.x + self.y})

        def body():
            return Spot(1), Spot(1).sum(), Spot(1) == Spot(1, 5)
        """,
    ),
    Feature(
        "generic dataclass",
        """
        from dataclasses import dataclass
        from typing import Generic, TypeVar

        Item = TypeVar("Item")

        @dataclass
        class Box3(Generic[Item]):
            item: Item

        @dataclass
        class Labelled(Box3[Item]):
            label: str = "-"

        def body():
            return Box3[int](3), Labelled[str]("x"), Labelled.__mro__[1] is Box3
        """,
    ),
    Feature(
        "class on top of a named tuple",
        """
        from collections import namedtuple

        class Location(namedtuple("Location", "x y")):
            __slots__ = ()

            def moved(self, by):
                return self._replace(x=self.x + by)

        Different = namedtuple("Other", "a")
        HOME = Location(1, 2)

        def body():
            same = isinstance(HOME, Location), type(HOME) is Location
            return HOME.moved(1), same, hasattr(HOME, "__dict__"), Different(1)
        """,
    ),
    Feature(
        "class that takes the name of its base",
        """
        class Version2:
            def number(self):
                return 1

        class Version2(Version2):
            def number(self):
                return super().number() + 1

        def body():
            return Version2().number(), [c.__name__ for c in Version2.__mro__]
        """,
    ),
    Feature(
        "init_subclass with a required keyword",
        """
        class Shape4:
            def __init_subclass__(cls, *, sides, **rest):
                super().__init_subclass__(**rest)
                cls.sides = sides

        class Triangle(Shape4, sides=3):
            pass

        def body():
            return Triangle.sides, Triangle().sides
        """,
    ),
    Feature(
        "init_subclass that marks classes",
        """
        class Tagged:
            tag = None

            def __init_subclass__(cls):
                cls.tag = cls.__name__.lower()
                cls.parents = [base.tag for base in cls.__mro__[1:] if hasattr(base, "tag")]

        class Upper2(Tagged):
            pass

        class Lower2(Upper2):
            pass

        def body():
            return Tagged.tag, Upper2.tag, Lower2.tag, Lower2.parents
        """,
    ),
    Feature(
        "init_subclass that refuses",
        """
        class Checked2:
            def __init_subclass__(cls):
                if not hasattr(cls, "run"):
                    raise TypeError(f"{cls.__name__} has no run()")

        class Runs(Checked2):
            def run(self):
                return "ran"

        def body():
            try:
                type("Lazy2", (Checked2,), {})
            except TypeError as error:
                return Runs().run(), str(error)
        """,
    ),
    Feature(
        "metaclass with a required keyword",
        """
        class Tabled(type):
            def __new__(meta, name, bases, members, *, table):
                return super().__new__(meta, name, bases, {**members, "table": table})

            def __init__(cls, name, bases, members, *, table):
                super().__init__(name, bases, members)

        class Customer(metaclass=Tabled, table="customers"):
            pass

        def body():
            return Customer.table, type(Customer) is Tabled
        """,
    ),
    Feature(
        "metaclass that collects fields",
        """
        class Column:
            def __init__(self, kind):
                self.kind = kind

        class ModelMeta(type):
            def __new__(meta, name, bases, members):
                columns = {n: m for n, m in members.items() if isinstance(m, Column)}
                for n in columns:
                    del members[n]
                members["columns"] = columns
                return super().__new__(meta, name, bases, members)

        class Model3(metaclass=ModelMeta):
            def __init__(self, **values):
                for name, column in self.columns.items():
                    setattr(self, name, column.kind(values[name]))

        class Pet(Model3):
            name = Column(str)
            age = Column(int)

        def body():
            pet = Pet(name="Rex", age="3")
            return pet.name, pet.age, sorted(Pet.columns), hasattr(Pet, "age")
        """,
    ),
    Feature(
        "metaclass with an instance check",
        """
        class Duck(type):
            def __instancecheck__(cls, thing):
                return hasattr(thing, "quack")

            def __iter__(cls):
                return iter(["a", "b"])

            def __getitem__(cls, key):
                return key * 2

        class Quacks(metaclass=Duck):
            pass

        class Mallard:
            quack = True

        def body():
            return isinstance(Mallard(), Quacks), isinstance(3, Quacks), list(Quacks), Quacks[2]
        """,
    ),
    Feature(
        "lock as an attribute of a class",
        """
        import threading

        class Shared5:
            _lock = threading.Lock()
            total = 0

            @classmethod
            def add(cls, n):
                with cls._lock:
                    return cls.total + n

        def body():
            return Shared5.add(3)
        """,
        known={"main on interpreters": why.NOT_SENT},
    ),
    Feature(
        "descriptor with weak keys",
        """
        import weakref

        class Remembered:
            def __init__(self):
                self.values = weakref.WeakKeyDictionary()

            def __get__(self, instance, owner):
                return self.values.get(instance)

            def __set__(self, instance, value):
                self.values[instance] = value

        class Person5:
            age = Remembered()

        def body():
            person = Person5()
            person.age = 3
            return person.age
        """,
        known={"main on interpreters": why.NOT_SENT},
    ),
    Feature(
        "logger as an attribute of a class",
        """
        import logging

        class Service5:
            log = logging.getLogger("service5")

        def body():
            return Service5.log is logging.getLogger("service5"), Service5.log.name
        """,
    ),
    Feature(
        "sentinel as an attribute of a class",
        """
        class Lookup:
            _NONE = object()

            def get(self, key, default=_NONE):
                return "none" if default is self._NONE else default

        def body():
            return Lookup().get(1), Lookup().get(1, 2), Lookup._NONE is Lookup.get.__defaults__[0]
        """,
    ),
    Feature(
        "sentinel of a base class in another class",
        """
        class Base6:
            EMPTY = object()

        class Other6:
            value = Base6.EMPTY

            def is_empty(self):
                return self.value is Base6.EMPTY

        def body():
            return Other6().is_empty()
        """,
    ),
    Feature(
        "singleton that pickles as the name of a global",
        """
        class Nothing7:
            def __repr__(self):
                return "NOTHING7"

            def __reduce__(self):
                return "NOTHING7"

        NOTHING7 = Nothing7()
        HOLDER7 = [NOTHING7]

        def body():
            return HOLDER7[0] is NOTHING7, HOLDER7
        """,
    ),
    Feature(
        "set of instances with a hash of their own",
        """
        class Tag8:
            def __init__(self, name):
                self.name = name
                self.friends = set()

            def __hash__(self):
                return hash(self.name)

            def __eq__(self, other):
                return self.name == other.name

        TAGS = {Tag8("a"), Tag8("b")}
        LOOKED_UP = {Tag8("x"): 1}

        def body():
            return sorted(t.name for t in TAGS), Tag8("a") in TAGS, LOOKED_UP[Tag8("x")]
        """,
    ),
    Feature(
        "class with a destructor",
        """
        class Dying:
            gone = []

            def __init__(self, name):
                self.name = name

            def __del__(self):
                Dying.gone.append(self.name)

        def body():
            del Dying.gone[:]
            Dying("a")
            d = Dying("b")
            del d
            return Dying.gone
        """,
    ),
    Feature(
        "abstract properties",
        """
        from abc import ABC, abstractmethod

        class HasName(ABC):
            @property
            @abstractmethod
            def name(self): ...

            @classmethod
            @abstractmethod
            def make(cls): ...

        class Ann(HasName):
            name = "ann"

            @classmethod
            def make(cls):
                return cls()

        def body():
            return sorted(HasName.__abstractmethods__), Ann.make().name
        """,
    ),
    Feature(
        "classes with names outside ASCII",
        """
        class Größe:
            naïve = 1

            def 測定(self):
                return self.naïve + überzahl

        überzahl = 2

        def body():
            return Größe().測定(), Größe.__name__
        """,
    ),
    Feature(
        "class on top of an abstract mapping",
        """
        from collections.abc import Mapping

        class Squares(Mapping):
            def __getitem__(self, key):
                if key > 2:
                    raise KeyError(key)
                return key * key

            def __iter__(self):
                return iter(range(3))

            def __len__(self):
                return 3

        def body():
            return dict(Squares()), Squares().get(9), 1 in Squares(), isinstance(Squares(), Mapping)
        """,
    ),
    Feature(
        "methods of decorated classes as globals",
        """
        def logged_method(method):
            def wrapper(self):
                return "logged", method(self)

            return wrapper

        class Job13:
            @logged_method
            def run(self):
                return "ran"

            @logged_method
            def stop(self):
                return "stopped"

        RUN13 = Job13().run
        JOBS13 = {"stop": Job13().stop}

        def body():
            return RUN13(), JOBS13["stop"]()
        """,
    ),
    Feature(
        "method of a base class as a global",
        """
        class Lower13:
            def act(self):
                return "lower"

        class Higher13(Lower13):
            def act(self):
                return "higher"

            def usual(self):
                return super().act

        USUAL13 = Higher13().usual()

        def body():
            return USUAL13()
        """,
    ),
    Feature(
        "enum with a mixin and what is no member",
        """
        import enum

        class Http(int, enum.Enum):
            OK = 200
            LOST = 404

            def __str__(self):
                return f"{self.value} {TEXTS[self]}"

        class Words(str, enum.Enum):
            A = "a"

            @staticmethod
            def longest():
                return max(LENGTHS)

        TEXTS = {Http.OK: "fine", Http.LOST: "lost"}
        LENGTHS = [1, 2]

        def body():
            words = Words.A == "a", Words.longest(), Words.A.upper()
            return str(Http.OK), Http.LOST == 404, Http(200) is Http.OK, words
        """,
    ),
    Feature(
        "fields of a dataclass in detail",
        """
        import dataclasses

        @dataclasses.dataclass
        class Detailed:
            size: int = dataclasses.field(default=1, metadata={"unit": "cm"}, repr=False)
            kind: str = "x"

        def body():
            size, kind = dataclasses.fields(Detailed)
            shown = size.metadata["unit"], size.type, kind.default, size.repr
            return shown, dataclasses.is_dataclass(Detailed), repr(Detailed())
        """,
    ),
    Feature(
        "dictionaries with attributes",
        """
        class AttrDict(dict):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                self.__dict__ = self

        class Dotted(dict):
            __getattr__ = dict.get
            __setattr__ = dict.__setitem__

        ATTRS = AttrDict(a=1)
        DOTTED = Dotted(b=2)

        def body():
            ATTRS.c = 3
            return ATTRS.a, ATTRS["c"], DOTTED.b, DOTTED.missing
        """,
    ),
    Feature(
        "wrapper that passes on all attributes",
        """
        class Wrapper:
            def __init__(self, wrapped):
                self._wrapped = wrapped

            def __getattr__(self, name):
                return getattr(self._wrapped, name)

        WRAPPED = Wrapper([1, 2])

        def body():
            return WRAPPED.count(1), WRAPPED._wrapped
        """,
        known={"main on interpreters": why.NOT_SENT},
    ),
    Feature(
        "decorator of methods that is a class",
        """
        import functools

        class timed:
            def __init__(self, function):
                functools.update_wrapper(self, function)
                self.function = function

            def __get__(self, instance, owner):
                return functools.partial(self.function, instance)

        class Timer:
            n = 3

            @timed
            def run(self, by):
                return self.n * by

        def body():
            return Timer().run(2)
        """,
    ),
    Feature(
        "generic alias by hand",
        """
        import types

        class Matrix:
            __class_getitem__ = classmethod(types.GenericAlias)

        ALIAS = Matrix[int]

        def body():
            return ALIAS.__origin__ is Matrix, Matrix[str].__args__, ALIAS() is not None
        """,
    ),
    Feature(
        "class with lambdas and tables",
        """
        class Calculator:
            operations = {"+": lambda a, b: a + b, "-": lambda a, b: a - b}
            key = staticmethod(lambda n: -n * WEIGHT14)

            def run(self, text):
                a, operation, b = text.split()
                return self.operations[operation](int(a), int(b))

        WEIGHT14 = 1

        def body():
            return Calculator().run("1 + 2"), sorted([1, 3, 2], key=Calculator.key)
        """,
    ),
    Feature(
        "pickling in every way",
        """
        class WithNewArgs(tuple):
            def __new__(cls, a, b):
                return super().__new__(cls, (a, b))

            def __getnewargs__(self):
                return tuple(self)

        class WithSetState:
            def __init__(self):
                self.n = 1

            def __getstate__(self):
                return {"saved": self.n}

            def __setstate__(self, state):
                self.n = state["saved"] + SAVED_MORE

        SAVED_MORE = 0
        NEW_ARGS, SET_STATE = WithNewArgs(1, 2), WithSetState()

        def body():
            return NEW_ARGS, type(NEW_ARGS) is WithNewArgs, SET_STATE.n
        """,
    ),
    Feature(
        "dataclass that is abstract",
        """
        from abc import ABC, abstractmethod
        from dataclasses import dataclass

        @dataclass
        class Figure(ABC):
            name: str

            @abstractmethod
            def area(self): ...

        @dataclass(slots=True)
        class Disc(Figure):
            radius: int

            def area(self):
                return 3 * self.radius**2

        def body():
            return Disc("d", 2), Disc("d", 2).area(), Figure.__abstractmethods__
        """,
        since=(3, 11),
    ),
    Feature(
        "hooks of a library for classes that are derived",
        """
        from hooked8 import Base8, Keyed8, Made8, REGISTERED8

        class First8(Base8):
            def go(self):
                return "gone"

        class Second8(Base8):
            pass

        class Third8(Keyed8, key="third"):
            pass

        class Fourth8(Made8):
            pass

        def body():
            First8(), Second8(), Third8(), Fourth8()
            return sorted(name for name in REGISTERED8 if name != "Made8"), First8().go(), Third8.key, Fourth8.made
        """,
        files={
            "hooked8.py": """
                REGISTERED8 = []

                class Base8:
                    def __init_subclass__(cls):
                        REGISTERED8.append(cls.__name__)
                        cls.go = cls.twice(cls.go)

                    @staticmethod
                    def twice(function):
                        return lambda self: (function(self), function(self))

                    def go(self):
                        return "here"

                class Keyed8:
                    def __init_subclass__(cls, *, key):
                        cls.key = key

                class Meta8(type):
                    def __init__(cls, name, bases, members):
                        super().__init__(name, bases, members)
                        cls.made = True
                        REGISTERED8.append(name)

                class Made8(metaclass=Meta8):
                    pass
            """
        },
        alone=True,
    ),
    Feature(
        "frozen dataclass with an instance of itself",
        """
        from dataclasses import dataclass

        @dataclass(frozen=True, slots=True)
        class Money8:
            amount: int

            def twice(self):
                return Money8(2 * self.amount)

        Money8.ZERO = Money8(0)

        def body():
            return Money8.ZERO, Money8.ZERO.twice() == Money8(0), Money8(4) in {Money8(4)}
        """,
    ),
    Feature(
        "enums over other types",
        """
        import datetime
        import enum

        class Day8(datetime.date, enum.Enum):
            FIRST = 2020, 1, 2

        class Coordinate8(bytes, enum.Enum):
            def __new__(cls, value, label):
                made = bytes.__new__(cls, [value])
                made._value_ = value
                made.label = label
                return made

            X = (0, "P.X")
            Y = (1, "P.Y")

        class Pair8(tuple, enum.Enum):
            ONE_TWO = (1, 2)

        class Planet8(enum.Enum):
            HERE = (3, 4)

            def __init__(self, mass, radius):
                self.mass = mass

            @classmethod
            def _missing_(cls, value):
                return cls.HERE

        def body():
            shown = Day8.FIRST.year, Coordinate8.Y.label, Coordinate8(1) is Coordinate8.Y, bytes(Coordinate8.X)
            return shown, Pair8.ONE_TWO[1], Planet8("elsewhere") is Planet8.HERE, Planet8.HERE.mass
        """,
    ),
    Feature(
        "slots with private names, a dict and weak references",
        """
        class Slotted8:
            __slots__ = ("__private", "x", "__dict__", "__weakref__")

            def __init__(self):
                self.__private, self.x, self.y = 1, 2, 3

            def total(self):
                return self.__private + self.x + self.y

        def body():
            return Slotted8().total(), vars(Slotted8()), Slotted8.__slots__
        """,
    ),
    Feature(
        "metaclass with keywords that changes how instances are made",
        """
        class Meta9(type):
            count = 0

            def __new__(meta, name, bases, members, **keywords):
                cls = super().__new__(meta, name, bases, members)
                cls.keywords = keywords
                meta.count += 1
                return cls

            def __init__(cls, name, bases, members, **keywords):
                super().__init__(name, bases, members)

            def __call__(cls):
                made = super().__call__()
                made.called = True
                return made

        class One9(metaclass=Meta9, tag="t"):
            pass

        class Two9(One9, tag="u"):
            pass

        def body():
            return One9.keywords, Two9.keywords, Meta9.count, Two9().called, type(Two9) is Meta9
        """,
    ),
    Feature(
        "structure of ctypes",
        """
        import ctypes

        class Point9(ctypes.Structure):
            _pack_ = 1
            _layout_ = "ms"
            _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_char)]

        def body():
            return Point9(4, b"a").x, ctypes.sizeof(Point9), Point9._fields_[1][0]
        """,
        since=(3, 13),
    ),
    Feature(
        "dispatch on classes of the program",
        """
        from functools import partialmethod, singledispatch, singledispatchmethod

        FACTOR9 = 3

        def helper9(x):
            return x * FACTOR9

        class Thing9:
            pass

        @singledispatch
        def handle9(x):
            return "any"

        @handle9.register
        def _(x: int):
            return "int", helper9(x)

        @handle9.register(Thing9)
        def _(x):
            return "thing"

        class Handler9:
            @singledispatchmethod
            def go(self, x):
                return "any"

            @go.register
            def _(self, x: str):
                return x + str(FACTOR9)

            @go.register
            def _(self, x: list):
                return helper9(x)

            @singledispatchmethod
            @classmethod
            def make(cls, x):
                return cls.__name__, x

            def add(self, x, by=1):
                return x + by

            more = partialmethod(add, by=5)

        def body():
            shown = handle9(2), handle9(""), handle9(Thing9()), handle9.__name__
            return shown, Handler9().go("a"), Handler9().go([1]), Handler9.make(1), Handler9().more(1)
        """,
    ),
]
