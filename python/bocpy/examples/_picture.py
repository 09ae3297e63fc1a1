"""Drawing without a window, into a PNG file, with the standard library alone."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path


class Picture:
    """Some pixels in red, green and blue. As in mathematics, `y` goes up."""

    def __init__(self, width: int, height: int, background: Sequence[int]) -> None:
        self.width = width
        self.height = height
        self._rows = [bytearray(bytes(background) * width) for _ in range(height)]

    def triangle(self, corners: Sequence[float], color: bytes) -> None:
        """Fill a triangle, given as x and y of three corners; what is outside of the picture is left out."""
        xs, ys = corners[0::2], corners[1::2]
        for row in range(max(0, int(min(ys))), min(self.height - 1, int(max(ys))) + 1):
            # Where the sides cross the middle of this row of pixels.
            middle = row + 0.5
            crossings = []
            for i in range(3):
                x1, y1, x2, y2 = xs[i - 1], ys[i - 1], xs[i], ys[i]
                if (y1 <= middle) != (y2 <= middle):
                    crossings.append(x1 + (middle - y1) * (x2 - x1) / (y2 - y1))
            if len(crossings) == 2:
                first = max(0, round(min(crossings)))
                last = min(self.width, round(max(crossings)))
                if first < last:
                    self._rows[row][3 * first : 3 * last] = color * (last - first)

    def line(self, number: int, colors: bytes) -> None:
        """Set a row of pixels, counted from above; `colors` has red, green and blue of each."""
        self._rows[self.height - 1 - number][:] = colors

    def save(self, path: Path) -> None:
        """Write the file."""
        lines = b"".join(b"\0" + row for row in reversed(self._rows))  # 0: as they are
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
        with path.open("wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n")
            for name, content in parts:
                file.write(struct.pack(">I", len(content)) + name + content)
                file.write(struct.pack(">I", zlib.crc32(name + content)))
