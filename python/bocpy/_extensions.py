"""Extension modules whose types are registered with CPython: where they are loaded from, and loading them."""

import importlib
import importlib.util
import os
import sys
from importlib.machinery import ExtensionFileLoader

__all__ = ["load", "name_of"]

# Those that nobody else keeps alive.
_loaded = {}


def name_of(library):
    """Returns the name of the module that was loaded from that file, or an empty one if it comes with Python."""
    found = ""
    for name, module in sys.modules.copy().items():
        if _is_from(module, library):
            # It may be there by several names: by its own, it can be imported.
            found = name
            if getattr(module, "__name__", None) == name:
                break
    return "" if found.partition(".")[0] in sys.stdlib_module_names else found


def _is_from(module, library):
    file = getattr(module, "__file__", None)
    if file == library:
        return True
    if not isinstance(file, str) or os.path.basename(file) != os.path.basename(library):
        return False
    try:
        return os.path.samefile(file, library)
    except OSError:
        return False


def load(name, library):
    """Imports the module by that name, so that objects of its types can be made here."""
    if _is_from(sys.modules.get(name), library):
        return
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError:
        module = None
    if not _is_from(module, library):
        # It is not found by its name: the program may have changed its path.
        spec = importlib.util.spec_from_file_location(name, library, loader=ExtensionFileLoader(name, library))
        _loaded[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules.setdefault(name, module)
