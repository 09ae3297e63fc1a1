"""Arguments that are mostly wrong, for soak_calls.py."""

import collections
import fractions
import functools
import threading

import bocpy
from bocpy import Cown, read, when


class Text(str):
    pass


class Whole(int):
    pass


class Hostile:
    """Fails in everything that it is asked."""

    def fail(self, *_):
        raise OSError("hostile")

    __eq__ = __hash__ = __iter__ = __len__ = __index__ = __float__ = __bool__ = __repr__ = __reduce__ = fail
    __call__ = __getattr__ = __enter__ = keys = fail


class Nested:
    """Calls bocpy while bocpy looks at it."""

    def __iter__(self):
        bocpy.when()(lambda: None)
        return iter([Cown(1), self])

    def __float__(self):
        bocpy.quiesce(0)
        return 0.0

    def __index__(self):
        bocpy.send("nested", self)
        return 1

    def __reduce__(self):
        bocpy.notice_write("nested", 1)
        return Nested, ()

    def __hash__(self):
        bocpy.drain("nested")
        return 1

    def __eq__(self, other):
        bocpy.noticeboard()
        return False


class Subclass(Cown):
    pass


class Stripped:
    def __init__(self):
        self.value = 1
        del self.value


def cyclic():
    made = []
    made.append(made)
    return made


def deep():
    made = ()
    for _ in range(3000):
        made = (made,)
    return made


def odd_function():
    """A function with parts that do not fit."""

    def odd(a, b=1, *rest, c, d=2, **more):
        return a

    odd.__defaults__ = None
    odd.__kwdefaults__ = {"c": 1, "unknown": 2}
    return odd


async def coroutine():
    pass


def generator():
    yield 1


def raises(*_):
    raise LookupError("raised by a body")


def anything(rolls, cowns):
    """An argument of any kind."""
    makers = [
        lambda: rolls.choice(
            [None, True, 0, 1, -1, 2**31, 2**63, -(2**64), 10**400, 1.5, float("nan"), float("inf"), 2j]
        ),
        lambda: rolls.choice(
            ["", "a", "tag", "x" * 64, "é" * 32, "\udc80", "\0", "🦀", Text("tag"), b"tag", bytearray(3)]
        ),
        lambda: rolls.choice([Whole(1), Whole(10**30), fractions.Fraction(1, 3), Hostile(), Nested(), Stripped(), ...]),
        lambda: rolls.choice([len, int, Cown, Hostile, repr, coroutine, generator, raises, Nested, type, bocpy, when]),
        lambda: rolls.choice(
            [lambda: 1, lambda a: a, lambda a, b: None, lambda *a: a, lambda a, *, b: 1, lambda **k: k]
        ),
        lambda: (
            rolls.choice([odd_function, cyclic, deep, threading.Lock, object, Subclass.__new__])
            and rolls.choice([odd_function(), cyclic(), deep(), threading.Lock(), object(), generator()])
        ),
        lambda: functools.partial(rolls.choice([len, raises, int]), anything(rolls, cowns)),
        lambda: [anything(rolls, cowns) for _ in range(rolls.randrange(3))],
        lambda: tuple(anything(rolls, cowns) for _ in range(rolls.randrange(3))),
        lambda: {rolls.choice(["tag", 1, "value", None]): anything(rolls, cowns)},
        lambda: (anything(rolls, cowns) for _ in range(2)),
        lambda: collections.UserList([rolls.choice(cowns)]),
        lambda: rolls.choice(cowns),
        lambda: rolls.choice(cowns),
        lambda: read(rolls.choice(cowns)),
        lambda: [rolls.choice(cowns), read(rolls.choice(cowns))],
        lambda: rolls.choice([Cown.__new__(Cown), Subclass.__new__(Subclass), Subclass(1)]),
        lambda: memoryview(bytearray(20_000))[::2],
        lambda: bocpy.noticeboard(),
    ]
    return rolls.choice(makers)()


def short(rolls, cowns):
    """A timeout that is wrong, or soon over. Negative ones wait forever in some functions."""
    made = rolls.choice(
        [0, 0.0, -0.0, 0.001, 1e-320, float("nan"), "1", [], b"", 2j, Hostile(), Stripped(), Whole(0), False]
    )
    return made if rolls.random() < 0.9 else rolls.choice([10**400, -(10**400), Text("1"), cyclic(), Nested()])
