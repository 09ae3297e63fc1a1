"""The window of the boids, by pyglet."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import pyglet

from bocpy import Cown, PinnedCown
from bocpy.examples._boids_shapes import BACKGROUND, Shapes
from bocpy.examples._common import Failed
from bocpy.integrations.pyglet import pump_in

if TYPE_CHECKING:
    from bocpy.examples.boids import Simulation, View

AHEAD = 3  # frames that may be on their way at the same time


class Window:
    """Shows each frame as it comes. It belongs to the main thread."""

    def __init__(self, width: int, height: int, last: int | None) -> None:
        self._window = opened(width, height)
        self._batch = pyglet.graphics.Batch()
        self._triangles: Any = None
        self._last = last
        self.frames = 0
        self._window.push_handlers(on_draw=self._draw)
        red, green, blue = (part / 255 for part in BACKGROUND)
        pyglet.gl.glClearColor(red, green, blue, 1.0)

    def show(self, shapes: list[Shapes]) -> int:
        """Take the triangles of a frame; pyglet draws them when it is time to."""
        self.frames += 1
        if self._window.context is None:
            return self.frames  # it has been closed
        corners = array("f")
        colors = bytearray()
        for corners_there, colors_there in shapes:
            corners.extend(corners_there)
            for i in range(0, len(colors_there), 3):
                colors += 3 * (colors_there[i : i + 3] + b"\xff")
        if self._triangles is None:
            count = len(corners) // 2
            self._triangles = pyglet.shapes.get_default_shader().vertex_list(
                count,
                pyglet.gl.GL_TRIANGLES,
                batch=self._batch,
                position=("f", corners),
                colors=("Bn", colors),
                translation=("f", (0.0, 0.0) * count),
            )
        else:
            self._triangles.position[:] = corners
            self._triangles.colors[:] = colors
        if self.frames == self._last:
            self._window.close()
        return self.frames

    def _draw(self) -> None:
        self._window.clear()
        self._batch.draw()


def opened(width: int, height: int) -> Any:
    """A window, if there is a display."""
    try:
        return pyglet.window.Window(width, height, "boids")
    except Exception as error:
        raise Failed(
            f"pyglet cannot open a window here ({type(error).__name__}: {error}): --headless N and --snapshot FILE.png "
            "need none"
        ) from error


def fly_in_window(simulation: Simulation, fps: int, last: int | None) -> int:
    """Fly until the window is closed, or to the last frame. Returns how many frames there were."""
    window = Window(simulation.world.width, simulation.world.height, last)
    view: Cown[View] = PinnedCown(window)
    scheduled = 0

    def tick(_: float) -> None:
        nonlocal scheduled
        # Else the workers, or the drawing, are slower than the clock.
        if scheduled < window.frames + AHEAD and scheduled != last:
            simulation.next_frame()
            simulation.show(view)
            scheduled += 1

    pyglet.clock.schedule_interval(tick, 1 / fps)
    try:
        with pump_in():
            pyglet.app.run()
    finally:
        pyglet.clock.unschedule(tick)
    return scheduled
