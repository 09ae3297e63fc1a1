"""`tracemalloc`, whose own end crashes CPython 3.12 to 3.14 if sub-interpreters have come and gone.

See bocpy/_python_bugs.py, which has a program that shows it without bocpy.
"""

import sys

from support import check_script, interpreters_only, pytest, run_script, threads_only

BROKEN = (3, 12) <= sys.version_info < (3, 15)


@interpreters_only
@pytest.mark.skipif(not BROKEN, reason="3.15 does not crash")
@pytest.mark.parametrize("turned_on", ["tracemalloc.start()", "_tracemalloc.start()"])
def test_workers_do_not_start_while_it_is_on(turned_on):
    check_script(
        f"""
        import _tracemalloc, tracemalloc
        from bocpy import Cown, wait, when

        {turned_on}
        try:
            when(Cown(1))(lambda c: c.value)
        except RuntimeError as error:
            print(error)
        tracemalloc.stop()
        result = when(Cown(1))(lambda c: c.value)
        wait()
        print(result.value)
        """,
        "workers cannot start in interpreters of their own while tracemalloc is on, as CPython "
        f"{sys.version_info[0]}.{sys.version_info[1]} would crash at its end (3.15 does not): call tracemalloc.stop() "
        "before, or run behaviors on threads, with start(backend='threads') or BOCPY_BACKEND=threads\n1",
    )


@interpreters_only
@pytest.mark.skipif(not (3, 13) <= sys.version_info < (3, 15), reason="3.12 crashes all the same, and 3.15 does not")
def test_it_is_stopped_before_the_workers_end():
    done = run_script("""
        import tracemalloc
        from bocpy import Cown, quiesce, start, wait, when

        start(2)
        tracemalloc.start()

        @when(Cown(1))
        def result(c):
            exec(compile("x = [bytes(100) for _ in range(1000)]", "other.py", "exec"))
            return c.value

        quiesce()
        print(len(tracemalloc.take_snapshot().traces) > 0)
        wait()
        print(result.value, tracemalloc.is_tracing())
    """)
    assert (done.stdout, done.returncode) == ("True\n1 False\n", 0)
    assert done.stderr == (
        "bocpy: tracemalloc is stopped, as CPython before 3.15 would crash if it were on while the workers' "
        "interpreters end. Take snapshots before wait(), for example after quiesce()\n"
    )


@threads_only
def test_on_threads_it_sees_what_behaviors_allocate():
    check_script(
        """
        import tracemalloc
        from bocpy import Cown, wait, when

        tracemalloc.start()
        kept = Cown([])

        @when(kept)
        def allocates(kept):
            kept.value.extend(bytes(1000) for _ in range(1000))

        wait()
        lines = tracemalloc.take_snapshot().statistics("lineno")
        print(lines[0].traceback[0].lineno, lines[0].size > 1_000_000, tracemalloc.is_tracing())
        """,
        "9 True True",
    )
