"""Add one to one of 64 cowns per behavior, scheduled round-robin from the main thread."""

import json
import sys
from time import perf_counter, process_time

from bocpy import Cown, quiesce, start, wait, when

COWNS = 64
WARM_UP = 4_000


def schedule(cowns, n):
    for i in range(n):

        @when(cowns[i % COWNS])
        def _(c):
            c.value += 1


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    cowns = [Cown(0) for _ in range(COWNS)]
    start(worker_count=workers)
    schedule(cowns, WARM_UP)
    quiesce()

    began, worked = perf_counter(), process_time()
    schedule(cowns, n)
    quiesce()
    seconds, busy = perf_counter() - began, process_time() - worked

    assert sum(cown.unwrap() for cown in cowns) == WARM_UP + n
    wait()
    print(json.dumps({"figure": n / seconds, "details": {"CPUs busy": busy / seconds}}))


if __name__ == "__main__":
    main()
