"""Measure how this Python's bocpy, and others, get faster with more workers; see README.md."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from contestants import Contestant, MeasurementFailed, all_contestants, identify, peer_python, two_builds
from curves import CURVES, STEPS_PER_US, Curve
from machine import Others, cpu_count, processor
from report import number
from run import positive
from scaling_report import REFERENCE, Samples, render


def numbers(text: str) -> list[int]:
    found = sorted({int(part) if part.strip().isdecimal() else 0 for part in text.split(",")})
    if found[0] < 1:
        raise argparse.ArgumentTypeError(f"must be whole numbers from 1 on with commas between, not {text!r}")
    return found


def seconds(text: str) -> float:
    if (value := float(text)) <= 0:
        raise argparse.ArgumentTypeError("must be greater than 0")
    return value


def default_workers() -> list[int]:
    """1, 2, 4 and so on, and one less than there are CPUs: the main thread needs one, too."""
    most = cpu_count() - 1 if cpu_count() > 2 else cpu_count()
    return sorted({1, most, *(2**power for power in range(16) if 2**power < most)})


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [curve.name for curve in CURVES]
    parser.add_argument("--workers", type=numbers, default=default_workers(), metavar="N,N,...")
    parser.add_argument("--only", action="append", choices=names, help="just this curve (may be repeated)")
    parser.add_argument("--rounds", type=positive, default=5)
    parser.add_argument("--seconds", type=seconds, default=0.3, help="about what a sample takes (default: 0.3)")
    parser.add_argument("--peer-python", metavar="PATH", help="a Python that has the peer; default: make a venv")
    parser.add_argument("--no-peer", action="store_true", help="do not measure the peer")
    parser.add_argument("--no-pools", action="store_true", help="do not measure the executors of the standard library")
    parser.add_argument(
        "--before", metavar="PATH", help="compare only with another build of ours, which this Python has"
    )
    parser.add_argument("--json", metavar="PATH", help="write all samples to this file, after each round")
    return parser.parse_args()


def contestants(args: argparse.Namespace, peer: str | None) -> list[Contestant]:
    everybody = all_contestants(peer)
    if args.before:
        return [*two_builds(args.before), *(c for c in everybody if c.name == REFERENCE)]
    return [c for c in everybody if not (args.no_pools and "Pool" in c.name)]


def take_round(turn: int, curves: list[Curve], who: list[Contestant], args: argparse.Namespace, into: Samples) -> None:
    """One sample of each point. What is compared runs one right after the other, in the opposite order to the round
    before; and before all that has a number of workers, plain processes show what the machine allows now."""
    step = 1 if turn % 2 == 0 else -1
    for workers in args.workers[::step]:
        for contestant in who:
            if contestant.name == REFERENCE:
                arguments = (workers, int(1000 * args.seconds), 1000 * STEPS_PER_US)
                take(into, turn, REFERENCE, contestant, "bodies", arguments)
        for curve in curves[::step]:
            for contestant in who[::step]:
                if contestant.name in curve.contestants:
                    size = curve.size(contestant.name, workers, args.seconds)
                    arguments = (workers, size, *curve.arguments(workers))
                    take(into, turn, curve.name, contestant, curve.program, arguments)


def take(into: Samples, turn: int, curve: str, contestant: Contestant, program: str, arguments: tuple) -> None:
    point = (curve, contestant.name, arguments[0])
    if point in into.failed:
        return
    try:
        sample = contestant.run(program, *arguments)
    except MeasurementFailed as failure:
        into.failed.add(point)
        print(f"{point}: {failure}", file=sys.stderr, flush=True)
        return
    into.add(point, turn, sample)
    print(f"round {turn + 1}:", *point, number(sample["figure"]), file=sys.stderr, flush=True)


def main() -> None:
    args = parse()
    try:
        peer = None if args.no_peer or args.before else args.peer_python or peer_python()
        pythons = {"ours": sys.executable, "peer": peer, "before": args.before}
        names = {role: identify(python) for role, python in pythons.items() if python}
    except subprocess.CalledProcessError as failure:
        sys.exit(f"the peer cannot be installed; --no-peer does without it\n{failure}")
    except MeasurementFailed as failure:
        sys.exit(f"bocpy cannot be imported; run this with the Python of a venv that has it\n{failure}")

    curves = [curve for curve in CURVES if not args.only or curve.name in args.only]
    samples, others = Samples(), Others()
    for turn in range(args.rounds):
        take_round(turn, curves, contestants(args, peer), args, samples)
        if args.json:
            about = {"python": sys.version, "processor": processor(), "cpus": cpu_count(), **names}
            Path(args.json).write_text(json.dumps({"about": about, "points": samples.as_json()}, indent=1) + "\n")
    print(render(samples, curves, args, names, others.cpus()), end="")
    if samples.failed:
        sys.exit("some measurements failed; see above")


if __name__ == "__main__":
    main()
