"""Count the words of the standard library's sources, read by the behaviors: one worker against several."""

import json
import os
import string
import sys
import sysconfig
from time import perf_counter

from bocpy import Cown, quiesce, start, wait, when

CHUNK_BYTES = 100_000
LEFT_OUT = {"test", "tests", "site-packages", "__pycache__"}


def count_words(paths):
    counts = {}
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        for word in text.split():
            word = word.strip(string.punctuation).lower()
            counts[word] = counts.get(word, 0) + 1
    return counts


def schedule(chunks):
    for chunk in chunks:

        @when(chunk)
        def _(c):
            c.value = count_words(c.value)


def sources():
    """Paths of the sources, in chunks of about the same number of bytes."""
    chunks, size = [[]], 0
    for folder, folders, files in os.walk(sysconfig.get_path("stdlib")):
        folders[:] = sorted(set(folders) - LEFT_OUT)
        for path in (os.path.join(folder, name) for name in sorted(files) if name.endswith(".py")):
            if os.path.isfile(path):
                if size >= CHUNK_BYTES:
                    chunks.append([])
                    size = 0
                chunks[-1].append(path)
                size += os.path.getsize(path)
    return chunks


def run(workers, chunks):
    """Seconds, and how many words were counted."""
    start(worker_count=workers)
    schedule([Cown(chunk[:1]) for chunk in chunks])  # warms the workers
    quiesce()

    cowns = [Cown(chunk) for chunk in chunks]
    began = perf_counter()
    schedule(cowns)
    quiesce()
    seconds = perf_counter() - began

    words = sum(sum(cown.unwrap().values()) for cown in cowns)
    wait()
    return seconds, words


def main():
    workers, passes = int(sys.argv[1]), int(sys.argv[2])
    chunks = sources() * passes
    alone, words = run(1, chunks)
    together, words_again = run(workers, chunks)
    assert words == words_again
    details = {"s with 1 worker": alone, f"s with {workers}": together, "words": words, "behaviors": len(chunks)}
    print(json.dumps({"figure": alone / together, "details": details}))


if __name__ == "__main__":
    main()
