"""What scaling.py measures, with how many workers which program runs how many behaviors."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass

STEPS_PER_US = 13  # of the programs' loop, about; the processor decides
BOC = ("ours", "before", "peer")
POOLS = ("ProcessPoolExecutor", "InterpreterPoolExecutor")

# About how many behaviors or calls each can begin in a second: so that no sample takes much longer than the others.
MOST = {"ours": 2_000_000, "before": 2_000_000, "peer": 150_000} | {pool: 10_000 for pool in POOLS}


@dataclass(frozen=True)
class Curve:
    """One program, run with more and more workers."""

    name: str
    title: str
    program: str
    us: float  # about what a body takes; 0: nothing, and its rate is of interest, not its speed-up
    contestants: tuple[str, ...] = BOC
    arguments: Callable[[int], tuple[int, ...]] = lambda workers: ()  # what the program gets besides
    cowns: int = 0  # if the order of the behaviors limits the speed-up: how many cowns there are
    by_workers: bool = False  # workers schedule, so more of them can begin more

    def size(self, contestant: str, workers: int, seconds: float) -> int:
        """How many behaviors take about that long."""
        most = MOST[contestant]
        if self.by_workers and contestant != "peer":
            most = min(most * workers, 10_000_000)
        possible = 1e6 / self.us * workers if self.us else most
        return max(10 * workers, int(seconds * min(possible, most)))


def bodies(us: int, contestants: tuple[str, ...] = BOC) -> Curve:
    steps = STEPS_PER_US * us
    title = f"bodies of about {us:,} us on cowns of their own"
    return Curve(f"bodies_{us}us", title, "bodies", us, contestants, lambda workers: (steps,))


def transfers(cowns: int) -> Curve:
    steps = STEPS_PER_US * 20
    title = f"bodies of about 20 us over two of {cowns:,} cowns, chosen at random"
    return Curve(f"transfers_{cowns}", title, "transfers", 20, BOC, lambda workers: (steps, cowns), cowns=cowns)


def kept(us: int) -> Curve:
    steps = STEPS_PER_US * us
    title = f"bodies of about {us:,} us over the dicts of 256 cowns in turn, which stay on the workers"
    return Curve(f"kept_{us}us", title, "kept", us, BOC, lambda workers: (steps,))


CURVES = (
    bodies(1000, BOC + POOLS),
    bodies(100),
    bodies(20),
    transfers(64),
    transfers(1000),
    kept(100),
    kept(20),
    Curve("int_cowns", "add 1 to one of 64 cowns in turn, scheduled by the main thread", "int_cowns", 0),
    Curve(
        "chains",
        "one chain for each worker; each behavior schedules the next one over its cown",
        "chains",
        0,
        arguments=lambda workers: (workers,),
        by_workers=True,
    ),
    Curve(
        "tree",
        "a binary tree of behaviors without a cown, each schedules two more",
        "tree",
        0,
        by_workers=True,
    ),
)


def allowed(workers: int, cowns: int, n: int = 20_000) -> float:
    """The speed-up that the order of the transfers allows at most, if they all take equally long and cost nothing to
    schedule: a behavior can begin when those that came before it over one of its cowns have ended."""
    choose = random.Random(64)
    after: list[list[int]] = [[] for _ in range(n)]
    missing = [0] * n
    last: dict[int, int] = {}
    for behavior in range(n):
        for cown in choose.sample(range(cowns), 2):
            if cown in last:
                after[last[cown]].append(behavior)
                missing[behavior] += 1
            last[cown] = behavior
    ready = [behavior for behavior in range(n) if not missing[behavior]]
    steps = 0
    while ready:
        running = [heapq.heappop(ready) for _ in range(min(workers, len(ready)))]
        steps += 1
        for behavior in running:
            for later in after[behavior]:
                missing[later] -= 1
                if not missing[later]:
                    heapq.heappush(ready, later)
    return n / steps
