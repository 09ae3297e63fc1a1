"""Where a body runs, and objects that a test keeps there outside cowns."""

import sys

KEPT = []
"""A list for each interpreter. It is emptied after each test."""


def interpreter():
    """A number that no two interpreters have at one time."""
    return id(sys.modules)
