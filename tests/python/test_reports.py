"""Output on stderr: exceptions that nobody looked at, once, with their traceback; and nothing else."""

import sys
import sysconfig
import textwrap

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
    "exception": """
        with result:
            assert result.exception
    """,
    "a behavior reads the flag": """
        other = when(result)(lambda r: r.exception)
        quiesce()
        assert other.unwrap() is True
    """,
}


@pytest.mark.parametrize("read", READS)
def test_an_exception_that_was_read_is_not_reported(read):
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


def test_an_exception_is_reported_when_wait_returns_and_not_again():
    stderr = stderr_of("""
    import sys
    results = [when(c)(lambda c: divide(1, c.value)) for _ in range(3)]
    wait()
    print("waited", file=sys.stderr)
    assert results[0].exception
    try:
        results[2].unwrap()
    except ZeroDivisionError:
        pass
    del results
    when(c)(lambda c: None)
    wait()
    """)
    assert_reported(stderr, 3)
    assert stderr.rindex("ZeroDivisionError: ") < stderr.index("waited")


LOOKS_WITHOUT_ASKING = {
    "main takes the value": "with number: taken.append(number.value)",
    "a behavior takes the value": "when(results, number)(lambda results, number: results.value.append(number.value))",
    "a behavior replaces the value": "when(number)(lambda number: setattr(number, 'value', 0))",
    "main replaces the value": "with number: number.value = 0",
    "a behavior shows the value": "when(number)(lambda number: str(number))",
}


@pytest.mark.parametrize("look", LOOKS_WITHOUT_ASKING)
def test_to_take_an_exception_for_data_is_not_to_have_looked(look):
    stderr = stderr_of(f"""
    number = when(c)(lambda c: divide(1, c.value))
    results, taken = Cown([]), []
    quiesce()
    {LOOKS_WITHOUT_ASKING[look]}
    wait()
    """)
    assert_reported(stderr)


def test_a_behavior_that_fails_over_an_exception_tells_the_root_cause():
    done = run_script(
        FAILING
        + """
    total = when(c)(lambda c: divide(1, c.value))

    @when(total)
    def double(total):
        return total.value * 2

    @when(total)
    def knows(total):
        if total.exception:
            raise LookupError("no total")

    quiesce()
    for result in double, knows:
        try:
            result.unwrap()
        except Exception as error:
            print(type(error).__name__, *getattr(error, "__notes__", []))
    """
    )
    assert done.returncode == 0, done.stderr
    double, knows = done.stdout.splitlines()
    assert knows == "LookupError"
    assert double.startswith("TypeError")
    if sys.version_info >= (3, 11):
        for part in ("behavior '<lambda>' (program.py, line ", "ZeroDivisionError: "):
            assert part in double


HOOKED = """
    import threading
    told = []
    threading.excepthook = told.append
"""


def test_reports_go_to_the_hook_of_threads():
    done = run_script(
        FAILING
        + HOOKED
        + """
    @when(c)
    def kept(c):
        divide(1, c.value)

    when(c)(lambda c: divide(2, c.value))
    wait()
    print(sorted((args.exc_type.__name__, args.thread.name.split(",")[0], args.exc_value.args) for args in told))
    print([args.exc_traceback is args.exc_value.__traceback__ is not None for args in told])
    print(kept.exception, kept.value.__traceback__.tb_frame.f_code.co_name)
    """
    )
    assert (done.stderr, done.returncode) == ("", 0)
    text = "('division by zero',)"
    reported = [f"('ZeroDivisionError', \"behavior '{name}' (program.py\", {text})" for name in ("<lambda>", "kept")]
    assert done.stdout.splitlines() == [f"[{', '.join(reported)}]", "[True, True]", "True kept"]


def test_the_hook_is_called_soon_in_a_program_that_never_waits():
    done = run_script(
        FAILING
        + """
    import threading
    told = threading.Event()
    threading.excepthook = lambda args: told.set()
    when(c)(lambda c: divide(1, c.value))
    print(told.wait(60))
    """
    )
    assert (done.stdout, done.stderr, done.returncode) == ("True\n", "", 0)


def test_a_hook_that_fails_does_not_hide_the_exception():
    stderr = stderr_of("""
    import threading
    threading.excepthook = lambda args: divide(args, 0) or no_such_name
    when(c)(lambda c: [][1])
    wait()
    """)
    assert "IndexError" in stderr and "TypeError" in stderr and "behavior '<lambda>' (program.py, line " in stderr


def test_exceptions_are_reported_at_the_end_of_a_cell():
    """Of a notebook: IPython calls what is registered with it."""
    files = {
        "IPython.py": """
            hooks = []

            class events:
                def register(event, hook):
                    if event == "post_run_cell":
                        hooks.append(hook)

            def get_ipython():
                import IPython
                return IPython
        """
    }
    done = run_script(
        HOOKED.replace("\n    ", "\nimport IPython\n", 1).replace("\n    ", "\n")
        + textwrap.dedent(FAILING)
        + textwrap.dedent("""
    kept = when(c)(lambda c: divide(1, c.value))
    quiesce()
    print(len(told), len(IPython.hooks))
    IPython.hooks[0]("result")
    print(len(told))
    """),
        files=files,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("0 1\n1\n", "", 0)


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
