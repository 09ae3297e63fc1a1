"""Cooking dinner with threads and locks, for comparison with ``cooking_boc``.

The same recipe, one thread for each step. Now it is up to the program that

- every tool has a lock, and a step takes the locks of all its tools before it starts;
- the locks are taken in one order everywhere, else two steps could wait for each other for ever;
- every food has its steps in order: a step has an event that it sets when it is done, and awaits the events of the
  steps before it which change the same foods;
- events are awaited before locks are taken, else a step would keep the board while it waits for the water to boil;
- there are no more steps going on than cooks, and nobody keeps a cook waiting for a tool.

Forget any one of these and dinner is usually fine, which is what makes it hard to find. With behaviors there is nothing
of the kind to forget.
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
            # Last, so that a thread that has a cook also has all else that it needs, and will finish.
            held.enter_context(self.cooks)
            perform(step, self.began, self.minute)
            # No lock for the foods: the events see to it that only one step at a time changes each.
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
