"""Four chains of behaviors: each behavior schedules the next one over its cown, from within its body."""

import json
import sys
from time import perf_counter

from bocpy import Cown, quiesce, start, wait, when

CHAINS = 4
WARM_UP = 1_000


def link(left):
    @when(left)
    def _(left):
        left.value -= 1
        if left.value:
            link(left)


def run(length):
    """Seconds for all chains to run down from this length."""
    chains = [Cown(length) for _ in range(CHAINS)]
    began = perf_counter()
    for chain in chains:
        link(chain)
    quiesce()
    seconds = perf_counter() - began
    assert [chain.unwrap() for chain in chains] == [0] * CHAINS
    return seconds


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    start(worker_count=workers)
    run(WARM_UP)
    seconds = run(n // CHAINS)
    wait()
    print(json.dumps({"figure": n // CHAINS * CHAINS / seconds}))


if __name__ == "__main__":
    main()
