"""The plugin of pytest: what its fixture starts, drains, checks and tells. Each test here runs pytest in a process."""

import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from support import BACKEND, interpreters_only, threads_only

PRELUDE = """
    import os
    import threading

    import pytest
    from bocpy import TIMEOUT, Cown, notice_read, notice_write, quiesce, receive, send, wait, when

    pytestmark = pytest.mark.usefixtures("bocpy_runtime")
"""

# A module, because each worker has its own.
COUNTER = {"counter.py": "calls = 0\n\ndef count():\n    global calls\n    calls += 1\n    return calls\n"}


class Run:
    """What a run of pytest has said."""

    def __init__(self, status, output):
        self.status = status
        self.output = output
        counts = re.findall(r"(\d+) (passed|failed|errors?|skipped|xfailed|warnings?)\b", output.splitlines()[-1])
        self.counts = {what.rstrip("s"): int(number) for number, what in counts}

    def section(self, test):
        """What the failure of that test says."""
        _, _, rest = self.output.partition(f"_ {test} _")
        assert rest, self.output
        return re.split(r"\n(?:_{3,} .* _{3,}|={3,} .* ={3,})\n", rest)[0]


@pytest.fixture
def run_pytest(tmp_path):
    """Runs pytest over a test module, with those options of its configuration."""

    def run(source, files=None, env=None, prelude=PRELUDE, arguments=(), by=("-m", "pytest"), **options):
        options = {"addopts": "-p pytest_bocpy -p no:cacheprovider -ra", **options}
        lines = [f"{name} = {value}" for name, value in options.items()]
        for name, text in {
            "pytest.ini": "\n".join(["[pytest]", *lines]),
            "test_it.py": textwrap.dedent(prelude) + textwrap.dedent(source),
            **(files or {}),
        }.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        usual = {key: value for key, value in os.environ.items() if key not in ("BOCPY_STRICT", "PYTEST_ADDOPTS")}
        process = subprocess.Popen(
            [sys.executable, *by, *(arguments or ["test_it.py"])],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env={**usual, "BOCPY_WORKERS": "2", "BOCPY_BACKEND": BACKEND, **(env or {})},
        )
        try:
            output, _ = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)
            output, _ = process.communicate()
            pytest.fail(f"pytest still runs:\n{output}")
        return Run(process.returncode, output)

    return run


def assert_counts(run, **counts):
    assert run.counts == counts, run.output


def test_a_test_that_looks_passes(run_pytest):
    run = run_pytest(
        """
    def test_value():
        doubled = when(Cown(4))(lambda c: 2 * c.value)
        quiesce()
        assert doubled.unwrap() == 8

    def test_error():
        failed = when(Cown(0))(lambda c: 1 / c.value)
        quiesce()
        with pytest.raises(ZeroDivisionError):
            failed.unwrap()

    def test_error_in_a_behavior():
        failed = when(Cown(0))(lambda c: 1 / c.value)
        when(failed)(lambda c: c.exception)

    def test_after_wait():
        doubled = when(Cown(4))(lambda c: 2 * c.value)
        wait()
        assert doubled.unwrap() == 8
        """
    )
    assert run.status == 0
    assert_counts(run, passed=4)


def test_an_exception_that_nobody_looks_at_fails_the_test_once(run_pytest):
    run = run_pytest(
        """
    KEPT = []

    def test_dropped():
        @when(Cown(0))
        def divide(c):
            return 1 / c.value

    def test_kept():
        @when(Cown(0))
        def divide(c):
            return 1 / c.value
        KEPT.append(divide)

    def test_two():
        for _ in range(2):
            @when(Cown({}))
            def look_up(c):
                return c.value["the key"]

    def test_next():
        pass
        """
    )
    assert run.status == 1
    # As a failure of the test, not an error at its end; and not again as a warning.
    assert_counts(run, failed=3, passed=1)
    for test in ("test_dropped", "test_kept"):
        told = run.section(test)
        assert "nobody has looked at an exception of behaviors" in told
        assert f"Exception in behavior '{test}.<locals>.divide' (test_it.py, line " in told
        assert "return 1 / c.value" in told
        assert told.count("ZeroDivisionError: ") == 1
    assert run.section("test_two").count("KeyError: 'the key'") == 2
    assert "2 exceptions of behaviors" in run.section("test_two")


