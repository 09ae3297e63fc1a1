"""Chains of behaviors, four or as many as a third argument says: each behavior schedules the next one over its cown,
from within its body."""

import json
import sys
from time import perf_counter, process_time

from bocpy import Cown, quiesce, start, wait, when

CHAINS = 4
WARM_UP = 1_000


def link(left):
    @when(left)
    def _(left):
        left.value -= 1
        if left.value:
            link(left)


def run(count, length):
    """Seconds for all chains to run down from this length, and of processor time."""
    chains = [Cown(length) for _ in range(count)]
    began, worked = perf_counter(), process_time()
    for chain in chains:
        link(chain)
    quiesce()
    seconds, busy = perf_counter() - began, process_time() - worked
    assert [chain.unwrap() for chain in chains] == [0] * count
    return seconds, busy


def main():
    workers, n, count = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else CHAINS
    start(worker_count=workers)
    run(count, WARM_UP)
    seconds, busy = run(count, n // count)
    wait()
    print(json.dumps({"figure": n // count * count / seconds, "details": {"CPUs busy": busy / seconds}}))


if __name__ == "__main__":
    main()
