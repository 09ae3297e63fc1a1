"""Every method that writes, and everything that it refuses: the documented exception, and nothing has been written."""

from bocpy import Cown, Matrix, MatrixView
from support import pytest
from support.operations import BINARY

UNARY = ["ceil", "floor", "round", "negate", "abs", "sqrt", "reciprocal", "sign", "sin", "cos"]


def new(rows=2, columns=3, start=1.0):
    return Matrix(rows, columns, [start + n for n in range(rows * columns)])


def bits(matrix):
    return matrix.shape, bytes(memoryview(matrix))


def moved():
    matrix = new()
    Cown(matrix)
    return matrix


def split():
    matrix = new()
    matrix.split_rows(2)
    return matrix


# With an output: each is called with the matrix, another operand of its shape, and the output.
WITH_OUT = {
    **{name: (lambda a, b, out, name=name: getattr(a, name)(b, out=out)) for name in BINARY},
    **{name: (lambda a, b, out, name=name: getattr(a, name)(out=out)) for name in UNARY},
    "clip": lambda a, b, out: a.clip(0, 3, out=out),
    "bin": lambda a, b, out: a.bin(3, out=out),
    "digitize": lambda a, b, out: a.digitize([1, 2], out=out),
    "where": lambda a, b, out: Matrix.where(a, b, 0.5, out=out),
    "take": lambda a, b, out: a.take([1, 0], out=out),
    "take columns": lambda a, b, out: a.take([2, 1, 0], 1, out=out),
}
# What takes a result of another shape.
ALONG = {"take_along_axis": lambda a, b, out: a.take_along_axis([0, 1, 0], out=out)}


@pytest.mark.parametrize("name", WITH_OUT)
def test_outputs_that_are_none(name):
    call = WITH_OUT[name]
    a, b = new(), new(start=-2.5)
    before = bits(a), bits(b)
    for out, error in [
        ([[0.0] * 3] * 2, TypeError),
        (1.0, TypeError),
        ("out", TypeError),
        (new().view[0], TypeError),
        (memoryview(new()), TypeError),
        (Matrix, TypeError),
        (moved(), RuntimeError),
        (split(), RuntimeError),
    ]:
        with pytest.raises(error):
            call(a, b, out)
        assert (bits(a), bits(b)) == before
    for shape in [(3, 2), (1, 3), (2, 1), (1, 1), (2, 4), (3, 3), (1, 6), (6, 1)]:
        out = new(*shape, start=50.0)
        with pytest.raises(ValueError):
            call(a, b, out)
        assert bits(out) == bits(new(*shape, start=50.0)) and (bits(a), bits(b)) == before
    out = new(start=50.0)
    assert call(a, b, out) is out and bits(out) != bits(new(start=50.0)) and (bits(a), bits(b)) == before
    assert call(a, b, None).shape == out.shape and (bits(a), bits(b)) == before


def test_outputs_of_the_wrong_shape_along_an_axis():
    a = new()
    for shape in [(2, 3), (3, 1), (1, 1), (1, 4)]:
        out = new(*shape, start=50.0)
        with pytest.raises(ValueError):
            a.take_along_axis([0, 1, 0], out=out)
        assert bits(out) == bits(new(*shape, start=50.0)) and bits(a) == bits(new())


@pytest.mark.parametrize("name", WITH_OUT)
def test_an_output_while_others_read_its_memory(name):
    """A buffer of a reader must not change. On interpreters the owner has a memory of his own by then."""
    call = WITH_OUT[name]
    out = new(start=50.0)
    with memoryview(out) as seen:
        call(new(), new(), out)
        assert seen[0, 0] == out[0, 0]
        with pytest.raises(BufferError):
            Cown(out)


@pytest.mark.parametrize("name", [*BINARY, "where"])
def test_operands_that_are_none(name):
    call = WITH_OUT[name]
    a, out = new(), new(start=50.0)
    for b, error in [
        (moved(), RuntimeError),
        (split(), RuntimeError),
        (moved_view(), RuntimeError),
        (new(3, 2), ValueError),
        (new(4, 4), ValueError),
        ([1, 2], ValueError),
        ([], ValueError),
        ("text", TypeError),
        (None, TypeError),
        ([1, 2, "3"], TypeError),
        ([[1, 2, 3]], TypeError),
        ({1: 2}, TypeError),
        (10**400, OverflowError),
        ([1, 2, 10**400], OverflowError),
    ]:
        for where in (None, out, a):
            with pytest.raises(error):
                call(a, b, where)
            assert bits(a) == bits(new()) and bits(out) == bits(new(start=50.0))


def moved_view():
    matrix = new()
    view = matrix.view[0]
    Cown(matrix)
    assert type(view) is MatrixView
    return view


