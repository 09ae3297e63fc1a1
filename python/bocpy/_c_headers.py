"""Where C extensions find bocpy's headers."""

import sys
from pathlib import Path

__all__ = ["get_include", "get_sources"]

_FOLDER = Path(__file__).resolve().parent


def get_include():
    """Return the folder to search for `<bocpy/bocpy.h>`: for `include_dirs` of an extension in C or C++.

    The headers are for types that move to other interpreters without being copied: see docs/native-types.md.
    """
    return str(_FOLDER / "include")


def get_sources():
    """Return the C files that an extension has to be compiled with, beside its own.

    There are some on Windows only, for compilers that lack C's atomics.
    """
    return [str(_FOLDER / "src" / "bocpy_msvc.c")] if sys.platform == "win32" else []
