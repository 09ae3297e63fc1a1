"""How a round of the soak test begins and ends, in the process of that round."""

import random
import sys
import threading


def quiet(args):
    """Reports of behaviors are expected: the models let them fail, and compare what is left."""
    if not (args.thread is not None and args.thread.name.startswith("behavior ")):
        threading.__excepthook__(args)


def run(attack):
    """Runs an attack with the numbers of its round. One that returns a word says itself when it has passed."""
    threading.excepthook = quiet
    rolls = random.Random(sys.argv[1])
    said = attack(rolls)
    if said is None:
        print("passed", flush=True)
    elif said == "skipped":
        print("skipped", flush=True)


def check(found, expected, what):
    """Both must be equal. Written as a function so that it holds under ``python -O``, too."""
    if found != expected:
        raise AssertionError(f"{what}: found {found!r:.500}, expected {expected!r:.500}")
