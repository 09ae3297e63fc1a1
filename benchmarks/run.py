"""Measure this Python's bocpy against the peer and the standard library; see README.md."""

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

from contestants import Contestant, MeasurementFailed, all_contestants, identify, peer_python, two_builds
from machine import Others
from report import Samples, describe, number, render, render_two_builds
from workloads import WORKLOADS, Workload

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"


def positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [workload.name for workload in WORKLOADS]
    parser.add_argument("--only", action="append", choices=names, help="just this workload (may be repeated)")
    parser.add_argument("--rounds", type=positive, help="default: 5, with --quick 2")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work: to try things out, not to quote")
    parser.add_argument("--workers", type=positive, default=2)
    parser.add_argument("--peer-python", metavar="PATH", help="a Python that has the peer; default: make a venv")
    parser.add_argument("--no-peer", action="store_true", help="do not measure the peer")
    parser.add_argument(
        "--before", metavar="PATH", help="compare only with another build of ours, which this Python has"
    )
    parser.add_argument("--write", action="store_true", help="append the report to RESULTS.md")
    args = parser.parse_args()
    args.rounds = args.rounds or (2 if args.quick else 5)
    return args


def measure(workloads: list[Workload], contestants: list[Contestant], args: argparse.Namespace) -> dict:
    """Take all samples, the contestants of a workload always one right after the other."""
    by_workload = {w: [c for c in contestants if c.name in (*w.contestants, "before")] for w in workloads}
    results: dict[Workload, Samples] = {w: {c.name: [] for c in group} for w, group in by_workload.items()}
    for turn in range(args.rounds):
        for workload, group in by_workload.items():
            for repeat in range(workload.samples_per_round):
                step = 1 if (turn + repeat) % 2 == 0 else -1  # both ways, so that no place in the line is better
                for contestant in group[::step]:
                    taken = sample(workload, contestant, args)
                    results[workload][contestant.name].append(taken)
                    print(f"round {turn + 1}: {progress(workload, contestant, taken)}", file=sys.stderr, flush=True)
    return results


def sample(workload: Workload, contestant: Contestant, args: argparse.Namespace) -> dict | None:
    try:
        return contestant.measure(workload, args.workers, workload.size_for(contestant.name, args.quick))
    except MeasurementFailed as failure:
        print(failure, file=sys.stderr)
        return None


def progress(workload: Workload, contestant: Contestant, taken: dict | None) -> str:
    outcome = f"{number(taken['figure'])} {workload.unit}" if taken else "failed"
    return f"{workload.name}, {contestant.name}: {outcome}"


def command_line(args: argparse.Namespace) -> str:
    """The command without this machine's paths."""
    command = shlex.join(["python", "benchmarks/run.py", *sys.argv[1:]])
    for path in filter(None, (args.peer_python, args.before)):
        command = command.replace(path, "PATH")
    return command


def main() -> None:
    args = parse()
    workloads = [w for w in WORKLOADS if not args.only or w.name in args.only]
    try:
        peer = None if args.no_peer or args.before else args.peer_python or peer_python()
        pythons = {"ours": sys.executable, "peer": peer, "before": args.before}
        names = {role: identify(python) for role, python in pythons.items() if python}
    except subprocess.CalledProcessError as failure:
        sys.exit(f"the peer cannot be installed; --no-peer does without it\n{failure}")
    except MeasurementFailed as failure:
        sys.exit(f"bocpy cannot be imported; run this with the Python of a venv that has it\n{failure}")

    others = Others()
    results = measure(workloads, two_builds(args.before) if args.before else all_contestants(peer), args)
    setting = describe(args, names, command_line(args), others.cpus())
    report = render_two_builds(results, setting) if args.before else render(results, setting, args.workers)
    print(report, end="")
    if args.write:
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(report if file.tell() == 0 else "\n" + report)
    if any(None in taken for samples in results.values() for taken in samples.values()):
        sys.exit("some measurements failed; see above")


if __name__ == "__main__":
    main()
