"""How long it takes to get a value from a worker that is busy with a behavior, and the cost for that behavior."""

import json
import os
import sys
from statistics import median
from threading import get_ident
from time import perf_counter, sleep

from bocpy import Cown, quiesce, start, wait, when

FETCHES = 12  # per busy behavior; by the main thread and by another worker in turn
PAUSE = 0.002
STEPS = 1_300_000  # about 100 ms


def spin(steps):
    x = 1
    for _ in range(steps):
        x = (x * 1103515245 + 12345) % 2147483648
    return x


def leave(home, cowns):
    """Leave values on a worker."""

    @when(home, cowns)
    def worker(home, cowns):
        for i, cown in enumerate(cowns):
            cown.value = {"a": i, "b": 1.0}
        return get_ident()

    return worker


def keep_busy(home, pipe):
    """Spin on the worker that has just had the cown, and tell when that begins."""

    @when(home)
    def busy(home, pipe=pipe):
        os.write(pipe, b"!")
        began = perf_counter()
        spin(STEPS)
        return get_ident(), began, perf_counter()

    return busy


def fetch_by_main(cown):
    began = perf_counter()
    with cown:
        assert cown.value["b"] == 1.0
        return began, perf_counter()


def fetch_by_worker(cown):
    @when(cown)
    def times(cown):
        began = perf_counter()
        assert cown.value["b"] == 1.0
        return began, perf_counter()

    return times


def run(fetches):
    """Microseconds of the busy behavior, and of the fetches during it; None if it ran on another worker."""
    home, *cowns = [Cown(None) for _ in range(1 + FETCHES)]
    reading, writing = os.pipe()
    worker, busy = leave(home, cowns), keep_busy(home, writing)
    os.read(reading, 1)
    by_main, by_worker = [], []
    for i, cown in enumerate(cowns[:fetches]):
        sleep(PAUSE)
        if i % 2 == 0:
            by_main.append(fetch_by_main(cown))
        else:
            by_worker.append(fetch_by_worker(cown))
    quiesce()
    os.close(reading)
    os.close(writing)

    by_worker = [times.unwrap() for times in by_worker]
    spun_on, began, ended = busy.unwrap()
    if worker.unwrap() != spun_on:
        return None
    meanwhile = ([1e6 * (b - a) for a, b in times if b < ended] for times in (by_main, by_worker))
    return 1e6 * (ended - began), *meanwhile


def main():
    workers, rounds = int(sys.argv[1]), int(sys.argv[2])
    start(worker_count=workers)
    run(FETCHES)

    by_main, by_worker, extra = [], [], []
    for _ in range(rounds):
        quiet, disturbed = run(0), run(FETCHES)
        if quiet and disturbed:
            by_main += disturbed[1]
            by_worker += disturbed[2]
            extra.append((disturbed[0] - quiet[0]) / FETCHES)
    wait()
    details = {
        "us at most": max(by_main),
        "us by another worker": median(by_worker),
        "us by it at most": max(by_worker),
        "us more for the busy behavior per fetch": median(extra),
        "fetches": len(by_main) + len(by_worker),
    }
    print(json.dumps({"figure": median(by_main), "details": details}))


if __name__ == "__main__":
    main()
