"""Random behaviors over random cowns, against the same steps one after the other over the boxes of a model.

The main program schedules all of them, and cowns keep the order of scheduling. So both come to the same values. What
behaviors schedule by themselves comes in any order: it only adds to counters.
"""

import copy
import random

from bocpy import Cown, quiesce, read, start, wait, when, whencall

from support.backend import BACKEND
from support.shapes import difference
from support.soak_boxes import Box, Refused, Thing, fresh, step, touch
from support.soak_round import check, run

ALONE = BACKEND == "interpreters"  # behaviors have objects of their own; elsewhere all see the same ones


class Local(Thing):
    """Goes by value if this is the program itself."""

    unit = "local"

    def touch(self, item):
        super().touch((self.unit, item))


class RefusedHere(Refused):
    pass


def body(held, reads, number, counters, captured):
    """What all behaviors do. On the model's side, `counters` are its numbers, in a list."""
    rolls = random.Random(f"{number} body")
    if rolls.random() < 0.3:
        count_up(counters, rolls.randrange(10**9), depth=rolls.randrange(3))
    modelled = isinstance(counters, Numbers)
    if rolls.random() < 0.1 and held:
        held[0].value = Local([number])
    if rolls.random() < 0.05:
        raise RefusedHere(number)
    return step(held, reads, number, ALONE, ALONE and not modelled, captured)


class Numbers(list):
    """The counters of the model."""


def count_up(counters, number, depth):
    """Adds to one or two counters, by a behavior that may schedule others."""
    rolls = random.Random(number)
    chosen = rolls.sample(range(len(counters)), rolls.choice([1, 2]))
    further = [rolls.randrange(10**9) for _ in range(2)] if depth else []
    if isinstance(counters, Numbers):
        for index in chosen:
            counters[index] += number
        for another in further:
            count_up(counters, another, depth - 1)
        return

    @when([counters[index] for index in chosen])
    def _(those):
        for counter in those:
            counter.value += number
        for another in further:
            count_up(counters, another, depth - 1)


class Program:
    def __init__(self, rolls):
        self.rolls = rolls
        self.boxes, self.cowns = [], []  # the model's, and the real ones
        self.numbers = Numbers([0] * 4)
        self.counters = [Cown(0) for _ in self.numbers]
        for _ in range(rolls.randrange(2, 30)):
            self.add_value()

    def add_value(self):
        seed = self.rolls.random()
        one, other = (self.made(random.Random(seed)) for _ in range(2))
        self.boxes.append(Box(one))
        self.cowns.append(Cown(other))
        if ALONE:
            touch(other, self.rolls)  # the cown has taken it as it was

    def made(self, rolls):
        return Local([rolls.randrange(100)]) if rolls.random() < 0.2 else fresh(rolls)

    def chosen(self):
        """The numbers of the boxes that a behavior is to change, and of those that it is to read."""
        several = self.rolls.sample(range(len(self.boxes)), min(len(self.boxes), self.rolls.choice([1, 1, 2, 2, 3, 5])))
        cut = self.rolls.randrange(len(several) + 1)
        held, reads = several[cut:], several[:cut]
        if held and self.rolls.random() < 0.1:
            reads.append(held[0])  # by both ways: to change it
        return held, reads

    def one(self):
        """The same behavior on both sides."""
        rolls = self.rolls
        held, reads = self.chosen()
        number = rolls.randrange(10**9)
        captured = [rolls.randrange(100), "captured"]
        result = self.in_model(held, reads, number, list(captured))
        cown = self.scheduled([self.cowns[n] for n in held], [self.cowns[n] for n in reads], number, captured)
        if ALONE:
            captured.append("later")
        if rolls.random() < 0.9 or result.exception:  # an exception that nobody looks at is reported
            self.boxes.append(result)
            self.cowns.append(cown)

    def in_model(self, held, reads, number, captured):
        writable = [self.boxes[n] for n in held]
        readable = [self.boxes[n] if n in held else self.boxes[n].copied() for n in reads]
        try:
            return Box(copy.deepcopy(body(writable, readable, number, self.numbers, captured)))
        except Exception as error:
            return Box(error, True)

    def scheduled(self, held, reads, number, captured):
        counters, how = self.counters, self.rolls.randrange(4)
        if how == 0:
            # Groups.
            @when(held, [read(cown) for cown in reads])
            def result(held, reads, number, counters=tuple(counters)):
                return body(held, reads, number, counters, captured)

            return result
        if how == 1:
            return whencall(body, [held, read(reads)], [number, counters, captured])
        cut = len(held)
        if how == 2:
            taken = [*held, *map(read, reads)]
            return when(*taken)(lambda *all_of: body(all_of[:cut], all_of[cut:], number, counters, captured))
        # A value that holds the counters.
        value = Cown({"counters": counters})
        return when(read(value), held, tuple(map(read, reads)))(
            lambda value, held, reads: body(held, reads, number, value.value["counters"], captured)
        )

    def pause(self):
        """Lets all behaviors end, and then looks at some values, or changes them here."""
        some = self.rolls.sample(range(len(self.boxes)), min(5, len(self.boxes)))
        if self.rolls.random() < 0.5:
            quiesce()
            for n in some:
                with self.cowns[n] as cown:
                    self.compare(n)
                    self.change(cown, n)
        else:
            wait()
            for n in some:
                self.compare(n)
                self.change(self.cowns[n], n)
            if self.rolls.random() < 0.5:
                start(self.rolls.randrange(1, 5))

    def change(self, cown, n):
        if self.rolls.random() < 0.5:
            seed = self.rolls.random()
            for box in (cown, self.boxes[n]):
                touch(box.value, random.Random(seed))

    def compare(self, n):
        cown, box = self.cowns[n], self.boxes[n]
        wrong = difference(box.value, cown.value)
        if wrong or cown.exception != box.exception:
            raise AssertionError(
                f"cown {n}: {wrong or 'an exception or not'}: {cown.value!r:.300}, not {box.value!r:.300}"
            )


def attack(rolls):
    start(rolls.randrange(1, 5))
    program = Program(rolls)
    for _ in range(rolls.randrange(20, 300)):
        roll = rolls.random()
        if roll < 0.02:
            program.pause()
        elif roll < 0.05:
            program.add_value()
        else:
            program.one()
    wait()
    for n in range(len(program.boxes)):
        program.compare(n)
    check([cown.value for cown in program.counters], list(program.numbers), "the counters")


if __name__ == "__main__":
    run(attack)
