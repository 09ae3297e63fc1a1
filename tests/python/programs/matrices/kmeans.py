"""k-means: each behavior assigns its part of the points, and leaves sums; one puts these together."""

import random

from bocpy import Cown, Matrix, read, wait, when

rng = random.Random(3)
CENTRES = [(0, 0), (5, 5), (0, 6)]
points = [[rng.gauss(x, 0.7), rng.gauss(y, 0.7)] for x, y in CENTRES for _ in range(40)]
rng.shuffle(points)
start = points[:3]


def plain():
    centres = [row[:] for row in start]
    for _ in range(6):
        groups = [[] for _ in centres]
        for p in points:
            far = [sum((x - y) ** 2 for x, y in zip(p, c)) for c in centres]
            groups[far.index(min(far))].append(p)
        centres = [
            [sum(column) / len(group) for column in zip(*group)] if group else c for group, c in zip(groups, centres)
        ]
    return centres


class Clusters:
    def __init__(self, centres):
        self.centres = Matrix.from_rows(centres)
        self.sums = Matrix(len(centres), 2)
        self.counts = Matrix(len(centres), 1)

    def add(self, part):
        far = Matrix.concat([(part - self.centres[nth]).magnitude_squared(1) for nth in range(3)], axis=1)
        nearest = far.argmin(axis=1)
        self.sums.put(nearest, part, accumulate=True)
        self.counts.put(nearest, 1.0, accumulate=True)

    def move(self):
        some = self.counts.greater(0)
        for nth in range(3):
            if some[nth]:
                self.centres[nth] = self.sums[nth] / self.counts[nth]
        self.sums *= 0
        self.counts *= 0


clusters = Cown(Clusters(start))
parts = [Cown(block) for block in Matrix.from_rows(points).split_rows(5)]
for _ in range(6):
    for part in parts:

        @when(clusters, read(part))
        def assign(clusters, part):
            clusters.value.add(part.value)

    @when(clusters)
    def centre(clusters):
        clusters.value.move()


@when(clusters)
def found(clusters):
    return clusters.value.centres


wanted = Matrix.from_rows(plain())
assert Matrix.allclose(found.get(), wanted, 1e-12), (found.get(), wanted)
print("three clusters")
wait()
