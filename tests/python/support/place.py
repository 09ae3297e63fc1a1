"""Where a body runs, and what a test keeps there beside its cowns."""

import sys

KEPT = []
"""A list that each interpreter has one of. It is emptied after each test."""


def interpreter():
    """A number that no two interpreters have at one time."""
    return id(sys.modules)
