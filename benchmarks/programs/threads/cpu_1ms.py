"""Tasks of about 1 ms of pure Python, taken from a queue: one thread against several."""

import json
import sys
from queue import SimpleQueue
from threading import Thread
from time import perf_counter

STEPS = 13_000


def spin(steps):
    x = 1
    for _ in range(steps):
        x = (x * 1103515245 + 12345) % 2147483648
    return x


def work(tasks):
    for steps in iter(tasks.get, None):
        spin(steps)


def seconds(workers, n):
    tasks = SimpleQueue()
    threads = [Thread(target=work, args=(tasks,)) for _ in range(workers)]
    for thread in threads:
        thread.start()

    began = perf_counter()
    for _ in range(n):
        tasks.put(STEPS)
    for _ in threads:
        tasks.put(None)
    for thread in threads:
        thread.join()
    return perf_counter() - began


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    seconds(workers, 20 * workers)
    alone, together = seconds(1, n), seconds(workers, n)
    details = {"s with 1 worker": alone, f"s with {workers}": together}
    print(json.dumps({"figure": alone / together, "details": details}))


if __name__ == "__main__":
    main()
