"""Hand a bytearray of 64 MB from one cown to another, and back, and change one of its bytes each time."""

import json
import sys
from time import perf_counter

from bocpy import Cown, quiesce, start, wait, when

BYTES = 64_000_000
WARM_UP = 5


def schedule(left, right, n):
    for i in range(n):

        @when(left, right)
        def _(a, b, position=i * 4_096 % BYTES):
            source, target = (a, b) if b.value is None else (b, a)
            target.value, source.value = source.value, None
            target.value[position] ^= 1


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    left, right = Cown(bytearray(BYTES)), Cown(None)
    start(worker_count=workers)
    schedule(left, right, WARM_UP)
    quiesce()

    began = perf_counter()
    schedule(left, right, n)
    quiesce()
    seconds = perf_counter() - began

    expected = bytearray(BYTES)
    for i in [*range(WARM_UP), *range(n)]:
        expected[i * 4_096 % BYTES] ^= 1
    found = left.unwrap(), right.unwrap()
    assert found == ((expected, None) if (WARM_UP + n) % 2 == 0 else (None, expected))
    wait()
    print(json.dumps({"figure": n / seconds}))


if __name__ == "__main__":
    main()
