"""Whether two values are alike in every respect: types, contents, order, and which of their parts are one object."""

import array
import math
import random
import types

from bocpy import Cown

CONTAINERS = (list, tuple, dict, set, frozenset, bytearray, array.array, types.SimpleNamespace)


def difference(one, other):
    """The difference between two values, in words; "" if there is none. Handles cycles and any depth.

    Parts of sets and keys of dicts are compared by `==`.
    """
    there, back = {}, {}
    todo = [(one, other, "value")]
    while todo:
        a, b, where = todo.pop()
        if type(a) is not type(b):
            return f"{where}: {type(a).__name__} and {type(b).__name__}"
        if not isinstance(a, CONTAINERS):
            if not same_leaf(a, b):
                return f"{where}: {a!r:.100} and {b!r:.100}"
            continue
        if a == () or type(a) is frozenset and not a:
            continue
        known = id(a) in there, id(b) in back
        if there.setdefault(id(a), id(b)) != id(b) or back.setdefault(id(b), id(a)) != id(a):
            return f"{where}: not the same parts are one object"
        if any(known):
            continue
        if isinstance(a, types.SimpleNamespace):
            a, b = vars(a), vars(b)
        if isinstance(a, dict):
            if [(type(key), key) for key in a] != [(type(key), key) for key in b]:
                return f"{where}: keys {list(a)!r:.100} and {list(b)!r:.100}"
            todo.extend((a[key], b[key], f"{where}[{key!r:.20}]"[-200:]) for key in a)
        elif isinstance(a, (list, tuple)):
            if len(a) != len(b):
                return f"{where}: {len(a)} and {len(b)} parts"
            todo.extend((x, y, f"{where}[{n}]"[-200:]) for n, (x, y) in enumerate(zip(a, b)))
        elif isinstance(a, array.array):
            if (a.typecode, a.tobytes()) != (b.typecode, b.tobytes()):
                return f"{where}: {a!r:.100} and {b!r:.100}"
        elif isinstance(a, bytearray):
            if a != b:
                return f"{where}: {a!r:.100} and {b!r:.100}"
        elif sorted(map(described, a)) != sorted(map(described, b)):
            return f"{where}: {a!r:.100} and {b!r:.100}"
    return ""


def same_leaf(a, b):
    if isinstance(a, float):
        return same_float(a, b)
    if isinstance(a, complex):
        return same_float(a.real, b.real) and same_float(a.imag, b.imag)
    return a == b


def same_float(a, b):
    return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))


def described(part):
    """A part of a set, in words that are the same for parts that are alike."""
    if isinstance(part, frozenset):
        return f"frozenset({sorted(map(described, part))})"
    if isinstance(part, tuple):
        return f"({', '.join(map(described, part))})"
    if isinstance(part, Cown):
        return f"Cown {hash(part)}"
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
        leaf = self.leaf()
        # Keys that are equal but of different types, or unequal to themselves, could be distinguished only by luck.
        return leaf if type(leaf) in (int, str, bytes, type(None)) else repr(leaf)

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
