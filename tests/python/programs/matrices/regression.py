"""Logistic regression, with the gradients of batches computed by readers of one table of weights."""

import math
import random

from bocpy import Cown, Matrix, read, wait, when

rng = random.Random(2)
TRUE = [1.5, -2.0, 0.5]
rows = [[1.0, rng.uniform(-1, 1), rng.uniform(-1, 1)] for _ in range(60)]
labels = [float(rng.random() < 1 / (1 + math.exp(-sum(w * x for w, x in zip(TRUE, row))))) for row in rows]
RATE, ROUNDS, BATCHES = 0.5, 30, 3


def plain():
    weights = [0.0] * 3
    for _ in range(ROUNDS):
        slope = [0.0] * 3
        for row, label in zip(rows, labels):
            miss = 1 / (1 + math.exp(-sum(w * x for w, x in zip(weights, row)))) - label
            slope = [s + miss * x for s, x in zip(slope, row)]
        weights = [w - RATE / len(rows) * s for w, s in zip(weights, slope)]
    return weights


def exp(m):
    return Matrix(m.rows, m.columns, [math.exp(x) for x in m.values()])


weights, slope = Cown(Matrix(3, 1)), Cown(Matrix(3, 1))
inputs = [Cown(block) for block in Matrix.from_rows(rows).split_rows(BATCHES)]
outputs = [Cown(block) for block in Matrix.vector(labels, as_column=True).split_rows(BATCHES)]
for _ in range(ROUNDS):
    for x, y in zip(inputs, outputs):

        @when(read(x), read(y), read(weights), slope)
        def batch(x, y, weights, slope):
            guess = (exp(-(x.value @ weights.value)) + 1).reciprocal()
            slope.value += x.value.T @ (guess - y.value)

    @when(weights, slope)
    def descend(weights, slope):
        weights.value.scaled_add(-RATE / len(rows), slope.value, in_place=True)
        slope.value.clip(0, 0, in_place=True)


@when(read(weights))
def found(weights):
    return weights.value.T.tolist()[0]


assert all(math.isclose(x, y, rel_tol=1e-10) for x, y in zip(found.get(), plain())), (found.get(), plain())
print("learned")
wait()
