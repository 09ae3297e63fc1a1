"""Exceptions arrive as themselves: type, args, attributes, notes, cause, context, members and traceback."""

import asyncio
import builtins
import json
import re
import subprocess
import sys
import threading
import traceback

from bocpy import Cown, quiesce, receive, send, wait, when
from support import interpreters_only, pytest, run_script


class AppError(Exception):
    """Takes other arguments than its `args`."""

    def __init__(self, code, *, detail):
        super().__init__(f"app error {code}")
        self.code, self.detail = code, detail


class Doubling(ValueError):
    """Would say something else if it were made of its `args`."""

    def __init__(self, text):
        super().__init__(text * 2)


class Slotted(Exception):
    __slots__ = ("part",)

    def __init__(self, part):
        self.part = part


class Missing(OSError):
    def __init__(self, path):
        super().__init__(2, "no such thing", path)
        self.path = path


class Mixed(ValueError, OSError):
    pass


class Reducing(Exception):
    def __init__(self, a, b):
        super().__init__("reducing")
        self.ab = (a, b)

    def __reduce__(self):
        return Reducing, self.ab


def deep(n):
    return deep(n - 1) if n else {}["key"]


def chained():
    try:
        try:
            deep(3)
        except KeyError as error:
            raise AppError(5, detail=[1]) from error
    except AppError:
        raise LookupError("in vain")  # noqa: B904 (the context is the point)


def noted():
    error = AppError(6, detail={"a": 1})
    if sys.version_info >= (3, 11):
        error.add_note("a note")
    raise error


def without_context():
    try:
        deep(0)
    except KeyError:
        raise Doubling("ab") from None


def raising(error):
    def raises():
        raise error.with_traceback(None)

    return raises


RAISERS = {
    "chained": chained,
    "noted": noted,
    "without context": without_context,
    "decoding": lambda: b"\xff".decode(),
    "encoding": lambda: "é".encode("ascii"),
    "no file": lambda: open("/no/such/file"),  # noqa: SIM115
    "no JSON": lambda: json.loads("{"),
    "no syntax": lambda: compile("1 +", "name.py", "exec"),
    "no module": lambda: __import__("no_such_module"),
    "no attribute": lambda: [].no_such_attribute,
    "no name": lambda: no_such_name,  # noqa: F821
    "no key": lambda: {}[("a", 1)],
    "a slot": raising(Slotted([4])),
    "an OSError": raising(Missing("/p")),
    "two bases": raising(Mixed(1, 2)),
    "a reducer": raising(Reducing(1, 2)),
    "a process": raising(subprocess.CalledProcessError(3, ["a"], b"out")),
    "an exit": raising(SystemExit(4)),
    "an end": raising(StopIteration(5)),
    "cancelled": raising(asyncio.CancelledError()),
    "too deep": lambda: deep(10_000),
}

if sys.version_info >= (3, 11):

    class Group(builtins.ExceptionGroup):
        def __new__(cls, text, members, code):
            made = super().__new__(cls, text, members)
            made.code = code
            return made

        def __init__(self, text, members, code):
            pass

    def group():
        members = []
        for raises in (chained, noted):
            try:
                raises()
            except Exception as error:
                members.append(error)
        raise builtins.ExceptionGroup("several", [*members, builtins.ExceptionGroup("inner", [Doubling("x")])])

    RAISERS |= {"a group": group, "a group of its own": raising(Group("own", [KeyError(1), ValueError(2)], 7))}


def caught(raises):
    try:
        raises()
    except BaseException as error:
        # Without the frame that caught it.
        return error.with_traceback(error.__traceback__.tb_next)


def picture(error, seen=()):
    """What can be seen of an exception."""
    if error is None or id(error) in seen:
        return None
    seen = (*seen, id(error))
    parts = {"type": type(error), "args": repr(error.args), "own": repr(vars(error))}
    for name in dir(error):
        value = getattr(error, name, None)
        # The object of an AttributeError stays behind; `_metadata` is CPython's own.
        if name[0] != "_" and not callable(value) and name not in ("obj", "exceptions"):
            parts[name] = repr(value)
    parts["suppress"] = error.__suppress_context__
    parts["cause"] = picture(error.__cause__, seen)
    parts["context"] = picture(error.__context__, seen)
    parts["members"] = [picture(member, seen) for member in getattr(error, "exceptions", ())]
    return parts


