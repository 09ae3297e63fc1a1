"""Four behaviors at a time scan a dict of about 10 MB: one at a time against all that the workers can do at once."""

import json
import sys
from time import perf_counter

from bocpy import Cown, quiesce, read, start, wait, when

ENTRIES = 80_000
READERS = 4
PASSES = 20  # some tens of milliseconds for each reader


def scan(config):
    total = 0
    for step in range(PASSES):
        for key, value in config.items():
            if value > step and key:
                total += 1
    return total


def schedule(request):
    """One round; returns the cowns of the readers' counts."""
    totals = []
    for _ in range(READERS):

        @when(request)
        def total(config):
            return scan(config.value)

        totals.append(total)
    return totals


def seconds(request, rounds, expected):
    """How long the rounds took, after one that is not counted."""
    schedule(request)
    quiesce()

    began = perf_counter()
    totals = []
    for _ in range(rounds):
        totals += schedule(request)
        quiesce()
    took = perf_counter() - began

    assert {total.unwrap() for total in totals} == {expected}
    return took


def main():
    workers, rounds = int(sys.argv[1]), int(sys.argv[2])
    entries = {f"setting {i}": float(i) for i in range(ENTRIES)}
    expected = scan(entries)
    config = Cown(entries)
    start(worker_count=workers)
    alone = seconds(config, rounds, expected)
    together = seconds(read(config), rounds, expected)
    wait()
    details = {"s with @when(config)": alone, "s with @when(read(config))": together}
    print(json.dumps({"figure": alone / together, "details": details}))


if __name__ == "__main__":
    main()
