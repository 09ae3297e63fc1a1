"""Behaviors of that much pure Python over the dicts of 256 cowns in turn: values that stay on the workers."""

import json
import sys
from time import perf_counter, process_time

from bocpy import Cown, quiesce, start, wait, when

COWNS = 256
WARM_UP = 10


def spin(state, steps):
    x = state["x"]
    for _ in range(steps):
        x = (x * 1103515245 + 12345) % 2147483648
    state["x"] = x
    state["runs"] += 1


def schedule(cowns, rounds, steps):
    for _ in range(rounds):
        for cown in cowns:

            @when(cown)
            def _(c, steps=steps):
                spin(c.value, steps)


def main():
    workers, n, steps = map(int, sys.argv[1:4])
    rounds = max(1, n // COWNS)
    cowns = [Cown({"x": 1, "runs": 0}) for _ in range(COWNS)]
    start(worker_count=workers)
    schedule(cowns, WARM_UP, steps)
    quiesce()

    began, worked = perf_counter(), process_time()
    schedule(cowns, rounds, steps)
    scheduling = perf_counter() - began
    quiesce()
    seconds, busy = perf_counter() - began, process_time() - worked

    assert {cown.unwrap()["runs"] for cown in cowns} == {WARM_UP + rounds}
    wait()
    details = {"CPUs busy": busy / seconds, "s of scheduling": scheduling}
    print(json.dumps({"figure": rounds * COWNS / seconds, "details": details}))


if __name__ == "__main__":
    main()
