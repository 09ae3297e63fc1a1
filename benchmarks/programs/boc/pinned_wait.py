"""Behaviors over a pinned cown, scheduled by the main thread, which runs them in `wait`."""

import json
import sys
from time import perf_counter

from bocpy import PinnedCown, quiesce, start, wait, when

WARM_UP = 2_000


def schedule(pinned, n):
    for _ in range(n):

        @when(pinned)
        def _(p):
            p.value[0] += 1


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    count = [0]
    pinned = PinnedCown(count)
    start(worker_count=workers)
    schedule(pinned, WARM_UP)
    quiesce()

    began = perf_counter()
    schedule(pinned, n)
    quiesce()
    seconds = perf_counter() - began

    assert count[0] == WARM_UP + n
    wait()
    print(json.dumps({"figure": n / seconds}))


if __name__ == "__main__":
    main()
