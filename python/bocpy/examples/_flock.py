"""How a flock of boids flies: pure Python over flat arrays, without cowns and without drawing.

The world is cut into upright strips, and a strip into square cells. A boid sees those in its own cell and in the eight
around it, no further than `SIGHT`. So what a strip will look like depends on the strip and its two neighbours alone.

All additions are in an order that only the arrays decide, so the same flock always flies the same way, to the last bit.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TypeVar

SIGHT = 50.0  # how far a boid sees, and the side of a cell
DISTANCE = 16.0  # closer than that, boids avoid each other
COHESION = 0.0006  # how strongly a boid turns to the middle of those that it sees,
ALIGNMENT = 0.05  # to their direction,
SEPARATION = 0.05  # away from those that are too close,
TURN = 0.3  # and back from the edge of the world
SLOWEST, FASTEST = 3.0, 6.0  # in pixels for each frame
MARGIN = 100.0  # from the edge
STRIP = 3  # cells side by side

# A flock has four numbers for each boid: x and y, and how far it moves in a frame in either direction.
Boid = tuple[float, float, float, float]
T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """How large the world is, in pixels."""

    width: int
    height: int

    @property
    def strips(self) -> int:
        """How many strips there are. It does not depend on the workers, and so neither does the flight."""
        return max(1, int(self.width // (STRIP * SIGHT)))

    def strip_of(self, x: float) -> int:
        """The strip at `x`. The outer ones go on for ever."""
        return min(max(int(x // (STRIP * SIGHT)), 0), self.strips - 1)


def around(strip: int, strips: Sequence[T]) -> Sequence[T]:
    """Of something for each strip: that of this one and of its neighbours."""
    return strips[max(0, strip - 1) : strip + 2]


def hatch(world: World, boids: int, seed: int) -> list[array[float]]:
    """A flock at random places, for each strip."""
    dice = random.Random(seed)
    flocks = [array("d") for _ in range(world.strips)]
    for _ in range(boids):
        x, y = dice.uniform(0, world.width), dice.uniform(0, world.height)
        vx, vy = dice.uniform(-1, 1), dice.uniform(-1, 1)
        norm = sqrt(vx * vx + vy * vy) or 1.0
        speed = dice.uniform(SLOWEST, FASTEST)
        flocks[world.strip_of(x)].extend((x, y, vx / norm * speed, vy / norm * speed))
    return flocks


def fly(world: World, strip: int, near: Sequence[array[float]]) -> array[float]:
    """The boids that are in the strip now, as they will be one frame later.

    `near` has those that were in the strip and in its neighbours one frame ago: nobody flies further in a frame.
    """
    left, right = float(world.width) - MARGIN, MARGIN
    upper, lower = float(world.height) - MARGIN, MARGIN
    cells = into_cells(world, strip, near)
    flown = array("d")
    for (column, row), boids in cells.items():
        if not strip * STRIP <= column < (strip + 1) * STRIP:
            continue
        seen = [
            boid
            for c in (column - 1, column, column + 1)
            for r in (row - 1, row, row + 1)
            for boid in cells.get((c, r), ())
        ]
        for x, y, vx, vy in boids:
            number = 0
            sum_x = sum_y = sum_vx = sum_vy = away_x = away_y = 0.0
            for other_x, other_y, other_vx, other_vy in seen:
                dx = other_x - x
                dy = other_y - y
                squared = dx * dx + dy * dy
                if squared < SIGHT * SIGHT:
                    number += 1
                    sum_x += dx
                    sum_y += dy
                    sum_vx += other_vx
                    sum_vy += other_vy
                    if squared < DISTANCE * DISTANCE:
                        away_x -= dx
                        away_y -= dy
            # `number` is never 0: each boid sees itself.
            vx += sum_x / number * COHESION + (sum_vx / number - vx) * ALIGNMENT + away_x * SEPARATION
            vy += sum_y / number * COHESION + (sum_vy / number - vy) * ALIGNMENT + away_y * SEPARATION
            vx += TURN * ((x < right) - (x > left))
            vy += TURN * ((y < lower) - (y > upper))
            speed = sqrt(vx * vx + vy * vy)
            if speed > FASTEST:
                vx *= FASTEST / speed
                vy *= FASTEST / speed
            elif speed < SLOWEST:
                vx, vy = (vx * SLOWEST / speed, vy * SLOWEST / speed) if speed else (SLOWEST, 0.0)
            flown.extend((x + vx, y + vy, vx, vy))
    return flown


def into_cells(world: World, strip: int, near: Sequence[array[float]]) -> dict[tuple[int, int], list[Boid]]:
    """The boids by cells. The outer columns and rows go on for ever."""
    last = world.strips * STRIP - 1
    cells: dict[tuple[int, int], list[Boid]] = {}
    for flock in near:
        numbers = iter(flock)
        for x, y, vx, vy in zip(numbers, numbers, numbers, numbers):
            cell = (min(max(int(x // SIGHT), 0), last), int(y // SIGHT))
            if cell in cells:
                cells[cell].append((x, y, vx, vy))
            else:
                cells[cell] = [(x, y, vx, vy)]
    return cells
