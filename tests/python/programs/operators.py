"""Operator overloading: matrices, polynomials, units; reflected operators, __format__, __hash__, __index__, slices."""

import sys
from bocpy import Cown, when, quiesce, wait
import math, numbers, operator
from fractions import Fraction
from itertools import zip_longest, accumulate


class Poly:
    __slots__ = ("_c", "__weakref__")
    __hash__ = None

    def __init__(self, *c):
        self._c = c

    @classmethod
    def x(cls):
        return cls(0, 1)

    def __add__(self, other):
        if isinstance(other, numbers.Number):
            other = Poly(other)
        return type(self)(*(a + b for a, b in zip_longest(self._c, other._c, fillvalue=0)))

    __radd__ = __add__

    def __mul__(self, other):
        if not isinstance(other, Poly):
            return type(self)(*(other * c for c in self._c))
        out = [0] * (len(self._c) + len(other._c) - 1)
        for i, a in enumerate(self._c):
            for j, b in enumerate(other._c):
                out[i + j] += a * b
        return type(self)(*out)

    __rmul__ = __mul__

    def __pow__(self, n, mod=None):
        return math.prod([self] * n, start=type(self)(1))

    def __neg__(self):
        return -1 * self

    def __sub__(self, o):
        return self + -o

    def __rsub__(self, o):
        return -self + o

    def __call__(self, x):
        return sum(c * x**i for i, c in enumerate(self._c))

    def __eq__(self, o):
        return isinstance(o, Poly) and self._c == o._c

    def __iter__(self):
        return iter(self._c)

    def __len__(self):
        return len(self._c)

    def __getitem__(self, i):
        return type(self)(*self._c[i]) if isinstance(i, slice) else self._c[i]

    def __bool__(self):
        return any(self._c)

    def __repr__(self):
        return f"{type(self).__name__}{self._c}"

    def __format__(self, spec):
        var = spec or "x"
        return " + ".join(f"{c}{var}^{i}" for i, c in enumerate(self._c) if c) or "0"


class Mod(int):
    n = 7

    def __new__(cls, value):
        return super().__new__(cls, value % cls.n)

    def __add__(self, o):
        return Mod(int(self) + int(o))

    def __mul__(self, o):
        return Mod(int(self) * int(o))

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, k):
        return Mod(pow(int(self), k, self.n))

    def __repr__(self):
        return f"{int(self)}(mod {self.n})"


class Unit(str):
    def __truediv__(self, o):
        return Unit(f"{self}/{o}")

    def __mul__(self, o):
        return Unit(f"{self}·{o}")

    def __matmul__(self, v):
        return Quantity(v, self)


class Quantity(float):
    def __new__(cls, value, unit):
        self = super().__new__(cls, value)
        self.unit = unit
        return self

    def __getnewargs__(self):
        return float(self), self.unit

    def __add__(self, o):
        if getattr(o, "unit", None) != self.unit:
            return NotImplemented
        return Quantity(float(self) + o, self.unit)

    def __truediv__(self, o):
        return Quantity(float(self) / o, self.unit / o.unit)

    def __repr__(self):
        return f"{float(self):g} {self.unit}"

    __str__ = __repr__


class Matrix(list):
    def __matmul__(self, o):
        return Matrix([[sum(map(operator.mul, r, c)) for c in zip(*o)] for r in self])

    def __imatmul__(self, o):
        self[:] = self @ o
        return self

    @property
    def T(self):
        return Matrix(map(list, zip(*self)))


class Chain:
    def __init__(self, *steps):
        self.steps = steps

    def __or__(self, step):
        return Chain(*self.steps, step)

    def __ror__(self, value):
        for step in self.steps:
            value = step(value)
        return value


x = Poly.x()
m, s = Unit("m"), Unit("s")
p = Cown((x + 1) ** 2 - 3 * x)
q = Cown(m @ 10)
mat = Cown(Matrix([[1, 1], [1, 0]]))
r = Cown([Mod(10), Mod(5)])
clean = Chain() | str.strip | (lambda t: t.split()) | sorted | " ".join


@when(p)
def poly(p):
    p.value = p.value * x - Fraction(1, 2)
    return f"{p.value:y}", p.value(2), p.value[1:3], list(reversed(p.value._c)), bool(p.value - p.value), 5 - p.value


@when(q)
def units(q):
    v = q.value / (s @ 4)
    q.value += m @ 1
    return v, f"{v}", type(v.unit) is Unit, q.value, q.value.unit, q.value + (s @ 1)


@when(mat)
def matrix(mat):
    for _ in range(5):
        mat.value @= Matrix([[1, 1], [1, 0]])
    mat.value.append([0, 0])
    return mat.value, mat.value.T, type(mat.value.T) is Matrix


@when(r)
def mods(r):
    a, b = r.value
    r.value.append(sum([a, b, Mod(6)]))
    return (
        a + b,
        3 * b,
        b**100,
        list(accumulate([a] * 3, operator.mul)),
        isinstance(a, int),
        [10, 20, 30, 40][a],
        type(a + b) is Mod,
    )


@when()
def chain():
    return "  c a b " | clean, len(clean.steps), hash(Poly(1))


quiesce()
for result in poly, units, matrix, mods, chain:
    try:
        print(result.unwrap())
    except TypeError as e:
        print("TypeError", e)
for c in p, q, mat, r:
    with c:
        print(repr(c.value), type(c.value), getattr(c.value, "unit", None), getattr(c.value, "__dict__", None))
wait()
