"""`m[...]`: reading and overwriting, with every key that there is, and with those that there are not."""

import math

from bocpy import Matrix
from support import pytest, shown
from support.tables import SHAPES, bits, chances, same, table


def random_slice(chance, length):
    limit = length + 2
    part = lambda: chance.choice([None, chance.randint(-limit, limit), chance.choice([-(2**80), 2**80])])  # noqa: E731
    return slice(part(), part(), chance.choice([None, 1, 1, 2, -1, -2, 3, 2**70, -(2**70)]))


def random_selector(chance, length):
    kind = chance.random()
    if kind < 0.4:
        return chance.randint(-length - 1, length)
    if kind < 0.7:
        return random_slice(chance, length)
    if kind < 0.8:
        return slice(None)
    return [chance.randint(-length - chance.randint(0, 1), length - 1) for _ in range(chance.randint(0, 4))]


def random_key(chance, shape):
    rows, columns = shape
    if chance.random() < 0.4:
        return random_selector(chance, rows)
    return (random_selector(chance, rows), random_selector(chance, columns))


class Refused(Exception):
    """The key is not one that a matrix takes."""


def positions(selector, length):
    if isinstance(selector, slice):
        found = list(range(length)[selector])
    else:
        found = [range(length)[at] for at in (selector if isinstance(selector, list) else [selector])]
    if not found:
        raise IndexError
    return found


def places(key, shape):
    """The rows and columns of a key, and whether the result is a number."""
    rows, columns = shape
    single = not isinstance(key, tuple)
    first, second = (key, slice(None)) if single else key
    if isinstance(first, list) and second != slice(None) or isinstance(second, list) and first != slice(None):
        raise IndexError
    number = isinstance(first, int) and (isinstance(second, int) or (single and columns == 1))
    return positions(first, rows), positions(second, columns), number


def test_reading_with_random_keys():
    seen = set()
    for chance in chances(3000):
        shape = chance.choice(SHAPES)
        a, rows = table(chance, shape)
        key = random_key(chance, shape)
        try:
            down, across, number = places(key, shape)
        except IndexError:
            with pytest.raises(IndexError):
                a[key]
            seen.add("refused")
            continue
        found = a[key]
        if number:
            assert type(found) is float and bits(found) == bits(rows[down[0]][across[0]]), key
        else:
            assert same(found.tolist(), [[rows[i][j] for j in across] for i in down]), key
        seen.add(("number" if number else "matrix", type(key).__name__))
    assert len(seen) > 6


def test_overwriting_with_random_keys():
    for chance in chances(3000):
        shape = chance.choice(SHAPES)
        a, rows = table(chance, shape)
        key = random_key(chance, shape)
        try:
            down, across, _ = places(key, shape)
        except IndexError:
            with pytest.raises(IndexError):
                a[key] = 1.0
            assert same(a.tolist(), rows)
            continue
        size = len(down), len(across)
        form = chance.choice([size, size, (1, 1), (1, size[1]), (size[0], 1), "number", "list", chance.choice(SHAPES)])
        if form == "number":
            value, values = 4.5, [[4.5]]
        elif form == "list":
            flat = [chance.uniform(-9, 9) for _ in range(size[1] if size[1] > 1 else size[0])]
            value, values = flat, [flat] if size[1] > 1 else [[x] for x in flat]
        else:
            value, values = table(chance, form)
        fits = all(have in (1, want) for have, want in zip((len(values), len(values[0])), size, strict=True))
        if not fits:
            with pytest.raises(ValueError, match="assignment"):
                a[key] = value
            assert same(a.tolist(), rows)
            continue
        a[key] = value
        for i, row in enumerate(down):
            for j, column in enumerate(across):
                line = values[0] if len(values) == 1 else values[i]
                rows[row][column] = line[0] if len(line) == 1 else line[j]
        assert same(a.tolist(), rows), (key, form)


class Index:
    def __init__(self, number):
        self.number = number

    def __index__(self):
        return self.number


def test_what_has_an_index():
    a = Matrix(2, 3, range(6))
    assert a[True, Index(2)] == 5.0 and a[[Index(-1), False]].tolist() == [[3.0, 4.0, 5.0], [0.0, 1.0, 2.0]]
    assert a[Index(0) : Index(1)].shape == (1, 3)


