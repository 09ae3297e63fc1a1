"""Random keys and shapes, right and wrong ones: a result, or the documented exception, and nothing written."""

import math
import operator

from bocpy import Matrix
from support import pytest
from support.operations import BINARY
from support.tables import SHAPES, bits, chances, common, same, table

try:
    import numpy
except ImportError:
    numpy = None

HUGE = 2**63


class Index:
    """An int by another name."""

    def __init__(self, number):
        self.number = number

    def __index__(self):
        return self.number

    def __repr__(self):
        return f"Index({self.number})"


class Broken:
    def __index__(self):
        raise ZeroDivisionError

    __float__ = __index__

    def __repr__(self):
        return "Broken()"


WRONG = [1.0, "0", None, b"0", 1j, ..., {0}, {0: 1}, object, range(2), (0,), math.nan, Matrix(1, 1)]


def whole_number(chance, length):
    """An index, and the error for it, if there is one."""
    kind = chance.random()
    if kind < 0.75:
        at = chance.randint(-length, length - 1)
    elif kind < 0.9:
        at = chance.choice([-length - 1, length, length + 7, -(2**40), 2**62])
    elif kind < 0.95:
        at = chance.choice([HUGE, -HUGE - 1, 10**30])
    else:
        return Broken(), ZeroDivisionError
    error = None if -length <= at < length else IndexError if -HUGE <= at < HUGE else OverflowError
    if chance.random() < 0.2:
        return Index(at), error
    if at in (0, 1) and chance.random() < 0.3:
        return bool(at), error
    return at, error


def part(chance, length):
    """A slice."""
    end = lambda: chance.choice(  # noqa: E731
        [None, None, chance.randint(-length - 2, length + 2), chance.choice([-(2**80), 2**80, HUGE, -HUGE])]
    )
    step = chance.choice([None, None, 1, 2, -1, -2, 3, 2**70, -(2**70), 0])
    cut = slice(end(), end(), step)
    if chance.random() < 0.05:
        return slice(chance.choice(["a", 1.5]), None), TypeError
    if step == 0:
        return cut, ValueError
    return cut, None if range(length)[cut] else IndexError


def selector(chance, length):
    """What stands for one axis, and the errors that it may raise."""
    kind = chance.random()
    if kind < 0.35:
        key, error = whole_number(chance, length)
        return key, {error} - {None}
    if kind < 0.65:
        key, error = part(chance, length)
        return key, {error} - {None}
    if kind < 0.75:
        return slice(None), set()
    if kind < 0.95:
        pairs = [whole_number(chance, length) for _ in range(chance.randint(0, 4))]
        if chance.random() < 0.1:
            pairs.insert(chance.randint(0, len(pairs)), (chance.choice(WRONG), TypeError))
        errors = {error for _, error in pairs} - {None}
        return [key for key, _ in pairs], errors if pairs else {IndexError}
    return chance.choice(WRONG), {TypeError}


def is_whole(key):
    return isinstance(key, slice) and (key.start, key.stop, key.step) == (None, None, None)


def random_key(chance, shape):
    kind = chance.random()
    if kind < 0.3:
        key, errors = selector(chance, shape[0])
        if isinstance(key, tuple):
            return key, errors | {IndexError}
        return key, errors
    if kind < 0.95:
        (rows, first), (columns, second) = selector(chance, shape[0]), selector(chance, shape[1])
        errors = first | second
        for one, other in ((rows, columns), (columns, rows)):
            if isinstance(one, list) and not is_whole(other):
                errors = errors | {IndexError}
        return (rows, columns), errors
    length = chance.choice([0, 1, 3])
    return tuple(selector(chance, 2)[0] for _ in range(length)), {IndexError}


def at(length, key):
    """The positions that a key means, and whether it is a single one."""
    if isinstance(key, slice):
        return list(range(length)[key]), False
    if isinstance(key, list):
        return [range(length)[operator.index(one)] for one in key], False
    return [range(length)[operator.index(key)]], True


def places(key, shape):
    """The rows, the columns, and whether a key is for a number."""
    alone = not isinstance(key, tuple)
    rows, columns = (key, slice(None)) if alone else key
    (down, one_row), (across, one_column) = at(shape[0], rows), at(shape[1], columns)
    return down, across, one_row and (one_column or (alone and shape[1] == 1))


def test_keys_of_all_kinds():
    seen = {"wrong": 0, "number": 0, "matrix": 0}
    for chance in chances(6000, "keys"):
        shape = chance.choice(SHAPES)
        a, rows = table(chance, shape)
        key, errors = random_key(chance, shape)
        value = chance.choice([2.5, -0.0, math.nan])
        if errors:
            # Which one, where there are several, is not promised.
            errors = (*errors, IndexError) if OverflowError in errors else tuple(errors)
            with pytest.raises(errors):
                a[key]
            with pytest.raises(errors):
                a[key] = value
            assert same(a.tolist(), rows), key
            seen["wrong"] += 1
            continue
        down, across, is_number = places(key, shape)
        found = a[key]
        if is_number:
            assert type(found) is float and bits(found) == bits(rows[down[0]][across[0]]), key
            seen["number"] += 1
        else:
            assert same(found.tolist(), [[rows[i][j] for j in across] for i in down]), key
            seen["matrix"] += 1
        if numpy and not (isinstance(key, list) and key and isinstance(key[0], bool)):
            check_with_numpy(a, key, found)
        a[key] = value
        for i in down:
            for j in across:
                rows[i][j] = value
        assert same(a.tolist(), rows), key
    assert min(seen.values()) > 200, seen


