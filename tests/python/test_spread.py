"""Spread: values have their homes, and still all workers get their part of the work."""

import collections
import time

from bocpy import Cown, quiesce, start, wait, when
from support import pytest, worker_name

CPU = 0.0005


def work(c):
    """Half a millisecond of this thread's CPU time."""
    end = time.thread_time() + CPU
    while time.thread_time() < end:
        c.value["n"] = (c.value["n"] * 31 + 1) % 1_000_003
    c.value["rounds"] += 1
    return worker_name()


def parts_of(results, stats):
    """How much of the behaviors each worker ran, as the results have it and as the counters have it."""
    ran = collections.Counter(result.unwrap() for result in results)
    counted = [entry["popped_local"] + entry["popped_via_steal"] for entry in stats]
    return [n / len(results) for n in ran.values()], [n / sum(counted) for n in counted]


def check(parts, workers):
    for shares in parts:
        assert len(shares) == workers
        assert min(shares) >= 0.2, f"the parts of the workers: {shares}"


@pytest.mark.parametrize("ends", [wait, quiesce])
def test_independent_cowns_with_equal_work_spread(ends):
    start(2)
    cowns = [Cown({"n": n, "rounds": 0}) for n in range(64)]
    results = [when(c)(work) for _ in range(10) for c in cowns]
    check(parts_of(results, ends(stats=True)), 2)
    assert {c.unwrap()["rounds"] for c in cowns} == {10}


def test_work_that_comes_in_rounds_spreads():
    """All values are at home somewhere when the next round begins."""
    start(2)
    cowns = [Cown({"n": n, "rounds": 0}) for n in range(64)]
    results = []
    for _ in range(10):
        results += [when(c)(work) for c in cowns]
        stats = quiesce(stats=True)
    check(parts_of(results, stats), 2)


def test_cowns_that_schedule_their_own_next_behavior_spread():
    start(2)
    cowns = [Cown({"n": n, "rounds": 0}) for n in range(64)]
    tally = Cown([])

    def go_on(c):
        name = work(c)
        when(tally)(lambda tally: tally.value.append(name))
        if c.value["rounds"] < 10:
            when(c)(go_on)

    for c in cowns:
        when(c)(go_on)
    quiesce(60)
    names = collections.Counter(tally.unwrap())
    assert sum(names.values()) == 640
    assert len(names) == 2 and min(names.values()) >= 128, f"the workers ran {names}"


def test_work_on_values_that_all_live_with_one_worker_spreads(crew):
    """Their home cannot keep up, so the other worker takes some of them over."""
    home, _ = crew.start(2)
    cowns = [Cown(None) for _ in range(64)]

    def make(group):
        for n, c in enumerate(group):
            c.value = {"n": n, "rounds": 0}

    crew.run(home, make, cowns)
    crew.dismiss()
    quiesce(60)
    results = [when(c)(work) for _ in range(10) for c in cowns]
    quiesce(60)
    shares = [n / 640 for n in collections.Counter(result.unwrap() for result in results).values()]
    check([shares], 2)
