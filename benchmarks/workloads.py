"""What is measured: the workloads, their sizes, units and targets."""

from dataclasses import dataclass

BOC = ("ours", "peer")
THREADS = ("threads", "ThreadPoolExecutor")
POOLS = ("ProcessPoolExecutor", "InterpreterPoolExecutor")
REFERENCE_WORKERS = 2  # the targets are for this many workers


@dataclass(frozen=True)
class Target:
    """A bound on our figure, or on the ratio of ours to the peer's."""

    sense: str  # "at least" or "at most"
    bound: float
    of_peer: bool = False

    def text(self, unit: str) -> str:
        return f"{self.sense} {self.bound:g} {'times the peer' if self.of_peer else unit}"

    def met(self, value: float) -> bool:
        return value >= self.bound if self.sense == "at least" else value <= self.bound


@dataclass(frozen=True)
class Workload:
    """One program per kind of contestant, `programs/<kind>/<name>.py`, and how to run and judge it."""

    name: str
    unit: str
    size: int
    target: Target
    contestants: tuple[str, ...] = BOC
    quick_size: int = 0  # 0: a tenth of the size
    smaller_sizes: tuple[tuple[str, int], ...] = ()  # contestants for whom the size would take too long
    samples_per_round: int = 1

    def size_for(self, contestant: str, quick: bool) -> int:
        size = dict(self.smaller_sizes).get(contestant, self.size)
        return (self.quick_size or size // 10) if quick else size


WORKLOADS = (
    Workload(
        "int_cowns",
        "behaviors/s",
        200_000,
        Target("at least", 4, of_peer=True),
        contestants=BOC + THREADS + POOLS,
        smaller_sizes=tuple((pool, 20_000) for pool in POOLS),
    ),
    Workload("transfer", "behaviors/s", 200_000, Target("at least", 4, of_peer=True), contestants=BOC + THREADS),
    Workload("chains", "behaviors/s", 400_000, Target("at least", 2, of_peer=True)),
    Workload("start", "ms", 0, Target("at most", 0.25, of_peer=True), samples_per_round=3),
    Workload("import", "ms", 0, Target("at most", 25), samples_per_round=3),
    Workload("bytes_per_cown", "B", 1_000_000, Target("at most", 200)),
    Workload("word_count", "x speed-up", 4, Target("at least", 1.9), quick_size=1),
    Workload(
        "cpu_1ms", "x speed-up", 1_000, Target("at least", 1.9), contestants=BOC + THREADS + POOLS + ("processes",)
    ),
)
