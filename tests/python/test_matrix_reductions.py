"""Sums, extremes and where they are: of all, of columns, of rows, and of what a mask chooses."""

import math

from bocpy import Matrix
from support import pytest
from support.tables import SHAPES, bits, chances, close, groups, same, table

REDUCTIONS = ["sum", "mean", "min", "max", "magnitude", "magnitude_squared"]


def first_extreme(values, less):
    """Where the first of the least is; NaN is passed over unless it is the first."""
    best = 0
    for place, value in enumerate(values):
        if less(value, values[best]):
            best = place
    return best


def less(a, b):
    return a < b


def greater(a, b):
    return a > b


def infinite_or_nan(values):
    """What a sum is that is not finite for that reason; None if it may be finite."""
    if any(map(math.isnan, values)) or (math.inf in values and -math.inf in values):
        return math.nan
    return next((value for value in values if math.isinf(value)), None)


def total(values):
    found = infinite_or_nan(values)
    return math.fsum(values) if found is None else found


def expected(name, values):
    if not values:
        return 0.0 if name in ("sum", "magnitude", "magnitude_squared") else math.nan
    if name == "sum":
        return total(values)
    if name == "mean":
        return total(values) / len(values)
    if name == "min":
        return values[first_extreme(values, less)]
    if name == "max":
        return values[first_extreme(values, greater)]
    squares = [value * value for value in values]
    return total(squares) if name == "magnitude_squared" else math.sqrt(total(squares))


def agree(name, found, values):
    """Extremes exactly (but for the sign of zero), the rest within the error of rounding."""
    wanted = expected(name, values)
    if name in ("min", "max"):
        return bits(found + 0.0) == bits(wanted + 0.0)
    scale = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    return close(found, wanted) or abs(found - wanted) <= 1e-14 * scale * len(values)


def tame(chance, shape):
    """A table without what overflows in sums."""
    a, rows = table(chance, shape, 0.2)
    rows = [[math.copysign(3.0, x) if abs(x) > 1e300 and math.isfinite(x) else x for x in row] for row in rows]
    return Matrix.from_rows(rows), rows


def parts(result, axis, shape):
    """The numbers of a reduction; checks its shape."""
    if axis is None:
        assert type(result) is float
        return [result]
    assert result.shape == ((1, shape[1]) if axis == 0 else (shape[0], 1))
    return list(result.values())


@pytest.mark.parametrize("name", REDUCTIONS)
def test_all_columns_and_rows(name):
    for chance in chances(100, name):
        a, rows = tame(chance, chance.choice(SHAPES))
        for axis in (None, 0, 1):
            found = parts(getattr(a, name)(axis), axis, a.shape)
            for number, values in zip(found, groups(rows, axis), strict=True):
                assert agree(name, number, values), (name, axis, rows)
        assert same(getattr(a, name)(-2).tolist(), getattr(a, name)(axis=0).tolist())
        assert same(getattr(a, name)(-1).tolist(), getattr(a, name)(1, None).tolist())


@pytest.mark.parametrize("name", REDUCTIONS)
def test_only_what_the_mask_chooses(name):
    for chance in chances(100, name):
        a, rows = tame(chance, chance.choice(SHAPES))
        mask, chosen = table(chance, a.shape, 0.9)
        mask = mask.multiply(Matrix.uniform(size=a.shape).greater(0.5)) if chance.random() < 0.5 else mask
        chosen = mask.tolist()
        for axis in (None, 0, 1):
            found = parts(getattr(a, name)(axis, mask), axis, a.shape)
            for number, values, marks in zip(found, groups(rows, axis), groups(chosen, axis), strict=True):
                values = [value for value, mark in zip(values, marks, strict=True) if mark != 0.0]
                assert agree(name, number, values), (name, axis, values)
        assert agree(name, getattr(a, name)(where=a), [x for row in rows for x in row if x != 0.0])


