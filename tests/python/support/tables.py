"""Random matrices, and what Python's own floats say about them: the oracle that is there in every environment."""

import math
import random
import struct

from bocpy import Matrix

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e308, -1e308, 5e-324, -2.2e-308, math.inf, -math.inf, math.nan]
"""Values at which operations go wrong that go wrong at all."""

SHAPES = [(1, 1), (1, 3), (3, 1), (2, 2), (2, 3), (3, 2), (1, 9), (5, 4), (4, 17), (13, 33), (3, 3)]


def numbers(chance, count, special=0.3):
    """Random floats, some of them special ones."""
    return [chance.choice(SPECIAL) if chance.random() < special else chance.uniform(-9, 9) for _ in range(count)]


def table(chance, shape, special=0.3):
    """A random matrix of that shape, and its rows."""
    rows, columns = shape
    flat = numbers(chance, rows * columns, special)
    return Matrix(rows, columns, flat), [flat[i * columns : (i + 1) * columns] for i in range(rows)]


def bits(value):
    """The bits of a float; all NaNs are one, as which NaN comes out of an operation is the processor's matter."""
    return "nan" if math.isnan(value) else struct.pack("<d", value)


def same(one, other):
    """Whether two numbers, or lists of them, are the same bit for bit."""
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bits(one) == bits(other)


def close(one, other, relative=1e-12):
    """The same for results of many roundings."""
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(close(a, b, relative) for a, b in zip(one, other, strict=True))
    return bits(one) == bits(other) or math.isclose(one, other, rel_tol=relative, abs_tol=1e-300)


def at(rows, i, j):
    """An element of rows that broadcast."""
    row = rows[0] if len(rows) == 1 else rows[i]
    return row[0] if len(row) == 1 else row[j]


def common(one, other):
    """The shape that two broadcast to; None if there is none."""
    sizes = []
    for a, b in zip(one, other, strict=True):
        if a != b and 1 not in (a, b):
            return None
        sizes.append(max(a, b))
    return tuple(sizes)


def combine(function, shape, *tables):
    """A function of elements, element by element."""
    rows, columns = shape
    return [[function(*(at(t, i, j) for t in tables)) for j in range(columns)] for i in range(rows)]


def divide(a, b):
    """As IEEE 754 has it."""
    if b != 0.0:
        return a / b
    if a == 0.0 or math.isnan(a) or math.isnan(b):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def groups(rows, axis):
    """The elements of each column (0), each row (1), or of all (None)."""
    if axis is None:
        return [[value for row in rows for value in row]]
    return [list(column) for column in zip(*rows, strict=True)] if axis == 0 else rows


def chances(count, seed=0):
    """Sources of random numbers, one for each try: a failing one can be tried alone."""
    return [random.Random(f"{seed}:{nth}") for nth in range(count)]
