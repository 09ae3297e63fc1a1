"""What the main thread waits for in bocpy pumps meanwhile; other threads cannot, and say so."""

import threading

import bocpy
from bocpy import (
    Cown,
    Executor,
    PinnedCown,
    gather,
    pump,
    quiesce,
    receive,
    scope,
    send,
    set_wait_pump_poll,
    start,
    wait,
    when,
)
from support import check_script, pytest, run_script, start_script
from support.scripts import finish
from support.threads import on_main


def bounce(pinned, data, rounds):
    """Work that goes to and fro between a worker and the main thread; its end needs both."""

    @when(data)
    def _(data, pinned=pinned, handle=data, rounds=rounds):
        data.value += 1
        if rounds:
            when(pinned)(lambda pinned, handle=handle, rounds=rounds: bounce_back(pinned, handle, rounds))


def bounce_back(pinned, handle, rounds):
    assert on_main()
    pinned.value.append(rounds)
    bounce(PINNED[0], handle, rounds - 1)


PINNED = []


@pytest.fixture
def pinned():
    PINNED[:] = [PinnedCown([])]
    yield PINNED[0]
    PINNED.clear()
    set_wait_pump_poll()


@pytest.fixture
def no_poll():
    """Nobody looks by himself: whoever waits has to be woken."""
    set_wait_pump_poll(3_600_000)
    yield
    set_wait_pump_poll()


WAITS = {
    "wait": lambda last: wait(60),
    "quiesce": lambda last: quiesce(60),
    "get": lambda last: last.get(60),
}


@pytest.mark.parametrize("how", WAITS)
def test_work_that_goes_to_and_fro(how, pinned, no_poll):
    data = Cown(0)
    bounce(pinned, data, 100)
    if how == "get":
        # What comes later is not waited for: ask until it is there.
        while data.get(60) < 101:
            pass
    else:
        WAITS[how](data)
    assert data.get() == 101
    assert pinned.value == list(range(100, 0, -1))


def test_get_of_a_result_of_a_pinned_behavior(pinned, no_poll):
    assert when(pinned)(lambda pinned: on_main()).get(60) is True


def test_get_of_what_a_pinned_behavior_leads_to(pinned, no_poll):
    start(2)
    first = when()(lambda: 1)
    second = when(pinned, first)(lambda pinned, first: first.value + 1)
    third = when(second)(lambda second: second.value + 1)
    fourth = when(pinned, third)(lambda pinned, third: third.value + 1)
    assert gather([first, second, third, fourth]).get(60) == [1, 2, 3, 4]


def test_peek_waits_for_what_runs(pinned, no_poll):
    result = when(pinned)(lambda pinned: 5)
    assert result.peek(60) == 5


def test_the_end_of_a_scope(pinned, no_poll):
    with scope() as s:
        for n in range(20):
            done = when()(lambda n=n: n)
            when(pinned, done)(lambda pinned, done: pinned.value.append(done.value))
    assert sorted(pinned.value) == list(range(20))
    assert s.cancelled is False if hasattr(s, "cancelled") else True


def test_a_scope_with_a_limit(pinned, no_poll):
    with scope(limit=2):
        for n in range(20):
            when(pinned)(lambda pinned, n=n: pinned.value.append(n))
    assert pinned.value == list(range(20))


def test_gather_map_and_executor(pinned, no_poll):
    start(2)
    results = [when(pinned)(lambda pinned, n=n: n) for n in range(5)]
    assert gather(results).get(60) == [0, 1, 2, 3, 4]

    def call(n):
        when(PINNED_HANDLE)(lambda pinned, n=n: pinned.value.append(n))
        return n

    PINNED_HANDLE = pinned
    assert list(bocpy.map(call, range(5))) == [0, 1, 2, 3, 4]
    with Executor() as executor:
        assert executor.submit(call, 5).result(60) == 5
    quiesce()
    assert sorted(pinned.value) == [0, 1, 2, 3, 4, 5]


