"""How matrices are made, and how they are shown."""

import math
import sys
from decimal import Decimal
from fractions import Fraction

from bocpy import Matrix
from support import pytest
from support.tables import SHAPES, chances, same, table


def test_the_constructor():
    assert Matrix(2, 2).tolist() == [[0.0, 0.0], [0.0, 0.0]] == Matrix(2, 2, None).tolist()
    assert Matrix(1, 2, 7).tolist() == [[7.0, 7.0]] == Matrix(1, 2, Fraction(7)).tolist()
    for values in (
        [1, 2],
        (1, 2),
        range(1, 3),
        iter([1, 2]),
        {1: 0, 2: 0},
        [Decimal(1), Fraction(2)],
        Matrix.vector([1, 2]).view[0],
    ):
        assert Matrix(1, 2, values).tolist() == [[1.0, 2.0]]
    assert (
        Matrix(rows=2, columns=1, values=[1, 2]).tolist() == [[1.0], [2.0]] == Matrix(2, 1, values=[True, 2]).tolist()
    )
    a = Matrix(2, 3)
    assert (a.rows, a.columns, a.size, a.shape, a.acquired) == (2, 3, 6, (2, 3), True)


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ((), TypeError),
        ((2,), TypeError),
        ((1, 2, 3, 4), TypeError),
        ((2.0, 2), TypeError),
        (("2", 2), TypeError),
        ((None, 2), TypeError),
        ((0, 1), ValueError),
        ((1, 0), ValueError),
        ((-1, 1), ValueError),
        ((2, 2, [1, 2, 3]), ValueError),
        ((2, 2, [1, 2, 3, 4, 5]), ValueError),
        ((2, 2, []), ValueError),
        ((2, 2, [[1, 2], [3, 4]]), ValueError),
        ((1, 1, [[1]]), TypeError),
        ((1, 1, "7"), TypeError),
        ((1, 1, b"7"), TypeError),
        ((1, 1, ["7"]), TypeError),
        ((1, 1, ...), TypeError),
        ((1, 1, 1j), TypeError),
        ((1, 1, [None]), TypeError),
        ((1, 1, Matrix(1, 1)), TypeError),
        ((1, 1, 10**400), OverflowError),
        ((2**70, 1), OverflowError),
        ((2**62, 1), MemoryError),
        ((2**32, 2**32), MemoryError),
        ((2**63 - 1, 2**63 - 1), MemoryError),
        ((2**50, 2**9), MemoryError),
    ],
    ids=str,
)
def test_what_the_constructor_refuses(args, error):
    with pytest.raises(error):
        Matrix(*args)


def test_arguments_by_name():
    with pytest.raises(TypeError, match="rows is given twice"):
        Matrix(1, 2, rows=1)
    with pytest.raises(TypeError, match="another name"):
        Matrix(1, 2, value=1)


def test_sizes():
    for size in ((2, 3), [2, 3]):
        assert Matrix.zeros(size).tolist() == [[0.0] * 3] * 2
        assert Matrix.ones(size).tolist() == [[1.0] * 3] * 2 == Matrix.full(size, 1).tolist()
    assert Matrix.full(size=(1, 1), value=math.inf).x == math.inf
    for make in (Matrix.zeros, Matrix.ones, lambda size: Matrix.full(size, 1), lambda size: Matrix.uniform(size=size)):
        for size, error in [
            (2, TypeError),
            ((2,), TypeError),
            ((1, 2, 3), TypeError),
            ((2.0, 2), TypeError),
            ("ab", TypeError),
            ((0, 1), ValueError),
            ((1, -1), ValueError),
            ((2**70, 1), OverflowError),
            ((2**40, 2**40), MemoryError),
        ]:
            with pytest.raises(error):
                make(size)
    with pytest.raises(TypeError, match="misses the argument 'value'"):
        Matrix.full((1, 1))


def test_vectors():
    for values in ([1, 2], (1, 2), range(1, 3), (x for x in (1, 2))):
        assert Matrix.vector(values).tolist() == [[1.0, 2.0]]
    assert Matrix.vector([1, 2], True).tolist() == [[1.0], [2.0]] == Matrix.vector([1, 2], as_column=True).tolist()
    for values, error in [
        ([], ValueError),
        ("12", TypeError),
        (5, TypeError),
        (None, TypeError),
        ([[1]], TypeError),
        (Matrix(1, 1), TypeError),
    ]:
        with pytest.raises(error):
            Matrix.vector(values)