class Fails:
    def __repr__(self):
        return "Fails()"

    def __index__(self):
        raise LookupError("no number today")


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("a", TypeError),
        (1.0, TypeError),
        (None, TypeError),
        (..., TypeError),
        ({}, TypeError),
        ((0, 1.0), TypeError),
        ((0, None), TypeError),
        ([0.0], TypeError),
        ([[0]], TypeError),
        ([None], TypeError),
        ((0, (1, 2)), TypeError),
        ((), IndexError),
        ((0,), IndexError),
        ((0, 0, 0), IndexError),
        (2, IndexError),
        (-3, IndexError),
        ((0, 3), IndexError),
        ((0, -4), IndexError),
        ([], IndexError),
        ([0, 2], IndexError),
        (([0], [0]), IndexError),
        (([0], 0), IndexError),
        ((0, [0]), IndexError),
        (([0], slice(0, 2)), IndexError),
        ((slice(0, 2), [0]), IndexError),
        ((slice(0, None), [0]), IndexError),
        (slice(1, 1), IndexError),
        (slice(0, 2, 0), ValueError),
        (slice("a", None), TypeError),
        (2**63, OverflowError),
        (-(2**63) - 1, OverflowError),
        ([2**63], OverflowError),
        ((0, 2**100), OverflowError),
        (Fails(), LookupError),
        ([Fails()], LookupError),
        (slice(Fails(), None), LookupError),
        (2**63 - 1, IndexError),
        (-(2**63), IndexError),
        ([-(2**63)], IndexError),
    ],
    ids=str,
)
def test_keys_that_there_are_not(key, error):
    a = Matrix(2, 3, range(6))
    with pytest.raises(error):
        a[key]
    with pytest.raises(error):
        a[key] = 7.0
    assert a.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]


@pytest.mark.parametrize("value", ["a", None, {}, ["a", 1, 2], [[1, 2, 3]], 1j], ids=shown)
def test_values_that_there_are_not(value):
    a = Matrix(2, 3, range(6))
    for key in ((0, 0), 0, slice(None), [0], (slice(None), 0)):
        with pytest.raises(TypeError):
            a[key] = value
    assert a.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]


def test_elements_cannot_be_deleted():
    a = Matrix(2, 3, range(6))
    for key in (0, (0, 0), slice(None)):
        with pytest.raises(TypeError, match="cannot be deleted"):
            del a[key]


def test_a_part_of_itself():
    a = Matrix(2, 2, [1, 2, 3, 4])
    a[0] = a[1]
    assert a.tolist() == [[3.0, 4.0], [3.0, 4.0]]
    a = Matrix(2, 2, [1, 2, 3, 4])
    a[:] = a
    a[::-1] = a
    assert a.tolist() == [[3.0, 4.0], [1.0, 2.0]]
    a[[0, 0]] += 10
    assert a[0].tolist() == [[13.0, 14.0]]


def test_the_last_value_stays():
    a = Matrix(3, 2)
    a[[1, 1]] = Matrix(2, 2, [1, 2, 3, 4])
    assert a.tolist() == [[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]]


def test_a_list_key_gives_a_matrix():
    assert Matrix(3, 1, range(3))[[1]].shape == (1, 1) and Matrix(1, 1)[0:1, 0:1].shape == (1, 1)
    assert Matrix(3, 1, range(3))[1] == 1.0 and type(Matrix(3, 1)[1]) is float


def test_rows_one_by_one():
    a = Matrix(2, 3, range(6))
    assert len(a) == 2 and [row.tolist() for row in a] == [[[0.0, 1.0, 2.0]], [[3.0, 4.0, 5.0]]]
    assert list(Matrix(3, 1, range(3))) == [0.0, 1.0, 2.0] and [row.tolist() for row in reversed(a)][0] == [
        [3.0, 4.0, 5.0]
    ]
    assert bool(Matrix(1, 1)) is True


def test_components():
    a = Matrix(2, 2, [1, 2, 3, 4])
    assert (a.x, a.y, a.z, a.w) == (1.0, 2.0, 3.0, 4.0)
    a.x, a.w = -1, math.inf
    assert a.tolist() == [[-1.0, 2.0], [3.0, math.inf]]
    short = Matrix(1, 2)
    with pytest.raises(IndexError):
        short.z  # noqa: B018
    with pytest.raises(IndexError):
        short.w = 1
    with pytest.raises(TypeError):
        short.x = "a"
    with pytest.raises(TypeError):
        del short.x
    for name in ("rows", "columns", "shape", "size", "T", "length", "acquired", "other"):
        with pytest.raises(AttributeError):
            setattr(short, name, 1)


def test_a_list_that_changes_while_it_is_read():
    class Shrinks:
        def __init__(self, items):
            self.items = items

        def __float__(self):
            self.items.clear()
            return 1.0

    items = []
    items.extend([Shrinks(items), 2.0, 3.0])
    a = Matrix(1, 3, [7, 8, 9])
    with pytest.raises(RuntimeError, match="shorter"):
        a + items
    items.extend([Shrinks(items), 2.0, 3.0])
    with pytest.raises(RuntimeError, match="shorter"):
        a[0] = items
    assert a.tolist() == [[7.0, 8.0, 9.0]]
