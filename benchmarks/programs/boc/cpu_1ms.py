"""Behaviors of about 1 ms of pure Python, each on a cown of its own: one worker against several."""

import json
import sys
from time import perf_counter

from bocpy import Cown, quiesce, start, wait, when

STEPS = 13_000


def spin(steps):
    x = 1
    for _ in range(steps):
        x = (x * 1103515245 + 12345) % 2147483648
    return x


def schedule(cowns):
    for cown in cowns:

        @when(cown)
        def _(c):
            c.value = spin(c.value)


def seconds(workers, n):
    start(worker_count=workers)
    schedule([Cown(STEPS) for _ in range(20 * workers)])
    quiesce()

    cowns = [Cown(STEPS) for _ in range(n)]
    began = perf_counter()
    schedule(cowns)
    quiesce()
    took = perf_counter() - began

    assert {cown.unwrap() for cown in cowns} == {spin(STEPS)}
    wait()
    return took


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    alone, together = seconds(1, n), seconds(workers, n)
    details = {"s with 1 worker": alone, f"s with {workers}": together}
    print(json.dumps({"figure": alone / together, "details": details}))


if __name__ == "__main__":
    main()
