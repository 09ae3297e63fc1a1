"""The order of behaviors, checked against a model: over each cown they run as they were scheduled."""

import random
from time import monotonic_ns

from bocpy import Cown, quiesce, start, wait, when
from support import outcome, pytest


def random_choice(rng, count):
    """Some of ``count`` cowns, in any order, now and then with duplicates."""
    chosen = rng.sample(range(count), rng.randint(0, min(5, count)))
    if chosen and rng.random() < 0.2:
        chosen.append(rng.choice(chosen))
    return chosen


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("seed", range(6))
def test_random_groups_run_in_the_order_of_scheduling(seed, workers):
    rng = random.Random(seed)
    cowns = [Cown([]) for _ in range(rng.randint(2, 12))]
    expected = [[] for _ in cowns]
    start(workers)
    for number in range(600):
        chosen = random_choice(rng, len(cowns))
        for index in set(chosen):
            expected[index].append(number)

        @when([cowns[index] for index in chosen])
        def _(group):
            for c in {c: c for c in group}:
                c.value.append(number)

    wait()
    assert [c.value for c in cowns] == expected


@pytest.mark.parametrize("seed", range(4))
def test_random_mixtures_agree_with_a_run_in_order(seed):
    """The same steps, one after the other on plain numbers, must give the same result: this shows lost updates."""
    rng = random.Random(seed)
    count = 6
    cowns = [Cown(n) for n in range(count)]
    model = list(range(count))
    start(3)
    for number in range(400):
        a, b = rng.randrange(count), rng.randrange(count)
        group = rng.sample(range(count), rng.randint(1, 3))
        kind = rng.choice(["mix", "sum", "rotate"])
        if kind == "mix":

            @when(cowns[a], cowns[b])
            def _(x, y):
                x.value = (x.value * 31 + y.value + number) % 1_000_003

            model[a] = (model[a] * 31 + model[b] + number) % 1_000_003
        elif kind == "sum":

            @when(cowns[a], [cowns[g] for g in group])
            def _(x, group):
                x.value = (sum(c.value for c in group) * 7 + number) % 1_000_003

            model[a] = (sum(model[g] for g in group) * 7 + number) % 1_000_003
        else:

            @when([cowns[g] for g in group], cowns[b])
            def _(group, y):
                last = y.value
                for c in group:
                    c.value, last = last + 1, c.value

            last = model[b]
            for g in group:
                model[g], last = last + 1, model[g]
    wait()
    assert [c.value for c in cowns] == model


def spawn(cowns, seed, path, depth):
    """Schedules some behaviors over random cowns; each writes its path there and schedules its own children."""
    rng = random.Random(f"{seed} {path}")
    for child in range(rng.randint(1, 4)):
        mine = (*path, child)

        @when([cowns[index] for index in random_choice(rng, len(cowns))])
        def _(group):
            for c in set(group):
                c.value.append(mine)
            if depth:
                spawn(cowns, seed, mine, depth - 1)


@pytest.mark.parametrize("seed", range(6))
def test_behaviors_scheduled_by_behaviors_follow_their_scheduler(seed):
    """On each cown a parent comes before its children, and siblings come in the order in which they were scheduled."""
    cowns = [Cown([]) for _ in range(6)]
    start(3)
    spawn(cowns, seed, (), 4)
    wait()
    for c in cowns:
        position = {path: index for index, path in enumerate(c.value)}
        assert len(position) == len(c.value)
        for path, index in position.items():
            for length in range(1, len(path)):
                assert position.get(path[:length], -1) < index
            for earlier in range(path[-1]):
                assert position.get((*path[:-1], earlier), -1) < index


@pytest.mark.parametrize("seed", range(3))
def test_results_follow_what_they_come_from(seed):
    rng = random.Random(seed)
    start(3)
    results = [Cown(n) for n in range(5)]
    model = list(range(5))
    for _ in range(300):
        chosen = rng.sample(range(len(results)), rng.randint(1, 3))

        @when([results[index] for index in chosen])
        def result(group):
            return sum(c.value for c in group) % 9973

        results.append(result)
        model.append(sum(model[index] for index in chosen) % 9973)
    quiesce(60)
    assert [r.unwrap() for r in results] == model


def test_nobody_else_is_inside():
    """Each behavior marks its cowns on the way in and out; a mark found on the way in would show two holders."""
    cowns = [Cown({"inside": False, "visits": 0}) for _ in range(4)]
    start(4)
    results = []
    for n in range(400):

        @when([cowns[n % 4], cowns[(n + 1 + n % 3) % 4]])
        def result(group):
            values = {id(c.value): c.value for c in group}.values()
            found = [v["inside"] for v in values]
            for v in values:
                v["inside"] = True
            sum(range(200))
            for v in values:
                v["visits"] += 1
                v["inside"] = False
            return any(found)

        results.append(result)
    quiesce(60)
    assert not any(r.unwrap() for r in results)


def test_a_ring_of_pairs_never_deadlocks():
    count = 7
    forks = [Cown(0) for _ in range(count)]
    start(4)
    for _ in range(100):
        for seat in range(count):

            @when(forks[seat], forks[(seat + 1) % count])
            def _(left, right):
                left.value += 1
                right.value += 1

    quiesce(60)
    assert [f.unwrap() for f in forks] == [200] * count


def test_one_worker_runs_independent_behaviors_too():
    start(1)
    results = [when(Cown(n))(lambda c: c.value) for n in range(500)]
    assert outcome(when(results)(lambda group: [r.value for r in group])) == list(range(500))


def test_a_busy_cown_does_not_hold_up_others(handshake):
    """While one behavior stays inside, one that needs nothing of it runs to its end."""
    start(2)
    busy, free = Cown(0), Cown(0)

    @when(busy)
    def _(busy):
        handshake.arrive()

    handshake.await_arrival()
    queued = [when(busy)(lambda c: None) for _ in range(100)]

    @when(free)
    def passed(free):
        handshake.say()
        return "passed"

    handshake.await_arrival()
    handshake.let_go()
    assert outcome(passed) == "passed"
    assert len(queued) == 100


def test_a_chain_on_one_worker_does_not_starve_others(handshake):
    """A behavior that always schedules itself again leaves room for one scheduled from outside."""
    start(1)
    c, flag = Cown(0), Cown(False)

    def chain():
        @when(c, flag)
        def _(c, flag):
            c.value += 1
            if not flag.value:
                chain()

    chain()

    @when(Cown(None))
    def _(other):
        handshake.say()

    handshake.await_arrival()

    @when(flag)
    def _(flag):
        flag.value = True

    quiesce(60)
    assert c.unwrap() >= 1


def test_a_long_line_for_one_cown_keeps_no_other_waiting():
    """With one worker, a behavior over a free cown waits for the body that runs and its share, not for a whole line."""
    start(worker_count=1)
    line, other = Cown(0), Cown(0)
    line.acquire()
    results = []
    for _ in range(80):

        @when(line)
        def in_line(line):
            began = monotonic_ns()
            while monotonic_ns() < began + 2_000_000:
                pass
            return began

        results.append(in_line)

    line.release()

    @when(other)
    def fresh(other):
        return monotonic_ns()

    wait()
    ran = fresh.unwrap()
    before = sum(result.unwrap() < ran for result in results)
    # The one that ran, its share, and those that ran before this thread came to schedule it.
    assert before < 40
