"""Rows, columns and elements by lists of indices: taken, put, repeated; and vectors in rows and columns."""

import math

from bocpy import Matrix
from support import pytest
from support.tables import SHAPES, chances, close, groups, same, table


def random_indices(chance, length, count=None):
    return [chance.randint(-length, length - 1) for _ in range(chance.randint(1, 5) if count is None else count)]


def lines(rows, axis):
    """Rows, or columns as rows."""
    return rows if axis == 0 else groups(rows, 0)


def back(rows, axis):
    return rows if axis == 0 else groups(rows, 0)


@pytest.mark.parametrize("axis", [0, 1, -1, -2])
def test_take(axis):
    for chance in chances(100, axis):
        a, rows = table(chance, chance.choice(SHAPES))
        plain = axis % 2
        indices = random_indices(chance, a.shape[plain])
        expected = back([lines(rows, plain)[at] for at in indices], plain)
        assert same(a.take(indices, axis).tolist(), expected) and same(
            a.select(tuple(indices), axis).tolist(), expected
        )
        out = Matrix(len(expected), len(expected[0]))
        assert a.take(indices, axis=axis, out=out) is out and same(out.tolist(), expected)


@pytest.mark.parametrize("axis", [0, 1])
def test_put(axis):
    for chance in chances(150, axis):
        a, rows = table(chance, chance.choice(SHAPES), 0.1)
        indices = random_indices(chance, a.shape[axis])
        size = [len(indices), a.shape[1 - axis]]
        size = size if axis == 0 else size[::-1]
        form = chance.choice([tuple(size), (1, 1), "number"])
        value, values = (2.5, [[2.5]]) if form == "number" else table(chance, form, 0.1)
        for accumulate in (False, True):
            b, wanted = a.copy(), [list(line) for line in lines(rows, axis)]
            parts = lines(values, axis)
            for nth, at in enumerate(indices):
                line = parts[0] if len(parts) == 1 else parts[nth]
                for place in range(len(wanted[0])):
                    item = line[0] if len(line) == 1 else line[place]
                    wanted[at][place] = wanted[at][place] + item if accumulate else item
            assert b.put(indices, value, axis, accumulate) is b
            assert same(b.tolist(), back(wanted, axis))


@pytest.mark.parametrize("axis", [0, 1])
def test_along_an_axis(axis):
    for chance in chances(100, axis):
        a, rows = table(chance, chance.choice(SHAPES), 0.1)
        indices = random_indices(chance, a.shape[axis], a.shape[1 - axis])
        across = groups(rows, axis)
        found = a.take_along_axis(indices, axis)
        assert found.shape == ((1, a.columns) if axis == 0 else (a.rows, 1))
        assert same(list(found.values()), [line[at] for line, at in zip(across, indices, strict=True)])
        out = Matrix(*found.shape)
        assert a.take_along_axis(indices, axis, out=out) is out and same(out.tolist(), found.tolist())
        for accumulate in (False, True):
            b, wanted = a.copy(), [list(line) for line in across]
            for line, at in zip(wanted, indices, strict=True):
                line[at] = line[at] + 2.5 if accumulate else 2.5
            assert b.put_along_axis(indices, 2.5, axis, accumulate) is b
            assert same(b.tolist(), wanted if axis == 1 else groups(wanted, 0))
        b = a.copy()
        b.put_along_axis(indices, found, axis)
        assert same(b.tolist(), rows)
        assert (
            same(a.take_along_axis(a.argmax(axis), axis).tolist(), a.max(axis).tolist()) or 0.0 in a.max(axis).values()
        )


def test_repeat_interleave():
    for chance in chances(60):
        a, rows = table(chance, chance.choice(SHAPES))
        times = chance.randint(1, 4)
        flat = [x for row in rows for x in row for _ in range(times)]
        assert same(a.repeat_interleave(times).tolist(), [flat])
        assert same(a.repeat_interleave(times, 0).tolist(), [row for row in rows for _ in range(times)])
        assert same(a.repeat_interleave(times, 1).tolist(), [[x for x in row for _ in range(times)] for row in rows])


