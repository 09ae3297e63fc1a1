"""A sudoku search: split by the first cell, search in parallel, stop by a shared result."""

import sys
from bocpy import Cown, when, quiesce, wait
from itertools import product
from functools import lru_cache, cached_property, reduce
import operator

PUZZLE = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
DIGITS = frozenset("123456789")


@lru_cache(maxsize=None)
def peers(i):
    row, col = divmod(i, 9)
    box = row // 3 * 3, col // 3 * 3
    return frozenset(
        j for j in range(81) if j != i and (j // 9 == row or j % 9 == col or (j // 9 // 3 * 3, j % 9 // 3 * 3) == box)
    )


class Board:
    __slots__ = ("cells", "__dict__")

    def __init__(self, cells):
        self.cells = tuple(cells)

    @cached_property
    def empty(self):
        return [i for i, c in enumerate(self.cells) if c == "."]

    def options(self, i):
        return sorted(DIGITS - {self.cells[j] for j in peers(i)})

    def __matmul__(self, move):
        i, digit = move
        return type(self)(self.cells[:i] + (digit,) + self.cells[i + 1 :])

    def __iter__(self):
        yield from self.cells

    def __str__(self):
        return "\n".join("".join(self.cells[r * 9 : r * 9 + 9]) for r in range(9))

    def __eq__(self, other):
        return isinstance(other, Board) and self.cells == other.cells

    def __hash__(self):
        return hash(self.cells)


class Contradiction(Exception): ...


def solve(board, depth=0):
    if not board.empty:
        return board, depth
    i = min(board.empty, key=lambda i: len(board.options(i)))
    if not (options := board.options(i)):
        raise Contradiction(i, depth)
    for digit in options:
        try:
            return solve(board @ (i, digit), depth + 1)
        except Contradiction:
            continue
    raise Contradiction(i, depth)


board = Board(PUZZLE)
found = Cown({})
tries = []
cell = board.empty[0]
for digit in board.options(cell):
    branch = board @ (cell, digit)

    @when()
    def attempt():
        return digit, *solve(branch)

    tries.append(attempt)

    @when(attempt, found)
    def _(attempt, found):
        if attempt.exception:
            found.value[digit] = attempt.value
        else:
            found.value[digit] = attempt.value[1]


quiesce()
with found:
    for digit, what in sorted(found.value.items()):
        print(digit, type(what).__name__, what, sep="\n" if isinstance(what, Board) else " ")
        if isinstance(what, Board):
            print(what == solve(board)[0], len({what, solve(board)[0]}), what.cells[0], "".join(what)[:9])
print(peers.cache_info().currsize > 0, reduce(operator.or_, (peers(0), peers(1))) == peers(0) | peers(1))
for t in tries:
    try:
        print(t.unwrap()[0])
    except Contradiction as e:
        print("no", e.args)
wait()