def test_a_test_that_fails_tells_what_its_behaviors_did(run_pytest):
    run = run_pytest(
        """
    def test_it():
        @when(Cown(0))
        def divide(c):
            return 1 / c.value
        quiesce()
        assert "this" == "that"
        """
    )
    assert_counts(run, failed=1)
    told = run.section("test_it")
    assert 'assert "this" == "that"' in told
    assert "Captured bocpy call" in told
    assert "test_it.<locals>.divide" in told


def test_an_expected_failure_is_one(run_pytest):
    run = run_pytest(
        """
    @pytest.mark.xfail(strict=True)
    def test_it():
        when(Cown(0))(lambda c: 1 / c.value)
        """
    )
    assert_counts(run, xfailed=1)


def test_reports_can_be_taken(run_pytest):
    run = run_pytest(
        """
    def test_it(bocpy_runtime):
        @when(Cown(0))
        def divide(c):
            return 1 / c.value
        [report] = bocpy_runtime.take_reports()
        assert "test_it.<locals>.divide" in report.behavior
        assert isinstance(report.exception, ZeroDivisionError)
        assert "return 1 / c.value" in str(report)
        assert bocpy_runtime.take_reports() == []
        """
    )
    assert_counts(run, passed=1)


def test_what_other_fixtures_schedule_at_their_end_is_checked(run_pytest):
    run = run_pytest(
        """
    @pytest.fixture
    def late(bocpy_runtime):
        yield
        when(Cown(0))(lambda c: 1 / c.value)

    def test_it(late):
        pass
        """
    )
    assert_counts(run, passed=1, error=1)
    assert "ZeroDivisionError: " in run.output


def test_exceptions_of_other_threads_are_left_to_pytest(run_pytest):
    run = run_pytest(
        """
    def test_it():
        thread = threading.Thread(target=lambda: 1 / 0, name="behavior of a thread")
        thread.start()
        thread.join()
        """
    )
    assert_counts(run, passed=1, warning=1)
    assert "PytestUnhandledThreadExceptionWarning" in run.output


def test_a_hook_of_the_test_itself_gets_the_reports(run_pytest):
    run = run_pytest(
        """
    def test_it(monkeypatch):
        taken = []
        monkeypatch.setattr(threading, "excepthook", taken.append)
        result = when(Cown(0))(lambda c: 1 / c.value)
        wait()
        assert [type(args.exc_value) for args in taken] == [ZeroDivisionError]

    def test_next():
        when(Cown(0))(lambda c: 1 / c.value)
        """
    )
    assert_counts(run, passed=1, failed=1)


@threads_only
def test_a_behavior_that_hangs_on_a_thread_fails_the_test_and_is_shown(run_pytest):
    run = run_pytest(
        """
    never = threading.Event()

    def test_hangs():
        @when(Cown(0))
        def waits(c):
            never.wait()

    def test_next():
        pass
        """,
        files={"test_others.py": "def test_other():\n    pass\n"},
        arguments=["test_it.py", "test_others.py"],
        bocpy_timeout="0.5",
    )
    assert run.status == 1
    told = run.section("test_hangs")
    assert "quiesce() timed out: behaviors are still in flight (after 0.5 s)" in told
    assert re.search(
        r"^worker \d runs 'test_hangs\.<locals>\.waits' \(.*test_it\.py:\d+\), for \d+\.\d s$", told, re.MULTILINE
    )
    assert re.search(r"test_it\.py\", line \d+ in waits", told)
    assert "where_it_hangs" not in told
    assert "behaviors of test_it.py::test_hangs still run" in run.section("ERROR at setup of test_next")
    assert "1 failed, 1 passed, 1 error" in run.output
    assert run.output.rstrip().endswith("pytest does not wait for them")


