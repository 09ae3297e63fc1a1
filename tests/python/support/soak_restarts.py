"""Starts and stops with any number of workers, while threads schedule and wait, and an end of any kind."""

import os
import sys
import threading

import bocpy
from bocpy import Cown, quiesce, start, wait, when

from support.backend import BACKEND
from support.soak_boxes import Thing
from support.soak_round import check, run


class Left:
    """Stays on the worker where a behavior has left it, for as long as nobody needs it elsewhere."""

    def __init__(self):
        self.parts = [Thing([]), bytearray(20_000)]

    def step(self):
        self.parts[0].touch(self.parts[0].steps)
        self.parts[1][-1] ^= 1


class Cycle:
    """The counts of one program through many starts and stops. `totals` are the real ones, `expected` the model's."""

    def __init__(self, rolls):
        self.rolls = rolls
        self.totals = [Cown(Left()) for _ in range(rolls.randrange(1, 6))]
        self.expected = [0] * len(self.totals)
        # By threads that behaviors or the program have started, and by functions of atexit.
        self.others = Cown(0)
        self.others_expected = 0

    def schedule(self):
        for _ in range(self.rolls.randrange(1, 20)):
            n = self.rolls.randrange(len(self.totals))
            when(self.totals[n])(lambda total: total.value.step())
            self.expected[n] += 1

    def schedule_over_two(self):
        if len(self.totals) > 1:
            one, other = self.rolls.sample(range(len(self.totals)), 2)

            @when(self.totals[one], self.totals[other])
            def _(one, other):
                one.value.step()
                other.value.step()
                one.value, other.value = other.value, one.value

            counts = self.expected
            counts[one], counts[other] = counts[other] + 1, counts[one] + 1

    def thread_of_a_behavior(self):
        """It may schedule before the workers end, or when they have ended."""
        others, count = self.others, self.rolls.randrange(1, 10)

        @when()
        def _():
            in_thread(others, count)

        self.others_expected += count

    def atexit_of_a_worker(self):
        if BACKEND == "interpreters":
            others = self.others

            @when()
            def _():
                at_end_of_worker(others)

            self.others_expected += 1

    def thread_of_the_program(self):
        """It schedules, and another one waits."""
        count = self.rolls.randrange(1, 50)
        others, waits = self.others, self.rolls.choice([wait, quiesce])

        def schedules():
            for _ in range(count):
                add(others)

        threads = [threading.Thread(target=schedules), threading.Thread(target=waits)]
        for thread in threads:
            thread.start()
        self.schedule()
        if self.rolls.random() < 0.3:
            wait()
        for thread in threads:
            thread.join()
        self.others_expected += count

    def look(self):
        """After `wait`, the main program uses all cowns; it may also change them."""
        self.settle()
        if self.rolls.random() < 0.2:
            wait()
        for n, total in enumerate(self.totals):
            check(total.value.parts[0].steps, self.expected[n], f"cown {n}")
            check(total.value.parts[1][-1], self.parity(n), f"the bytes of cown {n}")
            if self.rolls.random() < 0.2:
                total.value.step()
                self.expected[n] += 1

        check(self.others.value, self.others_expected, "what threads and functions of atexit have scheduled")

    def settle(self):
        """Waits for all, and for threads that behaviors have started. Worker interpreters wait for theirs."""
        quiesce()
        if BACKEND == "threads":
            for thread in threading.enumerate():
                if thread is not threading.main_thread() and not thread.daemon:
                    thread.join()
        when()(lambda: None)  # a `wait` that has no workers to stop does not open cowns
        wait()

    def parity(self, n):
        return self.expected[n] % 2

    def look_at_some(self):
        quiesce()
        n = self.rolls.randrange(len(self.totals))
        with self.totals[n] as total:
            check(total.value.parts[0].steps, self.expected[n], f"cown {n}")

    def wait_in_vain(self):
        try:
            self.rolls.choice([wait, quiesce])(self.rolls.choice([0, 0.0001, 0.01]))
        except TimeoutError:
            pass

    def renew(self):
        """A cown whose value is on a worker is dropped, perhaps after that worker."""
        n = self.rolls.randrange(len(self.totals))
        self.totals[n] = Cown(Left())
        self.expected[n] = 0

    def start(self):
        start(self.rolls.randrange(1, 5))


def add(others):
    @bocpy.when(others)
    def _(others):
        others.value += 1


def in_thread(others, count):
    def later():
        for _ in range(count):
            add(others)

    threading.Thread(target=later).start()


def at_end_of_worker(others):
    import atexit

    atexit.register(add, others)


STEPS = [
    *[Cycle.schedule] * 4,
    *(Cycle.schedule_over_two, Cycle.thread_of_a_behavior, Cycle.atexit_of_a_worker, Cycle.thread_of_the_program),
    *(Cycle.look, Cycle.look, Cycle.look_at_some, Cycle.wait_in_vain, Cycle.renew, Cycle.start),
]


def attack(rolls):
    cycle = Cycle(rolls)
    for _ in range(rolls.randrange(5, 60)):
        rolls.choice(STEPS)(cycle)
    return rolls.choice([end_by_wait, end_without_wait, end_beside_daemon])(cycle)


def end_by_wait(cycle):
    cycle.schedule()
    cycle.look()


def end_without_wait(cycle):
    """The last behavior says whether all is right, and the program ends in one way or another."""
    quiesce()
    last_look(cycle.totals, cycle.expected)
    if cycle.rolls.random() < 0.5:
        sys.exit(0)
    return "later"


def end_beside_daemon(cycle):
    """A daemon thread still schedules: that works, or there is an error that says why not."""
    go_on = threading.Event()

    def schedules():
        count = 0
        while True:
            try:
                add(cycle.others)
            except RuntimeError as error:
                if "the program is exiting" not in str(error):
                    os.write(1, f"the daemon thread: {error}\n".encode())
                return
            count += 1
            if count == 20:
                go_on.set()
            if count > 20_000:
                return

    threading.Thread(target=schedules, daemon=True).start()
    go_on.wait()
    if cycle.rolls.random() < 0.3:
        cycle.schedule()
    last_look(cycle.totals, cycle.expected)
    return "later"


def last_look(totals, expected):
    expected = list(expected)

    @when(totals)
    def _(totals):
        found = [total.value.parts[0].steps for total in totals]
        os.write(1, b"passed\n" if found == expected else f"found {found}, expected {expected}\n".encode())


if __name__ == "__main__":
    run(attack)
