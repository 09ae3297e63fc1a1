"""``pytest`` for test modules that workers import as well.

A worker imports a test module because a behavior of it names something there; it never runs its tests. Importing
pytest itself would cost a quarter of a second per worker, and on CPython 3.12 it imports ``hashlib``, which does not
survive the end of a sub-interpreter. So a test module takes ``pytest`` from here: the real one where pytest already
runs, and elsewhere a stand-in whose marks leave the functions as they are.
"""

import sys


class Inert:
    """Stands for pytest and everything in it: ``pytest.mark.any(thing)(function)`` is ``function``."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args, **kwargs):
        if len(args) == 1 and not kwargs and callable(args[0]):
            return args[0]
        return self


pytest = sys.modules.get("pytest") or Inert()
