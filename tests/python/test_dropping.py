"""Dropping what has not begun: `cancel()` of a scope, `timeout=`, and `wait(cancel=True)`."""

import os
import re
import threading
import time

from bocpy import CancelledError, Cown, quiesce, scope, wait, when, whencall
from support import BACKEND, Loud, come_by, pytest, read_exactly, run_script
from support.groups import ExceptionGroup


def value_of(cown):
    with cown:
        return cown.value


def add(c):
    c.value += 1


def line(cown, handshake, count):
    """A behavior that runs, and as many behind it that have not begun."""

    def running(c):
        handshake.arrive()
        c.value += 1
        return "ran"

    first = whencall(running, [cown])
    behind = [whencall(add, [cown]) for _ in range(count)]
    handshake.await_arrival()
    return first, behind


def let_go_when_dropping(handshake):
    """Lets a behavior go on when `wait(cancel=True)` has begun: then nothing else begins."""

    def is_dropped(result):
        while True:
            try:
                with result:
                    return result.exception
            except RuntimeError:  # it is not free yet
                time.sleep(0.001)

    def work():
        while not is_dropped(when()(lambda: None)):
            pass
        handshake.let_go()

    threading.Thread(target=work, daemon=True).start()


def are_cancelled(results):
    for result in results:
        with result:
            assert result.exception
            assert type(result.value) is CancelledError, result.value
            assert str(result.value) == "the behavior 'add' was cancelled before it began"


def test_cancel_drops_what_has_not_begun(handshake):
    c = Cown(0)
    with scope() as s:
        first, behind = line(c, handshake, 50)
        assert not s.cancelled
        s.cancel()
        s.cancel()
        assert s.cancelled
        later = whencall(add, [c])
        handshake.let_go()
    assert value_of(c) == 1
    assert value_of(first) == "ran"
    are_cancelled([*behind, later])


def test_a_dropped_behavior_is_reported_nowhere(handshake, monkeypatch):
    told = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    with scope() as s:
        line(Cown(0), handshake, 5)
        s.cancel()
        handshake.let_go()
    wait()
    assert told == []


def test_behaviors_after_it_over_the_same_cowns_run(handshake):
    c, d = Cown(0), Cown(0)
    with scope() as s:
        line(c, handshake, 3)
        both = whencall(lambda c, d: None, [c, d])
        s.cancel()
        handshake.let_go()
    after = when(c, d)(lambda c, d: (c.value, d.value))
    seen = when(both)(lambda both: type(both.value).__name__)
    quiesce()
    assert after.unwrap() == (1, 0)
    assert seen.unwrap() == "CancelledError"


def test_unwrap_raises_it(handshake):
    with scope() as s:
        _, (result,) = line(Cown(0), handshake, 1)
        s.cancel()
        handshake.let_go()
    wait()
    with pytest.raises(CancelledError, match="the behavior 'add' was cancelled"):
        result.unwrap()


def test_cancel_reaches_scopes_within(handshake):
    c = Cown(0)
    with scope() as outer, scope() as inner:
        _, behind = line(c, handshake, 2)
        outer.cancel()
        assert inner.cancelled
        handshake.let_go()
    are_cancelled(behind)


def test_cancel_does_not_reach_scopes_around(handshake):
    c = Cown(0)
    with scope() as outer:
        with scope() as inner:
            _, behind = line(c, handshake, 2)
            inner.cancel()
            handshake.let_go()
        assert not outer.cancelled
        after = whencall(add, [c])
    are_cancelled(behind)
    assert value_of(after) is None
    assert value_of(c) == 2


def test_a_behavior_cancels_its_scope():
    c = Cown(0)
    with scope() as s:
        whencall(lambda c: s.cancel(), [c])
        behind = [whencall(add, [c]) for _ in range(10)]
    are_cancelled(behind)
    assert value_of(c) == 0


def test_what_a_running_behavior_schedules_is_dropped_too(handshake):
    c = Cown(0)

    def running():
        handshake.arrive()
        whencall(add, [c])

    with scope() as s:
        whencall(running, [])
        handshake.await_arrival()
        s.cancel()
        handshake.let_go()
    assert value_of(c) == 0


