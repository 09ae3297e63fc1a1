"""Reading and writing a field of a record, beside an attribute in `__slots__` and a field of a `ctypes.Structure`."""

import ctypes
import json
import sys
from statistics import median
from time import perf_counter

from bocpy import record

ROUNDS = 11


@record
class Mine:
    x: float = 1.5
    y: float = 2.5


class Slots:
    __slots__ = ("x", "y")

    def __init__(self):
        self.x, self.y = 1.5, 2.5


class Structure(ctypes.Structure):
    _fields_ = (("x", ctypes.c_double), ("y", ctypes.c_double))


def nothing(thing, times):
    for _ in times:
        thing  # noqa: B018


def reads(thing, times):
    for _ in times:
        thing.x  # noqa: B018
        thing.y  # noqa: B018
        thing.x  # noqa: B018
        thing.y  # noqa: B018


def writes(thing, times):
    value = 4.5
    for _ in times:
        thing.x = value
        thing.y = value
        thing.x = value
        thing.y = value


def main():
    n = int(sys.argv[2]) // 4
    things = {"record": Mine(), "slots": Slots(), "ctypes": Structure(1.5, 2.5)}
    times = {(work, name): [] for work in (nothing, reads, writes) for name in things}
    for _ in range(ROUNDS):
        for work, name in times:
            steps = range(n)
            began = perf_counter()
            work(things[name], steps)
            times[work, name].append(perf_counter() - began)
    # Without the loop around it.
    nanoseconds = {
        (work, name): 1e9 * (median(found) - median(times[nothing, name])) / (4 * n)
        for (work, name), found in times.items()
    }
    read, write = (nanoseconds[work, "record"] / nanoseconds[work, "slots"] for work in (reads, writes))
    details = {
        f"ns for {work.__name__}, {name}": nanoseconds[work, name] for work in (reads, writes) for name in things
    }
    print(json.dumps({"figure": max(read, write), "details": details | {"read, x slot": read, "write, x slot": write}}))


if __name__ == "__main__":
    main()
