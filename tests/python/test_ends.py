"""The end of a program, of its workers, and of interpreters, while somebody still uses bocpy."""

import os
import re
import sys

import bocpy
from bocpy import Cown, wait, when
from support import BACKEND, check_script, interpreters_only, pytest, run_script

needs_sub_interpreters = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="sub-interpreters with bocpy are for Python 3.12 and newer"
)

TRY = """
        def attempt(f):
            try:
                return f()
            except BaseException as error:
                return f"{type(error).__name__}: {error}"
"""


# -- the program


def test_a_function_of_atexit_that_was_registered_first_gets_an_error():
    """It runs after the last wait, so its behavior could not run any more."""
    source = f"""
        import atexit
        {TRY}
        def schedule():
            print(attempt(lambda: bocpy.when()(lambda: print("ran"))))
            print(attempt(bocpy.start))
            print(attempt(bocpy.wait))

        atexit.register(schedule)
        import bocpy
        bocpy.when()(lambda: None)
    """
    done = run_script(source)
    told = done.stdout.splitlines()
    assert (done.returncode, done.stderr, len(told)) == (0, "", 3)
    assert all(line.startswith("RuntimeError: no more behaviors can be scheduled") for line in told[:2])
    assert told[2] == "None"


@pytest.mark.parametrize("imported", ["never before", "in a behavior", "before the first behavior"])
def test_behaviors_that_are_left_at_the_end_use_executors(imported):
    """`concurrent.futures` ends its threads when the program ends, and cannot be imported after that."""
    first = {
        "never before": "",
        "in a behavior": "when(cown)(use); quiesce()",
        "before the first behavior": "import concurrent.futures.thread",
    }[imported]
    source = f"""
        from bocpy import Cown, quiesce, when

        def use(c, gate=None):
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(1) as pool:
                c.value += pool.submit(int, "7").result()

        def show(c, gate):
            import asyncio

            print(c.value, asyncio.run(asyncio.to_thread(int, "5")))

        cown = Cown(0)
        {first}
        gate = Cown(None)
        gate.acquire()  # the end of the program lets go of it
        when(cown, gate)(use)
        when(cown, gate)(show)
    """
    done = run_script(source)
    expected = "14 5\n" if imported == "in a behavior" else "7 5\n"
    assert (done.returncode, done.stdout) == (0, expected), done.stderr
    assert done.stderr.count("\n") == 1 and "without having released" in done.stderr


def test_a_function_of_atexit_that_was_registered_after_the_import_can_schedule():
    source = """
        import atexit
        from bocpy import Cown, when

        cown = Cown([])
        atexit.register(lambda: when(cown)(lambda c: print("ran", c.value)))
        when(cown)(lambda c: c.value.append(1))
    """
    check_script(source, "ran [1]")


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize("pause", [0, 0.001])
def test_a_daemon_thread_schedules_until_the_end(waits, pause):
    """It gets an error when the program has waited for its behaviors. All that it could schedule has run."""
    source = f"""
        import os, threading, time
        from bocpy import Cown, wait, when

        scheduled = 0
        ran = Cown(0)

        def run():
            global scheduled
            while True:
                try:
                    when(ran)(lambda c: setattr(c, "value", c.value + 1))
                except RuntimeError as error:
                    assert "the program is exiting" in str(error)
                    break
                scheduled += 1
                time.sleep({pause})

        threading.Thread(target=run, daemon=True).start()
        while scheduled < 20:
            time.sleep(0.001)
        if {waits}:
            wait()
    """
    for _ in range(3):
        check_script(source, "")


# -- threads, atexit functions and finalizers of workers


def test_a_thread_that_a_behavior_has_started_schedules_while_the_workers_stop():
    source = """
        from bocpy import start, wait, when

        def later():
            import bocpy, time
            for _ in range(100):
                bocpy.when()(lambda: None)
                time.sleep(0.0005)

        start(2)

        @when()
        def _():
            import threading
            threading.Thread(target=later, daemon=False).start()

        wait(60)
        print("done")
    """
    check_script(source, "done")


