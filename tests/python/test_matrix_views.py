"""Views: rows and columns that are the matrix itself."""

import copy
import gc
import math
import pickle
import weakref

from bocpy import Cown, Matrix, MatrixView, when
from support import error_of, pytest
from support.tables import SHAPES, chances, same, table


def random_slice(chance, length):
    part = lambda: chance.choice([None, chance.randint(-length - 1, length + 1)])  # noqa: E731
    return slice(part(), part(), chance.choice([None, 1, 2, -1, -3]))


def test_random_windows_read_and_write_through():
    made = 0
    for chance in chances(600):
        shape = chance.choice(SHAPES)
        a, rows = table(chance, shape)
        is_row = chance.random() < 0.5
        place = chance.randrange(shape[0] if is_row else shape[1])
        indices = [(place, j) for j in range(shape[1])] if is_row else [(i, place) for i in range(shape[0])]
        view = a.row_view(place) if is_row else a.column_view(place)
        for _ in range(chance.randint(0, 3)):
            cut = random_slice(chance, len(indices))
            if not indices[cut]:
                with pytest.raises(IndexError):
                    view[cut]
                continue
            view, indices = view[cut], indices[cut]
            if chance.random() < 0.3:
                view, is_row = view.T, not is_row
        size = len(indices)
        assert (view.is_row, view.size, len(view)) == (is_row, size, size)
        assert view.shape == ((1, size) if is_row else (size, 1)) == (view.rows, view.columns)
        flat = [rows[i][j] for i, j in indices]
        assert same(list(view), flat) and same(list(view.values()), flat) and same(view.tolist(), flat)
        assert same(view.copy().tolist(), [flat] if is_row else [[x] for x in flat])
        assert same(view[-1], flat[-1])
        nth = chance.randrange(size)
        view[nth] = 42.0
        rows[indices[nth][0]][indices[nth][1]] = 42.0
        assert same(a.tolist(), rows)
        values = [chance.uniform(-9, 9) for _ in range(size)]
        view[:] = chance.choice(
            [
                values,
                tuple(values),
                Matrix.vector(values),
                Matrix.vector(values, True),
                Matrix.vector(values).row_view(0),
            ]
        )
        for (i, j), value in zip(indices, values, strict=True):
            rows[i][j] = value
        assert same(a.tolist(), rows)
        view[::2] = -0.5
        for i, j in indices[::2]:
            rows[i][j] = -0.5
        assert same(a.tolist(), rows)
        made += size > 1
    assert made > 200


