"""Frames per second of `bocpy-boids`: ours without a window, and the peer's example of the same name beside it.

    python benchmarks/boids.py                        # 3 rounds of 300 and of 1,000 boids, 2 workers
    python benchmarks/boids.py --boids 2000 --rounds 5

The peer's example opens a window in any case: it needs a display, or Xvfb. To measure what behaviors do, and not the
graphics, nothing is drawn in it, its clock is set to many more frames per second than it reaches, and its frames are
counted from outside: they are the pinned behaviors that its calls of `pump` have run. The size of the world is the
same, but not what a boid does: each example has its own rules.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys

from contestants import HERE, PEER_VERSION, MeasurementFailed, run_python

WIDTH, HEIGHT = 1200, 800
SECONDS = 5  # that are measured, after as many to warm up

# In a process of the peer's: its command line is that of the example.
COUNT = f"""
import os, sys, time
import bocpy
import pyglet
from pyglet.graphics import Batch
from pyglet.window import BaseWindow

Batch.draw = lambda self: None
BaseWindow.draw = lambda self, dt: None
pump, frames, began = bocpy.pump, 0, None

def counting(*args, **kwargs):
    global frames, began
    result = pump(*args, **kwargs)
    now = time.perf_counter()
    if began is None:
        began = now + {SECONDS}
    elif now > began:
        frames += result.executed
        if now > began + {SECONDS}:
            print(frames / (now - began), flush=True)
            os._exit(0)
    return result

bocpy.pump = counting
from bocpy.examples.boids import main
main()
"""

OURS = """
import contextlib, io, sys
from bocpy.examples.boids import main
with contextlib.redirect_stdout(io.StringIO()) as text:
    main()
print([line.split()[-4] for line in text.getvalue().splitlines() if line.endswith("frames per second")][0])
"""


def peer_python():
    """The Python of an environment with the peer and pyglet, made on first use with this Python."""
    folder = HERE / ".venvs" / f"peer-{PEER_VERSION}-pyglet-py{sys.version_info.major}.{sys.version_info.minor}"
    make = HERE.parent / "scripts/setup_venv.py"
    subprocess.run([sys.executable, make, folder, f"bocpy=={PEER_VERSION}", "pyglet"], check=True)
    return str(folder / "bin/python")


def display():
    """Xvfb, if there is no display; it ends with this program."""
    if os.environ.get("DISPLAY"):
        return None
    if shutil.which("Xvfb") is None:
        sys.exit("the peer's example opens a window: this needs a display, or Xvfb")
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    os.environ["DISPLAY"] = f":{server.stdout.readline().strip()}"
    return server


def of_peer(python, boids, workers):
    return float(run_python(python, "-c", COUNT, *common(boids, workers), "--fps", "20000"))


def of_ours(boids, workers, frames):
    printed = run_python(sys.executable, "-c", OURS, *common(boids, workers), "--headless", str(frames))
    return float(printed.replace(",", ""))


def common(boids, workers):
    return ["--boids", str(boids), "--width", str(WIDTH), "--height", str(HEIGHT), "--workers", str(workers)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boids", type=int, nargs="+", default=[300, 1000], help="default: %(default)s")
    parser.add_argument("--workers", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    args = parser.parse_args()
    python, server = peer_python(), display()
    try:
        for boids in args.boids:
            ratios = []
            for number in range(args.rounds):
                if number == 0:
                    frames = int(SECONDS * of_ours(boids, args.workers, 100)) + 1
                both = {}
                for who in ("ours", "peer") if number % 2 == 0 else ("peer", "ours"):
                    if who == "ours":
                        both[who] = of_ours(boids, args.workers, frames)
                    else:
                        both[who] = of_peer(python, boids, args.workers)
                ratios.append(both["ours"] / both["peer"])
                print(f"{boids} boids, {args.workers} workers: ours {both['ours']:.1f}, the peer {both['peer']:.1f}")
            low, high = min(ratios), max(ratios)
            print(
                f"{boids} boids: {statistics.median(ratios):.1f} times the peer ({low:.1f} to {high:.1f})", flush=True
            )
    except MeasurementFailed as failure:
        sys.exit(f"a run has failed:\n{failure}")
    finally:
        if server is not None:
            server.terminate()


if __name__ == "__main__":
    main()
