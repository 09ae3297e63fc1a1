"""Behaviors over a pinned cown, scheduled by the main thread, which runs them by `pump`, a hundred at a time."""

import json
import sys
from time import perf_counter

from bocpy import PinnedCown, pump, start, wait, when

WARM_UP = 2_000
AT_A_TIME = 100


def run(pinned, n):
    for _ in range(0, n, AT_A_TIME):
        for _ in range(AT_A_TIME):

            @when(pinned)
            def _(p):
                p.value[0] += 1

        left = AT_A_TIME
        while left:
            left -= pump(max_behaviors=left).executed


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    count = [0]
    pinned = PinnedCown(count)
    start(worker_count=workers)
    run(pinned, WARM_UP)

    began = perf_counter()
    run(pinned, n)
    seconds = perf_counter() - began

    assert count[0] == WARM_UP + n
    wait()
    print(json.dumps({"figure": n / seconds}))


if __name__ == "__main__":
    main()
