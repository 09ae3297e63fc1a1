"""Behaviors read some of the 60 entries of the noticeboard, of 1 KB each, which nobody changes."""

import json
import sys
from time import perf_counter

from bocpy import Cown, notice_read, notice_seed, quiesce, start, wait, when

ENTRIES = 60
READS = 10  # by each behavior
KEYS = tuple(f"entry {i % ENTRIES}" for i in range(ENTRIES + READS))
COWNS = 64
WARM_UP = 200


def schedule(cowns, n):
    for i in range(n):

        @when(cowns[i % COWNS])
        def _(c, i=i):
            length = 0
            for key in KEYS[i % ENTRIES : i % ENTRIES + READS]:
                length += len(notice_read(key))
            c.value += length


def main():
    workers, behaviors = int(sys.argv[1]), int(sys.argv[2])
    cowns = [Cown(0) for _ in range(COWNS)]
    start(worker_count=workers)
    for i in range(ENTRIES):
        notice_seed(KEYS[i], f"{i:4}" * 256)
    schedule(cowns, WARM_UP)
    quiesce()

    began = perf_counter()
    schedule(cowns, behaviors)
    quiesce()
    seconds = perf_counter() - began

    assert sum(cown.unwrap() for cown in cowns) == (WARM_UP + behaviors) * READS * 1024
    wait()
    print(json.dumps({"figure": behaviors * READS / seconds}))


if __name__ == "__main__":
    main()