REFUSED = [
    (lambda a: a.take([]), IndexError),
    (lambda a: a.take([2]), IndexError),
    (lambda a: a.take([-3]), IndexError),
    (lambda a: a.take([3], 1), IndexError),
    (lambda a: a.take([0], 2), KeyError),
    (lambda a: a.take([0], -3), KeyError),
    (lambda a: a.take([0], None), TypeError),
    (lambda a: a.take([0], True), TypeError),
    (lambda a: a.take([0], "a"), TypeError),
    (lambda a: a.take(0), TypeError),
    (lambda a: a.take([0.0]), TypeError),
    (lambda a: a.take(a), TypeError),
    (lambda a: a.take([2**70]), OverflowError),
    (lambda a: a.take([0], out=a), ValueError),
    (lambda a: a.take([0, 1], out=a), ValueError),
    (lambda a: a.take([0], out=Matrix(2, 3)), ValueError),
    (lambda a: a.take([0], out=[]), TypeError),
    (lambda a: a.take(), TypeError),
    (lambda a: a.select([0], out=Matrix(1, 3)), TypeError),
    (lambda a: a.put([5], 1), IndexError),
    (lambda a: a.put([0, 5], 1), IndexError),
    (lambda a: a.put([], 1), IndexError),
    (lambda a: a.put([0], "a"), TypeError),
    (lambda a: a.put([0], 1, 2), KeyError),
    (lambda a: a.put([0], Matrix(3, 1)), ValueError),
    (lambda a: a.put([0, 1], Matrix(3, 3)), ValueError),
    (lambda a: a.put([0], [1, 2]), ValueError),
    (lambda a: a.put([2**70], 1), OverflowError),
    (lambda a: a.take_along_axis([0]), ValueError),
    (lambda a: a.take_along_axis([]), ValueError),
    (lambda a: a.take_along_axis([0, 0, 5]), IndexError),
    (lambda a: a.take_along_axis([0, 0, 0], 1), ValueError),
    (lambda a: a.take_along_axis([0, 0, 0], 3), KeyError),
    (lambda a: a.take_along_axis([0, 0, 0], out=Matrix(3, 1)), ValueError),
    (lambda a: a.take_along_axis([0, 0, 0], out=a), ValueError),
    (lambda a: a.put_along_axis([0, 0], 1), ValueError),
    (lambda a: a.put_along_axis([0, 0, 7], 1), IndexError),
    (lambda a: a.put_along_axis([0, 0, 0], Matrix(3, 1)), ValueError),
    (lambda a: a.put_along_axis([0, 0, 0], 1, 9), KeyError),
    (lambda a: a.repeat_interleave(0), ValueError),
    (lambda a: a.repeat_interleave(-1), ValueError),
    (lambda a: a.repeat_interleave(2.0), TypeError),
    (lambda a: a.repeat_interleave(2, 3), ValueError),
    (lambda a: a.repeat_interleave(2**70), OverflowError),
    (lambda a: a.repeat_interleave(2**61), MemoryError),
    (lambda a: a.repeat_interleave(2**62, 0), MemoryError),
]


@pytest.mark.parametrize(
    ("attempt", "error"),
    REFUSED,
    ids=lambda value: value.__name__ if value is not None and isinstance(value, type) else "",
)
def test_what_is_refused_leaves_the_matrix_as_it_was(attempt, error):
    a = Matrix(2, 3, range(6))
    with pytest.raises(error):
        attempt(a)
    assert a.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]


def test_a_matrix_put_into_itself():
    a = Matrix(2, 2, [1, 2, 3, 4])
    assert a.put([1, 0], a) is a and a.tolist() == [[3.0, 4.0], [1.0, 2.0]]
    assert a.put([0, 0], a, accumulate=True).tolist() == [[7.0, 10.0], [1.0, 2.0]]


