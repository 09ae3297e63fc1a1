"""How a program ends: it finishes its behaviors, and has the same exit status as without bocpy."""

import sys

from support import check_script, every_way, pytest, run_script, usual_ways

WRITES = """
    import os, sys
    from bocpy import Cown, quiesce, start, wait, when

    def note(text):
        os.write(1, text.encode() + b"\\n")

    def chain(c, n):
        @when(c)
        def _(c):
            c.value += 1
            if n > 1:
                chain(c, n - 1)
            else:
                note(f"finished after {c.value}")

    c = Cown(0)
"""


@every_way
def test_a_program_without_wait_finishes_what_it_scheduled(how):
    check_script(WRITES + "    chain(c, 100)\n", "finished after 100", how=how)


@usual_ways
def test_printing_at_the_end_arrives(how):
    check_script(
        """
        from bocpy import Cown, when

        def helper():
            return "printed at the end"

        @when(Cown(1))
        def _(c):
            print(helper())
        """,
        "printed at the end",
        how=how,
    )


@usual_ways
def test_only_importing_the_package(how):
    check_script("import bocpy", "", how=how)


@usual_ways
def test_starting_and_leaving(how):
    check_script("import bocpy; bocpy.start(2)", "", how=how)


@usual_ways
def test_waiting_and_leaving(how):
    check_script("import bocpy; bocpy.start(2); bocpy.wait()", "", how=how)


@usual_ways
def test_leaving_after_quiesce_with_cowns_alive(how):
    source = """
        from bocpy import Cown, quiesce, start, when

        class Thing:
            pass

        start(2)
        kept = [Cown(Thing()) for _ in range(100)]
        results = [when(c)(lambda c: Thing()) for c in kept]

        @when(kept)
        def swapped(kept):
            for c in kept:
                c.value = [Thing(), Cown(Thing())]
            return kept

        quiesce()
        print("end")
    """
    check_script(source, "end", how=how)


@usual_ways
def test_sys_exit_finishes_the_work_and_keeps_its_status(how):
    done = run_script(WRITES + "    chain(c, 50)\n    sys.exit(3)\n", how=how)
    assert (done.stdout, done.stderr, done.returncode) == ("finished after 50\n", "", 3)


@usual_ways
def test_an_exception_at_the_end_finishes_the_work_and_keeps_its_traceback(how):
    done = run_script(WRITES + "    chain(c, 50)\n    raise LookupError('the end')\n", how=how)
    assert (done.stdout, done.returncode) == ("finished after 50\n", 1)
    assert done.stderr.count("LookupError: the end") == 1


def test_raising_system_exit_with_a_text():
    done = run_script(WRITES + "    chain(c, 5)\n    raise SystemExit('leaving')\n")
    assert (done.stdout, done.stderr, done.returncode) == ("finished after 5\n", "leaving\n", 1)


def test_os_exit_leaves_at_once():
    source = """
        import os
        from bocpy import Cown, start, when

        start(2)
        reading, writing = os.pipe()
        here, say = os.pipe()

        @when()
        def _():
            os.write(say, b".")
            os.read(reading, 1)

        os.read(here, 1)
        os._exit(7)
    """
    done = run_script(source)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 7)


def test_a_signal_that_kills_kills():
    if sys.platform == "win32":
        pytest.skip("POSIX signals")
    source = """
        import os, signal
        from bocpy import start, when

        start(2)
        reading, writing = os.pipe()
        when()(lambda: os.read(reading, 1))
        os.kill(os.getpid(), signal.SIGTERM)
    """
    done = run_script(source)
    assert done.returncode == -15


def test_a_thread_that_outlives_main_schedules_and_is_finished():
    source = """
        import os, threading
        from bocpy import Cown, when

        def helper(text):
            os.write(1, text.encode() + b"\\n")

        def later():
            threading.main_thread().join()
            c = Cown("from a thread")

            @when(c)
            def _(c):
                helper(c.value)

        threading.Thread(target=later).start()
        when()(lambda: None)
    """
    done = run_script(source)
    assert (done.stdout, done.returncode) == ("from a thread\n", 0), done.stderr


