"""From the samples of scaling.py to Markdown tables."""

import datetime
import os
import platform
import shlex
import sys
import sysconfig
from argparse import Namespace
from collections.abc import Iterable
from statistics import median

from curves import Curve, allowed
from machine import cpu_count, processor
from report import NONE, number, table

Point = tuple[str, str, int]  # the names of curve and contestant, and how many workers
REFERENCE = "processes"  # both as curve and as contestant: plain processes that run bodies of about 1 ms
REFERENCE_US = 1000
BUSY = "CPUs busy"


class Samples:
    """The samples of all points, with the rounds that they were taken in."""

    def __init__(self) -> None:
        self.taken: dict[Point, dict[int, dict]] = {}
        self.failed: set[Point] = set()

    def add(self, point: Point, turn: int, sample: dict) -> None:
        self.taken.setdefault(point, {})[turn] = sample

    def contestants(self, curve: Curve) -> list[str]:
        """Who was to run that curve."""
        tried = {name for of, name, _ in (*self.taken, *self.failed) if of == curve.name}
        return [name for name in curve.contestants if name in tried]

    def rate(self, curve: str, name: str, workers: int) -> float | None:
        """The median, in behaviors per second."""
        return middle(sample["figure"] for sample in self.taken.get((curve, name, workers), {}).values())

    def busy(self, curve: str, name: str, workers: int) -> float | None:
        """How many CPUs the whole program used, on average; the median."""
        taken = self.taken.get((curve, name, workers), {}).values()
        return middle(sample["details"][BUSY] for sample in taken if BUSY in sample.get("details", {}))

    def ratio(self, point: Point, to: Point, factor: float = 1.0) -> float | None:
        """The median of the ratios of the two points' figures in the same round."""
        ours, theirs = self.taken.get(point, {}), self.taken.get(to, {})
        return middle(factor * ours[turn]["figure"] / theirs[turn]["figure"] for turn in ours.keys() & theirs.keys())

    def spreads(self) -> list[float]:
        """For each point, the largest figure divided by the smallest."""
        figures = [[sample["figure"] for sample in taken.values()] for taken in self.taken.values()]
        return [max(of_point) / min(of_point) for of_point in figures]

    def as_json(self) -> list[dict]:
        return [
            {"curve": curve, "contestant": name, "workers": workers, "samples": list(taken.values())}
            for (curve, name, workers), taken in self.taken.items()
        ]


def middle(values: Iterable[float]) -> float | None:
    return median(found) if (found := list(values)) else None


def render(samples: Samples, curves: list[Curve], args: Namespace, names: dict[str, str], others: float | None) -> str:
    """The setting; a table of speed-ups, or of rates where bodies do nothing; and what part of the machine is used."""
    working, empty = [curve for curve in curves if curve.us], [curve for curve in curves if not curve.us]
    columns = [f"{workers} workers" if workers > 1 else "1 worker" for workers in args.workers]
    head = ("curve", "contestant", *columns)
    parts = [setting(samples, args, names, others)]
    if working:
        parts += [
            "Behaviors or calls per second, and in parentheses how many times as many as with one worker:",
            table(*head, rows=[*reference_rows(samples, args), *rate_rows(samples, working, args, speed_up=True)]),
        ]
    if shares := share_rows(samples, working, args):
        parts += [
            "Work done, in percent of what plain processes do in the same round (median of the rounds):",
            table(*head, rows=shares),
        ]
    if rivals := rival_rows(samples, curves, args):
        parts += ["Ours divided by the others in the same round (median of the rounds):", table(*head, rows=rivals)]
    if empty:
        parts += [
            "Bodies that do next to nothing: behaviors per second.",
            table(*head, rows=rate_rows(samples, empty, args, speed_up=False)),
        ]
    if busy := busy_rows(samples, curves, args):
        parts += ["CPUs that the program kept busy, its main thread included:", table(*head, rows=busy)]
    parts.append("\n".join(f"- `{curve.name}`: {curve.title}" for curve in curves))
    return "\n\n".join(parts) + "\n"


