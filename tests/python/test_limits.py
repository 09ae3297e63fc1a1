"""`limit=`: how many behaviors may be in flight at once."""

import threading

from bocpy import Cown, quiesce, receive, scope, send, start, wait, when, whencall
from support import pytest, run_script


def add(c):
    c.value += 1


def value_of(cown):
    with cown:
        return cown.value


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_no_more_than_the_limit_are_in_flight(limit):
    c = Cown(0)
    most = 0
    with scope(limit=limit) as s:
        for _ in range(300):
            whencall(add, [c])
            most = max(most, s.pending)
    assert value_of(c) == 300
    assert 1 <= most <= limit


def test_when_waits_for_room(handshake):
    with scope(limit=2):
        when()(handshake.arrive)
        when()(handshake.arrive)
        handshake.await_arrival(1)
        threading.Timer(0.02, handshake.let_go, [2]).start()
        third = when()(lambda: "third")
    assert value_of(third) == "third"


def test_behaviors_do_not_wait():
    """They would wait for each other."""
    c = Cown(0)

    def step(c, left):
        c.value += 1
        if left:
            for _ in range(2):
                whencall(step, [c], [left - 1])

    with scope(limit=1):
        whencall(step, [c], [6])
    assert value_of(c) == 127


def test_what_a_behavior_schedules_into_a_scope_does_not_wait(handshake):
    c = Cown(0)
    with scope(limit=1) as s:

        @s.when()
        def _():
            for _ in range(10):
                s.whencall(add, [c])

    assert value_of(c) == 10


def test_an_inner_scope_is_within_the_limit_of_the_outer_one():
    c = Cown(0)
    most = 0
    with scope(limit=2) as outer, scope(limit=100):
        for _ in range(100):
            whencall(add, [c])
            most = max(most, outer.pending)
    assert most <= 2
    assert value_of(c) == 100


def test_from_several_threads():
    c = Cown(0)

    def work(s):
        for _ in range(200):
            s.whencall(add, [c])
            assert s.pending <= 3

    with scope(limit=3) as s:
        threads = [threading.Thread(target=work, args=(s,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert value_of(c) == 800


def test_a_thread_that_keeps_what_all_wait_for():
    c = Cown(0)
    with scope(limit=3, name="small"), c:
        for _ in range(3):
            whencall(add, [c])
        with pytest.raises(RuntimeError) as raised:
            whencall(add, [c])
        text = str(raised.value)
        assert text.startswith(
            "when() would wait forever: the scope 'small' has 3 behaviors in flight, which is its limit"
        )
        assert "which this thread has acquired at" in text
        assert "Release it first, or give a larger limit" in text
    assert value_of(c) == 3


def test_a_thread_that_keeps_what_some_wait_for(handshake):
    c = Cown(0)
    with scope(limit=2), c:
        whencall(add, [c])
        when()(handshake.arrive)
        handshake.await_arrival()
        threading.Timer(0.02, handshake.let_go).start()
        other = when()(lambda: "went on")
        with pytest.raises(RuntimeError, match="would wait forever"):
            for _ in range(3):
                when()(lambda: None)
                whencall(add, [c])
    quiesce()
    assert value_of(other) == "went on"


def test_in_an_event_loop():
    import asyncio

    c = Cown(0)

    async def main():
        with scope(limit=2) as s, c:
            whencall(add, [c])
            whencall(add, [c])
            with pytest.raises(RuntimeError, match=r"would stop the event loop.*asyncio.to_thread") as raised:
                whencall(add, [c])
            c.release()
            await asyncio.to_thread(s.whencall, add, [c])
        return str(raised.value)

    assert "2 behaviors in flight" in asyncio.run(main())
    assert value_of(c) == 3


def test_a_timeout_of_the_scope_ends_the_wait_for_room(handshake):
    with pytest.raises(TimeoutError) as raised, scope(limit=1, timeout=0.05):
        when()(handshake.arrive)
        handshake.await_arrival()
        when()(lambda: None)
    handshake.let_go()
    assert "timed out" in str(raised.value)


def test_nothing_is_taken_away_where_there_is_no_room():
    """An argument that moves is the caller's as long as nothing is scheduled."""
    c = Cown(0)
    with scope(limit=1), c:
        whencall(add, [c])
        with pytest.raises(RuntimeError):
            whencall(lambda c, kept: None, [c], [[1]])
    assert value_of(c) == 1


# --- of the runtime ---


def test_the_limit_of_the_runtime():
    start(2, limit=4)
    c = Cown(0)
    for _ in range(300):
        whencall(add, [c])
    wait()
    assert c.value == 300


def test_the_limit_of_the_runtime_makes_main_wait():
    start(2, limit=2)
    c = Cown(0)
    with c:
        whencall(add, [c])
        whencall(add, [c])
        with pytest.raises(RuntimeError, match="the runtime has 2 behaviors in flight, which is its limit"):
            whencall(add, [c])
    wait()
    assert c.value == 2
    with c:
        for _ in range(10):
            whencall(add, [c])  # the next start has no limit
    wait()
    assert c.value == 12


def test_the_limit_of_the_runtime_holds_in_scopes():
    start(2, limit=2)
    c = Cown(0)
    with scope(), c:
        whencall(add, [c])
        whencall(add, [c])
        with pytest.raises(RuntimeError, match="the runtime has 2"):
            whencall(add, [c])
    wait()
    assert c.value == 2


def test_behaviors_do_not_wait_for_the_limit_of_the_runtime():
    start(2, limit=1)
    c = Cown(0)

    @when()
    def _():
        for _ in range(50):
            whencall(add, [c])

    wait()
    assert c.value == 50


def test_failures_are_told_as_usual_under_a_limit_of_the_runtime(monkeypatch):
    told = []
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append(str(args.exc_value)))
    start(2, limit=1)
    when()(lambda: 1 / 0)
    wait()
    assert told == ["division by zero"]


@pytest.mark.parametrize(("limit", "error"), [(0, ValueError), (-1, ValueError), ("1", TypeError), (1.0, TypeError)])
def test_limits_that_make_no_sense(limit, error):
    with pytest.raises(error, match="limit must be"):
        start(limit=limit)
    result = when()(lambda: 1)
    wait()
    assert result.unwrap() == 1


def test_a_limit_in_a_behavior_that_starts_a_thread():
    """The thread is no behavior, so it waits."""

    def body():
        import threading

        def work():
            for _ in range(20):
                s.whencall(add, [c])
            send("done", None)

        threading.Thread(target=work).start()

    c = Cown(0)
    with scope(limit=2) as s:
        when()(body)
        assert receive("done", 60)[0] == "done"
    assert value_of(c) == 20


def test_ctrl_c_while_it_waits_for_room():
    source = """
    import os, signal, threading
    from bocpy import scope, start, wait, when

    start(2)
    reading, writing = os.pipe()
    try:
        with scope(limit=1):
            @when()
            def blocked():
                os.read(reading, 1)

            threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT]).start()
            threading.Timer(0.6, os.write, [writing, b"."]).start()
            when()(lambda: print("never"))
    except KeyboardInterrupt:
        print("interrupted")
    wait()
    """
    done = run_script(source)
    assert (done.stdout, done.stderr, done.returncode) == ("interrupted\n", "", 0)
