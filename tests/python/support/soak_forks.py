"""Forks between and during work, and in threads: the child starts clean, and the parent notices nothing."""

import logging  # noqa: F401 (a thread that imports it during a fork registers its fork hooks too late for that fork)
import os
import threading
import warnings

from bocpy import Cown, notice_read, notice_seed, quiesce, receive, send, start, wait, when

from support.soak_boxes import Thing, fresh, touch
from support.soak_round import check, run

# What a child ends with.
RIGHT, WRONG = 40, 41


def bump(cown, amount):
    """Adds to a counter and to the list of another cown."""
    cown.value.touch(amount)


def own_work(rolls):
    """What a process can do by itself, whatever the others do."""
    if rolls.random() < 0.5:
        start(rolls.randrange(1, 4))
    cowns = [Cown(Thing([])) for _ in range(rolls.randrange(1, 5))]
    count = rolls.randrange(1, 20)
    for n in range(count):
        when(cowns[n % len(cowns)])(lambda cown: bump(cown, n))

    @when(cowns)
    def result(cowns):
        return [cown.value.steps for cown in cowns]

    @when()
    def failed():
        send("own", [os.getpid()])
        raise LookupError("in the child")

    check(receive("own", 60), ("own", [os.getpid()]), "the message")
    wait(60) if rolls.random() < 0.5 else quiesce(60)
    check(sum(result.unwrap()), count, "the steps")
    try:
        failed.unwrap()
    except LookupError as error:
        check(error.args, ("in the child",), "the exception")
    else:
        raise AssertionError("no exception")
    notice_seed("own", count)
    check(notice_read("own"), count, "the notice")


def in_child(rolls, depth):
    """All of a child's life. It never returns."""
    status = WRONG
    try:
        for _ in range(rolls.randrange(3)):
            own_work(rolls)
        if depth and rolls.random() < 0.3:
            join_child(fork(rolls, depth - 1))
        status = RIGHT
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def fork(rolls, depth=1):
    """Starts a child, which takes its own numbers from here."""
    seed = rolls.random()
    pid = os.fork()
    if pid == 0:
        rolls.seed(seed)
        in_child(rolls, depth)
    return pid


def join_child(pid):
    check(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), RIGHT, "the status of the child")


class Parent:
    def __init__(self, rolls):
        self.rolls = rolls
        self.total, self.steps = Cown(0), Cown(Thing([]))
        self.scheduled = 0
        self.children = []

    def schedule(self):
        """Short behaviors: with worker interpreters a fork waits for those that run."""
        for _ in range(self.rolls.randrange(40)):
            amount = self.rolls.choice([0, 100, 3000])

            @when(self.total, self.steps)
            def _(total, steps):
                total.value += 1 + 0 * sum(range(amount))
                bump(steps, amount)

            self.scheduled += 1

    def fork(self):
        self.children.append(fork(self.rolls))

    def fork_in_thread(self):
        thread = threading.Thread(target=self.fork)
        thread.start()
        self.schedule()
        thread.join()

    def fork_beside_a_scheduling_thread(self):
        ran, amount = Cown(0), self.rolls.randrange(1, 100)

        def schedules():
            for _ in range(amount):
                when(ran)(lambda ran: setattr(ran, "value", ran.value + 1))

        thread = threading.Thread(target=schedules)
        thread.start()
        self.fork()
        thread.join()
        quiesce()
        check(ran.unwrap(), amount, "what the thread scheduled")

    def fork_with_a_cown(self):
        """A cown that the parent holds has its value in the child, too."""
        quiesce()
        value = fresh(self.rolls)
        cown = Cown(value)
        with cown:
            touch(cown.value, self.rolls)
            self.fork()
            repr(cown.value)

    def collect(self):
        while self.children:
            join_child(self.children.pop())


def attack(rolls):
    warnings.simplefilter("ignore", DeprecationWarning)
    parent = Parent(rolls)
    if rolls.random() < 0.7:
        start(rolls.randrange(1, 5))
    steps = [Parent.schedule] * 4 + [Parent.fork] * 2
    steps += [Parent.fork_in_thread, Parent.fork_beside_a_scheduling_thread, Parent.fork_with_a_cown, Parent.collect]
    for _ in range(rolls.randrange(5, 25)):
        rolls.choice(steps)(parent)
        roll = rolls.random()
        if roll < 0.1:
            wait()
        elif roll < 0.2:
            quiesce()
    parent.collect()
    wait()
    with parent.total as total, parent.steps as steps:
        check((total.value, steps.value.steps), (parent.scheduled,) * 2, "the counts of the parent")
    own_work(rolls)
    wait()


if __name__ == "__main__":
    run(attack)
