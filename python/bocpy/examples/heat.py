"""How heat spreads over a plate, on all cores: behaviors over the rows of one matrix.

The plate is a matrix of temperatures. Its edges keep theirs: two sides are hot, two are cold, and a few hot wires lie
in between. At each step, every other element moves towards the mean of its four neighbours.

The matrix is split into blocks of rows, `Matrix.split_rows`: matrices of their own, in the memory of the whole. Each
block is in a cown, and so are copies of the rows at its borders. A behavior for a block reads the borders of its
neighbours, joins them to its block, and takes as many steps as a border has rows: each step spoils one row more at the
ends, which are thrown away. Then a second behavior hands out the new borders. So the blocks advance at the same time,
and who is ahead waits for nobody but its neighbours. `bocpy` runs the behaviors over a cown in the order in which they
were scheduled: the reading of a border comes before it is overwritten, and nobody has to say so.

At the end `Matrix.join_rows` makes one matrix of the blocks, without a copy. It has to be the same, to the last bit, as
one that a plain loop has computed.

With `--picture FILE` the plate is drawn into a PNG file.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bocpy import Cown, Matrix, ReadCown, read, start, wait, when
from bocpy.examples._common import Failed, add_workers, at_least, command_line, counted, say, verdict
from bocpy.examples._picture import Picture

RATE = 0.2  # how much of the difference to the neighbours is made up for in a step
DEPTH = 8  # rows of a border, and so steps of a behavior
ROWS = 40  # of a block, about, if nobody says how many blocks there are to be
COLOURS = 256


def plate(size: int) -> Matrix:
    """The temperatures at the beginning, from 0 to 1."""
    temperatures = Matrix.zeros((size, size))
    temperatures[0] = 1.0
    temperatures[:, 0] = 1.0
    for wire in range(1, 4):
        place = wire * size // 4
        temperatures[place, size // 8 : size - size // 8] = 1.0
        temperatures[size // 8 : size - size // 8, place] = 1.0
    return temperatures


def spread(temperatures: Matrix, steps: int) -> None:
    """Take some steps; the outermost rows and columns stay."""
    for _ in range(steps):
        middle = temperatures[1:-1, 1:-1]
        middle *= 1 - 4 * RATE
        around = temperatures[:-2, 1:-1]
        around += temperatures[2:, 1:-1]
        around += temperatures[1:-1, :-2]
        around += temperatures[1:-1, 2:]
        temperatures[1:-1, 1:-1] = middle.scaled_add(RATE, around, in_place=True)


def advance(above: Matrix | None, block: Matrix, below: Matrix | None, steps: int) -> Matrix:
    """The rows of a block after some steps, at most as many as its neighbours' borders have rows."""
    parts = [part for part in (above, block, below) if part is not None]
    joined = Matrix.concat(parts)
    spread(joined, steps)
    first = 0 if above is None else above.rows
    return joined[first : first + block.rows]


class Blocks:
    """The blocks of a plate, and the rows at their borders: the first ones and the last ones."""

    def __init__(self, temperatures: Matrix, count: int) -> None:
        blocks = temperatures.split_rows(count)
        self.borders = [(Cown(block[:DEPTH]), Cown(block[-DEPTH:])) for block in blocks]
        self.blocks = [Cown(block) for block in blocks]

    def schedule(self, steps: int) -> None:
        """Schedule some steps of all blocks."""
        for nth, block in enumerate(self.blocks):
            # The last rows of the block above, and the first ones of the block below.
            above = [read(self.borders[nth - 1][1])] if nth > 0 else []
            below = [read(self.borders[nth + 1][0])] if nth + 1 < len(self.blocks) else []
            advance_block(block, above, below, steps)
        for block, (first, last) in zip(self.blocks, self.borders):  # noqa: B905
            hand_out(block, first, last)

    def joined(self) -> Cown[Matrix]:
        """All rows, once all steps are taken."""

        @when(self.blocks)
        def whole(blocks: list[Cown[Matrix]]) -> Matrix:
            return Matrix.join_rows([block.value for block in blocks])

        return whole


