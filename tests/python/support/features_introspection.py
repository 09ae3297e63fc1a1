"""What programs can ask about themselves: names, annotations, signatures, sources and modules."""

from support.features import Feature

INTROSPECTION = [
    Feature(
        "names of functions and classes",
        """
        class Named2:
            "A class."

            def method(self):
                "A method."

            class Within:
                pass

        def named():
            "A function."

            def inner():
                pass

            return inner

        def body():
            things = [named, named(), Named2, Named2.method, Named2.Within, body]
            return [(t.__name__, t.__qualname__, t.__module__, t.__doc__) for t in things]
        """,
    ),
    Feature(
        "name of the module",
        """
        def helper_name():
            return __name__

        def body():
            return __name__, helper_name(), globals()["__name__"]
        """,
    ),
    Feature(
        "whether it is the main program",
        """
        IS_MAIN = __name__ == "__main__"

        def body():
            return (__name__ == "__main__") == IS_MAIN
        """,
    ),
    Feature(
        "file of the module",
        """
        import os

        HERE = os.path.dirname(os.path.abspath(__file__))

        def body():
            return os.path.dirname(os.path.abspath(__file__)) == HERE, os.path.splitext(__file__)[1]
        """,
    ),
    Feature(
        "file relative to a path",
        """
        from pathlib import Path

        DATA_FOLDER = Path(__file__).parent / "data"

        def body():
            return DATA_FOLDER == Path(__file__).parent / "data", DATA_FOLDER.name
        """,
    ),
    Feature(
        "special names of the module",
        """
        "The docstring of the module."

        def body():
            return __package__, __doc__, __spec__ is None, __loader__ is None

        def drive(boc):
            return boc.run(body) == (__package__, __doc__, __spec__ is None, __loader__ is None)
        """,
    ),
    Feature(
        "module in sys.modules",
        """
        import sys

        PORT = 80

        def body():
            module = sys.modules[__name__]
            return module.PORT, module.__name__ == __name__, vars(module) is globals()
        """,
    ),
    Feature(
        "import of its own module",
        """
        import importlib

        LIMIT_HERE = 12

        def body():
            return importlib.import_module(__name__).LIMIT_HERE, __import__(__name__).LIMIT_HERE
        """,
    ),
    Feature(
        "globals by name",
        """
        def handle_get():
            return "get"

        def handle_put():
            return "put"

        def body():
            return [globals()["handle_" + verb]() for verb in ("get", "put")], "handle_post" in globals()
        """,
    ),
    Feature(
        "listing the globals",
        """
        def test_one():
            return 1

        def test_two():
            return 2

        SOME_TESTS = ("test_one", "test_two")

        def body():
            return sorted(name for name in globals() if name.startswith("test_")), sorted(dir())
        """,
    ),
    Feature(
        "getattr on the module",
        """
        import sys

        def command_a():
            return "a"

        def body():
            return getattr(sys.modules[__name__], "command_" + "a")(), hasattr(sys.modules[__name__], "command_b")
        """,
    ),
    Feature(
        "eval and exec",
        """
        SEEN = 5

        def seen_twice():
            return SEEN * 2

        def body():
            names = {}
            exec("def made(n):\\n    return n + SEEN", globals(), names)
            local = 3
            return eval("SEEN + seen_twice()"), eval("local"), names["made"](1), eval(compile("SEEN", "<s>", "eval"))
        """,
    ),
    Feature(
        "names in a string template",
        """
        TEMPLATE = "{user} at {place}"
        user, place = "ann", "home"

        def body():
            return TEMPLATE.format(**globals()), TEMPLATE.format_map({"user": 1, "place": 2}), "%(user)s" % globals()
        """,
    ),
    Feature(
        "locals and vars",
        """
        class Record:
            def __init__(self):
                self.a, self.b = 1, 2

        def body():
            x, y = 1, 2
            return sorted(locals()), vars(Record()), [n for n in dir(Record()) if not n.startswith("_")]
        """,
    ),
    Feature(
        "annotations of functions",
        """
        def annotated(a: int, *rest: "str", key: list[int] = ()) -> dict[str, int]:
            pass

        def body():
            return annotated.__annotations__
        """,
    ),
    Feature(
        "annotations with names of the module",
        """
        import typing

        class Thing3:
            owner: "Owner3"
            size: int = 3

        class Owner3:
            def give(self, thing: Thing3) -> "Owner3 | None":
                return None

        def body():
            hints = typing.get_type_hints(Thing3)
            method = typing.get_type_hints(Owner3.give)
            return hints["owner"] is Owner3, hints["size"], method["thing"] is Thing3, sorted(method)
        """,
    ),
    Feature(
        "annotations of classes",
        """
        class Config4:
            name: str
            port: int = 80

        def body():
            return Config4.__annotations__, Config4.port
        """,
    ),
    Feature(
        "annotations of the module",
        """
        import sys

        VOLUME: int = 3

        def body():
            return VOLUME, sys.modules[__name__].__annotations__["VOLUME"]
        """,
    ),
    Feature(
        "annotations of names that come later",
        """
        import annotationlib

        class Before5:
            after: After5

            def meet(self, other: After5 | None) -> Never5:
                pass

        class After5:
            pass

        def body():
            shown = annotationlib.get_annotations(Before5.meet, format=annotationlib.Format.STRING)
            return Before5.__annotations__["after"] is After5, shown
        """,
        since=(3, 14),
    ),
    Feature(
        "signature",
        """
        import inspect

        DEFAULT_SIZE = 10

        def signed(a, b: int = DEFAULT_SIZE, *args, c, **kw) -> None:
            pass

        class Signed:
            def __init__(self, x, y=2):
                pass

        def body():
            bound = inspect.signature(signed).bind(1, c=2)
            return str(inspect.signature(signed)), str(inspect.signature(Signed)), bound.arguments
        """,
    ),
    Feature(
        "source of a function",
        """
        import inspect

        def sourced(n):
            # A comment.
            return n + 1

        def body():
            return inspect.getsource(sourced), inspect.getdoc(sourced)
        """,
    ),
    Feature(
        "source of a class",
        """
        import inspect

        class Sourced:
            "Documented."

            attribute = 1

        def body():
            return inspect.getsource(Sourced).splitlines()[0], inspect.getdoc(Sourced)
        """,
    ),
    Feature(
        "module of a function",
        """
        import inspect
        import sys

        def placed():
            pass

        class Placed:
            pass

        def body():
            here = sys.modules[__name__]
            return inspect.getmodule(placed) is here, inspect.getmodule(Placed) is here, inspect.isfunction(placed)
        """,
    ),
    Feature(
        "names of callers",
        """
        import inspect
        import sys

        def who_calls():
            return sys._getframe(1).f_code.co_name, inspect.stack()[1].function, sys._getframe(1).f_globals["__name__"]

        def caller():
            return who_calls()

        def body():
            return caller()
        """,
    ),
    Feature(
        "lines of tracebacks",
        """
        import traceback

        def fails():
            raise ValueError("here")

        def body():
            try:
                fails()
            except ValueError as error:
                frames = traceback.extract_tb(error.__traceback__)
                return [(f.name, f.line) for f in frames], traceback.format_exception_only(error)
        """,
    ),
    Feature(
        "globals of a function",
        """
        def framed():
            pass

        WITHIN = 1

        def body():
            return framed.__globals__ is globals(), framed.__globals__["WITHIN"], framed.__code__.co_name
        """,
    ),
    Feature(
        "imports of every form",
        """
        import collections.abc
        import os.path as path
        import email.mime.text
        from json import *
        from math import floor as down, pi

        def body():
            from string import ascii_lowercase as letters

            import urllib.parse

            document = email.mime.text.MIMEText("a").get_content_type()
            shown = loads("[1]"), down(pi), letters[:3], document
            return shown, urllib.parse.quote("a b"), path.join("a", "b"), isinstance([], collections.abc.Sequence)
        """,
    ),
    Feature(
        "import of modules beside the program",
        """
        import beside
        import beside_package.part as part
        from beside import VALUE, Thing6, change
        from beside_package import part as same_part
        from beside_package.deeper.leaf import climb

        THING = Thing6(VALUE)

        def body():
            change(beside.VALUE + 1)
            now = beside.VALUE
            change(VALUE)
            return now, VALUE, type(THING) is beside.Thing6, part is same_part, part.NAME, climb()
        """,
        files={
            "beside.py": """
                VALUE = 7

                def change(value):
                    global VALUE
                    VALUE = value

                class Thing6:
                    def __init__(self, value):
                        self.value = value
            """,
            "beside_package/__init__.py": "",
            "beside_package/part.py": "NAME = __name__\n",
            "beside_package/deeper/__init__.py": "",
            "beside_package/deeper/leaf.py": """
                from .. import part
                from ..part import NAME

                def climb():
                    return part.NAME, NAME, __package__
            """,
        },
    ),
    Feature(
        "module with a getattr of its own",
        """
        import lazily

        def body():
            return lazily.anything, lazily.CONSTANT
        """,
        files={
            "lazily.py": """
                CONSTANT = 1

                def __getattr__(name):
                    if name.startswith("__"):
                        raise AttributeError(name)
                    return name.upper()
            """,
        },
    ),
    Feature(
        "what Annotated adds, in an annotation and as a global",
        """
        from dataclasses import dataclass
        from typing import Annotated, get_type_hints

        class Between:
            def __init__(self, low, high):
                self.low, self.high = low, high

        Percent = Annotated[int, Between(0, 100)]

        @dataclass
        class Share:
            part: Percent
            others: list[Percent]

        def add_share(part: Percent) -> Percent:
            return part

        def body():
            hints = get_type_hints(Share, include_extras=True)
            same = get_type_hints(add_share, include_extras=True)
            return hints["part"] == Percent, hints["others"] == list[Percent], set(same.values()) == {Percent}
        """,
    ),
    Feature(
        "getattr of its own module",
        """
        import sys

        def __getattr__(name):
            if name == "lazy_value":
                return "made when asked for"
            raise AttributeError(f"no {name} here")

        def body():
            module = sys.modules[__name__]
            return module.lazy_value, hasattr(module, "other_value")
        """,
        alone=True,
    ),
    Feature(
        "guarded main program",
        """
        def answer():
            return ANSWER

        def body():
            return answer()

        def drive(boc):
            return "main ran" if MAIN_RAN else "imported", boc.run(body)

        ANSWER = 42
        MAIN_RAN = True
        if __name__ == "__main__":
            MAIN_RAN = True
        """,
    ),
    Feature(
        "type aliases",
        """
        type Pair7[T] = tuple[T, T]
        type Json7 = dict[str, Json7] | list[Json7] | str

        def body():
            shown = Pair7.__name__, Pair7.__module__, str(Pair7.__value__), Pair7[int].__args__
            return shown, str(Json7.__value__), Json7.__type_params__
        """,
        since=(3, 12),
    ),
    Feature(
        "type variables and new types",
        """
        import typing
        from typing import Annotated, Callable, Literal, Optional, TypeVar, Union

        Kind8 = TypeVar("Kind8", bound=int)
        Handler8 = Callable[[int], Optional[str]]
        Mode8 = Literal["r", "w"]
        Sized8 = Annotated[int, "positive"]

        def generic8(x: Kind8) -> Kind8:
            return x

        def body():
            hints = typing.get_type_hints(generic8)
            shown = typing.get_args(Mode8), Handler8, Sized8.__metadata__
            return hints["x"] is Kind8, Kind8.__bound__, shown, typing.get_origin(Union[int, str]) is Union
        """,
    ),
    Feature(
        "functions of the module found by inspect",
        """
        import inspect
        import sys

        def rule_a():
            return "a"

        def rule_b():
            return "b"

        def body():
            found = inspect.getmembers(sys.modules[__name__], inspect.isfunction)
            return [(name, function()) for name, function in found if name.startswith("rule_")]
        """,
    ),
    Feature(
        "from __main__ import",
        """
        import importlib
        import sys

        OWN_VALUE = 4

        def body():
            names = {}
            exec(f"from {__name__} import OWN_VALUE as found", names)
            return names["found"]
        """,
    ),
    Feature(
        "eval of an expression of the user",
        """
        from math import sqrt

        SCALE_BY = 3

        def triple(n):
            return n * SCALE_BY

        def calculate(text):
            return eval(text)

        def body():
            return calculate("triple(2) + sqrt(4)")
        """,
    ),
    Feature(
        "eval in globals of its own",
        """
        ALLOWED = {"one": 1, "__builtins__": {}}

        def body():
            return eval("one + two", ALLOWED, {"two": 2}), eval("1 + 1")
        """,
    ),
    Feature(
        "type alias of the old kind",
        """
        from typing import Dict, List, NewType, Union

        Names9 = List[str]
        Tree9 = Dict[str, Union["Tree9", int]]
        Number9 = int | float

        def body():
            return Names9, Tree9.__args__[0], isinstance(1.5, Number9), Number9
        """,
    ),
    Feature(
        "new type",
        """
        from typing import NewType

        UserId = NewType("UserId", int)

        def body():
            return UserId(3), UserId.__name__, UserId.__supertype__
        """,
    ),
    Feature(
        "parameters of functions",
        """
        import inspect

        def with_parameters(a, /, b=1, *, c="x"):
            pass

        def body():
            found = inspect.signature(with_parameters).parameters.values()
            return [(p.name, p.kind.name, None if p.default is p.empty else p.default) for p in found]
        """,
    ),
]
