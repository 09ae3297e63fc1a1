"""Measure how this Python's bocpy, and others, get faster with more workers; see README.md."""

import argparse
import datetime
import json
import os
import platform
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from statistics import median

from contestants import Contestant, MeasurementFailed, all_contestants, identify, peer_python
from curves import CURVES, LIMIT, Curve, allowed
from machine import Others, cpu_count, processor
from report import NONE, number, table

Point = tuple[str, str, int]  # the names of curve and contestant, and how many workers


def numbers(text: str) -> list[int]:
    found = sorted({int(part) for part in text.split(",")})
    if found[0] < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return found


def positive(text: str) -> float:
    if (value := float(text)) <= 0:
        raise argparse.ArgumentTypeError("must be greater than 0")
    return value


def default_workers() -> list[int]:
    """1, 2, 4 and so on, and one less than there are CPUs: the main thread needs one, too."""
    most = max(1, cpu_count() - 1 if cpu_count() > 2 else cpu_count())
    return sorted({1, most, *(2**power for power in range(1, 16) if 2**power < most)})


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [curve.name for curve in CURVES]
    parser.add_argument("--workers", type=numbers, default=default_workers(), metavar="N,N,...", help="with so many")
    parser.add_argument("--only", action="append", choices=names, help="just this curve (may be repeated)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=positive, default=0.5, help="about what a sample takes (default: 0.5)")
    parser.add_argument("--peer-python", metavar="PATH", help="a Python that has the peer; default: make a venv")
    parser.add_argument("--no-peer", action="store_true", help="do not measure the peer")
    parser.add_argument("--no-pools", action="store_true", help="do not measure the executors of the standard library")
    parser.add_argument("--json", metavar="PATH", help="write all samples to this file, after each round")
    args = parser.parse_args()
    args.workers = sorted({1, *args.workers})  # what all others are compared with
    return args


class Samples:
    """The samples of all points."""

    def __init__(self, args: argparse.Namespace, peer: str | None) -> None:
        self.args = args
        self.contestants = {contestant.name: contestant for contestant in all_contestants(peer)}
        self.curves = [curve for curve in CURVES if not args.only or curve.name in args.only]
        self.taken: dict[Point, list[dict]] = {}
        self.failed: set[Point] = set()

    def names(self, curve: Curve) -> list[str]:
        """Who runs that curve here."""
        left_out = "Pool" if self.args.no_pools else "none"
        return [name for name in curve.contestants if name in self.contestants and left_out not in name]

    def take_round(self, turn: int) -> None:
        """One sample of each point, all contestants with the same number of workers one right after the other."""
        step = 1 if turn % 2 == 0 else -1
        for curve in self.curves:
            for workers in self.args.workers[::step]:
                for name in self.names(curve)[::step]:
                    self.take(curve, self.contestants[name], workers)

    def take(self, curve: Curve, contestant: Contestant, workers: int) -> None:
        point = (curve.name, contestant.name, workers)
        if point in self.failed:
            return
        size = curve.size(contestant.name, workers, self.args.seconds)
        try:
            sample = contestant.run(curve.program, workers, size, *curve.arguments(workers))
        except MeasurementFailed as failure:
            self.failed.add(point)
            print(f"{point}: {failure}", file=sys.stderr, flush=True)
            return
        self.taken.setdefault(point, []).append(sample | {"size": size})
        print(*point, number(sample["figure"]), file=sys.stderr, flush=True)

    def rate(self, curve: Curve, name: str, workers: int) -> float | None:
        """The median, in behaviors per second."""
        taken = self.taken.get((curve.name, name, workers))
        return median(sample["figure"] for sample in taken) if taken else None

    def spreads(self) -> list[float]:
        """For each point, how far the samples are from their median at most, as a part of it."""
        spreads = []
        for taken in self.taken.values():
            figures = [sample["figure"] for sample in taken]
            middle = median(figures)
            spreads.append(max(abs(figure - middle) for figure in figures) / middle)
        return spreads

    def as_json(self) -> list[dict]:
        return [
            {"curve": curve, "contestant": name, "workers": workers, "samples": taken}
            for (curve, name, workers), taken in self.taken.items()
        ]


def speed_up_table(samples: Samples, curve: Curve) -> str:
    """The rate with one worker, and the speed-ups with their efficiencies."""
    rows = []
    for name in samples.names(curve):
        alone = samples.rate(curve, name, 1)
        cells = [speed_up(samples.rate(curve, name, workers), alone, workers) for workers in samples.args.workers[1:]]
        rows.append((name, number(alone) if alone else "failed", *cells))
    if curve.cowns:
        most = [allowed(workers, curve.cowns) for workers in samples.args.workers[1:]]
        rows.append(("what the order allows", NONE, *(f"{number(speed_up)}" for speed_up in most)))
    return table("contestant", "1 worker: behaviors/s", *headings(samples), rows=rows)


def speed_up(rate: float | None, alone: float | None, workers: int) -> str:
    if not rate or not alone:
        return "failed"
    return f"{number(rate / alone)} ({100 * rate / alone / workers:.0f} %)"


def rate_table(samples: Samples, curve: Curve) -> str:
    rows = []
    for name in samples.names(curve):
        rates = [samples.rate(curve, name, workers) for workers in samples.args.workers]
        rows.append((name, *(number(rate) if rate else "failed" for rate in rates)))
    return table("contestant", "1 worker: behaviors/s", *headings(samples), rows=rows)


def headings(samples: Samples) -> list[str]:
    return [f"{workers} workers" for workers in samples.args.workers[1:]]


def share_table(samples: Samples) -> str:
    """What part of the loops that plain processes run the bodies run, in percent."""
    limit = next((curve for curve in samples.curves if LIMIT in curve.contestants), None)
    if not limit:
        return ""
    rows = []
    for curve in filter(lambda curve: curve.us, samples.curves):
        for name in samples.names(curve):
            if name != LIMIT:
                cells = [share(samples, limit, curve, name, workers) for workers in samples.args.workers]
                rows.append((f"`{curve.name}`", name, *cells))
    return table("curve", "contestant", "1 worker", *headings(samples), rows=rows)


def share(samples: Samples, limit: Curve, curve: Curve, name: str, workers: int) -> str:
    rate, most = samples.rate(curve, name, workers), samples.rate(limit, LIMIT, workers)
    return f"{100 * rate * curve.us / (most * limit.us):.0f} %" if rate and most else NONE


def setting(samples: Samples, names: dict[str, str], others: float | None) -> str:
    args = samples.args
    free_threaded = " free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    who = ", ".join(f"{role}: {name}" for role, name in names.items())
    spreads = samples.spreads()
    command = shlex.join(["python", "benchmarks/scaling.py", *sys.argv[1:]])
    for path in filter(None, (args.peer_python, args.json)):
        command = command.replace(path, "PATH")
    variables = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("BOCPY_")]
    lines = [
        f"## {datetime.date.today()}: scaling, Python {platform.python_version()}{free_threaded}, {cpu_count()} CPUs",
        "",
        f"`{' '.join([*variables, command])}`",
        "",
        f"{platform.system()} {platform.machine()}, {processor()}; {who}; rounds: {args.rounds}.",
        "Figures are medians. In parentheses: the speed-up divided by the number of workers.",
    ]
    if spreads:
        lines.append(
            f"The samples of a point are at most {100 * max(spreads):.0f} % from their median;"
            f" those of half of the points at most {100 * median(spreads):.0f} %."
        )
    if others is not None:
        lines.append(f"Meanwhile other programs kept {others:.2f} CPUs busy.")
    return "\n".join(lines)


