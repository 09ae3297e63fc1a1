"""Counting the words in a folder of text, first with one worker and then with all: how much faster is that?

The files are divided into batches of about the same size. Counting a batch is a behavior over a tally, which is a cown:
it reads its files and adds their words to the tally, on any free worker. There are a few tallies for each worker, so no
worker has to wait for a tally that another one is using. At the end the tallies are added in pairs until one is left.
Only counts move between workers, never text, and the main thread just waits.

Without a folder the program counts the Python files of its own standard library.
"""

from __future__ import annotations

import heapq
import os
import re
import sys
import sysconfig
import time
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from bocpy import Cown, quiesce, start, wait, when
from bocpy.examples._common import at_least, command_line, counted, say, verdict

# Letters, with apostrophes between them: "don't" is one word, "snake_case" two.
WORD = r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*"
TALLIES_PER_WORKER = 2
BATCHES_PER_TALLY = 4
BAR = 40


class File(NamedTuple):
    """A file to count in."""

    size: int
    path: str


class Run(NamedTuple):
    """The result of counting with that number of workers: the time of each round, and the counts of the last one."""

    workers: int
    seconds: list[float]
    files: int
    words: Counter[str]

    @property
    def best(self) -> float:
        """The fastest round, which other programs disturbed least."""
        return min(self.seconds)


def default_folder() -> Path:
    """Where the standard library of this Python is."""
    return Path(sysconfig.get_paths()["stdlib"])


def find_files(folder: Path, pattern: str) -> list[File]:
    """The readable files in a folder, at any depth, whose names match; installed packages are left out."""
    return [
        File(path.stat().st_size, str(path))
        for path in sorted(folder.rglob(pattern))
        if path.is_file()
        and os.access(path, os.R_OK)
        and not {"site-packages", "dist-packages"} & set(path.relative_to(folder).parts)
    ]


def deal(files: list[File], number: int) -> list[list[str]]:
    """Divide files into batches of about the same size: large ones first, each into the smallest batch so far."""
    piles: list[tuple[int, int, list[str]]] = [(0, index, []) for index in range(number)]
    for size, path in sorted(files, reverse=True):
        total, index, pile = piles[0]
        pile.append(path)
        heapq.heapreplace(piles, (total + size, index, pile))
    return [pile for _, _, pile in piles if pile]


def count(batch: list[str], tally: Cown[Counter[str]]) -> Cown[int]:
    """Schedule the count of one batch of files into a tally; the returned cown will hold the number of files."""

    @when(tally)
    def files(tally: Cown[Counter[str]]) -> int:
        words = tally.value
        for path in batch:
            text = Path(path).read_text(encoding="utf-8", errors="replace")
            words.update(re.findall(WORD, text.lower()))
        return len(batch)

    return files


def add(left: Cown[Counter[str]], right: Cown[Counter[str]]) -> None:
    """Schedule the addition of the right tally to the left one."""

    @when(left, right)
    def _(left: Cown[Counter[str]], right: Cown[Counter[str]]) -> None:
        left.value.update(right.value)
        right.value = None


def count_all(batches: list[list[str]], number: int) -> tuple[list[Cown[int]], Cown[Counter[str]]]:
    """Schedule everything: the batches go to the tallies in turn, then tallies are added in pairs until one is left."""
    tallies: list[Cown[Counter[str]]] = [Cown(Counter()) for _ in range(number)]
    files = [count(batch, tallies[index % number]) for index, batch in enumerate(batches)]
    while len(tallies) > 1:
        for left, right in zip(tallies[::2], tallies[1::2]):
            add(left, right)
        tallies = tallies[::2]
    return files, tallies[0]


def measure(workers: int, rounds: int, batches: list[list[str]], tallies: int) -> Run:
    """Count everything several times with that number of workers, and print the time of each round."""
    print(f"  with {counted(workers, 'worker') + ' ...':<14}", end="", flush=True)
    start(workers)
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        files, words = count_all(batches, tallies)
        quiesce()
        seconds.append(time.perf_counter() - began)
        print(f"  {seconds[-1]:.2f} s", end="", flush=True)
    print()
    # A failed count, for example of a deleted file, raises its error here.
    run = Run(workers, seconds, sum(number.unwrap() for number in files), words.unwrap())
    wait()
    return run