HANGS = """
    def test_hangs():
        @when(Cown(0))
        def loops(c):
            import time
            while True:
                time.sleep(0.01)

    def test_next():
        pass
"""


@interpreters_only
def test_a_behavior_that_hangs_in_an_interpreter_fails_the_test(run_pytest):
    run = run_pytest(
        HANGS,
        files={"test_others.py": "def test_other():\n    pass\n"},
        arguments=["test_it.py", "test_others.py"],
        bocpy_timeout="0.5",
    )
    assert run.status == 1
    told = run.section("test_hangs")
    assert "quiesce() timed out: behaviors are still in flight (after 0.5 s)" in told
    assert re.search(
        r"^worker \d runs 'test_hangs\.<locals>\.loops' \(.*test_it\.py:\d+\), for \d+\.\d s$", told, re.MULTILINE
    )
    assert "behaviors of test_it.py::test_hangs still run" in run.section("ERROR at setup of test_next")
    assert "1 failed, 1 passed, 1 error" in run.output
    assert run.output.rstrip().endswith("pytest does not wait for them")


def test_if_what_hung_ends_the_next_tests_run(run_pytest):
    run = run_pytest(
        """
    @pytest.fixture
    def flag(tmp_path):
        yield tmp_path / "flag"
        (tmp_path / "flag").touch()

    @pytest.fixture
    def order(flag, bocpy_runtime):
        return flag

    def test_hangs(order):
        path = str(order)

        @when(Cown(0))
        def waits(c):
            import os
            import time
            while not os.path.exists(path):
                time.sleep(0.01)
            return 1 / c.value

    def test_next():
        doubled = when(Cown(4))(lambda c: 2 * c.value)
        quiesce()
        assert doubled.unwrap() == 8
        """,
        bocpy_timeout="0.5",
    )
    # What that behavior raised is not the fault of the next test: pytest warns of it.
    assert_counts(run, passed=1, failed=1, warning=1)
    assert run.status == 1
    assert "timed out" in run.section("test_hangs")


def test_workers_stay_warm(run_pytest):
    run = run_pytest(
        """
    import counter

    @pytest.mark.parametrize("expected", [1, 2, 3])
    def test_it(expected):
        counted = when(Cown(0))(lambda c: counter.count())
        quiesce()
        assert counted.unwrap() == expected
        """,
        files=COUNTER,
        bocpy_workers="1",
    )
    assert_counts(run, passed=3)


def test_a_test_may_stop_the_workers(run_pytest):
    run = run_pytest(
        """
    def test_stops():
        when(Cown(0))(lambda c: 1)
        assert len(wait(stats=True)) == 2

    def test_next():
        assert len(wait(stats=True)) == 2
        """
    )
    assert_counts(run, passed=2)


def test_messages_and_notices_do_not_reach_the_next_test(run_pytest):
    run = run_pytest(
        """
    @pytest.mark.parametrize("n", [1, 2])
    def test_it(n):
        assert receive("tag", 0) == (TIMEOUT, None)
        assert notice_read("key") is None
        send("tag", 1)
        notice_write("key", 1)
        assert notice_read("key") == 1
        """
    )
    assert_counts(run, passed=2)


STRICT = """
    import counter

    def test_it():
        strict = {expected}
        assert (os.environ.get("BOCPY_STRICT") == "1") is strict
        c = Cown(None)

        @when(c)
        def _(c):
            c.value = [1]
            counter.number = id(c.value)
            counter.kept = c.value if strict else None

        same = when(c)(lambda c: id(c.value) == counter.number)
        quiesce()
        assert same.unwrap() is not strict
"""


