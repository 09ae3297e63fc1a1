"""Objects of the standard library as globals, in captures and in results."""

from support import why
from support.features import Feature

DATA = [
    Feature(
        "compiled patterns",
        r"""
        import re

        WORD = re.compile(r"(?P<first>\w)(\w*)", re.IGNORECASE)

        def capitalize(match):
            return match["first"].upper() + match[2]

        def body():
            shown = WORD.flags & re.IGNORECASE, WORD.groupindex["first"]
            return WORD.sub(capitalize, "two words"), WORD is re.compile(WORD), shown
        """,
    ),
    Feature(
        "dates and time zones",
        """
        import datetime as dt
        import zoneinfo

        UTC = dt.timezone.utc
        BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
        LAUNCH = dt.datetime(2026, 7, 1, 12, tzinfo=BERLIN)
        DAY = dt.timedelta(days=1)

        def body():
            moment = LAUNCH.astimezone(UTC)
            same = LAUNCH.tzinfo is BERLIN, BERLIN is zoneinfo.ZoneInfo("Europe/Berlin"), moment.tzinfo is UTC
            return moment.isoformat(), LAUNCH + DAY, same, dt.date.fromisoformat("2026-02-28") + DAY
        """,
    ),
    Feature(
        "decimals and fractions",
        """
        import decimal
        from decimal import ROUND_UP, Decimal, getcontext, localcontext
        from fractions import Fraction

        PRICE = Decimal("1.10")
        CENT = Decimal("0.01")
        HALF = Fraction(1, 2)
        CONTEXT = decimal.Context(prec=5)

        def body():
            with localcontext() as context:
                context.prec = 4
                third = Decimal(1) / 3
            exact = CONTEXT.divide(Decimal(2), Decimal(3))
            return PRICE * 3, third, exact, PRICE.quantize(CENT, ROUND_UP), HALF + Fraction("1/3"), getcontext().prec
        """,
    ),
    Feature(
        "decimal context of the program",
        """
        import decimal

        decimal.getcontext().prec = 6

        def body():
            return decimal.Decimal(1) / 3
        """,
        alone=True,
    ),
    Feature(
        "seeded random numbers",
        """
        import random

        RNG = random.Random(42)
        STATE_OF_RNG = RNG.getstate()

        def roll():
            return RNG.randint(1, 6)

        def body():
            RNG.setstate(STATE_OF_RNG)
            random.seed(3)
            return [roll() for _ in range(5)], random.choice("abc"), random.sample(range(10), 3)
        """,
    ),
    Feature(
        "collections",
        """
        from collections import ChainMap, Counter, OrderedDict, UserDict, defaultdict, deque

        QUEUE = deque([1, 2, 3], maxlen=3)
        COUNTS = Counter("hello")
        GROUPED = defaultdict(lambda: [START])
        NESTED = defaultdict(lambda: defaultdict(int))
        LAYERS = ChainMap({"a": 1}, {"a": 2, "b": 3})
        ORDERED = OrderedDict(x=1, y=2)
        START = 0

        class Lower(UserDict):
            def __setitem__(self, key, value):
                super().__setitem__(key.lower(), value)

        def body():
            queue = deque(QUEUE, QUEUE.maxlen)
            queue.append(4)
            grouped = GROUPED["new"]
            NESTED["a"]["b"] = 1
            ordered = ORDERED.copy()
            ordered.move_to_end("x")
            shown = QUEUE.maxlen, COUNTS.most_common(1), grouped, NESTED["a"], LAYERS["a"]
            return queue, shown, list(ordered), Lower(A=1)
        """,
    ),
    Feature(
        "iterators of the module",
        """
        import itertools

        NUMBERS = itertools.count(10)
        COLOURS = itertools.cycle(["red", "blue"])

        def take_some():
            return next(NUMBERS), next(COLOURS)

        def body():
            a, b = take_some(), take_some()
            return b[0] - a[0], a[1] != b[1], list(itertools.chain([1], itertools.repeat(2, 2)))
        """,
        known={"main on interpreters": why.NOT_SENT},
    ),
    Feature(
        "heaps, bisection and arrays",
        """
        import array
        import bisect
        import heapq

        LIMITS = [60, 70, 80]
        SAMPLES = array.array("d", [1.5, 2.5])
        RAW = bytearray(b"abc")

        def body():
            heap = [5, 1, 4]
            heapq.heapify(heap)
            view = memoryview(RAW)[1:]
            return "FDCA"[bisect.bisect(LIMITS, 75)], heapq.heappop(heap), SAMPLES, bytes(view)
        """,
    ),
    Feature(
        "structures among the globals",
        """
        import struct

        HEADER = struct.Struct(">HB")

        def body():
            return HEADER.pack(1, 2), HEADER.size, struct.calcsize(">I")
        """,
        known={"main on interpreters": why.NOT_SENT},
    ),
    Feature(
        "views of bytes",
        """
        RAW_BYTES = bytes(range(10))
        WINDOW = memoryview(RAW_BYTES)[2:5]

        def body():
            return bytes(WINDOW), WINDOW.readonly, WINDOW.obj is RAW_BYTES
        """,
        known={"main on interpreters": why.VIEWED},
    ),
    Feature(
        "paths",
        """
        import pathlib

        ROOT = pathlib.PurePosixPath("/srv")
        LOGS = ROOT / "logs"

        def body():
            return LOGS.parent == ROOT, (LOGS / "a.txt").suffix, LOGS, pathlib.Path("x").resolve().name
        """,
    ),
    Feature(
        "json with an encoder of its own",
        """
        import json

        class SetEncoder(json.JSONEncoder):
            def default(self, thing):
                return sorted(thing) if isinstance(thing, set) else super().default(thing)

        def restore(mapping):
            return {key.upper(): value for key, value in mapping.items()}

        ENCODER = SetEncoder(indent=None)

        def body():
            text = json.dumps({"s": {2, 1}}, cls=SetEncoder)
            return text, json.loads(text, object_hook=restore), ENCODER.encode({3})
        """,
    ),
    Feature(
        "pickle in the body",
        """
        import pickle

        class Pickled:
            def __init__(self, n):
                self.n = n

            def __eq__(self, other):
                return type(self) is type(other) and self.n == other.n

        class Stateful:
            def __init__(self):
                self.lock, self.kept = object(), 1

            def __getstate__(self):
                return {"kept": self.kept}

        def function_of_module():
            return "called"

        def body():
            copy = pickle.loads(pickle.dumps([Pickled(1), Pickled, function_of_module]))
            same = copy[0] == Pickled(1), copy[1] is Pickled, copy[2] is function_of_module
            return same, vars(pickle.loads(pickle.dumps(Stateful())))
        """,
    ),
    Feature(
        "reduce and copyreg",
        """
        import copyreg
        import pickle

        class Reduced:
            def __init__(self, n):
                self.n = n

            def __reduce__(self):
                return rebuild, (self.n,)

        def rebuild(n):
            return Reduced(n + 0)

        class Registered:
            def __init__(self, n):
                self.n = n

        copyreg.pickle(Registered, lambda r: (Registered, (r.n,)))
        REDUCED = Reduced(1)
        REGISTERED = Registered(2)

        def body():
            return pickle.loads(pickle.dumps(REDUCED)).n, REGISTERED.n, type(REDUCED) is Reduced
        """,
    ),
    Feature(
        "copies",
        """
        import copy

        class Copied:
            def __init__(self):
                self.parts = [1, [2]]

            def __copy__(self):
                new = Copied()
                new.parts = self.parts
                return new

        PROTOTYPE = Copied()

        def body():
            shallow, deep = copy.copy(PROTOTYPE), copy.deepcopy(PROTOTYPE)
            return shallow.parts is PROTOTYPE.parts, deep.parts is PROTOTYPE.parts, deep.parts, type(deep) is Copied
        """,
    ),
    Feature(
        "weak references",
        """
        import gc
        import weakref

        class Watched:
            pass

        def body():
            alive = weakref.WeakValueDictionary()
            watched = Watched()
            seen = []
            reference = weakref.ref(watched)
            weakref.finalize(watched, seen.append, "gone")
            alive["w"] = watched
            before = reference() is watched, "w" in alive
            del watched
            gc.collect()
            return before, reference() is None, seen, "w" in alive
        """,
    ),
    Feature(
        "weak dictionaries among the globals",
        """
        import weakref

        class Tracked:
            pass

        TRACKED = weakref.WeakValueDictionary()
        ALWAYS = TRACKED["always"] = Tracked()

        def body():
            return TRACKED["always"] is ALWAYS, len(TRACKED)
        """,
        known={"main on interpreters": why.NOT_SENT},
    ),
    Feature(
        "templates and text",
        """
        import string
        import textwrap

        class Percent(string.Template):
            delimiter = "%"

        GREETING = string.Template("$who is here")
        USAGE = textwrap.dedent('''
            usage: x
              more
        ''')
        WRAPPER = textwrap.TextWrapper(width=10)

        def body():
            return GREETING.substitute(who="Ann"), Percent("%a").substitute(a=1), USAGE, WRAPPER.wrap("one two three")
        """,
    ),
    Feature(
        "simple namespaces and proxies",
        """
        import types

        OPTIONS = types.SimpleNamespace(level=1, nested=types.SimpleNamespace(x=2))
        FROZEN = types.MappingProxyType({"a": 1})

        def body():
            return OPTIONS, OPTIONS.nested.x, FROZEN["a"], dict(FROZEN)
        """,
    ),
    Feature(
        "arguments of argparse",
        """
        import argparse

        def positive(text):
            return abs(int(text))

        parser = argparse.ArgumentParser(prog="p")
        parser.add_argument("--count", type=positive, default=1)
        args = parser.parse_args(["--count", "-3"])

        def body():
            return args, args.count, parser.parse_args(["--count", "4"]).count
        """,
    ),
    Feature(
        "ranges, slices, complex and big numbers",
        """
        EVEN = range(0, 10, 2)
        MIDDLE = slice(1, -1)
        ROOT_OF_MINUS_ONE = 1j
        HUGE = 10**50
        INFINITE, NOT_A_NUMBER = float("inf"), float("nan")

        def body():
            numbers = ROOT_OF_MINUS_ONE**2, HUGE + 1, INFINITE, NOT_A_NUMBER
            return EVEN, list(EVEN[MIDDLE]), numbers, frozenset({1}), b"\\0"
        """,
    ),
    Feature(
        "streams in memory",
        """
        import csv
        import io

        BUFFER = io.StringIO("a,b\\n1,2\\n")
        BYTES = io.BytesIO(b"xyz")

        def body():
            BUFFER.seek(0)
            BYTES.seek(1)
            return list(csv.DictReader(BUFFER)), BYTES.read()
        """,
    ),
    Feature(
        "unique ids, network addresses and hashes",
        """
        import hashlib
        import ipaddress
        import uuid

        ID = uuid.UUID(int=5)
        NETWORK = ipaddress.ip_network("10.0.0.0/30")

        def body():
            return ID, [str(host) for host in NETWORK.hosts()], hashlib.sha256(b"x").hexdigest()[:8]
        """,
    ),
    Feature(
        "locks among the globals",
        """
        import threading

        LOCK = threading.Lock()

        def guarded():
            with LOCK:
                return "guarded"

        def body():
            return guarded()
        """,
        known={"main on interpreters": why.NOT_SENT},
    ),
    Feature(
        "generators among the globals",
        """
        def naturals():
            n = 0
            while True:
                yield n
                n += 1

        source_of_numbers = naturals()

        def body():
            return next(source_of_numbers) >= 0
        """,
        known={"main on interpreters": why.NOT_SENT},
    ),
    Feature(
        "objects that hold locks",
        """
        import threading

        class Guarded:
            def __init__(self):
                self.lock = threading.RLock()
                self.value = 3

            def get(self):
                with self.lock:
                    return self.value

        def body():
            return Guarded().get()
        """,
    ),
    Feature(
        "standard streams among the globals",
        """
        import sys

        OUT = sys.stdout
        ERRORS = {"stream": sys.stderr}

        def body():
            return OUT is sys.stdout, ERRORS["stream"] is sys.stderr
        """,
    ),
    Feature(
        "decoder of json among the globals",
        """
        import json

        def as_set(mapping):
            return set(mapping)

        DECODER = json.JSONDecoder(object_hook=as_set)

        def body():
            return DECODER.decode('{"a": 1}')
        """,
        known={"main on interpreters": why.NOT_SENT},
    ),
    Feature(
        "random numbers of the system",
        """
        import random
        import secrets

        SYSTEM = random.SystemRandom()

        def body():
            return 0 <= SYSTEM.random() < 1, len(secrets.token_hex(4))
        """,
        known={"main on interpreters": why.NOT_SENT},
    ),
    Feature(
        "commands of argparse",
        """
        import argparse

        def command_add(options):
            return options.a + 1

        main_parser = argparse.ArgumentParser(prog="tool")
        commands = main_parser.add_subparsers()
        adding = commands.add_parser("add")
        adding.add_argument("a", type=int)
        adding.set_defaults(run=command_add)
        options = main_parser.parse_args(["add", "3"])

        def body():
            return options.run(options), main_parser.parse_args(["add", "5"]).run(options)
        """,
    ),
    Feature(
        "events and locks of asyncio among the globals",
        """
        import asyncio

        READY = asyncio.Event()
        GATE = asyncio.Lock()

        async def pass_gate():
            async with GATE:
                READY.set()
                await READY.wait()
                return "passed"

        def body():
            return asyncio.run(pass_gate())
        """,
    ),
    Feature(
        "queues among the globals",
        """
        import queue

        INBOX = queue.SimpleQueue()

        def body():
            INBOX.put(1)
            return INBOX.get()
        """,
        known={"main on interpreters": why.NOT_SENT},
    ),
]
