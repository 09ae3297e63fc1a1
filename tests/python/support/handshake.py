"""How a test knows that a behavior is running, and keeps it running, without sleeping.

File descriptors belong to the process, so they serve threads and interpreters alike; a handshake can be captured by
a behavior on either host.
"""

import os


class Handshake:
    """A behavior calls ``arrive()``; the test calls ``await_arrival()`` and later ``let_go()``."""

    def __init__(self):
        self.arrivals, self.arrive_at = os.pipe()
        self.depart_from, self.departures = os.pipe()

    def arrive(self):
        """In a behavior: say that it is running, and stay until the test lets it go."""
        os.write(self.arrive_at, b".")
        os.read(self.depart_from, 1)

    def say(self):
        """In a behavior: say that it is running, and go on."""
        os.write(self.arrive_at, b".")

    def await_arrival(self, count=1):
        """In the test: return when ``count`` more behaviors have arrived."""
        for _ in range(count):
            os.read(self.arrivals, 1)

    def let_go(self, count=1):
        """In the test: let ``count`` behaviors go on."""
        os.write(self.departures, b"." * count)

    def let_all_go(self):
        """Let every behavior go on, those still to arrive too."""
        if self.departures is not None:
            os.close(self.departures)
            self.departures = None

    def close(self):
        self.let_all_go()
        for descriptor in (self.arrivals, self.arrive_at, self.depart_from):
            os.close(descriptor)
