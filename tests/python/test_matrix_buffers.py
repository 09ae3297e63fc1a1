"""The memory of a matrix: lent by the buffer protocol, read from other objects, pickled and copied."""

import array
import copy
import gc
import pickle
import struct
import sys

from bocpy import Cown, Matrix, notice_write, read, send, when
from support import check_script, outcome, pytest, shown
from support.tables import SHAPES, chances, same, table

LENT = "a buffer of this Matrix is in use"


def test_a_memoryview_is_the_matrix():
    a = Matrix(2, 3, range(6))
    with memoryview(a) as view:
        assert (view.format, view.shape, view.strides, view.itemsize, view.nbytes) == ("d", (2, 3), (24, 8), 8, 48)
        assert view.c_contiguous and not view.readonly and view.tolist() == a.tolist() and view.obj is a
        view[1, 2] = 42.0
        assert a[1, 2] == 42.0
        a[0, 0] = -1
        assert view[0, 0] == -1.0
        flat = view.cast("B").cast("d")
        assert flat.tolist() == list(a.values())
        flat.release()


def test_more_flags():
    """What asks for less than the whole truth gets one row of bytes, or none if that would be wrong."""
    a = Matrix(2, 3, range(6))
    assert bytes(a) == struct.pack("6d", *range(6)) and bytearray(a) == bytes(a)
    assert len(struct.unpack_from("6d", a)) == 6
    struct.pack_into("d", a, 8, 9.0)
    assert a[0, 1] == 9.0


def test_what_a_buffer_in_use_forbids(backend):
    a = Matrix(2, 3, range(6))
    views = [memoryview(a), memoryview(a)]
    attempts = [
        lambda: Cown(a),
        lambda: Cown([a]),
        lambda: send("matrices", a),
        lambda: notice_write("matrix", a),
        lambda: when(Cown(None))(captures(a)),
        lambda: a.transpose(in_place=True),
        lambda: a.transpose_in_place(),
        lambda: a.__imatmul__(Matrix(3, 3)),
        lambda: a.split_rows(2),
        lambda: Matrix.join_rows([a]),
    ]
    if backend == "threads":
        del attempts[1]  # there a container stays the object that it is
    for attempt in attempts:
        # In a container, it is the cause of a TypeError that says in what it was.
        with pytest.raises((BufferError, TypeError), match=LENT):
            attempt()
        assert a.acquired and a.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    a += 1
    assert views[0].tolist() == a.tolist()
    views[0].release()
    with pytest.raises(BufferError, match=LENT):
        Cown(a)
    views.clear()
    gc.collect()
    Cown(a)
    with pytest.raises(RuntimeError, match="moved"):
        memoryview(a)


def captures(a):
    return lambda c, a=a: a.sum()


def test_a_buffer_keeps_the_memory():
    view = memoryview(Matrix(2, 2, [1, 2, 3, 4]))
    gc.collect()
    assert view.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_writing_to_what_is_lent_to_be_read():
    a = Matrix(2, 2, [1, 2, 3, 4])
    with memoryview(a).toreadonly() as view:
        with pytest.raises(TypeError, match="read-only"):
            view[0, 0] = 5.0
        a[0, 0] = 7
        assert view[0, 0] == 7.0, "the owner may"


def keeps_a_buffer(c):
    view = memoryview(c.value)
    return (
        view.readonly,
        view.tolist(),
        [raises(lambda: struct.pack_into("d", c.value, 0, 1.0)), raises(lambda: view.__setitem__((0, 0), 1.0))],
    )


def raises(attempt):
    try:
        attempt()
    except Exception as error:
        return type(error).__name__


def test_a_reader_gets_a_buffer_to_read():
    c = Cown(Matrix(2, 2, [1, 2, 3, 4]))
    assert outcome(when(read(c))(keeps_a_buffer)) == (True, [[1.0, 2.0], [3.0, 4.0]], ["TypeError", "TypeError"])


def test_what_a_reader_keeps_does_not_change_under_it():
    """Who owns the matrix next gets a copy: the buffer stays as it is. On threads, nobody can write."""
    check_script(
        """
        import gc
        import sys
        from bocpy import Cown, Matrix, read, start, wait, when

        # Where the next behavior of the same worker finds it.
        def keep(c):
            sys.kept_by_test = memoryview(c.value)

        def add(c):
            try:
                c.value += 1
            except BufferError as error:
                assert "a buffer of this Matrix is in use" in str(error)
                assert sys.kept_by_test.tolist() == [[1.0, 2.0]]
                del sys.kept_by_test
                gc.collect()
                c.value += 1
            else:
                assert sys.kept_by_test.tolist() == [[1.0, 2.0]]
                del sys.kept_by_test
            return c.value.tolist()

        if __name__ == "__main__":
            start(1)
            c = Cown(Matrix(1, 2, [1, 2]))
            when(read(c))(keep)
            print(when(c)(add).get(), when(read(c))(lambda c: c.value.tolist()).get())
            wait()
        """,
        "[[2.0, 3.0]] [[2.0, 3.0]]",
    )


