"""Matrices used by plain threads at the same time: without a GIL, operations really meet. None waits for ever, and
each is done as a whole."""

from support import check_script, pytest

TOGETHER = """
    import sys, threading
    from bocpy import Matrix

    sys.setswitchinterval(1e-6)

    def together(*works, rounds=3000):
        start = threading.Barrier(len(works))
        wrong = []

        def run(work):
            start.wait()
            try:
                for _ in range(rounds):
                    work()
            except BaseException as error:
                wrong.append(error)

        threads = [threading.Thread(target=run, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(wrong or "done")

    a, b, c = Matrix.full((20, 20), 1.0), Matrix.full((20, 20), 2.0), Matrix.full((20, 20), 3.0)
    ones, order = Matrix.ones((1, 20)), list(range(20))
"""

PAIRS = {
    "in place": ("a.__iadd__(b)", "b.__iadd__(a)", "a.__isub__(b)"),
    "out": ("a.add(b, out=b)", "b.add(a, out=a)", "a.subtract(b, out=b)"),
    "out of a third": ("a.add(b, out=c)", "b.add(c, out=a)", "c.add(a, out=b)"),
    "one operand": ("a.abs(out=b)", "b.abs(out=a)", "b.negate(out=a)"),
    "limits": ("a.clip(0, 9, out=b)", "b.clip(0, 9, out=a)", "a.digitize([1, 2], out=b)"),
    "three operands": (
        "a.fma(b, c, in_place=True)",
        "b.scaled_add(2.0, a, in_place=True)",
        "c.fma(b, a, in_place=True)",
    ),
    "where": ("Matrix.where(a, b, c, out=a)", "Matrix.where(b, c, a, out=b)", "Matrix.where(c, a, b, out=c)"),
    "gathers": (
        "a.take(order, out=b)",
        "b.take(order, out=a)",
        "a.take(order, 1, out=b)",
    ),
    "along": (
        "a.take_along_axis([0] * 20, out=ones)",
        "b.put_along_axis([0] * 20, ones)",
        "a.put_along_axis([0] * 20, ones)",
    ),
    "scatters": ("a.put([1], b[0])", "a.put(order, b)", "b.put(order, a)"),
    "parts": ("a.__setitem__(slice(None), b)", "b.__setitem__(slice(None), a)", "a.__setitem__([3, 1], b[:2])"),
    "views": (
        "a.row_view(0).__setitem__(slice(None), ones)",
        "ones.row_view(0).__setitem__(slice(None), a[0])",
        "a[0] = ones",
    ),
    "reductions": ("a.sum(0, where=b)", "b.__imul__(a)", "a.__imul__(b)"),
    "products": ("a.__imatmul__(b)", "b.__imatmul__(a)", "a.vecdot(b)"),
    "comparisons": ("a < b", "a.less(b, out=b)", "b.less(a, out=a)"),
    "parting": ("a.transpose(in_place=True)", "b.__iadd__(a)", "a.__iadd__(b)"),
}


@pytest.mark.parametrize("works", PAIRS.values(), ids=PAIRS)
def test_operands_that_are_each_others_outputs(works):
    """Each takes what another one writes to: they must not wait for each other in a circle."""
    defined = "\n".join(f"    def work{nth}():\n        {work}" for nth, work in enumerate(works))
    names = ", ".join(f"work{nth}" for nth in range(len(works)))
    check_script(f"{TOGETHER}\n{defined}\n    together({names})\n", "done")


def test_a_sum_written_by_several_threads_is_never_torn():
    """An operation is whole: all elements of a matrix of equal ones stay equal."""
    source = (
        TOGETHER
        + """
    def equal():
        shown = a.copy()
        if shown.min() != shown.max():
            raise AssertionError(shown)

    together(lambda: a.add(1.0, out=a), lambda: a.negate(in_place=True), equal)
    """
    )
    check_script(source, "done")


def test_a_matrix_that_goes_while_others_use_it():
    """It is split, joined and moved under the hands of others: they are told, or are in time."""
    source = (
        TOGETHER
        + """
    from bocpy import Cown, wait

    box = [Matrix.ones((20, 20))]

    def use():
        for work in (lambda m: m.sum(), lambda m: m.add(m, out=m), lambda m: a.add(m), lambda m: m.T, repr):
            try:
                work(box[0])
            except RuntimeError:
                pass

    def take():
        try:
            box[0] = Matrix.join_rows(box[0].split_rows(4))
        except RuntimeError:
            pass

    def give():
        matrix = box[0]
        box[0] = Matrix.ones((20, 20))
        try:
            Cown(matrix)
        except (RuntimeError, BufferError):
            pass

    together(use, use, take, give, rounds=800)
    wait()
    """
    )
    check_script(source, "done")
