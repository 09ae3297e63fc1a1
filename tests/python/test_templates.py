"""The templates for other packages: each is built against this bocpy, installed, and passes its own tests."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

from support import BACKEND, extensions, pytest

TEMPLATES = Path(__file__).parents[2] / "templates"


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def sanitizers():
    """The libraries of the sanitizers, to be loaded before all others; None if the compiler has none."""
    gcc = extensions.compiler("gcc")
    names = ["libasan.so", "libubsan.so"]
    found = [run(*gcc, f"-print-file-name={name}").strip() for name in names] if gcc and "Linux" in os.uname() else []
    return " ".join(found) if found and all(map(os.path.isabs, found)) else None


def has_setuptools():
    """Whether it is here, and builds wheels by itself."""
    try:
        return int(importlib.metadata.version("setuptools").partition(".")[0]) >= 77
    except importlib.metadata.PackageNotFoundError:
        return False


@pytest.mark.parametrize("sanitized", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.skipif(extensions.why_not() is not None, reason=str(extensions.why_not()))
@pytest.mark.skipif(not has_setuptools(), reason="setuptools is not here, or too old")
def test_c_extension(sanitized, tmp_path):
    source, installed = tmp_path / "source", tmp_path / "installed"
    shutil.copytree(TEMPLATES / "c_extension", source)
    build, use = {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}, {"PYTHONPATH": str(installed), "BOCPY_BACKEND": BACKEND}
    # The headers of a Python that is not where it was built to be.
    build["CFLAGS"] = f"-Werror -idirafter {extensions.INCLUDE.parent}"
    if sanitized:
        libraries = sanitizers()
        if libraries is None:
            pytest.skip("there are no sanitizers here")
        build["CFLAGS"] += " -fsanitize=address,undefined -fno-sanitize-recover=undefined"
        build["LDFLAGS"] = "-fsanitize=address,undefined"
        use |= {"LD_PRELOAD": libraries, "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}
        build |= {"CC": "gcc", "LDSHARED": "gcc -shared"}
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--no-index"]
    run(*pip, "--target", str(installed), ".", cwd=source, env={**os.environ, **build})
    files = sorted(path.suffix for path in (installed / "samples").iterdir() if path.is_file())
    assert files == [".py", ".pyi", ".so", ".typed"]
    shutil.rmtree(source / "src")
    test = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests"]
    told = run(*test, cwd=source, env={**os.environ, **use})
    assert " passed" in told and "skipped" not in told
