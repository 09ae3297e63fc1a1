"""Matrices and NumPy: one memory, and the same results. Where the two differ on purpose, `docs/matrix.md` says so."""

import gc
import math
import random

from bocpy import Cown, Matrix
from support import pytest, shown
from support.tables import SHAPES, chances, numbers

numpy = pytest.importorskip("numpy")


@pytest.fixture(autouse=True)
def quiet():
    """What is infinite or NaN is meant."""
    with numpy.errstate(all="ignore"):
        yield


def pair(chance, shape, special=0.3):
    """The same random numbers, as a matrix and as an array. Arrays come with all kinds of strides."""
    rows, columns = shape
    form = chance.randrange(5)
    if form == 0:
        array = numpy.array(numbers(chance, rows * columns, special)).reshape(shape)
    elif form == 1:
        array = numpy.array(numbers(chance, rows * columns, special)).reshape((columns, rows)).T
    elif form == 2:
        array = numpy.array(numbers(chance, 4 * rows * columns, special)).reshape((2 * rows, 2 * columns))[::2, ::-2]
    elif form == 3:
        array = numpy.array(numbers(chance, 3 * rows * columns, special)).reshape((rows, 3 * columns))[::-1, 1::3]
    else:
        array = numpy.asfortranarray(numpy.array(numbers(chance, rows * columns, special)).reshape(shape))
    return Matrix.from_buffer(array), array


def same(matrix, array):
    """Bit for bit, but for which NaN it is."""
    mine, theirs = numpy.array(matrix), numpy.asarray(array, dtype=float)
    assert mine.shape == theirs.shape
    nans = numpy.isnan(mine)
    assert (nans == numpy.isnan(theirs)).all()
    return (mine.view("u8")[~nans] == numpy.ascontiguousarray(theirs).view("u8")[~nans]).all()


def near(matrix, array, scale=1.0):
    """But for rounding."""
    return numpy.allclose(numpy.array(matrix), array, rtol=1e-12, atol=1e-13 * scale, equal_nan=True)


def test_an_array_is_the_matrix():
    a = Matrix(2, 3, range(6))
    array = numpy.asarray(a)
    assert array.shape == (2, 3) and array.dtype == float and array.flags.writeable and array.flags.c_contiguous
    array[1, 2] = 42
    a[0, 0] = -1
    assert a[1, 2] == 42.0 and array[0, 0] == -1.0 and numpy.shares_memory(array, numpy.asarray(a))
    array *= 2
    assert a.tolist() == array.tolist()
    with pytest.raises(BufferError, match="or a NumPy array over its memory"):
        Cown(a)
    column = array[:, 1]
    del array
    with pytest.raises(BufferError):
        Cown(a)
    del column
    gc.collect()
    Cown(a)


def test_an_array_by_copy():
    a = Matrix(2, 3, range(6))
    array = numpy.array(a)
    array[0, 0] = 9
    assert a[0, 0] == 0.0
    Cown(a)
    assert array[0, 0] == 9


def test_matrices_of_arrays():
    for chance in chances(60):
        a, array = pair(chance, chance.choice(SHAPES))
        assert same(a, array) and same(Matrix.from_rows(array), array)
    assert Matrix.from_buffer(numpy.arange(3)).tolist() == [[0.0, 1.0, 2.0]]
    for kind in ("?", "i1", "u2", "i4", "u8", "f4", "f8"):
        assert Matrix.from_buffer(numpy.ones((2, 2), kind)).tolist() == [[1.0, 1.0]] * 2
    for wrong, error in [
        (numpy.ones(2, complex), TypeError),
        (numpy.ones(2, ">f8"), TypeError),
        (numpy.ones(2, "f2"), TypeError),
        (numpy.array(["a"]), TypeError),
        (numpy.ones((0, 2)), ValueError),
        (numpy.ones((1, 1, 1)), ValueError),
        (numpy.zeros(2, [("x", float)]), TypeError),
        (numpy.array([None]), TypeError),
    ]:
        with pytest.raises((error, ValueError)):
            Matrix.from_buffer(wrong)


def test_operators_with_arrays_give_matrices():
    for chance in chances(40):
        shape = chance.choice(SHAPES)
        (a, one), (_, other) = pair(chance, shape), pair(chance, shape)
        for result, expected in [
            (a + other, one + other),
            (other + a, other + one),
            (a * other[0], one * other[0]),
            (other - a, other - one),
            (other / a, other / one),
        ]:
            assert type(result) is Matrix and same(result, expected)
        assert type(other @ a.T) is Matrix and (other @ a.T).shape == (shape[0], shape[0])
        a += other
        assert same(a, one + other)


