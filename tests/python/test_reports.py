"""Output on stderr: exceptions that nobody looked at, once, with the worker's traceback; and nothing else."""

import sysconfig

from support import interpreters_only, pytest, run_script, usual_ways

FAILING = """
    from bocpy import Cown, quiesce, wait, when

    def divide(a, b):
        return a / b  # the failing line

    c = Cown(0)
"""


def stderr_of(source, how="file"):
    done = run_script(FAILING + source, how=how)
    assert done.returncode == 0, done.stderr
    return done.stderr


def assert_reported(stderr, count=1):
    assert stderr.count("ZeroDivisionError: ") == count, stderr
    assert "divide" in stderr


@usual_ways
def test_an_exception_whose_result_was_dropped_is_reported_with_the_traceback(how):
    stderr = stderr_of(
        """
    @when(c)
    def the_behavior(c):
        divide(1, c.value)

    del the_behavior
    wait()
    """,
        how,
    )
    assert_reported(stderr)
    assert "Traceback" in stderr
    assert "the_behavior" in stderr
    if how == "file":
        assert "a / b  # the failing line" in stderr
        assert "divide(1, c.value)" in stderr
        assert "program.py" in stderr


def test_an_exception_of_an_anonymous_behavior_is_reported():
    stderr = stderr_of("""
    for _ in range(2):
        when(c)(lambda c: divide(1, c.value))
    wait()
    """)
    assert_reported(stderr, 2)


def test_an_exception_is_reported_when_the_result_dies_before_the_behavior_runs():
    stderr = stderr_of("""
    with c:
        when(c)(lambda c: divide(1, c.value))
    wait()
    """)
    assert_reported(stderr)


def test_an_exception_is_reported_when_the_result_dies_after_the_behavior_ran():
    stderr = stderr_of("""
    import sys
    result = when(c)(lambda c: divide(1, c.value))
    quiesce()
    print("nothing so far", file=sys.stderr)
    del result
    quiesce()
    print("reported by now", file=sys.stderr)
    wait()
    """)
    assert_reported(stderr)
    first = stderr.index("nothing so far")
    assert first < stderr.index("ZeroDivisionError: ") < stderr.index("reported by now")


def test_an_exception_is_reported_when_the_result_dies_after_wait():
    assert_reported(
        stderr_of("""
    result = when(c)(lambda c: divide(1, c.value))
    wait()
    del result
    """)
    )


@pytest.mark.skipif(sysconfig.get_config_var("Py_GIL_DISABLED"), reason="there, globals need not die at the exit")
@usual_ways
def test_an_exception_kept_until_the_exit_is_reported(how):
    assert_reported(
        stderr_of(
            """
    result = when(c)(lambda c: divide(1, c.value))
    wait()
    """,
            how,
        )
    )


def test_an_exception_in_a_program_without_wait_is_reported():
    assert_reported(stderr_of("    when(c)(lambda c: divide(1, c.value))\n"))


def test_an_exception_on_a_result_that_dies_on_a_worker_is_reported():
    assert_reported(
        stderr_of("""
    holder = Cown([])

    @when(holder, c)
    def _(holder, c):
        holder.value.append(when(c)(lambda c: divide(1, c.value)))

    quiesce()

    @when(holder)
    def _(holder):
        holder.value = None

    wait()
    """)
    )


def test_an_exception_of_a_nested_behavior_is_reported():
    assert_reported(
        stderr_of("""
    @when(c)
    def outer(c):
        @when(c)
        def inner(c):
            divide(1, c.value)

    wait()
    """)
    )


def test_a_system_exit_that_nobody_looked_at_is_reported():
    stderr = stderr_of("""
    @when(c)
    def leaves(c):
        raise SystemExit("leaving from a body")

    wait()
    del leaves
    """)
    assert "SystemExit" in stderr
    assert "leaving from a body" in stderr