@interpreters_only
@pytest.mark.parametrize(("option", "expected"), [({}, True), ({"bocpy_strict": "false"}, False)], ids=["on", "off"])
def test_strict(run_pytest, option, expected):
    run = run_pytest(STRICT.format(expected=expected), files=COUNTER, bocpy_workers="1", **option)
    assert_counts(run, passed=1)


def test_the_environment_decides_before_the_option(run_pytest):
    run = run_pytest(
        """
    def test_it():
        assert os.environ["BOCPY_STRICT"] == "0"
        """,
        env={"BOCPY_STRICT": "0"},
    )
    assert_counts(run, passed=1)


def test_the_host_can_be_chosen(run_pytest):
    run = run_pytest(
        """
    def test_it():
        where = when(Cown(0))(lambda c: id(threading))
        quiesce()
        assert where.unwrap() == id(threading)
        """,
        bocpy_backend="threads",
    )
    assert_counts(run, passed=1)


@pytest.mark.parametrize("option", ["bocpy_timeout", "bocpy_workers"])
def test_a_bad_option_is_said(run_pytest, option):
    run = run_pytest("def test_it():\n    pass\n", **{option: "many"})
    assert run.status != 0
    assert f"{option} must be a number" in run.output


def test_modules_that_use_bocpy_can_have_it_by_themselves(run_pytest):
    run = run_pytest(
        """
    from bocpy import Cown, when

    def test_it():
        when(Cown(0))(lambda c: 1 / c.value)
        """,
        prelude="",
        files={"test_others.py": "def test_other(request):\n    assert 'bocpy_runtime' not in request.fixturenames\n"},
        arguments=["test_it.py", "test_others.py"],
        bocpy_autouse="true",
    )
    assert_counts(run, passed=1, failed=1)
    assert "nobody has looked" in run.section("test_it")


def test_nobody_has_it_who_does_not_ask(run_pytest):
    run = run_pytest("def test_it(request):\n    assert 'bocpy_runtime' not in request.fixturenames\n", prelude="")
    assert_counts(run, passed=1)


@pytest.mark.parametrize("autouse", ["false", "true"])
def test_bocpy_is_not_imported_if_no_test_uses_it(run_pytest, autouse):
    run = run_pytest(
        """
    import sys

    def test_it(pytestconfig):
        assert pytestconfig.pluginmanager.has_plugin("pytest_bocpy")
        assert not [name for name in sys.modules if name.partition(".")[0] == "bocpy"]
        """,
        prelude="",
        bocpy_autouse=autouse,
    )
    assert_counts(run, passed=1)


# Makes a distribution with that entry point, as an installed one has it, and runs pytest.
ENTRY_POINT = {
    "run.py": """
import sys
from pathlib import Path

folder = Path("installed/pytest_bocpy_entry-1.0.dist-info")
folder.mkdir(parents=True)
(folder / "METADATA").write_text("Metadata-Version: 2.1\\nName: pytest-bocpy-entry\\nVersion: 1.0\\n")
(folder / "entry_points.txt").write_text("[pytest11]\\npytest_bocpy = pytest_bocpy\\n")
sys.path.insert(0, str(folder.parent.resolve()))

import pytest

sys.exit(pytest.main(sys.argv[1:]))
"""
}


@pytest.mark.parametrize("options", ["", "-p pytest_bocpy", "-p pytest_bocpy -p pytest_bocpy"])
def test_it_is_found_by_its_entry_point_and_may_be_named_as_well(run_pytest, options):
    run = run_pytest(
        "def test_it():\n    when(Cown(0))(lambda c: 1 / c.value)\n",
        files=ENTRY_POINT,
        by=("run.py",),
        addopts=f"-p no:cacheprovider {options}",
    )
    assert_counts(run, failed=1)


def test_the_project_names_the_plugin():
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["entry-points"]["pytest11"] == {"pytest_bocpy": "pytest_bocpy"}
    assert project["tool"]["maturin"]["python-packages"] == ["pytest_bocpy"]


