"""Add one to one of 64 counters, each with its lock, per task; threads take the tasks from a queue."""

import json
import sys
from queue import SimpleQueue
from threading import Lock, Thread
from time import perf_counter

COUNTERS = 64

counters = [0] * COUNTERS
locks = [Lock() for _ in range(COUNTERS)]


def work(tasks):
    for i in iter(tasks.get, None):
        with locks[i]:
            counters[i] += 1


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    tasks = SimpleQueue()
    threads = [Thread(target=work, args=(tasks,)) for _ in range(workers)]
    for thread in threads:
        thread.start()

    began = perf_counter()
    for i in range(n):
        tasks.put(i % COUNTERS)
    for _ in threads:
        tasks.put(None)
    for thread in threads:
        thread.join()
    seconds = perf_counter() - began

    assert sum(counters) == n
    print(json.dumps({"figure": n / seconds}))


if __name__ == "__main__":
    main()
