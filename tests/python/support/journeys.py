"""Values of every kind, made at random, that travel between interpreters and are changed and read on their way.

All of it depends on a seed alone: a worker makes the value once more to know what it has to find.
"""

import array
import collections
import datetime
import decimal
import enum
import fractions
import math
import os
import pathlib
import random
import struct
import uuid

from bocpy import Cown, read

from support.backend import BACKEND
from support.crew import Crew
from support.place import KEPT
from support.scripts import check_script
from support.shapes import Maker, difference, has_parts, parts_of

STRICT = os.environ.get("BOCPY_STRICT") == "1"
LARGE = 16 << 10  # from which size on bocpy moves memory by reference

Pair = collections.namedtuple("Pair", "first second")


class Colour(enum.Enum):
    RED = 1
    GREEN = (1, "two")


class Access(enum.IntFlag):
    READ = 1
    WRITE = 2


class Node:
    """Equal to nothing but itself."""


class Slotted:
    __slots__ = ("a", "b")


class Stateful:
    """Says by itself what it is made of."""

    def __getstate__(self):
        return list(vars(self).items())

    def __setstate__(self, state):
        vars(self).update(state)


class Failure(ValueError):
    pass


class Whole(int):
    pass


class Real(float):
    pass


class Text(str):
    pass


class Raw(bytes):
    pass


class RawArray(bytearray):
    pass


class Several(tuple):
    pass


class Listing(list):
    pass


class Table(dict):
    pass


class Group(set):
    pass


class FrozenGroup(frozenset):
    pass


# What is not a number comes in many bit patterns.
NANS = [struct.unpack("<d", bits.to_bytes(8, "little"))[0] for bits in (0x7FF8 << 48, 0xFFF8 << 48, 0x7FF8_DEAD << 32)]

CODES = "bBhHiIlLqQfd"