def test_how_views_are_made():
    a = Matrix(3, 4, range(12))
    for view, values, is_row in [
        (a.view[1], [4, 5, 6, 7], True),
        (a.view[-1], [8, 9, 10, 11], True),
        (a.view[1, :], [4, 5, 6, 7], True),
        (a.view[1, ::-2], [7, 5], True),
        (a.view[1, 2], [6], True),
        (a.view[:, 1], [1, 5, 9], False),
        (a.view[1:, -1], [7, 11], False),
        (a.row_view(1, 2), [6], True),
        (a.row_view(1, slice(1, 3)), [5, 6], True),
        (a.row_view(row=1, columns=None), [4, 5, 6, 7], True),
        (a.column_view(1, slice(None, None, -1)), [9, 5, 1], False),
        (a.column_view(column=1, rows=-1), [9], False),
    ]:
        assert type(view) is MatrixView and view.tolist() == values and view.is_row is is_row and not view.read_only
    assert [view.tolist() for view in a.row_views()] == a.tolist()
    assert [view.tolist() for view in a.column_views(read_only=True)] == a.T.tolist()
    assert all(view.read_only for view in a.row_views(read_only=True)) and not next(a.column_views()).read_only
    assert Matrix.from_view(a.view[:, 0]).tolist() == [[0.0], [4.0], [8.0]]


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda a: a.view[:], TypeError),
        (lambda a: a.view[:, :], TypeError),
        (lambda a: a.view[0:1, 0:1], TypeError),
        (lambda a: a.view["a"], TypeError),
        (lambda a: a.view[[0]], TypeError),
        (lambda a: a.view[0, "a"], TypeError),
        (lambda a: a.view[0, [1]], TypeError),
        (lambda a: a.view[0, 1, 2], TypeError),
        (lambda a: a.view[3], IndexError),
        (lambda a: a.view[0, 4], IndexError),
        (lambda a: a.view[0, 1:1], IndexError),
        (lambda a: a.view[2**70], OverflowError),
        (lambda a: a.row_view(3), IndexError),
        (lambda a: a.row_view(0, -5), IndexError),
        (lambda a: a.row_view(0, [1]), TypeError),
        (lambda a: a.row_view("a"), TypeError),
        (lambda a: a.row_view(), TypeError),
        (lambda a: a.column_view(4), IndexError),
        (lambda a: a.column_view(0, slice(0, 0)), IndexError),
        (lambda a: a.view.__setitem__(0, 1), TypeError),
        (lambda a: iter(a.view).__next__(), TypeError),
        (lambda a: len(a.view), TypeError),
        (lambda _: MatrixView(), TypeError),
        (lambda a: MatrixView(a), TypeError),
        (lambda a: type(a.view)(a), TypeError),
        (lambda a: type(a.values())(a), TypeError),
        (lambda a: Matrix.from_view(a), TypeError),
        (lambda _: type("Sub", (MatrixView,), {}), TypeError),
        (lambda _: type("Sub", (Matrix,), {}), TypeError),
    ],
)
def test_views_that_there_are_not(make, error):
    with pytest.raises(error):
        make(Matrix(3, 4))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda v: v.__setitem__(4, 1), IndexError),
        (lambda v: v.__setitem__(-5, 1), IndexError),
        (lambda v: v.__setitem__((0, 0), 1), TypeError),
        (lambda v: v.__setitem__("a", 1), TypeError),
        (lambda v: v.__setitem__([0], 1), TypeError),
        (lambda v: v.__setitem__(0, "a"), TypeError),
        (lambda v: v.__setitem__(0, [1]), TypeError),
        (lambda v: v.__setitem__(slice(None), [1, 2]), ValueError),
        (lambda v: v.__setitem__(slice(None), [1]), ValueError),
        (lambda v: v.__setitem__(slice(None), []), ValueError),
        (lambda v: v.__setitem__(slice(None), Matrix(2, 2)), ValueError),
        (lambda v: v.__setitem__(slice(None), "abcd"), TypeError),
        (lambda v: v.__setitem__(slice(1, 1), 1), IndexError),
        (lambda v: v.__delitem__(0), TypeError),
        (lambda v: v[2**70], OverflowError),
        (lambda v: v[4], IndexError),
        (lambda v: v[0, 0], TypeError),
        (lambda v: setattr(v, "rows", 1), AttributeError),
        (lambda v: v[:2].z, IndexError),
        (lambda v: setattr(v[:2], "z", 1), IndexError),
    ],
)
def test_what_views_refuse(change, error):
    a = Matrix(3, 4, range(12))
    with pytest.raises(error):
        change(a.view[1])
    assert list(a.values()) == list(range(12))


def test_read_only_views():
    a = Matrix(3, 4, range(12))
    for view in (a.row_view(1, read_only=True), a.row_view(1, read_only=True).T, a.row_view(1, read_only=True)[::-1]):
        assert view.read_only
        for change in (
            lambda: view.__setitem__(0, 1),
            lambda: view.__setitem__(slice(None), 1),
            lambda: setattr(view, "x", 1),
        ):  # noqa: B023
            with pytest.raises(TypeError, match="read-only"):
                change()
    assert list(a.values()) == list(range(12))
    a[1, 0] = -1
    assert view.tolist() == [7.0, 6.0, 5.0, -1.0], "what it shows may change"


def test_components():
    a = Matrix(2, 4, range(8))
    view = a.view[1]
    assert (view.x, view.y, view.z, view.w) == (4.0, 5.0, 6.0, 7.0)
    view.x, view.w = 1, math.nan
    assert same(a[1].tolist(), [[1.0, 5.0, 6.0, math.nan]])


