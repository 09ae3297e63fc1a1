"""Move 1 from one of 64 counters to another per call, under both locks, the lower one first."""

import concurrent.futures
import json
import random
import sys
from itertools import cycle, islice
from threading import Lock
from time import perf_counter

COUNTERS = 64
WARM_UP = 4_000

counters = [0] * COUNTERS
locks = [Lock() for _ in range(COUNTERS)]


def transfer(pair):
    source, target = pair
    with locks[min(source, target)], locks[max(source, target)]:
        counters[source] -= 1
        counters[target] += 1


def schedule(executor, pairs):
    for _ in executor.map(transfer, pairs):
        pass


def main():
    workers, n, pool = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    choose = random.Random(64)
    pairs = [choose.sample(range(COUNTERS), 2) for _ in range(WARM_UP)]
    timed = list(islice(cycle(pairs), n))
    with getattr(concurrent.futures, pool)(workers) as executor:
        schedule(executor, pairs)
        began = perf_counter()
        schedule(executor, timed)
        seconds = perf_counter() - began

    expected = [0] * COUNTERS
    for source, target in pairs + timed:
        expected[source] -= 1
        expected[target] += 1
    assert counters == expected
    print(json.dumps({"figure": n / seconds}))


if __name__ == "__main__":
    main()
