"""Whether two values are alike in every respect: types, contents, order, and which of their parts are one object."""

import array
import collections
import enum
import math
import random
import struct
import types

from bocpy import Cown

CONTAINERS = (
    *(list, tuple, dict, set, frozenset, bytearray, memoryview),
    *(array.array, collections.deque, types.SimpleNamespace, BaseException),
)


def difference(one, other):
    """The difference between two values, in words; "" if there is none. Handles cycles and any depth.

    Parts of sets are compared by what they are called.
    """
    there, back = {}, {}
    todo = [(one, other, "value")]
    while todo:
        a, b, where = todo.pop()
        if type(a) is not type(b):
            return f"{where}: {type(a).__name__} and {type(b).__name__}"
        if not has_parts(a):
            if not same_leaf(a, b):
                return f"{where}: {described(a):.100} and {described(b):.100}"
            continue
        if type(a) in (tuple, frozenset) and not a:
            continue
        known = id(a) in there, id(b) in back
        if there.setdefault(id(a), id(b)) != id(b) or back.setdefault(id(b), id(a)) != id(a):
            return f"{where}: not the same parts are one object"
        if any(known):
            continue
        parts, others = parts_of(a), parts_of(b)
        if [name for name, _ in parts] != [name for name, _ in others]:
            return f"{where}: {len(parts)} and {len(others)} parts, or others"
        todo.extend((x, y, f"{where}{name}"[-200:]) for (name, x), (_, y) in zip(parts, others))
    return ""


def has_parts(value):
    """Whether it may hold other objects, or can be changed, so that it matters which object it is."""
    if isinstance(value, (enum.Enum, type)):
        return False
    if isinstance(value, CONTAINERS) or hasattr(value, "__dict__"):
        return True
    return hasattr(value, "__slots__") and type(value).__eq__ is object.__eq__


def parts_of(value):
    """The names and values of all that makes it what it is."""
    parts = []
    if isinstance(value, dict):
        for number, (key, item) in enumerate(value.items()):
            parts += [(f" key {number}", key), (f"[{number}]", item)]
        if isinstance(value, collections.defaultdict):
            parts.append((" default", value.default_factory))
    elif isinstance(value, (list, tuple, collections.deque)):
        parts += [(f"[{number}]", item) for number, item in enumerate(value)]
        if isinstance(value, collections.deque):
            parts.append((" maxlen", value.maxlen))
    elif isinstance(value, (set, frozenset)):
        parts.append((" items", str(sorted(map(described, value)))))
    elif isinstance(value, array.array):
        parts += [(" code", value.typecode), (" data", value.tobytes())]
    elif isinstance(value, memoryview):
        how = f"{value.format} {value.shape} {value.strides} {value.readonly}"
        parts += [(" how", how), (" data", value.tobytes()), (" of", value.obj)]
    elif isinstance(value, BaseException):
        parts.append((" args", value.args))
    else:
        for builtin, content in ((bytearray, bytes), (bytes, bytes), (str, str), (int, int), (float, float)):
            if isinstance(value, builtin):
                parts.append((" content", content(value)))
    names = [*getattr(value, "__dict__", ()), *getattr(value, "__slots__", ())]
    if all(note.startswith("bocpy: ") for note in getattr(value, "__notes__", ())):
        # A behavior that fails over the failure of another says so.
        names = [name for name in names if name != "__notes__"]
    parts += [(f".{name}", getattr(value, name)) for name in names if hasattr(value, name)]
    return parts


def same_leaf(a, b):
    if isinstance(a, float):
        return same_float(a, b)
    if isinstance(a, complex):
        return same_float(a.real, b.real) and same_float(a.imag, b.imag)
    # What is equal can differ all the same, as decimal numbers do, and times.
    return a == b and (isinstance(a, (int, str, bytes, Cown)) or repr(a) == repr(b))


def same_float(a, b):
    """The same to the last bit: that tells the zeros apart, and what is not a number."""
    return struct.pack("d", a) == struct.pack("d", b)


