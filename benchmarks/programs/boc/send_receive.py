"""Send an int and receive it, in the main thread."""

import json
import sys
from time import perf_counter

from bocpy import receive, send

WARM_UP = 4_000


def exchange(n):
    total = 0
    for i in range(n):
        send("number", i)
        total += receive("number")[1]
    return total


def main():
    n = int(sys.argv[2])
    exchange(WARM_UP)

    began = perf_counter()
    total = exchange(n)
    seconds = perf_counter() - began

    assert total == n * (n - 1) // 2
    print(json.dumps({"figure": n / seconds}))


if __name__ == "__main__":
    main()
