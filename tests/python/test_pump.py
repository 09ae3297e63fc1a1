"""``pump``: how much runs, what it returns and raises, and where it may be called."""

import threading
import weakref

import bocpy
from bocpy import (
    Cown,
    PinnedCown,
    PumpResult,
    pump,
    quiesce,
    set_wait_pump_poll,
    start,
    wait,
    when,
)
from support import check_script, error_of, outcome, pytest

FUNCTIONS = {
    "deadline_ms": lambda bound: pump(deadline_ms=bound),
    "max_behaviors": lambda bound: pump(max_behaviors=bound),
    "ms": lambda bound: set_wait_pump_poll(bound),
    "warn_ms": lambda bound: bocpy.set_pump_watchdog(warn_ms=bound),
    "raise_ms": lambda bound: bocpy.set_pump_watchdog(raise_ms=bound),
}


@pytest.fixture(autouse=True)
def settings():
    yield
    bocpy.set_pump_notify(None)
    bocpy.set_pump_watchdog(None)
    set_wait_pump_poll()


class Stop(BaseException):
    """As SystemExit, but nothing makes a special case of it."""


def fill(pinned, count):
    """Behaviors that append their numbers."""
    return [when(pinned)(lambda pinned, n=n: pinned.value.append(n)) for n in range(count)]


# What runs


def test_with_nothing_pinned_it_does_nothing():
    check_script(
        """
        from bocpy import pump, start, wait
        start(1)
        print(pump())
        wait()
        """,
        "PumpResult(executed=0, deadline_reached=False, raised=0)",
    )


def test_the_result_is_a_named_tuple():
    pinned = PinnedCown([])
    fill(pinned, 3)
    result = pump()
    assert isinstance(result, PumpResult) and isinstance(result, tuple)
    assert result == (3, False, 0)
    assert (result.executed, result.deadline_reached, result.raised) == (3, False, 0)
    assert PumpResult.__module__ == "bocpy"


def test_max_behaviors():
    pinned = PinnedCown([])
    fill(pinned, 5)
    assert pump(max_behaviors=2) == (2, False, 0)
    assert pinned.value == [0, 1]
    assert pump(None, 2) == (2, False, 0)
    assert pump(max_behaviors=2) == (1, False, 0)
    assert pump(max_behaviors=1) == (0, False, 0)


def test_a_deadline_ends_between_two_behaviors():
    import time

    pinned = PinnedCown([])
    for n in range(3):

        @when(pinned)
        def _(pinned, n=n):
            time.sleep(0.01)
            pinned.value.append(n)

    assert pump(deadline_ms=1) == (1, True, 0)
    assert pinned.value == [0]
    assert pump(deadline_ms=1, max_behaviors=1) == (1, False, 0)
    assert pump(deadline_ms=1) == (1, False, 0)
    assert pinned.value == [0, 1, 2]


@pytest.mark.parametrize("bound", [1 << 31, 1 << 63, 1 << 64, 1 << 20000], ids=["31", "63", "64", "20000"])
def test_huge_bounds_are_none(bound):
    pinned = PinnedCown([])
    fill(pinned, 3)
    assert pump(deadline_ms=bound, max_behaviors=bound) == (3, False, 0)
    set_wait_pump_poll(bound)
    bocpy.set_pump_watchdog(bound, raise_ms=bound)
    fill(pinned, 3)
    quiesce()
    assert len(pinned.value) == 6


@pytest.mark.parametrize("bound", [0, -1, True, False, 1.5, 2.0, float("inf"), "3", b"", [], object()])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_bounds_that_are_none(name, bound):
    start(1)
    PinnedCown(None)
    with pytest.raises(TypeError) as caught:
        FUNCTIONS[name](bound)
    text = str(caught.value)
    assert name in text and "positive int" in text
    expected = str(bound) if type(bound) is int else type(bound).__name__
    assert expected in text, text
    with pytest.raises(TypeError, match="negative"):
        FUNCTIONS[name](-(1 << 20000))


def test_bounds_of_numbers_that_are_ints():
    class Number(int):
        pass

    pinned = PinnedCown([])
    fill(pinned, 3)
    assert pump(max_behaviors=Number(2)).executed == 2


@pytest.mark.parametrize("args, kwargs", [((1, 1, True, 1), {}), ((), {"most": 1}), ((1,), {"deadline_ms": 1})])
def test_wrong_arguments(args, kwargs):
    with pytest.raises(TypeError, match="pump\\(\\)"):
        pump(*args, **kwargs)