def dot(one, other):
    return math.fsum(x * y for x, y in zip(one, other, strict=True))


def test_vecdot():
    for chance in chances(80):
        shape = chance.choice(SHAPES)
        (a, rows), (b, others) = table(chance, shape, 0), table(chance, shape, 0)
        for axis in (None, 0, 1):
            found = a.vecdot(b, axis)
            wanted = [dot(x, y) for x, y in zip(groups(rows, axis), groups(others, axis), strict=True)]
            found = [found] if axis is None else list(found.values())
            assert all(abs(x - y) <= 1e-12 * 81 * a.size for x, y in zip(found, wanted, strict=True))
        row, column = b[:1], b[:, :1]
        assert close(a.vecdot(row), a.multiply(row).sum()) and close(
            a.vecdot(column, 1).tolist(), a.multiply(column).sum(1).tolist()
        )
        assert close(row.vecdot(a), a.vecdot(row)) and close(a.vecdot(a), a.magnitude_squared(), 1e-10)


def test_cross_products():
    x, y = Matrix(1, 3, [1, 2, 3]), Matrix(1, 3, [4, 5, 6])
    z = [-3.0, 6.0, -3.0]
    assert x.cross(y).tolist() == [z] == x.cross(y.T).tolist() == x.cross([4, 5, 6]).tolist()
    assert x.T.cross(y).tolist() == [[v] for v in z] == x.T.cross(y.T).tolist()
    assert Matrix(1, 2, [1, 2]).cross(Matrix(1, 2, [3, 5])) == -1.0 == Matrix(2, 1, [1, 2]).cross(Matrix(1, 2, [3, 5]))
    many, others = Matrix(4, 3, range(12)), Matrix(4, 3, [x * x for x in range(12)])
    each = [many[i].cross(others[i]).tolist()[0] for i in range(4)]
    assert many.cross(others).tolist() == each and many.T.cross(others.T).T.tolist() == each
    assert many.cross(y).tolist() == [many[i].cross(y).tolist()[0] for i in range(4)] == many.cross(y.T).tolist()
    assert many.T.cross(y).T.tolist() == many.cross(y).tolist()
    flat, other = Matrix(4, 2, range(8)), Matrix(4, 2, [x * x for x in range(8)])
    each = [[flat[i].cross(other[i])] for i in range(4)]
    assert flat.cross(other).tolist() == each and flat.T.cross(other.T).T.tolist() == each


def test_squares_are_vectors_in_rows():
    for size in (2, 3):
        a, b = Matrix.uniform(size=(size, size)), Matrix.uniform(size=(size, size))
        assert a.cross(b).tolist() == a.cross(b, 1).tolist() != a.cross(b, 0).tolist()
        assert a.cross(b, 0).T.tolist() == a.T.cross(b.T).tolist()
    a = Matrix(2, 3, range(6))
    assert a.cross(a[::-1]).shape == (1, 3) == a.cross(a[::-1], 0).shape == a.cross(a[::-1], 1).shape
    assert a.T.cross(a.T).shape == (3, 1)
    b = Matrix(2, 2, [1, 2, 3, 4])
    assert b.perpendicular().tolist() == [[-2.0, 1.0], [-4.0, 3.0]] and b.perpendicular(0).tolist() == [
        [-3.0, -4.0],
        [1.0, 2.0],
    ]
    assert b.angle().tolist() == [[math.atan2(2, 1)], [math.atan2(4, 3)]]
    assert b.angle(0).tolist() == [[math.atan2(3, 1), math.atan2(4, 2)]]


