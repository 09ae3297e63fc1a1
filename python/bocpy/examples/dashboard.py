"""A dashboard of a running simulation: an epidemic in a town, that workers compute while the screen shows it.

Each district is a cown. In each day, a behavior for each district lets the day pass, and others, over two districts,
let people travel. Behind those of a day, and before those of the next, a behavior for each district counts its people,
and one over the view shows what they have counted. So all that it shows is of one moment, at which nobody is on the
way, although the districts are never all at rest: the number of people is checked on every day.

The view belongs to the main thread, and so does its event loop: it is in a pinned cown. In the terminal the loop is
asyncio's, which has other tasks to do; with `--window` it is that of Tk.

    bocpy-dashboard                     in the terminal
    bocpy-dashboard --window            in a window, by tkinter
    bocpy-dashboard --frames 50         for 50 days
    bocpy-dashboard --headless          shows no day, just the end
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any

from bocpy import Cown, PinnedCown, ReadCown, gather, read, start, wait, when
from bocpy.examples._common import add_workers, at_least, command_line, counted, say, verdict
from bocpy.examples._epidemic import Count, District
from bocpy.integrations.asyncio import pump_in

if TYPE_CHECKING:
    import tkinter

AHEAD = 3  # days that may be on their way at the same time
BAR = 50  # characters


class Town:
    """The simulation, as behaviors."""

    def __init__(self, districts: int, people: int, seed: int) -> None:
        self.people = districts * people
        self.districts = [Cown(District(seed + number, people)) for number in range(districts)]

        @when(self.districts[0])
        def _(district: Cown[District]) -> None:
            district.value.healthy -= 1
            district.value.ill.append(8)

    def next_day(self) -> None:
        """Schedule one day."""
        for district in self.districts:

            @when(district)
            def _(district: Cown[District]) -> None:
                district.value.pass_day()

        for here, there in zip(self.districts, self.districts[1:]):

            @when(here, there)
            def _(here: Cown[District], there: Cown[District]) -> None:
                here.value.send_to(there.value)
                there.value.send_to(here.value)

    def show(self, view: Cown[View]) -> Cown[int]:
        """Schedule that the day is shown. The result is the number of people."""
        # What there is to show is far less than all that a district has, so it is counted where the district is.
        counts = [self._count(district) for district in self.districts]

        @when(view, counts)
        def people(view: Cown[View], counts: list[Cown[Count]]) -> int:
            return view.value.show([count.value for count in counts])

        return people

    def _count(self, district: Cown[District]) -> Cown[Count]:
        @when(read(district))
        def count(district: ReadCown[District]) -> Count:
            return district.value.count()

        return count


class View:
    """Shows nothing, but remembers. It stays on the main thread."""

    def __init__(self) -> None:
        self.days = 0
        self.counts: list[Count] = []
        self.most_ill = 0

    def show(self, counts: list[Count]) -> int:
        """Show a day. Returns the number of people."""
        self.days += 1
        self.counts = counts
        self.most_ill = max(self.most_ill, sum(count.ill for count in counts))
        self.draw()
        return sum(count.people for count in counts)

    def draw(self) -> None:
        """Draw the newest day."""


class InTerminal(View):
    """Bars of characters; where the output is no terminal, a line for each day."""

    def __init__(self) -> None:
        super().__init__()
        self.is_terminal = sys.stdout.isatty()
        if self.is_terminal:
            print("\x1b[2J", end="")

    def draw(self) -> None:
        ill = sum(count.ill for count in self.counts)
        if not self.is_terminal:
            say(f"day {self.days}: {ill:,} ill")
            return
        lines = [f"day {self.days}: {ill:,} ill   (# ill, - immune)"]
        for number, count in enumerate(self.counts, 1):
            marks = round(BAR * count.ill / max(1, count.people)) * "#"
            marks += round(BAR * count.immune / max(1, count.people)) * "-"
            lines.append(f"district {number:2} |{marks[:BAR]:{BAR}}| {count.ill:7,} ill")
        # Back to the upper left; what was on a line before goes away.
        print("\x1b[H" + "".join(line + "\x1b[K\n" for line in lines), end="", flush=True)


class InWindow(View):
    """Bars in a window of Tk."""

    def __init__(self, root: tkinter.Tk, districts: int) -> None:
        super().__init__()
        import tkinter

        self.is_open = True
        self.canvas = tkinter.Canvas(root, width=640, height=28 * districts + 40, background="white")
        self.canvas.pack(fill="both", expand=True)

    def draw(self) -> None:
        if not self.is_open:
            return  # days that were still on their way
        canvas = self.canvas
        canvas.delete("all")
        canvas.create_text(10, 16, anchor="w", text=f"day {self.days}: {sum(c.ill for c in self.counts):,} ill")
        for number, count in enumerate(self.counts):
            left, top = 10.0, 28 * number + 34
            for color, part in (("#c33", count.ill), ("#999", count.immune), ("#6a6", count.healthy)):
                width = 620 * part / max(1, count.people)
                canvas.create_rectangle(left, top, left + width, top + 22, fill=color, width=0)
                left += width


async def watch_the_loop(pauses: list[float]) -> None:
    """Some other task of the program: it notes for how long the event loop had no time for it."""
    while True:
        asked = perf_counter()
        await asyncio.sleep(0.005)
        pauses.append(perf_counter() - asked - 0.005)


async def run_in_asyncio(town: Town, days: int, view: View) -> list[int]:
    """Show the days, beside another task. Returns how many people there were on each day."""
    pauses: list[float] = []
    other = asyncio.ensure_future(watch_the_loop(pauses))
    shown: list[int] = []
    with pump_in():
        pinned = PinnedCown(view)
        on_their_way: deque[Cown[int]] = deque()
        for _ in range(days):
            town.next_day()
            on_their_way.append(town.show(pinned))
            if len(on_their_way) > AHEAD:
                shown.append(await on_their_way.popleft())
        shown += await gather(on_their_way)
    other.cancel()
    with suppress(asyncio.CancelledError):
        await other
    if pauses:
        say(f"another task of the event loop had {len(pauses):,} turns, the latest {1000 * max(pauses):.1f} ms late")
    return shown


def run_in_tk(town: Town, days: int) -> tuple[InWindow, list[int]]:
    """The same in a window, until it is closed."""
    import tkinter

    from bocpy.integrations import tkinter as integration

    root = tkinter.Tk()
    root.title("an epidemic")
    view = InWindow(root, len(town.districts))
    pinned: Cown[View] = PinnedCown(view)
    results: list[Cown[int]] = []

    def next_day() -> None:
        if len(results) == days:
            if results[-1].done():
                root.destroy()
                return
        elif len(results) - view.days < AHEAD:
            town.next_day()
            results.append(town.show(pinned))
        root.after(10, next_day)

    integration.pump_in(root)
    next_day()
    root.mainloop()
    view.is_open = False
    return view, [result.get() for result in results]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--districts", type=at_least(2), default=8, metavar="N", help="default: %(default)s")
    parser.add_argument("--people", type=at_least(1), default=2000, metavar="N", help="of a district (%(default)s)")
    parser.add_argument("--frames", type=at_least(1), default=120, metavar="N", help="days (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the epidemic (default: %(default)s)")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--window", action="store_true", help="in a window, by tkinter")
    ways.add_argument("--headless", action="store_true", help="show no day, just the end")
    add_workers(parser)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the example; the exit status says whether nobody was lost."""
    options = parser().parse_args(arguments)
    start(options.workers)
    town = Town(options.districts, options.people, options.seed)
    view: View
    if options.window:
        try:
            view, people = run_in_tk(town, options.frames)
        except Exception as error:
            why = why_no_window(error)
            if why is None:
                raise
            wait()
            print(why, file=sys.stderr)
            return 1
    else:
        view = View() if options.headless else InTerminal()
        people = asyncio.run(run_in_asyncio(town, options.frames, view))
    wait()
    return report(view, people, town.people)


def why_no_window(error: Any) -> str | None:
    """What to do if there can be no window; None if that is not what went wrong."""
    if isinstance(error, ImportError) and error.name in ("tkinter", "_tkinter"):
        return "this Python has no tkinter, which --window needs (Debian has it in python3-tk): leave --window out"
    if type(error).__name__ == "TclError" and "display" in str(error):
        return f"no window can be opened here ({error}): leave --window out"
    return None


def report(view: View, people: list[int], expected: int) -> int:
    """Tell how it ended."""
    healthy, ill, immune = (sum(each) for each in zip(*((c.healthy, c.ill, c.immune) for c in view.counts)))
    days = counted(view.days, "day")
    say(f"after {days}: {healthy:,} healthy, {ill:,} ill (at most {view.most_ill:,}), {immune:,} immune")
    holds = all(number == expected for number in people)
    say(f"{expected:,} people on every day that was shown" if holds else f"people: {people}, and not always {expected}")
    return verdict(holds)


if __name__ == "__main__":
    sys.exit(main())
