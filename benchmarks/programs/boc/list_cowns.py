"""Append to a list of 10,000 ints per behavior; eight such cowns, scheduled round-robin from the main thread."""

import json
import sys
from time import perf_counter

from bocpy import Cown, quiesce, start, wait, when

COWNS = 8
LENGTH = 10_000
WARM_UP = 400


def schedule(cowns, n):
    for i in range(n):

        @when(cowns[i % COWNS])
        def _(c):
            c.value.append(len(c.value))


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    cowns = [Cown(list(range(LENGTH))) for _ in range(COWNS)]
    start(worker_count=workers)
    schedule(cowns, WARM_UP)
    quiesce()

    began = perf_counter()
    schedule(cowns, n)
    quiesce()
    seconds = perf_counter() - began

    lists = [cown.unwrap() for cown in cowns]
    assert sum(map(len, lists)) == COWNS * LENGTH + WARM_UP + n
    assert all(found == list(range(len(found))) for found in lists)
    wait()
    print(json.dumps({"figure": n / seconds}))


if __name__ == "__main__":
    main()
