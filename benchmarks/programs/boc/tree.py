"""Binary trees of behaviors without a cown that do nothing but schedule two more, but for the leaves."""

import json
import sys
from time import perf_counter, process_time

from bocpy import quiesce, start, wait, when

WARM_UP = 10


def grow(height):
    @when()
    def _(height=height):
        if height:
            grow(height - 1)
            grow(height - 1)


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    height = max(1, n.bit_length() - 1)
    start(worker_count=workers)
    grow(WARM_UP)
    quiesce()

    began, worked = perf_counter(), process_time()
    grow(height)
    quiesce()
    seconds, busy = perf_counter() - began, process_time() - worked
    wait()
    print(json.dumps({"figure": (2 ** (height + 1) - 1) / seconds, "details": {"CPUs busy": busy / seconds}}))


if __name__ == "__main__":
    main()
