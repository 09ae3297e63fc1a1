"""Conway's game on a torus, by shifts of whole matrices; every generation is a message to a spectator."""

import random

from bocpy import Cown, Matrix, receive, send, wait, when

SIZE, GENERATIONS = 12, 6
rng = random.Random(4)
cells = [[float(rng.random() < 0.35) for _ in range(SIZE)] for _ in range(SIZE)]


def plain():
    now, seen = [row[:] for row in cells], []
    for _ in range(GENERATIONS):
        count = lambda y, x: sum(  # noqa: E731
            now[(y + i) % SIZE][(x + j) % SIZE]
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
            if i or j  # noqa: B023
        )
        now = [[float(count(y, x) == 3 or (count(y, x) == 2 and now[y][x])) for x in range(SIZE)] for y in range(SIZE)]
        seen.append(now)
    return seen


def rolled(m, rows, columns):
    down = [(y - rows) % SIZE for y in range(SIZE)]
    across = [(x - columns) % SIZE for x in range(SIZE)]
    return m[down][:, across]


board = Cown(Matrix.from_rows(cells))
for generation in range(GENERATIONS):

    @when(board)
    def step(board):
        m = board.value
        around = Matrix(SIZE, SIZE)
        for i in (-1, 0, 1):
            for j in (-1, 0, 1):
                if i or j:
                    around += rolled(m, i, j)
        alive = Matrix.where(m, around.greater_equal(2) * around.less_equal(3), around.equal(3))
        send("generation", (generation, alive.copy()))
        board.value = alive


for expected in plain():
    _, (number, shown) = receive("generation", 30)
    assert shown.tolist() == expected, number
print("alive:", int(shown.sum()) == int(sum(map(sum, expected))))
wait()
