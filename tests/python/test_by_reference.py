"""Types that move by reference: one handle at a time may touch the data, readers share it, and nothing is copied.

``BOCPY_STRICT`` copies at the end of each behavior, so that tests that count copies leave it out.
"""

import pickle
import re
import sys
import threading

import bocpy._core as core
from bocpy import Cown, read, start, wait, when
from support import check_script, error_of, interpreters_only, not_strict, outcome, pytest

Probe = getattr(core, "_Probe", None)
pytestmark = pytest.mark.skipif(Probe is None, reason="this build is without the type for tests (the feature 'probe')")

MOVED = re.compile("this Probe has been moved: it is now (.*?)\\. One handle at a time")


def place_of(handle):
    """Where the data of a handle has gone, as the error says."""
    with pytest.raises(RuntimeError) as raised:
        handle.value  # noqa: B018
    return MOVED.match(str(raised.value))[1]


class Box:
    """A class whose instances are pickled."""

    def __init__(self, **parts):
        vars(self).update(parts)


class FailsOnce:
    """A class whose instances can be opened in an interpreter from the second time on."""

    def __init__(self, probe):
        self.probe = probe

    def __setstate__(self, state):
        vars(self).update(state)
        if not hasattr(sys, "_bocpy_test_failed_once"):
            sys._bocpy_test_failed_once = True
            raise ValueError("not yet")


class Unpicklable:
    def __reduce__(self):
        raise TypeError("this one stays")


def value_and_copies(c):
    return c.value.value, c.value.copies


def all_of_list(c):
    return [(probe.value, probe.copies) for probe in c.value]


def add_ten(c):
    c.value.value += 10


# -- one handle at a time


def test_a_handle_that_was_given_to_a_cown_says_so():
    p = Probe(5)
    c = Cown(p)
    assert place_of(p) == "a cown's value"
    for use in (lambda: setattr(p, "value", 6), p.copy, lambda: repr(p), lambda: pickle.dumps(p)):
        with pytest.raises(RuntimeError, match="moved"):
            use()
    assert outcome(when(c)(value_and_copies)) == (5, 0)


def test_a_second_cown_refuses_it():
    p = Probe(5)
    c = Cown(p)
    with pytest.raises(RuntimeError, match="it is now a cown's value"):
        Cown(p)
    assert outcome(when(c)(value_and_copies)) == (5, 0)


@interpreters_only
def test_it_moves_in_containers_and_in_instances_that_are_pickled():
    p, q, r = Probe(1), Probe(2), Probe(3)
    numbers, box = Cown([p, q]), Cown(Box(probe=r, again=r))
    assert {place_of(handle) for handle in (p, q, r)} == {"a cown's value"}

    @when(box)
    def parts(box):
        return box.value.probe is box.value.again, box.value.probe.value, box.value.probe.copies

    assert outcome(when(numbers)(all_of_list)) == [(1, 0), (2, 0)]
    assert outcome(parts) == (True, 3, 0)


@interpreters_only
@pytest.mark.parametrize("within", [lambda *parts: list(parts), lambda *parts: Box(parts=parts)])
def test_a_value_that_can_not_be_moved_keeps_its_data(within):
    p = Probe(1)
    with pytest.raises(TypeError, match="this one stays"):
        Cown(within(p, Unpicklable()))
    p.value = 2
    assert p.value == 2 and p.copies == 0


@not_strict
def test_assignment_moves_and_a_value_that_is_the_cowns_already_stays():
    c = Cown(Probe(1))

    @when(c)
    def behavior(c, new=Probe(3)):  # noqa: B008
        before = c.value
        c.value = before
        before.value = 2
        c.value = new
        try:
            new.value  # noqa: B018
        except RuntimeError as error:
            return before.value, c.value.value, str(error)

    before, after, message = outcome(behavior)
    assert (before, after) == (2, 3)
    assert MOVED.match(message)[1] == "a cown's value"
    assert outcome(when(c)(value_and_copies)) == (3, 0)


@not_strict
def test_two_cowns_swap_their_values():
    a, b = Cown(Probe(1)), Cown(Probe(2))

    @when(a, b)
    def swap(a, b):
        a.value, b.value = b.value, a.value

    assert outcome(when(a)(value_and_copies)) == (2, 0)
    assert outcome(when(b)(value_and_copies)) == (1, 0)


