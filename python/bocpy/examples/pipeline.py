"""A picture from a pipeline: stages joined by messages, none of which runs far ahead of the next.

A planner lists the rows of a picture of the Mandelbrot set, painters compute them, a packer compresses them, and the
main program collects them, with a progress bar. Each stage but the last is a behavior that handles one row after
another.

    planner --"to paint"--> painters --"to pack"--> packer --"packed"--> main program

Painting is much slower than listing, so without a limit all rows would soon wait in memory. `set_tags` gives each tag a
bound: if that many messages wait, `send` waits too. So a slow stage slows down those before it, and there are never
more rows on their way than the bounds allow. That is called back-pressure.

The end travels the same way: one `None` for each painter, which hands it on to the packer and stops. Rows arrive in any
order, so each one has its number. A few of them are compared with a plain call at the end.
"""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from pathlib import Path

from bocpy import receive, send, set_tags, start, wait, when
from bocpy.examples._common import at_least, command_line, counted, say, verdict

BOUND = 8  # messages that may wait between two stages
DEPTH = 255
SHADES = " .:-=+*#%@"
BAR = 40


def paint(row: int, width: int, height: int) -> bytes:
    """One row of the picture: for each point, after how many steps it has left the circle of radius 2."""
    y = (row + 0.5) / height * 2.4 - 1.2
    return bytes(escape_time(complex((x + 0.5) / width * 3.2 - 2.2, y)) for x in range(width))


def escape_time(c: complex) -> int:
    z = 0j
    for step in range(DEPTH):
        if abs(z) > 2:
            return step
        z = z * z + c
    return DEPTH


def open_planner(height: int, painters: int) -> None:
    """Schedule the behavior that lists all rows, and then tells each painter that there are no more."""

    @when()
    def _() -> None:
        for row in range(height):
            send("to paint", row)  # waits while the painters have enough to do
        for _ in range(painters):
            send("to paint", None)


def open_painter(width: int, height: int) -> None:
    """Schedule a behavior that paints rows until there are no more."""

    @when()
    def _() -> None:
        while True:
            _, row = receive("to paint")
            if row is None:
                send("to pack", None)
                return
            send("to pack", (row, paint(row, width, height)))


def open_packer(painters: int) -> None:
    """Schedule the behavior that compresses what the painters have painted."""

    @when()
    def _() -> None:
        at_work = painters
        while at_work:
            _, painted = receive("to pack")
            if painted is None:
                at_work -= 1
                continue
            row, points = painted
            send("packed", (row, zlib.compress(points)))


class Progress:
    """A bar that grows in place on a terminal, and a line for each quarter elsewhere."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.in_place = sys.stdout.isatty()
        self.show(0)

    def show(self, done: int) -> None:
        """Show that ``done`` of the total is done."""
        if self.in_place:
            filled = BAR * done // self.total
            bar = "#" * filled + "." * (BAR - filled)
            end = "\n" if done == self.total else ""
            print(f"\r  [{bar}] {100 * done // self.total:3} %", end=end, flush=True)
        elif 4 * done // self.total > 4 * (done - 1) // self.total:
            say(f"  {done} of {counted(self.total, 'row')}")


def collect(height: int) -> list[bytes]:
    """Take out what the pipeline has made: the packed rows, in their order."""
    rows = [b""] * height
    progress = Progress(height)
    for done in range(1, height + 1):
        _, (row, packed) = receive("packed")
        rows[row] = packed
        progress.show(done)
    return rows


def sketch(rows: list[bytes], width: int) -> str:
    """The picture in characters, some 20 lines of at most 78."""
    lines = []
    for packed in rows[:: max(1, len(rows) // 20)]:
        points = zlib.decompress(packed)[:: max(1, -(-width // 78))]
        lines.append("".join(SHADES[point * (len(SHADES) - 1) // DEPTH] for point in points).rstrip())
    return "\n".join(lines)


def write_picture(path: Path, rows: list[bytes], width: int) -> None:
    """Write the picture as a PGM file, in grey."""
    head = f"P5 {width} {len(rows)} {DEPTH}\n".encode()
    path.write_bytes(head + b"".join(map(zlib.decompress, rows)))


def main(argv: list[str] | None = None) -> int:
    """Paint the picture."""
    parser = command_line(__doc__)
    parser.add_argument("--width", type=at_least(1), default=480, metavar="N", help="in points (default: %(default)s)")
    parser.add_argument("--height", type=at_least(1), default=320, metavar="N", help="in rows (default: %(default)s)")
    parser.add_argument(
        "--painters", type=at_least(1), default=2, metavar="N", help="behaviors that paint (default: %(default)s)"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the picture, as a PGM file")
    return run(parser.parse_args(argv))


def run(options: argparse.Namespace) -> int:
    width, height = options.width, options.height
    say(f"{counted(height, 'row')} of {counted(width, 'point')}, {counted(options.painters, 'painter')}")
    start(options.painters + 2)  # each stage occupies a worker until it stops
    set_tags({"to paint": BOUND, "to pack": BOUND, "packed": BOUND})
    open_planner(height, options.painters)
    for _ in range(options.painters):
        open_painter(width, height)
    open_packer(options.painters)

    began = time.perf_counter()
    rows = collect(height)
    seconds = time.perf_counter() - began
    wait()

    print(sketch(rows, width))
    print(f"{seconds:.2f} s; {width * height:,} points packed to {sum(map(len, rows)):,} bytes")
    if options.output:
        write_picture(options.output, rows, width)
    looked_at = range(0, height, max(1, height // 5))
    right = all(zlib.decompress(rows[row]) == paint(row, width, height) for row in looked_at)
    print("the rows that were looked at are right" if right else "WRONG: a row differs from that of a plain call")
    return verdict(right)


if __name__ == "__main__":
    raise SystemExit(main())
