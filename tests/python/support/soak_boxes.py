"""Random steps over boxes, which can be cowns, or the boxes of a serial model: the same values come out of both.

A box has a `value` and says by `exception` whether that is an exception that a step has let out.
"""

import copy
import random

LARGE = 20_000  # bocpy moves bytearrays of that size by reference


class Box:
    """A cown's part in the model."""

    def __init__(self, value, exception=False):
        self._value = value
        self.exception = exception

    @property
    def value(self):
        return self._value

    @value.setter
    def value(self, value):
        self._value = value
        self.exception = False

    def copied(self):
        return Box(copy.deepcopy(self._value), self.exception)


class Thing:
    """An instance of a class of the program."""

    def __init__(self, items):
        self.items = items
        self.steps = 0

    def touch(self, item):
        self.items.append(item)
        self.steps += 1


class Refused(ValueError):
    """What steps raise."""


def fresh(rolls):
    """A new value that shares nothing with others."""
    number = rolls.randrange(1000)
    kind = rolls.randrange(9)
    if kind == 0:
        return number << rolls.choice([0, 0, 70])
    if kind == 1:
        return [element(rolls) for _ in range(rolls.randrange(6))]
    if kind == 2:
        return {rolls.choice("abcdef"): element(rolls) for _ in range(rolls.randrange(6))}
    if kind == 3:
        return Thing([element(rolls) for _ in range(rolls.randrange(3))])
    if kind == 4:
        return rolls.choice(["a", "é", "字", "🦀"]) * rolls.choice([1, 10, LARGE])
    if kind == 5:
        return bytearray(rolls.randbytes(rolls.choice([0, 10, LARGE])))
    if kind == 6:
        return {number, str(number), (number, None)}
    if kind == 7:
        return rolls.choice([None, True, 1.5, -0.0, 2j, b"raw", ("t", number), frozenset([number])])
    return [bytearray(rolls.randbytes(LARGE)), Thing([]), number]


def element(rolls):
    """A part of a value, which may have parts of its own, and the same one twice."""
    kind = rolls.randrange(5)
    inner = [rolls.randrange(100)]
    return [rolls.randrange(100), f"é{rolls.randrange(100)}", [inner, inner], Thing([inner]), {"in": inner}][kind]


def touch(value, rolls):
    """Changes a value in place, if it is of a kind that can be."""
    if isinstance(value, list):
        if value and rolls.random() < 0.4:
            value.pop(rolls.randrange(len(value)))
        else:
            value.insert(rolls.randrange(len(value) + 1), element(rolls))
    elif isinstance(value, dict):
        key = rolls.choice("abcdef")
        if key in value:
            del value[key]
        else:
            value[key] = element(rolls)
    elif isinstance(value, set):
        value ^= {rolls.randrange(5)}
    elif isinstance(value, bytearray):
        if value and rolls.random() < 0.7:
            value[rolls.randrange(len(value))] ^= 0xFF
        else:
            value += b"more"
    elif isinstance(value, Thing):
        value.touch(element(rolls))


def changed(box, rolls):
    """Changes what is in a box, by assigning where it must."""
    if box.exception and rolls.random() < 0.7:
        box.value = [type(box.value).__name__, *box.value.args]
    elif isinstance(box.value, (bool, int, float)):
        box.value += rolls.randrange(100)
    elif isinstance(box.value, str):
        box.value = (box.value[1:] + rolls.choice("aé字🦀"))[: LARGE + 5]
    else:
        touch(box.value, rolls)


def summary(value):
    """A small value that tells most others apart."""
    if isinstance(value, (list, dict, set, bytearray, str)):
        return (type(value).__name__, len(value))
    if isinstance(value, Thing):
        return ("Thing", value.steps, len(value.items))
    if isinstance(value, BaseException):
        return (type(value).__name__, str(value))
    return value


def step(held, reads, number, changes_reads, shares, captured):
    """Does something to the boxes that it may change, and looks at those that it may only read.

    `changes_reads`: it changes what it reads as well, which must reach nobody. `shares`: it leaves one object in two
    places, which must part. In the model nothing is ever shared.
    """
    rolls = random.Random(number)
    take = (lambda value: value) if shares else copy.deepcopy
    seen = [summary(box.value) for box in (*reads, *held)] + [captured]
    captured.append("changed")
    for box in reads:
        if changes_reads and rolls.random() < 0.5:
            touch(box.value, rolls)
    for box in held:
        roll = rolls.random()
        if roll < 0.6:
            changed(box, rolls)
        elif roll < 0.7:
            box.value = fresh(rolls)
        elif roll < 0.75:
            box.value = copy.deepcopy(seen)
    if len(held) > 1:
        exchange(*rolls.sample(held, 2), rolls)
    if rolls.random() < 0.15:
        raise rolls.choice([Refused, KeyError, OSError])(number, [number])
    if len(held) > 1 and rolls.random() < 0.1:
        one, other = rolls.sample(held, 2)
        other.value = take(one.value)
    roll = rolls.random()
    if held and roll < 0.2:
        return take(rolls.choice(held).value)
    return copy.deepcopy(seen) if roll < 0.5 else fresh(rolls)


def exchange(one, other, rolls):
    """Hands something over from one box to another."""
    roll = rolls.random()
    if roll < 0.3:
        one.value, other.value = other.value, one.value
    elif roll < 0.6 and isinstance(one.value, list) and one.value:
        part = one.value.pop()
        if isinstance(other.value, list):
            other.value.append(part)
        elif isinstance(other.value, dict):
            other.value["a"] = part
