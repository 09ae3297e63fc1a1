"""Operations on each element of a matrix, and the three places that their results go to."""

import bisect
import math
from fractions import Fraction

from bocpy import Matrix
from support import pytest, shown
from support.tables import SHAPES, bits, chances, divide, same, table


def whole(function):
    """A rounding of `math` for all floats, with the sign of zero that IEEE 754 wants."""

    def rounded(x):
        return math.copysign(float(function(x)), x) if math.isfinite(x) else x

    return rounded


METHODS = {
    "ceil": whole(math.ceil),
    "floor": whole(math.floor),
    "round": whole(round),
    "negate": lambda x: -x,
    "abs": abs,
    "sqrt": lambda x: math.sqrt(x) if x >= 0.0 else math.nan,
    "reciprocal": lambda x: divide(1.0, x),
    "sign": lambda x: float(x > 0.0) - float(x < 0.0),
}


def everywhere(a, name, expected, *args, **named):
    """The result as a new matrix, in place, in another matrix, and in the matrix itself as `out`."""
    before = a.tolist()
    assert same(getattr(a, name)(*args, **named).tolist(), expected) and same(a.tolist(), before)
    out = Matrix(*a.shape, values=7)
    assert getattr(a, name)(*args, **named, out=out) is out and same(out.tolist(), expected)
    assert same(a.tolist(), before)
    for place in ({"in_place": True}, {"out": "itself"}):
        b = a.copy()
        place = {key: b if value == "itself" else value for key, value in place.items()}
        assert getattr(b, name)(*args, **named, **place) is b and same(b.tolist(), expected)
    with pytest.raises(ValueError, match="in_place"):
        getattr(a, name)(*args, **named, in_place=True, out=out)
    with pytest.raises(ValueError, match="the place for it is"):
        getattr(a, name)(*args, **named, out=Matrix(a.rows + 1, a.columns))
    with pytest.raises(TypeError, match="out has to be a Matrix"):
        getattr(a, name)(*args, **named, out=[])
    assert same(a.tolist(), before)


@pytest.mark.parametrize("name", METHODS)
def test_each_element(name):
    for chance in chances(60, name):
        a, rows = table(chance, chance.choice(SHAPES), 0.5)
        everywhere(a, name, [[METHODS[name](x) for x in row] for row in rows])
        with pytest.raises(TypeError):
            getattr(a, name)(True)


def test_operators():
    for chance in chances(20):
        a, rows = table(chance, chance.choice(SHAPES), 0.5)
        assert same((-a).tolist(), [[-x for x in row] for row in rows])
        assert same(abs(a).tolist(), [[abs(x) for x in row] for row in rows])


def test_halves_go_to_the_even_number():
    a = Matrix(1, 6, [0.5, 1.5, 2.5, -0.5, -1.5, 0.49999999999999994])
    assert same(a.round().tolist(), [[0.0, 2.0, 2.0, -0.0, -2.0, 0.0]])


def ulps(one, other):
    """How many floats lie between two."""

    def place(x):
        number = int.from_bytes(bits(x), "little", signed=True)
        return number if number >= 0 else -(number & 0x7FFFFFFFFFFFFFFF)

    return abs(place(one) - place(other))


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_sine_and_cosine(name):
    """Within one unit in the last place of the exact value, so within two of the C library's."""
    function = getattr(math, name)
    for chance in chances(40, name):
        flat = [
            chance.choice([chance.uniform(-7, 7), chance.uniform(-1e5, 1e5), 10 ** chance.uniform(-300, 300)])
            for _ in range(90)
        ]
        for x, y in zip(flat, getattr(Matrix(1, 90, flat), name)().values(), strict=True):
            assert ulps(y, function(x)) <= 2, x
    a = Matrix(1, 4, [math.nan, math.inf, -math.inf, -0.0])
    expected = [[math.nan, math.nan, math.nan, function(-0.0)]]
    everywhere(a, name, expected)


