"""Move 1 from one of 64 counters to another per task, under both locks, the lower one first."""

import json
import random
import sys
from itertools import cycle, islice
from queue import SimpleQueue
from threading import Lock, Thread
from time import perf_counter

COUNTERS = 64
PAIRS = 4_000

counters = [0] * COUNTERS
locks = [Lock() for _ in range(COUNTERS)]


def work(tasks):
    for source, target in iter(tasks.get, None):
        with locks[min(source, target)], locks[max(source, target)]:
            counters[source] -= 1
            counters[target] += 1


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    choose = random.Random(64)
    pairs = [choose.sample(range(COUNTERS), 2) for _ in range(PAIRS)]
    timed = list(islice(cycle(pairs), n))
    tasks = SimpleQueue()
    threads = [Thread(target=work, args=(tasks,)) for _ in range(workers)]
    for thread in threads:
        thread.start()

    began = perf_counter()
    for pair in timed:
        tasks.put(pair)
    for _ in threads:
        tasks.put(None)
    for thread in threads:
        thread.join()
    seconds = perf_counter() - began

    expected = [0] * COUNTERS
    for source, target in timed:
        expected[source] -= 1
        expected[target] += 1
    assert counters == expected
    print(json.dumps({"figure": n / seconds}))


if __name__ == "__main__":
    main()
