"""Who is told that pinned behaviors are ready: event loops by ``set_pump_notify``, and the watchdog."""

import asyncio
import logging
import sys
import threading
import time

import bocpy
from bocpy import Cown, PinnedCown, pump, quiesce, set_pump_notify, set_pump_watchdog, start, wait, when
from support import check_script, error_of, pytest, run_script


@pytest.fixture(autouse=True)
def settings():
    yield
    set_pump_notify(None)
    set_pump_watchdog(None)


class Bell:
    """What is told, and a way to wait for it."""

    def __init__(self):
        self.calls = []
        self.rang = threading.Semaphore(0)

    def __call__(self, *args):
        self.calls.append((threading.get_ident(), args))
        self.rang.release()

    def await_call(self):
        assert self.rang.acquire(timeout=60)


@pytest.fixture
def bell():
    return Bell()


@pytest.fixture
def pinned():
    return PinnedCown([])


def add(pinned):
    pinned.value.append(1)


# Notify


def test_it_is_called_once_until_somebody_pumps(bell, pinned):
    assert set_pump_notify(bell) is None
    when(pinned)(add)
    bell.await_call()
    for _ in range(10):
        when(pinned)(add)
    assert pump().executed == 11
    assert len(bell.calls) == 1
    when(pinned)(add)
    bell.await_call()
    assert len(bell.calls) == 2
    assert bell.calls[0][0] != threading.get_ident() and bell.calls[0][1] == ()
    assert pump().executed == 1
    assert set_pump_notify(None) is bell


def test_a_worker_makes_it_ready(bell, pinned):
    set_pump_notify(bell)
    when()(lambda pinned=pinned: when(pinned)(lambda pinned: pinned.value.append(2)))
    bell.await_call()
    assert pump().executed == 1
    assert pinned.value == [2]


def test_it_is_called_at_once_if_something_is_ready(bell, pinned):
    when(pinned)(add)
    set_pump_notify(bell)
    bell.await_call()
    other = Bell()
    assert set_pump_notify(other) is bell
    other.await_call()
    assert pump().executed == 1
    assert (len(bell.calls), len(other.calls)) == (1, 1)


def test_what_a_bounded_pump_leaves_is_told_of(bell, pinned):
    for _ in range(4):
        when(pinned)(add)
    set_pump_notify(bell)
    for left in (3, 2, 1):
        bell.await_call()
        assert pump(max_behaviors=1).executed == 1
        assert len(pinned.value) == 4 - left
    bell.await_call()
    assert pump(max_behaviors=1).executed == 1
    assert len(bell.calls) == 4


def test_a_base_exception_in_the_middle_leaves_work_that_is_told_of(bell, pinned):
    class Stop(BaseException):
        pass

    @when(pinned)
    def _(pinned):
        raise Stop

    when(pinned)(add)
    set_pump_notify(bell)
    bell.await_call()
    with pytest.raises(Stop):
        pump()
    bell.await_call()
    assert pump().executed == 1


def test_it_is_not_called_while_the_main_thread_waits(bell, pinned):
    set_pump_notify(bell)
    start(2)

    def work(n):
        @when()
        def _(n=n, pinned=pinned):
            when(pinned)(lambda pinned, n=n: pinned.value.append(n))

    for n in range(20):
        work(n)
        quiesce()
    # A worker may have been quick enough, before the wait began; each time once.
    assert len(bell.calls) <= 20
    assert pinned.value == list(range(20))


def test_what_it_raises_goes_to_unraisablehook(pinned, monkeypatch):
    told = Bell()

    def fails():
        raise ValueError("from notify")

    monkeypatch.setattr(sys, "unraisablehook", lambda seen: told(seen.exc_type, str(seen.exc_value), seen.object))
    set_pump_notify(fails)
    when(pinned)(add)
    told.await_call()
    assert told.calls[0][1] == (ValueError, "from notify", fails)
    assert pump().executed == 1
    # It goes on.
    when(pinned)(add)
    told.await_call()
    assert pump().executed == 1


def test_notify_may_do_anything_but_pump(pinned):
    """It runs on a thread of bocpy, which is not the main one."""
    said, cown = Bell(), Cown(5)

    def notify():
        got = cown.get()
        try:
            pump()
        except RuntimeError as error:
            said(got, str(error))

    set_pump_notify(notify)
    when(pinned)(add)
    said.await_call()
    got, text = said.calls[0][1]
    assert got == 5 and "main thread" in text
    # It may schedule more.
    set_pump_notify(lambda: when(pinned)(add))
    when(pinned)(add)
    for _ in range(100):
        quiesce()
    assert len(pinned.value) >= 2
    set_pump_notify(None)


def test_notify_after_wait_and_a_new_start(bell, pinned):
    set_pump_notify(bell)
    when(pinned)(add)
    bell.await_call()
    wait()
    when(pinned)(add)
    bell.await_call()
    assert pump().executed == 1
    wait()


@pytest.mark.parametrize("function", ["set_pump_notify", "set_pump_watchdog", "set_wait_pump_poll"])
def test_wrong_arguments(function):
    with pytest.raises(TypeError):
        getattr(bocpy, function)(1, 2, 3, 4)
    with pytest.raises(TypeError):
        getattr(bocpy, function)(never=1)


