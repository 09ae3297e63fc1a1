"""Behaviors on all workers count with `notice_update` in one entry of the noticeboard."""

import json
import operator
import sys
from functools import partial
from time import perf_counter

from bocpy import Cown, notice_seed, notice_update, quiesce, start, wait, when

UPDATES = 100  # by each behavior
COWNS = 8
WARM_UP = 8


def schedule(cowns, n):
    for i in range(n):

        @when(cowns[i % COWNS])
        def _(c):
            for _ in range(UPDATES):
                notice_update("count", partial(operator.add, 1), 0)


def main():
    workers, behaviors = int(sys.argv[1]), max(1, int(sys.argv[2]) // UPDATES)
    cowns = [Cown(0) for _ in range(COWNS)]
    start(worker_count=workers)
    notice_seed("count", 0)
    schedule(cowns, WARM_UP)
    quiesce(noticeboard=True)

    began = perf_counter()
    schedule(cowns, behaviors)
    board = quiesce(noticeboard=True)
    seconds = perf_counter() - began

    assert board["count"] == (WARM_UP + behaviors) * UPDATES
    wait()
    print(json.dumps({"figure": behaviors * UPDATES / seconds}))


if __name__ == "__main__":
    main()
