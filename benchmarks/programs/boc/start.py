"""Start the runtime and run the first behavior, in a fresh process, after the import."""

import json
import sys
from time import perf_counter

from bocpy import Cown, quiesce, start, wait, when


def main():
    workers = int(sys.argv[1])
    cown = Cown(0)

    began = perf_counter()
    start(worker_count=workers)
    started = perf_counter()

    @when(cown)
    def _(c):
        c.value += 1

    quiesce()
    done = perf_counter()

    assert cown.unwrap() == 1
    stopping = perf_counter()
    wait()
    stopped = perf_counter()
    details = {"ms for start()": 1e3 * (started - began), "ms for wait() to stop": 1e3 * (stopped - stopping)}
    print(json.dumps({"figure": 1e3 * (done - began), "details": details}))


if __name__ == "__main__":
    main()
