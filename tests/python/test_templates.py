"""The templates for other packages: each is built against this bocpy, installed, and passes its own tests."""

import importlib.util
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


@pytest.mark.skipif(extensions.why_not() is not None, reason=str(extensions.why_not()))
@pytest.mark.skipif(importlib.util.find_spec("setuptools") is None, reason="setuptools is not here")
def test_c_extension(tmp_path):
    source, installed = tmp_path / "source", tmp_path / "installed"
    shutil.copytree(TEMPLATES / "c_extension", source)
    # The headers of a Python that is not where it was built to be.
    env = {
        **os.environ,
        "CFLAGS": f"-Werror -idirafter {extensions.INCLUDE.parent}",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--no-index"]
    run(*pip, "--target", str(installed), ".", cwd=source, env=env)
    assert sorted(path.suffix for path in (installed / "samples").iterdir() if path.is_file()) == [
        ".py",
        ".pyi",
        ".so",
        ".typed",
    ]
    shutil.rmtree(source / "src")
    test = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests"]
    told = run(*test, cwd=source, env={**os.environ, "PYTHONPATH": str(installed), "BOCPY_BACKEND": BACKEND})
    assert " passed" in told and ("skipped" in told) == (BACKEND == "threads")
