"""An image blurred in bands: each behavior has a band and copies of its neighbours' edges; the whole is joined again."""

import random

from bocpy import Cown, Matrix, read, wait, when

HEIGHT, WIDTH, BANDS = 20, 17, 4
rng = random.Random(9)
picture = [[float(rng.randrange(256)) for _ in range(WIDTH)] for _ in range(HEIGHT)]


def plain():
    inside = lambda y, x: picture[min(max(y, 0), HEIGHT - 1)][min(max(x, 0), WIDTH - 1)]  # noqa: E731
    around = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 0), (0, 1), (1, -1), (1, 0), (1, 1)]
    return [[round(sum(inside(y + i, x + j) for i, j in around) / 9) for x in range(WIDTH)] for y in range(HEIGHT)]


def blurred(above, band, below):
    rows = Matrix.concat([above, band, below])
    wide = Matrix.concat([rows[:, [0]], rows, rows[:, [-1]]], axis=1)
    total = Matrix.zeros(band.shape)
    for down in range(3):
        for right in range(3):
            total += wide[down : down + band.rows, right : right + band.columns]
    return (total / 9).round()


whole = Matrix.from_rows(picture)
place = whole.split_rows(BANDS)
edges = [(band[0], band[-1]) for band in place]
bands = [Cown(band) for band in place]
for nth, band in enumerate(bands):
    above = edges[nth - 1][1] if nth else edges[0][0].copy()
    below = edges[nth + 1][0] if nth + 1 < BANDS else edges[-1][1].copy()

    @when(band)
    def blur(band, above=above.copy(), below=below.copy()):
        band.value[:] = blurred(above, band.value, below)


@when(bands)
def joined(bands):
    return Matrix.join_rows([band.value for band in bands])


result = joined.get()
assert result.tolist() == plain()
try:
    whole.sum()
except RuntimeError as error:
    assert "split_rows" in str(error)
print(f"{result.rows} rows of {result.columns}, from {result.min()} to {result.max()}: {whole!r}")
wait()
