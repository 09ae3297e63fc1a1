"""The templates for other packages: each is built against this bocpy, installed, and passes its own tests."""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from support import BACKEND, crates, extensions, pytest

TEMPLATES = Path(__file__).parents[2] / "templates"


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


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
        libraries = extensions.sanitizers()
        if libraries is None:
            pytest.skip("there are no sanitizers here")
        build["CFLAGS"] += " -fsanitize=address,undefined -fno-sanitize-recover=undefined"
        build["LDFLAGS"] = "-fsanitize=address,undefined"
        use |= libraries
        build |= {"CC": "gcc", "LDSHARED": "gcc -shared"}
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--no-index"]
    run(*pip, "--target", str(installed), ".", cwd=source, env={**os.environ, **build})
    files = sorted(path.suffix for path in (installed / "samples").iterdir() if path.is_file())
    assert files == [".py", ".pyi", ".so", ".typed"]
    shutil.rmtree(source / "src")
    test = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests"]
    told = run(*test, cwd=source, env={**os.environ, **use})
    assert " passed" in told and "skipped" not in told


@pytest.mark.parametrize("sanitized", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.skipif(crates.why_not() is not None, reason=str(crates.why_not()))
@pytest.mark.skipif(importlib.util.find_spec("maturin") is None, reason="maturin is not here")
def test_rust_extension(sanitized, tmp_path):
    # Where it lies is part of what cargo keeps, so always at the same place.
    source, installed = crates.TARGET / "rust_extension", tmp_path / "installed"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(TEMPLATES / "rust_extension", source, ignore=shutil.ignore_patterns("target", "Cargo.lock", "*.so"))
    # As its README says; but the crate is that of this repository, and all others are those that this repository has.
    manifest = (source / "Cargo.toml").read_text(encoding="utf-8")
    path = '"../../crates/bocpy-abi"'
    assert path in manifest
    manifest = manifest.replace(path, f'"{(crates.tree() / "crates/bocpy-abi").as_posix()}"')
    (source / "Cargo.toml").write_text(manifest, encoding="utf-8")
    shutil.copy(crates.tree() / "Cargo.lock", source)
    build = crates.environment(sanitized) | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    use = {"PYTHONPATH": str(installed), "BOCPY_BACKEND": BACKEND}
    if sanitized:
        libraries = extensions.sanitizers()
        if libraries is None:
            pytest.skip("there are no sanitizers here")
        use |= libraries
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--no-index"]
    run(*pip, "--target", str(installed), ".", cwd=source, env=build)
    files = sorted(path.suffix for path in (installed / "tally").iterdir() if path.is_file())
    assert files == [".py", ".pyi", ".so", ".typed"]
    if sanitized:
        [library] = (installed / "tally").glob("*.so")
        assert b"__asan_init" in library.read_bytes()
    test = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests"]
    told = run(*test, cwd=source, env={**os.environ, **use})
    assert " passed" in told and "skipped" not in told
