"""An epidemic in one district of a town: who is healthy, ill and immune, day by day. Without cowns."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

CONTACTS = 6  # of an ill person in a day
RISK = 0.04  # that a contact of a healthy person makes it ill
ILL_FOR = 8  # days
TRAVELLERS = 15  # from a district to another, and back again, in a day


@dataclass(frozen=True)
class Count:
    """How many people are in which state."""

    healthy: int
    ill: int
    immune: int

    @property
    def people(self) -> int:
        """All of them."""
        return self.healthy + self.ill + self.immune


@dataclass
class District:
    """The people of a district. The same seed always has the same epidemic."""

    seed: int
    healthy: int
    immune: int = 0
    ill: list[int] = field(default_factory=list)  # for how many days still, for each
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def pass_day(self) -> None:
        """Some become ill, some are well again."""
        people = self.count().people
        fresh = 0
        for _ in range(CONTACTS * len(self.ill)):
            if self.healthy and self.dice.random() < RISK * self.healthy / people:
                self.healthy -= 1
                fresh += 1
        rest = [days - 1 for days in self.ill if days > 1]
        self.immune += len(self.ill) - len(rest)
        self.ill = rest + [ILL_FOR] * fresh

    def send_to(self, other: District) -> None:
        """Some people, by chance, go to the other district."""
        for _ in range(TRAVELLERS):
            who = self.dice.randrange(max(1, self.count().people))
            if who < len(self.ill):
                other.ill.append(self.ill.pop(who))
            elif who < len(self.ill) + self.healthy:
                self.healthy -= 1
                other.healthy += 1
            elif self.immune:
                self.immune -= 1
                other.immune += 1

    def count(self) -> Count:
        """The state of today."""
        return Count(self.healthy, len(self.ill), self.immune)
