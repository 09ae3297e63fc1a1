"""Attacks bocpy in rounds until the time is over: random programs, signals, forks, little memory, wrong arguments.

Each round is a program of its own, so that a crash or a hang is a failure like others. The seed and the number of a
round say all about it. The first failure ends the soak, with the command that runs that round again.
"""

import argparse
import collections
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

from support.backend import BACKEND

ATTACKS = ["model", "values", "signals", "forks", "restarts", "memory", "calls", "messages"]
# What a line on stderr must contain; from attacks that are not named here, none is expected.
TOLD = {"calls": "", "restarts": "", "memory": "was lost when its worker ended"}
NEVER = ["internal error in bocpy", "panicked at", "Fatal Python error", "Segmentation fault"]

LIMIT = 120  # seconds for a round
HERE = pathlib.Path(__file__).parent


def command_for(name, seed, number):
    """How to start the round, with what it finds in its environment."""
    rolls = random.Random(f"{seed} {number} {name} command")
    python = [sys.executable, "-X", "faulthandler"]
    if rolls.random() < 0.5:
        # All of the attack is in __main__, and goes to workers by value.
        command = [*python, str(HERE / "support" / f"soak_{name}.py")]
    else:
        # Workers import it.
        command = [*python, "-c", f"from support import soak_{name}, soak_round; soak_round.run(soak_{name}.attack)"]
    # Strict makes values portable when a behavior ends: without memory it then fails, with its changes made.
    strict = "1" if rolls.random() < 0.25 and name != "memory" else "0"
    path = os.pathsep.join([str(HERE), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]).rstrip(os.pathsep)
    env = {**os.environ, "PYTHONPATH": path, "BOCPY_STRICT": strict, "PYTHONWARNINGS": "ignore::DeprecationWarning"}
    if rolls.random() < 0.2 and name != "memory":
        env["PYTHONMALLOC"] = "debug"
    return [*command, f"{seed} {number} {name}"], env


def run_round(name, seed, number, limit=LIMIT):
    """Runs a round. Gives what has gone wrong, in words, or ""."""
    command, env = command_for(name, seed, number)
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        encoding="utf-8",
        errors="backslashreplace",
        start_new_session=True,
    )
    wrong = ""
    try:
        stdout, stderr = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        wrong = f"still running after {limit} s"
        stdout, stderr = end_all_of(process)
    except BaseException:
        end_all_of(process)
        raise
    wrong = wrong or verdict(name, process.returncode, stdout, stderr)
    set_to = " ".join(f"{key}={env[key]}" for key in ("BOCPY_STRICT", "PYTHONMALLOC") if key in env)
    return wrong and f"{name}: {wrong} ({set_to})\n-- stdout\n{stdout}\n-- stderr\n{stderr}"


def verdict(name, status, stdout, stderr):
    if status:
        return f"status {status}"
    said = [text for text in NEVER if text in stderr or text in stdout]
    if said:
        return f"it said {said[0]!r}"
    if stdout.strip() not in ("passed", "skipped"):
        return "it did not come to its end"
    if not all(name in TOLD and TOLD[name] in line for line in stderr.splitlines()):
        return "it wrote to stderr"
    return ""


def end_all_of(process):
    """Ends a round that hangs, with all processes that it has started. Those that can print their stacks."""
    for number in (signal.SIGABRT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            pass
        try:
            return process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            pass
    return "", "a process of this round cannot be ended"


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", default=str(random.randrange(10**6)), help="a number or a word; by default any")
    parser.add_argument("--seconds", type=float, default=120, help="for how long (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first round (%(default)s)")
    parser.add_argument("--count", type=int, help="how many rounds, however long it takes")
    parser.add_argument("--only", choices=ATTACKS, help="one attack; by default each in turn")
    return parser.parse_args()


def main():
    options = parsed()
    if os.name != "posix":
        sys.exit("soak.py needs the signals and processes of POSIX")
    # So that it ends its round before itself.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    print(f"seed {options.seed}, Python {sys.version.split()[0]}, BOCPY_BACKEND={BACKEND}", flush=True)
    passed, began = collections.Counter(), time.monotonic()
    number = options.first
    while number < options.first + options.count if options.count else time.monotonic() < began + options.seconds:
        name = options.only or ATTACKS[number % len(ATTACKS)]
        wrong = run_round(name, options.seed, number)
        if wrong:
            again = f"--seed {options.seed} --first {number} --count 1 --only {name}"
            print(f"round {number}, {wrong}", flush=True)
            sys.exit(f"again: BOCPY_BACKEND={BACKEND} {sys.executable} {__file__} {again}")
        passed[name] += 1
        number += 1
    told = ", ".join(f"{name} {passed[name]}" for name in ATTACKS if passed[name])
    print(f"{number - options.first} rounds passed in {time.monotonic() - began:.0f} s: {told}", flush=True)


if __name__ == "__main__":
    main()
