"""The processor's time that `quiesce` takes while a pinned cown is there, nothing is ready, and a behavior sleeps."""

import json
import sys
from time import perf_counter, process_time, sleep

from bocpy import Cown, PinnedCown, quiesce, start, wait, when


def main():
    workers, milliseconds = int(sys.argv[1]), int(sys.argv[2])
    pinned, cown = PinnedCown([]), Cown(0)
    start(worker_count=workers)

    @when(pinned)
    def _(p):
        p.value.append(1)

    quiesce()

    @when(cown)
    def _(c, seconds=milliseconds / 1000, sleep=sleep):
        sleep(seconds)

    began, worked = perf_counter(), process_time()
    quiesce()
    worked, seconds = process_time() - worked, perf_counter() - began
    assert seconds > 0.9 * milliseconds / 1000
    wait()
    print(json.dumps({"figure": 100 * worked / seconds}))


if __name__ == "__main__":
    main()
