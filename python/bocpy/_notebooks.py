"""Notebooks, and IPython in a terminal: which cell output belongs to, and what is told at the end of a cell."""

import itertools
import sys
from _contextvars import ContextVar, copy_context

from . import _core

__all__ = ["CELL", "context_of", "install"]

# The number of the cell that runs. Behaviors take it along, so what they write is shown under the cell that scheduled
# them.
CELL = ContextVar("bocpy_cell", default=None)
# By number, the contexts in which cells began: `ipykernel` notes there which cell it is. The oldest are forgotten.
_contexts = {}
_next_number = itertools.count(1)
_MOST_CELLS = 100
_shells = set()


def install():
    """Called in the main interpreter when the first behavior is scheduled, which may be within a cell."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None or id(shell) in _shells:
        return
    _shells.add(id(shell))
    shell.events.register("pre_run_cell", _before_cell)
    shell.events.register("post_run_cell", _after_cell)
    _before_cell()


def _before_cell(info=None):
    number = next(_next_number)
    CELL.set(number)
    _contexts[number] = copy_context()
    _contexts.pop(number - _MOST_CELLS, None)


def _after_cell(result=None):
    """What has failed is told, even if a variable keeps it."""
    _core._report()


def context_of(cell):
    """Returns a context in which what is written belongs to that cell; None if it is not known."""
    context = _contexts.get(cell)
    return None if context is None else context.copy()