def test_what_a_thread_schedules_last_runs():
    source = """
        from bocpy import Cown, receive, send, start, wait, when

        start(2)

        @when()
        def _():
            import threading

            def later():
                import bocpy, time
                bocpy.send("started", None)
                time.sleep(0.1)  # until the workers are stopping, or have stopped
                bocpy.when()(lambda: bocpy.send("ran", [1]))

            threading.Thread(target=later, daemon=False).start()

        receive("started")
        wait(60)
        print(receive("ran", 60))
    """
    check_script(source, "('ran', [1])")


@interpreters_only
def test_a_thread_that_a_behavior_has_started_cannot_wait_for_the_workers_to_stop():
    source = f"""
        from bocpy import quiesce, receive, send, start, wait, when
        {TRY}
        def later():
            import bocpy
            bocpy.send("told", (attempt(bocpy.wait), attempt(bocpy.quiesce)))

        start(2)

        @when()
        def _():
            import threading
            threading.Thread(target=later, daemon=False).start()

        print(receive("told", 60)[1])
        wait(60)
    """
    done = run_script(source)
    assert (done.returncode, done.stderr) == (0, "")
    assert "wait() cannot be called by a thread that a behavior has started" in done.stdout
    assert done.stdout.strip().endswith(", None)")


@pytest.mark.slow
@interpreters_only
def test_wait_says_that_a_thread_of_a_behavior_does_not_end():
    source = f"""
        import os
        from bocpy import start, wait, when
        {TRY}
        start(1)
        reading, writing = os.pipe()

        @when()
        def _(reading=reading):
            import os, threading
            threading.Thread(target=os.read, args=(reading, 1)).start()

        print(attempt(lambda: wait(0.2)))
        os.write(writing, b"!")
        wait()
        print("ended")
    """
    done = run_script(source)
    assert (done.returncode, done.stderr) == (0, "")
    told, ended = done.stdout.splitlines()
    assert told.startswith("TimeoutError: wait() timed out: all behaviors have ended, but a thread")
    assert ended == "ended"


def test_an_executor_of_a_behavior_ends_with_its_worker():
    source = """
        from bocpy import start, wait, when

        start(1)

        @when()
        def _():
            import builtins, concurrent.futures
            builtins.pool = concurrent.futures.ThreadPoolExecutor(2)
            assert builtins.pool.submit(pow, 2, 3).result() == 8

        wait(60)
        print("done")
    """
    check_script(source, "done")


def test_a_function_of_atexit_in_a_worker_can_schedule():
    source = """
        from bocpy import start, wait, when

        start(1)

        @when()
        def _():
            import atexit, bocpy

            def bye():
                c = bocpy.Cown([5])
                bocpy.when(c)(lambda c: print("from atexit", c.value))

            atexit.register(bye)

        wait()
    """
    check_script(source, "from atexit [5]")


@interpreters_only
def test_a_finalizer_that_runs_as_the_interpreter_of_a_worker_ends_gets_an_error():
    source = """
        from bocpy import Cown, start, wait, when

        class Last:
            def __init__(self, cown):
                import bocpy, os
                self.cown, self.bocpy, self.os = cown, bocpy, os

            def __del__(self):
                def attempt(f):
                    try:
                        f()
                        return "fine"
                    except BaseException as error:
                        return f"{type(error).__name__}: {error}"

                b = self.bocpy
                uses = [
                    lambda: b.Cown([1]), lambda: b.when()(print), lambda: b.send("tag", [1]), lambda: b.wait(),
                    lambda: b.notice_write("key", [1]), lambda: b.notice_read("key"), lambda: b.receive("tag", 0),
                ]
                self.os.write(1, "".join(attempt(use) + "\\n" for use in uses).encode())

        cown = Cown(1)
        start(1)

        @when(cown)
        def _(cown):
            import builtins
            builtins.last = Last(cown)

        wait()
    """
    done = run_script(source)
    assert (done.returncode, done.stderr) == (0, "")
    told = done.stdout.splitlines()
    assert len(told) == 7
    for line in told:
        assert line == "fine" or line.startswith("RuntimeError: bocpy cannot be used here any more"), told