def test_captures_move_and_their_variables_are_named():
    p, q, kept = Probe(1), Probe(2), Probe(3)

    @when()
    def behavior(p=p, q=q):
        return p.value + q.value + kept.value, p.copies + q.copies + kept.copies

    assert re.fullmatch("the value of 'p', which the behavior '.*behavior' captures", place_of(p))
    assert re.fullmatch("the value of 'kept', which the behavior '.*behavior' captures", place_of(kept))
    with pytest.raises((RuntimeError, TypeError), match="it is now the value of 'p'"):

        @when()
        def refused(p=p):
            pass

    assert outcome(behavior) == (6, 0)


@not_strict
def test_a_result_moves_and_is_copied_where_the_cown_keeps_it():
    c = Cown(Probe(4))

    @when()
    def made():
        return Probe(4)

    @when(c)
    def kept(c):
        return c.value

    @when(made, kept)
    def both(made, kept):
        made.value.value += 1
        kept.value.value += 2
        return made.value.copies, kept.value.copies

    assert outcome(both) == (0, 1)
    assert outcome(when(made)(value_and_copies)) == (5, 0)
    assert outcome(when(kept)(value_and_copies)) == (6, 1)
    assert outcome(when(c)(value_and_copies)) == (4, 0)


@not_strict
@interpreters_only
def test_a_container_that_is_the_result_gets_a_copy_of_what_the_cown_keeps():
    one, several = Cown(Probe(1)), Cown([Probe(2), Probe(3)])

    @when(one)
    def from_one(one):
        return [one.value]

    @when(several)
    def from_several(several):
        return [several.value[0]]

    @when(from_one, from_several)
    def change(from_one, from_several):
        from_one.value[0].value = from_several.value[0].value = 10

    assert outcome(change) is None
    assert outcome(when(one)(value_and_copies)) == (1, 0)
    assert [value for value, _ in outcome(when(several)(all_of_list))] == [2, 3]


@interpreters_only
def test_two_cowns_that_get_one_list_of_them_have_one_each():
    a, b = Cown(None), Cown(None)

    @when(a, b)
    def give(a, b):
        a.value = b.value = [Probe(1)]

    @when(a)
    def change(a):
        a.value[0].value = 2

    assert [value for value, _ in outcome(when(b)(all_of_list))] == [1]
    assert [value for value, _ in outcome(when(a)(all_of_list))] == [2]


def test_it_can_be_copied_and_pickled_by_hand():
    p = Probe(1)
    copy, pickled = p.copy(), pickle.loads(pickle.dumps(p))
    p.value = 2
    assert (copy.value, copy.copies, pickled.value) == (1, 1, 1)


def test_a_global_is_copied_for_each_behavior():
    check_script(
        """
        from bocpy import Cown, wait, when
        from bocpy._core import _Probe

        shared = _Probe(1)
        results = []
        for n in range(3):

            @when()
            def behavior():
                return shared.value

            results.append(behavior)
            wait()
            shared.value += 1
        print([result.unwrap() for result in results], shared.value)
        """,
        "[1, 2, 3] 4",
    )


# -- from worker to worker


@not_strict
@interpreters_only
def test_it_goes_from_worker_to_worker_without_a_copy(crew):
    home, other = crew.start(2)
    alone, listed, boxed = Cown(Probe(1)), Cown([Probe(2)]), Cown(Box(probe=Probe(3)))

    def body(alone, listed, boxed):
        probes = alone.value, listed.value[0], boxed.value.probe
        for probe in probes:
            probe.value += 10
        return [(probe.value, probe.copies) for probe in probes]

    results = [crew.run(worker, body, alone, listed, boxed) for worker in (home, other, home, other)]
    crew.dismiss()
    assert [outcome(result) for result in results] == [
        [(first + 10 * turn, 0) for first in (1, 2, 3)] for turn in (1, 2, 3, 4)
    ]


@not_strict
@interpreters_only
def test_what_a_worker_keeps_is_stale_when_the_behavior_has_ended(crew):
    home, other = crew.start(2)
    alone, listed = Cown(Probe(1)), Cown([Probe(2)])

    def keep(alone, listed):
        sys._bocpy_test_kept = alone.value, listed.value[0]

    def use_first(_):
        return sys._bocpy_test_kept[0].value

    def use_second(_):
        return sys._bocpy_test_kept[1].value

    def touch(listed):
        return listed.value[0].value

    crew.run(home, keep, alone, listed)
    first = crew.run(home, use_first, Cown(None))
    touched = crew.run(other, touch, listed)
    second = crew.run(home, use_second, Cown(None))
    crew.dismiss()
    assert MOVED.match(str(error_of(first)))[1] == "a cown's value"
    assert outcome(touched) == 2
    assert MOVED.match(str(error_of(second)))[1] == "the value of a cown, in another interpreter"


