"""A plugin of pytest for programs that use bocpy: the fixture `bocpy_runtime`. See docs/testing.md.

pytest imports it in every run, also where no test uses bocpy. So it is not a part of the package `bocpy`, and imports
that only when a test asks for the fixture.
"""

import os
import sys
import threading
import traceback
from types import ModuleType

import pytest

__all__ = ["BocpyRuntime", "Report"]

# Seconds for behaviors of an earlier test, which has failed because they did not end.
_GRACE = 1.0

_runtime_key = pytest.StashKey()


def pytest_addoption(parser):
    parser.addini("bocpy_timeout", "seconds that the behaviors of a test may take after its end", default="30")
    parser.addini("bocpy_strict", "set BOCPY_STRICT=1", type="bool", default=True)
    parser.addini("bocpy_autouse", "use `bocpy_runtime` in all tests of modules that use bocpy", "bool", default=False)
    parser.addini("bocpy_backend", "where behaviors run: `interpreters` or `threads`", default="")
    parser.addini("bocpy_workers", "the number of workers", default="")


def pytest_configure(config):
    if config.getini("bocpy_autouse"):
        config.pluginmanager.register(_Autouse(), "pytest_bocpy_autouse")


class _Autouse:
    @pytest.fixture(autouse=True)
    def _bocpy_autouse(self, request):
        if _uses_bocpy(getattr(request, "module", None)):
            request.getfixturevalue("bocpy_runtime")


def _uses_bocpy(module):
    if "bocpy" not in sys.modules or module is None:
        return False
    for value in list(vars(module).values()):
        name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        if isinstance(name, str) and name.partition(".")[0] == "bocpy":
            return True
    return False


class Report:
    """An exception of a behavior at which nobody has looked."""

    def __init__(self, behavior, exception):
        self.behavior = behavior
        self.exception = exception

    def __repr__(self):
        return f"<Report of the {self.behavior}: {self.exception!r}>"

    def __str__(self):
        error = self.exception
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        return f"Exception in {self.behavior}:\n{''.join(lines).rstrip()}"


class BocpyRuntime:
    """What the fixture `bocpy_runtime` gives to a test."""

    def __init__(self, session, test):
        self._session = session
        self._test = test
        self._reports = []
        self._others = threading.excepthook
        # Always the same object.
        self._hook = self._take
        threading.excepthook = self._hook

    def drain(self, timeout=None):
        """Waits until all behaviors have run, and leaves the workers running.

        Fails the test after `timeout` seconds, by default those of the option `bocpy_timeout`.
        """
        __tracebackhide__ = True
        problem = self._drain(timeout)
        if problem is not None:
            pytest.fail(problem, pytrace=False)

    def take_reports(self):
        """Waits until all behaviors have run. Returns a `Report` for each exception at which nobody has looked.

        They then count as looked at.
        """
        __tracebackhide__ = True
        self.drain()
        reports, self._reports = self._reports, []
        return reports

    def _drain(self, timeout=None):
        """Returns what went wrong, or None."""
        session = self._session
        if timeout is None:
            # It has had its time already, unless it belongs to this test.
            timeout = session.timeout if session.hanging is None else _GRACE
        try:
            session.bocpy.quiesce(timeout)
        except TimeoutError as error:
            session.hanging = session.hanging or self._test
            # Behind its first line, the error tells in short what `where_it_hangs` tells.
            return f"{str(error).partition(chr(10))[0]} (after {timeout:g} s)\n\n{where_it_hangs()}"
        session.hanging = None
        session.core._report()
        return None

    def _finish(self):
        """Drains, and returns all that went wrong, or None."""
        problems = [self._drain()]
        reports, self._reports = self._reports, []
        if reports:
            what = "an exception" if len(reports) == 1 else f"{len(reports)} exceptions"
            advice = "`result.unwrap()` raises it, `result.exception` asks for it"
            problems.append(f"nobody has looked at {what} of behaviors: {advice}")
            problems.extend(map(str, reports))
        return "\n\n".join(filter(None, problems)) or None

    def _close(self):
        if threading.excepthook is self._hook:
            threading.excepthook = self._others
        if self._session.hanging is None:
            self._session.reset()

    def _take(self, args):
        thread = args.thread
        # bocpy makes a thread to say which behavior it was. It has never run.
        if thread is not None and thread.ident is None and thread.name.startswith("behavior "):
            self._reports.append(Report(thread.name, args.exc_value))
        else:
            self._others(args)


