"""Columns of measurements with gaps (NaN): masks, sorted parts, histograms; beside plain Python."""

import math
import random

from bocpy import Cown, Matrix, read, wait, when

rng = random.Random(21)
rows = [[rng.gauss(column, 2) if rng.random() < 0.9 else math.nan for column in range(5)] for _ in range(50)]
data = Cown(Matrix.from_rows(rows))
columns = [[x for x in column if x == x] for column in zip(*rows)]


def close(found, wanted):
    return all(math.isclose(x, y, rel_tol=1e-12) for x, y in zip(found, wanted, strict=True))


@when(read(data))
def described(data):
    m = data.value
    there = m.equal(m)
    mean = m.mean(0, there)
    centred = Matrix.where(there, m - mean, 0.0)
    spread = (centred.magnitude_squared(0) / (there.sum(0) - 1)).sqrt()
    return {
        "count": there.sum(0).tolist()[0],
        "mean": mean.tolist()[0],
        "deviation": spread.tolist()[0],
        "least": m.min(0, there).tolist()[0],
        "greatest": m.max(axis=0, where=there).tolist()[0],
        "best": m.topk(3, 0, where=there)[0].T.tolist(),
        "where": m.argmax(0, there),
        "bins": [m[:, [j]].bin(4, bounds=(-8, 8)).tolist() for j in range(5)],
        "whole": m.sum(where=there),
        "without": m.sum(),
        "none": (m.mean(where=Matrix(50, 5)), m.sum(1, Matrix(50, 5)).max()),
    }


found = described.get()
assert found["count"] == [float(len(column)) for column in columns]
assert close(found["mean"], [math.fsum(column) / len(column) for column in columns])
means = [math.fsum(column) / len(column) for column in columns]
deviations = [
    math.sqrt(math.fsum((x - mean) ** 2 for x in column) / (len(column) - 1)) for column, mean in zip(columns, means)
]
assert close(found["deviation"], deviations)
assert found["least"] == [min(column) for column in columns]
assert found["greatest"] == [max(column) for column in columns]
assert found["best"] == [sorted(column)[:-4:-1] for column in columns]
assert found["where"] == [[row[j] for row in rows].index(max(columns[j])) for j in range(5)]
for column, bins in zip(zip(*rows), found["bins"]):
    assert [b for (b,) in bins] == [-1 if x != x else min(max((x + 8) // 4, 0), 3) for x in column]
assert math.isclose(found["whole"], math.fsum(map(math.fsum, columns))) and math.isnan(found["without"])
assert math.isnan(found["none"][0])
print("described", found["none"][1])
wait()
