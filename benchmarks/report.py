"""From samples to Markdown tables."""

import datetime
import os
import platform
import sysconfig
from argparse import Namespace
from statistics import median

from machine import cpu_count
from workloads import REFERENCE_WORKERS, Workload

Samples = dict[str, list[dict | None]]  # of each contestant; None where a measurement failed
NONE = "–"


def render(results: dict[Workload, Samples], setting: str, workers: int) -> str:
    """The whole report: the setting, ours against the peer, ours against the rest, and the details."""
    tables = [
        table("workload", "unit", "ours", "peer", "ours / peer", "target", "met", rows=main_rows(results, workers)),
        table("workload", "unit", "contestant", "its figure", "ours / its", rows=other_rows(results)),
        table("workload", "contestant", "details (medians)", rows=detail_rows(results)),
    ]
    return "\n\n".join([setting, *filter(None, tables)]) + "\n"


def render_two_builds(results: dict[Workload, Samples], setting: str) -> str:
    """The setting, and this build of ours against the one before."""
    rows = [
        (*heading(workload), outcome(ours), outcome(before), spread(ratios(ours, before)))
        for workload, samples in results.items()
        for ours, before in [(samples["ours"], samples["before"])]
    ]
    return f"{setting}\n\n{table('workload', 'unit', 'ours', 'before', 'ours / before', rows=rows)}\n"


def describe(args: Namespace, names: dict[str, str], command: str, others: float | None) -> str:
    """Heading and opening lines: date, machine, versions, settings, and the load from other programs."""
    free_threaded = " free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    variables = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("BOCPY_")]
    who = ", ".join(f"{role}: {name}" for role, name in names.items())
    lines = [
        f"## {datetime.date.today()}: Python {platform.python_version()}{free_threaded}, {cpu_count()} CPUs",
        "",
        f"`{' '.join([*variables, command])}`",
        "",
        f"{platform.system()} {platform.machine()}; {who}; workers: {args.workers}; rounds: {args.rounds}.",
        "Figures are medians (lowest to highest), ratios the medians of the ratios of neighbouring runs.",
    ]
    if others is not None:
        lines.append(f"Meanwhile other programs kept {others:.2f} CPUs busy.")
    return "\n".join(lines)


def main_rows(results: dict[Workload, Samples], workers: int) -> list[tuple[str, ...]]:
    rows = []
    for workload, samples in results.items():
        ours, peer = samples["ours"], samples.get("peer", [])
        text, met = NONE, NONE
        if target := workload.target:
            text = target.text(workload.unit)
            judged = ratios(ours, peer) if target.of_peer else figures(ours)
            if judged and workers == REFERENCE_WORKERS:
                met = "yes" if target.met(median(judged)) else "no"
        rows.append((*heading(workload), outcome(ours), outcome(peer), spread(ratios(ours, peer)), text, met))
    return rows


def other_rows(results: dict[Workload, Samples]) -> list[tuple[str, ...]]:
    return [
        (*heading(workload), contestant, outcome(theirs), spread(ratios(samples["ours"], theirs)))
        for workload, samples in results.items()
        for contestant, theirs in samples.items()
        if contestant not in ("ours", "peer")
    ]


def detail_rows(results: dict[Workload, Samples]) -> list[tuple[str, ...]]:
    rows = []
    for workload, samples in results.items():
        for contestant, theirs in samples.items():
            details = [sample["details"] for sample in theirs if sample and "details" in sample]
            if details:
                text = ", ".join(f"{number(median(d[what] for d in details))} {what}" for what in details[0])
                rows.append((f"`{workload.name}`", contestant, text))
    return rows


def heading(workload: Workload) -> tuple[str, str]:
    return f"`{workload.name}`", workload.unit


def figures(samples: "list[dict | None]") -> list[float]:
    return [sample["figure"] for sample in samples if sample]


def ratios(ours: "list[dict | None]", theirs: "list[dict | None]") -> list[float]:
    return [a["figure"] / b["figure"] for a, b in zip(ours, theirs) if a and b]


def outcome(samples: list[dict | None]) -> str:
    return "failed" if samples and not any(samples) else spread(figures(samples))


def spread(values: list[float]) -> str:
    if not values:
        return NONE
    return f"{number(median(values))} ({number(min(values))} to {number(max(values))})"


def number(value: float) -> str:
    """Three digits or more, but no fraction for a whole number above ten."""
    if value > 10 and float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def table(*columns: str, rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