def test_tests_of_unittest(run_pytest):
    run = run_pytest(
        """
    import unittest

    class Tests(unittest.TestCase):
        def test_it(self):
            when(Cown(0))(lambda c: 1 / c.value)

        def test_next(self):
            pass
        """
    )
    assert_counts(run, passed=1, failed=1)


def blocks():
    """The programs of docs/testing.md."""
    page = Path(__file__).parents[2] / "docs" / "testing.md"
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(blocks())))
def test_the_tests_in_the_guide_pass(run_pytest, number):
    run = run_pytest("", prelude="", files={"test_guide.py": blocks()[number]}, arguments=["test_guide.py"])
    assert_counts(run, passed=1)


SHOP = {
    "shop.py": """
RATE = 2

def price(number):
    return number * RATE

class Item:
    unit = "kg"
""",
    "counter.py": COUNTER["counter.py"],
}

PATCHES = """
    import builtins
    import time
    from unittest import mock

    import shop
    from shop import price

    LIMIT = 1

    def limit():
        return LIMIT

    def cheap(number):
        return -1

    def run(body):
        result = when(Cown(3))(body)
        quiesce()
        return result.unwrap()
"""


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_what_patches_reach(run_pytest, mode):
    """As docs/testing.md says."""
    run = run_pytest(
        PATCHES
        + f"""
    reaches = {BACKEND == "threads"}

    def test_a_function_of_a_module(monkeypatch):
        run(lambda c: shop.price(c.value))  # a worker has it already
        monkeypatch.setattr(shop, "price", cheap)
        assert (run(lambda c: shop.price(c.value)) == -1) is reaches

    def test_mock_patch():
        with mock.patch("shop.price", cheap):
            assert (run(lambda c: shop.price(c.value)) == -1) is reaches

    def test_a_setting_of_a_module(monkeypatch):
        monkeypatch.setattr(shop, "RATE", 5)
        assert (run(lambda c: shop.price(c.value)) == 15) is reaches

    def test_an_attribute_of_a_class(monkeypatch):
        monkeypatch.setattr(shop.Item, "unit", "lb")
        assert (run(lambda c: shop.Item.unit) == "lb") is reaches

    def test_globals_of_the_test_module(monkeypatch):
        monkeypatch.setitem(globals(), "LIMIT", 5)
        monkeypatch.setitem(globals(), "price", cheap)
        assert (run(lambda c: LIMIT) == 5) is reaches
        assert (run(lambda c: limit()) == 5) is reaches
        assert (run(lambda c: price(1)) == -1) is reaches

    def test_the_standard_library(monkeypatch):
        monkeypatch.setattr(time, "time", lambda: 0)
        monkeypatch.setattr(builtins, "abs", lambda number: "patched")
        assert (run(lambda c: time.time()) == 0) is reaches
        assert (run(lambda c: abs(-1)) == "patched") is reaches

    def test_what_is_captured(monkeypatch):
        monkeypatch.setattr(shop, "price", cheap)
        assert run(lambda c, price=shop.price: price(c.value)) == -1
        price = shop.price
        assert run(lambda c: price(c.value)) == -1
        price = lambda number: -2
        assert run(lambda c: price(c.value)) == -2

    def test_a_patch_within_a_behavior():
        def body(c):
            from unittest import mock

            with mock.patch("shop.price", cheap):
                return shop.price(c.value)

        assert run(body) == -1
        assert run(lambda c: shop.price(c.value)) == 6

    def test_calls_of_a_mock():
        double = mock.Mock(return_value=-1)
        assert run(lambda c: double(c.value)) == -1
        assert (double.call_count == 1) is reaches
        """,
        files=SHOP,
        addopts=f"-p pytest_bocpy -p no:cacheprovider --import-mode={mode}",
        pythonpath=".",
    )
    assert_counts(run, passed=9)