def setting(samples: Samples, args: Namespace, names: dict[str, str], others: float | None) -> str:
    free_threaded = " free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    who = ", ".join(f"{role}: {name}" for role, name in names.items())
    command = shlex.join(["python", "benchmarks/scaling.py", *sys.argv[1:]])
    for path in filter(None, (args.peer_python, args.json, args.before)):
        command = command.replace(path, "PATH")
    variables = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("BOCPY_")]
    lines = [
        f"## {datetime.date.today()}: scaling, Python {platform.python_version()}{free_threaded}, {cpu_count()} CPUs",
        "",
        f"`{' '.join([*variables, command])}`",
        "",
        f"{platform.system()} {platform.machine()}, {processor()}; {who}; rounds: {args.rounds}. Figures are medians.",
    ]
    if args.rounds > 1 and (spreads := samples.spreads()):
        lines.append(
            f"Largest divided by smallest figure of the same point: {number(median(spreads))} for half of the points,"
            f" at most {number(max(spreads))}."
        )
    if others is not None:
        lines.append(f"Meanwhile other programs kept {others:.2f} CPUs busy.")
    return "\n".join(lines)


def cell(rate: float | None, alone: float | None) -> str:
    if rate is None:
        return "failed"
    return number(rate) if alone is None else f"{number(rate)} ({rate / alone:.1f})"


def reference_rows(samples: Samples, args: Namespace) -> list[tuple[str, ...]]:
    rates = [samples.rate(REFERENCE, REFERENCE, workers) for workers in args.workers]
    if not any(rates):
        return []
    alone = samples.rate(REFERENCE, REFERENCE, 1)
    return [(f"loops of {REFERENCE_US:,} us", REFERENCE, *(cell(rate, alone) for rate in rates))]


def rate_rows(samples: Samples, curves: list[Curve], args: Namespace, speed_up: bool) -> list[tuple[str, ...]]:
    rows = []
    for curve in curves:
        for name in samples.contestants(curve):
            alone = samples.rate(curve.name, name, 1) if speed_up else None
            cells = [cell(samples.rate(curve.name, name, workers), alone) for workers in args.workers]
            rows.append((f"`{curve.name}`", name, *cells))
        if curve.cowns:
            most = [f"({allowed(workers, curve.cowns):.1f})" for workers in args.workers]
            rows.append((f"`{curve.name}`", "what the order allows", *most))
    return rows


def share_rows(samples: Samples, curves: list[Curve], args: Namespace) -> list[tuple[str, ...]]:
    rows = []
    for curve in curves:
        for name in samples.contestants(curve):
            factor = curve.us / REFERENCE_US
            shares = [
                samples.ratio((curve.name, name, workers), (REFERENCE, REFERENCE, workers), factor)
                for workers in args.workers
            ]
            if any(shares):
                rows.append((f"`{curve.name}`", name, *(f"{100 * share:.0f} %" if share else NONE for share in shares)))
    return rows


def rival_rows(samples: Samples, curves: list[Curve], args: Namespace) -> list[tuple[str, ...]]:
    rows = []
    for curve in curves:
        for name in samples.contestants(curve):
            if name != "ours":
                points = [((curve.name, "ours", workers), (curve.name, name, workers)) for workers in args.workers]
                ratios = [samples.ratio(*two) for two in points]
                rows.append((f"`{curve.name}`", name, *(number(ratio) if ratio else NONE for ratio in ratios)))
    return rows


def busy_rows(samples: Samples, curves: list[Curve], args: Namespace) -> list[tuple[str, ...]]:
    rows = []
    for curve in curves:
        for name in samples.contestants(curve):
            busy = [samples.busy(curve.name, name, workers) for workers in args.workers]
            if any(busy):
                rows.append((f"`{curve.name}`", name, *(f"{cpus:.1f}" if cpus else NONE for cpus in busy)))
    return rows
