"""Pinned cowns in whole programs: ``fork``, strict mode, seeds, profiling, tracing, the REPL."""

import os
import sys

from support import BACKEND, check_script, pytest, run_script

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX")

FORKS = """
    import os, sys, threading, warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    from bocpy import Cown, PinnedCown, pump, quiesce, set_pump_notify, set_pump_watchdog, start, wait, when

    def on_main():
        return threading.current_thread() is threading.main_thread()

    def fork(child):
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = 0 if child() else 2
            finally:
                sys.stdout.flush()
                os._exit(code)
        print("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

    pinned, data = PinnedCown([1]), Cown([1])
"""


@needs_fork
def test_the_child_of_a_fork_starts_clean_and_the_parent_goes_on():
    check_script(
        FORKS
        + """
    told = threading.Semaphore(0)
    calls = []
    def notify():
        calls.append(os.getpid())
        told.release()
    set_pump_notify(notify)
    set_pump_watchdog(3_600_000)
    other = PinnedCown([])
    queued = when(pinned)(lambda pinned: pinned.value.append(2))
    told.acquire()

    def child():
        # What was queued is the parent's, and so is the one who is told. The value is a copy, as all memory is.
        assert set_pump_notify(None) is None
        assert pinned.value == [1]
        fresh = PinnedCown([])
        both = when(fresh, data)(lambda fresh, data: fresh.value.append(on_main()))
        assert pump().executed <= 1
        quiesce(60)
        assert fresh.value == [True] and calls == [os.getppid()]
        again = when(other)(lambda other: other.value.append(3))
        wait(60)
        return other.value == [3]

    fork(child)
    assert queued.get() is None
    when(pinned)(lambda pinned: pinned.value.append(4))
    wait()
    print(pinned.value)
    """,
        "child 0\n[1, 2, 4]",
    )


@needs_fork
def test_fork_while_somebody_is_told():
    """The thread that is in the callback just then is the parent's."""
    check_script(
        FORKS
        + """
    begun, over = threading.Event(), threading.Event()
    set_pump_notify(lambda: begun.set() or over.wait())
    when(pinned)(lambda pinned: pinned.value.append(2))
    begun.wait()

    def child():
        other = PinnedCown([])
        when(other)(lambda other: other.value.append(3))
        told = threading.Event()
        set_pump_notify(told.set)
        told.wait()
        quiesce(60)
        return other.value == [3]

    fork(child)
    over.set()
    wait()
    print(pinned.value)
    """,
        "child 0\n[1, 2]",
    )


@needs_fork
def test_fork_in_a_pinned_body():
    """The child is that behavior; it ends with it, as a fork in any behavior."""
    done = run_script(
        FORKS
        + """
    @when(pinned)
    def result(pinned):
        pid = os.fork()
        if pid == 0:
            pinned.value.append("child")
            os._exit(7)
        pinned.value.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

    when(pinned)(lambda pinned: pinned.value.append("behind"))
    quiesce(60)
    result.get()
    wait()
    print(pinned.value)
    """
    )
    assert (done.stdout, done.returncode) == ("[1, 7, 'behind']\n", 0), done


@needs_fork
def test_fork_in_a_pinned_body_whose_child_goes_on():
    done = run_script(
        FORKS
        + """
    @when(pinned)
    def result(pinned):
        pid = os.fork()
        if pid:
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return "child"

    when(pinned)(lambda pinned: print("behind", flush=True))
    print(result.get(), flush=True)
    wait()
    """
    )
    assert done.returncode == 0, done
    assert done.stdout.count("behind") == 1, done


@needs_fork
def test_fork_while_pinned_behaviors_are_made_ready():
    check_script(
        FORKS
        + """
    start(2)
    def chain(n):
        when(data)(lambda data, n=n, pinned=pinned: when(pinned)(lambda pinned, n=n: pinned.value.append(n)))

    def child():
        other = PinnedCown(0)
        when(other)(lambda other: setattr(other, "value", 5))
        quiesce(60)
        return other.value == 5

    for n in range(5):
        for _ in range(20):
            chain(n)
        fork(child)
        pump(max_behaviors=3)
    wait()
    print(len(pinned.value))
    """,
        "child 0\n" * 5 + "101",
    )


@needs_fork
def test_fork_on_another_thread():
    """In the child, the thread that has forked is the main one."""
    check_script(
        FORKS
        + """
    when(pinned)(lambda pinned: None)
    quiesce()

    def child():
        assert pinned.value == [1]
        when(pinned)(lambda pinned: pinned.value.append(on_main()))
        quiesce(60)
        return pinned.value == [1, True]

    thread = threading.Thread(target=fork, args=(child,))
    thread.start()
    thread.join()
    print(pinned.value)
    wait()
    """,
        "child 0\n[1]",
    )


PROGRAM = """
    import threading
    from bocpy import Cown, PinnedCown, quiesce, read, wait, when

    class Window:
        def __init__(self):
            self.lock = threading.Lock()
            self.drawn = []

    class Shape:
        def __init__(self, x):
            self.x = x

    window, shapes = PinnedCown(Window()), [Cown(Shape(n)) for n in range(4)]

    def move(shape):
        shape.value.x += 10

    for _ in range(3):
        for shape in shapes:
            when(shape)(move)

        @when(window, [read(shape) for shape in shapes])
        def frame(window, shapes):
            assert all(type(shape.value) is Shape for shape in shapes)
            window.value.drawn.append([shape.value.x for shape in shapes])

        @when(window, shapes[0])
        def click(window, shape):
            shape.value.x += 1

    wait()
    print(window.value.drawn)
"""
DRAWN = "[[10, 11, 12, 13], [21, 21, 22, 23], [32, 31, 32, 33]]"