def test_what_behaviors_follow(run_pytest):
    """As docs/testing.md says."""
    run = run_pytest(
        PATCHES
        + """
    def test_the_environment(monkeypatch):
        monkeypatch.setenv("TRIED", "1")
        assert run(lambda c: os.environ.get("TRIED")) == "1"
        with mock.patch.dict(os.environ, TRIED="2"):
            assert run(lambda c: os.environ.get("TRIED")) == "2"

    def test_the_environment_as_before():
        assert run(lambda c: os.environ.get("TRIED")) is None

    def test_the_working_folder(monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)
        assert run(lambda c: os.getcwd()) == str(tmp_path)

    def test_the_path(monkeypatch, tmp_path):
        (tmp_path / "new_module.py").write_text("here = True")
        monkeypatch.syspath_prepend(tmp_path)
        assert run(lambda c: __import__("new_module").here)

    def test_output(capsys):
        run(lambda c: print("printed"))
        assert capsys.readouterr().out == "printed\\n"

    def test_logs(caplog):
        def body(c):
            import logging
            logging.getLogger("shop").info("logged")

        with caplog.at_level("INFO"):
            run(body)
        assert caplog.messages == ["logged"]

    def test_warnings():
        def body(c):
            import warnings
            warnings.warn("warned")

        with pytest.warns(UserWarning, match="warned"):
            run(body)
        """,
        files=SHOP,
    )
    assert_counts(run, passed=7)


@pytest.mark.slow
@pytest.mark.parametrize("dist", ["load", "worksteal", "loadfile"])
def test_the_tests_of_a_user_run_side_by_side(run_pytest, dist):
    """By pytest-xdist: each of its processes has workers of its own, and its own reports, messages and entries."""
    pytest.importorskip("xdist")
    source = """
    WORKER = os.environ["PYTEST_XDIST_WORKER"]

    @pytest.mark.parametrize("n", range(8))
    def test_value(n):
        assert notice_read("who") is None
        notice_write("who", WORKER)
        send("who", WORKER)
        seen = when(Cown(n))(lambda c: (c.value, os.environ["PYTEST_XDIST_WORKER"]))
        quiesce()
        assert seen.unwrap() == (n, WORKER)
        assert receive("who", 0) == ("who", WORKER)

    def test_printed(capsys):
        when()(lambda: print("by a behavior"))
        quiesce()
        assert capsys.readouterr().out == "by a behavior\\n"

    def test_dropped():
        @when(Cown(0))
        def divide(c):
            return 1 / c.value

    def test_printed_and_failed():
        when()(lambda: print("seen in the end"))
        quiesce()
        assert False
    """
    run = run_pytest(source, addopts=f"-p pytest_bocpy -p no:cacheprovider -ra -n 2 --dist {dist}")
    assert run.status == 1
    assert_counts(run, passed=9, failed=2)
    assert "nobody has looked at an exception of behaviors" in run.section("test_dropped")
    assert "ZeroDivisionError" in run.section("test_dropped")
    assert "seen in the end" in run.section("test_printed_and_failed")


@pytest.mark.slow
def test_a_behavior_that_hangs_in_one_of_several_processes_is_no_fault_of_the_others(run_pytest):
    pytest.importorskip("xdist")
    other = "def test_other(bocpy_runtime):\n    when(Cown(0))(lambda c: None)\n"
    run = run_pytest(
        HANGS,
        files={"test_others.py": "from bocpy import Cown, when\n\n" + other},
        arguments=["test_it.py", "test_others.py"],
        bocpy_timeout="0.5",
        addopts="-p pytest_bocpy -p no:cacheprovider -ra -n 2 --dist loadfile",
    )
    assert run.status == 1
    assert "quiesce() timed out: behaviors are still in flight (after 0.5 s)" in run.section("test_hangs")
    assert "behaviors of test_it.py::test_hangs still run" in run.section("ERROR at setup of test_next")
    assert "1 failed, 1 passed, 1 error" in run.output
