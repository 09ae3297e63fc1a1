"""A domain model in `__main__`: classes and dataclasses with matrices as members, in cowns, lists and dictionaries."""

from __future__ import annotations

import copy
import enum
from dataclasses import dataclass, field
from typing import NamedTuple

from bocpy import Cown, Matrix, wait, when


class Kind(enum.Enum):
    PROBE = 1
    SHIP = 2


class Reading(NamedTuple):
    when: int
    values: Matrix


@dataclass
class Body:
    name: str
    kind: Kind
    place: Matrix
    speed: Matrix = field(default_factory=lambda: Matrix.vector([1, 0, -1]))
    log: list[Reading] = field(default_factory=list)

    def move(self, time: float) -> Body:
        self.place += time * self.speed
        self.log.append(Reading(len(self.log), self.place.copy()))
        return self

    @property
    def far(self) -> float:
        return self.place.length


@dataclass(frozen=True)
class Fixed:
    matrix: Matrix


class Fleet:
    __slots__ = ("bodies", "total", "shared")

    def __init__(self, bodies):
        self.bodies = {body.name: body for body in bodies}
        self.total = Matrix(1, 3)
        self.shared = [self.total, self.total]

    def gather(self):
        self.total *= 0
        for body in self.bodies.values():
            self.total += body.place
        return self.total


bodies = [Body("a", Kind.PROBE, Matrix.vector([0, 3, 4])), Body("b", Kind.SHIP, Matrix.vector([1, 1, 1]))]
fleet = Cown(Fleet(bodies))


@when(fleet)
def advance(fleet):
    for body in fleet.value.bodies.values():
        body.move(2)
    total = fleet.value.gather()
    return total.tolist(), fleet.value.shared[0] is fleet.value.total, [b.far for b in fleet.value.bodies.values()]


print(advance.get())


@when(fleet)
def second(fleet):
    one = fleet.value.bodies["a"].move(1)
    fleet.value.total += 100
    return one.log, one.kind is Kind.PROBE, copy.deepcopy(one), fleet.value.shared


log, same, body, shared = second.get()
print([(reading.when, reading.values.tolist()) for reading in log], same, body.kind is Kind.PROBE, type(body) is Body)
print(body.place.tolist(), body.log[0].values.tolist(), [m.tolist() for m in shared])
fixed = Cown(Fixed(Matrix(1, 1, 5)))


@when(fixed, fleet)
def mixed(fixed, fleet):
    fixed.value.matrix.x += 1
    fleet.value.bodies["c"] = Body("c", Kind.SHIP, fixed.value.matrix.copy())
    fleet.value.bodies["c"].speed = Matrix(1, 1, 2)
    fleet.value.bodies["c"].move(3)
    return fixed.value == Fixed(Matrix(1, 1, 6)), sorted(fleet.value.bodies), fleet.value.bodies["c"].place[0, 0]


print(mixed.get())


@when(fleet)
def everything(fleet):
    return fleet.value


print({name: body.place.tolist() for name, body in everything.get().bodies.items()})
wait()
