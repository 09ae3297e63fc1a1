"""Measuring with the tool `coverage` what workers run, if it measures the main program.

Each worker's interpreter needs a measurement of its own. When the worker leaves the interpreter, what was measured is
sent to the main interpreter, and added to the main program's data.
"""

import atexit
import os
import sys
from contextlib import contextmanager

__all__ = ["add", "begin", "start"]

# The main program's measurement, when workers were last started.
_main = None


def begin():
    """Called in the main interpreter before workers start. Returns what they have to know, or None."""
    global _main
    current = getattr(getattr(sys.modules.get("coverage"), "Coverage", None), "current", None)
    _main = current() if current is not None else None
    if _main is None:
        return None
    try:
        return _main.config.serialize()
    except AttributeError:
        _warn("this needs a newer version of coverage")
        return None


def start(config):
    """Called in a worker's interpreter, whose measurement starts."""
    try:
        with _without_core():
            import coverage

        if coverage.Coverage.current() is not None:
            # By the hook of `coverage` itself for new processes, which also runs in new interpreters.
            return
        measured = coverage.Coverage(data_file=None, config_file=":data:" + config)
        _adapt(measured)
        measured.start()
    except BaseException as error:
        if not isinstance(error, (Exception, SystemExit)):
            raise
        _warn(f"{type(error).__name__}: {error}")
        return
    atexit.register(_finish, measured)


@contextmanager
def _without_core():
    """`coverage` ends the program if its tracer in C is asked for by the environment, and cannot be imported."""
    data = getattr(os.environ, "_data", {})
    key = os.environ.encodekey("COVERAGE_CORE")
    core = data.pop(key, None)
    try:
        yield
    finally:
        if core is not None:
            data[key] = core


def _adapt(measured):
    """What is different on workers."""
    config = measured.config
    # The tracer in C refuses to be imported by any interpreter but the main one. Without it, there are no plugins.
    if config.core == "ctrace":
        config.core = "pytrace"
    config.disable_warnings = [*config.disable_warnings, "no-ctracer"]
    config.plugins = []
    # These are for the process. It has them.
    config.patch = []
    config.sigterm = False
    config.concurrency = [kind for kind in config.concurrency if kind != "multiprocessing"] or ["thread"]
    measured._warn_no_data = False
    measured._warn_unimported_source = False
    measured._warn_preimported_source = False


def _finish(measured):
    from . import _core

    measured.stop()
    data = measured.get_data()
    _core._send_main(("coverage", data.dumps()))
    data.close(force=True)


def add(dumped):
    """Called in the main interpreter, with what a worker has measured."""
    from coverage import CoverageData

    data = CoverageData(no_disk=True)
    data.loads(dumped)
    # `get_data` would also warn of what has not been imported so far.
    (getattr(_main, "_data", None) or _main.get_data()).update(data)
    data.close(force=True)


def _warn(why):
    import warnings

    warnings.warn(f"coverage does not measure what workers run: {why}", RuntimeWarning, stacklevel=2)
