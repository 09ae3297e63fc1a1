"""Cheese or a meal: two errands at the same time, and decisions that wait for both.

Somebody is hungry. One errand goes to the cheese shop, which may turn out to have no cheese at all; the other goes to a
cafe, where most dishes come with spam. The errands are independent, so each is its own behavior, over a cown that will
hold the food. The choice of what to eat depends on both: it is a behavior over the two cowns. Another one over the same
two runs after it, since behaviors that share a cown run in the order in which they were scheduled.

The two lists are text files beside this module. Each behavior reads its own list, on the worker that runs it.
"""

from __future__ import annotations

import random
from importlib import resources

from bocpy import Cown, start, wait, when
from bocpy.examples._common import add_workers, command_line, counted, say, verdict


def lines_of(name: str) -> list[str]:
    """The lines of one of the text files that come with the examples."""
    return resources.files("bocpy.examples").joinpath(name).read_text(encoding="utf-8").splitlines()


def buy_cheese(seed: int, stock: float) -> Cown[str | None]:
    """Schedule the errand to the cheese shop, which has each kind with the probability ``stock``."""
    cheese: Cown[str | None] = Cown(None)

    @when(cheese)
    def _(cheese: Cown[str | None]) -> None:
        chance = random.Random(f"cheese {seed}")
        kinds = lines_of("cheese.txt")
        for asked, kind in enumerate(chance.sample(kinds, len(kinds)), start=1):
            if chance.random() < stock:
                say(f"  cheese shop: sold some {kind}, after {counted(asked, 'question')}")
                cheese.value = kind
                return
        say(f"  cheese shop: not one of {len(kinds)} kinds is to be had")

    return cheese


def order_meal(seed: int, exclude: str) -> Cown[str | None]:
    """Schedule the errand to the cafe, where the first dish is ordered that has no ``exclude`` in it."""
    meal: Cown[str | None] = Cown(None)

    @when(meal)
    def _(meal: Cown[str | None]) -> None:
        chance = random.Random(f"meal {seed}")
        dishes = lines_of("menu.txt")
        for dish in chance.sample(dishes, len(dishes)):
            if exclude.lower() not in dish.lower():
                say(f"  cafe: {dish}? No {exclude} in it: ordered")
                meal.value = dish
                return
            say(f"  cafe: {dish}? That has {exclude} in it")
        say(f"  cafe: everything has {exclude} in it")

    return meal


def choose(cheese: Cown[str | None], meal: Cown[str | None]) -> Cown[str | None]:
    """Schedule the choice, and a comment on it; the returned cown will hold the food that is eaten."""

    @when(cheese, meal)
    def eaten(cheese: Cown[str | None], meal: Cown[str | None]) -> str | None:
        choice = meal.value or cheese.value
        say(f"eaten: {choice or 'nothing; a stomach rumbles'}")
        return choice

    @when(cheese, meal)
    def _(cheese: Cown[str | None], meal: Cown[str | None]) -> None:
        if meal.value and cheese.value:
            say(f"left for supper: {cheese.value}")
        elif meal.value:
            say("but some cheese would have been nice")

    return eaten


def sensible(eaten: str | None, cheese: str | None, meal: str | None, exclude: str) -> bool:
    """Whether each food is on its list and as wanted, and the meal was preferred to the cheese."""
    return (
        (meal is None or (meal in lines_of("menu.txt") and exclude.lower() not in meal.lower()))
        and (cheese is None or cheese in lines_of("cheese.txt"))
        and eaten == (meal or cheese)
    )


def main(argv: list[str] | None = None) -> int:
    """Run both errands and eat."""
    parser = command_line(__doc__)
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="which random day it is (default: %(default)s)"
    )
    parser.add_argument(
        "--exclude", default="spam", metavar="FOOD", help="no dish may contain it (default: %(default)s)"
    )
    parser.add_argument(
        "--stock",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="share of the cheeses that the shop has, from 0 to 1 (default: %(default)s)",
    )
    add_workers(parser)
    options = parser.parse_args(argv)

    start(options.workers)
    cheese = buy_cheese(options.seed, options.stock)
    meal = order_meal(options.seed, options.exclude)
    eaten = choose(cheese, meal)
    wait()

    right = sensible(eaten.unwrap(), cheese.unwrap(), meal.unwrap(), options.exclude)
    print("all choices were as wanted" if right else "WRONG: something was chosen that should not have been")
    return verdict(right)


if __name__ == "__main__":
    raise SystemExit(main())
