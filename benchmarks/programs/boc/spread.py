"""Equal work of about 150 us on the dicts of 64 cowns, in rounds: one worker against several, and each worker's
share."""

import json
import sys
from time import perf_counter

from bocpy import Cown, quiesce, start, wait, when

COWNS = 64
STEPS = 2_000
WARM_UP = 10
RAN = ("popped_local", "popped_via_steal", "dispatched_to_pending")  # together: the behaviors that a worker ran


def spin(state):
    x = state["x"]
    for _ in range(STEPS):
        x = (x * 1103515245 + 12345) % 2147483648
    state["x"] = x
    state["runs"] += 1


def schedule(cowns, rounds):
    for _ in range(rounds):
        for cown in cowns:

            @when(cown)
            def _(c):
                spin(c.value)


def ran(stats):
    """How many behaviors each worker ran since the start."""
    return [sum(worker[name] for name in RAN) for worker in stats]


def run(workers, rounds):
    """Seconds, and each worker's share in percent, the largest first."""
    cowns = [Cown({"x": 1, "runs": 0}) for _ in range(COWNS)]
    start(worker_count=workers)
    schedule(cowns, WARM_UP)
    before = ran(quiesce(stats=True))

    began = perf_counter()
    schedule(cowns, rounds)
    after = ran(quiesce(stats=True))
    seconds = perf_counter() - began

    assert {cown.unwrap()["runs"] for cown in cowns} == {WARM_UP + rounds}
    wait()
    shares = sorted((100 * (b - a) / (COWNS * rounds) for a, b in zip(before, after)), reverse=True)
    return seconds, shares


def main():
    workers, rounds = int(sys.argv[1]), int(sys.argv[2])
    alone, _ = run(1, rounds)
    together, shares = run(workers, rounds)
    details = {"s with 1 worker": alone, f"s with {workers}": together}
    details |= {f"% by worker {place}": share for place, share in enumerate(shares, 1)}
    print(json.dumps({"figure": alone / together, "details": details}))


if __name__ == "__main__":
    main()