def text_of(error):
    """The traceback from the code here on."""
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    # How deep it got depends on where it began.
    return re.sub(r"repeated \d+ more", "repeated", text)


@pytest.mark.parametrize("name", RAISERS)
def test_what_a_behavior_raises_arrives_as_it_is(name):
    raises = RAISERS[name]
    plain = caught(raises)
    result = when()(raises)
    quiesce()
    with result:
        assert result.exception
        moved = result.value
    assert picture(moved) == picture(plain)
    assert text_of(moved) == text_of(plain)
    with pytest.raises(type(plain)) as raised:
        result.unwrap()
    assert picture(raised.value) == picture(plain)


@pytest.mark.parametrize("name", RAISERS)
def test_an_exception_as_a_value_arrives_as_it_is(name):
    error = caught(RAISERS[name])
    plain = picture(error)
    alone, among = Cown(error), Cown({"errors": [error, {"same": error}]})

    @when(alone, among)
    def seen(alone, among):
        listed = among.value["errors"]
        send("error", alone.value)
        return picture(alone.value), picture(listed[0]), listed[1]["same"] is listed[0], alone.value

    quiesce()
    *pictures, one, returned = seen.unwrap()
    assert pictures == [plain, plain]
    assert one
    assert picture(returned) == plain
    assert picture(receive("error", 60)[1]) == plain
    wait()
    assert picture(alone.value) == plain
    assert text_of(alone.value) == text_of(error)


def test_an_exception_may_be_its_own_context():
    def raises():
        error, other = ValueError(1), KeyError(2)
        error.__cause__, other.__context__ = other, error
        error.self = error
        raise error

    result = when()(raises)
    quiesce()
    with pytest.raises(ValueError) as raised:
        result.unwrap()
    assert raised.value.__cause__.__context__ is raised.value
    assert raised.value.self is raised.value


class Holding(LookupError):
    pass


@interpreters_only
def test_what_cannot_travel_is_left_out_and_named():
    def raises():
        error = Holding(threading.Lock(), "fine")
        error.lock, error.code = threading.Lock(), 7
        raise error from ValueError(threading.Lock())

    result = when()(raises)
    quiesce()
    with pytest.raises(Holding) as raised:
        result.unwrap()
    error = raised.value
    assert error.args[1] == "fine" and "lock" in error.args[0]
    assert error.code == 7 and not hasattr(error, "lock")
    notes = "\n".join(error.__notes__)
    assert "args[0]" in notes and "'lock'" in notes and "cannot be moved" in notes
    assert "args[0]" in error.__cause__.__notes__[0]


@interpreters_only
def test_an_exception_whose_class_cannot_travel_has_its_nearest_base():
    def raises():
        class Stuck(type):
            def __reduce_ex__(cls, protocol):
                raise TypeError("stuck")

        class Special(Holding, metaclass=type("Meta", (type,), {"lock": threading.Lock()})):
            pass

        raise Special("what it says")

    result = when()(raises)
    quiesce()
    with pytest.raises(Holding) as raised:
        result.unwrap()
    assert type(raised.value).__name__ == "Special"
    assert raised.value.args == ("what it says",)
    assert "Special" in raised.value.__notes__[0]


def test_an_exception_whose_pickling_fails_is_made_without_it():
    class Broken(Exception):
        def __reduce__(self):
            raise ArithmeticError("not this way")

    def raises():
        raise Broken("text")

    result = when()(raises)
    quiesce()
    with pytest.raises(Exception, match="text") as raised:
        result.unwrap()
    assert type(raised.value).__name__ == "Broken"


def test_a_program_sees_the_lines_of_the_behavior():
    """Also with `traceback.print_exc` and at the end of the program."""
    done = run_script("""
        from bocpy import quiesce, when

        def inner(x):
            return x["missing"]  # the line

        @when()
        def result():
            return inner({})

        quiesce()
        result.unwrap()
    """)
    assert done.returncode == 1
    lines = [line.strip() for line in done.stderr.splitlines()]
    assert lines[0] == "Traceback (most recent call last):"
    assert 'return x["missing"]  # the line' in lines and "return inner({})" in lines
    assert [line.split(", in ")[1] for line in lines if line.startswith("File ")] == ["<module>", "result", "inner"]
    assert lines[-1] == "KeyError: 'missing'"
