"""Matrices that there is no memory for: an exception, never an abort, and everything is as it was."""

import sys
import sysconfig

from bocpy import Matrix
from support import check_script, pytest

pytestmark = pytest.mark.skipif(sys.maxsize < 2**40, reason="for machines of 64 bits")

needs_limits = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and limits the address space")

LIMIT = """
    import copy, gc, pickle, resource
    from bocpy import Cown, Matrix, wait, when

    MB = 1 << 20
    gc.disable()  # its own complaints are no matter of ours

    def limit(more):
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + more, resource.RLIM_INFINITY))

    def no_limit():
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def sample(m):
        return m.shape, m[0, 0], m[-1, -1], m[m.rows // 2, m.columns // 2]

    def attempt(work):
        try:
            work()
        except MemoryError as error:
            print("MemoryError")
        else:
            print("no error")

    # Freed memory of this size is not kept for the next matrix.
    a = Matrix(3000, 3000, 1.5)
    a[0, 0], a[-1, -1] = 2.0, 3.0
    row, column = a[:1], a[:, [0]]
    tall = Matrix.full((9_000_000, 1), 2.5)
    wide = tall.repeat_interleave(3, 1)
    everything, many = list(range(3000)) * 4, [0] * 3_000_000
"""

LARGE = {
    "a sum": "a + a",
    "a number added": "a + 1",
    "a method": "a.add(a)",
    "a table of a column and a row": "tall * Matrix.ones((1, 3))",
    "a negative": "-a",
    "a root": "a.sqrt()",
    "a sine": "a.sin()",
    "limits": "a.clip(0, 1)",
    "bins": "a.bin(5)",
    "digits": "a.digitize([1, 2, 3])",
    "a comparison": "a.less(2)",
    "fma": "a.fma(a, a)",
    "scaled_add": "a.scaled_add(2.0, a)",
    "where": "Matrix.where(a, 1, 2)",
    "a product": "a @ a",
    "an outer product": "tall @ Matrix.ones((1, 2))",
    "a product in place": "a.__imatmul__(a)",
    "a product with a row": "tall[:1] @ Matrix.ones((1, 10_000_000))",
    "the transpose": "a.T",
    "transposed in place": "wide.transpose(in_place=True)",
    "a copy": "a.copy()",
    "copy.deepcopy": "copy.deepcopy(a)",
    "a part": "a[:]",
    "a part by a list": "a[everything]",
    "columns by a list": "a[:, everything]",
    "take": "a.take(everything)",
    "take columns": "a.take(everything, 1)",
    "a part put into itself": "a.__setitem__(slice(None), a)",
    "put into itself": "a.put(list(range(3000)), a)",
    "repeat_interleave": "a.repeat_interleave(3)",
    "repeated rows": "a.repeat_interleave(3, 0)",
    "repeated columns": "a.repeat_interleave(3, 1)",
    "concat": "Matrix.concat([row] * 4000)",
    "concat side by side": "Matrix.concat([column] * 4000, 1)",
    "concat of itself": "Matrix.concat([a, a])",
    "a masked sum": "a.sum(where=a)",
    "a masked sum of rows": "a.sum(1, where=a)",
    "a masked argmax": "a.argmax(0, where=a)",
    "a sum of rows": "tall.sum(1)",
    "argmin of rows": "tall.argmin(1)",
    "argmin of rows as a matrix": "tall.argmin(1, as_matrix=True)",
    "topk": "tall.topk(tall.rows)",
    "normalize": "a.normalize(1)",
    "magnitudes": "tall.magnitude(1)",
    "vecdot": "tall.vecdot(tall, 1)",
    "a list": "a.tolist()",
    "a list of rows": "tall.tolist()",
    "a list of one row": "tall.row_view(0).T; tall.column_view(0).tolist()",
    "a view's copy": "tall.column_view(0).copy()",
    "arithmetic with a view": "tall.column_view(0) + 1",
    "a view assigned to its matrix": "tall.column_view(0).__setitem__(slice(None, None, -1), tall.column_view(0))",
    "from_buffer": "Matrix.from_buffer(memoryview(a))",
    "from_view": "Matrix.from_view(tall.column_view(0))",
    "from_rows": "Matrix.from_rows([everything] * 2000)",
    "a row of numbers": "Matrix(1, 12_000_000, [1] * 12_000_000)",
    "a vector of an iterator": "Matrix.vector(range(12_000_000))",
    "zeros": "Matrix.zeros((3000, 3000))",
    "ones": "Matrix.ones((3000, 3000))",
    "random numbers": "Matrix.uniform(0, 1, (3000, 3000))",
    "normal numbers": "Matrix.normal(0, 1, (3000, 3000))",
    "a pickle": "pickle.dumps(a)",
    "a very old pickle": "pickle.dumps(a, 2)",
    "many blocks": "tall.split_rows(tall.rows)",
    "indices": "a.take(many)",
    "indices put": "tall.put(many + many, 2.5)",
    "indices along an axis": "tall[:3_000_000].take_along_axis(many, 1)",
}


