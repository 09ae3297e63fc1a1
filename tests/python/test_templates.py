"""The templates for other packages: each is built against this bocpy, installed, and passes its own tests."""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
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
    if has_setuptools():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--no-index"]
        run(*pip, "--target", str(installed), ".", cwd=source, env={**os.environ, **build})
    else:
        # Then as setuptools would: the source and the tests are what matters most.
        shutil.copytree(source / "src/samples", installed / "samples")
        library = installed / "samples" / f"_samples{sysconfig.get_config_var('EXT_SUFFIX')}"
        flags = [*extensions.flags(), *f"{build['CFLAGS']} {build.get('LDFLAGS', '')}".split()]
        run(*extensions.c_compiler(), "-fPIC", "-shared", *flags, str(source / "src/_samples.c"), "-o", str(library))
    files = sorted(path.suffix for path in (installed / "samples").iterdir() if path.is_file())
    assert files == [".py", ".pyi", ".so", ".typed"]
    shutil.rmtree(source / "src")
    test = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests"]
    told = run(*test, cwd=source, env={**os.environ, **use})
    assert " passed" in told and "skipped" not in told


LIMITED = 'pyo3-ffi = { version = ">=0.28.3, <0.31", features = ["abi3-py312"] }'
SLOW_KINDS = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("sanitized", "limited")]


@pytest.mark.parametrize("kind", ["usual", *SLOW_KINDS])
@pytest.mark.skipif(crates.why_not() is not None, reason=str(crates.why_not()))
@pytest.mark.skipif(importlib.util.find_spec("maturin") is None, reason="maturin is not here")
def test_rust_extension(kind, tmp_path):
    if kind == "limited" and (sys.version_info < (3, 12) or sysconfig.get_config_var("Py_GIL_DISABLED")):
        pytest.skip("there is no limited API that is the same here")
    # Where it lies is part of what cargo keeps, so always at the same place.
    source, installed = crates.TARGET / "rust_extension", tmp_path / "installed"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(TEMPLATES / "rust_extension", source, ignore=shutil.ignore_patterns("target", "Cargo.lock", "*.so"))
    # As its README says; but the crate is that of this repository, and all others are those that this repository has.
    manifest = (source / "Cargo.toml").read_text(encoding="utf-8")
    path = '"../../crates/bocpy-abi"'
    assert path in manifest
    manifest = manifest.replace(path, f'"{(crates.tree() / "crates/bocpy-abi").as_posix()}"')
    if kind == "limited":
        # As the guide says: one build for all later versions.
        manifest = manifest.replace("[dependencies]", f"[dependencies]\n{LIMITED}")
    (source / "Cargo.toml").write_text(manifest, encoding="utf-8")
    shutil.copy(crates.tree() / "Cargo.lock", source)
    build = crates.environment(sanitized=kind == "sanitized") | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    use = {"PYTHONPATH": str(installed), "BOCPY_BACKEND": BACKEND}
    if kind == "sanitized":
        libraries = extensions.sanitizers()
        if libraries is None:
            pytest.skip("there are no sanitizers here")
        use |= libraries
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--no-index"]
    run(*pip, "--target", str(installed), ".", cwd=source, env=build)
    files = sorted(path.suffix for path in (installed / "tally").iterdir() if path.is_file())
    assert files == [".py", ".pyi", ".so", ".typed"]
    [library] = (installed / "tally").glob("*.so")
    assert library.name.endswith(".abi3.so") == (kind == "limited")
    assert (b"__asan_init" in library.read_bytes()) == (kind == "sanitized")
    test = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests"]
    told = run(*test, cwd=source, env={**os.environ, **use})
    assert " passed" in told and "skipped" not in told


def test_the_guide_says_how_to_build_for_all_later_versions():
    guide = (TEMPLATES.parent / "docs/native-types-in-rust.md").read_text(encoding="utf-8")
    assert LIMITED in guide.splitlines()
