"""Small typed objects go from the main program to a worker and back: `Cown`, a behavior that changes a field, `unwrap`.

Ours are records, if there are any; else dataclasses. Each has a count of 8 bytes and, if RECORD_BYTES says so, bytes
behind it.
"""

import json
import os
import sys
from dataclasses import dataclass
from time import perf_counter
from typing import Annotated

import bocpy
from bocpy import Cown, quiesce, start, wait, when

OBJECTS = 500
WARM_UP = 2
BYTES = int(os.environ.get("RECORD_BYTES", "0"))


def typed(cls):
    return bocpy.record(cls) if hasattr(bocpy, "record") else dataclass(cls)


@typed
class Small:
    count: int = 0


@typed
class Large:
    count: int = 0
    data: Annotated[bytes, 65_000] = b""


def go_and_come_back(objects):
    """Once for each object: two moves."""
    cowns = [Cown(thing) for thing in objects]
    for cown in cowns:

        @when(cown)
        def _(c):
            c.value.count += 1

    quiesce()
    objects = [cown.unwrap() for cown in cowns]
    for thing in objects:
        thing.count += 1
    return objects


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    start(worker_count=workers)
    objects = [Large(0, b"x" * BYTES) if BYTES else Small() for _ in range(OBJECTS)]
    for _ in range(WARM_UP):
        objects = go_and_come_back(objects)

    rounds = max(1, n // (2 * OBJECTS))
    began = perf_counter()
    for _ in range(rounds):
        objects = go_and_come_back(objects)
    seconds = perf_counter() - began

    assert [thing.count for thing in objects] == [2 * (WARM_UP + rounds)] * OBJECTS
    assert not BYTES or all(thing.data == b"x" * BYTES for thing in objects)
    wait()
    print(json.dumps({"figure": 2 * OBJECTS * rounds / seconds}))


if __name__ == "__main__":
    main()