# -- cowns that a thread has left acquired


def test_a_cown_that_a_thread_has_left_acquired_is_released_with_a_notice():
    source = """
        import threading
        from bocpy import Cown, when

        cown, other = Cown([1]), Cown([2])
        other.acquire()
        other.release()
        thread = threading.Thread(target=cown.acquire)
        thread.start()
        thread.join()
        when(cown, other)(lambda c, o: print("ran", c.value, o.value))
    """
    done = run_script(source)
    assert (done.stdout, done.returncode) == ("ran [1] [2]\n", 0)
    assert done.stderr.count("a thread has ended without releasing a cown") == 1


# -- other interpreters and other modules


def test_a_second_module_object_of_bocpy_may_go():
    source = """
        import gc, sys
        from unittest import mock

        import bocpy

        cown = bocpy.Cown([1])
        with mock.patch.dict(sys.modules):
            for name in [name for name in sys.modules if name.split(".")[0] == "bocpy"]:
                del sys.modules[name]
            import bocpy as second
            assert second.Cown is bocpy.Cown
            third = second.Cown([2])
            del second
        gc.collect()

        @bocpy.when(cown, third)
        def result(a, b):
            a.value += b.value
            return a.value

        bocpy.wait()
        print(result.unwrap())
    """
    check_script(source, "[1, 2]")


IN_SUB_INTERPRETER = """
    import sys
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters

    SOURCE = '''
    import bocpy, sys
    cown = bocpy.Cown([1])
    @bocpy.when(cown)
    def result(c):
        c.value.append(2)
        return c.value
    if {waits}:
        bocpy.wait()
        print(result.unwrap(), flush=True)
    else:
        bocpy.when(result)(lambda r: print(r.value, flush=True))
    '''
    import textwrap
    interpreter = interpreters.create()
    run = getattr(interpreters, "exec", None) or interpreters.run_string
    failed = run(interpreter, textwrap.dedent(SOURCE))
    assert not failed, failed
    if {destroys}:
        interpreters.destroy(interpreter)
"""


@needs_sub_interpreters
@pytest.mark.parametrize(("waits", "destroys"), [(True, False), (True, True), (False, False)])
def test_bocpy_in_an_interpreter_of_the_program_alone(waits, destroys):
    done = run_script(IN_SUB_INTERPRETER.format(waits=waits, destroys=destroys))
    # Python 3.14 reminds of interpreters that are left at the end.
    others = [line for line in done.stderr.splitlines() if "remaining subinterpreters" not in line]
    assert (done.stdout, others, done.returncode) == ("[1, 2]\n", [], 0)


# -- fork


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_that_is_forked_during_the_very_first_start():
    source = """
        import os, signal, sys, threading, time, warnings
        from bocpy import Cown, wait, when

        warnings.simplefilter("ignore", DeprecationWarning)
        thread = threading.Thread(target=lambda: when()(lambda: None))
        thread.start()
        time.sleep(float(sys.argv[1]))
        child = os.fork()
        if child == 0:
            cown = Cown(1)
            result = when(cown)(lambda c: c.value + 1)
            wait()
            os._exit(result.unwrap())
        end = time.monotonic() + 60
        done = 0
        while not done and time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            time.sleep(0.002)
        if not done:
            os.kill(child, signal.SIGABRT)
        thread.join()
        wait()
        print(os.waitstatus_to_exitcode(status) if done else "the child hangs")
    """
    for step in range(12):
        check_script(source, "2", str(step * 0.0004))


