"""The machine's own limit: processes that each run their share of the bodies in a plain loop."""

import json
import multiprocessing
import sys
from time import perf_counter


def spin(steps):
    x = 1
    for _ in range(steps):
        x = (x * 1103515245 + 12345) % 2147483648
    return x


def share(barrier, n, steps):
    for _ in range(50):
        spin(steps)
    barrier.wait()
    for _ in range(n):
        spin(steps)
    barrier.wait()


def main():
    workers, n, steps = map(int, sys.argv[1:4])
    barrier = multiprocessing.Barrier(workers + 1)
    arguments = (barrier, n // workers, steps)
    processes = [multiprocessing.Process(target=share, args=arguments) for _ in range(workers)]
    for process in processes:
        process.start()
    barrier.wait()
    began = perf_counter()
    barrier.wait()
    seconds = perf_counter() - began
    for process in processes:
        process.join()
    print(json.dumps({"figure": n // workers * workers / seconds, "details": {"s": seconds}}))


if __name__ == "__main__":
    main()