def test_receive_runs_what_is_ready(pinned):
    """`receive` looks twenty times a second."""
    when(pinned)(lambda pinned: send("drawn", on_main()))
    assert receive("drawn", 60) == ("drawn", True)
    when()(lambda pinned=pinned: when(pinned)(lambda pinned: send("drawn", "later")))
    assert receive("drawn", 60) == ("drawn", "later")


def test_notice_sync_and_others_do_not_deadlock(pinned):
    when(pinned)(lambda pinned: bocpy.notice_write("key", 1))
    quiesce()
    bocpy.notice_sync()
    assert bocpy.notice_read("key") == 1


def test_the_poll_finds_what_nobody_told_of(pinned):
    set_wait_pump_poll(1)
    data = Cown(0)
    bounce(pinned, data, 20)
    quiesce()
    assert data.get() == 21


@pytest.mark.parametrize("waits", [wait, quiesce])
def test_a_timeout_with_work_that_reschedules_itself(waits, pinned):
    def step(pinned):
        pinned.value.append(1)
        if pinned.value[0] == 1:
            when(pinned)(step)

    when(pinned)(step)
    with pytest.raises(TimeoutError) as caught:
        waits(0.1)
    assert "still in flight" in str(caught.value)
    with pytest.raises(TimeoutError):
        waits(0)
    pinned.value[0] = 0
    waits(60)


def test_get_with_a_timeout_beside_work_that_reschedules_itself(pinned, handshake):
    def step(pinned):
        pinned.value.append(1)
        if pinned.value[0] == 1:
            when(pinned)(step)

    when(pinned)(step)
    held = when()(lambda handshake=handshake: handshake.arrive())
    with pytest.raises(TimeoutError):
        held.get(0.1)
    handshake.let_go()
    assert held.get(60) is None
    pinned.value[0] = 0


def test_wait_of_another_thread_goes_on_when_the_main_thread_pumps(pinned):
    result = when(pinned)(lambda pinned: on_main())
    threads = [threading.Thread(target=waits) for waits in (quiesce, result.get, lambda: receive("never", 0.01))]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        pump()
        threads[0].join(0.001)
    assert result.get() is True


@pytest.mark.slow
def test_wait_of_another_thread_says_what_it_waits_for():
    done = run_script(
        """
        import threading
        from bocpy import PinnedCown, pump, quiesce, wait, when

        pinned = PinnedCown([])
        when(pinned)(lambda pinned: pinned.value.append(1))
        thread = threading.Thread(target=quiesce)
        thread.start()
        thread.join(3.5)
        print(thread.is_alive(), pump())
        thread.join()
        wait()
        """
    )
    assert done.stdout == "True PumpResult(executed=1, deadline_reached=False, raised=0)\n", done
    assert done.returncode == 0
    assert "quiesce() waits, while pinned behaviors are ready" in done.stderr
    assert "pump()" in done.stderr
    assert done.stderr.count("\n") == 1


def test_wait_on_a_side_thread_ends_the_workers_when_the_main_thread_has_pumped():
    check_script(
        """
        import threading
        from bocpy import PinnedCown, pump, wait, when

        pinned = PinnedCown([])
        for n in range(10):
            when(pinned)(lambda pinned, n=n: pinned.value.append(n))
        thread = threading.Thread(target=wait)
        thread.start()
        ran = 0
        while ran < 10:
            ran += pump(max_behaviors=3).executed
        thread.join()
        print(pinned.value)
        """,
        "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]",
    )


def test_the_end_of_the_program_runs_what_is_queued():
    check_script(
        """
        import threading
        from bocpy import Cown, PinnedCown, when

        pinned = PinnedCown([])
        data = Cown(0)

        def step(pinned, data):
            data.value += 1
            if data.value < 50:
                when(handles[0], handles[1])(step)
            else:
                print("ran", data.value, threading.current_thread() is threading.main_thread())

        handles = [pinned, data]
        when(pinned, data)(step)
        print("end")
        """,
        "end\nran 50 True",
    )


