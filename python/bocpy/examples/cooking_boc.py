"""Cooking dinner with behaviors: the recipe is the program.

Every tool and every food of the kitchen is a cown. A step of the recipe is a behavior over the tools it needs and the
foods it changes; it begins when all of them are free. Steps that share something happen in the order in which they
were scheduled, that is, in the order of the recipe: the onion is chopped before it is fried, and the sauce simmers when
onion, tomatoes, pan and ring are free. Steps that share nothing happen at the same time, if there are enough cooks. The
cooks are the workers.

Compare ``cooking_threads``, which cooks the same dinner with threads and locks.
"""

from __future__ import annotations

import time

from bocpy import Cown, start, wait, when
from bocpy.examples._common import command_line, counted, say, verdict
from bocpy.examples._kitchen import FOODS, RECIPE, TOOLS, Step, add_kitchen_options, judge, perform


def cook(step: Step, tools: list[Cown[int]], foods: list[Cown[list[str]]], began: float, minute: float) -> None:
    """Schedule one step of the recipe."""

    @when(tools, foods)
    def _(tools: list[Cown[int]], foods: list[Cown[list[str]]]) -> None:
        perform(step, began, minute)
        for tool in tools:
            tool.value += step.minutes
        for food in foods:
            food.value.append(step.what)


def main(argv: list[str] | None = None) -> int:
    """Cook the dinner."""
    parser = command_line(__doc__)
    add_kitchen_options(parser)
    options = parser.parse_args(argv)

    say(f"{counted(options.cooks, 'cook')} in the kitchen, each a worker")
    start(options.cooks)
    # The value of a tool is the number of minutes it was used; that of a food, the steps done to it.
    tools = {tool: Cown(0) for tool in TOOLS}
    foods: dict[str, Cown[list[str]]] = {food: Cown([]) for food in FOODS}
    began = time.monotonic()
    for step in RECIPE:
        cook(step, [tools[tool] for tool in step.tools], [foods[food] for food in step.foods], began, options.minute)
    wait()

    elapsed = (time.monotonic() - began) / options.minute
    return verdict(judge({food: cown.unwrap() for food, cown in foods.items()}, elapsed))


if __name__ == "__main__":
    raise SystemExit(main())
