"""The contestants, and how to take one measurement."""

import concurrent.futures
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from workloads import Workload

HERE = Path(__file__).resolve().parent
PEER_VERSION = "0.14.0"
TIMEOUT_SECONDS = 300

IDENTIFY = """
import bocpy
from importlib.metadata import PackageNotFoundError, version
for name in ("bocpy-rs", "bocpy"):
    try:
        print(name, version(name))
        break
    except PackageNotFoundError:
        pass
else:
    print("bocpy", bocpy.__version__)
"""


class MeasurementFailed(Exception):
    """The program ended with an error, ran out of time, or printed no figure."""


@dataclass(frozen=True)
class Contestant:
    """A Python, the folder of the programs that it runs, and an argument that they get after workers and size."""

    name: str
    python: str
    folder: str
    argument: str = ""

    def measure(self, workload: Workload, workers: int, size: int) -> dict:
        """Run the workload's program once in a fresh process, and return its JSON line as a dict."""
        return self.run(workload.program or workload.name, workers, size, variables=dict(workload.environment))

    def run(self, name: str, *arguments: int, variables: dict[str, str] | None = None) -> dict:
        """The same for the program of that name, with these arguments."""
        program = HERE / "programs" / self.folder / f"{name}.py"
        words = [*map(str, arguments), *filter(None, [self.argument])]
        printed = run_python(self.python, str(program), *words, variables=variables)
        return json.loads(printed.splitlines()[-1])


def run_python(python: str, *arguments: str, variables: dict[str, str] | None = None) -> str:
    """Standard output of a Python that sees neither PYTHON* variables nor the user's site-packages."""
    command = [python, "-I", *arguments]
    environment = os.environ | (variables or {})
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, env=environment
        )
    except subprocess.TimeoutExpired:
        raise MeasurementFailed(f"no answer within {TIMEOUT_SECONDS} s") from None
    except OSError as error:
        raise MeasurementFailed(str(error)) from None
    if done.returncode or not done.stdout.strip():
        raise MeasurementFailed(done.stderr.strip() or f"exit status {done.returncode}, nothing printed")
    return done.stdout


def identify(python: str) -> str:
    """Distribution and version of the bocpy that this Python imports; doing so also warms its bytecode cache."""
    return run_python(python, "-c", IDENTIFY).strip()


def peer_python() -> str:
    """The Python of the peer's virtual environment, made on first use with this Python."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}{getattr(sys, 'abiflags', '')}"
    folder = HERE / ".venvs" / f"peer-{PEER_VERSION}-py{version}"
    python = str(folder / "bin/python")
    try:
        identify(python)
    except MeasurementFailed:
        make = HERE.parent / "scripts/setup_venv.py"
        subprocess.run([sys.executable, make, folder, f"bocpy=={PEER_VERSION}"], check=True)
    return python


def two_builds(before: str) -> list[Contestant]:
    """This build of ours, and the one that another Python has."""
    return [Contestant("ours", sys.executable, "boc"), Contestant("before", before, "boc")]


def all_contestants(peer: str | None) -> list[Contestant]:
    """Ours, the peer if there is one, and what the standard library of this Python offers."""
    contestants = [Contestant("ours", sys.executable, "boc")]
    if peer:
        contestants.append(Contestant("peer", peer, "boc"))
    contestants.append(Contestant("threads", sys.executable, "threads"))
    for pool in ("ThreadPoolExecutor", "ProcessPoolExecutor", "InterpreterPoolExecutor"):
        if pool in concurrent.futures.__all__:
            contestants.append(Contestant(pool, sys.executable, "executors", pool))
    contestants.append(Contestant("processes", sys.executable, "processes"))
    return contestants
