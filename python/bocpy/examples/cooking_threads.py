"""Cooking dinner with threads and locks, for comparison with ``cooking_boc``.

The same recipe, one thread for each step. Now the program has to make sure that

- every tool has a lock, and a step takes the locks of all its tools before it starts;
- the locks are taken in one order everywhere, else two steps could wait for each other forever;
- every food has its steps in order: a step sets an event when it is done, and first waits for the events of the earlier
  steps that change the same foods;
- a step waits for events before it takes locks, else it would keep the board while it waits for the water to boil;
- there are never more steps running than cooks, and no step holds a cook while it waits for a tool.

Forget any one of these, and dinner is usually still fine, so the mistake is hard to find. With behaviors there is no
such mistake to make.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from threading import Event, Lock, Semaphore, Thread

from bocpy.examples._common import command_line, counted, say, verdict
from bocpy.examples._kitchen import FOODS, RECIPE, TOOLS, Step, add_kitchen_options, judge, perform


class Kitchen:
    """What the threads share, and what keeps them apart."""

    def __init__(self, cooks: int, minute: float) -> None:
        self.began = time.monotonic()
        self.minute = minute
        self.cooks = Semaphore(cooks)
        self.locks = {tool: Lock() for tool in TOOLS}
        self.done = {step: Event() for step in RECIPE}
        self.foods: dict[str, list[str]] = {food: [] for food in FOODS}

    def cook(self, step: Step) -> None:
        """Do one step; this is what each thread runs."""
        for before in steps_before(step):
            self.done[before].wait()
        with ExitStack() as held:
            for tool in sorted(step.tools):
                held.enter_context(self.locks[tool])
            # Last, so that a thread that has a cook has everything it needs, and will finish.
            held.enter_context(self.cooks)
            perform(step, self.began, self.minute)
            # No lock for the foods: the events ensure that only one step at a time changes each.
            for food in step.foods:
                self.foods[food].append(step.what)
        self.done[step].set()


def steps_before(step: Step) -> list[Step]:
    """The earlier steps of the recipe that change one of the same foods."""
    earlier = RECIPE[: RECIPE.index(step)]
    return [before for before in earlier if set(before.foods) & set(step.foods)]


def main(argv: list[str] | None = None) -> int:
    """Cook the dinner."""
    parser = command_line(__doc__)
    add_kitchen_options(parser)
    options = parser.parse_args(argv)

    say(f"{counted(options.cooks, 'cook')} in the kitchen, {len(RECIPE)} threads")
    kitchen = Kitchen(options.cooks, options.minute)
    threads = [Thread(target=kitchen.cook, args=(step,)) for step in RECIPE]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    elapsed = (time.monotonic() - kitchen.began) / options.minute
    return verdict(judge(kitchen.foods, elapsed))


if __name__ == "__main__":
    raise SystemExit(main())
