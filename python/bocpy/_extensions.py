"""Extension modules whose types are registered with CPython: where they are loaded from, and loading them."""

import importlib
import os
import sys

__all__ = ["load", "name_of"]


def name_of(library):
    """Returns the name of the module that was loaded from that file, or an empty one."""
    found = ""
    for name, module in sys.modules.copy().items():
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and (file == library or _is_same(file, library)):
            # It may be there by several names: by its own, it can be imported.
            found = name
            if getattr(module, "__name__", None) == name:
                break
    return found


def _is_same(file, library):
    if os.path.basename(file) != os.path.basename(library):
        return False
    try:
        return os.path.samefile(file, library)
    except OSError:
        return False


def load(name):
    """Imports the module by that name, so that objects of its types can be made here."""
    if name not in sys.modules:
        importlib.import_module(name)
