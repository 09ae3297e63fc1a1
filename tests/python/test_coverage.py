"""The tool `coverage` sees the lines that behaviors run."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest
from support import BACKEND, interpreters_only

pytestmark = pytest.mark.skipif(importlib.util.find_spec("coverage") is None, reason="needs coverage")

PROGRAM = """\
from bocpy import Cown, wait, when
import helper

@when(Cown(3))
def body(c):
    doubled = helper.work(c.value)
    if doubled > 6:
        print("not run")
    print("run")

"""

HELPER = """\
def work(number):
    if number > 3:
        return 0
    return 2 * number
"""

# On threads, the tracers of older cores see only threads that were started by `threading`.
sees_threads = sys.version_info >= (3, 14)


def python(folder, *arguments, env=None):
    usual = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        env={**usual, "BOCPY_BACKEND": BACKEND, "BOCPY_WORKERS": "2", **(env or {})},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def measure(folder, *options, program=PROGRAM + "wait()\n", rc="", env=None, combine=False):
    """Runs the program, and returns the report on each of the two files."""
    (folder / "program.py").write_text(program)
    (folder / "helper.py").write_text(HELPER)
    (folder / "rc").write_text(f"[run]\ninclude = {folder}/*\n{rc}")
    done = python(folder, "-m", "coverage", "run", "--rcfile=rc", *options, "program.py", env=env)
    assert (done.stdout, done.stderr) == ("run\n", "")
    if combine:
        python(folder, "-m", "coverage", "combine", "--rcfile=rc")
    python(folder, "-m", "coverage", "json", "--rcfile=rc", "-o", "report.json")
    report = json.loads((folder / "report.json").read_text())
    return [report["files"][name] for name in ("program.py", "helper.py")]


def assert_seen(reports):
    program, helper = reports
    assert program["missing_lines"] == [8]
    assert helper["missing_lines"] == [3]


cores = pytest.mark.parametrize("core", ["ctrace", "pytrace", "sysmon", None])


@interpreters_only
@cores
@pytest.mark.parametrize("branch", [False, True], ids=["lines", "branches"])
def test_lines_of_behaviors_are_measured_on_interpreters(tmp_path, core, branch):
    if core == "sysmon" and branch and sys.version_info < (3, 14):
        pytest.skip("this Python cannot tell that core of branches")
    env = {"COVERAGE_CORE": core} if core else {}
    reports = measure(tmp_path, *["--branch"] * branch, env=env)
    assert_seen(reports)
    if branch:
        program, helper = reports
        assert program["missing_branches"] == [[7, 8]]
        assert helper["missing_branches"] == [[2, 3]]


@pytest.mark.skipif(not sees_threads, reason="needs the core sysmon, the default on 3.14")
def test_lines_of_behaviors_are_measured_by_default(tmp_path):
    assert_seen(measure(tmp_path))


@interpreters_only
def test_a_program_that_does_not_wait(tmp_path):
    assert_seen(measure(tmp_path, program=PROGRAM))


@interpreters_only
def test_a_program_that_starts_its_workers_twice(tmp_path):
    assert_seen(measure(tmp_path, program=PROGRAM + "wait()\nwhen(Cown(0))(lambda c: None)\nwait()\n"))


@pytest.mark.slow
@interpreters_only
@pytest.mark.parametrize(
    "rc",
    [
        "parallel = true\n",
        "parallel = true\nrelative_files = true\n",
        "patch = subprocess\n",
        "concurrency = multiprocessing, thread\n",
        "parallel = true\nsigterm = true\ndynamic_context = test_function\n",
    ],
    ids=["parallel", "relative", "subprocess", "multiprocessing", "more"],
)
def test_other_settings_of_coverage(tmp_path, rc):
    if "subprocess" in rc and sys.version_info < (3, 14):
        pytest.skip("what coverage starts by itself in every interpreter warns that it has no C tracer there")
    assert_seen(measure(tmp_path, rc=rc, combine=True))


@pytest.mark.slow
@interpreters_only
def test_what_is_left_out_stays_so(tmp_path):
    measure(tmp_path)
    python(tmp_path, "-m", "coverage", "erase")
    (tmp_path / "rc").write_text("[run]\nsource_pkgs = helper\n")
    python(tmp_path, "-m", "coverage", "run", "--rcfile=rc", "program.py")
    python(tmp_path, "-m", "coverage", "json", "-o", "report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    assert list(report["files"]) == ["helper.py"]
    assert report["files"]["helper.py"]["missing_lines"] == [3]


@interpreters_only
def test_a_worker_that_cannot_measure_says_so_and_works(tmp_path):
    (tmp_path / "program.py").write_text(
        """\
import coverage
from bocpy import Cown, wait, when

# As if it were an old version.
coverage.config.CoverageConfig.serialize = property()
measured = coverage.Coverage()
measured.start()
doubled = when(Cown(4))(lambda c: 2 * c.value)
wait()
measured.stop()
print(doubled.unwrap())
"""
    )
    done = python(tmp_path, "program.py")
    assert done.stdout == "8\n"
    assert "RuntimeWarning: coverage does not measure what workers run: this needs a newer version" in done.stderr


def test_nothing_is_imported_without_it(tmp_path):
    (tmp_path / "program.py").write_text(
        """\
import sys
from bocpy import Cown, wait, when

found = when(Cown(4))(lambda c: "coverage" in sys.modules)
wait()
print(found.unwrap(), "coverage" in sys.modules, "bocpy._coverage" in sys.modules)
"""
    )
    assert python(tmp_path, "program.py").stdout == "False False False\n"
