"""What it costs to hand a record to a worker and back, beside an int: `Cown`, a behavior that adds 1, `unwrap`."""

import json
import sys
from statistics import median
from time import perf_counter
from typing import Annotated

from bocpy import Cown, quiesce, record, start, wait, when

OBJECTS = 500
WARM_UP = 3


@record
class Small:
    count: int = 0


@record
class Large:
    count: int = 0
    data: Annotated[bytes, 65_000] = b""


def of_ints(values):
    cowns = [Cown(value) for value in values]
    for cown in cowns:

        @when(cown)
        def _(c):
            c.value += 1

    quiesce()
    return [cown.unwrap() for cown in cowns]


def of_records(values):
    cowns = [Cown(value) for value in values]
    for cown in cowns:

        @when(cown)
        def _(c):
            c.value.count += 1

    quiesce()
    return [cown.unwrap() for cown in cowns]


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    start(worker_count=workers)
    kinds = {
        "int": (of_ints, [0] * OBJECTS),
        "8 bytes": (of_records, [Small() for _ in range(OBJECTS)]),
        "64 KB": (of_records, [Large(0, b"x" * 65_000) for _ in range(OBJECTS)]),
    }
    values = {name: things for name, (_, things) in kinds.items()}
    times = {name: [] for name in kinds}
    rounds = max(5, n // OBJECTS)
    for number in range(WARM_UP + rounds):
        for name, (turn, _) in kinds.items():
            began = perf_counter()
            values[name] = turn(values[name])
            seconds = perf_counter() - began
            if number >= WARM_UP:
                times[name].append(seconds)
    assert values["int"] == [WARM_UP + rounds] * OBJECTS
    assert {thing.count for name in ("8 bytes", "64 KB") for thing in values[name]} == {WARM_UP + rounds}
    wait()
    middle = {name: median(found) for name, found in times.items()}
    details = {f"us for {name}": 1e6 * seconds / OBJECTS for name, seconds in middle.items()}
    details["times an int, 64 KB"] = middle["64 KB"] / middle["int"]
    print(json.dumps({"figure": middle["8 bytes"] / middle["int"], "details": details}))


if __name__ == "__main__":
    main()
