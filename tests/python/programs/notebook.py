"""A notebook-like script with redefinitions of everything."""

import sys
from bocpy import Cown, when, quiesce, wait
from dataclasses import dataclass

# In [1]
FACTOR = 2


def scale(x):
    return x * FACTOR


@dataclass
class Point:
    x: int


p = Point(3)
c = Cown(p)


@when(c)
def r(c):
    return scale(c.value.x), c.value, type(c.value) is Point


quiesce()
print(r.unwrap())

# In [2]
FACTOR = 10


@when(c)
def r(c):
    return scale(c.value.x), FACTOR


quiesce()
print(r.unwrap())


# In [3]
def scale(x):
    return -x


@when(c)
def r(c):
    return scale(c.value.x)


quiesce()
print(r.unwrap())

# In [4]
old = Point


@dataclass
class Point:
    x: int
    y: int = 5

    def moved(self):
        return Point(self.x + 1, self.y + 1)


d = Cown(Point(1))


@when(c, d)
def r(c, d):
    d.value = d.value.moved()
    return type(c.value) is Point, type(d.value) is Point, c.value, d.value, type(c.value) is old, old.__name__


quiesce()
out = r.unwrap()
print(out, type(out[2]) is old, type(out[3]) is Point)

# In [5]
import math as m


def area(r):
    return m.pi * r**2


@when()
def r():
    return round(area(2), 3)


quiesce()
print(r.unwrap())
import cmath as m


@when()
def r():
    return round(area(2), 3), m.__name__


quiesce()
print(r.unwrap())

# In [6]
del scale
try:

    @when(c)
    def r(c):
        return scale(1)

    quiesce()
    print(r.unwrap())
except NameError as e:
    print("NameError", e)


# In [7]
def scale(x, *, by=FACTOR):
    return x * by


FACTOR = 0


@when()
def r():
    return scale(2), scale(2, by=FACTOR), scale.__kwdefaults__


quiesce()
print(r.unwrap())

# In [9]
history = []
for i in range(3):
    history.append(i)

    @when()
    def r():
        return list(history), i

    quiesce()
    print(r.unwrap())


# In [10]
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


slow = fib


def fib(n):
    return ("new", n)


@when()
def r():
    return fib(5), slow.__name__, slow(1)


quiesce()
print(r.unwrap())
exec("def late(x):\n    return x, FACTOR")
FACTOR = "exec"


@when()
def r():
    return late(1), eval("FACTOR"), (lambda: [FACTOR for _ in range(2)])()


quiesce()
print(r.unwrap())
wait()
