"""Move 1 from one of 64 cowns to another per behavior; the pairs are random, and the same in every run."""

import json
import random
import sys
from itertools import cycle, islice
from time import perf_counter

from bocpy import Cown, quiesce, start, wait, when

COWNS = 64
WARM_UP = 4_000


def schedule(cowns, pairs):
    for source, target in pairs:

        @when(cowns[source], cowns[target])
        def _(a, b):
            a.value -= 1
            b.value += 1


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    choose = random.Random(64)
    pairs = [choose.sample(range(COWNS), 2) for _ in range(WARM_UP)]
    timed = list(islice(cycle(pairs), n))
    cowns = [Cown(0) for _ in range(COWNS)]
    start(worker_count=workers)
    schedule(cowns, pairs)
    quiesce()

    began = perf_counter()
    schedule(cowns, timed)
    quiesce()
    seconds = perf_counter() - began

    expected = [0] * COWNS
    for source, target in pairs + timed:
        expected[source] -= 1
        expected[target] += 1
    assert [cown.unwrap() for cown in cowns] == expected
    wait()
    print(json.dumps({"figure": n / seconds}))


if __name__ == "__main__":
    main()