def test_arithmetic_gives_new_matrices():
    a = Matrix(2, 3, range(6))
    row, column = a.view[1], a.view[:, 2]
    for result, expected in [
        (row + 1, [[4, 5, 6]]),
        (1 - row, [[-2, -3, -4]]),
        (row * [1, 2, 3], [[3, 8, 15]]),
        ((1, 2, 3) * row, [[3, 8, 15]]),
        (row / row, [[1, 1, 1]]),
        (row + column, [[5, 6, 7], [8, 9, 10]]),
        (a + row, [[3, 5, 7], [6, 8, 10]]),
        (row - a, [[3, 3, 3], [0, 0, 0]]),
        (a @ row.T, [[14], [50]]),
        (row.T @ row, [[9, 12, 15], [12, 16, 20], [15, 20, 25]]),
        ([1, 1] @ column, [[7]]),
        (-column, [[-2], [-5]]),
        (abs(-column).row_view(0).copy(), [[2]]),
        (a.add(row), [[3, 5, 7], [6, 8, 10]]),
        (a.less(row), [[1, 1, 1], [0, 0, 0]]),
        (a.fma(row, column), [[2, 6, 12], [14, 21, 30]]),
        (Matrix.concat([row, row]), [[3, 4, 5], [3, 4, 5]]),
        (Matrix.vector(column), [[2, 5]]),
    ]:
        assert type(result) is Matrix and result.tolist() == expected
    bound = row
    bound += 1
    assert type(bound) is Matrix and a.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    a += row
    assert a.tolist() == [[3.0, 5.0, 7.0], [6.0, 8.0, 10.0]]
    a[0] = a.view[1]
    a[:, 0] = a.view[:, 1]
    assert a.tolist() == [[8.0, 8.0, 10.0], [8.0, 8.0, 10.0]]
    a.view[0][:] = a.view[0][::-1]
    assert a.tolist() == [[10.0, 8.0, 8.0], [8.0, 8.0, 10.0]]


def test_a_view_keeps_its_matrix():
    a = Matrix(2, 2, [1, 2, 3, 4])
    gone = weakref.ref(a)
    view = a.view[1]
    iterator = a.values()
    del a
    gc.collect()
    assert gone() is not None and view.tolist() == [3.0, 4.0] and next(iterator) == 1.0
    del view, iterator
    gc.collect()
    assert gone() is None


def test_a_view_of_a_matrix_that_has_another_shape_now():
    a = Matrix(2, 3, range(6))
    view, iterator = a.view[1], a.row_views()
    next(iterator)
    a.transpose(in_place=True)
    for use in (
        lambda: view[0],
        lambda: view[:],
        lambda: len(view),
        lambda: view.copy(),
        lambda: view.__setitem__(0, 1),
        lambda: view + 1,
    ):
        with pytest.raises(ValueError, match="another shape now than when this view was made"):
            use()
    assert next(iterator).tolist() == [1.0, 4.0], "lines are looked for when they are asked for"
    a.transpose_in_place()
    assert view.tolist() == [3.0, 4.0, 5.0]


def test_views_are_not_equal_to_each_other_by_what_they_show():
    a = Matrix(1, 2, [1, 2])
    view = a.view[0]
    assert view == view and view != a.view[0] and len({view, a.view[0]}) == 2  # noqa: PLR0124
    assert a == view and view == a and a != a.view[0][::-1]


def test_views_cannot_be_pickled_or_moved():
    a = Matrix(1, 2, [1, 2])
    for attempt in (lambda: pickle.dumps(a.view[0]), lambda: copy.copy(a.view[0]), lambda: copy.deepcopy([a.view[0]])):
        with pytest.raises(TypeError, match="a MatrixView cannot be pickled or moved"):
            attempt()


def test_a_view_does_not_outlive_the_right_to_its_matrix():
    a = Matrix(2, 2, [1, 2, 3, 4])
    view, values, lines = a.view[0], a.values(), a.row_views()
    cown = Cown(a)
    for use in (
        lambda: view[0],
        lambda: view[:1],
        lambda: view.copy(),
        lambda: view.T,
        lambda: view.x,
        lambda: view + 1,
        lambda: view.__setitem__(0, 1),
        lambda: len(view),
        lambda: view.shape,
        lambda: next(values),
        lambda: next(lines),
        lambda: repr(view),
        lambda: a.view[0],
        lambda: a.row_view(0),
        lambda: a.values(),
    ):
        with pytest.raises(RuntimeError, match="this Matrix has been moved: it is now a cown's value"):
            use()
    with cown:
        assert cown.value.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def returns_a_view(c):
    return c.value.view[0]


def test_a_behavior_cannot_return_a_view(backend):
    if backend == "threads":
        pytest.skip("there results stay the objects that they are")
    error = error_of(when(Cown(Matrix(1, 2)))(returns_a_view))
    assert isinstance(error, TypeError) and "copy() of the view" in str(error)


def test_iterators_end_and_stay_at_their_end():
    a = Matrix(1, 2, [1, 2])
    for iterator in (a.values(), a.view[0].values(), a.column_views()):
        assert len(list(iterator)) == 2
        for _ in range(3):
            assert next(iterator, None) is None


def test_how_views_are_shown():
    a = Matrix(2, 2, [1, -2, 3, 4])
    assert repr(a.view[0]) == "MatrixView([[1.0, -2.0]])" == str(a.view[0])
    assert repr(a.view[:, 1]) == "MatrixView([[-2.0],\n            [ 4.0]])"
