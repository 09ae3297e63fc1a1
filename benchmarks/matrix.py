"""Matrices: ours, the peer's and NumPy's arrays, on one thread.

    python benchmarks/matrix.py                   # all rows, 5 rounds: a minute or two
    python benchmarks/matrix.py --only matmul     # rows with that word in their name; may be repeated
    python benchmarks/matrix.py --write           # also append the report to RESULTS.md

Each contestant runs in a process of its own; the rounds take turns, so that all see the same moods of the machine. A
figure is the least of all rounds, in nanoseconds a call, with what Python takes to call. The last column says how many
times as fast ours is as the better one of the others: the target is 1 in each row, and 1.5 in the geometric mean over
all rows. At the end, a matrix of 100 MB goes to a worker and back, and one of 100 numbers: the target is the same time.

The first run makes an environment for the peer and NumPy in `benchmarks/.venvs/`.
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENVS = HERE / ".venvs"
PEER = "bocpy==0.14.0"

# Name, the same with Matrix (ours and the peer's), the same with NumPy.
ROWS = [
    ("add 1x3", "s + t", "s + t"),
    ("scale 1x3", "s * 2.0", "s * 2.0"),
    ("add 1000x100", "a + b", "a + b"),
    ("div 1000x100", "a / b", "a / b"),
    ("add column 1000x100", "a + column", "a + column"),
    ("sum 1000x100", "a.sum()", "a.sum()"),
    ("mean(1) 1000x100", "a.mean(1)", "a.mean(1)"),
    ("max(1) 1000x100", "a.max(1)", "a.max(1)"),
    ("max(0) 1000x100", "a.max(0)", "a.max(0)"),
    ("magnitude 1000x3", "v.magnitude()", "np.linalg.norm(v)"),
    ("normalize(1) 1000x3", "v.normalize(1)", "v / np.linalg.norm(v, axis=1, keepdims=True)"),
    ("sqrt 1000x100", "a.sqrt()", "np.sqrt(a)"),
    ("sin 1000x100", "a.sin()", "np.sin(a)"),
    ("matmul 4", "m4[0] @ m4[1]", "m4[0] @ m4[1]"),
    ("matmul 32", "m32[0] @ m32[1]", "m32[0] @ m32[1]"),
    ("matmul 256", "m256[0] @ m256[1]", "m256[0] @ m256[1]"),
    ("matmul 512", "m512[0] @ m512[1]", "m512[0] @ m512[1]"),
    ("m[i, j]", "a[3, 4]", "a[3, 4]"),
]

WORK = """
import json, sys, timeit
kind, rows = sys.argv[1], json.loads(sys.argv[2])
if kind == "numpy":
    import numpy as np
    version = np.__version__
    make = lambda rows, columns: np.random.rand(rows, columns)
else:
    import bocpy
    version = bocpy.__version__
    make = lambda rows, columns: bocpy.Matrix.uniform(0.0, 1.0, (rows, columns))
s, t, column, v = make(1, 3), make(1, 3), make(1000, 1), make(1000, 3)
a, b = make(1000, 100), make(1000, 100)
for n in (4, 32, 256, 512):
    globals()[f"m{n}"] = make(n, n), make(n, n)