@pytest.mark.parametrize("wrong", [1, "print", object()])
def test_what_cannot_be_called(wrong):
    with pytest.raises(TypeError, match="function or None, not"):
        set_pump_notify(wrong)
    with pytest.raises(TypeError, match="on_starve must be a function or None, not"):
        set_pump_watchdog(on_starve=wrong)


def test_notify_without_an_argument():
    with pytest.raises(TypeError, match="takes one argument"):
        set_pump_notify()


@pytest.mark.parametrize("function", [set_pump_notify, lambda _: set_pump_watchdog()])
def test_settings_on_a_worker(function, backend):
    result = when()(lambda: function(None))
    quiesce()
    if backend == "interpreters":
        assert isinstance(error_of(result), RuntimeError)


# Event loops


def test_an_asyncio_loop_is_woken(pinned):
    """No polling: the loop sleeps until a pinned behavior is ready, and pumps."""
    pumps = []

    async def main():
        loop = asyncio.get_running_loop()
        set_pump_notify(lambda: loop.call_soon_threadsafe(lambda: pumps.append(pump().executed)))
        data = Cown(0)
        for n in range(10):

            @when(data)
            def step(data, n=n):
                data.value += n
                return data.value

            result = when(pinned, step)(lambda pinned, step: pinned.value.append(step.value))
            assert await asyncio.wait_for(result, 60) is None
        both = [when(pinned)(lambda pinned, n=n: n) for n in range(3)]
        assert await asyncio.wait_for(asyncio.gather(*both), 60) == [0, 1, 2]
        set_pump_notify(None)

    asyncio.run(main())
    assert pinned.value == [0, 1, 3, 6, 10, 15, 21, 28, 36, 45]
    assert sum(pumps) == 13


