"""A pipeline over files: pathlib, csv, json, re, generators, context managers, itertools, hashlib."""

import sys
from bocpy import Cown, when, quiesce, wait
import contextlib, csv, hashlib, io, itertools, json, os, re, tempfile, gzip
from pathlib import Path
from collections import Counter, ChainMap, OrderedDict
from typing import Iterator, TypedDict
from datetime import date, datetime, timedelta, timezone

WORD = re.compile(r"(?P<word>[a-z]+)(?:-(?P<n>\d+))?", re.I | re.VERBOSE)
STOP = {"the", "a"}


class Row(TypedDict, total=False):
    word: str
    n: int
    day: str


class Stats(Counter):
    """A Counter that knows more."""

    def __init__(self, *args, **kw):
        self.files = 0
        super().__init__(*args, **kw)

    def top(self, n=3):
        return sorted(self.items(), key=lambda kv: (-kv[1], kv[0]))[:n]


@contextlib.contextmanager
def opened(path, mode="rt", log=[]):
    log.append(path.name)
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, mode, encoding="utf-8") as file:
        try:
            yield file
        finally:
            log.append("closed")


def rows(path) -> Iterator[Row]:
    with opened(path) as file:
        for line in file:
            for match in WORD.finditer(line):
                d = match.groupdict()
                if d["word"].lower() not in STOP:
                    yield Row(
                        word=d["word"].lower(),
                        n=int(d["n"] or 1),
                        day=str(date(2024, 1, 1) + timedelta(int(d["n"] or 0))),
                    )


def grouped(iterable, n):
    it = iter(iterable)
    while chunk := list(itertools.islice(it, n)):
        yield chunk


def count(path):
    total = Stats()
    for chunk in grouped(rows(path), 2):
        total.update({r["word"]: 0 for r in chunk})
        for r in chunk:
            total[r["word"]] += r["n"]
    total.files += 1
    return total


with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    for i in range(4):
        text = " ".join(f"The {w}-{i * k + 1}" for k, w in enumerate("alpha beta gamma alpha".split()))
        path = folder / f"{i}.txt{'.gz' * (i % 2)}"
        (gzip.open if i % 2 else open)(path, "wt", encoding="utf-8").write(text) if not i % 2 else gzip.open(
            path, "wt"
        ).close() or path.write_bytes(gzip.compress(text.encode()))
    total = Cown(Stats())
    report = Cown(OrderedDict())
    for path in sorted(folder.iterdir()):

        @when()
        def counted():
            return count(path)

        @when(total, counted, report)
        def _(total, counted, report):
            files = total.value.files + counted.value.files
            total.value += counted.value
            total.value.files = files if hasattr(total.value, "files") else None
            report.value[path.name] = hashlib.sha256(repr(counted.value.top()).encode()).hexdigest()[:8]

    out = folder / "out.csv"

    @when(total, report)
    def written(total, report):
        with open(out, "w", newline="") as file:
            writer = csv.DictWriter(file, ["word", "n"])
            writer.writeheader()
            writer.writerows({"word": w, "n": n} for w, n in total.value.top(10))
        return out.stat().st_size, ChainMap({"x": 1}, dict(report.value))

    @when()
    def missing():
        return count(folder / "nothing.txt")

    quiesce()
    size, maps = written.unwrap()
    print(size, json.dumps(maps.maps[0]), sorted(maps)[-1])
    print(out.read_text())
    with total, report:
        print(type(total.value).__name__, total.value.top(2), report.value)
    try:
        missing.unwrap()
    except OSError as e:
        print(type(e).__name__, e.errno, Path(e.filename).name, e.strerror)
    print(WORD.match("abc-12").groupdict(), datetime(2024, 1, 2, tzinfo=timezone.utc).isoformat())
wait()