@pytest.mark.parametrize(("name", "better"), [("argmin", less), ("argmax", greater)])
def test_where_extremes_are(name, better):
    for chance in chances(150, name):
        a, rows = table(chance, chance.choice(SHAPES), 0.7)
        mask, chosen = table(chance, a.shape, 0.9)
        for axis in (None, 0, 1):
            wanted = [first_extreme(values, better) for values in groups(rows, axis)]
            some = []
            for values, marks in zip(groups(rows, axis), groups(chosen, axis), strict=True):
                places = [place for place, mark in enumerate(marks) if mark != 0.0]
                some.append(places[first_extreme([values[p] for p in places], better)] if places else -1)
            for args, places in (((axis,), wanted), ((axis, mask), some)):
                found = getattr(a, name)(*args)
                assert found == (places[0] if axis is None else places), (args, rows)
                assert type(found) is (int if axis is None else list)
                found = getattr(a, name)(*args, as_matrix=True)
                assert found == places[0] if axis is None else list(found.values()) == places


@pytest.mark.parametrize("largest", [True, False])
def test_topk(largest):
    for chance in chances(150, largest):
        a, rows = table(chance, chance.choice(SHAPES), 0.7)
        mask, chosen = table(chance, a.shape, 0.9)
        for axis in (None, 0, 1):
            k = chance.randint(1, len(groups(rows, axis)[0]))
            for given in (None, mask):
                marks = groups(chosen, axis) if given is not None else None
                wanted, places = [], []
                for nth, values in enumerate(groups(rows, axis)):
                    counting = [p for p in range(len(values)) if marks is None or marks[nth][p] != 0.0]
                    order = sorted(
                        counting,
                        key=lambda p: (
                            math.isnan(values[p]),
                            0 if math.isnan(values[p]) else -values[p] if largest else values[p],
                        ),
                    )[:k]
                    gap = k - len(order)
                    wanted.append([values[p] for p in order] + [math.nan] * gap)
                    places.append(order + [-1] * gap)
                found, where = a.topk(k, axis, largest, given)
                matrix, numbers = a.topk(k, axis, largest, given, as_matrix=True)
                if axis == 0:
                    assert where == places and same(groups(found.tolist(), 0), wanted)
                    assert groups(numbers.tolist(), 0) == places
                else:
                    assert where == (places[0] if axis is None else places) and same(found.tolist(), wanted)
                    assert numbers.tolist() == places
                assert same(matrix.tolist(), found.tolist()) and numbers.shape == found.shape


def test_the_length_of_a_vector():
    assert Matrix(1, 2, [3, 4]).length == 5.0 == Matrix(2, 1, [3, 4]).magnitude()
    assert Matrix(1, 2, [3e200, 4e200]).length == math.inf


@pytest.mark.parametrize("name", [*REDUCTIONS, "argmin", "argmax"])
def test_what_reductions_refuse(name):
    a = Matrix(2, 3, 1)
    for args, error, message in [
        ((2,), ValueError, "axis 2 does not exist"),
        ((-3,), ValueError, "axis -3 does not exist"),
        ((True,), TypeError, "not a bool"),
        ((1.0,), TypeError, "not a float"),
        (("a",), TypeError, "not a str"),
        ((2**70,), OverflowError, "int"),
        ((None, Matrix(1, 3)), ValueError, "the mask, where, is 1x3; it has to be as the matrix is, 2x3"),
        ((0, Matrix(3, 2)), ValueError, "the mask"),
        ((None, [1, 0, 1]), TypeError, "where has to be a Matrix"),
        ((None, True), TypeError, "where has to be a Matrix"),
    ]:
        with pytest.raises(error, match=message):
            getattr(a, name)(*args)
    with pytest.raises(TypeError, match="unexpected keyword argument 'along'"):
        getattr(a, name)(along=1)


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ((0,), ValueError),
        ((-1,), ValueError),
        ((7,), ValueError),
        ((4, 1), ValueError),
        ((3, 0), ValueError),
        ((1, 5), ValueError),
        ((2.0,), TypeError),
        ((), TypeError),
        ((2**70,), OverflowError),
    ],
)
def test_what_topk_refuses(args, error):
    with pytest.raises(error):
        Matrix(2, 3, 1).topk(*args)


def test_a_sum_is_exact_to_the_last_digits():
    """Rounding grows with the logarithm of the count, not with the count."""
    values = [0.1] * 100_000
    assert abs(Matrix(1, len(values), values).sum() - math.fsum(values)) < 1e-10
    assert Matrix(1000, 100, 0.1).mean() == pytest.approx(0.1, rel=1e-15)
