"""The machine's own limit: processes that run bodies in a plain loop for that many milliseconds."""

import json
import multiprocessing
import sys
from time import perf_counter


def spin(steps):
    x = 1
    for _ in range(steps):
        x = (x * 1103515245 + 12345) % 2147483648
    return x


def rate(steps, seconds):
    """Bodies per second. All run equally long, and none waits for the slowest."""
    bodies, began = 0, perf_counter()
    while (passed := perf_counter() - began) < seconds:
        spin(steps)
        bodies += 1
    return bodies / passed


def share(barrier, rates, steps, seconds):
    rate(steps, 0.02)
    barrier.wait()
    rates.put(rate(steps, seconds))


def main():
    workers, milliseconds, steps = map(int, sys.argv[1:4])
    barrier, rates = multiprocessing.Barrier(workers), multiprocessing.SimpleQueue()
    arguments = (barrier, rates, steps, milliseconds / 1000)
    processes = [multiprocessing.Process(target=share, args=arguments) for _ in range(workers)]
    for process in processes:
        process.start()
    together = sum(rates.get() for _ in processes)
    for process in processes:
        process.join()
    print(json.dumps({"figure": together}))


if __name__ == "__main__":
    main()
