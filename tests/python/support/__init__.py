"""Helpers of the tests.

Workers import the test modules by name, and so these helpers too: everything here is cheap to import and safe to
import twice. Only the standard library and bocpy are needed on a worker.
"""

from support.backend import BACKEND, interpreters_only, not_strict, threads_only
from support.crew import Crew, worker_name
from support.handshake import Handshake
from support.inert import pytest
from support.lives import Loud, come_by, put, read_exactly
from support.names import shown
from support.outcomes import error_of, outcome, refusal, text_of
from support.place import KEPT, interpreter
from support.scripts import EVERY_WAY, USUAL_WAYS, check_script, every_way, run_script, start_script, usual_ways

__all__ = [
    "BACKEND",
    "EVERY_WAY",
    "KEPT",
    "USUAL_WAYS",
    "Crew",
    "Handshake",
    "Loud",
    "check_script",
    "come_by",
    "error_of",
    "every_way",
    "interpreter",
    "interpreters_only",
    "not_strict",
    "outcome",
    "put",
    "pytest",
    "read_exactly",
    "refusal",
    "run_script",
    "shown",
    "start_script",
    "text_of",
    "threads_only",
    "usual_ways",
    "worker_name",
]