def test_clip():
    for chance in chances(60):
        a, rows = table(chance, chance.choice(SHAPES), 0.5)
        low, high = sorted([chance.uniform(-9, 9), chance.uniform(-9, 9)])
        everywhere(
            a, "clip", [[x if math.isnan(x) else min(max(x, low), high) for x in row] for row in rows], low, high
        )
        everywhere(a, "clip", [[low if x < low else x for x in row] for row in rows], low)
        everywhere(a, "clip", [[high if x > high else x for x in row] for row in rows], max=high)
        everywhere(a, "clip", [[low if x < low else x for x in row] for row in rows], min=low, max=None)


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        ((), ValueError),
        ((5, 1), ValueError),
        ((math.nan,), ValueError),
        ((1, math.nan), ValueError),
        (("a",), TypeError),
        ((None, []), TypeError),
    ],
)
def test_what_clip_refuses(limits, error):
    a = Matrix(1, 2, [1, 9])
    with pytest.raises(error):
        a.clip(*limits, in_place=True)
    assert a.tolist() == [[1.0, 9.0]]


def test_digitize():
    for chance in chances(80):
        edges = sorted(
            {chance.choice([chance.uniform(-9, 9), float(chance.randint(-5, 5))]) for _ in range(chance.randint(1, 8))}
        )
        a, rows = table(chance, chance.choice(SHAPES), 0.5)
        for right, find in ((False, bisect.bisect_right), (True, bisect.bisect_left)):
            expected = [[-1.0 if math.isnan(x) else float(find(edges, x)) for x in row] for row in rows]
            everywhere(a, "digitize", expected, edges, right=right)
            assert same(a.digitize(Matrix.vector(edges, True), right=right).tolist(), expected)


@pytest.mark.parametrize(
    ("edges", "error"),
    [
        ([], ValueError),
        ([1, 3, 2], ValueError),
        ([math.nan], ValueError),
        (Matrix(2, 2), ValueError),
        (2.0, TypeError),
        ("ab", TypeError),
        (["a"], TypeError),
    ],
    ids=shown,
)
def test_what_digitize_refuses(edges, error):
    with pytest.raises(error):
        Matrix(1, 1).digitize(edges)


def test_edges_that_are_the_matrix_itself():
    a = Matrix(1, 3, [1, 2, 3])
    assert a.digitize(a, out=a) is a and a.tolist() == [[1.0, 2.0, 3.0]]


def test_bins_of_equal_width():
    for chance in chances(80):
        count, low, width = chance.randint(1, 12), chance.randint(-5, 5), chance.choice([1, 2, 4, 0.5])
        high = low + count * width
        a, rows = table(chance, chance.choice(SHAPES), 0.5)
        for right in (False, True):

            def number(x):
                if math.isnan(x):
                    return -1.0
                if math.isinf(x):
                    return float(count - 1) if x > 0 else 0.0
                place = (Fraction(x) - Fraction(low)) / Fraction(width)
                place = math.ceil(place) - 1 if right else math.floor(place)
                return float(min(max(place, 0), count - 1))

            everywhere(a, "bin", [[number(x) for x in row] for row in rows], count, bounds=(low, high), right=right)


def test_bins_that_span_the_elements():
    row = Matrix(1, 6, [0, 1, 2, math.nan, 3, 4])
    assert row.bin(4).tolist() == [[0.0, 1.0, 2.0, -1.0, 3.0, 3.0]]
    assert row.bin(4, right=True).tolist() == [[0.0, 0.0, 1.0, -1.0, 2.0, 3.0]]
    assert Matrix(1, 3, 5).bin(4).tolist() == [[0.0, 0.0, 0.0]]
    assert Matrix(1, 2, math.nan).bin(4).tolist() == [[-1.0, -1.0]]
    assert Matrix(1, 2, [0, 1]).bin(10**15).tolist() == [[0.0, 10.0**15 - 1]]


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"bins": 0}, ValueError),
        ({"bins": -1}, ValueError),
        ({"bins": 2.5}, TypeError),
        ({"bins": 2**80}, OverflowError),
        ({"bins": 3, "bounds": (2, 1)}, ValueError),
        ({"bins": 3, "bounds": (1, math.inf)}, ValueError),
        ({"bins": 3, "bounds": (math.nan, 1)}, ValueError),
        ({"bins": 3, "bounds": (1,)}, ValueError),
        ({"bins": 3, "bounds": 7}, ValueError),
        ({"bins": 3, "bounds": ("a", 1)}, TypeError),
        ({}, TypeError),
    ],
    ids=shown,
)
def test_what_bin_refuses(args, error):
    a = Matrix(1, 2, [1, 9])
    with pytest.raises(error):
        a.bin(**args, in_place=True)
    assert a.tolist() == [[1.0, 9.0]]
    with pytest.raises(ValueError, match="two finite bounds"):
        Matrix(1, 2, [1, math.inf]).bin(3)