def test_rows():
    for chance in chances(30):
        a, rows = table(chance, chance.choice(SHAPES))
        assert same(Matrix.from_rows(rows).tolist(), rows) and same(Matrix.from_rows(map(iter, rows)).tolist(), rows)
        assert same(Matrix.from_rows(a.row_views()).tolist(), rows) and same(
            Matrix.from_rows(a.column_views()).tolist(), a.T.tolist()
        )
    for rows, error, message in [
        ([], ValueError, "at least one row"),
        ([[]], ValueError, "at least one"),
        ([[1, 2], [3]], ValueError, "row 1 has 1 values, row 0 has 2"),
        ([[1], [2], [3, 4]], ValueError, "row 2 has 2 values"),
        ([1, 2], TypeError, "not iterable"),
        (["ab"], TypeError, "row 0 is a str"),
        ([["a"]], TypeError, "item 0 is a str"),
        ([[[1]]], TypeError, "item 0 is a list"),
        (5, TypeError, "not iterable"),
    ]:
        with pytest.raises(error, match=message):
            Matrix.from_rows(rows)


def test_concat():
    for chance in chances(60):
        rows, columns = chance.choice(SHAPES)
        parts = [table(chance, (chance.randint(1, 4), columns)) for _ in range(chance.randint(1, 4))]
        expected = [row for _, part in parts for row in part]
        assert same(Matrix.concat([a for a, _ in parts]).tolist(), expected)
        assert same(Matrix.concat(tuple(a.T for a, _ in parts), 1).tolist(), Matrix.from_rows(expected).T.tolist())
    row = Matrix(1, 2, [1, 2])
    assert Matrix.concat([row, [3, 4], (5, 6), row.view[0]]).tolist() == [
        [1.0, 2.0],
        [3.0, 4.0],
        [5.0, 6.0],
        [1.0, 2.0],
    ]
    assert Matrix.concat([[1, 2], [3, 4]], axis=-1).tolist() == [[1.0, 3.0], [2.0, 4.0]]
    assert Matrix.concat([row, row]).tolist() == [[1.0, 2.0], [1.0, 2.0]] and Matrix.concat(Matrix(2, 2, 1)).shape == (
        2,
        2,
    )
    for args, error in [
        (([],), ValueError),
        (([row, Matrix(2, 1)],), ValueError),
        (([row, Matrix(2, 1)], 1), ValueError),
        (([row], 2), KeyError),
        (([row], None), TypeError),
        (([row, 5],), TypeError),
        ((5,), TypeError),
        ((["ab"],), TypeError),
        ((), TypeError),
    ]:
        with pytest.raises(error):
            Matrix.concat(*args)


def test_transposes():
    for chance in chances(60):
        a, rows = table(chance, chance.choice(SHAPES))
        expected = [list(column) for column in zip(*rows, strict=True)]
        assert same(a.T.tolist(), expected) and same(a.transpose().tolist(), expected) and same(a.tolist(), rows)
        assert a.transpose(in_place=True) is a and same(a.tolist(), expected)
        assert a.transpose_in_place() is None and same(a.tolist(), rows)


def test_copies_are_apart():
    a = Matrix(2, 2, [1, 2, 3, 4])
    b = a.copy()
    b[0, 0] = 9
    assert a[0, 0] == 1.0 and b[0, 0] == 9.0