def test_awaiting_a_pinned_behavior_that_raises(pinned):
    async def main():
        loop = asyncio.get_running_loop()
        set_pump_notify(lambda: loop.call_soon_threadsafe(pump))
        result = when(pinned)(lambda pinned: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(result, 60)
        task = asyncio.ensure_future(when(pinned)(lambda pinned: len(pinned.value)))
        assert await asyncio.wait_for(task, 60) == 0
        assert await asyncio.wait_for(pinned, 60) == []

    asyncio.run(main())


def test_a_pinned_behavior_starts_a_task_in_the_loop():
    """The loop itself is a value that stays on the main thread."""
    told = []

    async def hello(n):
        await asyncio.sleep(0)
        told.append(n)

    async def main():
        loop = asyncio.get_running_loop()
        set_pump_notify(lambda: loop.call_soon_threadsafe(pump))
        pinned = PinnedCown(loop)
        tasks = []
        started = when(pinned)(lambda pinned: tasks.extend(pinned.value.create_task(hello(n)) for n in range(3)))
        await asyncio.wait_for(started, 60)
        await asyncio.gather(*tasks)

    asyncio.run(main())
    assert told == [0, 1, 2]


# The watchdog


def test_it_tells_of_each_that_nobody_runs(bell, pinned):
    """Also where something became ready during the pump before, which has run it."""
    set_pump_watchdog(1, bell)

    def again(pinned):
        when(pinned)(add)

    for _ in range(20):
        when(pinned)(again)
        bell.await_call()
        assert pump().executed == 2
    assert len(bell.calls) == 20


@pytest.mark.parametrize("waits", [wait, quiesce])
def test_what_a_wait_leaves_is_told_of(waits, bell, pinned):
    def step(pinned):
        pinned.value.append(1)
        if pinned.value[0] == 1:
            when(pinned)(step)

    set_pump_notify(bell)
    when(pinned)(step)
    bell.await_call()
    with pytest.raises(TimeoutError):
        waits(0.01)
    bell.await_call()
    pinned.value[0] = 0
    assert pump().executed == 1


def test_it_warns_once_until_somebody_pumps(bell, pinned):
    set_pump_watchdog(1, bell)
    when(pinned)(add)
    bell.await_call()
    severity, message = bell.calls[0][1]
    assert severity == 0
    assert "pump()" in message and "ms" in message
    assert bell.calls[0][0] != threading.get_ident()
    when(pinned)(add)
    time.sleep(0.02)
    assert len(bell.calls) == 1
    assert pump().executed == 2
    when(pinned)(add)
    bell.await_call()
    assert len(bell.calls) == 2
    quiesce()


def test_it_warns_of_what_was_ready_before(bell, pinned):
    when(pinned)(add)
    set_pump_watchdog(1, bell)
    bell.await_call()
    set_pump_watchdog(1, bell)
    bell.await_call()
    quiesce()


def test_it_warns_by_the_logger(pinned, caplog):
    logged = Bell()

    class Handler(logging.Handler):
        def emit(self, record):
            logged(record.levelname, record.name, record.getMessage())

    handler = Handler()
    logger = logging.getLogger("bocpy.pump")
    logger.addHandler(handler)
    try:
        set_pump_watchdog(warn_ms=1)
        when(pinned)(add)
        logged.await_call()
    finally:
        logger.removeHandler(handler)
    level, name, message = logged.calls[0][1]
    assert (level, name) == ("WARNING", "bocpy.pump")
    assert "nobody has run them" in message
    quiesce()


def test_a_callback_that_raises(pinned, monkeypatch):
    told = Bell()

    def fails(severity, message):
        raise ValueError("from watchdog")

    monkeypatch.setattr(sys, "unraisablehook", lambda seen: told(str(seen.exc_value), seen.object))
    set_pump_watchdog(1, fails)
    for _ in range(2):
        when(pinned)(add)
        told.await_call()
        assert pump().executed == 1
    assert [args for _, args in told.calls] == [("from watchdog", fails)] * 2


def test_raise_ms_raises_once_and_loses_nothing(bell, pinned):
    # The warning says that the time is over.
    set_pump_watchdog(1, bell, raise_ms=1)
    when(pinned)(add)
    bell.await_call()
    with pytest.raises(RuntimeError, match=r"raise_ms=1\)"):
        pump()
    assert pinned.value == []
    set_pump_watchdog(raise_ms=1 << 40)
    assert pump().executed == 1


def test_raise_ms_raises_once_however_late_the_next_pump_is(pinned):
    set_pump_watchdog(None, raise_ms=1)
    when(pinned)(add)
    time.sleep(0.01)  # at least so long: it is too late
    with pytest.raises(RuntimeError, match="raise_ms"):
        pump()
    time.sleep(0.01)
    assert pump().executed == 1


@pytest.mark.parametrize("waits", [wait, quiesce])
def test_raise_ms_in_a_wait(waits, bell, pinned):
    set_pump_watchdog(1, bell, 1)
    when(pinned)(add)
    bell.await_call()
    with pytest.raises(RuntimeError, match="raise_ms"):
        waits()
    set_pump_watchdog(None)
    waits()
    assert pinned.value == [1]


def test_off_again(bell, pinned):
    set_pump_watchdog(1, bell)
    set_pump_watchdog(None)
    when(pinned)(add)
    time.sleep(0.02)
    assert bell.calls == []
    set_pump_watchdog(None, bell, None)
    time.sleep(0.02)
    assert bell.calls == []
    quiesce()


def test_no_warning_while_the_main_thread_waits(bell, pinned):
    set_pump_watchdog(1, bell)
    slow = when()(lambda: time.sleep(0.02))
    when(pinned, slow)(lambda pinned, slow: time.sleep(0.02))
    quiesce()
    assert bell.calls == []


def test_dump_says_that_nobody_pumps(pinned):
    import io

    when(pinned)(add)
    text = io.StringIO()
    bocpy.dump(text)
    assert "only the main thread can run" in text.getvalue()
    pump()
    text = io.StringIO()
    bocpy.dump(text)
    assert "only the main thread" not in text.getvalue()


def test_dump_shows_a_pinned_behavior_that_runs(pinned):
    import io

    @when(pinned)
    def shown(pinned):
        text = io.StringIO()
        bocpy.dump(text)
        return text.getvalue()

    assert "the main thread runs " in shown.get(), shown.get()
    assert "shown" in shown.get()


def test_a_program_that_ends_with_all_of_it_set():
    check_script(
        """
        import time
        from bocpy import PinnedCown, set_pump_notify, set_pump_watchdog, when
        pinned = PinnedCown(1)
        set_pump_notify(lambda: None)
        set_pump_watchdog(1, lambda *args: None)
        when(pinned)(lambda pinned: print("ran"))
        time.sleep(0.01)
        when(pinned)(lambda pinned: print("ran"))
        """,
        "ran\nran",
    )


def test_a_notify_that_is_slow_at_the_end_of_the_program():
    done = run_script(
        """
        import time
        from bocpy import PinnedCown, set_pump_notify, when
        pinned = PinnedCown(1)
        def notify():
            time.sleep(0.2)
            print("told", flush=True)
        set_pump_notify(notify)
        when(pinned)(lambda pinned: print("ran", flush=True))
        """
    )
    assert sorted(done.stdout.split()) in (["ran"], ["ran", "told"]) and done.returncode == 0 and not done.stderr, done


# Nobody


@pytest.mark.slow
def test_a_loop_that_waits_for_what_nobody_runs_is_told_after_some_seconds():
    check_script(
        """
        import asyncio, sys
        from bocpy import PinnedCown, pump, wait, when

        told = []

        class Told:
            def write(self, text):
                told.append(text)
                loop.call_soon_threadsafe(pump)  # what the message asks for

            def flush(self):
                pass

        async def main():
            global loop
            loop = asyncio.get_running_loop()
            sys.stderr = Told()

            @when(PinnedCown(1))
            def result(pinned):
                return pinned.value + 1

            print(await result)
            sys.stderr = sys.__stderr__

        asyncio.run(main())
        wait()
        print("".join(told).strip())
        """,
        """
        2
        bocpy: an event loop waits for a behavior, while pinned behaviors are ready, which nobody runs: the main \
thread has to, by pump_in() of bocpy.integrations, or by a call of pump() now and then
        """,
    )
