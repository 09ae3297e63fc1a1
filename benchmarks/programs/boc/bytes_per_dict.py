"""Resident memory of cowns of small dicts that behaviors made, beyond 1.1 times that of such dicts in a plain list."""

import gc
import json
import os
import subprocess
import sys

from bocpy import Cown, quiesce, start, wait, when

GROUP = 100  # cowns that one behavior fills
AT_ONCE = 50  # behaviors in flight, so that they take no memory to speak of


def resident_bytes():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def fill(cowns, first):
    for begin in range(0, len(cowns), GROUP):

        @when(cowns[begin : begin + GROUP])
        def _(group, number=first + begin):
            for i, cown in enumerate(group, number):
                cown.value = {"a": i, "b": 1.0}

    quiesce()


def bytes_per_cown(workers, n):
    step = GROUP * AT_ONCE
    start(worker_count=workers)
    warm_up = [Cown(None) for _ in range(step)]  # kept, otherwise its memory would be used again
    fill(warm_up, 0)

    cowns = [None] * n
    before = resident_bytes()
    for first in range(0, n, step):
        cowns[first : first + step] = made = [Cown(None) for _ in range(min(step, n - first))]
        fill(made, first)
        del made
    after = resident_bytes()

    assert all(cowns[i].unwrap() == {"a": i, "b": 1.0} for i in range(0, n, 1_001))
    wait()
    return (after - before) / n


def bytes_per_plain_dict(n):
    dicts = [None] * n
    before = resident_bytes()
    for i in range(n):
        dicts[i] = {"a": i, "b": 1.0}
    return (resident_bytes() - before) / n


def in_another_process(n):
    """The result of `bytes_per_plain_dict` in a process without cowns."""
    command = [sys.executable, "-I", __file__, "0", str(n)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main():
    workers, n = int(sys.argv[1]), int(sys.argv[2])
    if workers == 0:
        print(bytes_per_plain_dict(n))
        return
    plain, cown = in_another_process(n), bytes_per_cown(workers, n)
    details = {"B per cown": cown, "B per plain dict": plain}
    print(json.dumps({"figure": cown - 1.1 * plain, "details": details}))


if __name__ == "__main__":
    main()
