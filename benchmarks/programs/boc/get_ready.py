"""`get()` of a result that is there already: nobody has to be waited for."""

import json
import sys
from time import perf_counter

from bocpy import Cown, quiesce, start, wait, when

WARM_UP = 1_000


def microseconds(look, n):
    """Of one call, with the loop around it."""
    for _ in range(WARM_UP):
        look()
    began = perf_counter()
    for _ in range(n):
        look()
    return 1e6 * (perf_counter() - began) / n


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    start(worker_count=workers)

    @when()
    def number():
        return 12345

    @when()
    def record():
        return {"a": 1, "b": 2.0}

    quiesce()
    assert (number.get(), record.get()) == (12345, {"a": 1, "b": 2.0})
    figure = microseconds(number.get, n)
    details = {
        "us for a dict that a worker has made": microseconds(record.get, n // 10),
        "us for an int that no behavior had": microseconds(Cown(5).get, n),
        "us for peek()": microseconds(number.peek, n),
        "us for done()": microseconds(number.done, n),
    }
    wait()
    print(json.dumps({"figure": figure, "details": details}))


if __name__ == "__main__":
    main()
