"""Planets: all pairs attract each other; each behavior computes the forces on some of them from one shared table."""

import math
import random

from bocpy import Cown, Matrix, read, wait, when

COUNT, BLOCKS, STEPS, TIME = 24, 4, 5, 0.01
rng = random.Random(1)
places = [[rng.uniform(-1, 1) for _ in range(3)] for _ in range(COUNT)]
speeds = [[rng.uniform(-0.1, 0.1) for _ in range(3)] for _ in range(COUNT)]
masses = [rng.uniform(1, 2) for _ in range(COUNT)]


def plain():
    p, v = [row[:] for row in places], [row[:] for row in speeds]
    for _ in range(STEPS):
        forces = []
        for a in p:
            total = [0.0] * 3
            for b, mass in zip(p, masses):
                d = [y - x for x, y in zip(a, b)]
                near = d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + 0.01
                factor = mass / (near * math.sqrt(near))
                total = [t + factor * x for t, x in zip(total, d)]
            forces.append(total)
        v = [[x + TIME * f for x, f in zip(row, force)] for row, force in zip(v, forces)]
        p = [[x + TIME * s for x, s in zip(row, speed)] for row, speed in zip(p, v)]
    return p


weights = Matrix.vector(masses, as_column=True)
table = Cown(Matrix.from_rows(places))
parts = [Cown(block) for block in Matrix.from_rows(speeds).split_rows(BLOCKS)]
SIZE = COUNT // BLOCKS


def forces(all_places, first, count):
    result = Matrix(count, 3)
    for row in range(count):
        d = all_places - all_places[first + row]
        near = d.magnitude_squared(1) + 0.01
        result[row] = (d * (weights / (near * near.sqrt()))).sum(0)
    return result


for _ in range(STEPS):
    for nth, part in enumerate(parts):

        @when(read(table), part)
        def push(table, part, nth=nth):
            part.value.scaled_add(TIME, forces(table.value, nth * SIZE, SIZE), in_place=True)

    @when(table, [read(part) for part in parts])
    def drift(table, parts):
        for nth, part in enumerate(parts):
            table.value[nth * SIZE : (nth + 1) * SIZE] += TIME * part.value


@when(table)
def result(table):
    return table.value.tolist()


found, wanted = result.get(), plain()
assert all(math.isclose(x, y, rel_tol=1e-9) for a, b in zip(found, wanted) for x, y in zip(a, b)), (found[0], wanted[0])
print("the planets are where they should be")
wait()
