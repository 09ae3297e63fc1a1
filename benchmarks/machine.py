"""The machine: how many CPUs it has, and how many of them other programs use."""

import os
import platform
from time import perf_counter


def cpu_count() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """The processor's name and its number of threads per core, as far as the system says."""
    names, siblings = [], []
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
        with open("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list") as file:
            siblings = [int(end) for part in file.read().split(",") for end in part.split("-")]
    except (OSError, ValueError):
        pass
    name = names[0] if names else platform.processor() or "unknown processor"
    return f"{name}, two threads per core" if len(siblings) > 1 else name


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