def test_the_first_behavior_may_come_from_a_thread_that_outlives_main():
    source = """
        import os, threading
        from bocpy import Cown, when

        def later():
            threading.main_thread().join()

            @when(Cown("from a thread"))
            def _(c):
                os.write(1, c.value.encode() + b"\\n")

        threading.Thread(target=later).start()
    """
    done = run_script(source)
    assert (done.stdout, done.returncode) == ("from a thread\n", 0), done.stderr


def test_a_daemon_thread_does_not_hold_up_the_end():
    source = """
        import os, threading
        from bocpy import Cown, when

        reading, writing = os.pipe()
        threading.Thread(target=lambda: os.read(reading, 1), daemon=True).start()
        c = Cown(1)
        when(c)(lambda c: os.write(1, b"finished\\n"))
    """
    check_script(source, "finished")


def test_a_daemon_thread_in_wait_does_not_hold_up_the_end():
    source = """
        import os, threading
        from bocpy import Cown, wait, when

        started = threading.Event()
        c = Cown(0)
        c.acquire()
        when(c)(lambda c: os.write(1, b"finished\\n"))

        def waits():
            started.set()
            wait()

        threading.Thread(target=waits, daemon=True).start()
        started.wait()
        c.release()
    """
    check_script(source, "finished")


def test_atexit_functions_still_see_everything():
    source = """
        import atexit
        from bocpy import Cown, wait, when

        c = Cown(0)

        def last():
            when(c)(lambda c: setattr(c, "value", c.value + 1))
            wait()
            print("at exit", c.unwrap())

        atexit.register(last)
        when(c)(lambda c: setattr(c, "value", 10))
    """
    check_script(source, "at exit 11")


def test_an_atexit_function_registered_before_the_import():
    source = """
        import atexit
        atexit.register(lambda: print("ours"))
        from bocpy import when
        when()(lambda: None)
    """
    check_script(source, "ours")


def test_behaviors_scheduled_at_the_very_end_by_behaviors():
    source = """
        import os
        from bocpy import Cown, start, when

        start(3)
        total = Cown(0)

        def spread(n):
            for _ in range(3):
                @when(total)
                def _(total):
                    total.value += 1
                    if n:
                        spread(n - 1)
                    if total.value == 3 + 9 + 27 + 81:
                        os.write(1, b"all of them\\n")

        spread(3)
    """
    check_script(source, "all of them")


def test_a_failing_behavior_does_not_change_the_status():
    done = run_script("""
        from bocpy import when
        when()(lambda: 1 // 0)
    """)
    assert done.returncode == 0
    assert "ZeroDivisionError" in done.stderr


def test_leaving_from_inside_a_hold():
    """Leaving the block releases the cown, so behaviors that wait for it are finished."""
    source = """
        import os, sys
        from bocpy import Cown, when

        c = Cown(0)
        with c:
            when(c)(lambda c: os.write(1, b"finished\\n"))
            sys.exit(0)
    """
    check_script(source, "finished")


def test_leaving_after_a_timed_out_wait():
    source = """
        import os
        from bocpy import Cown, wait, when

        c = Cown(0)
        with c:
            when(c)(lambda c: os.write(1, b"finished\\n"))
            try:
                wait(0)
            except TimeoutError:
                pass
    """
    check_script(source, "finished")


def test_modules_are_torn_down_in_peace():
    """Objects with finalisers that use the package while the interpreter goes down must not crash it."""
    source = """
        import bocpy
        from bocpy import Cown, when

        class Late:
            def __init__(self):
                self.cown = Cown([1])

            def __del__(self):
                try:
                    with self.cown:
                        self.cown.value.append(2)
                    bocpy.when(self.cown)(lambda c: c.value)
                except Exception:
                    pass

        late = Late()
        late.itself = late
        when(late.cown)(lambda c: c.value.append(0))
        bocpy.wait()
        print("end")
    """
    done = run_script(source)
    assert (done.stdout, done.returncode) == ("end\n", 0), done.stderr
