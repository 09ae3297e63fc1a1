"""One object that several things refer to is one object on the worker, and when it comes back."""

from support import why
from support.features import Feature

IDENTITY = [
    Feature(
        "sentinel as a default and as a global",
        """
        _MISSING = object()

        def find(mapping, key, default=_MISSING):
            if default is _MISSING:
                return "no default"
            return mapping.get(key, default)

        def body():
            return find({}, 1), find({}, 1, None), find({1: 2}, 1, _MISSING)
        """,
    ),
    Feature(
        "sentinel as the default of the body",
        """
        NOTHING = object()

        def body(given=NOTHING):
            return given is NOTHING
        """,
        known={"module on interpreters": why.NO_NAME},
    ),
    Feature(
        "sentinel of a class without state",
        """
        class Absent:
            def __repr__(self):
                return "absent"

        ABSENT = Absent()

        def pick(value=ABSENT):
            return value is ABSENT, value

        def body():
            return pick(), pick(1)
        """,
    ),
    Feature(
        "sentinel in a keyword-only default",
        """
        UNSET = object()

        def choose(*, value=UNSET):
            return value is UNSET

        def body():
            return choose(), choose(value=1)
        """,
    ),
    Feature(
        "part of another global",
        """
        CONFIG = {"db": {"host": "here"}, "log": []}
        DB = CONFIG["db"]

        def body():
            DB["host"] = "there"
            return CONFIG["db"] is DB, CONFIG["db"]["host"]
        """,
    ),
    Feature(
        "two globals that are one list",
        """
        FIRST = [1, 2]
        SECOND = FIRST

        def extend():
            if 3 not in SECOND:
                SECOND.append(3)

        def body():
            extend()
            return FIRST is SECOND, FIRST
        """,
    ),
    Feature(
        "bound method of a global",
        """
        import random

        rng = random.Random()
        rand = rng.random

        def body():
            rng.seed(7)
            first = rand()
            rng.seed(7)
            return rand() == first, rand.__self__ is rng, round(first, 6)
        """,
    ),
    Feature(
        "bound methods of the module's own generator",
        """
        import random
        from random import randint, seed

        def body():
            seed(5)
            first = [randint(1, 100) for _ in range(3)]
            random.seed(5)
            return first == [random.randint(1, 100) for _ in range(3)], first
        """,
    ),
    Feature(
        "function in a dict is the global",
        """
        def add(a, b):
            return a + b

        def sub(a, b):
            return a - b

        HANDLERS = {"add": add, "sub": sub}

        def body():
            return HANDLERS["add"] is add, HANDLERS["sub"] is add, HANDLERS["sub"](5, 3)
        """,
    ),
    Feature(
        "class in a dict is the global",
        """
        class Circle:
            pass

        SHAPES = {"circle": Circle}

        def body():
            return SHAPES["circle"] is Circle, isinstance(SHAPES["circle"](), Circle)
        """,
    ),
    Feature(
        "class attribute that is a singleton of the module",
        """
        class Settings:
            def __init__(self):
                self.level = 1

        SETTINGS = Settings()

        class Service:
            settings = SETTINGS

        def body():
            SETTINGS.level = 2
            return Service.settings is SETTINGS, Service.settings.level
        """,
    ),
    Feature(
        "class that keeps its only instance",
        """
        class Single:
            _instance = None

            def __new__(cls):
                if cls._instance is None:
                    cls._instance = super().__new__(cls)
                return cls._instance

        SINGLE = Single()

        def body():
            return Single() is SINGLE, Single() is Single()
        """,
    ),
    Feature(
        "instances that are attributes of their class",
        """
        class Colour:
            def __init__(self, name):
                self.name = name

        Colour.RED = Colour("red")
        RED = Colour.RED

        def body():
            return Colour.RED is RED, RED.name
        """,
    ),
    Feature(
        "sentinel in a cown there and back",
        """
        END = object()

        def body(cown):
            found = cown.value[0] is END
            cown.value.append(END)
            return found

        def drive(boc):
            cown = boc.cown([END])
            found = boc.run(body, cown)
            return found, [part is END for part in boc.take(cown)]
        """,
        known={"module on interpreters": why.NO_NAME},
    ),
    Feature(
        "sentinel as a result",
        """
        NO_RESULT = object()

        def body():
            return NO_RESULT

        def drive(boc):
            return boc.run(body) is NO_RESULT
        """,
        known={"module on interpreters": why.NO_NAME},
    ),
    Feature(
        "global that is in a cown too",
        """
        SHARED = ["a"]

        def body(cown):
            return cown.value is SHARED, cown.value == SHARED

        def drive(boc):
            return boc.run(body, boc.cown(SHARED))[1]
        """,
    ),
    Feature(
        "enum member in a cown",
        """
        import enum

        class Mood(enum.Enum):
            HAPPY = 1
            SAD = 2

        FAVOURITE = Mood.HAPPY

        def body(cown):
            found = cown.value is Mood.HAPPY, FAVOURITE is Mood.HAPPY, cown.value is FAVOURITE
            cown.value = Mood.SAD
            return found

        def drive(boc):
            cown = boc.cown(Mood.HAPPY)
            found = boc.run(body, cown)
            return found, boc.take(cown) is Mood.SAD
        """,
    ),
    Feature(
        "partial of a global",
        """
        import functools

        def power(base, exponent):
            return base**exponent

        square = functools.partial(power, exponent=2)

        def body():
            return square(7), square.func is power, square.keywords
        """,
    ),
    Feature(
        "two closures over one variable",
        """
        def make_pair():
            count = 0

            def bump():
                nonlocal count
                count += 1

            def look():
                return count

            return bump, look

        bump, look = make_pair()

        def body():
            before = look()
            bump()
            bump()
            return look() - before
        """,
    ),
    Feature(
        "closure in a dict and as a global",
        """
        def make_total():
            total = [0]

            def add_to(n):
                total[0] += n
                return total[0]

            return add_to

        add_to = make_total()
        ACTIONS = {"add": add_to}

        def body():
            before = add_to(0)
            ACTIONS["add"](5)
            return add_to(1) - before, ACTIONS["add"] is add_to
        """,
    ),
    Feature(
        "functions that share a variable, one of them in a dict",
        """
        def make_memory():
            kept = 0

            def put(n):
                nonlocal kept
                kept = n

            def get():
                return kept

            return put, get

        memorize, recall = make_memory()
        DOORS = {"in": memorize}

        def body():
            DOORS["in"](7)
            return recall(), DOORS["in"] is memorize
        """,
    ),
    Feature(
        "functions with parts that may change, in lists and as globals",
        """
        HOOKS = []

        def hooked(**options):
            def add(function):
                function.options = options
                HOOKS.append(function)
                return function

            return add

        @hooked(order=1)
        def first(seen=[]):
            seen.append(len(seen))
            return seen

        @hooked(order=2)
        def second(*, seen={}):
            seen[len(seen)] = None
            return seen

        def body():
            HOOKS[0]().clear()
            HOOKS[1]().clear()
            options = [hook.options for hook in HOOKS]
            return HOOKS[0]() is first(), HOOKS[1]() is second(), HOOKS == [first, second], options
        """,
    ),
    Feature(
        "function that counts its calls, in a cown",
        """
        def make_counter():
            calls = 0

            def count():
                nonlocal calls
                calls += 1
                return calls

            return count

        count_calls = make_counter()

        def body(cown):
            return cown.value["count"](), cown.value["count"]()

        def drive(boc):
            cown = boc.cown({"count": count_calls})
            return boc.run(body, cown), boc.run(body, cown), boc.take(cown)["count"]()
        """,
    ),
    Feature(
        "globals that are in dicts, lists and instances of a class, and change",
        """
        import collections

        class Station:
            known = []
            lines = collections.defaultdict(collections.OrderedDict)
            open = set()

            def __init__(self, name):
                self.name = name
                Station.known.append(self)
                Station.lines["first"][name] = self
                Station.open.add(self)

        class Office:
            def __init__(self, station):
                self.station = station

        CENTRAL = Station("central")

        class Railway:
            office = Office(CENTRAL)
            parts = (Office(CENTRAL),)

        def body():
            found = Station.lines["first"]["central"]
            in_instances = Railway.office.station is CENTRAL, Railway.parts[0].station is CENTRAL
            return Station.known[0] is CENTRAL, found is CENTRAL, found.name, CENTRAL in Station.open, in_instances

        def drive(boc):
            before = boc.run(body)
            CENTRAL.name = "renamed"
            return before, boc.run(body)
        """,
        known={"module on interpreters": why.NOT_FOLLOWED},
    ),
    Feature(
        "two instances that share a part",
        """
        class Node:
            def __init__(self, log):
                self.log = log

        COMMON = []
        LEFT, RIGHT = Node(COMMON), Node(COMMON)

        def body():
            del COMMON[:]
            LEFT.log.append("left")
            RIGHT.log.append("right")
            return LEFT.log is RIGHT.log, LEFT.log is COMMON, COMMON
        """,
    ),
    Feature(
        "cycle of two globals",
        """
        PARENT = {"name": "parent"}
        CHILD = {"name": "child", "parent": PARENT}
        PARENT["child"] = CHILD

        def body():
            return CHILD["parent"] is PARENT, PARENT["child"] is CHILD, PARENT["child"]["parent"]["name"]
        """,
    ),
    Feature(
        "function attribute that is a global",
        """
        CACHE = {}

        def cached(n):
            cached.store[n] = n * n
            return cached.store[n]

        cached.store = CACHE

        def body():
            return cached(3), cached.store is CACHE, CACHE
        """,
    ),
    Feature(
        "mutable default that is a global",
        """
        BASKET = []

        def put(item, basket=BASKET):
            basket.append(item)
            return len(basket)

        def body():
            del BASKET[:]
            put(1)
            put(2)
            return BASKET
        """,
    ),
    Feature(
        "captured variable that is a global too",
        """
        TABLE = {"a": 1}

        def make_reader():
            table = TABLE

            def reader():
                return table is TABLE, table["a"]

            return reader

        body = make_reader()
        """,
        known={"main on interpreters": why.NO_NAME, "module on interpreters": why.NO_NAME},
    ),
    Feature(
        "keys by identity",
        """
        class Key:
            pass

        ONE, TWO = Key(), Key()
        NAMES = {ONE: "one", TWO: "two"}

        def body():
            return NAMES[ONE], NAMES[TWO], ONE in NAMES, Key() in NAMES
        """,
    ),
    Feature(
        "captured object and a class attribute",
        """
        class Bus:
            listeners = []

        LISTENERS = Bus.listeners

        def body():
            LISTENERS[:] = ["first"]
            Bus.listeners.append("second")
            return LISTENERS, LISTENERS is Bus.listeners
        """,
    ),
    Feature(
        "alias of a function of an imported module",
        """
        import json
        import os.path

        dumps = json.dumps
        join = os.path.join

        def body():
            return dumps is json.dumps, join is os.path.join, dumps([1])
        """,
    ),
    Feature(
        "singletons of the interpreter",
        """
        EMPTY, DOTS, NOT_THERE, NOTHING_AT_ALL = (), ..., NotImplemented, None

        def body():
            return EMPTY == (), DOTS is ..., NOT_THERE is NotImplemented, NOTHING_AT_ALL is None
        """,
    ),
    Feature(
        "cown in several globals",
        """
        import harness

        ACCOUNT = harness.Boc.cown(1)
        ACCOUNTS = {"mine": ACCOUNT}

        def body():
            return ACCOUNTS["mine"] is ACCOUNT or ACCOUNTS["mine"] == ACCOUNT
        """,
    ),
    Feature(
        "function as a key in a cown",
        """
        def on_start():
            return "started"

        def body(cown):
            return cown.value.get(on_start)

        def drive(boc):
            cown = boc.cown({on_start: 1})
            found = boc.run(body, cown)
            return found, boc.take(cown).get(on_start)
        """,
    ),
    Feature(
        "class as a key in a cown",
        """
        class Keyed:
            pass

        def body(cown):
            return cown.value.get(Keyed)

        def drive(boc):
            cown = boc.cown({Keyed: 1})
            found = boc.run(body, cown)
            return found, boc.take(cown).get(Keyed)
        """,
    ),
    Feature(
        "functions as keys of a global",
        """
        def cheap():
            return 1

        def dear():
            return 2

        PRICES = {cheap: "little", dear: "much"}

        def body():
            return PRICES.get(cheap), PRICES.get(dear), dear in PRICES
        """,
    ),
    Feature(
        "classes as keys of a global",
        """
        class Leaf:
            pass

        class Branch:
            pass

        VISITORS = {Leaf: lambda leaf: "leaf", Branch: lambda branch: "branch", int: lambda n: n + 1}
        KINDS = (Leaf, Branch)

        def body():
            things = Leaf(), Branch(), 3
            return [VISITORS[type(thing)](thing) for thing in things], [isinstance(thing, KINDS) for thing in things]
        """,
    ),
    Feature(
        "instances that share all attributes",
        """
        class Borg:
            _shared = {}

            def __init__(self):
                self.__dict__ = self._shared

        BORG = Borg()
        BORG.level = 1

        def body():
            Borg().level = 2
            return BORG.level
        """,
    ),
    Feature(
        "callback that is removed from a cown",
        """
        def on_change():
            return "changed"

        def body(cown):
            cown.value.remove(on_change)
            return len(cown.value)

        def drive(boc):
            return boc.run(body, boc.cown([on_change]))
        """,
    ),
]
