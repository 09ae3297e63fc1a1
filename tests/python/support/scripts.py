"""Running separate programs: for tests of ``__main__``, exits, signals and stderr."""

import os
import signal
import sys
import tempfile
import textwrap
from pathlib import Path

from support.inert import pytest

USUAL_WAYS = ("file", "-c", "stdin")
EVERY_WAY = ("file", "-c", "stdin", "runpy", "runpy-module", "-m", "relative", "non-ascii")

usual_ways = pytest.mark.parametrize("how", USUAL_WAYS)
every_way = pytest.mark.parametrize("how", EVERY_WAY)

RUN_PATH = "import runpy, sys; sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"
RUN_MODULE = "import runpy; runpy.run_module('program', run_name='__main__', alter_sys=True)"


def _command(source, args, how, folder):
    """The command line and the text for standard input, after writing the file that they need."""
    path = folder / ("prográmm_наука.py" if how == "non-ascii" else "program.py")
    if how not in ("-c", "stdin"):
        path.write_text(source, encoding="utf-8")
    python = [sys.executable, "-X", "faulthandler"]
    if how in ("file", "non-ascii"):
        return [*python, str(path), *args], None
    if how == "relative":
        return [*python, path.name, *args], None
    if how == "-c":
        return [*python, "-c", source, *args], None
    if how == "stdin":
        return [*python, "-", *args], source
    if how == "-m":
        return [*python, "-m", path.stem, *args], None
    if how == "runpy":
        return [*python, "-c", RUN_PATH, str(path), *args], None
    if how == "runpy-module":
        return [*python, "-c", RUN_MODULE, *args], None
    raise ValueError(f"no such way to run a program: {how}")


def start_script(source, *args, how="file", folder, env=None, files=None):
    """Starts a program and returns its ``Popen``; the caller feeds it, reads it and ends it.

    ``files`` maps names to the contents of further files beside it. Run as a file, it finds itself in another working
    folder; run in any other way, in the folder where those files are.
    """
    import subprocess

    source = textwrap.dedent(source).lstrip("\n")
    folder = Path(folder)
    for name, content in (files or {}).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(content).lstrip("\n"), encoding="utf-8")
    command, feed = _command(source, args, how, folder)
    cwd = folder
    if how in ("file", "non-ascii", "runpy"):
        cwd = folder / "elsewhere"
        cwd.mkdir(exist_ok=True)
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **(env or {})},
        encoding="utf-8",
        errors="backslashreplace",
    )
    process.feed = feed
    return process


def finish(process, timeout=100, feed=None):
    """Waits for a program to end. If it does not end, it prints its stacks, and the test fails."""
    import subprocess

    try:
        stdout, stderr = process.communicate(feed, timeout)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        try:
            stdout, stderr = process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
        raise AssertionError(f"still running after {timeout} s\n-- stdout\n{stdout}\n-- stderr\n{stderr}") from None
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def run_script(source, *args, how="file", env=None, files=None, feed=None, timeout=100):
    """Runs a program to its end and returns the ``CompletedProcess`` with its output as text."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = start_script(source, *args, how=how, folder=folder, env=env, files=files)
        return finish(process, timeout, process.feed if feed is None else feed)


def check_script(source, expected, *args, reports=0, **options):
    """Runs a program, which must print exactly ``expected``, and end with status 0.

    It must write nothing to stderr but ``reports`` of exceptions that nobody had looked at by the end of a ``wait``.
    """
    done = run_script(source, *args, **options)
    expected = textwrap.dedent(expected).strip()
    told = f"\n-- status {done.returncode}\n-- stdout\n{done.stdout}\n-- stderr\n{done.stderr}"
    assert (done.stdout.strip(), done.returncode) == (expected, 0), told
    if reports:
        assert done.stderr.count("Exception in thread behavior ") == reports, told
    else:
        assert done.stderr == "", told
