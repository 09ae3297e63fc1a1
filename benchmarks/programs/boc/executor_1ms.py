"""`Executor.map` over calls of about 1 ms of pure Python: one worker against several."""

import json
import sys
from time import perf_counter

from bocpy import Executor, start, wait

STEPS = 13_000


def spin(steps):
    x = 1
    for _ in range(steps):
        x = (x * 1103515245 + 12345) % 2147483648
    return x


def seconds(workers, n):
    start(worker_count=workers)
    with Executor() as executor:
        list(executor.map(spin, [STEPS] * 20 * workers))
        began = perf_counter()
        results = set(executor.map(spin, [STEPS] * n))
        took = perf_counter() - began
    assert results == {spin(STEPS)}
    wait()
    return took


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    alone, together = seconds(1, n), seconds(workers, n)
    details = {"s with 1 worker": alone, f"s with {workers}": together}
    print(json.dumps({"figure": alone / together, "details": details}))


if __name__ == "__main__":
    main()