@pytest.mark.skipif(not hasattr(os, "fork") or BACKEND != "threads", reason="CPython can't fork in a sub-interpreter")
@pytest.mark.parametrize(("last", "status"), [("return 'child'", 0), ("raise ValueError('in the child')", 1)])
def test_a_child_that_a_behavior_has_forked_ends_with_that_behavior(last, status):
    """It has no other thread, and the behaviors that wait are the parent's."""
    source = f"""
        import os, warnings
        from bocpy import Cown, start, wait, when

        warnings.simplefilter("ignore", DeprecationWarning)
        start(1)
        log = Cown([])

        @when(log)
        def forks(log):
            child = os.fork()
            if child == 0:
                print("in the child")
                {last}
            _, status = os.waitpid(child, 0)
            log.value.append(os.waitstatus_to_exitcode(status))

        for _ in range(10):
            when(log)(lambda log: log.value.append(os.getpid()))
        wait()
        print(log.value == [{status}] + [os.getpid()] * 10)
    """
    done = run_script(source)
    assert (done.stdout, done.returncode) == ("in the child\nTrue\n", 0)
    assert ("ValueError: in the child" in done.stderr) == (status == 1)


def test_importing_costs_no_threads_and_few_modules():
    source = """
        import sys, threading
        before = set(sys.modules)
        import bocpy
        new = set(sys.modules) - before - {"atexit", "opcode", "_opcode", "_opcode_metadata"}
        print(sorted(new - {"itertools", "types", "_types", "weakref", "_weakrefset"}), threading.active_count())
    """
    check_script(source, "['bocpy', 'bocpy._code', 'bocpy._core', 'bocpy._lifecycle'] 1")


@pytest.mark.parametrize("ends", ["wait", "quiesce"])
def test_waiting_for_a_cown_that_the_caller_holds_is_an_error_at_once(ends):
    c, other = Cown(1), Cown(2)
    with c, other:

        @when(c)
        def result(c):
            return c.value

        with pytest.raises(RuntimeError, match=rf"{ends}\(\) would never return.*{id_of(c)}"):
            getattr(bocpy, ends)()
        with pytest.raises(TimeoutError, match=f"waits for {repr(c).partition(',')[0][:4]}.*this thread has acquired"):
            getattr(bocpy, ends)(0)
    wait()
    assert result.value == 1


def id_of(cown):
    return repr(cown).partition(",")[0].removeprefix("Cown(")


@pytest.mark.slow
def test_a_cown_that_another_thread_keeps_is_told_after_a_while():
    done = run_script("""
        import sys, threading
        from bocpy import Cown, wait, when

        class Told:
            def write(self, text):
                told.append(text)
                event.set()
            def flush(self):
                pass

        told, event, has = [], threading.Event(), threading.Event()
        c = Cown(1)

        def keeps():
            with c:
                has.set()
                event.wait(60)

        thread = threading.Thread(target=keeps, name="the keeper")
        thread.start()
        has.wait()
        result = when(c)(lambda c: c.value)
        sys.stderr = Told()
        wait()
        sys.stderr = sys.__stderr__
        thread.join()
        print(len(told), result.value, told[0])
    """)
    assert (done.stderr, done.returncode) == ("", 0)
    assert re.fullmatch(
        r"1 1 bocpy: wait\(\) waits for behaviors that wait for Cown\(0x\w+, int\), which thread 'the keeper' has "
        r"acquired at .*program\.py:15 and not released\n\n",
        done.stdout,
    )


def test_the_end_of_the_program_lets_go_of_what_it_has_acquired():
    done = run_script("""
        from bocpy import Cown, when

        c, unused = Cown(1), Cown(2)
        c.acquire()
        unused.acquire()
        c.value = 5
        when(c)(lambda c: print("ran", c.value))
    """)
    assert (done.stdout, done.returncode) == ("ran 5\n", 0)
    assert done.stderr.count("without having released Cown(0x") == 1
    assert re.search(r"int\), which it has acquired at .*program\.py:4, so behaviors waited", done.stderr)


def test_a_behavior_that_ends_lets_go_of_what_it_has_acquired():
    done = run_script("""
        from bocpy import Cown, quiesce, wait, when

        c, d = Cown(1), Cown(2)

        @when()
        def forgets():
            c.acquire()
            c.value += 1
            with d:
                d.value += 1

        quiesce()
        result = when(c, d)(lambda c, d: (c.value, d.value))
        wait()
        print(result.value)
    """)
    assert (done.stdout, done.stderr, done.returncode) == ("(2, 3)\n", "", 0)
