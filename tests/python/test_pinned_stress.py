"""Random programs with pinned cowns beside a model: behaviors over a common cown run in the order of scheduling."""

import os
import random
import threading
import time

import bocpy
from bocpy import CancelledError, Cown, PinnedCown, pump, quiesce, read, scope, set_pump_notify, start, wait, when
from support.threads import on_main

SECONDS = float(os.environ.get("STRESS_SECONDS", "0.4"))
KINDS = 6
"""That many cowns of each kind."""


def body(number, is_pinned, read_only):
    """Writes its number into all of its cowns."""

    def run(group):
        assert on_main() == is_pinned
        for cown in group:
            if not read_only:
                cown.value["log"].append(number)
        return number

    return run


class Program:
    """All cowns, and what each has to have in the end: the numbers of its writers in the order of scheduling."""

    def __init__(self):
        self.cowns = [Cown({"log": []}) for _ in range(KINDS)] + [PinnedCown({"log": []}) for _ in range(KINDS)]
        self.logs = [[] for _ in self.cowns]
        self.results = {}
        self.dropped = set()
        # Scheduling and noting that are one step.
        self.lock = threading.Lock()

    def schedule(self, random_, number):
        chosen = random_.sample(range(len(self.cowns)), random_.randint(1, 3))
        is_pinned = max(chosen) >= KINDS
        read_only = random_.random() < 0.2
        group = [read(self.cowns[index]) if read_only else self.cowns[index] for index in chosen]
        with self.lock:
            if not read_only:
                for index in chosen:
                    self.logs[index].append(number)
            self.results[number] = when(group)(body(number, is_pinned, read_only))
            if random_.random() < 0.1:
                other = random_.choice(list(self.results))
                if self.results[other].cancel():
                    self.dropped.add(other)

    def some_result(self, random_):
        with self.lock:
            number = random_.choice([*self.results])
            return self.results[number]

    def check(self):
        for number, result in self.results.items():
            try:
                assert result.get(60) == number and number not in self.dropped
            except CancelledError:
                assert number in self.dropped
        for cown, log in zip(self.cowns, self.logs):
            assert cown.get(60)["log"] == [number for number in log if number not in self.dropped]


def pump_somehow(random_, program):
    choice = random_.randrange(7)
    if choice == 0:
        pump(max_behaviors=random_.randint(1, 5))
    elif choice == 1:
        pump(deadline_ms=1)
    elif choice == 2:
        pump()
    elif choice == 3:
        quiesce(60)
    elif choice == 4:
        with scope():
            when()(lambda: None)
    else:
        result = program.some_result(random_)
        try:
            result.get(60) if choice == 5 else result.peek(60)
        except CancelledError:
            pass


def one_round(seed):
    random_ = random.Random(seed)
    wait(60)
    start(random_.randint(1, 3))
    program = Program()
    if random_.random() < 0.5:
        set_pump_notify(lambda: None)

    def work(seed, first):
        own = random.Random(seed)
        for number in range(first, first + own.randint(1, 60)):
            program.schedule(own, number)

    threads = [threading.Thread(target=work, args=(seed * 10 + n, n * 1000)) for n in range(random_.randint(1, 3))]
    for thread in threads:
        thread.start()
    for number in range(5000, 5000 + random_.randint(1, 60)):
        program.schedule(random_, number)
        if random_.random() < 0.3:
            pump_somehow(random_, program)
    while any(thread.is_alive() for thread in threads):
        pump_somehow(random_, program)
    quiesce(60)
    set_pump_notify(None)
    program.check()
    if random_.random() < 0.3:
        wait(60)
    return len(program.results)


def test_random_programs():
    seed, ran, end = random.randrange(1 << 30), 0, time.monotonic() + SECONDS
    while not ran or time.monotonic() < end:
        seed += 1
        try:
            ran += one_round(seed)
        except BaseException as error:
            raise AssertionError(f"seed {seed}") from error


def test_workers_and_pinned_behaviors_schedule_at_random():
    """Behaviors schedule the next ones; sums are kept over both kinds of cowns."""
    start(2)
    accounts = [Cown(100) for _ in range(4)] + [PinnedCown(100) for _ in range(4)]
    counts = PinnedCown([0])

    def step(seed, depth, accounts, counts):
        own = random.Random(seed)
        source, target = own.sample(range(8), 2)

        @when(accounts[source], accounts[target])
        def _(source, target, seed=seed, depth=depth, accounts=accounts, counts=counts):
            amount = seed % 7
            source.value -= amount
            target.value += amount

            @when(counts)
            def _(counts):
                counts.value[0] += 1

            if depth:
                step(seed * 2 + 1, depth - 1, accounts, counts)
                step(seed * 2 + 2, depth - 1, accounts, counts)

    for seed in range(4):
        step(seed, 4, accounts, counts)
    while counts.value[0] < 4 * 31:
        pump(max_behaviors=1 + counts.value[0] % 3)
    quiesce(60)
    assert counts.value == [124]
    assert sum(account.get() for account in accounts) == 800
    assert bocpy.pump().executed == 0
