"""A matrix in blocks of rows, which several behaviors fill, and together again: without a copy."""

import gc
import random

from bocpy import Cown, Matrix, quiesce, start, when
from support import not_strict, outcome, pytest
from support.tables import chances

OUT = "this Matrix has handed its rows out"


def test_blocks_and_together_again():
    for chance in chances(80):
        rows, columns = chance.randint(1, 20), chance.randint(1, 5)
        a = Matrix(rows, columns, range(rows * columns))
        before = a.tolist()
        count = chance.randint(1, rows)
        blocks = a.split_rows(count)
        heights = [block.rows for block in blocks]
        assert len(blocks) == count and sum(heights) == rows and max(heights) - min(heights) <= 1
        assert [row for block in blocks for row in block.tolist()] == before
        with pytest.raises(RuntimeError, match=OUT):
            a.sum()
        blocks[-1][-1, -1] = -1
        before[-1][-1] = -1.0
        # Blocks of blocks, in any order.
        if blocks[0].rows > 1:
            blocks[0:1] = blocks[0].split_rows(2)
        chance.shuffle(blocks)
        whole = Matrix.join_rows(blocks)
        assert whole.tolist() == before and whole.acquired
        for block in blocks:
            with pytest.raises(RuntimeError, match=OUT):
                block.sum()
        assert repr(blocks[0]) == "<Matrix, its rows handed out>" and not blocks[0].acquired and not a.acquired


def test_neighbours_make_a_larger_block():
    blocks = Matrix(9, 1, range(9)).split_rows(3)
    upper = Matrix.join_rows(blocks[:2])
    assert upper.tolist() == [[float(x)] for x in range(6)]
    assert Matrix.join_rows((upper, blocks[2])).rows == 9


@pytest.mark.parametrize(
    ("count", "error"),
    [
        (0, ValueError),
        (4, ValueError),
        (-1, ValueError),
        (2.0, TypeError),
        ("a", TypeError),
        (None, TypeError),
        (2**70, OverflowError),
    ],
)
def test_numbers_of_blocks_that_there_are_not(count, error):
    a = Matrix(3, 2, range(6))
    with pytest.raises(error):
        a.split_rows(count)
    assert a.tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]


def test_what_cannot_be_joined_stays_as_it_was():
    one, other = Matrix(6, 2, range(12)).split_rows(3), Matrix(6, 2, 7).split_rows(3)
    moved = Matrix(1, 2)
    Cown(moved)
    view = memoryview(other[0])
    for blocks, error, message in [
        ([one[0], one[2]], ValueError, "not neighbours"),
        ([one[0], other[1]], ValueError, "not neighbours"),
        ([one[2], one[1].copy(), one[0]], ValueError, "not neighbours"),
        ([one[0], one[0]], ValueError, "block 1 is there twice"),
        ([one[0], one[1], 5], TypeError, "block 2 is a int"),
        ([one[0], moved, one[1]], RuntimeError, "has been moved"),
        ([one[0], other[0]], BufferError, "a buffer of this Matrix"),
        ([one[1], Matrix(2, 3)], ValueError, "different numbers of columns"),
        ([], ValueError, "no blocks"),
        (5, TypeError, "not iterable"),
    ]:
        with pytest.raises(error, match=message):
            Matrix.join_rows(blocks)
        assert [block.tolist() for block in one] == [
            [[0.0, 1.0], [2.0, 3.0]],
            [[4.0, 5.0], [6.0, 7.0]],
            [[8.0, 9.0], [10.0, 11.0]],
        ]
    view.release()
    assert Matrix.join_rows(one).rows == 6 == Matrix.join_rows(other).rows


def test_blocks_that_go_one_by_one():
    blocks = Matrix(6, 2, range(12)).split_rows(3)
    middle = blocks.pop(1)
    del blocks
    gc.collect()
    assert middle.tolist() == [[4.0, 5.0], [6.0, 7.0]]
    assert Matrix.join_rows([middle]).tolist() == [[4.0, 5.0], [6.0, 7.0]]


def fills(c, nth=0):
    c.value += nth
    return c.value.rows


def test_behaviors_fill_one_matrix():
    start(3)
    cowns = [Cown(block) for block in Matrix(30, 7).split_rows(6)]
    for nth, cown in enumerate(cowns):
        when(cown)(filling(nth))
    quiesce()
    random.shuffle(cowns)

    @when(cowns)
    def whole(cowns):
        return Matrix.join_rows([cown.value for cown in cowns])

    assert outcome(whole).tolist() == [[float(i // 5)] * 7 for i in range(30)]


def filling(nth):
    return lambda c, nth=nth: fills(c, nth)


@not_strict
def test_a_joined_matrix_lies_where_it_lay():
    import ctypes

    def address(a):
        array = (ctypes.c_double * a.size).from_buffer(a)
        return ctypes.addressof(array)

    a = Matrix(30, 7)
    place = address(a)
    gc.collect()
    blocks = a.split_rows(5)
    assert [address(block) for block in blocks] == [place + nth * 6 * 7 * 8 for nth in range(5)]
    gc.collect()
    assert address(Matrix.join_rows(blocks)) == place
