"""Sends values of every kind on journeys, as many as there is time for: see support/journeys.py.

Each batch is a program of its own, so that a crash is a failure like others. What failed can be run again by its seed
and numbers, which say all about the values and where they go.
"""

import argparse
import random
import sys
import time

from support.backend import BACKEND
from support.journeys import check_travel

BATCH = 500


def main():
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", default=str(random.randrange(10**6)), help="a number or a word; by default any")
    parser.add_argument("--seconds", type=float, default=60, help="for how long (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first value (%(default)s)")
    parser.add_argument("--count", type=int, help="how many values, however long it takes")
    options = parser.parse_args()

    print(f"seed {options.seed}, Python {sys.version.split()[0]}, BOCPY_BACKEND={BACKEND}", flush=True)
    first, end = options.first, time.monotonic() + options.seconds
    last = None if options.count is None else first + options.count
    while first < last if last else time.monotonic() < end:
        count = min(BATCH, last - first) if last else BATCH
        for strict in "01":
            try:
                check_travel(options.seed, first, count, strict)
            except AssertionError as failure:
                print(f"BOCPY_STRICT={strict}, values {first} to {first + count - 1}:\n{failure}")
                sys.exit(f'again: make fuzz ARGS="--seed {options.seed} --first {first} --count {count}"')
        first += count
        print(f"{first - options.first} values came back alike", flush=True)


if __name__ == "__main__":
    main()
