"""Helpers of the tests.

Workers import the test modules by name, and so these helpers too: everything here is cheap to import and safe to
import twice. Only the standard library and bocpy are needed on a worker.
"""

from support.backend import BACKEND, interpreters_only, threads_only
from support.handshake import Handshake
from support.inert import pytest
from support.outcomes import error_of, outcome, text_of
from support.scripts import EVERY_WAY, USUAL_WAYS, check_script, run_script, start_script

__all__ = [
    "BACKEND",
    "EVERY_WAY",
    "USUAL_WAYS",
    "Handshake",
    "check_script",
    "error_of",
    "interpreters_only",
    "outcome",
    "pytest",
    "run_script",
    "start_script",
    "text_of",
    "threads_only",
]