def test_raise_on_error_that_is_no_bool():
    class Unsure:
        def __bool__(self):
            raise ValueError("unsure")

    start(1)
    with pytest.raises(ValueError, match="unsure"):
        pump(raise_on_error=Unsure())


# What pinned behaviors schedule


def test_what_becomes_ready_meanwhile_runs_too():
    pinned = PinnedCown([])

    def step(pinned):
        pinned.value.append(1)
        if len(pinned.value) < 10:
            when(pinned)(step)

    when(pinned)(step)
    assert pump() == (10, False, 0)


def test_one_that_reschedules_itself_for_ever_is_bounded():
    pinned = PinnedCown(0)

    def step(pinned):
        pinned.value += 1
        if pinned.value >= 0:
            when(pinned)(step)

    when(pinned)(step)
    assert pump(max_behaviors=7) == (7, False, 0)
    assert pinned.value == 7
    assert pump(deadline_ms=5).deadline_reached is True
    with pytest.raises(TimeoutError):
        wait(0.05)
    with pytest.raises(TimeoutError):
        quiesce(0.05)
    pinned.value = -1000
    quiesce()


# Exceptions


def test_exceptions_stay_in_their_results():
    pinned = PinnedCown([])
    first = when(pinned)(lambda pinned: 1 / 0)
    second = when(pinned)(lambda pinned: pinned.value.append(1))
    third = when(pinned)(lambda pinned: [][1])
    assert pump() == (3, False, 2)
    assert pinned.value == [1]
    assert isinstance(error_of(first), ZeroDivisionError)
    assert isinstance(error_of(third), IndexError)
    assert second.get() is None


def test_raise_on_error_raises_the_first_in_the_end():
    pinned = PinnedCown([])
    fill(pinned, 1)
    result = when(pinned)(lambda pinned: 1 / 0)
    later = when(pinned)(lambda pinned: [][1])
    fill(pinned, 1)
    with pytest.raises(ZeroDivisionError) as caught:
        pump(raise_on_error=True)
    assert pinned.value == [0, 0]
    with pytest.raises(ZeroDivisionError) as again:
        result.get()
    assert again.value is caught.value or str(again.value) == str(caught.value)
    assert isinstance(error_of(later), IndexError)


def test_an_exception_that_was_raised_is_not_reported():
    check_script(
        """
        from bocpy import PinnedCown, pump, wait, when
        pinned = PinnedCown(1)
        when(pinned)(lambda pinned: 1 / 0)
        try:
            pump(raise_on_error=True)
        except ZeroDivisionError:
            print("raised")
        wait()
        """,
        "raised",
    )


def test_an_exception_that_nobody_looked_at_is_reported():
    check_script(
        """
        from bocpy import PinnedCown, pump, wait, when
        pinned = PinnedCown(1)
        when(pinned)(lambda pinned: 1 / 0)
        print(pump())
        wait()
        """,
        "PumpResult(executed=1, deadline_reached=False, raised=1)",
        reports=1,
    )


