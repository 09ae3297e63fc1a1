"""Sends a few values of every kind on journeys: see journeys.py."""

from bocpy import wait

from support.journeys import travel
from support.soak_round import run


def attack(rolls):
    wrong = travel(f"soak {rolls.random()}", 0, rolls.randrange(10, 100))
    if wrong:
        raise AssertionError(wrong)
    wait()


if __name__ == "__main__":
    run(attack)
