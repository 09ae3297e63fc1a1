"""Functions, decorators, generators, scopes and statements."""

from support import why
from support.features import Feature

FUNCTIONS = [
    Feature(
        "generators",
        """
        def count_up(n):
            for i in range(n):
                got = yield i
                if got:
                    yield f"got {got}"
            return "done"

        def delegate():
            result = yield from count_up(2)
            yield result

        def body():
            generator = count_up(3)
            sent = [next(generator), generator.send("x"), next(generator)]
            generator.close()
            return sent, list(delegate()), sum(x * x for x in count_up(4))
        """,
    ),
    Feature(
        "comprehension scopes",
        """
        x = "global"
        FACTOR = 3

        class Scoped:
            y = [i * FACTOR for i in range(3)]

        def body():
            inner = [x for x in range(3)]
            functions = [lambda: i for i in range(3)]
            made = {k: FACTOR for k in "ab"}, {FACTOR * i for i in (1, 1)}
            return x, inner, [f() for f in functions], made, Scoped.y
        """,
    ),
    Feature(
        "walrus",
        """
        WORDS = ["a", "bbb", "cc"]

        def body():
            longest = max(length := len(w) for w in WORDS)
            if (n := len(WORDS)) > 2:
                return longest, n, length, [y := 1, y + 1], any((found := w) == "bbb" for w in WORDS), found
        """,
    ),
    Feature(
        "match",
        """
        from dataclasses import dataclass
        from enum import Enum

        class Move:
            __match_args__ = ("x", "y")

            def __init__(self, x, y):
                self.x, self.y = x, y

        @dataclass
        class Say:
            text: str

        class Key(Enum):
            UP = 1

        def judge(thing):
            match thing:
                case Move(0, y):
                    return f"vertical {y}"
                case Move(x=x) if x > LIMIT:
                    return "far"
                case Move():
                    return "near"
                case Say("hi" | "hello" as word):
                    return f"greeting {word}"
                case Key.UP:
                    return "up"
                case [first, *rest]:
                    return first, rest
                case {"a": a, **others}:
                    return a, others
                case int(n) | float(n):
                    return n
                case _:
                    return "?"

        LIMIT = 5

        def body():
            things = [Move(0, 3), Move(9, 1), Move(1, 1), Say("hi"), Say("x"), Key.UP]
            return [judge(thing) for thing in [*things, [1, 2], {"a": 1, "b": 2}, 2.5]]
        """,
    ),
    Feature(
        "defaults of lambdas",
        """
        OFFSET = 10
        adders = [lambda n, i=i: n + i + OFFSET for i in range(3)]
        late = [lambda n: n + i for i in range(3)]

        def body():
            return [f(1) for f in adders], [f(1) for f in late]
        """,
    ),
    Feature(
        "closures with nonlocal",
        """
        def make_counter(start=0):
            count = start

            def counter(step=1):
                nonlocal count
                count += step
                return count

            return counter

        def body():
            a, b = make_counter(), make_counter(10)
            return a(), a(), b(5), a(), b()
        """,
    ),
    Feature(
        "global statement",
        """
        calls = 0

        def counted():
            global calls
            calls += 1
            return calls

        def body():
            global calls
            calls = 0
            for _ in range(3):
                counted()
            return calls
        """,
    ),
    Feature(
        "global that the body creates",
        """
        def create():
            global created
            created = "now"

        def body():
            create()
            return created, "created" in globals()
        """,
    ),
    Feature(
        "recursion",
        """
        def factorial(n):
            return 1 if n < 2 else n * factorial(n - 1)

        def is_even(n):
            return n == 0 or is_odd(n - 1)

        def is_odd(n):
            return n != 0 and is_even(n - 1)

        fib = lambda n: n if n < 2 else fib(n - 1) + fib(n - 2)

        def body():
            return factorial(20), is_even(10), is_odd(7), fib(12)
        """,
    ),
    Feature(
        "recursion of a local function",
        """
        def make_walk():
            def walk(tree):
                return tree if isinstance(tree, int) else sum(map(walk, tree))

            return walk

        walk = make_walk()

        def body():
            return walk([1, [2, [3]]])
        """,
    ),
    Feature(
        "recursion error",
        """
        def forever(n):
            return forever(n + 1)

        def body():
            try:
                forever(0)
            except RecursionError as error:
                return "caught", str(error).startswith("maximum recursion depth exceeded")
        """,
    ),
    Feature(
        "decorator with wraps",
        """
        import functools

        def shout(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return function(*args, **kwargs).upper()

            return wrapper

        @shout
        def hello(name="you"):
            "Greets."
            return f"hello {name}"

        def body():
            return hello("ann"), hello.__name__, hello.__doc__, hello.__wrapped__("bob")
        """,
    ),
    Feature(
        "decorator without wraps",
        """
        LOG = []

        def logged(function):
            def wrapper(*args):
                LOG.append(function.__name__)
                return function(*args)

            return wrapper

        @logged
        def plus(a, b):
            return a + b

        @logged
        def times(a, b):
            return a * b

        def body():
            del LOG[:]
            return plus(1, 2), times(3, 4), LOG, plus.__name__
        """,
    ),
    Feature(
        "decorator with arguments on the body",
        """
        import functools

        def repeat(n):
            def decorate(function):
                @functools.wraps(function)
                def repeated():
                    return [function() for _ in range(n)]

                return repeated

            return decorate

        @repeat(3)
        def body():
            return SOUND

        SOUND = "moo"
        """,
    ),
    Feature(
        "decorator that is a class",
        """
        class CountCalls:
            def __init__(self, function):
                self.function = function
                self.calls = 0

            def __call__(self, *args):
                self.calls += 1
                return self.function(*args)

        @CountCalls
        def tripled(n):
            return n * THREE

        THREE = 3

        def body():
            before = tripled.calls
            return tripled(1), tripled(2), tripled.calls - before
        """,
    ),
    Feature(
        "decorators of methods",
        """
        import functools

        def checked(method):
            @functools.wraps(method)
            def wrapper(self, *args):
                self.checks += 1
                return method(self, *args)

            return wrapper

        class Checked:
            checks = 0

            @checked
            def one(self):
                return 1

            @classmethod
            @functools.lru_cache
            def two(cls):
                return cls.__name__

            @staticmethod
            @functools.cache
            def three(n):
                return [n]

        def body():
            c = Checked()
            return c.one(), c.one(), c.checks, Checked.two(), Checked.three(1) is Checked.three(1)
        """,
    ),
    Feature(
        "lru cache",
        """
        import functools

        @functools.lru_cache(maxsize=16)
        def slow(n):
            return n if n < 2 else slow(n - 1) + slow(n - 2)

        @functools.cache
        def pair(a, b=2):
            return a, b

        def body():
            slow.cache_clear()
            info = slow(20), slow.cache_info()
            return info, pair(1) is pair(1), slow.cache_parameters(), slow.__wrapped__.__name__
        """,
    ),
    Feature(
        "lru cache that was filled before",
        """
        import functools

        COMPUTED = []

        @functools.lru_cache
        def compute(n):
            COMPUTED.append(n)
            return n * 2

        compute(1)

        def body():
            return compute(1), compute(2), compute(2), COMPUTED
        """,
        known={"main on interpreters": why.EMPTY_CACHE},
    ),
    Feature(
        "singledispatch",
        """
        import functools

        class Shape2:
            pass

        class Square2(Shape2):
            pass

        @functools.singledispatch
        def describe(thing):
            return "something"

        @describe.register
        def _(thing: int):
            return "an int"

        @describe.register(list)
        def describe_list(thing):
            return f"{len(thing)} things: {describe(thing[0])}"

        @describe.register(Shape2)
        def _(thing):
            return f"shape {type(thing).__name__}"

        def body():
            chosen = describe.dispatch(Square2)
            return describe(1), describe([1]), describe(Square2()), describe("x"), chosen(Shape2())
        """,
    ),
    Feature(
        "singledispatchmethod and partialmethod",
        """
        import functools

        class Formatter:
            @functools.singledispatchmethod
            def show(self, thing):
                return "?"

            @show.register
            def _(self, thing: int):
                return f"int {thing}"

            @show.register
            def _(self, thing: str):
                return f"str {thing}"

            def pad(self, width, text):
                return text.rjust(width)

            pad5 = functools.partialmethod(pad, 5)

        def body():
            f = Formatter()
            return f.show(1), f.show("a"), f.show(None), f.pad5("x")
        """,
    ),
    Feature(
        "argument kinds",
        """
        def takes(a, /, b, *args, c=3, **kwargs):
            return a, b, args, c, kwargs

        def body():
            first = takes(1, 2, 3, c=4, d=5)
            second = takes(*[1, 2], **{"a": 9})
            try:
                takes(a=1, b=2)
            except TypeError as error:
                return first, second, str(error)
        """,
    ),
    Feature(
        "reduce, map and operators",
        """
        import operator
        from functools import reduce
        from operator import attrgetter, itemgetter, methodcaller

        by_second = itemgetter(1)
        upper = methodcaller("upper")
        OPERATIONS = {"+": operator.add, "*": operator.mul}

        def body():
            pairs = sorted([(1, "b"), (2, "a")], key=by_second)
            product = reduce(OPERATIONS["*"], range(1, 6))
            return pairs, upper("x"), product, attrgetter("real")(3), list(map(OPERATIONS["+"], [1], [2]))
        """,
    ),
    Feature(
        "exceptions of its own",
        """
        class AppError(Exception):
            code = 1

            def __init__(self, message, *, detail=None):
                super().__init__(message)
                self.detail = detail

        class NotFound(AppError):
            code = 404

        def find_it(key):
            try:
                return {}[key]
            except KeyError as error:
                raise NotFound(f"no {key}", detail=[key]) from error

        def body():
            try:
                find_it("x")
            except AppError as error:
                return type(error) is NotFound, error.code, error.detail, str(error), repr(error.__cause__)
        """,
    ),
    Feature(
        "exception that leaves the body",
        """
        class Broken(Exception):
            def __init__(self, part, *, why):
                super().__init__(f"{part}: {why}")
                self.part = part
                self.why = why

        def body():
            try:
                1 / 0
            except ZeroDivisionError as error:
                raise Broken("wheel", why="flat") from error

        def drive(boc):
            try:
                boc.run(body)
            except Broken as error:
                return error.part, error.why, str(error), repr(error.__cause__)
        """,
    ),
    Feature(
        "exception groups and notes",
        """
        class Bad(ValueError):
            pass

        def body():
            caught = []
            try:
                error = Bad("b")
                error.add_note("noted")
                raise ExceptionGroup("many", [error, TypeError("t"), OSError("o")])
            except* Bad as group:
                caught.append((len(group.exceptions), group.exceptions[0].__notes__))
            except* (TypeError, OSError) as group:
                caught.append([type(e).__name__ for e in group.exceptions])
            return caught
        """,
        since=(3, 11),
    ),
    Feature(
        "try, finally and else",
        """
        ORDER = []

        def ordered(fail):
            try:
                if fail:
                    raise ValueError
            except ValueError:
                ORDER.append("except")
            else:
                ORDER.append("else")
            finally:
                ORDER.append("finally")
            for i in range(3):
                if i == 1:
                    break
            else:
                ORDER.append("never")

        def body():
            del ORDER[:]
            ordered(True)
            ordered(False)
            return ORDER
        """,
    ),
    Feature(
        "formatted strings",
        """
        NAMES = {"a": "Ann"}
        WIDTH = 6

        def body():
            text = f"{NAMES['a']:>{WIDTH}}|{3.14159:.{WIDTH - 4}f}|{NAMES['a']!r}|{WIDTH=}|{{}}"
            return text, f"{(lambda n: n * WIDTH)(2)}", "%d%%" % WIDTH
        """,
    ),
    Feature(
        "formatted strings with nested quotes",
        """
        LEVELS = {"one": {"two": 2}}

        def body():
            return f"{LEVELS["one"]["two"]} {f"{f"{1 + 1}"}"} {"\\N{BULLET}" + "x"}"
        """,
        since=(3, 12),
    ),
    Feature(
        "unpacking and slices",
        """
        ITEMS = [1, 2, 3, 4, 5]

        def body():
            a, (b, *c), *d = 1, (2, 3, 4), 5, 6
            copy = ITEMS[:]
            copy[1:3] = ["x"]
            del copy[-1]
            return a, b, c, d, copy, [*ITEMS[::-2], *{"k": 1}], {**{"a": 1}, "b": 2} | {"c": 3}
        """,
    ),
    Feature(
        "loop variables in closures",
        """
        def drive(boc):
            results = []
            for n in range(3):

                def body():
                    return n * 10

                results.append(boc.run(body))
            return results
        """,
    ),
    Feature(
        "asserts and conditional definitions",
        """
        import sys

        if sys.version_info >= (3,):

            def version():
                return "new"

        else:

            def version():
                return "old"

        try:
            import no_such_module
        except ImportError:
            no_such_module = None

        def body():
            try:
                assert version() == "old", "it is new"
            except AssertionError as error:
                return version(), no_such_module, str(error)
        """,
    ),
    Feature(
        "future annotations",
        """
        from __future__ import annotations

        import dataclasses
        import typing

        @dataclasses.dataclass
        class Tree:
            value: int
            left: Tree | None = None
            count: typing.ClassVar[int] = 0

        def grow(tree: Tree, by: Unknown = 1) -> Tree:
            return Tree(tree.value + by, tree)

        def body():
            hints = typing.get_type_hints(Tree)
            return grow(Tree(1)), grow.__annotations__, hints["left"] == typing.Optional[Tree]
        """,
        alone=True,
    ),
    Feature(
        "asynchronous functions in the body",
        """
        import asyncio

        class Channel:
            def __init__(self):
                self.items = []

            async def __aenter__(self):
                return self

            async def __aexit__(self, *error):
                self.items.append("closed")

            async def __aiter__(self):
                for item in range(2):
                    await asyncio.sleep(0)
                    yield item

        async def work(n):
            await asyncio.sleep(0)
            return n * SCALE

        async def main():
            async with Channel() as channel:
                seen = [item async for item in channel]
            return seen, channel.items, await asyncio.gather(work(1), work(2))

        SCALE = 5

        def body():
            return asyncio.run(main())
        """,
    ),
    Feature(
        "body that is a lambda",
        """
        RATE = 3
        scaled = lambda n: n * RATE
        body = lambda: scaled(2)
        """,
    ),
    Feature(
        "body that is a partial",
        """
        import functools

        def area_of(w, h):
            return w * h * UNIT

        UNIT = 2
        body = functools.partial(area_of, 3, h=4)
        """,
    ),
    Feature(
        "body that is a bound method",
        """
        class Worker:
            def __init__(self, name):
                self.name = name

            def run(self):
                return self.name + SUFFIX, type(self) is Worker

        SUFFIX = "!"
        body = Worker("w").run
        """,
    ),
    Feature(
        "body that is a callable instance",
        """
        class Callable2:
            def __init__(self, n):
                self.n = n

            def __call__(self):
                return self.n + ADDED

        ADDED = 1
        body = Callable2(4)
        """,
    ),
    Feature(
        "function that wraps the one it replaces",
        """
        def wrapped():
            return ["first"]

        before_wrapped = wrapped

        def wrapped():
            return [*before_wrapped(), "second"]

        def body():
            return wrapped(), wrapped is before_wrapped
        """,
    ),
    Feature(
        "globals that hide builtins",
        """
        def print(*things):
            return "printed", things

        def len(thing):
            return -1

        list = tuple

        def count_them(things):
            return len(things), list(things)

        def body():
            return print(1), count_them([1, 2]), max([len("x")])
        """,
        alone=True,
    ),
    Feature(
        "sort keys by comparison",
        """
        import functools

        def compare(a, b):
            return SIGN * ((a > b) - (a < b))

        SIGN = -1
        by_comparison = functools.cmp_to_key(compare)

        def body():
            return sorted([1, 3, 2], key=by_comparison)
        """,
        known={"main on interpreters": why.NOT_SENT},
    ),
    Feature(
        "checks of types by annotations",
        """
        import functools

        def checked_types(function):
            hints = function.__annotations__

            @functools.wraps(function)
            def wrapper(*args):
                for (name, kind), value in zip(hints.items(), args):
                    if not isinstance(value, kind):
                        raise TypeError(f"{name} must be {kind.__name__}")
                return function(*args)

            return wrapper

        @checked_types
        def repeat_text(text: str, times: int):
            return text * times

        def body():
            try:
                repeat_text("a", "b")
            except TypeError as error:
                return repeat_text("a", 2), str(error)
        """,
    ),
    Feature(
        "annotations read in the body",
        """
        def convert(function, *texts):
            kinds = list(function.__annotations__.values())
            return function(*(kind(text) for kind, text in zip(kinds, texts)))

        def add_numbers(a: int, b: float):
            return a + b

        def body():
            return convert(add_numbers, "1", "2.5")
        """,
    ),
    Feature(
        "overloads and finals",
        """
        from typing import Final, cast, final, overload

        @overload
        def either(x: int) -> int: ...
        @overload
        def either(x: str) -> str: ...
        def either(x):
            return x

        MAX: Final = 3

        @final
        class Last9:
            pass

        def body():
            return either(1), cast(int, MAX), Last9.__final__
        """,
        since=(3, 11),
    ),
    Feature(
        "imports for type checkers only",
        """
        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            from nowhere import Anything

        def typed_only(x: "Anything") -> "Anything":
            return x

        def body():
            return typed_only(1), TYPE_CHECKING
        """,
    ),
    Feature(
        "functions made from code",
        """
        import types

        def pattern_of(n):
            return n + MORE

        MORE = 1
        copy_of_it = types.FunctionType(pattern_of.__code__, globals(), "copy_of_it")
        with_other_globals = types.FunctionType(pattern_of.__code__, {"MORE": 10})
        method_of_list = types.MethodType(lambda self, n: [*self, n], [1])

        def body():
            return copy_of_it(1), with_other_globals(1), method_of_list(2), copy_of_it.__name__
        """,
    ),
    Feature(
        "functions made by exec",
        r"""
        exec("def executed(n):\n    return n * EXECUTED_BY")
        EXECUTED_BY = 4
        apart = {}
        exec("K = 3\ndef deeper(n):\n    return n * K", apart)
        deeper = apart["deeper"]

        def body():
            return executed(2), deeper(2)
        """,
    ),
    Feature(
        "functions made in a loop",
        """
        handlers = {}
        for verb in ("get", "put"):

            def handler(verb=verb):
                return f"{verb} by {verb_count}"

            handlers[verb] = handler
            setattr(handler, "verb", verb)
        verb_count = len(handlers)

        def body():
            return [handlers[v]() for v in handlers], [h.verb for h in handlers.values()], verb
        """,
    ),
    Feature(
        "global of a nested function",
        """
        def outer_of_nested():
            def sets():
                global set_by_nested
                set_by_nested = 5

            sets()
            return set_by_nested

        set_by_nested = 0

        def body():
            return outer_of_nested(), set_by_nested
        """,
        known={"main on threads": why.COPIED_GLOBALS},
    ),
    Feature(
        "names with underscores",
        """
        _private = 1
        __double = 2
        __dunder__ = 3

        def ___():
            return _private + __double + __dunder__

        def body():
            return ___(), _private, __double, __dunder__
        """,
    ),
    Feature(
        "exceptions among the globals",
        """
        class Late(Exception):
            def __init__(self, *, by):
                super().__init__(f"late by {by}")
                self.by = by

        class Early(Late):
            pass

        LATE = Late(by=5)
        EXPECTED = (Early, KeyError)

        def body():
            try:
                raise Early(by=1)
            except EXPECTED as error:
                first = str(error)
            try:
                raise LATE
            except Late as error:
                return first, error.by, error is LATE
        """,
    ),
    Feature(
        "asynchronous generators and contexts",
        """
        import asyncio
        import contextlib

        @contextlib.asynccontextmanager
        async def connected():
            EVENTS.append("open")
            yield "connection"
            EVENTS.append("closed")

        async def ticks(n):
            for i in range(n):
                yield i
                await asyncio.sleep(0)

        async def all_of_it():
            async with connected() as connection, asyncio.timeout(5):
                async with asyncio.TaskGroup() as group:
                    task = group.create_task(asyncio.sleep(0, "slept"))
                return connection, task.result(), [i async for i in ticks(2)]

        EVENTS = []

        def body():
            del EVENTS[:]
            return asyncio.run(all_of_it()), EVENTS
        """,
        since=(3, 11),
    ),
    Feature(
        "parameter specifications",
        """
        import functools
        from typing import Callable, Concatenate, ParamSpec, TypeVar

        P15 = ParamSpec("P15")
        R15 = TypeVar("R15")

        def with_request(function: Callable[Concatenate[int, P15], R15]) -> Callable[P15, R15]:
            @functools.wraps(function)
            def inner(*args: P15.args, **kwargs: P15.kwargs) -> R15:
                return function(REQUEST, *args, **kwargs)

            return inner

        @with_request
        def view(request: int, name: str) -> str:
            return f"{name} {request}"

        REQUEST = 1

        def body():
            return view("n"), P15.__name__
        """,
    ),
    Feature(
        "deprecated functions and classes",
        """
        import warnings

        @warnings.deprecated("use the new one")
        def deprecated_function():
            return 1

        @warnings.deprecated("old class")
        class DeprecatedClass:
            pass

        def body():
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                deprecated_function()
                DeprecatedClass()
            return [str(w.message) for w in caught], deprecated_function.__deprecated__
        """,
        since=(3, 13),
    ),
    Feature(
        "copies with changes",
        """
        import copy

        class Replaced:
            def __init__(self, a, b):
                self.a, self.b = a, b

            def __replace__(self, **changes):
                return Replaced(**{**vars(self), **changes})

        def body():
            new = copy.replace(Replaced(1, 2), b=3)
            return new.a, new.b
        """,
        since=(3, 13),
    ),
    Feature(
        "template strings",
        """
        NAME16 = "Ann"
        TEMPLATE16 = t"hello {NAME16!r:>5}"

        def render(template):
            return [part if isinstance(part, str) else (part.value, part.conversion) for part in template]

        def body():
            return render(TEMPLATE16), render(t"{NAME16}")
        """,
        since=(3, 14),
    ),
    Feature(
        "places in partial calls",
        """
        import functools

        def divide(a, b):
            return a / b

        half = functools.partial(divide, functools.Placeholder, 2)

        def body():
            return half(6), half.args[0] is functools.Placeholder
        """,
        since=(3, 14),
    ),
    Feature(
        "several exceptions without parentheses",
        """
        class One17(Exception):
            pass

        class Two17(Exception):
            pass

        def body():
            try:
                raise Two17("x")
            except One17, Two17:
                return "caught"
        """,
        since=(3, 14),
    ),
    Feature(
        "one function as a method of two classes",
        """
        def shared_method(self):
            return type(self).__name__

        class UsesIt:
            method = shared_method

        class UsesItToo:
            method = shared_method

        def body():
            return UsesIt().method(), UsesItToo().method(), UsesIt.method is UsesItToo.method
        """,
    ),
    Feature(
        "helpers that only functions in parts of definitions use",
        """
        def by_default(n):
            return n + 1

        def by_row(n):
            return n + 2

        def by_step(n):
            return n + 3

        def by_hook(n):
            return n + 4

        def by_cell(n):
            return n + 5

        def by_command(n):
            return n + 6

        def with_key(*, key=lambda n: by_default(n)):
            return key(0)

        class Command:
            def __init__(self, call):
                self.call = call

        class Menu:
            rows = {"a": lambda n: by_row(n)}
            steps = [(1, lambda n: by_step(n))]
            command = Command(lambda n: by_command(n))

        def hooked(function):
            function.hook = lambda n: by_hook(n)
            return function

        @hooked
        def with_hook():
            return with_hook.hook(0)

        def make_looker():
            table = {"x": [lambda n: by_cell(n)]}
            return lambda: table["x"][0](0)

        look_up = make_looker()

        def body():
            in_class = Menu.rows["a"](0), Menu.steps[0][1](0), Menu.command.call(0)
            return with_key(), in_class, with_hook(), look_up()
        """,
    ),
]
