"""Resident memory that a cown of a small int takes: the list's slots and the ints exist before."""

import gc
import json
import os
import sys

from bocpy import Cown


def resident_bytes():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main():
    n = int(sys.argv[2])
    cowns = [None] * n
    Cown(0)
    before = resident_bytes()
    for i in range(n):
        cowns[i] = Cown(i % 256)
    print(json.dumps({"figure": (resident_bytes() - before) / n}))


if __name__ == "__main__":
    main()