@pytest.mark.parametrize(
    "number", [numpy.float64(2.5), numpy.float32(2.5), numpy.int64(2), numpy.bool_(True), numpy.array(2.5)], ids=shown
)
def test_numbers_of_numpy(number):
    a = Matrix(1, 2, [1, -2])
    for result in (a * number, number * a):
        assert type(result) is Matrix and result.tolist() == [[1 * float(number), -2 * float(number)]]
    assert a.less(number).tolist() == [[1.0, 1.0]] if number > 1 else [[0.0, 1.0]]
    a[0, 0] = number
    assert (
        a[0, 0] == float(number)
        and a[numpy.int64(0), numpy.int64(1)] == -2.0
        and a.take([numpy.int64(0)]).shape == (1, 2)
    )


def test_functions_of_numpy_take_matrices():
    a = Matrix(2, 3, range(6))
    assert numpy.sin(a).tolist() == numpy.sin(numpy.arange(6.0).reshape(2, 3)).tolist()
    assert numpy.add(a, a).tolist() == (a + a).tolist() and numpy.linalg.norm(a) == pytest.approx(a.length)
    out = Matrix(2, 3)
    numpy.multiply(a, 2, out=numpy.asarray(out))
    assert out == a * 2


BINARY = {
    "add": "add",
    "subtract": "subtract",
    "multiply": "multiply",
    "divide": "divide",
    "less": "less",
    "less_equal": "less_equal",
    "greater": "greater",
    "greater_equal": "greater_equal",
    "equal": "equal",
    "not_equal": "not_equal",
}


@pytest.mark.parametrize("name", BINARY)
def test_binary_operations(name):
    for chance in chances(150, name):
        rows, columns = chance.choice(SHAPES)
        first = chance.choice([(rows, columns), (1, columns), (rows, 1), (1, 1)])
        second = chance.choice([(rows, columns), (1, columns), (rows, 1), (1, 1)])
        (a, one), (b, other) = pair(chance, first), pair(chance, second)
        assert same(getattr(a, name)(b), getattr(numpy, BINARY[name])(one, other))


@pytest.mark.parametrize("name", ["ceil", "floor", "round", "negate", "abs", "sqrt", "reciprocal"])
def test_unary_operations(name):
    function = getattr(numpy, {"negate": "negative", "round": "rint"}.get(name, name))
    for chance in chances(60, name):
        a, array = pair(chance, chance.choice(SHAPES), 0.5)
        assert same(getattr(a, name)(), function(array))


def test_sign_sine_and_cosine():
    for chance in chances(60):
        a, array = pair(chance, chance.choice(SHAPES), 0.3)
        assert same(a.sign(), numpy.nan_to_num(numpy.sign(array), nan=0.0) + 0.0)
        assert near(a.sin(), numpy.sin(array)) and near(a.cos(), numpy.cos(array))


def test_limits_and_bins():
    for chance in chances(80):
        a, array = pair(chance, chance.choice(SHAPES), 0.3)
        low, high = sorted((chance.uniform(-9, 9), chance.uniform(-9, 9)))
        assert same(a.clip(low, high), numpy.clip(array, low, high)) and same(
            a.clip(max=high), numpy.clip(array, None, high)
        )
        edges = sorted(chance.uniform(-9, 9) for _ in range(chance.randint(1, 6)))
        for right in (False, True):
            for order in (edges, edges[::-1]) if len(set(edges)) > 1 else (edges,):
                expected = numpy.where(numpy.isnan(array), -1, numpy.digitize(array, order, right=right))
                assert same(a.digitize(order, right=right), expected)


def test_reductions():
    for chance in chances(150):
        shape = chance.choice(SHAPES)
        a, array = pair(chance, shape, 0)
        scale = 81.0 * array.size
        for axis in (None, 0, 1):
            keep = {"axis": axis, "keepdims": axis is not None}
            assert near(a.sum(axis), array.sum(**keep), scale) and near(a.mean(axis), array.mean(**keep), scale)
            assert near(a.magnitude_squared(axis), (array**2).sum(**keep), scale)
            assert near(a.magnitude(axis), numpy.sqrt((array**2).sum(**keep)), scale)
            for name in ("min", "max"):
                found, wanted = getattr(a, name)(axis), getattr(array, name)(**keep)
                assert found == wanted if axis is None else same(found, wanted)
            for name in ("argmin", "argmax"):
                found, wanted = getattr(a, name)(axis), getattr(array, name)(axis)
                assert found == (int(wanted) if axis is None else wanted.tolist())


