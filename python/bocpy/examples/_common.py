"""Shared by the examples: command lines and output."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from bocpy import WORKER_COUNT


class Failed(Exception):
    """What the user has to be told of."""


def command_line(text: str | None) -> argparse.ArgumentParser:
    """A parser whose ``--help`` shows ``text``, an example's docstring, as it was written."""
    return argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Give ``parser`` the option that says how many workers run the behaviors."""
    parser.add_argument(
        "--workers",
        type=at_least(1),
        default=WORKER_COUNT,
        metavar="N",
        help="workers that run the behaviors (default: %(default)s, bocpy's choice for this computer)",
    )


def at_least(least: int) -> Callable[[str], int]:
    """A type for ``add_argument``: whole numbers from ``least`` up."""

    def whole_number(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"{number} is too small: it must be at least {least}")
        return number

    # argparse shows this name when the text is no number at all.
    whole_number.__name__ = "whole number"
    return whole_number


def above_zero(text: str) -> float:
    """A type for ``add_argument``: numbers greater than zero."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above zero")
    return number


def say(line: str) -> None:
    """Print a line in one piece, so that lines of several workers do not mix."""
    print(line + "\n", end="", flush=True)


def counted(number: int, thing: str) -> str:
    """``1 worker``, ``2 workers``."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def verdict(holds: bool) -> int:
    """The exit status: whether an example's check succeeded."""
    return 0 if holds else 1
