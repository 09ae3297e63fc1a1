"""`Executor.map` over calls that do next to nothing."""

import concurrent.futures
import json
import sys
from time import perf_counter


def increment(i):
    return i + 1


def main():
    workers, n, pool = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    with getattr(concurrent.futures, pool)(workers) as executor:
        assert list(executor.map(increment, range(1000))) == list(range(1, 1001))
        began = perf_counter()
        results = list(executor.map(increment, range(n)))
        took = perf_counter() - began
        assert results == list(range(1, n + 1))

        few = n // 10
        began = perf_counter()
        futures = [executor.submit(increment, i) for i in range(few)]
        assert [future.result() for future in futures] == list(range(1, few + 1))
        submitting = perf_counter() - began
    print(json.dumps({"figure": n / took, "details": {"us per submit() and result()": 1e6 * submitting / few}}))


if __name__ == "__main__":
    main()
