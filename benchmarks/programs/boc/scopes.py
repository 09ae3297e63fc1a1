"""Scopes of one behavior each: to enter one, schedule, wait for its end, and leave."""

import json
import sys
from time import perf_counter

from bocpy import Cown, scope, start, wait, whencall

WARM_UP = 500


def add(c):
    c.value += 1


def run(c, n):
    for _ in range(n):
        with scope():
            whencall(add, [c])


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    c = Cown(0)
    start(worker_count=workers)
    run(c, WARM_UP)

    began = perf_counter()
    run(c, n)
    seconds = perf_counter() - began

    began = perf_counter()
    for _ in range(n):
        with scope():
            pass
    empty = perf_counter() - began
    wait()
    assert c.value == n + WARM_UP
    print(json.dumps({"figure": 1e6 * seconds / n, "details": {"us without a behavior": 1e6 * empty / n}}))


if __name__ == "__main__":
    main()
