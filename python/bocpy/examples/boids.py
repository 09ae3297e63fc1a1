"""A flock of boids: each sees only those around it, and still they fly together.

The world is cut into strips. In each frame, a behavior for each strip computes how its boids fly on: it reads that
strip and its two neighbours as they were one frame before, and its result is the cown that the next frame reads. Nobody
waits for all strips: where the neighbours are done, a strip flies ahead. The flocks stay where behaviors left them, on
the workers.

The window belongs to the main thread: it is in a pinned cown. One behavior for each frame is over the window and reads
the triangles of all strips, which other behaviors have computed. It runs on the main thread, in the event loop of
pyglet (`bocpy.integrations.pyglet`), as soon as that frame is there.

    bocpy-boids                             a window; needs pyglet: pip install bocpy-rs[boids]
    bocpy-boids --headless 1000             the same without a window, as fast as it goes; needs no pyglet
    bocpy-boids --snapshot flock.png        one frame as a picture, without a window

The same flock always flies the same way: the checksum at the end does not depend on the workers, nor on where behaviors
run. `--check` computes it again, in a plain loop, and compares.
"""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from array import array
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from bocpy import Cown, PinnedCown, ReadCown, read, start, wait, when
from bocpy.examples._boids_shapes import BACKGROUND, CORNERS, Shapes, shapes_of
from bocpy.examples._common import Failed, above_zero, add_workers, at_least, command_line, counted, say, verdict
from bocpy.examples._flock import SIGHT, World, around, fly, hatch
from bocpy.examples._picture import Picture

AHEAD = 4  # frames that may be on their way at the same time
SNAPSHOT = 300  # the frame that --snapshot draws if no other is asked for


class Simulation:
    """A flock, as behaviors. Each frame is a cown for each strip, the result of a behavior."""

    def __init__(self, world: World, boids: int, seed: int, scale: float) -> None:
        self.world = world
        self.scale = scale
        self.flocks: list[Cown[array[float]]] = [Cown(flock) for flock in hatch(world, boids, seed)]

    def next_frame(self) -> None:
        """Schedule one frame."""
        self.flocks = [self._fly(strip, around(strip, self.flocks)) for strip in range(self.world.strips)]

    def _fly(self, strip: int, near: Sequence[Cown[array[float]]]) -> Cown[array[float]]:
        world = self.world

        @when(read(near))
        def flown(near: list[ReadCown[array[float]]]) -> array[float]:
            return fly(world, strip, [flock.value for flock in near])

        return flown

    def show(self, view: Cown[View]) -> Cown[int]:
        """Schedule that the newest frame is shown. The result says how many the view has shown."""
        shapes = [self._draw(flock) for flock in self.flocks]

        @when(view, read(shapes))
        def shown(view: Cown[View], shapes: list[ReadCown[Shapes]]) -> int:
            return view.value.show([shape.value for shape in shapes])

        return shown

    def _draw(self, flock: Cown[array[float]]) -> Cown[Shapes]:
        scale = self.scale

        @when(read(flock))
        def shapes(flock: ReadCown[array[float]]) -> Shapes:
            return shapes_of(flock.value, scale)

        return shapes

    def checksum(self) -> int:
        """Of all numbers of the newest frame."""
        return checksum([flock.get() for flock in self.flocks])


class View(Protocol):
    """What shows the frames. It stays on the main thread."""

    def show(self, shapes: list[Shapes]) -> int: ...


class Nothing:
    """Shows the frames to nobody, but keeps the last one."""

    def __init__(self) -> None:
        self.frames = 0
        self.shapes: list[Shapes] = []

    def show(self, shapes: list[Shapes]) -> int:
        self.shapes = shapes
        self.frames += 1
        return self.frames


def checksum(flocks: list[array[float]]) -> int:
    """Of all numbers of a frame, to the last bit."""
    return zlib.crc32(b"".join(flock.tobytes() for flock in flocks))


