"""What boids look like: triangles that point where they fly, in a color for each direction."""

from __future__ import annotations

from array import array
from colorsys import hsv_to_rgb
from math import atan2, pi, sqrt

BACKGROUND = (12, 16, 32)
CORNERS = 6  # numbers for each triangle: x and y of three corners
HUES = 64
COLORS = [bytes(round(255 * part) for part in hsv_to_rgb(hue / HUES, 0.55, 1.0)) for hue in range(HUES)]

# The corners of all triangles, and three bytes of color for each triangle.
Shapes = tuple["array[float]", bytes]


def shapes_of(flock: array[float], scale: float) -> Shapes:
    """The triangles of a flock."""
    corners = array("f")
    colors = []
    numbers = iter(flock)
    for x, y, vx, vy in zip(numbers, numbers, numbers, numbers):
        norm = scale / (sqrt(vx * vx + vy * vy) or 1.0)
        dx, dy = vx * norm, vy * norm
        corners.extend(
            (x + 8 * dx, y + 8 * dy, x - 5 * dx - 4 * dy, y - 5 * dy + 4 * dx, x - 5 * dx + 4 * dy, y - 5 * dy - 4 * dx)
        )
        colors.append(COLORS[int(atan2(vy, vx) * (HUES / (2 * pi))) % HUES])
    return corners, b"".join(colors)
