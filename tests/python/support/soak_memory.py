"""Little memory: what is refused is a MemoryError, and all that was not refused is whole.

Only one thing is done at a time, and values are small or far larger than what is left: so small allocations succeed.
"""

import sys

from bocpy import Cown, quiesce, read, receive, send, start, wait, when, whencall

from support.soak_round import check, run

MB = 1 << 20
KINDS = ["bytes", "bytearray", "list", "str", "wide str", "dict"]


def made(kind, size, mark):
    """A large value. `mark`: a number below 100, to be found again at both ends."""
    if kind == "bytes":
        return bytes([mark]) * size
    if kind == "bytearray":
        value = bytearray(size)
        value[0] = value[-1] = mark
        return value
    if kind == "list":
        return [mark, bytearray(b"small"), made("bytearray", size, mark), [mark]]
    if kind == "dict":
        return {"mark": mark, "in": {"deep": made("bytes", size, mark)}}
    character = chr(mark + 32) if kind == "str" else chr(0x5B57 + mark)
    return character * (size if kind == "str" else size // 2)


def summary(kind, value):
    """What is to be seen of such a value: type, size, both ends."""
    if kind == "list":
        return type(value), value[0], bytes(value[1]), value[3], summary("bytearray", value[2])
    if kind == "dict":
        return type(value), list(value), value["mark"], summary("bytes", value["in"]["deep"])
    return type(value), len(value), value[0], value[-1]


def expected(kind, size, mark):
    """The summary of `made(kind, size, mark)`, without making anything large."""
    if kind == "list":
        return list, mark, b"small", [mark], expected("bytearray", size, mark)
    if kind == "dict":
        return dict, ["mark", "in"], mark, expected("bytes", size, mark)
    if kind in ("bytes", "bytearray"):
        return type(made(kind, 1, 0)), size, mark, mark
    one = made(kind, 2, mark)
    return str, size if kind == "str" else size // 2, one[0], one[0]


class Limit:
    """Takes away memory inside the block."""

    def __init__(self, spare):
        self.spare = spare

    def __enter__(self):
        import resource

        if self.spare:
            with open("/proc/self/statm") as file:
                used = int(file.read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + self.spare, resource.RLIM_INFINITY))

    def __exit__(self, *_):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


class Attack:
    def __init__(self, rolls):
        self.rolls = rolls
        self.cowns = [Cown(None) for _ in range(3)]
        # Kind, size and mark of what is in each cown; None while that is small.
        self.held = [None] * len(self.cowns)

    def any(self):
        return self.rolls.randrange(len(self.cowns))

    def description(self):
        return self.rolls.choice(KINDS), self.rolls.randrange(100, 200) * MB, self.rolls.randrange(1, 90)

    def limit(self):
        return Limit(self.rolls.choice([0, 60, 80, 130, 260, 420]) * MB)

    def ran(self, result):
        """Waits for a behavior. Whether it had the memory that it needed."""
        quiesce()
        try:
            result.unwrap()
        except MemoryError:
            return False
        return True

    def make_here(self):
        """The main program makes it, with memory enough, and hands it over, with little."""
        n, description = self.any(), self.description()
        value = made(*description)
        try:
            with self.limit():
                cown = Cown(value)
        except MemoryError:
            del value
            return
        del value
        self.cowns[n], self.held[n] = cown, description

    def make_there(self):
        """A body makes it; the cown has it, or what it had before."""
        n, description = self.any(), self.description()

        def body(cown):
            cown.value = made(*description)

        with self.limit():
            ran = self.ran(when(self.cowns[n])(body))
        if ran:
            self.held[n] = description

    def look_here(self):
        n = self.any()
        try:
            with self.limit(), self.cowns[n] as cown:
                self.compare(n, cown)
        except MemoryError:
            pass

    def look_there(self):
        n = self.any()
        if self.held[n] is None:
            return
        kind, wanted = self.held[n][0], expected(*self.held[n])
        claim = self.rolls.choice([read, lambda cown: cown])

        def body(cown):
            check(summary(kind, cown.value), wanted, "a value on a worker")

        with self.limit():
            self.ran(when(claim(self.cowns[n]))(body))

    def swap(self):
        """Two values, perhaps on two workers."""
        one, other = self.rolls.sample(range(len(self.cowns)), 2)

        def body(one, other):
            there = other.value
            one.value, other.value = there, one.value

        with self.limit():
            ran = self.ran(when(self.cowns[one], self.cowns[other])(body))
        if ran:
            self.held[one], self.held[other] = self.held[other], self.held[one]

    def empty(self):
        """By `unwrap`, or by a body."""
        n = self.any()
        try:
            with self.limit():
                if self.rolls.random() < 0.5:
                    self.cowns[n].unwrap()
                elif not self.ran(when(self.cowns[n])(lambda cown: setattr(cown, "value", None))):
                    return
        except MemoryError:
            return
        self.held[n] = None
        self.compare_all()

    def capture(self):
        kind, size, mark = self.description()
        value, wanted = made(kind, size, mark), expected(kind, size, mark)
        result = None
        try:
            with self.limit():
                result = whencall(lambda value: check(summary(kind, value), wanted, "a capture"), [], [value])
                del value
                self.ran(result)
        except MemoryError:
            check(result, None, "the behavior")

    def message(self):
        """It was sent or refused; one that cannot be opened stays the next one."""
        kind, size, mark = self.description()
        value = made(kind, size, mark)
        try:
            with self.limit():
                send("large", value)
        except MemoryError:
            check(receive("large", 0)[1], None, "what was refused")
            return
        del value
        try:
            with self.limit():
                tag, got = receive("large", 0)
        except (MemoryError, RuntimeError) as error:
            if not isinstance(error, MemoryError) and "MemoryError" not in str(error):
                raise
            tag, got = receive("large", 0)
        check(summary(kind, got), expected(kind, size, mark), "a message")

    def stop(self):
        """Values on workers are saved, with memory enough."""
        wait()
        self.compare_all()
        self.begin()

    def stop_short(self):
        """What cannot be saved is lost, and everyone who asks for it is told."""
        with self.limit():
            wait()
        for n, cown in enumerate(self.cowns):
            try:
                cown.acquire()
                cown.value
            except (MemoryError, TypeError) as error:
                if "lost" not in str(error) or "memory" not in str(error):
                    raise
                self.held[n] = None
                cown.value = None
            finally:
                cown.release()
        self.compare_all()
        self.begin()

    def begin(self):
        """All workers have run something, before there is little memory."""
        count = self.rolls.randrange(1, 3)
        start(count)
        for _ in range(4 * count):
            when()(lambda: summary("bytes", made("bytes", 10, 1)))
        quiesce()

    def compare(self, n, cown):
        if self.held[n] is None:
            check(cown.value, None, f"cown {n}")
        else:
            kind, size, mark = self.held[n]
            check(summary(kind, cown.value), expected(kind, size, mark), f"cown {n}")

    def compare_all(self):
        quiesce()
        for n, cown in enumerate(self.cowns):
            with cown:
                self.compare(n, cown)


STEPS = [
    *(Attack.make_here, Attack.make_there, Attack.make_there, Attack.look_here, Attack.look_there, Attack.look_there),
    *(Attack.swap, Attack.swap, Attack.empty, Attack.capture, Attack.message, Attack.stop, Attack.stop_short),
]


def attack(rolls):
    if sys.platform != "linux":
        return "skipped"
    program = Attack(rolls)
    program.begin()
    for _ in range(rolls.randrange(5, 15)):
        rolls.choice(STEPS)(program)
    program.compare_all()
    wait()


if __name__ == "__main__":
    run(attack)
