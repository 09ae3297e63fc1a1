"""A simulation with agents: dataclasses with inheritance, random state, weak links, properties."""

import sys
from bocpy import Cown, when, quiesce, wait
import math, random
from dataclasses import dataclass, field, KW_ONLY, InitVar
from typing import NamedTuple
import enum
from collections import defaultdict


class Vec(NamedTuple):
    x: float
    y: float = 0.0

    def __add__(self, other):
        return Vec(self.x + other.x, self.y + other.y)

    def __mul__(self, k):
        return self._replace(x=self.x * k, y=self.y * k)

    __rmul__ = __mul__

    @property
    def length(self):
        return math.hypot(*self)


class Mood(enum.Flag):
    CALM = 0
    HUNGRY = enum.auto()
    ANGRY = enum.auto()
    BOTH = HUNGRY | ANGRY


@dataclass
class Agent:
    name: str
    pos: Vec
    _: KW_ONLY
    energy: int = 10
    mood: Mood = Mood.CALM
    seed: InitVar[int] = 0
    rng: random.Random = field(init=False, repr=False, compare=False)
    count = 0

    def __post_init__(self, seed):
        self.rng = random.Random(seed)
        self.trail = [self.pos]

    def step(self, world):
        angle = self.rng.uniform(0, 2 * math.pi)
        self.pos += self.speed * Vec(math.cos(angle), math.sin(angle))
        self.energy -= self.cost
        self.trail.append(self.pos)
        if self.energy < 5:
            self.mood |= Mood.HUNGRY
        world[self.kind] += 1
        return self

    @property
    def kind(self):
        return type(self).__qualname__.lower()

    speed = 1.0

    @property
    def cost(self):
        return 1

    @staticmethod
    def distance(a, b):
        return (a.pos + -1 * b.pos).length

    def __repr__(self):
        return f"{self.kind} {self.name} ({self.pos.x:.3f}, {self.pos.y:.3f}) {self.energy} {self.mood!r}"


@dataclass(repr=False)
class Wolf(Agent):
    prey: list = field(default_factory=list)
    speed = 2.0

    @Agent.cost.getter
    def cost(self):
        return super().cost + 1

    def step(self, world):
        super().step(world)
        if any(self.distance(self, sheep) < 5 for sheep in self.prey):
            self.mood |= Mood.ANGRY
        return self


world = Cown(defaultdict(int))
sheep = [Agent(f"s{i}", Vec(i), seed=i) for i in range(4)]
wolf = Wolf("w", Vec(2, 2), [Agent("x", Vec(9, 9))], seed=99, energy=20)
wolf.pack = wolf  # a cycle
herd = [Cown(a) for a in [*sheep, wolf]]
for round in range(8):
    for cown in herd:

        @when(world, cown)
        def _(world, cown):
            agent = cown.value.step(world.value)
            assert isinstance(agent, Agent)


@when(herd)
def nearest(herd):
    *sheep, wolf = [c.value for c in herd]
    return min(sheep, key=lambda s: Agent.distance(s, wolf)).name, max(len(a.trail) for a in sheep)


@when(world)
def totals(world):
    world.value["unseen"]
    return dict(world.value), world.value.default_factory is int


quiesce()
print(nearest.unwrap(), totals.unwrap())
for c in herd:
    with c:
        a = c.value
        print(
            a,
            a.mood is Mood.CALM,
            Mood.ANGRY in a.mood,
            type(a).__name__,
            a.rng.random(),
            type(a.trail[-1]) is Vec,
            a == a,
        )
        if isinstance(a, Wolf):
            print(a.pack is a, a.prey, a.mood is Mood.BOTH, a.cost, Wolf.speed)
wait()
