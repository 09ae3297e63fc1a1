"""Values whose end a test can observe, and helpers for that."""

import gc
import os

from bocpy import quiesce, wait, when

from support.place import interpreter


class Loud:
    """Writes to a pipe in which interpreter it died. Copies in other interpreters write nothing."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.home = interpreter()

    def __reduce__(self):
        return Loud, (None,)

    def __del__(self):
        if self.descriptor is not None:
            os.write(self.descriptor, b"h" if self.home == interpreter() else b"x")


def put(make):
    """A body that puts the result of ``make`` into its cown."""

    def body(c):
        c.value = make()

    return body


def read_exactly(descriptor, count):
    data = b""
    while len(data) < count:
        data += os.read(descriptor, count - len(data))
    return data


def come_by(done):
    """Runs behaviors on the workers until ``done()``; workers then drop objects that have died elsewhere."""
    for _ in range(100):
        if done():
            return
        gc.collect()
        when()(lambda: None)
        quiesce(60)
    # One of the workers may have slept all the time.
    wait()
    if done():
        return
    raise AssertionError("nothing came of it")
