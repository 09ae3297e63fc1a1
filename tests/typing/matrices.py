"""What a user writes with matrices, for type checkers in their strictest mode. It is run, too."""

# pyright: strict

from collections.abc import Iterator

from bocpy import Cown, Matrix, MatrixView, ReadCown, read, wait, when
from typing_extensions import assert_type

a = Matrix(2, 3, [1, 2, 3, 4, 5, 6])
assert_type(Matrix.zeros((2, 3)), Matrix)
assert_type(Matrix.full([2, 3], 1), Matrix)
assert_type(Matrix.from_rows([[1, 2], [3, 4]]), Matrix)
assert_type(Matrix.from_buffer(memoryview(a)), Matrix)
assert_type(Matrix.vector((1, 2), as_column=True), Matrix)
assert_type(Matrix.concat([a, a.view[0], [1, 2, 3]]), Matrix)
assert_type(Matrix.uniform(), float)
assert_type(Matrix.uniform(0.0, 2.0, size=(2, 3)), Matrix)
assert_type(Matrix.normal(0, 1, (2, 3)), Matrix)
assert_type(Matrix.where(a.greater(3), a, 0), Matrix)
assert_type(Matrix.allclose(a, a), bool)

assert_type(a.shape, tuple[int, int])
assert_type(a.T, Matrix)
assert_type(a + a, Matrix)
assert_type(a * 2, Matrix)
assert_type(2 - a, Matrix)
assert_type(a @ a.T, Matrix)
assert_type(-a, Matrix)
assert_type(abs(a), Matrix)
assert_type(a == a, bool)
assert_type(a < 2, bool)
assert_type(a.less([1, 2, 3]), Matrix)
assert_type(a.add(1, out=a), Matrix)
assert_type(a.sqrt(in_place=True), Matrix)

assert_type(a.sum(), float)
assert_type(a.sum(0), Matrix)
assert_type(a.mean(axis=1, where=a), Matrix)
assert_type(a.max(where=a), float)
assert_type(a.argmax(), int)
assert_type(a.argmax(0), list[int])
assert_type(a.argmax(0, as_matrix=True), Matrix)
assert_type(a.topk(2), tuple[Matrix, list[int]])
assert_type(a.topk(2, 1), tuple[Matrix, list[list[int]]])
assert_type(a.topk(2, as_matrix=True), tuple[Matrix, Matrix])
assert_type(a.vecdot(a), float)
assert_type(a.vecdot(a, 1), Matrix)
assert_type(a.take(a.argmin(1), 1), Matrix)

assert_type(a[0, 1], float)
assert_type(a[0:1], Matrix)
assert_type(a[0, :], Matrix)
assert_type(a[:, 0], Matrix)
assert_type(a[[0, 1]], Matrix)
assert_type(a[:, [0, 1]], Matrix)
assert_type(a[[0, 1], :], Matrix)
a[0, 1] = 2
a[0] = [1, 2, 3]
a[:, 1:] = 0
a[[0, 1]] += 1

assert_type(a.view[0], MatrixView)
assert_type(a.view[0, 1:], MatrixView)
assert_type(a.row_view(0)[1], float)
assert_type(a.row_view(0)[1:], MatrixView)
assert_type(a.row_views(), Iterator[MatrixView])
assert_type(a.values(), Iterator[float])
assert_type(a.view[0] + 1, Matrix)
assert_type(a.view[0].T.copy(), Matrix)
assert_type(a.tolist(), list[list[float]])


def main() -> None:
    cown = Cown(Matrix(4, 2))

    @when(cown)
    def _(cown: Cown[Matrix]) -> None:
        cown.value += 1
        cown.value.x = 5

    @when(read(cown))
    def total(cown: ReadCown[Matrix]) -> float:
        return cown.value.sum()

    assert_type(total, Cown[float])
    assert total.get() == 12.0
    blocks = Matrix(4, 2).split_rows(2)
    assert_type(blocks, list[Matrix])
    assert_type(Matrix.join_rows(blocks), Matrix)
    wait()


if __name__ == "__main__":
    main()