def check_with_numpy(a, key, found):
    """NumPy takes bools for masks, and ints for an axis that goes; else its keys mean the same."""
    parts = key if isinstance(key, tuple) else (key,)
    if any(isinstance(one, bool) or isinstance(one, list) and any(isinstance(x, bool) for x in one) for one in parts):
        return
    plain = tuple([operator.index(x) for x in one] if isinstance(one, list) else one for one in parts)
    expected = numpy.array(a)[plain]
    if isinstance(found, float):
        assert bits(found) == bits(float(expected.ravel()[0])), key
    else:
        assert same(found.tolist(), expected.reshape(found.shape).tolist()), key


@pytest.mark.slow
def test_values_of_all_shapes():
    """What is assigned fits, or is refused as a whole."""
    for chance in chances(3000, "values"):
        shape = chance.choice(SHAPES)
        a, rows = table(chance, shape)
        key, errors = random_key(chance, shape)
        if errors:
            continue
        down, across, _ = places(key, shape)
        size = (len(down), len(across))
        given, values = table(chance, chance.choice([size, (1, size[1]), (size[0], 1), (1, 1), *SHAPES[:6]]))
        if common(size, given.shape) == size:
            a[key] = given
            for i, row in enumerate(down):
                for j, column in enumerate(across):
                    line = values[0] if given.rows == 1 else values[i]
                    rows[row][column] = line[0] if given.columns == 1 else line[j]
        else:
            with pytest.raises(ValueError, match="do not fit"):
                a[key] = given
        assert same(a.tolist(), rows), (key, given.shape)


@pytest.mark.parametrize("name", BINARY)
def test_shapes_that_broadcast_and_those_that_do_not(name):
    sides = [(m, n) for m in (1, 2, 3) for n in (1, 2, 3)]
    for shape in sides:
        for other in sides:
            a, b = Matrix(*shape, 3.0), Matrix(*other, 2.0)
            fits = common(shape, other)
            if numpy:
                try:
                    assert numpy.broadcast_shapes(shape, other) == fits
                except ValueError:
                    assert fits is None
            for out in (None, *sides):
                kwargs = {} if out is None else {"out": Matrix(*out, -7.0)}
                if fits and out in (None, fits):
                    found = getattr(a, name)(b, **kwargs)
                    assert found.shape == fits and found.min() == found.max() == getattr(Matrix(1, 1, 3.0), name)(2.0).x
                    continue
                with pytest.raises(ValueError):
                    getattr(a, name)(b, **kwargs)
                if out:
                    assert kwargs["out"] == Matrix(*out, -7.0)
            assert a == Matrix(*shape, 3.0) and b == Matrix(*other, 2.0)


THREE = {
    "fma": lambda a, b, c, in_place: a.fma(b, c, in_place=in_place),
    "scaled_add": lambda a, b, c, in_place: a.scaled_add(b, c, in_place=in_place),
    "where": lambda a, b, c, in_place: Matrix.where(a, b, c, **({"out": a} if in_place else {})),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", THREE)
def test_shapes_of_three_operands(name):
    sides = [(1, 1), (1, 3), (2, 1), (2, 3), (3, 2)]
    fits_second, fits_third = {
        "fma": (lambda a, b: common(a, b) == a, lambda a, c: common(a, c) == a),
        "scaled_add": (lambda a, b: common(a, b) == a, operator.eq),
        "where": (operator.eq, operator.eq),
    }[name]
    for first in sides:
        for second in sides:
            for third in sides:
                for here in (False, True):
                    a, b, c = Matrix(*first, 2.0), Matrix(*second, 3.0), Matrix(*third, 4.0)
                    if fits_second(first, second) and fits_third(first, third):
                        expected = {"fma": 10.0, "scaled_add": 14.0, "where": 3.0}[name]
                        found = THREE[name](a, b, c, here)
                        assert found == Matrix(*first, expected) and (found is a) == here
                    else:
                        with pytest.raises(ValueError):
                            THREE[name](a, b, c, here)
                        assert a == Matrix(*first, 2.0)
                    assert b == Matrix(*second, 3.0) and c == Matrix(*third, 4.0)


IN_PLACE = ["__iadd__", "__isub__", "__imul__", "__itruediv__"]


@pytest.mark.parametrize("name", IN_PLACE)
def test_shapes_in_place(name):
    for shape in SHAPES[:7]:
        for other in SHAPES[:7]:
            a, b = Matrix(*shape, 3.0), Matrix(*other, 2.0)
            if common(shape, other) == shape:
                assert getattr(a, name)(b) is a and a.min() == a.max() != 3.0
            else:
                with pytest.raises(ValueError):
                    getattr(a, name)(b)
                assert a == Matrix(*shape, 3.0)


MASKED = ["sum", "mean", "min", "max", "magnitude", "magnitude_squared", "argmin", "argmax", "topk"]


@pytest.mark.parametrize("name", MASKED)
def test_masks_are_as_the_matrix_is(name):
    args = (1,) if name == "topk" else ()
    for shape in SHAPES[:7]:
        for other in SHAPES[:7]:
            a, mask = Matrix(*shape, 3.0), Matrix(*other, 1.0)
            if shape == other:
                getattr(a, name)(*args, where=mask)
            else:
                with pytest.raises(ValueError, match="mask"):
                    getattr(a, name)(*args, where=mask)
