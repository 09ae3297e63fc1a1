"""Game of life in bands, mandelbrot rows, matrices as arrays: numeric code with array, bytes, memoryview, struct, random, math, itertools."""

import sys
from bocpy import Cown, when, quiesce, wait, read
import array, itertools, math, random, struct, zlib, base64, bisect, statistics, cmath
from collections import Counter
from dataclasses import dataclass

W, H, BANDS = 24, 16, 4
RULE = {"born": {3}, "stays": {2, 3}}


class Band:
    rows = H // BANDS

    def __init__(self, cells=None):
        self.cells = cells or bytearray(W * self.rows)

    def row(self, y):
        return memoryview(self.cells)[y * W : (y + 1) * W]

    def step(self, above, below):
        rows = [above, *map(self.row, range(self.rows)), below]
        new = bytearray()
        for up, here, down in zip(rows, rows[1:], rows[2:]):
            for x in range(W):
                n = sum(r[(x + d) % W] for r in (up, here, down) for d in (-1, 0, 1)) - here[x]
                new.append(n in (RULE["stays"] if here[x] else RULE["born"]))
        self.cells = new

    def __str__(self):
        return "\n".join("".join(".#"[c] for c in self.row(y)) for y in range(self.rows))


rng = random.Random(7)
bands = [Cown(Band(bytearray(rng.random() < 0.3 for _ in range(W * Band.rows)))) for _ in range(BANDS)]
for generation in range(6):
    edges = []
    for i in range(BANDS):

        @when(read(bands[i - 1]), read(bands[(i + 1) % BANDS]))
        def edge(up, down):
            return bytes(up.value.row(Band.rows - 1)), bytes(down.value.row(0))

        edges.append(edge)
    for band, edge in zip(bands, edges):

        @when(band, edge)
        def _(band, edge):
            band.value.step(*edge.value)


quiesce()


@when(bands)
def world(bands):
    text = "\n".join(str(b.value) for b in bands)
    return text, zlib.crc32(text.encode()), Counter(text)["#"]


rows = Cown({})
for y in range(8):

    @when(rows)
    def _(rows):
        line = array.array("H")
        for x in range(20):
            z, c = 0, complex(x / 10 - 1.5, y / 4 - 1)
            line.append(next((n for n in range(50) if abs(z := z * z + c) > 2), 50))
        rows.value[y] = line


@when(rows)
def packed(rows):
    data = b"".join(struct.pack("<B20H", y, *line) for y, line in sorted(rows.value.items()))
    return base64.b64encode(zlib.compress(data))[:20], len(data), memoryview(data)[:3].tolist()


big = Cown(array.array("d", (math.sin(n) for n in range(50_000))))


@when(big)
def stats(big):
    a = big.value
    a.append(100.0)
    return (
        round(statistics.fmean(a), 6),
        max(a),
        bisect.bisect(sorted(a[:100]), 0),
        a.itemsize,
        cmath.phase(-1j) < 0,
        len(memoryview(a)),
        rng.random(),
    )


quiesce()
for r in world, packed, stats:
    print(*r.unwrap(), sep="\n")
with big, rows:
    print(len(big.value), type(rows.value[0]), rows.value[3][5], rng.random() < 1)
wait()
