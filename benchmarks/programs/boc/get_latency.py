"""From a body's end until the thread that waits in `get()` goes on, beside a `threading.Event` between two threads."""

import json
import sys
from statistics import median, quantiles
from threading import Event, Thread
from time import perf_counter, sleep

from bocpy import start, wait, when

PAUSE = 0.002  # enough for the one who waits to fall asleep
WARM_UP = 20


def by_get():
    """Microseconds until the result of a behavior is there."""

    @when()
    def ended():
        sleep(PAUSE)
        return perf_counter()

    then = ended.get()
    return 1e6 * (perf_counter() - then)


class Setter:
    """A thread that sets one event after the other."""

    def __init__(self):
        self.wanted, self.event = Event(), Event()
        Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            self.wanted.wait()
            self.wanted.clear()
            sleep(PAUSE)
            self.ended = perf_counter()
            self.event.set()

    def microseconds(self):
        """Until the other thread's event is there."""
        self.event.clear()
        self.wanted.set()
        self.event.wait()
        return 1e6 * (perf_counter() - self.ended)


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    start(worker_count=workers)
    setter = Setter()
    gets, events = [], []
    for _ in range(n + WARM_UP):  # in turn, so that a disturbance affects both
        gets.append(by_get())
        events.append(setter.microseconds())
    wait()
    gets, events = gets[WARM_UP:], events[WARM_UP:]
    details = {
        "us for get()": median(gets),
        "us in nine of ten cases": quantiles(gets, n=10)[-1],
        "us for Event.wait()": median(events),
        "us for it in nine of ten cases": quantiles(events, n=10)[-1],
    }
    print(json.dumps({"figure": median(gets) / median(events), "details": details}))


if __name__ == "__main__":
    main()
