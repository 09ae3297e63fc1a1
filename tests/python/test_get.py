"""Waiting for one cown: ``get``, ``peek`` and ``done``."""

import os
import signal
import sys
import threading

from bocpy import Cown, notice_update, quiesce, read, start, wait, when, whencall
from support import (
    Handshake,
    check_script,
    error_of,
    interpreters_only,
    outcome,
    pytest,
    run_script,
    start_script,
    text_of,
    threads_only,
)
from support.scripts import finish


class Point:
    def __init__(self, x):
        self.x = x


class Unmovable:
    def __reduce__(self):
        raise TypeError("this one stays")


def append(c, n):
    c.value.append(n)


def hold(c, handshake):
    handshake.arrive()


def test_get_waits_for_the_result(handshake):
    result = whencall(lambda handshake: handshake.arrive() or 42, [], [handshake])
    handshake.await_arrival()
    assert not result.done()
    threading.Timer(0.05, handshake.let_go).start()
    assert result.get() == 42
    assert result.done()


def test_get_takes_nothing_away():
    result = when()(lambda: {"a": [1]})
    assert result.get() == {"a": [1]}
    assert result.get() == {"a": [1]}
    assert result.unwrap() == {"a": [1]}
    assert result.get() is None


def test_get_of_a_free_cown_needs_no_workers():
    c = Cown(Point(1))
    assert c.done()
    assert c.get().x == 1
    assert c.get(0).x == 1


@interpreters_only
def test_get_gives_a_copy():
    c = Cown([1])
    c.get().append(2)
    assert c.get() == [1]
    whencall(append, [c], [3])
    c.get().append(4)
    whencall(append, [c], [5])
    assert c.get() == [1, 3, 5]


@threads_only
def test_get_gives_the_object_on_threads():
    c = Cown([1])
    assert c.get() is c.get()


def test_get_raises_the_exception_of_the_behavior():
    @when()
    def result():
        raise KeyError("no", 1)

    with pytest.raises(KeyError) as caught:
        result.get()
    assert caught.value.args == ("no", 1)
    assert "in result" in text_of(caught.value)
    with pytest.raises(KeyError):
        result.get()


@pytest.mark.parametrize("take", ["result.get()", "result.peek()", "asyncio.run(waits())"])
def test_an_exception_that_was_got_is_not_reported(take):
    check_script(
        f"""
        import asyncio
        from bocpy import wait, when

        async def waits():
            await result

        @when()
        def result():
            raise ValueError("boo")

        try:
            {take}
        except ValueError as error:
            print("raised", error)
        wait()
        """,
        "raised boo",
    )


@pytest.mark.parametrize("take", ["result.get(0)", "asyncio.run(waits())"])
def test_an_exception_for_which_nobody_waited_long_enough_is_reported(take):
    check_script(
        f"""
        import asyncio, os
        from bocpy import wait, when
        reading, writing = os.pipe()

        async def waits():
            await asyncio.wait_for(result, 0.01)

        @when()
        def result():
            os.read(reading, 1)
            raise ValueError("boo")

        try:
            {take}
        except (TimeoutError, asyncio.TimeoutError):
            print("too early")
        os.write(writing, b".")
        wait()
        """,
        "too early",
        reports=1,
    )


def test_an_exception_that_is_a_plain_value_is_returned():
    c = Cown(ValueError("a value"))
    assert isinstance(c.get(), ValueError)


def test_get_waits_behind_all_that_was_scheduled_before():
    c = Cown([])
    for n in range(500):
        whencall(append, [c], [n])
    assert c.get() == list(range(500))


def test_get_does_not_wait_for_others(handshake):
    other = Cown(None)
    whencall(hold, [other], [handshake])
    handshake.await_arrival()
    c = Cown([])
    for n in range(10):
        whencall(append, [c], [n])
        assert c.get() == list(range(n + 1))
    assert not other.done()