class _Session:
    """What all tests of a run have in common."""

    def __init__(self, config):
        self.config = config
        self.timeout = _seconds(config.getini("bocpy_timeout"))
        # The test whose behaviors did not end in time.
        self.hanging = None
        self.strict_before = os.environ.get("BOCPY_STRICT")
        if config.getini("bocpy_strict"):
            os.environ.setdefault("BOCPY_STRICT", "1")
        import bocpy
        from bocpy import _core

        self.bocpy = bocpy
        self.core = _core

    def start(self):
        workers = self.config.getini("bocpy_workers")
        try:
            count = int(workers) if workers else None
        except ValueError:
            raise pytest.UsageError(f"bocpy_workers must be a number, not {workers!r}") from None
        self.bocpy.start(count, backend=self.config.getini("bocpy_backend") or None)

    def still_hangs(self):
        """Whether behaviors of an earlier test, which has failed because of that, still run."""
        if self.hanging is not None:
            try:
                self.bocpy.quiesce(_GRACE)
            except TimeoutError:
                return True
            self.hanging = None
            # What that test has left is not told as a fault of the next.
            self.core._report()
        return False

    def reset(self):
        """Drops the messages and the entries of the noticeboard that a test has left."""
        self.bocpy.set_tags(())
        self.bocpy.notice_sync(self.timeout)
        for key in list(self.bocpy.noticeboard()):
            self.bocpy.notice_delete(key)
        self.bocpy.notice_sync(self.timeout)

    def end(self):
        """Stops the workers, which tell what they have left to tell (to `coverage`, too)."""
        try:
            self.bocpy.wait(_GRACE if self.hanging is not None else self.timeout)
        except TimeoutError:
            self.hanging = self.hanging or "a test"
            _end_without_waiting(self)
        if self.strict_before is None and self.config.getini("bocpy_strict"):
            os.environ.pop("BOCPY_STRICT", None)


def _seconds(text):
    try:
        return float(text)
    except ValueError:
        raise pytest.UsageError(f"bocpy_timeout must be a number of seconds, not {text!r}") from None


# The status of the run, for a process that can only be ended by force.
_status = [1]


def pytest_sessionfinish(exitstatus):
    _status[0] = int(exitstatus)


def _end_without_waiting(session):
    """At the end of the program bocpy waits for all behaviors: before that, ends the process if they still hang."""

    def end():
        try:
            session.bocpy.quiesce(0)
        except TimeoutError:
            if sys.stderr is not None:
                sys.stderr.write(f"bocpy: behaviors of {session.hanging} still run: pytest does not wait for them\n")
            for file in (sys.stdout, sys.stderr):
                if file is not None:
                    file.flush()
            os._exit(_status[0])

    shutdown = threading._shutdown

    def _shutdown():
        end()
        shutdown()

    # As bocpy does, which has done so before: this comes first. Functions of `atexit` would come too late.
    threading._shutdown = _shutdown


def where_it_hangs():
    """Returns what can be told of behaviors that do not end: what runs, what waits, and the stacks of threads."""
    import faulthandler
    import io
    import tempfile

    import bocpy

    view = io.StringIO()
    bocpy.dump(view)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="backslashreplace") as file:
        faulthandler.dump_traceback(file, all_threads=True)
        file.seek(0)
        stacks = file.read().strip().split("\n\n")
    # This thread is here.
    others = "\n\n".join(stack for stack in stacks if not stack.startswith("Current thread"))
    return f"{view.getvalue()}\nOther threads of the main interpreter:\n{others or 'none'}"


@pytest.fixture(scope="session")
def _bocpy_session(pytestconfig):
    session = _Session(pytestconfig)
    yield session
    session.end()


@pytest.fixture
def bocpy_runtime(request, _bocpy_session):
    """Workers that run, and a check at the end of the test.

    Waits until all behaviors have run, and leaves the workers running for the next test. Fails the test if behaviors do
    not end, or if nobody has looked at an exception of one. Drops messages and entries of the noticeboard.
    """
    session = _bocpy_session
    test = request.node.nodeid
    if session.still_hangs():
        pytest.fail(
            f"behaviors of {session.hanging} still run, so this test cannot tell when its own have ended", pytrace=False
        )
    runtime = BocpyRuntime(session, test)
    try:
        session.start()
        request.node.stash[_runtime_key] = runtime
        yield runtime
        # Once more: other fixtures may have scheduled behaviors at their end.
        problem = runtime._finish() if session.hanging != test else None
    finally:
        request.node.stash[_runtime_key] = None
        runtime._close()
    if problem is not None:
        pytest.fail(problem, pytrace=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item):
    try:
        result = yield
    except (KeyboardInterrupt, pytest.exit.Exception):
        raise
    except BaseException:
        # The test has failed already, or was left out: what its behaviors did may say why.
        runtime = item.stash.get(_runtime_key, None)
        problem = runtime._finish() if runtime is not None else None
        if problem is not None:
            item.add_report_section("call", "bocpy", problem)
        raise
    runtime = item.stash.get(_runtime_key, None)
    problem = runtime._finish() if runtime is not None else None
    if problem is not None:
        pytest.fail(problem, pytrace=False)
    return result
