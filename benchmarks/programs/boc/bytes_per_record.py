"""Resident memory that a record of five doubles takes, with its handle: the list's slots exist before."""

import gc
import json
import os
import sys

from bocpy import record


@record
class Five:
    a: float = 0.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    e: float = 0.0


def resident_bytes():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main():
    n = int(sys.argv[2])
    records = [None] * n
    Five()
    before = resident_bytes()
    for i in range(n):
        records[i] = Five()
    figure = (resident_bytes() - before) / n
    print(json.dumps({"figure": figure, "details": {"sys.getsizeof": sys.getsizeof(records[0])}}))


if __name__ == "__main__":
    main()