def test_get_waits_for_what_comes_through_other_cowns(handshake):
    gate, c = Cown(None), Cown(0)
    whencall(hold, [gate], [handshake])
    handshake.await_arrival()

    @when(gate, c)
    def both(gate, c):
        c.value = 7

    threading.Timer(0.05, handshake.let_go).start()
    assert c.get() == 7


def test_get_joins_other_readers(handshake):
    c = Cown(5)

    @when(read(c))
    def reader(c):
        handshake.arrive()
        return c.value

    handshake.await_arrival()
    assert c.get(60) == 5
    handshake.let_go()
    assert reader.get() == 5


@pytest.mark.parametrize("look", ["get", "peek"])
def test_a_timeout(look, handshake):
    c = Cown(1)
    whencall(hold, [c], [handshake])
    handshake.await_arrival()
    for timeout in (0, -1, 0.01, 0.2, False):
        with pytest.raises(TimeoutError) as caught:
            getattr(c, look)(timeout)
        text = str(caught.value)
        assert f"{look}() timed out" in text and f"{hash(c) << 4:#x}" in text
        assert "hold" in text  # what runs
    handshake.let_go()
    assert getattr(c, look)(timeout=60) == 1
    assert outcome(c) == 1


@pytest.mark.parametrize("look", ["get", "peek"])
@pytest.mark.parametrize(
    ("timeout", "error"), [(float("nan"), ValueError), ("1", TypeError), ([], TypeError), (1j, TypeError)]
)
def test_a_timeout_of_nonsense(look, timeout, error, handshake):
    c = Cown(1)
    with pytest.raises(error):
        getattr(c, look)(timeout)
    assert getattr(c, look)(float("inf")) == 1
    assert getattr(c, look)(1e300) == 1


def test_wrong_arguments():
    c = Cown(1)
    for call in (lambda: c.get(1, 2), lambda: c.get(time=1), lambda: c.peek(1, 2), lambda: c.done(1)):
        with pytest.raises(TypeError):
            call()


def test_get_in_a_behavior_is_refused():
    c, mine = Cown(1), Cown(2)

    @when(mine)
    def get(mine):
        return c.get()

    @when(mine)
    def get_mine(mine):
        return mine.get()

    @when(mine)
    def peek(mine):
        return c.peek()

    for result, name in ((get, "get()"), (get_mine, "get()"), (peek, "peek()")):
        error = error_of(result)
        assert isinstance(error, RuntimeError)
        assert name in str(error) and "@when(result)" in str(error)
    assert c.get() == 1


def test_get_in_an_update_of_the_noticeboard_is_refused(capsys):
    check_script(
        """
        from bocpy import Cown, notice_update, notice_sync, noticeboard, wait
        c = Cown(1)

        def change(old):
            try:
                return c.get()
            except RuntimeError as error:
                return str(error)

        notice_update("a", change, 0)
        notice_sync()
        print(noticeboard()["a"].split(":")[0])
        wait()
        """,
        "get() cannot be called by the function of notice_update()",
    )


def test_get_by_the_holder():
    c = Cown([1])
    with c:
        assert c.get() == [1]
        assert c.peek() == [1]
        whencall(append, [c], [2])
        with pytest.raises(RuntimeError, match="acquired"):
            c.get()
    assert c.get() == [1, 2]


def test_get_that_waits_for_what_its_own_thread_holds():
    held, c = Cown(None), Cown(1)
    with held:

        @when(held, c)
        def both(held, c):
            c.value = 2

        for cown in (c, both):
            with pytest.raises(RuntimeError, match="this thread has acquired"):
                cown.get()
            with pytest.raises(TimeoutError):
                cown.get(0.01)
        assert not c.done()
    assert c.get() == 2


def test_get_waits_for_another_thread_that_holds_the_cown():
    c = Cown([1])
    holds, let_go = threading.Event(), threading.Event()

    def holder():
        with c:
            holds.set()
            let_go.wait()
            c.value.append(2)

    thread = threading.Thread(target=holder)
    thread.start()
    holds.wait()
    assert not c.done()
    with pytest.raises(TimeoutError):
        c.get(0.01)
    threading.Timer(0.05, let_go.set).start()
    assert c.get() == [1, 2]
    thread.join()


