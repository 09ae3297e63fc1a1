"""Change one of the ten fields of an instance per behavior; eight such cowns, scheduled round-robin from main."""

import json
import sys
from time import perf_counter

from bocpy import Cown, quiesce, start, wait, when

COWNS = 8
WARM_UP = 400


class Record:
    def __init__(self, number):
        self.number = number
        self.name = f"record {number}"
        self.kind = "benchmark"
        self.active = True
        self.hits = 0
        self.score = 0.5
        self.position = (1.0, 2.0)
        self.parent = None
        self.size = 1_000
        self.note = "one of eight"


def schedule(cowns, n):
    for i in range(n):

        @when(cowns[i % COWNS])
        def _(c):
            c.value.hits += 1


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    cowns = [Cown(Record(i)) for i in range(COWNS)]
    start(worker_count=workers)
    schedule(cowns, WARM_UP)
    quiesce()

    began = perf_counter()
    schedule(cowns, n)
    quiesce()
    seconds = perf_counter() - began

    assert sum(cown.unwrap().hits for cown in cowns) == WARM_UP + n
    wait()
    print(json.dumps({"figure": n / seconds}))


if __name__ == "__main__":
    main()