class Anything(Maker):
    """Makes values of builtin types, and, if `pickled`, of others among them, at which all of the value is pickled."""

    def __init__(self, seed, cowns, pickled):
        super().__init__(seed, cowns)
        self.pickled = pickled

    def whole(self):
        """A value to be sent."""
        if self.random.random() < 0.1 and not self.pickled:
            return self.deep(self.random.choice([100, 3000]))
        return [self.value() for _ in range(self.random.choice([1, 1, 2, 5]))]

    def deep(self, depth):
        """What is nested so deep that nothing may recurse into it. Now and then a level leads back to an outer one."""
        outermost = inner = self.note([])
        for _ in range(depth):
            kind = self.random.randrange(4)
            if kind == 0:
                made = {"n": kind}
                inner.append(made)
                made["inner"] = inner = []
            elif kind == 1:
                new = []
                inner.append(([], new, inner))
                inner = new
            else:
                inner.append([])
                inner = inner[-1]
            if self.random.random() < 0.01:
                inner.append(outermost)
        inner.append(self.leaf())
        return outermost

    def container(self, depth):
        roll = self.random.random()
        if roll < 0.1:
            return self.note(self.view())
        if roll < 0.15:
            return self.note(self.numbers())
        if not self.pickled or roll < 0.6:
            return super().container(depth)
        kind = self.random.choice(
            [Node, Slotted, Stateful, Failure, Pair, Several, Listing, Table, Group, FrozenGroup, RawArray]
            + [collections.OrderedDict, collections.defaultdict, collections.deque, collections.Counter]
        )
        length = self.random.choice([0, 1, 2, 3])
        if kind in (Node, Slotted, Stateful):
            made = self.note(kind())
            for name in "ab"[:length]:
                setattr(made, name, self.value(depth))
            return made
        if kind is Pair:
            return self.note(Pair(self.value(depth), self.value(depth)))
        if kind is Failure:
            made = self.note(Failure(self.value(depth)))
        elif kind in (Group, FrozenGroup):
            made = self.note(kind(self.key(2) for _ in range(length)))
        elif kind is RawArray:
            made = self.note(RawArray(self.data()))
        elif kind is Several:
            made = self.note(Several(self.value(depth) for _ in range(length)))
        elif kind in (Listing, collections.deque):
            made = self.note(collections.deque(maxlen=self.random.choice([None, 5])) if kind is not Listing else kind())
            made.extend(self.value(depth) for _ in range(length))
        elif kind is collections.Counter:
            made = self.note(kind(self.key(1) for _ in range(length)))
        else:
            made = self.note(kind(self.random.choice([None, list])) if kind is collections.defaultdict else kind())
            for _ in range(length):
                made[self.key(2)] = self.value(depth)
        if hasattr(made, "__dict__") and kind is not collections.Counter and self.random.random() < 0.3:
            made.note = self.value(depth)
        return made

    def view(self):
        """A memoryview of something that may be a part of the value as well."""
        kinds = bytes, bytearray, array.array
        looked_into = [made for made in self.made if type(made) in kinds] or [self.note(bytearray(self.data()))]
        view = memoryview(self.random.choice(looked_into))
        if view.nbytes % 4 == 0 and view.nbytes and self.random.random() < 0.3:
            view = view.cast("B").cast(self.random.choice("BbIif"))
        if len(view) > 2 and self.random.random() < 0.4:
            view = view[1 : self.random.randrange(1, len(view))]
        return view.toreadonly() if self.random.random() < 0.2 else view

    def numbers(self):
        numbers = array.array(self.random.choice(CODES))
        length = self.random.choice([0, 1, 5, LARGE // numbers.itemsize])
        # Of random bits, some are no number: those have to stay the same, too.
        numbers.frombytes(self.random.randbytes(length * numbers.itemsize))
        return numbers

    def leaf(self):
        roll = self.random.random()
        if roll < 0.02:
            return self.random.choice(NANS)
        if roll < 0.03:
            return self.random.choice([1, -1]) * self.random.getrandbits(100_000)
        if not self.pickled or roll < 0.7:
            return super().leaf()
        number = self.random.randrange(-1000, 1000)
        return self.random.choice(
            [
                *(Colour.RED, Colour.GREEN, Access.READ | Access.WRITE, Access(0), NotImplemented),
                *(range(number), range(number, 2**70, 3), slice(number, None, "x")),
                *(Whole(number << 80), Whole(number), Real(-0.0), Real(math.nan), Text("aé字🦀\udc00"), Raw(b"raw\0")),
                *(decimal.Decimal(number).scaleb(-2), decimal.Decimal("-0.00"), fractions.Fraction(number, 7)),
                datetime.datetime(2020, 2, 29, 1, 2, 3, abs(number), tzinfo=datetime.timezone.utc, fold=1),
                *(datetime.timedelta(number, 1, 1), uuid.UUID(int=abs(number)), pathlib.PurePosixPath(f"/a/{number}")),
                *(int, Node, collections.OrderedDict, len, math.floor),
            ]
        )

    def data(self):
        if self.random.random() < 0.05:
            return self.random.randbytes(self.random.choice([LARGE - 1, LARGE, LARGE + 1, 3 * LARGE]))
        return super().data()


def changeable(value):
    """The parts that `change` can change, in an order that is the same for values that are alike."""
    kinds = list, dict, bytearray, array.array
    found, seen, todo = [], set(), [value]
    while todo:
        part = todo.pop()
        if not has_parts(part) or id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, kinds):
            found.append(part)
        todo.extend(inner for _, inner in parts_of(part))
    return found


def change(value, seed):
    """Changes something somewhere in a value in place: the same in values that are alike."""
    rolls = random.Random(seed)
    found = changeable(value)
    if not found:
        return
    part = rolls.choice(found)
    if isinstance(part, (bytearray, array.array)):
        # Of a view's memory, the size stays.
        if len(part):
            place = rolls.randrange(len(part))
            part[place] = type(part[place])(not part[place])
    elif isinstance(part, dict):
        if part and rolls.random() < 0.5:
            key = rolls.choice(list(part))
            part[key] = part.pop(key)  # the last one now
        else:
            part[f"new {rolls.random()}"] = [1]
    elif not part or rolls.random() < 0.3:
        part.append({"new": part})
    else:
        place = rolls.randrange(len(part))
        item = part[place]
        if type(item) is list:
            part[place] = item[:]  # equal, but apart from where the same one was
        elif type(item) is int:
            part[place] = bool(item) if item in (0, 1) else float(item % 1000)  # equal, but of another type
        elif type(item) is float:
            part[place] = -item
        else:
            part[place] = part[rolls.randrange(len(part))]


def made(seed, cowns, changes=()):
    """The value of that seed, with these changes."""
    value = Anything(seed, cowns, pickled=random.Random(f"{seed} kind").random() < 0.5).whole()
    for number in changes:
        change(value, number)
    return value


class Journey:
    """A cown with one value, on its way between the main program and two workers."""

    def __init__(self, seed, crew, workers, cowns):
        self.random = random.Random(f"{seed} journey")
        self.seed, self.crew, self.workers, self.cowns = seed, crew, workers, cowns
        self.changes = []
        self.cown = None

    def run(self):
        """Gives what has gone wrong, in words; "" where nothing has."""
        wrong = self.depart()
        for _ in range(self.random.randrange(3, 8)):
            if wrong:
                break
            step = self.random.choice(STEPS)
            wrong = step(self)
            wrong = wrong and f"{step.__name__}: {wrong}"
        return wrong

    def depart(self):
        if self.random.random() < 0.5:
            self.cown = Cown(made(self.seed, self.cowns))
            return ""
        self.cown = Cown(None)
        seed, cowns = self.seed, self.cowns

        def make(c):
            c.value = made(seed, cowns)

        return self.at_a_worker(make, self.cown)

    def main_looks(self):
        with self.cown as c:
            return difference(made(self.seed, self.cowns, self.changes), c.value)

    def main_changes(self):
        with self.cown as c:
            change(c.value, len(self.changes))
        self.changes.append(len(self.changes))

    def worker_looks(self, cown=None, worker=None):
        seed, cowns, changes = self.seed, self.cowns, list(self.changes)

        def look(c):
            return difference(made(seed, cowns, changes), c.value)

        return self.at_a_worker(look, cown or self.cown, worker=worker)

    def worker_changes(self):
        number = len(self.changes)
        self.changes.append(number)
        return self.at_a_worker(lambda c: change(c.value, number), self.cown)

    def worker_puts_it_in_anew(self):
        def put(c):
            c.value = c.value

        return self.at_a_worker(put, self.cown)

    def reader_looks(self):
        return self.worker_looks(read(self.cown))

    def reader_changes(self):
        """That reaches nobody."""
        number = self.random.random()
        return self.at_a_worker(lambda c: change(c.value, number), read(self.cown))

    def left_behind(self):
        """A worker keeps a part, and changes it later. That reaches nobody, either.

        What it had to write and kept is the value itself for as long as that has not gone elsewhere, which it has at
        once where values are made portable at every end.
        """
        number = self.random.random()
        here, there = self.random.sample(self.workers, 2)

        def keep(c):
            KEPT.append(random.Random(number).choice([*changeable(c.value), None]))

        if self.random.random() < 0.5:
            wrong = self.at_a_worker(keep, read(self.cown), worker=here) or self.worker_looks()
        else:
            wrong = self.at_a_worker(keep, self.cown, worker=here)
            if not STRICT:
                wrong = wrong or self.worker_looks(worker=there)
        return self.at_a_worker(lambda: change(KEPT.pop(), number), worker=here) or wrong or self.worker_looks()

    def result_is_the_value(self):
        """The two are apart where behaviors have interpreters of their own: a change to one is none to the other."""
        result = self.crew.run(self.random.choice(self.workers), lambda c: c.value, self.cown)
        with result:
            wrong = difference(made(self.seed, self.cowns, self.changes), result.value)
            if BACKEND == "interpreters":
                change(result.value, self.random.random())
        return wrong or self.worker_looks()

    def captured(self):
        seed, cowns, changes = self.seed, self.cowns, list(self.changes)
        value = made(seed, cowns, changes)
        return self.at_a_worker(lambda value=value: difference(made(seed, cowns, changes), value))

    def at_a_worker(self, body, *cowns, worker=None):
        """What a body gives, or the error that it lets out. `worker`: by default either."""
        result = self.crew.run(worker or self.random.choice(self.workers), body, *cowns)
        with result:
            if result.exception:
                return f"{type(result.value).__name__}: {result.value}"
            return result.value


STEPS = [
    *(Journey.main_looks, Journey.main_changes, Journey.worker_looks, Journey.worker_changes),
    *(Journey.worker_puts_it_in_anew, Journey.reader_looks, Journey.result_is_the_value, Journey.captured),
]
if BACKEND == "interpreters":
    # Where all have one interpreter, all look at one object.
    STEPS += [Journey.reader_changes, Journey.left_behind]


def travel(seed, first, count):
    """Sends these values on journeys. Gives what has gone wrong with one, in words."""
    crew = Crew()
    workers = crew.start(2)
    cowns = [Cown(n) for n in range(3)]
    for number in range(first, first + count):
        try:
            wrong = Journey(f"{seed} {number}", crew, workers, cowns).run()
        except Exception as error:
            wrong = f"{type(error).__name__}: {error}"
        if wrong:
            wrong = f"value {number}: {wrong}"
            break
    crew.dismiss()
    return wrong


def check_travel(seed, first, count, strict):
    """The same in a program of its own, since it might crash. `strict`: what ``BOCPY_STRICT`` is to be."""
    here = str(pathlib.Path(__file__).parents[1])
    source = f"""
        from bocpy import wait
        from support.journeys import travel

        print(travel({seed!r}, {first}, {count}) or "all alike")
        wait()
    """
    check_script(source, "all alike", env={"PYTHONPATH": here, "BOCPY_STRICT": strict})
