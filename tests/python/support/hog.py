"""A behavior that keeps the GIL of its interpreter in a single call of C, for as long as a test wants it to.

The two communicate by the first two bytes of a file. That file is mapped into memory, so the call can read it without
any Python code, which would let other threads have the GIL.
"""

import time


def hog_until_told(path):
    """Writes that it has begun, and returns when the test ends it; all in one call."""
    import collections
    import functools
    import itertools
    import mmap
    import operator

    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 2) as shared:
        begin = map(operator.setitem, [shared], [0], [ord("!")])
        go_on = iter(functools.partial(operator.getitem, shared, 1), ord("!"))
        collections.deque(itertools.chain(begin, go_on), maxlen=0)


class Hog:
    """The test's side of the file."""

    def __init__(self, path):
        self.path = str(path)
        with open(self.path, "wb") as file:
            file.write(b"..")

    def await_begin(self):
        """Returns once nobody else can get that GIL any more."""
        begun = False
        while not begun:
            time.sleep(0.01)
            with open(self.path, "rb") as file:
                begun = file.read(1) == b"!"

    def end(self):
        with open(self.path, "r+b") as file:
            file.seek(1)
            file.write(b"!")
