"""C extensions that are compiled when a test needs them, against the headers that bocpy brings along."""

import hashlib
import importlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import bocpy

SOURCES = Path(__file__).parent.parent / "c"
FOLDER = Path(tempfile.gettempdir(), f"bocpy-tests-{os.getuid()}")
INCLUDE = Path(sysconfig.get_paths()["include"])
# Not -Wpedantic: CPython wants functions as data pointers in the slots of a type.
WARNINGS = ["-Wall", "-Wextra", "-Werror"]


def compiler(*names):
    """The first of these compilers that is here, as a command."""
    found = next(filter(None, map(shutil.which, names)), None)
    return [found] if found else None


def c_compiler():
    chosen = os.environ.get("CC")
    return shlex.split(chosen) if chosen else compiler("cc", "gcc", "clang")


def sanitizers():
    """What loads the libraries of the sanitizers before all others; None if the compiler has none."""
    gcc = compiler("gcc")
    names = ["libasan.so", "libubsan.so"] if gcc and sys.platform == "linux" else []
    asked = [[*gcc, f"-print-file-name={name}"] for name in names]
    found = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() for command in asked]
    if not found or not all(map(os.path.isabs, found)):
        return None
    return {"LD_PRELOAD": " ".join(found), "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}


def why_not():
    """The reason for which nothing can be compiled here, or None."""
    if c_compiler() is None:
        return "there is no C compiler here"
    if not (INCLUDE / "Python.h").exists():
        return f"the headers of this Python are not here ({INCLUDE})"
    return None


def flags():
    """What every source needs, but for the language."""
    # Debian's headers include others by their path from the folder above, which may be none of the compiler's.
    return ["-isystem", str(INCLUDE), "-idirafter", str(INCLUDE.parent), f"-I{bocpy.get_include()}"]


def paths():
    """The folders of the extensions that have been loaded, for `sys.path`."""
    return [path for path in sys.path if path.startswith(str(FOLDER))]


def load(name):
    """Compile and import an extension; None where that is not possible. A worker finds it compiled."""
    if why_not():
        return None
    source = SOURCES / f"{name}.c"
    headers = sorted(Path(bocpy.get_include(), "bocpy").iterdir())
    content = b"".join(path.read_bytes() for path in [source, *headers, *map(Path, bocpy.get_sources())])
    asked = os.environ.get("CFLAGS", "")  # by whoever wants a sanitizer, for example
    key = hashlib.sha256(content + f"{sys.version} {sys.executable} {asked}".encode()).hexdigest()[:16]
    folder = FOLDER / key
    library = folder / f"bocpy_{name}{sysconfig.get_config_var('EXT_SUFFIX')}"
    if not library.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = folder / f"{os.getpid()}.so"  # another process may be at it, too
        command = [*c_compiler(), "-std=c11", "-O1", "-g", "-fPIC", "-shared", *WARNINGS, *flags(), *shlex.split(asked)]
        subprocess.run([*command, str(source), *bocpy.get_sources(), "-o", str(made)], check=True)
        made.replace(library)
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return importlib.import_module(f"bocpy_{name}")
