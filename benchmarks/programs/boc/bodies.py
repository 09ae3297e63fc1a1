"""Behaviors of that much pure Python, each on a cown of its own, scheduled by the main thread."""

import json
import sys
from time import perf_counter, process_time

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
    began, worked = perf_counter(), process_time()
    schedule(cowns)
    scheduling = perf_counter() - began
    quiesce()
    seconds, busy = perf_counter() - began, process_time() - worked

    assert {cown.unwrap() for cown in cowns} == {spin(steps)}
    wait()
    details = {"CPUs busy": busy / seconds, "s of scheduling": scheduling}
    print(json.dumps({"figure": n / seconds, "details": details}))


if __name__ == "__main__":
    main()
