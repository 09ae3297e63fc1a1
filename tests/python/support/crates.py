"""Extensions in Rust that are compiled when a test needs them, of this repository's crates and what its lock names."""

import hashlib
import importlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

SUFFIX = "dylib" if sys.platform == "darwin" else "so"
HERE = Path(__file__).parent.parent / "rust"
ROOT = Path(__file__).parents[3]
# Each version of Python needs its own.
TARGET = ROOT / "target" / "extensions" / (sysconfig.get_config_var("SOABI") or sys.implementation.cache_tag)

# Whether whoever runs the tests wants AddressSanitizer in what they load. Its library has to be loaded already.
SANITIZED = bool(os.environ.get("BOCPY_TEST_SANITIZED"))


def why_not():
    """The reason for which nothing can be compiled here, or None."""
    return None if shutil.which("cargo") else "there is no cargo here"


def tree():
    """The source tree for this Python: see scripts/source_tree."""
    old = sys.version_info[:2] == (3, 13) and sysconfig.get_config_var("Py_GIL_DISABLED")
    return ROOT / "target" / "ft313" if old else ROOT


def environment(sanitized=False):
    """For cargo and maturin."""
    # What the repository needs has been fetched: it has been built. So this works without a net, too.
    found = {"CARGO_NET_OFFLINE": "true", "PYO3_PYTHON": sys.executable, "PYO3_BUILD_EXTENSION_MODULE": "1"}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # of maturin
    found |= {"PATH": path, "CARGO_TARGET_DIR": str(TARGET / "plain"), "RUSTFLAGS": "", "CARGO_BUILD_TARGET": ""}
    if sanitized:
        found |= {"CARGO_TARGET_DIR": str(TARGET / "sanitized"), "RUSTC_BOOTSTRAP": "1"}
        found["RUSTFLAGS"] = "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer"
        # With a target, build scripts are compiled as usual.
        command, own = ["rustc", "--print", "host-tuple"], {**os.environ, "LD_PRELOAD": ""}
        host = subprocess.run(command, env=own, capture_output=True, text=True, check=True)
        found["CARGO_BUILD_TARGET"] = host.stdout.strip()
    return {name: value for name, value in {**os.environ, **found}.items() if value or name == "RUSTFLAGS"}


def cargo_build(manifest, name):
    """Returns where cargo has put the library of that name."""
    use = environment(SANITIZED) | {"LD_PRELOAD": ""}  # what is there is for the tests
    done = subprocess.run(
        ["cargo", "build", "--quiet", "--manifest-path", str(manifest)], env=use, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return Path(use["CARGO_TARGET_DIR"], use.get("CARGO_BUILD_TARGET", ""), "debug", f"lib{name}.{SUFFIX}")


def build_source(name, source):
    """Compile one file by itself, with `bocpy-abi`. Returns the file of the extension."""
    folder = TARGET / "sources" / name
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src" / "lib.rs").write_text(source, encoding="utf-8")
    (folder / "Cargo.toml").write_text(
        f"""
        workspace = {{}}
        [package]
        name = "{name}"
        edition = "2024"
        [lib]
        crate-type = ["cdylib"]
        [dependencies]
        bocpy-abi.path = "{(tree() / "crates/bocpy-abi").as_posix()}"
        """,
        encoding="utf-8",
    )
    shutil.copy(tree() / "Cargo.lock", folder)
    library = folder / f"{name}{sysconfig.get_config_var('EXT_SUFFIX')}"
    shutil.copyfile(cargo_build(folder / "Cargo.toml", name), library)
    return library


def key():
    """Of all that an extension is made of."""
    root = tree()
    parts = [root / "Cargo.lock", *sorted((root / "crates/bocpy-abi").rglob("*.*")), *sorted(HERE.rglob("*.*"))]
    content = b"".join(part.read_bytes() for part in parts if part.is_file())
    return hashlib.sha256(content + f"{sys.version} {SANITIZED}".encode()).hexdigest()[:16]


def load(name):
    """Compile and import an extension, of the folder `rust` beside the tests; None where that is not possible.

    A worker finds it compiled.
    """
    if why_not():
        return None
    folder = TARGET / key()
    library = folder / f"{name}{sysconfig.get_config_var('EXT_SUFFIX')}"
    if not library.exists():
        compiled = cargo_build(tree() / "tests/python/rust/Cargo.toml", name)
        folder.mkdir(parents=True, exist_ok=True)
        made = folder / f"{os.getpid()}.so"  # another process may be at it, too
        shutil.copyfile(compiled, made)
        made.replace(library)
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return importlib.import_module(name)