def fly_headless(simulation: Simulation, frames: int, snapshot: Path | None) -> None:
    """Compute some frames as fast as it goes."""
    nothing = Nothing()
    view: Cown[View] = PinnedCown(nothing)
    on_their_way: deque[Cown[int]] = deque()
    began = time.perf_counter()
    for _ in range(frames):
        simulation.next_frame()
        on_their_way.append(simulation.show(view))
        if len(on_their_way) > AHEAD:
            on_their_way.popleft().get()  # which also runs what is pinned
    for shown in on_their_way:
        shown.get()
    took = time.perf_counter() - began
    say(f"{counted(frames, 'frame')} in {took:.2f} s: {frames / took:,.1f} frames per second")
    if snapshot is not None:
        save(snapshot, simulation.world, nothing.shapes)


def fly_with_window(simulation: Simulation, fps: int, last: int | None) -> int:
    """Fly until the window is closed, or to the last frame. Returns how many frames there were."""
    try:
        from bocpy.examples._boids_window import fly_in_window
    except ImportError as error:
        if error.name != "pyglet":
            raise
        raise Failed(
            "the window needs pyglet, which is not installed: pip install bocpy-rs[boids] (without it, there are "
            "--headless N and --snapshot FILE.png)"
        ) from error
    return fly_in_window(simulation, fps, last)


def save(path: Path, world: World, shapes: list[Shapes]) -> None:
    """Draw a frame into a file."""
    picture = Picture(world.width, world.height, BACKGROUND)
    for corners, colors in shapes:
        for number in range(len(corners) // CORNERS):
            corner, color = CORNERS * number, 3 * number
            picture.triangle(corners[corner : corner + CORNERS], colors[color : color + 3])
    try:
        picture.save(path)
    except OSError as error:
        raise Failed(f"cannot write {path}: {error.strerror}") from error
    say(f"the last frame is in {path}")


def fly_in_plain_loop(world: World, boids: int, seed: int, frames: int) -> int:
    """The checksum of the same flight without bocpy."""
    flocks = hatch(world, boids, seed)
    for _ in range(frames):
        flocks = [fly(world, strip, around(strip, flocks)) for strip in range(world.strips)]
    return checksum(flocks)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--boids", "-b", type=at_least(1), default=300, metavar="N", help="default: %(default)s")
    least = int(SIGHT)
    parser.add_argument("--width", type=at_least(least), default=1200, help="in pixels (default: %(default)s)")
    parser.add_argument("--height", type=at_least(least), default=800, help="in pixels (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the first frame (default: %(default)s)")
    parser.add_argument("--fps", type=at_least(1), default=60, metavar="N", help="frames per second of the window")
    parser.add_argument("--scale", type=above_zero, default=1.0, help="size of a boid (default: %(default)s)")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--headless", type=at_least(1), metavar="N", help="no window: N frames as fast as it goes")
    ways.add_argument("--frames", type=at_least(1), metavar="N", help="close the window after N frames")
    parser.add_argument(
        "--snapshot",
        type=Path,
        metavar="FILE.png",
        help=f"no window: draw the last frame into a file, that of --headless or frame {SNAPSHOT}",
    )
    parser.add_argument("--check", action="store_true", help="compare with the same flight in a plain loop")
    add_workers(parser)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the example; the exit status says whether all went well."""
    options = parser().parse_args(arguments)
    if options.snapshot is not None and options.frames is not None:
        parser().error("--snapshot draws without a window: give it --headless N instead of --frames N")
    if options.snapshot is not None and not options.snapshot.absolute().parent.is_dir():
        parser().error(f"--snapshot: there is no folder {options.snapshot.absolute().parent}")
    world = World(options.width, options.height)
    headless = options.headless or (SNAPSHOT if options.snapshot is not None else None)
    start(options.workers)
    simulation = Simulation(world, options.boids, options.seed, options.scale)
    say(f"{counted(options.boids, 'boid')} in {counted(world.strips, 'strip')}, {counted(options.workers, 'worker')}")
    try:
        if headless is not None:
            frames = headless
            fly_headless(simulation, frames, options.snapshot)
        else:
            frames = fly_with_window(simulation, options.fps, options.frames)
    except Failed as error:
        wait()
        print(error, file=sys.stderr)
        return 1
    found = simulation.checksum()
    wait()
    say(f"checksum of frame {frames}: {found:08x}")
    if not options.check:
        return 0
    expected = fly_in_plain_loop(world, options.boids, options.seed, frames)
    say(f"in a plain loop:{'':{len(str(frames))}} {expected:08x}")
    return verdict(found == expected)


if __name__ == "__main__":
    sys.exit(main())