@pytest.mark.parametrize("how", ["file", "-c", "stdin", "-m", "runpy"])
def test_frames(how):
    check_script(PROGRAM, DRAWN, how=how)


@pytest.mark.parametrize("settings", [{"BOCPY_STRICT": "1"}, {"BOCPY_SEED": "7"}, {"BOCPY_WORKERS": "1"}])
def test_frames_with_settings(settings):
    check_script(PROGRAM, DRAWN, env=settings)


def test_frames_without_a_gil_of_the_workers_own():
    check_script(PROGRAM, DRAWN, env={"BOCPY_BACKEND": "threads"})


@pytest.mark.skipif(BACKEND == "interpreters" and sys.version_info < (3, 13), reason="no cProfile in sub-interpreters")
@pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="CPython: cProfile loses calls, or hangs"
)
def test_profiling():
    check_script(
        """
        from bocpy import Cown, PinnedCown, wait
        from bocpy.profiling import Profile

        profile = Profile()
        when = profile.when
        pinned, data = PinnedCown([]), Cown(0)

        def draw(pinned):
            pinned.value.append(1)

        for _ in range(3):
            @when(pinned, data)
            def frame(pinned, data):
                draw(pinned)
            @when(data)
            def step(data):
                data.value += 1

        wait()
        stats = profile.stats().stats
        print(sorted((name, count[1]) for (_, _, name), count in stats.items() if name in ("draw", "frame", "step")))
        """,
        "[('draw', 3), ('frame', 3), ('step', 3)]",
    )


def test_a_tracer_of_the_main_thread_sees_pinned_bodies():
    check_script(
        """
        import sys
        from bocpy import PinnedCown, wait, when

        seen = []
        def trace(frame, event, arg):
            seen.append(frame.f_code.co_name)

        pinned = PinnedCown(1)
        def traced(pinned):
            pass
        when(pinned)(traced)
        sys.settrace(trace)
        wait()
        sys.settrace(None)
        print("traced" in seen)
        """,
        "True",
    )


@pytest.mark.parametrize(
    "waits", ["wait()", "quiesce()", "pump()", "pinned.get()", "other.get()", "scope().__enter__()"]
)
def test_waiting_in_a_signal_handler_between_two_pinned_behaviors(waits):
    check_script(
        f"""
        import os, signal
        from bocpy import Cown, PinnedCown, pump, quiesce, scope, wait, when

        pinned, other = PinnedCown([]), Cown(1)

        def handler(*_):
            try:
                {waits}
                told.append("fine")
            except RuntimeError as error:
                told.append("inside a behavior" in str(error) or str(error))

        told = []
        signal.signal(signal.SIGTERM, handler)
        for n in range(3):
            when(pinned)(lambda pinned, n=n: pinned.value.append(n) or os.kill(os.getpid(), signal.SIGTERM))
        pump()
        print(pinned.value, len(told), {{True, "fine"}} >= set(told) or told)
        wait()
        """,
        "[0, 1, 2] 3 True",
    )


def test_get_keeps_no_lock_while_pinned_behaviors_run():
    """Another thread ends the workers meanwhile, or starts them."""
    check_script(
        """
        import threading
        from bocpy import PinnedCown, quiesce, start, wait, when

        pinned = PinnedCown([])
        begun, over = threading.Event(), threading.Event()

        def other():
            begun.wait()
            try:
                start(1)
            except RuntimeError:
                pass
            over.set()

        threading.Thread(target=other).start()

        @when(pinned)
        def result(pinned):
            begun.set()
            return over.wait(60)

        print(result.get())
        wait()
        """,
        "True",
    )


def test_without_the_main_module():
    """A thread of a program may make and schedule all of it, while the main thread only waits."""
    check_script(
        """
        import threading
        from bocpy import PinnedCown, wait, when

        def work():
            pinned = PinnedCown([])
            for n in range(5):
                when(pinned)(lambda pinned, n=n: pinned.value.append(n))
            when(pinned)(lambda pinned: print(pinned.value, threading.current_thread() is threading.main_thread()))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        wait()
        """,
        "[0, 1, 2, 3, 4] True",
    )


@pytest.mark.slow
def test_many_starts():
    check_script(
        """
        from bocpy import PinnedCown, pump, wait, when
        pinned = PinnedCown(0)
        def add(pinned):
            pinned.value += 1
        for n in range(30):
            when(pinned)(add)
            if n % 2:
                pump()
            when(pinned)(add)
            wait()
        print(pinned.value)
        """,
        "60",
    )


def test_wait_with_cancel_and_an_own_interrupt():
    check_script(
        """
        import signal
        from bocpy import PinnedCown, pump, wait, when

        pinned = PinnedCown([])

        @when(pinned)
        def _(pinned):
            pinned.value.append(1)
            raise KeyboardInterrupt

        for n in range(5):
            when(pinned)(lambda pinned: pinned.value.append(2))
        try:
            pump()
        except KeyboardInterrupt:
            wait(cancel=True)
        print(pinned.value)
        """,
        "[1]",
    )
