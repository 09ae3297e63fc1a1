"""What a notebook does: the same names again, classes defined anew, results looked at between the cells."""

from bocpy import Cown, Matrix, quiesce, wait, when

m = Cown(Matrix(2, 2, [1, 2, 3, 4]))
factor = Matrix(1, 2, [10, 100])


class Layer:
    def __init__(self, weights):
        self.weights = weights

    def apply(self, m):
        return m @ self.weights


layer = Cown(Layer(Matrix(2, 2, [0, 1, 1, 0])))


@when(m, layer)
def cell(m, layer):
    m.value = layer.value.apply(m.value)
    return m.value.copy()


print(cell.get().tolist())


class Layer:  # noqa: F811
    def __init__(self, weights):
        self.weights = weights

    def apply(self, m):
        return m * self.weights


layer = Cown(Layer(factor.copy()))


@when(m, layer)
def cell(m, layer):
    m.value = layer.value.apply(m.value)
    return m.value.copy()


print(cell.get().tolist())
factor = Matrix(2, 2, 0.5)


@when(m)
def cell(m):
    m.value *= factor  # the one of now
    return m.value.copy(), factor.sum()


quiesce()
shown, total = cell.get()
print(shown.tolist(), total, factor.tolist())
factor += 1


@when(m)
def cell(m):
    m.value *= factor
    return m.value.sum()


print(cell.get())
print(Matrix.from_rows([[1, 2.5], [-3, 1e300]]), repr(Matrix(1, 2, [1, -0.0])), sep="\n")
print(repr(Matrix(2000, 2000, 1.5)).count("\n") < 12, str(Matrix(2000, 1)).count("...") > 0)
wait()