READS = {
    "unwrap": """
        try:
            result.unwrap()
        except ZeroDivisionError:
            pass
    """,
    "value": """
        with result:
            assert isinstance(result.value, ZeroDivisionError)
    """,
    "exception": """
        with result:
            assert result.exception
    """,
    "a behavior reads the value": """
        other = when(result)(lambda r: str(r.value))
        quiesce()
        assert "zero" in other.unwrap()
    """,
    "a behavior reads the flag": """
        other = when(result)(lambda r: r.exception)
        quiesce()
        assert other.unwrap() is True
    """,
}


@pytest.mark.parametrize("read", READS)
def test_an_exception_that_was_read_is_not_reported(read):
    import textwrap

    stderr = stderr_of(
        """
    result = when(c)(lambda c: divide(1, c.value))
    quiesce()
"""
        + textwrap.indent(textwrap.dedent(READS[read]), "    ")
        + """
    del result
    wait()
    """
    )
    assert stderr == ""


def test_an_exception_read_after_wait_is_not_reported():
    stderr = stderr_of("""
    results = [when(c)(lambda c: divide(1, c.value)) for _ in range(3)]
    wait()
    assert results[0].exception
    assert results[1].value
    try:
        results[2].unwrap()
    except ZeroDivisionError:
        pass
    del results
    """)
    assert stderr == ""


def test_a_returned_exception_is_not_reported():
    stderr = stderr_of("""
    def caught():
        try:
            divide(1, 0)
        except ZeroDivisionError as error:
            return error

    when()(caught)
    kept = when()(caught)
    wait()
    """)
    assert stderr == ""


def test_an_exception_stored_as_a_value_is_not_reported():
    stderr = stderr_of("""
    @when(c)
    def _(c):
        c.value = ZeroDivisionError("just a value")

    wait()
    del c
    """)
    assert stderr == ""


def test_an_exception_replaced_by_a_value_is_not_reported():
    stderr = stderr_of("""
    result = when(c)(lambda c: divide(1, c.value))
    when(result)(lambda r: setattr(r, "value", "mended"))
    wait()
    del result
    """)
    assert stderr == ""


def test_each_of_many_exceptions_is_reported_once():
    stderr = stderr_of("""
    for _ in range(20):
        when(c)(lambda c: divide(1, c.value))
        when()(lambda: divide(1, 0))
    wait()
    """)
    assert_reported(stderr, 40)


def test_a_chain_of_causes_is_reported():
    stderr = stderr_of("""
    @when(c)
    def the_behavior(c):
        try:
            divide(1, c.value)
        except ZeroDivisionError as error:
            raise LookupError("looked in vain") from error

    del the_behavior
    wait()
    """)
    assert "ZeroDivisionError: " in stderr
    assert "LookupError: looked in vain" in stderr
    assert stderr.index("ZeroDivisionError: ") < stderr.index("LookupError: looked in vain")


def test_a_report_survives_a_spoilt_stderr():
    done = run_script(
        FAILING
        + """
    import sys
    sys.stderr = None
    when(c)(lambda c: divide(1, c.value))
    wait()
    print("end")
    """
    )
    assert (done.stdout, done.returncode) == ("end\n", 0), done.stderr


def test_an_exception_that_cannot_be_shown_is_reported_all_the_same():
    done = run_script("""
        from bocpy import wait, when

        class Mute(Exception):
            def __str__(self):
                raise ArithmeticError("no str")

        @when()
        def the_behavior():
            raise Mute

        del the_behavior
        wait()
        print("end")
    """)
    assert (done.stdout, done.returncode) == ("end\n", 0), done.stderr
    assert "Mute" in done.stderr


@interpreters_only
def test_an_unpicklable_exception_is_reported_in_full():
    done = run_script("""
        import threading
        from bocpy import wait, when

        class Holding(Exception):
            pass

        @when()
        def the_behavior():
            error = Holding("holds a lock")
            error.lock = threading.Lock()
            raise error

        del the_behavior
        wait()
    """)
    assert done.returncode == 0
    assert "holds a lock" in done.stderr
    assert "the_behavior" in done.stderr


def test_a_good_program_writes_nothing_to_stderr():
    done = run_script("""
        from bocpy import Cown, start, wait, when

        for _ in range(3):
            start(2)
            results = [when(Cown(n))(lambda c: c.value) for n in range(10)]
            wait()
    """)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
