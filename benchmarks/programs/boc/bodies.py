"""Behaviors of that much pure Python, each on a cown of its own, scheduled by the main thread."""

import json
import sys
from time import perf_counter

from bocpy import Cown, quiesce, start, wait, when

WARM_UP = 50  # for each worker


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


def main():
    workers, n, steps = map(int, sys.argv[1:4])
    start(worker_count=workers)
    schedule([Cown(steps) for _ in range(WARM_UP * workers)])
    quiesce()

    cowns = [Cown(steps) for _ in range(n)]
    began = perf_counter()
    schedule(cowns)
    scheduling = perf_counter() - began
    quiesce()
    seconds = perf_counter() - began

    assert {cown.unwrap() for cown in cowns} == {spin(steps)}
    wait()
    print(json.dumps({"figure": n / seconds, "details": {"s": seconds, "s of scheduling": scheduling}}))


if __name__ == "__main__":
    main()
