"""One behavior sends small tuples to another one, on another worker."""

import json
import sys
from time import perf_counter

from bocpy import quiesce, receive, send, start, wait, when

# The producer is at most two batches ahead: the peer takes no more than 16,384 messages of a tag.
BATCH = 4_000
WARM_UP = 3


def produce(batches):
    @when()
    def _(batches=batches):
        for batch in range(batches):
            if batch >= 2:
                receive("done")
            for i in range(BATCH):
                send("item", (i, "item", 0.5))


def consume(batches):
    @when()
    def consumed(batches=batches):
        total = 0
        began = perf_counter()
        for _ in range(batches):
            for _ in range(BATCH):
                total += receive("item")[1][0]
            send("done", None)
        return total, perf_counter() - began

    return consumed


def run(batches):
    """Seconds for all batches."""
    consumed = consume(batches)
    produce(batches)
    quiesce()
    total, seconds = consumed.unwrap()
    assert total == batches * BATCH * (BATCH - 1) // 2
    for _ in range(min(batches, 2)):
        receive("done")  # nobody has waited for the last ones
    return seconds


def main():
    batches = max(1, int(sys.argv[2]) // BATCH)
    start(worker_count=2)
    run(WARM_UP)
    seconds = run(batches)
    wait()
    print(json.dumps({"figure": batches * BATCH / seconds}))


if __name__ == "__main__":
    main()
