"""Which host runs the behaviors in this run of the tests, and marks for the few tests that hold on one only."""

import os
import sys
import sysconfig

from support.inert import pytest


def _backend():
    chosen = os.environ.get("BOCPY_BACKEND")
    if chosen:
        return chosen
    if sys.version_info < (3, 12) or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "threads"
    return "interpreters"


BACKEND = _backend()

interpreters_only = pytest.mark.skipif(BACKEND != "interpreters", reason="holds where each worker has an interpreter")
threads_only = pytest.mark.skipif(BACKEND != "threads", reason="holds where workers share the main interpreter")
not_strict = pytest.mark.skipif(
    os.environ.get("BOCPY_STRICT") == "1", reason="holds where values stay where they were left"
)