def can_print(text: str) -> bool:
    """Whether standard output has all the characters of a text."""
    encoding = sys.stdout.encoding or "ascii"
    return text == text.encode(encoding, "replace").decode(encoding)


def bar(share: float) -> str:
    """A bar for a share of the whole, from 0 to 1."""
    block = "\u2588" if can_print("\u2588") else "#"
    return (block * max(1, round(share * BAR))).ljust(BAR)


def show_words(words: Counter[str], top: int) -> None:
    """Print the most frequent words."""
    common = words.most_common(top)
    print(f"{sum(words.values()):,} words, {len(words):,} different ones; most often:")
    width = max((len(word) for word, _ in common), default=0)
    for rank, (word, number) in enumerate(common, start=1):
        shown = word if can_print(word) else ascii(word)[1:-1]
        print(f"  {rank:>3}. {shown:<{width}} {number:>11,}  {bar(number / common[0][1])}".rstrip())


def show_times(runs: list[Run], megabytes: float) -> None:
    """Print the best time for each number of workers."""
    slowest = max(run.best for run in runs)
    print("The best of each:")
    for run in runs:
        name = counted(run.workers, "worker")
        print(f"  {name:<11}{run.best:7.2f} s  {bar(run.best / slowest)}  {megabytes / run.best:6.1f} MB a second")


def explain(one: Run, many: Run) -> None:
    """Print how much faster it was, and why not more."""
    cores = available_cores()
    ideal = min(many.workers, cores)
    gain = one.best / many.best
    print(f"{counted(many.workers, 'worker')} did the same work {gain:.2f} times as fast as 1 worker.")
    if cores == 1:
        print("This process may use only one processor core, so more workers cannot be faster.")
    elif sys.version_info < (3, 12):
        print("This Python runs one thread at a time; from Python 3.12 on the workers run at the same time.")
    else:
        print(f"There are {cores} processor cores; {ideal} times as fast would be perfect.")
        if gain < 0.7 * ideal:
            print("It was far from that: the text may be too short, or other programs were using the cores.")


def available_cores() -> int:
    """How many processor cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # only some systems can tell
        return os.cpu_count() or 1


def command() -> ArgumentParser:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument(
        "folder", type=Path, nargs="?", help="where to look for text (default: the standard library's source files)"
    )
    parser.add_argument(
        "--glob", metavar="PATTERN", help="which files to count (default: *.txt; for the standard library *.py)"
    )
    parser.add_argument(
        "--top", type=at_least(0), default=10, metavar="N", help="how many words to show (default: %(default)s)"
    )
    parser.add_argument(
        "--rounds",
        type=at_least(1),
        default=5,
        metavar="N",
        help="count N times and take the best time, as the first may wait for the disk (default: %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=at_least(2),
        # One for each core: the main thread only waits.
        default=max(2, available_cores()),
        metavar="N",
        help="how many workers to compare with one (default: %(default)s)",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Count twice and compare."""
    parser = command()
    options = parser.parse_args(argv)
    folder = options.folder or default_folder()
    pattern = options.glob or ("*.txt" if options.folder else "*.py")
    files = find_files(folder, pattern)
    if not files:
        parser.error(f"there are no files {pattern} in {folder}")

    megabytes = sum(file.size for file in files) / 1e6
    name = folder if options.folder else f"the standard library of Python {sys.version_info[0]}.{sys.version_info[1]}"
    say(f"Counting the words of {name}: {counted(len(files), 'file')}, {megabytes:,.1f} MB")

    tallies = TALLIES_PER_WORKER * options.workers
    batches = deal(files, BATCHES_PER_TALLY * tallies)
    one = measure(1, options.rounds, batches, tallies)
    many = measure(options.workers, options.rounds, batches, tallies)
    same = one.words == many.words and one.files == many.files == len(files)

    print()
    show_words(many.words, options.top)
    print()
    show_times([one, many], megabytes)
    print()
    explain(one, many)
    print("Both counted exactly the same." if same else "WRONG: they did not count the same.")
    return verdict(same)


if __name__ == "__main__":
    raise SystemExit(main())
