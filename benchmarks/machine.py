"""The machine: how many CPUs it has, and how many of them other programs use."""

import os
from time import perf_counter


def cpu_count() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Others:
    """The CPUs that were busy with anything but this process and its children since this object was made."""

    def __init__(self) -> None:
        self.began = perf_counter()
        self.before = self.busy_seconds()

    def cpus(self) -> float | None:
        """On average; None if the system does not provide it."""
        if self.before is None:
            return None
        return max(0.0, (self.busy_seconds() - self.before) / (perf_counter() - self.began))

    @staticmethod
    def busy_seconds() -> float | None:
        try:
            with open("/proc/stat") as file:
                user, nice, system, _idle, _iowait, irq, softirq, steal, *_ = map(int, file.readline().split()[1:])
        except OSError:
            return None
        busy = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
        return busy - sum(os.times()[:4])
