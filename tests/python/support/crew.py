"""How a test chooses the worker that runs a behavior: it holds all workers, and releases that one.

Each worker is held in its own body, which reads from a pipe, so that others can enter its interpreter meanwhile.
"""

import os
import struct
import threading

from bocpy import start, when, whencall

NUMBERS = struct.Struct("QQ")


def worker_name():
    """In a behavior: the worker that runs it, as `Crew` calls it."""
    return threading.get_ident()


def hold(arrive_at, gate):
    os.write(arrive_at, NUMBERS.pack(threading.get_ident(), gate))
    os.read(gate, 1)


def hold_after(done, arrive_at, gate):
    hold(arrive_at, gate)


def nothing(result):
    pass


class Crew:
    """All workers, held until the test has something for one of them to do.

    ``home, other = crew.start(2)`` starts them; ``crew.run(home, body, *cowns)`` runs a behavior on that worker.
    """

    def __init__(self):
        self.arrivals, self.arrive_at = os.pipe()
        # The gate that each worker is held at, and the ends by which gates are opened.
        self.gates = {}
        self.openings = {}

    def start(self, count):
        """Starts the workers and holds them. Returns their names."""
        start(count)
        for _ in range(count):
            gate, opening = os.pipe()
            self.openings[gate] = opening
            whencall(hold, [], [self.arrive_at, gate])
        workers = [self._next_arrival() for _ in range(count)]
        assert len(set(workers)) == count
        return workers

    def begin(self, worker, body, *cowns):
        """Lets a worker run ``body`` over ``cowns``, and holds it again after that. Returns the result's cown.

        Two workers that have nothing to do yet may swap their behaviors. So before the second one begins, the test
        must know that the first body runs, or neither body may end before the other runs.
        """
        gate = self.gates[worker]
        result = when(*cowns)(body)
        # The result is free again once the worker is held: the holding behavior needs only the end of the next one.
        whencall(hold_after, [when(result)(nothing)], [self.arrive_at, gate])
        os.write(self.openings[gate], b".")
        return result

    def await_return(self, *workers):
        """Returns when these workers, which have begun something, are held again."""
        returned = {self._next_arrival() for _ in workers}
        assert returned == set(workers), "a behavior ran on another worker than it was meant for"

    def run(self, worker, body, *cowns):
        """Runs ``body`` over ``cowns`` on a worker, to its end. The result can be read after ``dismiss``."""
        result = self.begin(worker, body, *cowns)
        self.await_return(worker)
        return result

    def dismiss(self):
        """Lets all workers go, for good."""
        for opening in self.openings.values():
            if opening is not None:
                os.close(opening)
        self.openings = dict.fromkeys(self.openings)

    def close(self):
        for descriptor in (self.arrivals, self.arrive_at, *self.openings):
            os.close(descriptor)

    def _next_arrival(self):
        worker, gate = NUMBERS.unpack(os.read(self.arrivals, NUMBERS.size))
        self.gates[worker] = gate
        return worker