@not_strict
@interpreters_only
def test_a_value_that_could_not_be_opened_elsewhere_is_not_lost(crew):
    home, other = crew.start(2)
    c = Cown(None)

    def leave(c):
        sys._bocpy_test_failed_once = True
        c.value = FailsOnce(Probe(1))

    def look(c):
        c.value.probe.value += 1
        return c.value.probe.value, c.value.probe.copies

    crew.run(home, leave, c)
    failed = crew.run(other, look, c)
    results = [crew.run(worker, look, c) for worker in (other, home)]
    crew.dismiss()
    assert "not yet" in str(error_of(failed))
    assert [outcome(result) for result in results] == [(2, 0), (3, 0)]


@not_strict
@interpreters_only
def test_it_outlives_its_worker():
    c = Cown([Probe(1)])
    for _ in range(3):
        start(1)

        @when(c)
        def change(c):
            c.value[0].value += 1

        wait()
    assert outcome(when(c)(all_of_list)) == [(4, 0)]


# -- readers


@not_strict
def test_readers_share_it_and_can_not_change_it():
    c = Cown(Probe(1))

    def look(c):
        try:
            c.value.value = 5
        except RuntimeError as error:
            return c.value.value, c.value.copies, "can only be read" in str(error)

    results = [when(read(c))(look) for _ in range(4)]
    change = when(c)(add_ten)
    results += [when(read(c))(look) for _ in range(4)]
    assert [outcome(result) for result in results] == [(1, 0, True)] * 4 + [(11, 0, True)] * 4
    assert outcome(change) is None


@not_strict
@interpreters_only
def test_readers_in_two_workers_share_it(crew):
    home, other = crew.start(2)
    alone, listed = Cown(Probe(1)), Cown([Probe(2)])

    def make(alone, listed):
        alone.value.value, listed.value[0].value = 3, 4

    def look(alone, listed):
        try:
            listed.value[0].value = 5
        except RuntimeError:
            probes = alone.value, listed.value[0]
            return [(probe.value, probe.copies) for probe in probes]

    def change(alone, listed):
        for probe in (alone.value, listed.value[0]):
            probe.value += 10
        return alone.value.copies, listed.value[0].copies

    crew.run(home, make, alone, listed)
    before = [crew.run(worker, look, read(alone), read(listed)) for worker in (home, other, home)]
    changed = [crew.run(worker, change, alone, listed) for worker in (home, other)]
    after = [crew.run(worker, look, read(alone), read(listed)) for worker in (home, other)]
    crew.dismiss()
    assert [outcome(result) for result in before] == [[(3, 0), (4, 0)]] * 3
    assert [outcome(result) for result in changed] == [(0, 0)] * 2
    assert [outcome(result) for result in after] == [[(23, 0), (24, 0)]] * 2


@not_strict
def test_what_a_reader_keeps_is_stale_when_somebody_writes(crew):
    (worker,) = crew.start(1)
    c = Cown(Probe(1))

    def keep(c):
        sys._bocpy_test_kept = c.value

    def use(_):
        return sys._bocpy_test_kept.value

    crew.run(worker, keep, read(c))
    crew.run(worker, add_ten, c)
    used = crew.run(worker, use, Cown(None))
    crew.dismiss()
    assert "ask the cown for its value again" in str(error_of(used))
    assert outcome(when(c)(value_and_copies)) == (11, 0)


def test_what_a_reader_returns_is_a_copy():
    c = Cown(Probe(1))

    @when(read(c))
    def copied(c):
        return c.value

    @when(copied)
    def change(copied):
        copied.value.value = 2
        return copied.value.copies

    assert outcome(change) == 1
    assert outcome(when(c)(value_and_copies)) == (1, 0)


# -- threads of the program


def test_threads_that_move_one_handle_at_once_move_it_once():
    for _ in range(200):
        p = Probe(1)
        made, refused = [], []
        barrier = threading.Barrier(4)

        def give(p=p, made=made, refused=refused, barrier=barrier):
            barrier.wait()
            try:
                made.append(Cown(p))
            except RuntimeError as error:
                refused.append(error)

        threads = [threading.Thread(target=give) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(made), len(refused)) == (1, 3)
        with made[0] as c:
            assert c.value.value == 1


def test_threads_that_change_one_handle_lose_no_change():
    p = Probe(0)
    values = set()

    def change(first):
        for value in range(first, first + 1000):
            p.value = value
            values.add(p.value)

    threads = [threading.Thread(target=change, args=(first,)) for first in (0, 1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values <= set(range(2000)) and p.value in (999, 1999)