def test_get_after_wait_and_in_the_next_start():
    result = when()(lambda: [1])
    wait()
    assert result.get() == [1]
    assert result.done()
    assert when(result)(lambda result: result.value + [2]).get() == [1, 2]


def test_many_threads_get_the_same(handshake):
    result = whencall(lambda handshake: handshake.arrive() or [1, 2], [], [handshake])
    handshake.await_arrival()
    got = []
    threads = [threading.Thread(target=lambda: got.append(result.get())) for _ in range(20)]
    for thread in threads:
        thread.start()
    handshake.let_go()
    for thread in threads:
        thread.join()
    assert got == [[1, 2]] * 20


def test_a_thread_of_a_behavior_may_wait():
    c = Cown(0)

    @when()
    def result():
        import threading

        got = []
        thread = threading.Thread(target=lambda: got.append(c.get()))
        thread.start()
        thread.join()
        return got

    assert result.get() == [0]


def test_what_was_got_can_be_taken_at_once():
    # The behavior that answers has released the cown by then.
    for n in range(2000):
        result = when()(lambda n=n: [n])
        assert result.get() == [n]
        assert result.done()
        assert result.unwrap() == [n]


@interpreters_only
def test_what_cannot_be_copied_stays_where_it_is():
    c = Cown(None)

    @when(c)
    def made(c):
        c.value = Unmovable()

    for look in (c.get, c.peek):
        with pytest.raises(TypeError, match="Unmovable.*this one stays"):
            look()
    assert when(c)(lambda c: type(c.value).__name__).get() == "Unmovable"


@interpreters_only
def test_get_from_a_worker_that_is_busy(crew):
    home, _ = crew.start(2)
    c = Cown(None)

    def make(c):
        c.value = {"made": [1]}

    crew.run(home, make, c)
    crew.begin(home, lambda: None)
    crew.await_return(home)
    # All workers are held in bodies. The value is fetched all the same.
    assert c.get(60) == {"made": [1]}
    assert c.get(60) == {"made": [1]}


# -- peek


def test_peek_does_not_wait_for_what_is_scheduled_behind():
    c = Cown([])
    pipes = Handshake()

    def step(c, pipes):
        pipes.arrive()
        c.value.append(len(c.value))

    steps = [whencall(step, [c], [pipes]) for _ in range(4)]
    seen = []
    for n in range(3):
        pipes.await_arrival()
        looking = threading.Event()

        def look(looking=looking):
            looking.set()
            seen.append(c.peek())

        thread = threading.Thread(target=look)
        thread.start()
        looking.wait()
        while thread.is_alive():
            # It may begin to look a little later than it says, and then sees the next step.
            pipes.let_go()
            thread.join(0.1)
            if thread.is_alive():
                pipes.await_arrival()
        assert len(seen) == n + 1 and len(seen[-1]) >= n + 1
        if steps[-1].done() or len(seen[-1]) >= 3:
            break
    assert seen[0] in ([0], [0, 1], [0, 1, 2])
    assert seen == sorted(seen, key=len)
    pipes.let_all_go()
    assert c.get() == [0, 1, 2, 3]
    wait()
    pipes.close()


def test_peek_sees_progress():
    c = Cown(0)

    def step(c):
        c.value += 1

    for _ in range(20_000):
        when(c)(step)
    looks = [c.peek() for _ in range(20)]
    assert looks == sorted(looks)
    assert c.get() == 20_000
    assert c.peek() == 20_000


def test_peek_gives_a_copy():
    c = Cown([1])
    c.peek().append(2)
    assert c.peek() == [1] and c.get() == [1]


@threads_only
def test_peek_of_what_cannot_be_copied():
    c = Cown(Unmovable())
    with pytest.raises(TypeError, match="Unmovable"):
        c.peek()
    assert isinstance(c.get(), Unmovable)