def test_shapes_of_other_memory():
    data = array.array("d", range(6))
    view = memoryview(data)
    assert Matrix.from_buffer(data).tolist() == [[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]]
    assert Matrix.from_buffer(view.cast("B").cast("d", (2, 3))).tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert Matrix.from_buffer(view[::-2]).tolist() == [[5.0, 3.0, 1.0]]
    assert Matrix.from_buffer(view.cast("B").cast("d", (2, 3))[::-1]).tolist() == [[3.0, 4.0, 5.0], [0.0, 1.0, 2.0]]
    a = Matrix(2, 2, [1, 2, 3, 4])
    b = Matrix.from_buffer(a)
    b[0, 0] = 9
    assert a.tolist() == [[1.0, 2.0], [3.0, 4.0]] and b.x == 9


@pytest.mark.parametrize("code", "bBhHiIlLqQfd")
def test_numbers_of_other_types(code):
    values = [0, 1, 100] if code.isupper() else [0, -1, 100]
    data = array.array(code, values)
    assert Matrix.from_buffer(data).tolist() == [values] and (Matrix(1, 3) + data).tolist() == [values]
    assert Matrix.from_buffer(memoryview(data)[::-1]).tolist() == [values[::-1]]


@pytest.mark.parametrize(
    ("buffer", "error", "message"),
    [
        (5, TypeError, "a int lends no memory"),
        ("ab", TypeError, "a str lends no memory"),
        ([1.0], TypeError, "a list lends no memory"),
        (memoryview(b"abc").cast("c"), TypeError, "the format 'c'"),
        (memoryview(bytes(8)).cast("P"), TypeError, "the format 'P'"),
        (memoryview(bytes(8)).cast("B", (2, 2, 2)), ValueError, "this buffer has 3"),
        (memoryview(bytes(8)).cast("d", ()), TypeError, "a memoryview lends no memory with rows"),
        (array.array("d"), ValueError, "at least one"),
    ],
    ids=shown,
)
def test_memory_without_numbers(buffer, error, message):
    with pytest.raises(error, match=message):
        Matrix.from_buffer(buffer)


def test_every_bit_pattern_survives_a_pickle():
    patterns = [0x7FF8000000000001, 0xFFF8DEADBEEF0000, 0x7FF0000000000001, 0x8000000000000000, 1, 0x000FFFFFFFFFFFFF]
    memory = b"".join(pattern.to_bytes(8, sys.byteorder) for pattern in patterns)
    a = Matrix(2, 3)
    memoryview(a).cast("B")[:] = memory
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        b = pickle.loads(pickle.dumps(a, protocol))
        assert b.shape == a.shape and bytes(b) == memory
    for b in (
        copy.copy(a),
        copy.deepcopy(a),
        a.copy(),
        Matrix.from_buffer(a),
        a.T.T,
        copy.deepcopy({"a": [a]})["a"][0],
    ):
        assert bytes(b) == memory and b is not a


def test_a_pickle_out_of_band():
    for chance in chances(20):
        a, rows = table(chance, chance.choice(SHAPES))
        buffers = []
        data = pickle.dumps([a, a], 5, buffer_callback=buffers.append)
        assert len(buffers) == 1 and buffers[0].raw().nbytes == 8 * a.size
        one, other = pickle.loads(data, buffers=buffers)
        assert one is other and same(one.tolist(), rows)
        with pytest.raises(BufferError, match=LENT):
            Cown(a)
        buffers[0].release()
        del buffers
        gc.collect()
        Cown(a)


def test_a_pickle_of_a_machine_with_the_other_order_of_bytes():
    import bocpy._core as core

    other = "big" if sys.byteorder == "little" else "little"
    memory = struct.pack(">2d" if other == "big" else "<2d", 1.5, -2.0)
    assert core._matrix(1, 2, memory, other).tolist() == [[1.5, -2.0]]


def test_broken_pickles():
    import bocpy._core as core

    for args, error in [
        ((1, 2, b"123", "little"), ValueError),
        ((1, 2, bytes(24), "little"), ValueError),
        ((0, 2, b"", "little"), ValueError),
        ((2**62, 2, b"", "little"), MemoryError),
        ((1, 2, 5, "little"), TypeError),
        ((1, 2), TypeError),
    ]:
        with pytest.raises(error):
            core._matrix(*args)


def test_a_shared_part_of_a_pickle_stays_shared():
    a = Matrix(1, 1, 5)
    one, (other,) = pickle.loads(pickle.dumps([a, (a,)]))
    assert one is other and one.x == 5.0


def test_a_matrix_that_is_gone_is_not_pickled_or_copied():
    a = Matrix(1, 1, 5)
    Cown(a)
    for attempt in (
        lambda: pickle.dumps(a),
        lambda: copy.copy(a),
        lambda: copy.deepcopy(a),
        lambda: bytes(a),
        lambda: Matrix.from_buffer(a),
        lambda: a.tolist(),
    ):
        with pytest.raises(RuntimeError, match="this Matrix has been moved"):
            attempt()
