"""The machine's own limit: processes that each do their share in a plain loop, one against several."""

import json
import multiprocessing
import sys
from time import perf_counter

STEPS = 13_000


def spin(steps):
    x = 1
    for _ in range(steps):
        x = (x * 1103515245 + 12345) % 2147483648
    return x


def share(barrier, n):
    for _ in range(20):
        spin(STEPS)
    barrier.wait()
    for _ in range(n):
        spin(STEPS)
    barrier.wait()


def seconds(workers, n):
    barrier = multiprocessing.Barrier(workers + 1)
    processes = [multiprocessing.Process(target=share, args=(barrier, n // workers)) for _ in range(workers)]
    for process in processes:
        process.start()
    barrier.wait()
    began = perf_counter()
    barrier.wait()
    took = perf_counter() - began
    for process in processes:
        process.join()
    return took


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    alone, together = seconds(1, n), seconds(workers, n)
    details = {"s with 1 worker": alone, f"s with {workers}": together}
    print(json.dumps({"figure": alone / together, "details": details}))


if __name__ == "__main__":
    main()