def described(part):
    """A leaf, or a part of a set, in words that are the same for parts that are alike."""
    if isinstance(part, frozenset):
        return f"frozenset({sorted(map(described, part))})"
    if isinstance(part, tuple):
        return f"({', '.join(map(described, part))})"
    if isinstance(part, Cown):
        return f"Cown {hash(part)}"
    if type(part) is int:
        return hex(part)  # of any size, which repr is not
    return f"{type(part).__name__} {part!r}"


ALPHABETS = ["abc xyz\0", "äöüß\xff\x80", "наука\u0100\uffff", "🦀\U0010ffff\U00010000", "\ud800\udfff", "aä字🦀\udc00"]


class Maker:
    """Makes nested values at random: the same ones for the same seed, with shared parts and cycles."""

    def __init__(self, seed, cowns=()):
        self.random = random.Random(seed)
        self.cowns = cowns
        # Containers that are done, or can be changed later, and so may occur again.
        self.made = []

    def value(self, depth=5):
        if self.made and self.random.random() < 0.15:
            return self.random.choice(self.made)
        if depth and self.random.random() < 0.7:
            return self.container(depth - 1)
        return self.leaf()

    def container(self, depth):
        kind = self.random.choice(["list", "tuple", "dict", "set", "frozenset", "bytearray", "array", "object"])
        length = self.random.choice([0, 1, 2, 3, 7])
        if kind == "list":
            made = self.note([])
            made.extend(self.value(depth) for _ in range(length))
        elif kind == "tuple":
            made = self.note(tuple(self.value(depth) for _ in range(length)))
        elif kind == "dict":
            made = self.note({})
            for _ in range(length):
                made[self.key(2)] = self.value(depth)
        elif kind == "set":
            made = self.note({self.key(2) for _ in range(length)})
        elif kind == "frozenset":
            made = self.note(frozenset(self.key(2) for _ in range(length)))
        elif kind == "bytearray":
            made = self.note(bytearray(self.data()))
        elif kind == "array":
            made = self.note(array.array("h", [self.random.randrange(-(2**15), 2**15) for _ in range(length)]))
        else:
            made = self.note(types.SimpleNamespace())
            for name in "abc"[:length]:
                setattr(made, name, self.value(depth))
        return made

    def note(self, made):
        self.made.append(made)
        return made

    def key(self, depth):
        kind = self.random.random()
        if depth and kind < 0.15:
            return tuple(self.key(depth - 1) for _ in range(self.random.randrange(4)))
        if depth and kind < 0.25:
            return frozenset(self.key(depth - 1) for _ in range(self.random.randrange(4)))
        if self.cowns and kind < 0.3:
            return self.random.choice(self.cowns)
        leaf = Maker.leaf(self)
        # Keys that are equal but of different types, or unequal to themselves, could be distinguished only by luck.
        return leaf if type(leaf) in (int, str, bytes, type(None)) else described(leaf)

    def leaf(self):
        kind = self.random.randrange(10)
        if kind == 0:
            return self.random.choice([None, True, False, ...])
        if kind in (1, 2):
            return self.random.choice([1, -1]) * self.random.getrandbits(
                self.random.choice([1, 8, 31, 63, 64, 200, 3000])
            )
        if kind == 3:
            return self.random.choice([0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, self.random.gauss(0, 1e10)])
        if kind == 4:
            return complex(self.random.choice([0.0, -0.0, 1.5]), self.random.choice([math.inf, -0.0, 2.5]))
        if kind in (5, 6, 7):
            alphabet = self.random.choice(ALPHABETS)
            return "".join(self.random.choices(alphabet, k=self.random.choice([0, 1, 2, 5, 20, 300])))
        if kind == 8 and self.cowns:
            return self.random.choice(self.cowns)
        return self.data()

    def data(self):
        return self.random.randbytes(self.random.choice([0, 1, 2, 20, 511, 512, 513, 2000]))