found = {}
for name, code in rows:
    timer = timeit.Timer(code, globals=globals())
    count = max(1, timer.autorange()[0] // 10)
    found[name] = min(timer.repeat(7, count)) / count * 1e9
print(json.dumps({"version": version, "figures": found}))
"""

HAND_OVER = """
import json, time
from bocpy import Cown, Matrix, start, wait, when

def there_and_back(size):
    # A behavior on a worker changes it, and the main program takes it.
    cown = Cown(Matrix.zeros(size))
    best = 1e9
    for _ in range(30):
        begun = time.perf_counter()
        @when(cown)
        def touch(c):
            c.value[0, 0] += 1
        touch.get()
        with cown:
            cown.value[0, 0] += 1
        best = min(best, time.perf_counter() - begun)
    return best * 1e6

if __name__ == "__main__":
    start(2)
    print(json.dumps({"100 MB": there_and_back((1250, 10_000)), "100 numbers": there_and_back((10, 10))}))
    wait()
"""


def environment() -> Path:
    """The Python of an environment with the peer and NumPy, which is made if it is not there."""
    folder = VENVS / f"matrix-{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "ready").exists():
        if shutil.which("uv"):
            subprocess.run(["uv", "venv", "-q", "--clear", "--python", sys.executable, folder], check=True)
            subprocess.run(["uv", "pip", "install", "-q", "--python", python, PEER, "numpy"], check=True)
        else:
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            subprocess.run([python, "-m", "pip", "install", "-q", PEER, "numpy"], check=True)
        (folder / "ready").touch()
    return python


def measure(python, kind, rows):
    """What one process of a contestant finds."""
    code = [(name, theirs if kind == "numpy" else ours) for name, ours, theirs in rows]
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [python, "-I", "-c", WORK, kind, json.dumps(code)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, **one_thread},
    )
    return json.loads(done.stdout)


def hand_over():
    """Microseconds to a worker and back, by size."""
    folder = VENVS / "programs"
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "hand_over.py"
    program.write_text(HAND_OVER, encoding="utf-8")
    done = subprocess.run([sys.executable, program], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def report(rows, figures, versions, moved, rounds):
    """The tables, as Markdown."""
    ours, peer, numpy = (figures[kind] for kind in ("ours", "peer", "numpy"))
    load = f", load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs" if hasattr(os, "getloadavg") else ""
    yield f"\n### Matrices, {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC\n"
    yield (
        f"`python benchmarks/matrix.py --rounds {rounds}`: Python {sys.version.split()[0]}, ours {versions['ours']}, "
        f"peer {versions['peer']}, NumPy {versions['numpy']}; one thread, the least of {rounds} rounds{load}.\n"
    )
    yield "| work | ours, ns | peer, ns | NumPy, ns | times the better one |"
    yield "|---|---:|---:|---:|---:|"
    ratios = []
    for name, _, _ in rows:
        ratios.append(min(peer[name], numpy[name]) / ours[name])
        yield f"| {name} | {ours[name]:,.0f} | {peer[name]:,.0f} | {numpy[name]:,.0f} | {ratios[-1]:.2f} |"
    mean = math.exp(math.fsum(map(math.log, ratios)) / len(ratios))
    slower = sum(ratio < 1 for ratio in ratios)
    yield f"\nGeometric mean: {mean:.2f} times (target 1.5). Rows below 1: {slower}."
    if moved:
        yield "\nTo a worker and back: " + ", ".join(f"{size} in {time:.0f} us" for size, time in moved.items()) + "."


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], metavar="WORD", help="rows with that word in their name")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--write", action="store_true", help="append the report to RESULTS.md")
    given = parser.parse_args()
    rows = [row for row in ROWS if not given.only or any(word in row[0] for word in given.only)]
    if not rows:
        parser.error("no row has that name; there are: " + ", ".join(row[0] for row in ROWS))
    others = environment()
    pythons = {"ours": sys.executable, "peer": others, "numpy": others}
    figures = {kind: {} for kind in pythons}
    versions = {}
    for nth in range(given.rounds):
        begun = time.perf_counter()
        for kind, python in pythons.items():
            found = measure(python, kind, rows)
            versions[kind] = found["version"]
            for name, figure in found["figures"].items():
                figures[kind][name] = min(figure, figures[kind].get(name, math.inf))
        print(f"round {nth + 1} of {given.rounds}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    moved = None if given.only else hand_over()
    text = "\n".join(report(rows, figures, versions, moved, given.rounds))
    print(text)
    if given.write:
        with (HERE / "RESULTS.md").open("a", encoding="utf-8") as file:
            file.write(text + "\n")


if __name__ == "__main__":
    main()
