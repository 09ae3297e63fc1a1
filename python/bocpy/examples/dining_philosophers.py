"""The dining philosophers, who cannot starve each other here.

Philosophers sit around a table with one fork between each two of them. To eat, a philosopher needs both forks beside
the plate. With locks the trap is well known: all take their left fork, and all wait for the right one forever.

Here each fork is a cown, and a meal is a behavior over both. It begins when both forks are free; nobody holds one fork
and waits for the other, so there is no deadlock. A philosopher who is still hungry asks again at the end of the meal,
which puts the request behind those of the neighbours: everybody gets a turn.

At the end each philosopher must have eaten exactly as often as wanted, and each fork must have served at all the meals
of the two who share it.
"""

from __future__ import annotations

from dataclasses import dataclass

from bocpy import Cown, start, wait, when
from bocpy.examples._common import add_workers, at_least, command_line, counted, say, verdict

NAMES = ("Hypatia", "Confucius", "Hume", "Arendt", "Averroes", "Anscombe", "Nagarjuna", "Kant")


@dataclass
class Philosopher:
    """The value of a philosopher's cown."""

    name: str
    hunger: int
    meals: int = 0


def dine(philosopher: Cown[Philosopher], left: Cown[int], right: Cown[int], quiet: bool) -> None:
    """Schedule the next meal of a philosopher, who goes on until no longer hungry."""

    @when(philosopher, left, right)
    def _(philosopher: Cown[Philosopher], left: Cown[int], right: Cown[int]) -> None:
        eater = philosopher.value
        eater.meals += 1
        left.value += 1
        right.value += 1
        if not quiet:
            say(f"  {eater.name} eats: meal {eater.meals} of {eater.hunger}")
        if eater.meals < eater.hunger:
            dine(philosopher, left, right, quiet)


def name_of(seat: int) -> str:
    """A name for each seat; at a large table, equal names get numbers."""
    visit, index = divmod(seat, len(NAMES))
    return NAMES[index] if visit == 0 else f"{NAMES[index]} {visit + 1}"


def main(argv: list[str] | None = None) -> int:
    """Lay the table and let everybody eat."""
    parser = command_line(__doc__)
    parser.add_argument(
        "--philosophers", type=at_least(2), default=5, metavar="N", help="how many sit down (default: %(default)s)"
    )
    parser.add_argument(
        "--hunger", type=at_least(1), default=3, metavar="N", help="meals each one wants (default: %(default)s)"
    )
    parser.add_argument("--quiet", action="store_true", help="do not announce every meal")
    add_workers(parser)
    options = parser.parse_args(argv)
    seats, hunger = options.philosophers, options.hunger

    say(f"{seats} philosophers and {seats} forks; each philosopher wants {counted(hunger, 'meal')}")
    start(options.workers)
    # A fork's value is the number of meals it has served at.
    forks = [Cown(0) for _ in range(seats)]
    philosophers = [Cown(Philosopher(name_of(seat), hunger)) for seat in range(seats)]
    for seat, philosopher in enumerate(philosophers):
        dine(philosopher, forks[seat], forks[(seat + 1) % seats], options.quiet)
    wait()

    meals = [philosopher.unwrap().meals for philosopher in philosophers]
    uses = [fork.unwrap() for fork in forks]
    print(f"meals eaten by each philosopher: {summary(meals)} (wanted: {hunger})")
    print(f"meals served by each fork: {summary(uses)} (expected: {2 * hunger})")
    return verdict(set(meals) == {hunger} and set(uses) == {2 * hunger})


def summary(numbers: list[int]) -> str:
    """One number if all are the same, else all of them."""
    return str(numbers[0]) if len(set(numbers)) == 1 else ", ".join(map(str, numbers))


if __name__ == "__main__":
    raise SystemExit(main())
