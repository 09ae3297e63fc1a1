"""From `send` until a receiver has the message, which slept until then: from a behavior to the main thread."""

import json
import sys
from statistics import median, quantiles
from time import perf_counter, sleep

from bocpy import receive, send, start, wait, when

PAUSE = 0.002  # enough for the receiver to fall asleep
WARM_UP = 20


def main():
    messages = int(sys.argv[2])
    start(worker_count=1)

    @when()
    def _(messages=messages):
        for _ in range(messages + WARM_UP):
            sleep(PAUSE)
            send("time", perf_counter())

    times = []
    for _ in range(messages + WARM_UP):
        sent = receive("time")[1]
        times.append(1e6 * (perf_counter() - sent))
    wait()

    times = times[WARM_UP:]
    details = {"us in nine of ten cases": quantiles(times, n=10)[-1], "us at least": min(times)}
    print(json.dumps({"figure": median(times), "details": details}))


if __name__ == "__main__":
    main()