@pytest.mark.slow
@needs_limits
@pytest.mark.parametrize("work", LARGE.values(), ids=LARGE)
def test_a_result_that_there_is_no_memory_for(work):
    if "pickle" in work and sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("there, CPython has reserved room for its own objects")
    source = (
        LIMIT
        + f"""
    before = sample(a), sample(tall)
    limit(40 * MB)
    attempt(lambda: ({work.partition("; ")[2] or work}))
    no_limit()
    print((sample(a), sample(tall)) == before)
    """
    )
    check_script(source, "MemoryError\nTrue")


IN_STEPS = [
    "a table of a column and a row",
    "a part put into itself",
    "put into itself",
    "concat",
    "concat side by side",
    "a masked sum of rows",
    "a masked argmax",
    "argmin of rows",
    "argmin of rows as a matrix",
    "topk",
    "a list",
    "a list of rows",
    "a list of one row",
    "a view assigned to its matrix",
    "from_rows",
    "a row of numbers",
    "a vector of an iterator",
    "a very old pickle",
    "many blocks",
    "indices",
    "indices put",
    "indices along an axis",
]


@pytest.mark.slow
@needs_limits
@pytest.mark.parametrize("work", [LARGE[name] for name in IN_STEPS], ids=IN_STEPS)
def test_wherever_the_memory_ends(work):
    """What fails may be the first or the last thing that takes memory."""
    source = (
        LIMIT.replace("9_000_000", "4_500_000")
        + f"""
    before = sample(a), sample(tall)
    for more in (1, 10, 30, 45, 55, 65, 80, 110):
        limit(more * MB)
        try:
            {work}
        except MemoryError:
            pass
        no_limit()
        now = sample(a), sample(tall)
        if now != before:
            print("another one:", now, before)
    """
    )
    check_script(source, "")


@needs_limits
def test_a_product_whose_working_memory_is_not_there():
    """The product has its place; the copies of its operands, packed for the processor, have none."""
    source = (
        LIMIT
        + """
    b = Matrix.full((500, 500), 2.0)
    outcomes = set()
    for more in (*range(17), 64, 128):
        try:
            limit(more * MB // 2)
            outcomes.add((b @ b)[3, 4])
        except MemoryError:
            outcomes.add("MemoryError")
        no_limit()
    print(sorted(map(str, outcomes)))
    """
    )
    check_script(source, "['2000.0', 'MemoryError']")


WITHOUT_MORE = {
    "added in place": "a.__iadd__(a)",
    "multiplied in place": "a.__imul__(2)",
    "out": "a.add(row, out=a)",
    "out of another": "tall.add(1.0, out=tall)",
    "unary in place": "a.abs(in_place=True)",
    "sum": "a.sum()",
    "sum of columns": "a.sum(0)",
    "product with a column": "a @ column",
    "views": "sum(1 for _ in a.row_views())",
    "comparison": "a == a",
    "number": "a[5, 5]",
    "text": "repr(a) + str(a)",
    "a square transposed in place": "a.transpose(in_place=True)",
    "buffer": "memoryview(a).nbytes",
    "one into the other": "a.__setitem__((slice(None), 0), 1.0)",
}


@pytest.mark.slow
@needs_limits
@pytest.mark.parametrize("work", WITHOUT_MORE.values(), ids=WITHOUT_MORE)
def test_what_needs_no_more_memory_works_when_there_is_none(work):
    check_script(f"{LIMIT}\n    limit(8 * MB)\n    attempt(lambda: {work})\n", "no error")