def test_what_a_dropped_behavior_has_captured_goes(handshake, pipe):
    reading, writing = pipe
    with scope() as s:
        c = Cown(0)
        line(c, handshake, 0)
        whencall(lambda c, loud=Loud(writing): None, [c])
        s.cancel()
        handshake.let_go()
    if BACKEND == "threads":
        come_by(lambda: True)
    assert read_exactly(reading, 1) in b"hx"


# --- timeouts ---


def test_a_timeout_drops_what_has_not_begun_and_says_what_runs(handshake):
    c = Cown(0)
    with pytest.raises(TimeoutError) as raised, scope(timeout=0.05, name="mine") as s:
        _, behind = line(c, handshake, 3)
    text = str(raised.value)
    assert text.startswith("the scope 'mine' timed out: behaviors are still in flight\n")
    assert re.search(r"worker \d runs 'line.<locals>.running' \(.*test_dropping.py:", text)
    assert s.cancelled
    assert s.pending == 4
    with pytest.raises(RuntimeError, match="any more, as its `with` block has ended"):
        s.when()(add)
    handshake.let_go()
    quiesce()
    are_cancelled(behind)
    assert value_of(c) == 1
    assert s.pending == 0


@pytest.mark.parametrize("timeout", [0, -1, -float("inf")])
def test_no_time_at_all(timeout, handshake):
    with scope(timeout=timeout):
        pass
    with pytest.raises(TimeoutError), scope(timeout=timeout):
        when()(handshake.arrive)
    handshake.let_all_go()


@pytest.mark.parametrize("timeout", [None, float("inf"), 1e300, 60])
def test_time_enough(timeout):
    with scope(timeout=timeout):
        result = when()(lambda: 1)
    assert value_of(result) == 1


def test_a_timeout_and_failures(handshake):
    """The error says what was waited for; the failures are its cause."""
    with pytest.raises(TimeoutError) as raised, scope(timeout=0.05):
        when()(handshake.arrive)
        result = when()(lambda: 1 / 0)
        when(result)(lambda result: handshake.say())
        handshake.await_arrival(2)
    assert [type(error) for error in raised.value.__cause__.exceptions] == [ZeroDivisionError]
    handshake.let_go()


def test_a_timeout_after_an_exception_of_the_block(handshake):
    error = KeyError()
    with pytest.raises(ExceptionGroup) as raised, scope(timeout=0.05):
        when()(handshake.arrive)
        handshake.await_arrival()
        raise error
    assert [type(error) for error in raised.value.exceptions] == [KeyError, TimeoutError]
    handshake.let_go()


def test_what_runs_on_after_a_timeout_is_still_of_the_scope(handshake, monkeypatch):
    """What it schedules is dropped; how it fails is told as it is outside of scopes."""
    told = []
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append(str(args.exc_value)))
    c = Cown(0)

    def running():
        handshake.arrive()
        whencall(add, [c])
        raise ValueError("late")

    with pytest.raises(TimeoutError), scope(timeout=0) as s:
        whencall(running, [])
        handshake.await_arrival()
    handshake.let_go()
    wait()
    assert (c.value, told, s.pending) == (0, ["late"], 0)


def test_failures_after_a_timeout_are_the_outer_scopes(handshake):
    def running():
        handshake.arrive()
        raise ValueError("late")

    with pytest.raises(ExceptionGroup) as raised, scope():
        with pytest.raises(TimeoutError), scope(timeout=0):
            whencall(running, [])
            handshake.await_arrival()
        handshake.let_go()
    assert [str(error) for error in raised.value.exceptions] == ["late"]


# --- cowns that the caller holds ---


def test_a_scope_that_would_never_end():
    c = Cown(0)
    with c:
        with (
            pytest.raises(RuntimeError, match=r"would never end: this thread has acquired Cown\(.*before that of"),
            scope(),
        ):
            result = whencall(add, [c])
    quiesce()
    assert value_of(c) == 0
    are_cancelled([result])


def test_a_scope_ends_though_others_wait_for_a_cown_of_the_caller():
    c = Cown(0)
    with c:
        other = whencall(add, [c])
        with scope():
            result = when()(lambda: 1)
        assert value_of(result) == 1
    quiesce()
    assert value_of(other) is None


