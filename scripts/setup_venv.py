"""setup_venv.py FOLDER [PACKAGE ...]: makes FOLDER a virtual environment of the Python that runs this, with these
packages, or by default with the tools that build and test bocpy. Does nothing if it already is one.

`python -m venv` is enough on most machines. If it is not (ensurepip in a separate package, a Python without its
wheels), pip comes from another source on the machine. pip does the rest, with the user's own configuration (index,
certificates).
"""

import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

TOOLS = ["maturin>=1.7", "pytest", "pytest-timeout", "pytest-xdist", "coverage", "cloudpickle", "ruff"]
# For a few tests, which are skipped without them: an index that has the tools need not have these.
HELPFUL = ["setuptools>=77", "wheel", "numpy"]

said = []  # by the commands that failed, to find out why


def ran(*command, cwd=None):
    """Run a command quietly: did it succeed?"""
    try:
        done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except OSError as error:
        said.append(str(error))
        return False
    if done.returncode:
        said.append(f"$ {' '.join(map(str, command))}\n{done.stdout.strip()}")
    return done.returncode == 0


def by_venv(folder, store):
    return ran(sys.executable, "-m", "venv", folder)


def by_uv(folder, store):
    shutil.rmtree(folder, ignore_errors=True)  # the rest of the first try
    return ran("uv", "venv", "--seed", "--python", sys.executable, folder)


def by_wheel_at_hand(folder, store):
    """The wheels that a Python has for ensurepip; Debian keeps them in a separate folder."""
    places = [
        Path(sysconfig.get_path("stdlib"), "ensurepip/_bundled"),
        Path(sys.base_prefix, "share/python-wheels"),
        Path("/usr/share/python-wheels"),
    ]
    return any(from_wheel(folder, place) for place in places)


def by_another_pip(folder, store):
    """A wheel of pip, downloaded by the pip of another Python."""
    pips = ["pip", "pip3", *(f"pip3.{minor}" for minor in range(15, 9, -1))]
    return any(ran(pip, "download", "--no-deps", "--dest", store, "pip") and from_wheel(folder, store) for pip in pips)


def by_debian(folder, store):
    """Debian's package of pip's wheel, which can be fetched and opened without being root."""
    return (
        ran("apt-get", "download", "python3-pip-whl", cwd=store)
        and all(ran("dpkg", "-x", package, store) for package in store.glob("*.deb"))
        and from_wheel(folder, store / "usr/share/python-wheels")
    )


def from_wheel(folder, place):
    """An environment with the pip whose wheel lies in `place`: a wheel is a zip file, and pip runs out of it."""
    return any(
        ran(sys.executable, "-m", "venv", "--without-pip", "--clear", folder)
        and ran(folder / "bin/python", wheel / "pip", "install", "--no-index", wheel)
        for wheel in place.glob("pip-*.whl")
    )


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1]).absolute()
    packages = sys.argv[2:] or TOOLS
    python = folder / "bin/python"

    # What the environment was made of, to check later whether it is still current; written last.
    made_of = folder / ".made_of"
    wanted = "\n".join([str(Path(sys.executable).resolve()), sys.version, *packages])
    if python.exists() and made_of.exists() and made_of.read_text() == wanted:
        return

    if folder.exists():
        if not (folder / "pyvenv.cfg").exists():
            sys.exit(f"{folder} exists and is not a virtual environment: remove it, or choose another folder")
        shutil.rmtree(folder)

    print(f"Setting up {folder} with {', '.join(packages)}", flush=True)
    ways = [by_venv, by_uv, by_wheel_at_hand, by_another_pip, by_debian]
    with tempfile.TemporaryDirectory() as store:
        if not any(way(folder, Path(store)) for way in ways):
            sys.exit(
                "\n".join(said) + f"\n\nCould not get pip for {sys.executable} (the attempts are listed above)."
                " Install one of: the venv package of your system's Python, pip for any Python, uv."
            )
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    if packages is TOOLS:
        # One by one, and nothing that has to be compiled: not every Python has wheels of all.
        install = [python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
        missing = [package for package in HELPFUL if not ran(*install, package)]
        if missing:
            print(f"{' and '.join(missing)} could not be installed: the tests that need them are skipped", flush=True)
    made_of.write_text(wanted)


if __name__ == "__main__":
    main()
