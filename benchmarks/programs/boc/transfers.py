"""Move 1 from one cown to another per behavior, with that much pure Python before; the pairs are random, and the same
in every run."""

import json
import random
import sys
from time import perf_counter, process_time

from bocpy import Cown, quiesce, start, wait, when


def schedule(cowns, pairs, steps):
    for source, target in pairs:

        @when(cowns[source], cowns[target])
        def _(a, b, steps=steps):
            x = 1
            for _ in range(steps):
                x = (x * 1103515245 + 12345) % 2147483648
            a.value -= 1
            b.value += 1


def main():
    workers, n, steps, count = map(int, sys.argv[1:5])
    choose = random.Random(64)
    pairs = [choose.sample(range(count), 2) for _ in range(n)]
    warm_up = pairs[: 50 * workers]
    cowns = [Cown(0) for _ in range(count)]
    start(worker_count=workers)
    schedule(cowns, warm_up, steps)
    quiesce()

    began, worked = perf_counter(), process_time()
    schedule(cowns, pairs, steps)
    scheduling = perf_counter() - began
    quiesce()
    seconds, busy = perf_counter() - began, process_time() - worked

    expected = [0] * count
    for source, target in warm_up + pairs:
        expected[source] -= 1
        expected[target] += 1
    assert [cown.unwrap() for cown in cowns] == expected
    wait()
    details = {"CPUs busy": busy / seconds, "s of scheduling": scheduling}
    print(json.dumps({"figure": n / seconds, "details": details}))


if __name__ == "__main__":
    main()
