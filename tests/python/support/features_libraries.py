"""Libraries that act: logging, warnings, threads, processes, contexts, files."""

from support import why
from support.features import Feature

LIBRARIES = [
    Feature(
        "warnings",
        """
        import warnings

        class OldWarning(DeprecationWarning):
            pass

        def old():
            warnings.warn("it is old", OldWarning, stacklevel=2)
            return 1

        def body():
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                old()
            return [(str(w.message), w.category is OldWarning) for w in caught]
        """,
    ),
    Feature(
        "warnings as errors in the body",
        """
        import warnings

        def body():
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                try:
                    warnings.warn("careful")
                except UserWarning as error:
                    return str(error)
        """,
    ),
    Feature(
        "logging in the body",
        """
        import io
        import logging

        log = logging.getLogger("feature.logging")
        log.propagate = False

        class Prefix(logging.Formatter):
            def format(self, record):
                return f"{record.levelname[0]} {record.funcName} {record.getMessage()}"

        def body():
            stream = io.StringIO()
            handler = logging.StreamHandler(stream)
            handler.setFormatter(Prefix())
            log.addHandler(handler)
            log.setLevel(logging.INFO)
            try:
                log.info("hello %s", "you")
                log.debug("nothing")
            finally:
                log.removeHandler(handler)
            return stream.getvalue(), log is logging.getLogger("feature.logging")
        """,
    ),
    Feature(
        "logger of the module",
        """
        import logging

        logger = logging.getLogger(__name__)
        adapter = logging.LoggerAdapter(logger, {"user": "ann"})

        def body():
            return logger.name, logger is logging.getLogger(__name__), adapter.logger is logger, adapter.extra
        """,
    ),
    Feature(
        "threads in the body",
        """
        import queue
        import threading

        results = []
        lock_maker = threading.Lock

        def produce(inbox, n):
            with lock_maker():
                inbox.put(n * FACTOR9)

        FACTOR9 = 2

        class Doubler(threading.Thread):
            def __init__(self, n):
                super().__init__()
                self.n = n

            def run(self):
                self.result = self.n * FACTOR9

        def body():
            inbox = queue.Queue()
            threads = [threading.Thread(target=produce, args=(inbox, n)) for n in range(3)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            doubler = Doubler(8)
            doubler.start()
            doubler.join()
            return sorted(inbox.get() for _ in range(3)), doubler.result
        """,
    ),
    Feature(
        "thread pools in the body",
        """
        from concurrent.futures import ThreadPoolExecutor, as_completed

        def cube(n):
            return n**POWER

        POWER = 3

        def body():
            with ThreadPoolExecutor(2) as pool:
                futures = [pool.submit(cube, n) for n in range(3)]
                return list(pool.map(cube, range(3))), sorted(f.result() for f in as_completed(futures))
        """,
    ),
    Feature(
        "locals of threads",
        """
        import threading

        PER_THREAD = threading.local()

        def body():
            PER_THREAD.value = 1
            seen = []
            thread = threading.Thread(target=lambda: seen.append(hasattr(PER_THREAD, "value")))
            thread.start()
            thread.join()
            return PER_THREAD.value, seen
        """,
        known={"main on interpreters": why.NOT_SENT},
    ),
    Feature(
        "other programs in the body",
        """
        import subprocess
        import sys

        COMMAND = [sys.executable, "-c", "print('from a child')"]

        def body():
            done = subprocess.run(COMMAND, capture_output=True, text=True, check=True)
            return done.stdout, done.returncode
        """,
    ),
    Feature(
        "context variables",
        """
        import contextvars

        request = contextvars.ContextVar("request", default="none")

        def look_at_request():
            return request.get()

        def body():
            context = contextvars.copy_context()
            context.run(request.set, "inside")
            token = request.set("body")
            inside = look_at_request()
            request.reset(token)
            return context.run(look_at_request), inside, look_at_request()
        """,
    ),
    Feature(
        "temporary files in the body",
        """
        import os
        import tempfile
        from pathlib import Path

        NAME = "notes.txt"

        def save(folder, text):
            path = Path(folder) / NAME
            path.write_text(text)
            return path

        def body():
            with tempfile.TemporaryDirectory() as folder:
                path = save(folder, "hello")
                with open(path) as file:
                    return file.read(), os.listdir(folder)
        """,
    ),
    Feature(
        "databases in the body",
        """
        import contextlib
        import sqlite3

        SCHEMA = "create table t (a, b)"

        class Row10:
            def __init__(self, a, b):
                self.sum = a + b

        def body():
            with contextlib.closing(sqlite3.connect(":memory:")) as connection:
                connection.execute(SCHEMA)
                connection.executemany("insert into t values (?, ?)", [(1, 2), (3, 4)])
                connection.create_function("double", 1, lambda n: n * 2)
                rows = connection.execute("select a, b from t").fetchall()
                return [Row10(*row).sum for row in rows], connection.execute("select double(5)").fetchone()
        """,
    ),
    Feature(
        "classes of unittest",
        """
        import io
        import unittest
        from unittest import mock

        class ArithmeticTest(unittest.TestCase):
            def test_sum(self):
                self.assertEqual(plus_one(1), 2)

            @mock.patch(f"{__name__}.STEP", 5)
            def test_patched(self):
                self.assertEqual(plus_one(1), 6)

        STEP = 1

        def plus_one(n):
            return n + STEP

        def body():
            suite = unittest.defaultTestLoader.loadTestsFromTestCase(ArithmeticTest)
            result = unittest.TextTestRunner(io.StringIO()).run(suite)
            return result.testsRun, [str(f[1]).splitlines()[-1] for f in result.failures + result.errors]
        """,
    ),
    Feature(
        "doctests of the module",
        """
        import doctest
        import sys

        def tested(n):
            '''
            >>> tested(2)
            4
            '''
            return n * TWO11

        TWO11 = 2

        def body():
            finder = doctest.DocTestFinder()
            runner = doctest.DocTestRunner()
            for test in finder.find(tested, "tested"):
                runner.run(test)
            return runner.summarize(False).attempted
        """,
    ),
    Feature(
        "syntax trees",
        """
        import ast

        class Namer(ast.NodeVisitor):
            def __init__(self):
                self.names = []

            def visit_Name(self, node):
                self.names.append(node.id)
                self.generic_visit(node)

        def body():
            namer = Namer()
            namer.visit(ast.parse("a + b(c)"))
            return namer.names, ast.unparse(ast.parse("x=1"))
        """,
    ),
    Feature(
        "parsers of the standard library",
        """
        import configparser
        from html.parser import HTMLParser

        class Links(HTMLParser):
            def __init__(self):
                super().__init__()
                self.links = []

            def handle_starttag(self, tag, attributes):
                self.links += [value for name, value in attributes if name == "href"]

        def body():
            config = configparser.ConfigParser()
            config.read_string("[s]\\nkey = 1")
            links = Links()
            links.feed('<a href="x">y</a>')
            return config.getint("s", "key"), links.links
        """,
    ),
    Feature(
        "signals of its own",
        """
        class Signal:
            def __init__(self):
                self.handlers = []

            def connect(self, handler):
                self.handlers.append(handler)
                return handler

            def send(self, *args):
                return [handler(*args) for handler in self.handlers]

        saved = Signal()

        @saved.connect
        def log_it(what):
            return f"log {what}"

        @saved.connect
        def mail_it(what):
            return f"mail {what}"

        def body():
            return saved.send("x"), saved.handlers[0] is log_it
        """,
    ),
    Feature(
        "lazy attributes through a proxy",
        """
        class LazyObject:
            def __init__(self, factory):
                self._factory = factory
                self._made = None

            def __getattr__(self, name):
                if name.startswith("__"):
                    raise AttributeError(name)
                if self._made is None:
                    self._made = self._factory()
                return getattr(self._made, name)

        class Heavy:
            def __init__(self):
                self.weight = WEIGHT

        WEIGHT = 100
        heavy = LazyObject(Heavy)

        def body():
            return heavy.weight
        """,
    ),
    Feature(
        "dependency injection by annotations",
        """
        import inspect

        class Clock:
            def now(self):
                return 12

        class Mailer:
            def __init__(self, clock: Clock):
                self.clock = clock

        PROVIDERS = {}

        def provide(cls):
            PROVIDERS[cls] = cls
            return cls

        provide(Clock)
        provide(Mailer)

        def build(cls):
            parameters = inspect.signature(cls).parameters.values()
            return PROVIDERS[cls](*(build(p.annotation) for p in parameters))

        def body():
            return build(Mailer).clock.now()
        """,
    ),
    Feature(
        "state machine of methods",
        """
        class Machine:
            def __init__(self):
                self.state = self.idle
                self.trace = []

            def idle(self, event):
                self.trace.append("idle")
                self.state = self.busy

            def busy(self, event):
                self.trace.append("busy")
                self.state = Machine.TABLE[event].__get__(self)

            TABLE = {"stop": idle}

            def feed(self, *events):
                for event in events:
                    self.state(event)
                return self.trace, self.state.__name__

        def body():
            return Machine().feed("go", "stop", "go")
        """,
    ),
    Feature(
        "plugins found by name",
        """
        import importlib

        def load(path):
            module, _, name = path.partition(":")
            return getattr(importlib.import_module(module), name)

        PATHS = ["json:dumps", "plugged:run"]

        def body():
            return [load(path)([1]) for path in PATHS]
        """,
        files={"plugged.py": "def run(x):\n    return x + ['plugged']\n"},
    ),
    Feature(
        "captured logs of unittest",
        """
        import logging
        import unittest

        loud = logging.getLogger("feature.loud")

        def speak():
            loud.warning("spoken")

        def body():
            case = unittest.TestCase()
            with case.assertLogs("feature.loud") as caught:
                speak()
            return caught.output
        """,
        alone=True,
    ),
    Feature(
        "output redirected in the body",
        """
        import contextlib
        import io

        def talk():
            print("said", TALK)

        TALK = "it"

        def body():
            with contextlib.redirect_stdout(io.StringIO()) as out:
                talk()
            return out.getvalue()
        """,
    ),
    Feature(
        "levels and filters of logging set by the program",
        """
        import logging

        noisy = logging.getLogger("feature.noisy")
        noisy.setLevel(logging.ERROR)
        logging.addLevelName(25, "NOTICE")

        def body():
            return noisy.isEnabledFor(logging.WARNING), noisy.level, logging.getLevelName(25)
        """,
    ),
    Feature(
        "filters of warnings set by the program",
        """
        import warnings

        class Annoying(UserWarning):
            pass

        warnings.simplefilter("error", Annoying)

        def body():
            try:
                warnings.warn("annoying", Annoying)
            except Annoying as error:
                return str(error)
        """,
        alone=True,
    ),
    Feature(
        "environment set by the program",
        """
        import os

        os.environ["FEATURE_MODE"] = "fast"

        def mode():
            return os.environ.get("FEATURE_MODE"), os.getenv("FEATURE_MODE")

        def body():
            return mode()
        """,
    ),
    Feature(
        "module that is made in memory",
        r"""
        import sys
        import types

        made_module = types.ModuleType("made_in_memory")
        exec("N = 2\ndef twice_n():\n    return N * 2", vars(made_module))
        sys.modules["made_in_memory"] = made_module

        def body():
            import made_in_memory

            return made_in_memory.twice_n(), made_module is made_in_memory
        """,
    ),
    Feature(
        "seed of the random numbers set by the program",
        """
        import random

        random.seed(99)
        FIRST_DRAWN = random.random()

        def body():
            return round(random.random(), 6)

        def drive(boc):
            return boc.run(body)
        """,
        known={"main on interpreters": why.NOT_SET},
    ),
    Feature(
        "class registered with a collection of the library",
        """
        import collections.abc

        class Numbers10:
            def __getitem__(self, n):
                return n

        collections.abc.Sequence.register(Numbers10)

        def body():
            return isinstance(Numbers10(), collections.abc.Sequence)
        """,
        known={"main on interpreters": why.NOT_SET},
    ),
    Feature(
        "function of a library replaced at the top",
        """
        import textwrap

        usual_dedent = textwrap.dedent
        textwrap.dedent = lambda text: "dedented " + usual_dedent(text)

        def body():
            return textwrap.dedent("  x")
        """,
        known={"main on interpreters": why.NOT_SET},
        alone=True,
    ),
    Feature(
        "builtin added by the program",
        """
        import builtins

        builtins.hooray = lambda: "hooray"

        def body():
            return hooray()
        """,
        known={"main on interpreters": why.NOT_SET},
        alone=True,
    ),
    Feature(
        "codec registered by the program",
        """
        import codecs

        def replace_it(error):
            return "?!", error.end

        codecs.register_error("feature", replace_it)

        def body():
            return "é".encode("ascii", "feature")
        """,
        known={"main on interpreters": why.NOT_SET},
    ),
    Feature(
        "adapters of sqlite",
        """
        import sqlite3

        class Length:
            def __init__(self, n):
                self.n = n

        sqlite3.register_adapter(Length, lambda length: length.n)

        def body():
            connection = sqlite3.connect(":memory:")
            try:
                return connection.execute("select ?", (Length(5),)).fetchone()
            finally:
                connection.close()
        """,
        known={"main on interpreters": why.NOT_SET},
    ),
    Feature(
        "limit of recursion set by the program",
        """
        import sys

        sys.setrecursionlimit(3000)

        def depth(n):
            return 0 if n == 0 else 1 + depth(n - 1)

        def body():
            return depth(2000), sys.getrecursionlimit()
        """,
        alone=True,
    ),
    Feature(
        "path of modules changed by the program",
        """
        import os
        import sys

        sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "vendored"))
        import vendored_part

        def body():
            import vendored_other

            return vendored_part.NAME, vendored_other.NAME
        """,
        files={"vendored/vendored_part.py": "NAME = __name__\n", "vendored/vendored_other.py": "NAME = __name__\n"},
    ),
    Feature(
        "abstract classes of the library",
        """
        import collections.abc
        from collections.abc import Iterable, Sequence, Sized

        class Rows12(Sequence):
            def __getitem__(self, n):
                return [1, 2][n]

            def __len__(self):
                return 2

        class Endless12:
            def __iter__(self):
                return iter(int, 1)

        def body():
            rows = Rows12()
            same = Sequence is collections.abc.Sequence, isinstance(rows, collections.abc.Sequence)
            shown = isinstance(Endless12(), Iterable), isinstance({}, Sized)
            return same, isinstance(rows, Sequence), isinstance([], Sequence), shown
        """,
    ),
    Feature(
        "mappings of the library",
        """
        from collections.abc import Hashable, Mapping

        def is_mapping(thing):
            return isinstance(thing, Mapping), isinstance(thing, Hashable)

        def body():
            return is_mapping({}), is_mapping(len)
        """,
    ),
    Feature(
        "abstract classes from typing",
        """
        from typing import Iterable, Mapping, Sequence

        def kinds(thing):
            return [isinstance(thing, kind) for kind in (Iterable, Mapping, Sequence)]

        def body():
            return kinds({}), kinds([]), kinds(3)
        """,
    ),
    Feature(
        "filters of warnings of the library set by the program",
        """
        import warnings

        warnings.simplefilter("error", BytesWarning)

        def body():
            try:
                warnings.warn("annoying", BytesWarning)
            except BytesWarning as error:
                return str(error)
        """,
        alone=True,
    ),
]
