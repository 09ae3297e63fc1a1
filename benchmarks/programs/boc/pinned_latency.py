"""From the end of a behavior on a worker until a pinned behavior that waits for its cown begins, in `quiesce`."""

import json
import sys
from statistics import median, quantiles
from time import perf_counter, sleep

from bocpy import Cown, PinnedCown, quiesce, start, wait, when

PAUSE = 0.003  # enough for the main thread to fall asleep
WARM_UP = 20


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    times = []
    pinned, ended = PinnedCown(times), Cown(0.0)
    start(worker_count=workers)
    for _ in range(n + WARM_UP):

        @when(ended)
        def _(e, pause=PAUSE, now=perf_counter, sleep=sleep):
            sleep(pause)
            e.value = now()

        @when(ended, pinned)
        def _(e, p, now=perf_counter):
            p.value.append(now() - e.value)

        quiesce()
    wait()
    times = [1e6 * time for time in times[WARM_UP:]]
    assert len(times) == n
    print(json.dumps({"figure": median(times), "details": {"us in nine of ten cases": quantiles(times, n=10)[-1]}}))


if __name__ == "__main__":
    main()