@pytest.mark.parametrize("kind", [Stop, KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("raises", [False, True])
def test_a_base_exception_is_raised_at_once_and_the_rest_stays(kind, raises):
    start(2)
    pinned, data = PinnedCown([]), Cown([])
    when(pinned)(lambda pinned: pinned.value.append(0))

    @when(pinned, data)
    def result(pinned, data, kind=kind):
        pinned.value.append(1)
        raise kind("middle")

    when(pinned)(lambda pinned: pinned.value.append(2))
    after = when(data)(lambda data: data.value.append("free"))
    # The cown of the first must have come to the main thread before it can be pumped.
    with pytest.raises(kind, match="middle"):
        while True:
            pump(raise_on_error=raises)
    assert pinned.value == [0, 1]
    # Its other cowns are free.
    assert after.get() is None or True
    assert pump().executed in (0, 1)
    quiesce()
    assert pinned.value == [0, 1, 2]
    assert data.get() == ["free"]
    with pytest.raises(kind):
        result.get()


def test_a_base_exception_comes_before_others():
    pinned = PinnedCown([])
    first = when(pinned)(lambda pinned: 1 / 0)

    @when(pinned)
    def second(pinned):
        raise Stop

    with pytest.raises(Stop):
        pump(raise_on_error=True)
    assert isinstance(error_of(first), ZeroDivisionError)


@pytest.mark.parametrize("waits", [wait, quiesce])
def test_a_wait_raises_it_too_and_can_be_repeated(waits):
    pinned = PinnedCown([])

    @when(pinned)
    def result(pinned):
        raise Stop("wait")

    fill(pinned, 3)
    with pytest.raises(Stop, match="wait"):
        waits()
    assert pinned.value == []
    waits()
    assert pinned.value == [0, 1, 2]


# Where it may be called


def test_before_start():
    check_script(
        """
        from bocpy import PinnedCown, pump, wait, when
        def refused():
            try:
                pump()
            except RuntimeError as error:
                print("start()" in str(error) and "no workers are up" in str(error))
        refused()
        pinned = PinnedCown(1)
        refused()
        when(pinned)(lambda pinned: print("ran"))
        print(pump().executed)
        wait()
        refused()
        """,
        "True\nTrue\nran\n1\nTrue",
    )


def test_after_quiesce():
    pinned = PinnedCown([])
    fill(pinned, 1)
    quiesce()
    assert pump() == (0, False, 0)


def test_nested():
    pinned = PinnedCown(None)
    result = when(pinned)(lambda pinned: pump())
    error = error_of(result)
    assert isinstance(error, RuntimeError) and "inside a behavior" in str(error)


@pytest.mark.parametrize("waits", ["wait()", "quiesce()", "pinned.get()", "other.peek()"])
def test_a_pinned_behavior_must_not_wait(waits):
    pinned, other = PinnedCown(None), Cown(1)
    result = when(pinned)(lambda pinned: eval(waits, {**globals(), "pinned": pinned, "other": other}))
    error = error_of(result)
    assert isinstance(error, RuntimeError)


def test_on_a_worker():
    PinnedCown(None)
    error = error_of(when()(lambda: pump()))
    assert isinstance(error, RuntimeError) and "inside a behavior" in str(error)


def test_on_another_thread():
    pinned = PinnedCown([])
    fill(pinned, 1)
    said = []

    def work():
        try:
            pump()
        except RuntimeError as error:
            said.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(said) == 1 and "main thread" in said[0] and "set_pump_notify" in said[0]
    assert pinned.value == []
    quiesce()


def test_from_two_threads_at_once():
    """The main thread pumps all the time; others are always refused."""
    start(2)
    pinned = PinnedCown([])
    refused, over = [], threading.Event()

    def work():
        while not over.is_set():
            try:
                pump(1, 1)
            except RuntimeError:
                refused.append(1)
                if len(refused) > 1000:
                    return

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    on_main = threading.get_ident()
    for _ in range(200):
        when(pinned)(lambda pinned: pinned.value.append(threading.get_ident()))
        pump()
    quiesce()
    over.set()
    for thread in threads:
        thread.join()
    assert pinned.value == [on_main] * 200


def test_within_a_finalizer_between_behaviors():
    """Whatever runs on the main thread while it pumps must not pump within that."""
    pinned, said = PinnedCown([]), []

    class Dies:
        def __del__(self):
            try:
                said.append(pump())
            except RuntimeError as error:
                said.append(str(error))

    when(pinned)(lambda pinned, dies=Dies(): pinned.value.append(1))
    fill(pinned, 3)
    quiesce()
    assert len(said) == 1
    assert "inside a behavior" in said[0] or said[0] == (0, False, 0), said
    assert pinned.value == [1, 0, 1, 2]


def test_in_the_middle_of_an_update_of_the_noticeboard():
    start(1)
    PinnedCown(None)

    def update(value):
        pump()
        return 1

    bocpy.notice_update("x", update, default=0)
    with pytest.raises(BaseException):  # noqa: B017
        bocpy.notice_sync()
        raise RuntimeError("reported elsewhere")


def test_captures_of_a_pinned_behavior_die_after_it_has_run():
    class Thing:
        pass

    thing = Thing()
    seen = weakref.ref(thing)
    pinned = PinnedCown(None)
    when(pinned)(lambda pinned, thing=thing: None)
    del thing
    assert pump().executed == 1
    assert seen() is None


def test_cancelled_behaviors_do_not_count():
    pinned = PinnedCown([])
    results = fill(pinned, 4)
    assert results[1].cancel()
    assert pump() == (3, False, 0)
    assert pinned.value == [0, 2, 3]
    results = fill(pinned, 4)
    assert results[0].cancel()
    assert pump(max_behaviors=2) == (2, False, 0)
    assert pinned.value[3:] == [1, 2]
    quiesce()


def test_a_get_that_was_given_up_does_not_count():
    pinned = PinnedCown([])
    with pinned:
        when(pinned)(lambda pinned: pinned.value.append(1))
    with pytest.raises(TimeoutError):
        slow = Cown(1)
        with slow:
            when(slow, pinned)(lambda slow, pinned: pinned.value.append(2))
            threading.Thread(target=slow.done).start()
            raise TimeoutError
    assert outcome(when(pinned)(lambda pinned: len(pinned.value))) == 2
