"""Add one to one of 64 counters, each with its lock, per call; each process or interpreter has its own counters."""

import concurrent.futures
import json
import sys
from threading import Lock
from time import perf_counter

COUNTERS = 64
WARM_UP = 400

counters = [0] * COUNTERS
locks = [Lock() for _ in range(COUNTERS)]


def increment(i):
    with locks[i]:
        counters[i] += 1


def schedule(executor, n):
    for _ in executor.map(increment, [i % COUNTERS for i in range(n)]):
        pass


def main():
    workers, n, pool = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    with getattr(concurrent.futures, pool)(workers) as executor:
        schedule(executor, WARM_UP)
        began = perf_counter()
        schedule(executor, n)
        seconds = perf_counter() - began
    assert sum(counters) == (WARM_UP + n if pool == "ThreadPoolExecutor" else 0)
    print(json.dumps({"figure": n / seconds}))


if __name__ == "__main__":
    main()