def advance_block(block: Cown[Matrix], above: list, below: list, steps: int) -> None:  # type: ignore[type-arg]
    @when(block, above, below)
    def _(block: Cown[Matrix], above: list[ReadCown[Matrix]], below: list[ReadCown[Matrix]]) -> None:
        upper = above[0].value if above else None
        lower = below[0].value if below else None
        # Written to the block, so that it stays where it lies.
        block.value[:] = advance(upper, block.value, lower, steps)


def hand_out(block: Cown[Matrix], first: Cown[Matrix], last: Cown[Matrix]) -> None:
    @when(read(block), first, last)
    def _(block: ReadCown[Matrix], first: Cown[Matrix], last: Cown[Matrix]) -> None:
        first.value[:] = block.value[:DEPTH]
        last.value[:] = block.value[-DEPTH:]


def by_behaviors(temperatures: Matrix, steps: int, blocks: int) -> Matrix:
    """Take the steps by behaviors over blocks."""
    all_blocks = Blocks(temperatures, blocks)
    for done in range(0, steps, DEPTH):
        all_blocks.schedule(min(DEPTH, steps - done))
    return all_blocks.joined().get()


def draw(temperatures: Matrix, path: Path) -> None:
    """Draw the plate, cold in blue and hot in white."""
    palette = [
        bytes((min(255, 3 * c), max(0, min(255, 3 * c - 255)), max(80, min(255, 3 * c - 510)))) for c in range(COLOURS)
    ]
    picture = Picture(temperatures.columns, temperatures.rows, (0, 0, 0))
    for nth, row in enumerate(temperatures.sqrt().bin(COLOURS, bounds=(0.0, 1.0)).tolist()):
        picture.line(nth, b"".join(palette[int(number)] for number in row))
    try:
        picture.save(path)
    except OSError as error:
        raise Failed(f"the picture cannot be written: {error}") from error


def arguments(parser: argparse.ArgumentParser) -> None:
    add_workers(parser)
    parser.add_argument(
        "--size",
        type=at_least(40),
        default=1000,
        metavar="N",
        help="rows and columns of the plate (default: %(default)s)",
    )
    parser.add_argument("--steps", type=at_least(1), default=200, metavar="N", help="steps (default: %(default)s)")
    parser.add_argument(
        "--blocks", type=at_least(1), metavar="N", help="blocks of rows (default: of some 40 rows each)"
    )
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the plate at the end into this PNG file")


def main(argv: Sequence[str] | None = None) -> int:
    parser = command_line(__doc__)
    arguments(parser)
    given = parser.parse_args(argv)
    # Small blocks stay in a processor's cache.
    blocks = given.blocks or min(max(2 * given.workers, given.size // ROWS), given.size // DEPTH)
    if given.size // blocks < DEPTH:
        parser.error(f"each block needs {DEPTH} rows: {given.size} rows make at most {given.size // DEPTH} blocks")
    if given.picture is not None and not given.picture.parent.is_dir():
        parser.error(f"there is no folder {given.picture.parent}")

    expected = plate(given.size)
    begun = time.perf_counter()
    spread(expected, given.steps)
    alone = time.perf_counter() - begun
    say(f"{counted(given.steps, 'step')} of {given.size} x {given.size} in a plain loop: {alone:.3f} s")

    start(given.workers)
    begun = time.perf_counter()
    result = by_behaviors(plate(given.size), given.steps, blocks)
    together = time.perf_counter() - begun
    wait()
    say(
        f"by behaviors over {counted(blocks, 'block')}, with {counted(given.workers, 'worker')}: {together:.3f} s, "
        f"{alone / together:.2f} times as fast"
    )
    holds = result == expected
    say("the results are the same to the last bit" if holds else "THE RESULTS DIFFER")
    if given.picture is not None:
        try:
            draw(result, given.picture)
        except Failed as failed:
            say(str(failed))
            return 1
        say(f"drawn into {given.picture}")
    return verdict(holds)


if __name__ == "__main__":
    sys.exit(main())