def test_the_end_of_the_program_by_an_exception_runs_it_too():
    done = run_script(
        """
        from bocpy import PinnedCown, when
        pinned = PinnedCown(1)
        when(pinned)(lambda pinned: print("ran"))
        raise SystemExit(3)
        """
    )
    assert (done.stdout, done.stderr, done.returncode) == ("ran\n", "", 3)


def test_a_base_exception_at_the_end_of_the_program():
    done = run_script(
        """
        from bocpy import PinnedCown, when
        pinned = PinnedCown(1)
        @when(pinned)
        def first(pinned):
            raise SystemExit("from a behavior")
        when(pinned)(lambda pinned: print("ran"))
        print("end")
        """
    )
    assert done.stdout.startswith("end\n"), done
    assert "from a behavior" in done.stderr, done
    assert "ran" in done.stdout, done


INTERRUPTED = """
    import os, signal, sys, threading, time
    from bocpy import Cown, PinnedCown, pump, quiesce, wait, when

    pinned, data = PinnedCown([]), Cown([])

    def interrupt():
        signal.raise_signal(signal.SIGINT)
"""


@pytest.mark.parametrize("waits", ["wait()", "quiesce()", "pump()", "third.get()"])
def test_ctrl_c_in_a_pinned_body(waits):
    """It ends the body, as it would end any code of the main thread. What is behind it stays queued."""
    check_script(
        INTERRUPTED
        + f"""
    @when(pinned, data)
    def first(pinned, data):
        pinned.value.append(1)
        interrupt()
        for _ in range(1000):
            pass
        pinned.value.append("never")

    second = when(pinned)(lambda pinned: pinned.value.append(2))
    third = when(data)(lambda data: data.value.append(3))
    try:
        {waits}
        while True:
            {waits}
    except KeyboardInterrupt:
        print("interrupted", pinned.value)
    quiesce()
    print(pinned.value, data.get())
    try:
        first.get()
    except KeyboardInterrupt:
        print("first")
    wait()
    """,
        "interrupted [1]\n[1, 2] [3]\nfirst",
    )


@pytest.mark.parametrize("waits", ["wait()", "quiesce()", "pump()"])
def test_ctrl_c_between_two_bodies(waits):
    """The signal comes as the first ends, without Python code after it."""
    check_script(
        INTERRUPTED
        + f"""
    import functools
    signals = []
    def handler(*_):
        signals.append(1)
        raise KeyboardInterrupt
    signal.signal(signal.SIGINT, handler)

    kill = functools.partial(os.kill, os.getpid(), signal.SIGINT)
    whencall = __import__("bocpy").whencall
    for n in range(5):
        when(pinned)(lambda pinned, n=n: pinned.value.append(n) or kill())
    interrupts = 0
    while len(pinned.value) < 5:
        try:
            {waits}
        except KeyboardInterrupt:
            interrupts += 1
    wait()
    print(pinned.value, interrupts == len(signals) > 0)
    """,
        "[0, 1, 2, 3, 4] True",
    )


@pytest.mark.parametrize("waits", ["wait()", "quiesce()", "slow.get()"])
def test_ctrl_c_while_waiting(waits, tmp_path):
    source = (
        INTERRUPTED
        + f"""
    reading, writing = os.pipe()
    slow = when(data)(lambda data: os.read(reading, 1))
    when(pinned)(lambda pinned: print("waiting", flush=True))
    try:
        {waits}
    except KeyboardInterrupt:
        print("interrupted")
    os.write(writing, b".")
    when(pinned)(lambda pinned: print("goes on"))
    wait()
    """
    )
    import os
    import signal

    process = start_script(source, folder=tmp_path)
    assert process.stdout.readline() == "waiting\n"
    os.kill(process.pid, signal.SIGINT)
    done = finish(process)
    assert (done.stdout, done.stderr, done.returncode) == ("interrupted\ngoes on\n", "", 0)
