"""Change one of a dict's 1,000 floats per behavior; eight such cowns, scheduled round-robin from the main thread."""

import json
import sys
from time import perf_counter

from bocpy import Cown, quiesce, start, wait, when

COWNS = 8
KEYS = [f"key {i}" for i in range(1_000)]
WARM_UP = 400


def schedule(cowns, n):
    for i in range(n):

        @when(cowns[i % COWNS])
        def _(c, key=KEYS[i % len(KEYS)]):
            c.value[key] += 1.0


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    cowns = [Cown(dict.fromkeys(KEYS, 0.0)) for _ in range(COWNS)]
    start(worker_count=workers)
    schedule(cowns, WARM_UP)
    quiesce()

    began = perf_counter()
    schedule(cowns, n)
    quiesce()
    seconds = perf_counter() - began

    assert sum(sum(cown.unwrap().values()) for cown in cowns) == WARM_UP + n
    wait()
    print(json.dumps({"figure": n / seconds}))


if __name__ == "__main__":
    main()