IN_PLACE = {
    **{name: (lambda a, name=name, **more: getattr(a, name)(**more)) for name in UNARY},
    "clip": lambda a, **more: a.clip(0, 3, **more),
    "bin": lambda a, **more: a.bin(3, **more),
    "digitize": lambda a, **more: a.digitize([1, 2], **more),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_and_elsewhere_at_once(name):
    call = IN_PLACE[name]
    a, out = new(), new(start=50.0)
    with pytest.raises(ValueError, match="but not both"):
        call(a, in_place=True, out=out)
    with pytest.raises(ValueError, match="but not both"):
        call(a, in_place=True, out=a)
    with pytest.raises(TypeError):
        call(a, where=out)
    for gone in (moved(), split()):
        for more in ({}, {"in_place": True}, {"out": out}):
            with pytest.raises(RuntimeError):
                call(gone, **more)
    assert bits(a) == bits(new()) and bits(out) == bits(new(start=50.0))
    assert call(a, in_place=False, out=None) is not a and bits(a) == bits(new())
    assert call(a, in_place=True) is a


@pytest.mark.parametrize("name", [*BINARY, *UNARY])
def test_arguments_too_many(name):
    a = new()
    for args, kwargs in [((1, 2, 3), {}), ((a, a), {}), ((), {"other": a, "wrong": 1}), ((a,), {"wrong": 1})]:
        with pytest.raises(TypeError):
            getattr(a, name)(*args, **kwargs)
        assert bits(a) == bits(new())


CHANGES = {
    "fma": lambda a: a.fma(new(3, 2), 1.0, in_place=True),
    "fma of a moved one": lambda a: a.fma(moved(), 1.0, in_place=True),
    "fma of a list": lambda a: a.fma([1, 2, 3], 1.0, in_place=True),
    "scaled_add": lambda a: a.scaled_add(1.0, new(1, 3), in_place=True),
    "scaled_add of a number": lambda a: a.scaled_add(1.0, 2.0, in_place=True),
    "normalize": lambda a: a.normalize(2, in_place=True),
    "perpendicular": lambda a: new(3, 3).perpendicular(in_place=True),
    "perpendicular along the wrong axis": lambda a: a.perpendicular(1, in_place=True),
    "put": lambda a: a.put([0, 2], 1.0),
    "put, wrong at the end": lambda a: a.put([0, 1, -3], [1, 2, 3]),
    "put of the wrong shape": lambda a: a.put([0, 1], new(3, 3)),
    "put of a wrong item": lambda a: a.put([0, 1], [1, 2, None]),
    "put along an axis": lambda a: a.put_along_axis([0, 1, 2], 1.0),
    "put along no axis": lambda a: a.put_along_axis([0, 1, 0], 1.0, 2),
    "clip": lambda a: a.clip(3, 2, in_place=True),
    "clip at NaN": lambda a: a.clip(float("nan"), 2, in_place=True),
    "clip at nothing": lambda a: a.clip(in_place=True),
    "digitize": lambda a: a.digitize([2, 1, 3], in_place=True),
    "digitize with NaN": lambda a: a.digitize([1, float("nan")], in_place=True),
    "bin": lambda a: a.bin(0, in_place=True),
    "bin between the wrong bounds": lambda a: a.bin(3, bounds=(2, 1), in_place=True),
    "a component": lambda a: setattr(a, "x", "1"),
    "a component that goes": lambda a: delattr(a, "x"),
    "a component that is not there": lambda a: setattr(a[:1, :2], "z", 1),
    "a row": lambda a: a.__setitem__(0, [1, 2, "3"]),
    "rows": lambda a: a.__setitem__([0, 1, 2], 1.0),
    "a view": lambda a: a.view[0].__setitem__(slice(None), [1, 2]),
    "a view's element": lambda a: a.view[0].__setitem__(3, 1.0),
    "a view that is read-only": lambda a: a.row_view(0, read_only=True).__setitem__(0, 1.0),
    "blocks": lambda a: a.split_rows(3),
    "blocks that are joined": lambda a: Matrix.join_rows([a, new()]),
    "@=": lambda a: a.__imatmul__(new(3, 2)),
    "+=": lambda a: a.__iadd__(new(2, 1) * new(1, 4)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_refused_has_changed_nothing(name):
    a = new()
    with pytest.raises((ValueError, TypeError, IndexError, KeyError, RuntimeError, AttributeError)):
        CHANGES[name](a)
    assert bits(a) == bits(new())


def reader_tries(cown):
    told = []
    for name, call in {**WITH_OUT, **ALONG}.items():
        try:
            call(new(), new(), cown.value)
            told.append(name)
        except (RuntimeError, ValueError) as error:
            if name not in ALONG and "can only be read" not in str(error):
                told.append(f"{name}: {error}")
    for name, call in IN_PLACE.items():
        try:
            call(cown.value, in_place=True)
            told.append(name)
        except RuntimeError as error:
            if "can only be read" not in str(error):
                told.append(f"{name}: {error}")
    return told, bits(cown.value) == bits(new())


def test_a_reader_writes_nothing():
    from bocpy import read, when

    assert when(read(Cown(new())))(reader_tries).get(60) == ([], True)
