"""Thousands of cowns of mixed types under random behaviors, checked against a model that does the same one by one.

A step reads some cowns and writes others; its changes depend on a digest of everything that it has read. The model
does each step when it is scheduled, as that is the order on every single cown.
"""

import random
import zlib

from bocpy import Cown, quiesce, read, start, wait, when
from support import pytest

KINDS = ["int", "str", "list", "dict", "instance", "bytearray", "nested", "cowns"]


class Account:
    def __init__(self, n):
        self.balance = n
        self.history = []


def fresh(kind, n, cowns):
    """A value of that kind. ``cowns``: what it may hold; the model has their numbers instead."""
    return {
        "int": lambda: n,
        "str": lambda: f"{n} é字🦀",
        "list": lambda: [n],
        "dict": lambda: {"n": n},
        "instance": lambda: Account(n),
        "bytearray": lambda: bytearray(str(n).encode() * 200),
        "nested": lambda: {"tuple": (n, [n]), "sets": [{n}, frozenset({n})], "data": bytearray(8)},
        "cowns": lambda: {"cowns": list(cowns), "log": [n]},
    }[kind]()


def digest(value):
    """A number that depends on all of the value but on which cowns it holds."""
    if isinstance(value, Account):
        value = (value.balance, value.history)
    if isinstance(value, dict) and "cowns" in value:
        value = (len(value["cowns"]), value["log"])
    if isinstance(value, dict) and "sets" in value:
        value = (value["tuple"], [sorted(part) for part in value["sets"]], value["data"])
    return zlib.crc32(repr(value).encode("utf-8", "surrogatepass"))


def changed(value, number):
    """The new value: often the same object, changed in place."""
    if isinstance(value, int):
        return (value * 31 + number) % 2**80
    if isinstance(value, str):
        return (value + chr(0x4E00 + number % 1000))[-2000:]
    if isinstance(value, list):
        value.append(number)
        return value[-50:] if len(value) > 100 else value
    if isinstance(value, Account):
        value.balance += number
        value.history.append(f"+{number}")
        del value.history[:-20]
        return value
    if isinstance(value, bytearray):
        value[number % len(value)] = number % 256
        value.extend(b"%d" % number)
        del value[:-1500]
        return value
    if "cowns" in value:
        value["cowns"].append(value["cowns"].pop(0))
        value["log"].append(number)
        del value["log"][:-20]
    elif "sets" in value:
        value["tuple"] = (number, value["tuple"][1])
        value["tuple"][1].append(number)
        del value["tuple"][1][:-20]
        value["sets"] = [value["sets"][0] | {number % 50}, frozenset({number % 7})]
        value["data"][number % 8] = number % 256
    else:
        value[f"key {number % 30}"] = {"number": number}
        value["n"] = number
    return value


def step(read_values, write_values, number):
    """Returns the digest, and the new values of the written cowns."""
    for value in (*read_values, *write_values):
        number = zlib.crc32(b"%d" % (number + digest(value)))
    return number, [changed(value, number + place) for place, value in enumerate(write_values)]


class World:
    """The cowns, and a model of them."""

    def __init__(self, seed, count):
        self.random = random.Random(seed)
        self.count = count
        # Behaviors that behaviors schedule run in any order; so they only count.
        self.tallies = [Cown({"count": 0, "sum": 0}) for _ in range(20)]
        self.tally_model = [[0, 0] for _ in self.tallies]
        self.cowns, self.model = [], []
        for n in range(count):
            kind = KINDS[n % len(KINDS)]
            held = self.random.sample(range(len(self.tallies)), 3)
            self.cowns.append(Cown(fresh(kind, n, [self.tallies[h] for h in held])))
            self.model.append(fresh(kind, n, held))
        self.expected = []

    def schedule(self, number):
        chosen = self.random.sample(range(self.count), self.random.choice([1, 1, 2, 3]))
        if self.random.random() < 0.3:
            # some cowns are in great demand
            chosen[0] = self.random.randrange(5) + self.count // 2
            chosen = list(dict.fromkeys(chosen))
        reads = [n for n in chosen if self.random.random() < 0.3]
        writes = [n for n in chosen if n not in reads]

        @when([read(self.cowns[n]) for n in reads], [self.cowns[n] for n in writes])
        def result(readers, writers):
            got, values = step([c.value for c in readers], [c.value for c in writers], number)
            for c, value in zip(writers, values):
                c.value = value
            for c in (*readers, *writers):
                if isinstance(c.value, dict) and "cowns" in c.value:
                    add(c.value["cowns"][0], got)
            return got

        model = self.model
        got, values = step([model[n] for n in reads], [model[n] for n in writes], number)
        for n, value in zip(writes, values):
            model[n] = value
        for n in reads + writes:
            if KINDS[n % len(KINDS)] == "cowns":
                tally = self.tally_model[model[n]["cowns"][0]]
                tally[0] += 1
                tally[1] += got
        if number % 5 == 0:
            self.expected.append((result, got))

    def check(self, indexes):
        """Compares some cowns with the model, and now and then changes one from outside."""
        for n in indexes:
            with self.cowns[n] as c:
                assert digest(c.value) == digest(self.model[n]), f"cown {n}: {c.value!r:.200}"
                if self.random.random() < 0.3:
                    c.value = changed(c.value, 1)
                    self.model[n] = changed(self.model[n], 1)
        while self.expected:
            result, got = self.expected.pop()
            assert result.unwrap() == got
        for tally, model in zip(self.tallies, self.tally_model):
            with tally:
                assert [tally.value["count"], tally.value["sum"]] == model


def add(tally, number):
    @when(tally)
    def _(tally):
        tally.value["count"] += 1
        tally.value["sum"] += number


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("seed", range(2))
def test_random_steps_on_thousands_of_cowns_agree_with_the_model(seed, workers):
    world = World(f"{seed} {workers}", 3000)
    number = 0
    for round_ in range(9):
        start(workers)
        for _ in range(1500):
            number += 1
            world.schedule(number)
        if round_ % 3 == 2:
            wait(100)
        else:
            quiesce(100)
        world.check(world.random.sample(range(world.count), 100))
    wait()
    world.check(range(world.count))


@pytest.mark.parametrize("seed", range(3))
def test_random_steps_on_few_cowns_agree_with_the_model(seed):
    world = World(seed, 16)
    start(2)
    for number in range(1000):
        world.schedule(number)
        if number % 80 == 79:
            quiesce(100)
            world.check(range(world.count))
    wait()
    world.check(range(world.count))