def test_a_scope_over_a_cown_of_the_caller_with_a_timeout():
    c = Cown(0)
    with c:
        with (
            pytest.raises(TimeoutError, match=r"one waits for Cown\(.*which this thread has acquired"),
            scope(timeout=0.01),
        ):
            whencall(add, [c])
    quiesce()


# --- wait(cancel=True) ---


@pytest.mark.parametrize("ends", [wait, quiesce])
def test_wait_drops_what_has_not_begun(ends, handshake):
    c = Cown(0)
    first, behind = line(c, handshake, 100)
    let_go_when_dropping(handshake)
    ends(cancel=True)
    assert value_of(c) == 1
    assert value_of(first) == "ran"
    are_cancelled(behind)
    after = whencall(add, [c])
    quiesce()
    assert value_of(after) is None
    assert value_of(c) == 2


def test_a_wait_that_times_out_has_dropped_all_the_same(handshake):
    """What was scheduled before it does not run; what is scheduled after it does."""
    c = Cown(0)
    _, behind = line(c, handshake, 10)
    with pytest.raises(TimeoutError):
        quiesce(0.01, cancel=True)
    after = whencall(add, [c])
    handshake.let_go()
    quiesce()
    are_cancelled(behind)
    assert value_of(after) is None
    assert value_of(c) == 2


def test_what_is_scheduled_while_it_waits_is_dropped_too(handshake):
    c = Cown(0)

    def running():
        handshake.arrive()
        whencall(add, [c])

    whencall(running, [])
    handshake.await_arrival()
    let_go_when_dropping(handshake)
    quiesce(cancel=True)
    assert value_of(c) == 0


def test_wait_that_does_not_cancel(handshake):
    c = Cown(0)
    _, behind = line(c, handshake, 3)
    handshake.let_go()
    wait(cancel=False)
    assert (c.value, [result.value for result in behind]) == (4, [None] * 3)


def test_wait_with_nothing_in_flight():
    wait(cancel=True)
    quiesce(cancel=True)
    assert when()(lambda: 1) is not None
    wait()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_of_a_fork_does_not_drop_because_its_parent_does():
    source = """
    import os, sys, threading
    from bocpy import CancelledError, Cown, quiesce, wait, when

    def is_dropped():
        try:
            return when()(lambda: False).get()
        except CancelledError:
            return True

    line = Cown(0)
    line.acquire()  # so that the thread waits
    when(line)(lambda line: None)
    thread = threading.Thread(target=quiesce, kwargs={"cancel": True})
    thread.start()
    while not is_dropped():
        pass
    child = os.fork()
    if child == 0:
        os._exit(3 if is_dropped() else 0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, status
    line.release()
    thread.join()
    print(is_dropped())
    wait()
    """
    done = run_script(source)
    assert (done.stdout, done.returncode) == ("False\n", 0), done


def test_wait_drops_behaviors_of_scopes_too(handshake):
    c = Cown(0)
    with scope() as s:
        _, behind = line(c, handshake, 3)
        let_go_when_dropping(handshake)
        wait(cancel=True)
        assert s.pending == 0
        assert not s.cancelled
    are_cancelled(behind)


def test_the_class_is_that_of_the_standard_library():
    import concurrent.futures

    assert CancelledError is concurrent.futures.CancelledError
    assert issubclass(CancelledError, Exception)


def test_it_is_imported_only_when_it_is_used():
    source = """
    import sys
    import bocpy
    from bocpy import Cown, scope, wait, when

    c = Cown(0)
    with scope():
        when(c)(lambda c: None)
    wait()
    print("concurrent.futures" in sys.modules)
    """
    assert run_script(source).stdout == "False\n"


def test_many_are_dropped_fast_enough(handshake):
    """Not a matter of time, but of getting to the end: each is a behavior that runs nothing."""
    c = Cown(0)
    with scope() as s:
        _, behind = line(c, handshake, 20_000)
        s.cancel()
        handshake.let_go()
    assert value_of(c) == 1
    are_cancelled(behind[::1000])
