"""The two hosts: an interpreter for each worker, or threads of the main interpreter."""

import sys
import sysconfig
import threading

from bocpy import Cown, quiesce, start, wait, when
from support import BACKEND, check_script, interpreters_only, outcome, pytest, run_script, threads_only

IN_MAIN = []

WHERE = """
    import sys
    from bocpy import Cown, start, wait, when

    sys.mark = "main"
    {start}
    result = when()(lambda: getattr(sys, "mark", "elsewhere"))
    wait()
    print(result.unwrap())
"""


def own_interpreters():
    return sys.version_info >= (3, 12) and not sysconfig.get_config_var("Py_GIL_DISABLED")


def test_the_chosen_backend_is_the_one_that_runs(backend):
    sys.mark_of_main = "main"
    found = outcome(when()(lambda: getattr(sys, "mark_of_main", "elsewhere")))
    del sys.mark_of_main
    assert found == ("main" if backend == "threads" else "elsewhere")


def test_behaviors_never_run_on_the_main_thread():
    assert outcome(when()(lambda: threading.get_ident())) != threading.get_ident()


def test_the_default_backend():
    expected = "elsewhere" if own_interpreters() else "main"
    check_script(WHERE.format(start="start(1)"), expected, env={"BOCPY_BACKEND": ""})


def test_the_environment_chooses_the_backend():
    check_script(WHERE.format(start=""), "main", env={"BOCPY_BACKEND": "threads"})
    if own_interpreters():
        check_script(WHERE.format(start=""), "elsewhere", env={"BOCPY_BACKEND": "interpreters"})


def test_the_argument_wins_over_the_environment():
    check_script(WHERE.format(start='start(1, backend="threads")'), "main", env={"BOCPY_BACKEND": ""})
    if own_interpreters():
        environment = {"BOCPY_BACKEND": "threads"}
        check_script(WHERE.format(start='start(1, backend="interpreters")'), "elsewhere", env=environment)
        environment = {"BOCPY_BACKEND": "interpreters"}
        check_script(WHERE.format(start='start(1, backend="threads")'), "main", env=environment)


@pytest.mark.skipif(own_interpreters(), reason="this Python has interpreters with a GIL of their own")
def test_interpreters_where_python_has_none_are_refused():
    with pytest.raises((RuntimeError, ValueError, NotImplementedError)) as caught:
        start(1, backend="interpreters")
    assert "interpreters" in str(caught.value)
    start(1)
    assert outcome(when(Cown(1))(lambda c: c.value)) == 1


@interpreters_only
def test_both_hosts_one_after_the_other():
    """A cown outlives a change of host, its value too."""
    c = Cown({"n": [1]})
    for number, host in enumerate(["interpreters", "threads"] * 2, 2):
        start(2, backend=host)

        @when(c)
        def _(c):
            c.value["n"].append(number)

        wait()
    assert c.value == {"n": [1, 2, 3, 4, 5]}


@interpreters_only
def test_each_worker_has_its_own_modules(handshake):
    """Two behaviors that run at the same time mark ``sys``; each then finds its own mark only."""
    start(2)

    def mark(name):
        def body():
            marks = sys.__dict__.setdefault("marks_of_workers", [])
            marks.append(name)
            handshake.arrive()
            return list(marks)

        return body

    first, second = when()(mark("first")), when()(mark("second"))
    handshake.await_arrival(2)
    handshake.let_go(2)
    assert outcome(first) == ["first"]
    assert outcome(second) == ["second"]
    assert not hasattr(sys, "marks_of_workers")


@interpreters_only
def test_the_globals_of_a_module_are_those_of_the_worker():
    @when()
    def result():
        IN_MAIN.append("worker")
        return IN_MAIN

    IN_MAIN.append("main")
    assert outcome(result) == ["worker"]
    assert IN_MAIN == ["main"]
    IN_MAIN.clear()


@interpreters_only
def test_what_a_worker_imported_is_gone_after_the_next_start():
    start(1)
    mark = when()(lambda: sys.__dict__.setdefault("a_mark", "made"))
    quiesce(60)
    assert mark.unwrap() == "made"
    wait()
    start(1)
    assert outcome(when()(lambda: hasattr(sys, "a_mark"))) is False


@threads_only
def test_the_globals_of_a_module_are_those_of_main():
    IN_MAIN.append("main")

    @when()
    def result():
        IN_MAIN.append("worker")
        return IN_MAIN

    assert outcome(result) is IN_MAIN
    assert IN_MAIN == ["main", "worker"]
    IN_MAIN.clear()


@threads_only
def test_values_captures_and_results_are_the_objects_themselves():
    value, capture = object(), object()
    c = Cown(value)
    first = when(c)(lambda c: c.value is value)
    second = when()(lambda: capture)
    assert outcome(first) is True
    assert outcome(second) is capture
    assert outcome(c) is value


@threads_only
def test_the_gil_stays_off():
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("a build with the GIL")
    check_script(
        """
        import sys
        before = sys._is_gil_enabled()
        from bocpy import Cown, wait, when
        result = when(Cown(1))(lambda c: sys._is_gil_enabled())
        wait()
        print(before, sys._is_gil_enabled(), result.unwrap())
        """,
        "False False False",
        env={"PYTHON_GIL": "0"},
    )


def test_importing_says_nothing_about_the_gil():
    """A module that did not declare itself would re-enable the GIL of a free-threaded build, with a warning."""
    done = run_script("import bocpy", env={"PYTHONWARNINGS": "error"})
    assert (done.stderr, done.returncode) == ("", 0)


@interpreters_only
def test_numpy_through_the_threads_backend():
    pytest.importorskip("numpy")
    source = """
        import numpy as np
        from bocpy import Cown, start, wait, when

        start(2, backend="threads")
        c = Cown(np.arange(5))

        @when(c)
        def total(c):
            c.value *= 2
            return int(np.sum(c.value))

        wait()
        print(total.unwrap(), c.value.tolist())
    """
    check_script(source, "20 [0, 2, 4, 6, 8]")


def test_a_worker_under_pytest_keeps_the_assertions_of_a_body():
    """pytest rewrites assertions of test modules; in a body they must still pass, or fail as AssertionError."""
    c = Cown(5)

    @when(c)
    def passes(c):
        assert c.value == 5
        assert c.value in [4, 5], "with a message"
        return "passed"

    @when(c)
    def fails(c):
        assert c.value == 6, "not six"

    assert outcome(passes) == "passed"
    with pytest.raises(AssertionError, match="(?s)not six"):
        outcome(fails)


def test_backend_of_the_tests_is_known():
    assert BACKEND in ("interpreters", "threads")