@needs_limits
def test_a_matrix_moves_when_there_is_no_memory():
    """Nothing is copied, so nothing is needed."""
    source = (
        LIMIT
        + """
    when()(lambda: None).get()
    limit(30 * MB)
    cown = Cown(a)

    @when(cown)
    def total(cown):
        cown.value *= 2
        return cown.value[0, 0]

    print(total.get())
    wait()
    """
    )
    check_script(source, "4.0")


@needs_limits
def test_memory_kept_for_later_is_given_up_first():
    """What freed matrices leave is kept for the next ones: it must not be missed elsewhere."""
    source = (
        LIMIT
        + """
    Matrix.ones((7000, 1000))
    limit(2 * MB)
    attempt(lambda: Matrix.ones((1500, 1000)))
    """
    )
    check_script(source, "no error")


@needs_limits
def test_what_fails_half_way_leaves_no_blocks_lost():
    source = (
        LIMIT
        + """
    limit(40 * MB)
    attempt(lambda: tall.split_rows(3_000_000))
    no_limit()
    print(tall.acquired, tall.shape)
    blocks = tall.split_rows(3)
    print(Matrix.join_rows(blocks).shape)
    """
    )
    check_script(source, "MemoryError\nTrue (9000000, 1)\n(9000000, 1)")


@pytest.mark.parametrize(
    "work",
    [
        lambda a: Matrix(1, 2**47),
        lambda a: Matrix(2**47, 1),
        lambda a: Matrix(2**31, 2**31),
        lambda a: Matrix(2**31, 2**32),
        lambda a: Matrix(2**62, 4),
        lambda a: Matrix(2**63 - 1, 2**63 - 1),
        lambda a: Matrix(2**61, 1),
        lambda a: Matrix(2**60, 1, 7.0),
        lambda a: Matrix.zeros((2**40, 2**40)),
        lambda a: Matrix.full((2**33, 2**33), 0.0),
        lambda a: Matrix.ones([2**50, 2]),
        lambda a: Matrix.uniform(0, 1, (2**50, 2)),
        lambda a: Matrix.normal(0, 1, (2**33, 2**33)),
        lambda a: a.repeat_interleave(2**61),
        lambda a: a.repeat_interleave(2**62, 0),
        lambda a: a.repeat_interleave(2**63 - 1, 1),
        lambda a: a.repeat_interleave(2**47),
    ],
    ids=range(17),
)
def test_sizes_that_no_memory_has_room_for(work):
    a = Matrix(2, 3, range(6))
    with pytest.raises(MemoryError, match="memory"):
        work(a)
    assert a.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("size", [2**63, 2**64, 10**30, -(2**63) - 1])
def test_sizes_beyond_the_machine_word(size):
    a = Matrix(2, 3, range(6))
    for work in (
        lambda: Matrix(size, 1),
        lambda: Matrix(1, size),
        lambda: Matrix.zeros((1, size)),
        lambda: a.repeat_interleave(size),
        lambda: a.topk(size),
        lambda: a.split_rows(size),
        lambda: a[size],
        lambda: a[0, size],
        lambda: a.take([size]),
        lambda: a.put([size], 0),
        lambda: a.row_view(size),
        lambda: a.view[:, size],
        lambda: a.bin(size),
    ):
        with pytest.raises((OverflowError, IndexError)):
            work()
    assert a.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("size", [(0, 0), (0, 3), (3, 0)])
def test_matrices_without_elements(size):
    for work in (
        lambda: Matrix(*size),
        lambda: Matrix(*size, []),
        lambda: Matrix(*size, 1.0),
        lambda: Matrix.zeros(size),
        lambda: Matrix.ones(size),
        lambda: Matrix.full(size, 1.0),
        lambda: Matrix.uniform(0, 1, size),
        lambda: Matrix.normal(0, 1, size),
        lambda: Matrix.from_rows([[]] * size[0]),
        lambda: Matrix.vector([]),
        lambda: Matrix(1, 1).repeat_interleave(0),
        lambda: Matrix.concat([]),
    ):
        with pytest.raises(ValueError):
            work()


def test_many_bins_take_no_memory():
    a = Matrix(1, 3, [0, 0.5, 1])
    assert a.bin(2**40, bounds=(0, 1)).tolist() == [[0.0, float(2**39), float(2**40 - 1)]]
