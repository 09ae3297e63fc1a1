"""Calls of that much pure Python."""

import concurrent.futures
import json
import sys
from time import perf_counter


def spin(steps):
    x = 1
    for _ in range(steps):
        x = (x * 1103515245 + 12345) % 2147483648
    return x


def main():
    workers, n, steps = map(int, sys.argv[1:4])
    with getattr(concurrent.futures, sys.argv[4])(workers) as executor:
        list(executor.map(spin, [steps] * 50 * workers))
        began = perf_counter()
        results = set(executor.map(spin, [steps] * n))
        seconds = perf_counter() - began
    assert results == {spin(steps)}
    print(json.dumps({"figure": n / seconds}))


if __name__ == "__main__":
    main()