def test_peek_of_a_failed_behavior():
    @when()
    def result():
        raise ValueError("boo")

    with pytest.raises(ValueError, match="boo"):
        result.peek()


def test_peek_while_others_read(handshake):
    c = Cown([1])
    whencall(hold, [read(c)], [handshake])
    handshake.await_arrival()
    threading.Timer(0.05, handshake.let_go).start()
    assert c.peek() == [1]


# -- done


def test_done(handshake):
    c = Cown(1)
    assert c.done()
    result = whencall(hold, [c], [handshake])
    handshake.await_arrival()
    assert not c.done() and not result.done()
    handshake.let_go()
    result.get()
    quiesce()
    assert c.done() and result.done()
    with c:
        assert not c.done()


def test_done_of_a_result_of_each_kind():
    for value in (None, True, 0, 1, 2, 3, 1.5, "text", [1]):
        result = when()(lambda value=value: value)
        assert result.get() == value
        assert result.done()


# -- signals, forks, ends


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("look", ["get", "peek"])
def test_ctrl_c(look, tmp_path):
    source = f"""
    import os
    from bocpy import Cown, start, wait, when
    start(2)
    reading, writing = os.pipe()
    c = Cown(1)

    @when(c)
    def blocked(c):
        os.read(reading, 1)
        c.value += 1

    try:
        print("waiting", flush=True)
        c.{look}()
    except KeyboardInterrupt:
        print("interrupted")
    os.write(writing, b".")
    print(c.get())
    wait()
    """
    process = start_script(source, folder=tmp_path)
    assert process.stdout.readline() == "waiting\n"
    os.kill(process.pid, signal.SIGINT)
    done = finish(process)
    assert (done.stdout, done.stderr, done.returncode) == ("interrupted\n2\n", "", 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_get_in_the_child_of_a_fork():
    check_script(
        """
        import os, warnings
        from bocpy import Cown, wait, when
        warnings.simplefilter("ignore")
        c = Cown([1])
        assert when(c)(lambda c: 1).get() == 1
        wait()
        pid = os.fork()
        if pid == 0:
            got = c.get(), when(c)(lambda c: c.value + [2]).get()
            os._exit(0 if got == ([1], [1, 2]) else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), c.get())
        """,
        "0 [1]",
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_what_the_parent_would_run_has_no_result_in_the_child():
    check_script(
        """
        import os, warnings
        from bocpy import Cown, wait, when, whencall
        warnings.simplefilter("ignore")
        c = Cown(1)
        c.acquire()
        result = when(c)(lambda c: 5)
        pid = os.fork()
        if pid == 0:
            try:
                result.get()
            except RuntimeError as error:
                os._exit("will not run" not in str(error))
            os._exit(2)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        c.release()
        print(result.get())
        """,
        "0\n5",
    )


def test_get_at_exit():
    check_script(
        """
        import atexit
        from bocpy import Cown, when
        result = when()(lambda: 5)
        atexit.register(lambda: print("at exit", result.get()))
        """,
        "at exit 5",
    )


def test_a_thread_that_waits_at_exit_does_not_keep_the_program():
    done = run_script(
        """
        import threading
        from bocpy import Cown, start
        start(2)
        c = Cown(1)
        c.acquire()
        waiting = threading.Event()

        def wait_for_it():
            waiting.set()
            try:
                print(c.get())
            except RuntimeError as error:
                print(type(error).__name__)

        threading.Thread(target=wait_for_it, daemon=True).start()
        waiting.wait()
        print("end")
        """
    )
    assert done.returncode == 0, done.stderr
    assert "end" in done.stdout


def test_get_and_update(handshake):
    # The main program may wait while an update is computed.
    notice_update("n", lambda n: n + 1, 0)
    assert when()(lambda: 1).get() == 1


def test_start_is_not_needed():
    assert when()(lambda: "ran").get(60) == "ran"
    start()
    quiesce()