def test_masked_reductions():
    for chance in chances(100):
        shape = chance.choice(SHAPES)
        a, array = pair(chance, shape, 0)
        chosen = numpy.array([chance.random() < 0.6 for _ in range(array.size)]).reshape(shape)
        mask = Matrix.from_buffer(chosen)
        for axis in (None, 0, 1):
            keep = {"axis": axis, "keepdims": axis is not None, "where": chosen}
            scale = 81.0 * array.size
            assert near(a.sum(axis, mask), array.sum(**keep), scale)
            counts = chosen.sum(axis=axis, keepdims=axis is not None)
            assert near(a.mean(axis, mask), array.sum(**keep) / counts, scale)
            least = array.min(initial=math.inf, **keep)
            assert near(a.min(axis, mask), numpy.where(counts == 0, math.nan, least))


def test_indices():
    for chance in chances(400):
        shape = chance.choice(SHAPES)
        a, array = pair(chance, shape)
        part = lambda length: chance.choice([None, chance.randint(-length - 1, length + 1)])  # noqa: B023, E731
        cut = [slice(part(n), part(n), chance.choice([None, 1, 2, -1, -3])) for n in shape]
        if array[cut[0], cut[1]].size:
            assert same(a[cut[0], cut[1]], array[cut[0], cut[1]])
            value = chance.uniform(-9, 9)
            a[cut[0], cut[1]] = value
            array[cut[0], cut[1]] = value
            assert same(a, array)
        rows = [chance.randint(-shape[0], shape[0] - 1) for _ in range(3)]
        columns = [chance.randint(-shape[1], shape[1] - 1) for _ in range(3)]
        assert same(a[rows], array[rows]) and same(a[:, columns], array[:, columns])
        assert same(a.take(rows), numpy.take(array, rows, 0)) and same(
            a.take(columns, 1), numpy.take(array, columns, 1)
        )
        assert same(a.repeat_interleave(2), numpy.repeat(array, 2)[None]) and same(
            a.repeat_interleave(3, 1), numpy.repeat(array, 3, 1)
        )
        b, other = a.copy(), array.copy()
        b.put(rows, 1.5, accumulate=True)
        numpy.add.at(other, rows, 1.5)
        assert same(b, other)
        along = [chance.randrange(shape[1]) for _ in range(shape[0])]
        taken = numpy.take_along_axis(array, numpy.array(along)[:, None], 1)
        assert same(a.take_along_axis(along, 1), taken)


def test_topk():
    for chance in chances(80):
        shape = chance.choice(SHAPES)
        a, array = pair(chance, shape, 0)
        for axis in (0, 1):
            k = chance.randint(1, shape[axis])
            order = numpy.argsort(-array, axis, kind="stable")
            order = order[:k] if axis == 0 else order[:, :k]
            values, where = a.topk(k, axis, as_matrix=True)
            assert same(values, numpy.take_along_axis(array, order, axis)) and same(where, order)


def test_products():
    chance = random.Random(5)
    for rows, inner, columns in [
        (1, 1, 1),
        (4, 4, 4),
        (7, 13, 5),
        (33, 70, 41),
        (128, 65, 200),
        (1, 300, 1),
        (300, 1, 300),
    ]:
        (a, one), (b, other) = pair(chance, (rows, inner), 0), pair(chance, (inner, columns), 0)
        assert near(a @ b, one @ other, 100.0 * inner)


def test_vectors():
    for chance in chances(60):
        count = chance.randint(2, 9)
        (a, one), (b, other) = pair(chance, (count, 3), 0), pair(chance, (count, 3), 0)
        if count != 2:
            assert near(a.cross(b) if count != 3 else a.cross(b, 1), numpy.cross(one, other), 100)
        assert near(a.vecdot(b, 1), (one * other).sum(1, keepdims=True), 300)
        assert near(a.normalize(1), one / numpy.linalg.norm(one, axis=1, keepdims=True))
        assert (
            same(a.T, one.T)
            and same(Matrix.concat([a, b]), numpy.concatenate([one, other]))
            and same(Matrix.concat([a, b], 1), numpy.hstack([one, other]))
        )
        (c, plane) = pair(chance, (count + 1, 2), 0)
        assert near(c.angle(), numpy.arctan2(plane[:, 1], plane[:, 0])[:, None])


def test_choices_and_closeness():
    for chance in chances(60):
        shape = chance.choice(SHAPES)
        (mask, marks), (a, one), (b, other) = pair(chance, shape, 0.9), pair(chance, shape), pair(chance, shape)
        assert same(Matrix.where(mask, a, b), numpy.where(marks != 0, one, other))
        nearly = Matrix.from_buffer(one * (1 + 1e-6))
        for equal_nan in (False, True):
            assert Matrix.allclose(a, nearly, equal_nan=equal_nan) == numpy.allclose(
                one, one * (1 + 1e-6), equal_nan=equal_nan
            )
            assert Matrix.allclose(a, b, equal_nan=equal_nan) == numpy.allclose(one, other, equal_nan=equal_nan)
