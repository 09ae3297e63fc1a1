"""The recipe that both cooks follow: ``cooking_boc`` with behaviors, ``cooking_threads`` with threads and locks."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from dataclasses import dataclass

from bocpy.examples._common import above_zero, at_least, counted, say


@dataclass(frozen=True)
class Step:
    """One step of the recipe: how long it takes, the tools it occupies, and the foods it changes."""

    what: str
    minutes: int
    tools: tuple[str, ...]
    foods: tuple[str, ...]


RECIPE = (
    Step("boil the water", 8, ("back ring", "pot"), ("water",)),
    Step("chop the onion", 3, ("board", "knife"), ("onion",)),
    Step("chop the tomatoes", 4, ("board", "knife"), ("tomatoes",)),
    Step("fry the onion", 5, ("front ring", "pan"), ("onion",)),
    Step("cook the pasta", 9, ("back ring", "pot"), ("water", "pasta")),
    Step("simmer the sauce", 10, ("front ring", "pan"), ("onion", "tomatoes")),
    Step("wash the lettuce", 2, ("sink",), ("lettuce",)),
    Step("slice the lettuce", 3, ("board", "knife"), ("lettuce",)),
    Step("drain the pasta", 1, ("pot", "sink"), ("water", "pasta")),
    Step("dress the salad", 2, ("bowl",), ("lettuce",)),
    Step("toss the pasta in the sauce", 2, ("pan",), ("pasta", "onion", "tomatoes")),
    Step("serve", 1, ("plates",), ("pasta", "onion", "tomatoes", "lettuce")),
)
TOOLS = sorted({tool for step in RECIPE for tool in step.tools})
FOODS = sorted({food for step in RECIPE for food in step.foods})


def add_kitchen_options(parser: ArgumentParser) -> None:
    """Add the options of the kitchen to ``parser``."""
    parser.add_argument(
        "--cooks", type=at_least(1), default=2, metavar="N", help="how many cooks (default: %(default)s)"
    )
    parser.add_argument(
        "--minute",
        type=above_zero,
        default=0.05,
        metavar="SECONDS",
        help="how long a minute in this kitchen lasts (default: %(default)s)",
    )


def perform(step: Step, began: float, minute: float) -> None:
    """Print the step with the current minute, and take as long as it takes."""
    say(f"  {(time.monotonic() - began) / minute:4.0f} min  {step.what}")
    time.sleep(step.minutes * minute)


def judge(dishes: dict[str, list[str]], elapsed: float) -> bool:
    """Compare the steps done to each food with the recipe, print the result, and return whether all is right."""
    right = True
    for food in FOODS:
        wanted = [step.what for step in RECIPE if food in step.foods]
        if dishes[food] != wanted:
            right = False
            print(f"SPOILT: {food}: {', '.join(dishes[food])}; but the recipe says: {', '.join(wanted)}")
    if right:
        alone = sum(step.minutes for step in RECIPE)
        print(f"dinner is complete: all {counted(len(RECIPE), 'step')}, in the right order for every food")
        print(f"ready after {elapsed:.0f} minutes; step by step it would have taken {alone}")
    return right