def test_angles_and_quarter_turns():
    for chance in chances(40):
        count = chance.randint(3, 9)
        a, rows = table(chance, (count, 2))
        assert same(a.perpendicular().tolist(), [[-y, x] for x, y in rows])
        assert same(a.T.perpendicular().T.tolist(), [[-y, x] for x, y in rows])
        assert close(a.angle().tolist(), [[math.atan2(y, x)] for x, y in rows])
        assert close(a.T.angle().tolist(), [[math.atan2(y, x) for x, y in rows]])
        assert a.perpendicular(in_place=True) is a and same(a.tolist(), [[-y, x] for x, y in rows])
    assert Matrix(1, 2, [0, 3]).angle() == math.pi / 2 == Matrix(2, 1, [0, 3]).angle()
    assert Matrix(2, 1, [1, 2]).perpendicular().tolist() == [[-2.0], [1.0]]


def test_an_axis_that_contradicts_the_shape():
    """It would be ignored silently: the result looks right, and is along the other axis."""
    attempts = [
        (Matrix(2, 4), Matrix.angle, 1),
        (Matrix(4, 2), Matrix.angle, 0),
        (Matrix(1, 2), Matrix.angle, 0),
        (Matrix(2, 1), Matrix.angle, -1),
        (Matrix(2, 4), Matrix.perpendicular, 1),
        (Matrix(4, 2), Matrix.perpendicular, -2),
        (Matrix(4, 2), lambda a, axis: a.perpendicular(axis, in_place=True), 0),
        (Matrix(2, 4), lambda a, axis: a.cross(a, axis), 1),
        (Matrix(4, 2), lambda a, axis: a.cross(a, axis), 0),
        (Matrix(3, 4), lambda a, axis: a.cross(a, axis), 1),
        (Matrix(4, 3), lambda a, axis: a.cross(a, axis), 0),
        (Matrix(1, 3), lambda a, axis: a.cross(a, axis), 0),
        (Matrix(3, 1), lambda a, axis: a.cross(a, axis), 1),
        (Matrix(1, 2), lambda a, axis: a.cross(a, axis), 0),
    ]
    for a, method, axis in attempts:
        with pytest.raises(ValueError, match=f"along axis {axis % 2}, the vectors of {a.rows}x{a.columns} have"):
            method(a, axis)
        method(a, 1 - axis % 2)


def test_normalize():
    for chance in chances(80):
        a, rows = table(chance, chance.choice(SHAPES), 0)
        if chance.random() < 0.3:
            a[0] = 0
            rows = a.tolist()
        for axis in (None, 0, 1):
            wanted = [
                [x / math.hypot(*line) if math.hypot(*line) else 0.0 for x in line] for line in groups(rows, axis)
            ]
            found = a.normalize(axis)
            assert found.shape == a.shape and close(groups(found.tolist(), axis), wanted, 1e-14)
            b = a.copy()
            assert b.normalize(axis, in_place=True) is b and same(b.tolist(), found.tolist())
    assert Matrix(2, 2).normalize(1).tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda a: a.vecdot(2), TypeError),
        (lambda a: a.vecdot("a"), TypeError),
        (lambda a: a.vecdot(Matrix(5, 1)), ValueError),
        (lambda a: Matrix(1, 3).vecdot(Matrix(4, 1)), ValueError),
        (lambda a: a.vecdot(a, 2), ValueError),
        (lambda a: a.cross(a), ValueError),
        (lambda a: a.cross(2), TypeError),
        (lambda a: Matrix(1, 3).cross(Matrix(1, 2)), ValueError),
        (lambda a: Matrix(4, 3).cross(Matrix(5, 3)), ValueError),
        (lambda a: Matrix(4, 3).cross(Matrix(4, 3), 7), ValueError),
        (lambda a: a.perpendicular(), ValueError),
        (lambda a: a.perpendicular(in_place=True), ValueError),
        (lambda a: a.angle(), ValueError),
        (lambda a: a.normalize(2), ValueError),
        (lambda a: a.normalize("a"), TypeError),
    ],
)
def test_vectors_that_there_are_not(attempt, error):
    a = Matrix(4, 5, range(20))
    with pytest.raises(error):
        attempt(a)
    assert list(a.values()) == list(range(20))