def test_random_numbers():
    Matrix.seed(7)
    first = [
        Matrix.uniform(),
        Matrix.uniform(2, 3),
        *Matrix.uniform(-1, 1, (3, 4)).values(),
        Matrix.normal(),
        *Matrix.normal(5, 0.1, size=(2, 2)).values(),
    ]
    Matrix.seed(7)
    again = [
        Matrix.uniform(),
        Matrix.uniform(minval=2, maxval=3),
        *Matrix.uniform(-1, 1, size=[3, 4]).values(),
        Matrix.normal(mean=0.0),
        *Matrix.normal(5, stddev=0.1, size=(2, 2)).values(),
    ]
    assert first == again and 0 <= first[0] < 1 and 2 <= first[1] < 3 and all(-1 <= x < 1 for x in first[2:14])
    Matrix.seed(8)
    assert Matrix.uniform() != first[0]
    for seed in (-3, 2**64, 2**200, -(2**64), 2**64 - 1, True):
        Matrix.seed(seed)
        number = Matrix.uniform()
        Matrix.seed(seed)
        assert Matrix.uniform() == number
    many = Matrix.normal(3, 2, (100, 100))
    assert abs(many.mean() - 3) < 0.2 and abs((many - many.mean()).magnitude_squared() / 10_000 - 4) < 0.4
    assert abs(Matrix.uniform(size=(100, 100)).mean() - 0.5) < 0.02 and Matrix.uniform(None, None, None) < 1


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda: Matrix.seed("a"), TypeError),
        (lambda: Matrix.seed(2.5), TypeError),
        (lambda: Matrix.seed(), TypeError),
        (lambda: Matrix.uniform("a"), TypeError),
        (lambda: Matrix.uniform(1, 0), ValueError),
        (lambda: Matrix.uniform(0, math.inf), ValueError),
        (lambda: Matrix.uniform(math.nan, 1), ValueError),
        (lambda: Matrix.normal(0, -1), ValueError),
        (lambda: Matrix.normal(math.inf, 1, (2, 2)), ValueError),
        (lambda: Matrix.normal(0, 1, 5), TypeError),
    ],
)
def test_random_numbers_that_there_are_not(attempt, error):
    with pytest.raises(error):
        attempt()


def test_a_small_matrix_is_shown_as_it_is_made():
    for chance in chances(60):
        a, rows = table(chance, chance.choice(SHAPES))
        names = {"Matrix": Matrix, "inf": math.inf, "nan": math.nan}
        again = eval(repr(a), names)
        assert again.shape == a.shape and same(again.tolist(), rows)
        assert same(eval(str(a), names), rows)
    assert repr(Matrix(1, 2, [1, -2.5])) == "Matrix(1, 2, [1.0, -2.5])"
    assert repr(Matrix(2, 2, [1, 2, 30, 4])) == "Matrix(2, 2, [ 1.0, 2.0,\n              30.0, 4.0])"
    assert str(Matrix(2, 2, [1, 2, 30, 4])) == "[[ 1.0, 2.0],\n [30.0, 4.0]]"


def test_numbers_are_shown_as_python_shows_them():
    numbers = [0.1, 1e16, 1e-5, 123456789.0, 1e100, -1e-300, 5e-324, 1.7976931348623157e308, 1e15, 0.0001, math.pi]
    for number in numbers:
        assert str(Matrix(1, 1, number)) == f"[[{number!r}]]"
    assert str(Matrix(1, 3, [math.nan, -math.inf, math.inf])) == "[[nan, -inf, inf]]"


def test_a_large_matrix_is_abridged():
    a = Matrix(1000, 1000, range(1_000_000))
    for text in (repr(a), str(a)):
        assert len(text) < 1000 and "..." in text and "999999.0" in text and text.count("\n") == 6
    assert str(Matrix(1, 2000)).count(",") == 6 and str(Matrix(2000, 1)).count("\n") == 6


def test_close_ones():
    a = Matrix(1, 3, [1, 2, math.nan])
    b = Matrix(1, 3, [1, 2 + 1e-9, math.nan])
    assert not Matrix.allclose(a, b) and Matrix.allclose(a, b, equal_nan=True) and a.allclose(a[:, :2], b[:, :2])
    assert not Matrix.allclose(a[:, :2], b[:, :2], 0, 0) and Matrix.allclose(a[:, :2], b[:, :2], rtol=0, atol=1e-8)
    assert Matrix.allclose(Matrix(1, 1, math.inf), Matrix(1, 1, math.inf)) and not Matrix.allclose(
        Matrix(1, 1, 1), Matrix(1, 1, math.inf)
    )
    assert (
        Matrix.allclose(a, a, equal_nan=True)
        and not Matrix.allclose(a, b.T, equal_nan=True)
        and Matrix.allclose(lhs=a.view[0, :2], rhs=b[:, :2])
    )
    for args in ((a,), (a, 2), (a, [1, 2, 3]), (a, b, "a")):
        with pytest.raises(TypeError):
            Matrix.allclose(*args)


def test_no_memory():
    """Sizes that an address space has room for, and no machine: an exception, not an abort."""
    if sys.maxsize < 2**40:
        pytest.skip("for machines of 64 bits")
    for attempt in (
        lambda: Matrix(2**47, 2**10),
        lambda: Matrix(2**57 - 1, 8),
        lambda: Matrix.full((2**50, 2**6), 1),
        lambda: Matrix(1, 2**20).T @ Matrix(1, 2**37),
    ):
        with pytest.raises(MemoryError):
            attempt()
