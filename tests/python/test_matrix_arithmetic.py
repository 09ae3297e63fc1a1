"""Arithmetic and comparisons of matrices, element by element: bit for bit what Python's floats give."""

import math
import operator

from bocpy import Matrix
from support import pytest, shown
from support.tables import SHAPES, chances, combine, common, divide, numbers, same, table

METHODS = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": divide,
    "less": lambda a, b: float(a < b),
    "less_equal": lambda a, b: float(a <= b),
    "greater": lambda a, b: float(a > b),
    "greater_equal": lambda a, b: float(a >= b),
    "equal": lambda a, b: float(a == b),
    "not_equal": lambda a, b: float(a != b),
}
OPERATORS = {"add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv}
IN_PLACE = {"add": operator.iadd, "subtract": operator.isub, "multiply": operator.imul, "divide": operator.itruediv}


def pairs(chance):
    """Two shapes that broadcast, or not."""
    one = chance.choice(SHAPES)
    rows, columns = one
    return one, chance.choice([one, (1, 1), (1, columns), (rows, 1), chance.choice(SHAPES)])


@pytest.mark.parametrize("name", METHODS)
def test_all_that_broadcasts(name):
    for chance in chances(150, name):
        one, other = pairs(chance)
        (a, rows), (b, others) = table(chance, one), table(chance, other)
        shape = common(one, other)
        if shape is None:
            with pytest.raises(
                ValueError, match=f"^{name}: the shapes {a.rows}x{a.columns} and {b.rows}x{b.columns} do"
            ):
                getattr(a, name)(b)
            continue
        expected = combine(METHODS[name], shape, rows, others)
        result = getattr(a, name)(b)
        assert result.shape == shape and same(result.tolist(), expected)
        if name in OPERATORS:
            assert same(OPERATORS[name](a, b).tolist(), expected)
        out = Matrix(*shape, values=7)
        assert getattr(a, name)(b, out=out) is out and same(out.tolist(), expected)
        # `out` may be an operand, or both of them.
        for operand in (a, b):
            if operand.shape == shape:
                x, y = (a.copy() if operand is a else a), (b.copy() if operand is b else b)
                assert getattr(x, name)(y, out=x if operand is a else y) is (x if operand is a else y)
                assert same((x if operand is a else y).tolist(), expected)
        if one == shape and name in IN_PLACE:
            x = a.copy()
            assert IN_PLACE[name](x, b) is x and same(x.tolist(), expected)


@pytest.mark.parametrize("name", METHODS)
def test_with_itself(name):
    for chance in chances(20, name):
        a, rows = table(chance, chance.choice(SHAPES))
        expected = combine(METHODS[name], a.shape, rows, rows)
        assert same(getattr(a, name)(a).tolist(), expected)
        if name in OPERATORS:
            assert same(OPERATORS[name](a, a).tolist(), expected)
        assert getattr(a, name)(a, out=a) is a and same(a.tolist(), expected)


@pytest.mark.parametrize("name", OPERATORS)
def test_numbers_on_either_side(name):
    for chance in chances(60, name):
        a, rows = table(chance, chance.choice(SHAPES))
        (number,) = numbers(chance, 1)
        assert same(OPERATORS[name](a, number).tolist(), combine(METHODS[name], a.shape, rows, [[number]]))
        assert same(OPERATORS[name](number, a).tolist(), combine(METHODS[name], a.shape, [[number]], rows))
        assert same(getattr(a, name)(number).tolist(), combine(METHODS[name], a.shape, rows, [[number]]))


class Half:
    """A number of another type."""

    def __float__(self):
        return 0.5


@pytest.mark.parametrize("number", [True, 3, 2**70, Half()], ids=shown)
def test_numbers_of_other_types(number):
    a = Matrix(1, 2, [1.0, -4.0])
    assert (a + number).tolist() == [[1.0 + float(number), -4.0 + float(number)]] == (number + a).tolist()
    assert a.less(number).tolist() == [[float(1.0 < float(number)), float(-4.0 < float(number))]]


def test_a_number_that_fails_leaves_everything_as_it_was():
    class Bad:
        def __float__(self):
            raise LookupError("not today")

    a = Matrix(1, 2, [1.0, 2.0])
    for attempt in (lambda: a + Bad(), lambda: a.add(Bad(), out=a), lambda: a.__iadd__(Bad()), lambda: a + [1, Bad()]):
        with pytest.raises(LookupError, match="not today"):
            attempt()
    assert a.tolist() == [[1.0, 2.0]]
    with pytest.raises(OverflowError):
        a + 10**400


def test_lists_are_rows():
    a = Matrix(2, 3, range(6))
    assert (a + [1, 2, 3]).tolist() == [[1.0, 3.0, 5.0], [4.0, 6.0, 8.0]] == ((1, 2, 3) + a).tolist()
    assert a.less([3, 1, 9]).tolist() == [[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]
    a += (10, 20, 30)
    assert a.tolist() == [[10.0, 21.0, 32.0], [13.0, 24.0, 35.0]]


@pytest.mark.parametrize("other", ["a", b"ab", None, {}, object(), 1j], ids=shown)
def test_what_is_no_operand(other):
    a = Matrix(1, 2, [1.0, 2.0])
    for attempt in (
        lambda: a + other,
        lambda: other * a,
        lambda: a.add(other),
        lambda: a @ other,
        lambda: a.less(other),
    ):
        with pytest.raises(TypeError):
            attempt()
    assert a.tolist() == [[1.0, 2.0]]


def test_other_operators_are_not_there():
    a = Matrix(1, 1)
    for attempt in (lambda: a**2, lambda: a % 2, lambda: a // 2, lambda: +a, lambda: a & a):
        with pytest.raises(TypeError):
            attempt()


def test_one_rounding_and_two():
    for chance in chances(60):
        shape = chance.choice(SHAPES)
        (a, rows), (x, xs) = table(chance, shape, 0), table(chance, shape, 0)
        forms = [(1, 1), (1, shape[1]), (shape[0], 1), shape]
        s, ss = table(chance, chance.choice(forms), 0)
        c, cs = table(chance, chance.choice(forms), 0)
        twice = combine(lambda a, s, x: a + s * x, shape, rows, ss, xs)
        assert same(a.scaled_add(s, x).tolist(), twice) and same((a + s * x).tolist(), twice)
        once = combine(exact, shape, rows, ss, cs)
        assert same(a.fma(s, c).tolist(), once)
        b = a.copy()
        assert b.fma(s, c, in_place=True) is b and same(b.tolist(), once)
        b = a.copy()
        assert b.scaled_add(s, x, in_place=True) is b and same(b.tolist(), twice)
        b = a.copy()
        b.fma(b, b, True)
        assert same(b.tolist(), combine(exact, shape, rows, rows, rows))


def exact(a, b, c):
    """`a * b + c` rounded once."""
    from fractions import Fraction

    return float(Fraction(a) * Fraction(b) + Fraction(c))


def test_what_fma_and_scaled_add_refuse():
    a, row = Matrix(2, 3, 1), Matrix(1, 3, 2)
    for attempt, error in [
        (lambda: row.fma(a, 1), ValueError),
        (lambda: a.fma([1, 2, 3], 1), TypeError),
        (lambda: a.fma(1, "c"), TypeError),
        (lambda: a.fma(1), TypeError),
        (lambda: a.scaled_add(2, row), ValueError),
        (lambda: a.scaled_add(2, 3), TypeError),
        (lambda: a.scaled_add(Matrix(3, 1), a), ValueError),
        (lambda: a.fma(Matrix(3, 1), a, in_place=True), ValueError),
    ]:
        with pytest.raises(error):
            attempt()
    assert a.tolist() == [[1.0] * 3] * 2


def test_where():
    for chance in chances(60):
        shape = chance.choice(SHAPES)
        mask, chosen = table(chance, shape, 0.9)
        (a, rows), (b, others) = table(chance, shape), table(chance, shape)
        (number,) = numbers(chance, 1)

        def choose(mask, a, b):
            return a if mask != 0.0 else b

        expected = combine(choose, shape, chosen, rows, others)
        assert same(Matrix.where(mask, a, b).tolist(), expected)
        assert same(Matrix.where(mask, number, b).tolist(), combine(choose, shape, chosen, [[number]], others))
        assert same(Matrix.where(mask, a, number).tolist(), combine(choose, shape, chosen, rows, [[number]]))
        for nth in range(3):
            parts = mask.copy(), a.copy(), b.copy()
            assert Matrix.where(*parts, out=parts[nth]) is parts[nth] and same(parts[nth].tolist(), expected)


def test_what_where_refuses():
    mask, row = Matrix(2, 3, 1), Matrix(1, 3, 5)
    for attempt, error in [
        (lambda: Matrix.where(mask, row, 1), ValueError),
        (lambda: Matrix.where(mask, 1, Matrix(1, 1)), ValueError),
        (lambda: Matrix.where(mask, [1, 2, 3], 1), ValueError),
        (lambda: Matrix.where(mask, [], 1), ValueError),
        (lambda: Matrix.where(mask, ["a", 1, 2], 1), TypeError),
        (lambda: Matrix.where(1, 2, 3), TypeError),
        (lambda: Matrix.where(mask, "a", 3), TypeError),
        (lambda: Matrix.where(mask, 1, 2, out=row), ValueError),
        (lambda: Matrix.where(mask, 1, 2, out=[]), TypeError),
    ]:
        with pytest.raises(error):
            attempt()
    assert row.tolist() == [[5.0] * 3]
    assert Matrix.where(row, [1, 2, 3], 0).tolist() == [[1.0, 2.0, 3.0]]


def test_an_output_of_another_shape_is_not_touched():
    a, row = Matrix(2, 3, 1), Matrix(1, 3, 5)
    with pytest.raises(ValueError, match="add: the result is 2x3, the place for it is 1x3"):
        a.add(1, out=row)
    with pytest.raises(ValueError, match="the result is 2x3"):
        row += a
    with pytest.raises(TypeError, match="out has to be a Matrix, not a list"):
        a.add(1, out=[])
    assert row.tolist() == [[5.0] * 3]


def test_products_of_matrices():
    for chance in chances(60):
        rows, inner, columns = (chance.randint(1, 9) for _ in range(3))
        a = Matrix(rows, inner, [chance.randint(-9, 9) for _ in range(rows * inner)])
        b = Matrix(inner, columns, [chance.randint(-9, 9) for _ in range(inner * columns)])
        left, right = a.tolist(), b.tolist()
        expected = [[sum(left[i][k] * right[k][j] for k in range(inner)) for j in range(columns)] for i in range(rows)]
        assert (a @ b).tolist() == expected
    square = Matrix(2, 2, [1, 2, 3, 4])
    assert (square @ square).tolist() == [[7.0, 10.0], [15.0, 22.0]]
    assert ([1, 1] @ square).tolist() == [[4.0, 6.0]]
    same_object = square
    square @= square
    assert square is same_object and square.tolist() == [[7.0, 10.0], [15.0, 22.0]]


def test_what_products_refuse():
    a = Matrix(2, 3, 1)
    with pytest.raises(
        ValueError, match="matmul: the shapes 2x3 and 2x3 do not fit together; the left one has to have as"
    ):
        a @ a
    with pytest.raises(TypeError):
        a @ 2
    with pytest.raises(ValueError, match="@=: the result is 2x2, the place for it is 2x3"):
        a @= Matrix(3, 2)
    assert a.shape == (2, 3)


def test_the_order_of_matrices():
    """As that of lists in row-major order, but that NaN never decides."""
    for chance in chances(200):
        shape = chance.choice(SHAPES[:6])
        values = [0.0, -0.0, 1.0, math.nan]
        flat = [chance.choice(values) for _ in range(shape[0] * shape[1])]
        others = [chance.choice([x, *values]) for x in flat]
        a, b = Matrix(*shape, values=flat), Matrix(*shape, values=others)
        deciding = [(x, y) for x, y in zip(flat, others, strict=True) if x < y or x > y]
        x, y = deciding[0] if deciding else (0, 0)
        for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
            assert compare(a, b) is compare(x, y)
        assert a == a and not a != a and a <= a and not a < a  # noqa: PLR0124, SIM202


def test_comparisons_with_others():
    row = Matrix(1, 3, [1, 2, 3])
    assert row == [1, 2, 3] and row == (1, 2, 3) and row != [1, 2, 4] and row < [1, 2, 4]


def test_what_has_no_order():
    row = Matrix(1, 3, [1, 2, 3])
    for other in (Matrix(3, 1), Matrix(1, 1), [], [1, 2], "a", ["a", "b", "c"], None, 10**400, [1, 2, 10**400], 1j):
        assert row != other and not row == other  # noqa: SIM201
    for other in (Matrix(3, 1), Matrix(1, 1), [], [1, 2]):
        with pytest.raises(ValueError):
            row < other  # noqa: B015
    for other in ("a", ["a", "b", "c"], None):
        with pytest.raises(TypeError):
            row < other  # noqa: B015
    assert Matrix(1, 2, 1) == 1 and row != 1 and row < 2 and row in [1, row]
    assert Matrix(1, 1) != Matrix(1, 2) and Matrix(2, 2, math.nan) == Matrix(2, 2, math.nan)
    with pytest.raises(TypeError, match="unhashable"):
        hash(row)
    with pytest.raises(TypeError):
        {row: 1}


LENGTHS = [*range(1, 40), 63, 64, 65, 127, 128, 129, 255, 256, 257, 1000]
PROMISED = {"add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv}


def raw(matrix):
    return bytes(memoryview(matrix))


@pytest.mark.parametrize("name", PROMISED)
def test_methods_and_operators_are_the_same_bit_for_bit(name):
    """All bits, those of NaN too, at all lengths: whole vectors of the processor's, and what is left."""
    by_operator, in_place = PROMISED[name], getattr(operator, f"i{PROMISED[name].__name__}")
    for chance, length in zip(chances(len(LENGTHS), name), LENGTHS, strict=True):
        for rows in (1, 3):
            a, b = (Matrix(rows, length, numbers(chance, rows * length)) for _ in range(2))
            for other in (b, b[:1], b[:, [0]], b[:1, :1], b[0, 0], b.view[0], b.tolist()[0], tuple(b.tolist()[0])):
                expected = raw(by_operator(a, other))
                assert raw(getattr(a, name)(other)) == expected
                assert raw(getattr(a, name)(other, out=Matrix(rows, length))) == expected
                here, there = a.copy(), a.copy()
                assert raw(getattr(here, name)(other, out=here)) == expected == raw(in_place(there, other))


def test_scaled_add_is_a_product_and_a_sum_bit_for_bit():
    for chance, length in zip(chances(len(LENGTHS), "scaled"), LENGTHS, strict=True):
        for rows in (1, 3):
            a, s, x = (Matrix(rows, length, numbers(chance, rows * length)) for _ in range(3))
            for scale in (s, s[:1], s[:, [0]], s[:1, :1], s[0, 0]):
                expected = (a + scale * x).tolist()
                assert same(a.scaled_add(scale, x).tolist(), expected)
                here = a.copy()
                assert here.scaled_add(scale, x, in_place=True) is here and same(here.tolist(), expected)