def render(samples: Samples, names: dict[str, str], others: float | None) -> str:
    parts = [setting(samples, names, others)]
    for curve in samples.curves:
        what = speed_up_table if curve.us else rate_table
        parts += [f"### `{curve.name}`: {curve.title}", what(samples, curve)]
    if shares := share_table(samples):
        parts += ["### In percent of the loops that plain processes run in the same time", shares]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    args = parse()
    try:
        peer = None if args.no_peer else args.peer_python or peer_python()
        names = {role: identify(python) for role, python in {"ours": sys.executable, "peer": peer}.items() if python}
    except subprocess.CalledProcessError as failure:
        sys.exit(f"the peer cannot be installed; --no-peer does without it\n{failure}")
    except MeasurementFailed as failure:
        sys.exit(f"bocpy cannot be imported; run this with the Python of a venv that has it\n{failure}")

    samples, others = Samples(args, peer), Others()
    for turn in range(args.rounds):
        samples.take_round(turn)
        if args.json:
            about = {"python": sys.version, "processor": processor(), "cpus": cpu_count(), **names}
            Path(args.json).write_text(json.dumps({"about": about, "points": samples.as_json()}, indent=1) + "\n")
    print(render(samples, names, others.cpus()), end="")
    if samples.failed:
        sys.exit("some measurements failed; see above")


if __name__ == "__main__":
    main()
