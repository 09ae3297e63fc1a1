"""The workloads, with their sizes, units and targets."""

from dataclasses import dataclass

OURS = ("ours",)
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
    """One program per kind of contestant, `programs/<kind>/<program>.py`, and how to run and judge it."""

    name: str
    unit: str
    size: int
    target: Target | None  # None: only reported
    contestants: tuple[str, ...] = BOC
    quick_size: int = 0  # 0: a tenth of the size
    smaller_sizes: tuple[tuple[str, int], ...] = ()  # contestants for whom the size would take too long
    samples_per_round: int = 1
    program: str = ""  # if it is not that of the workload's name
    environment: tuple[tuple[str, str], ...] = ()  # variables that the program gets besides

    def size_for(self, contestant: str, quick: bool) -> int:
        size = dict(self.smaller_sizes).get(contestant, self.size)
        return (self.quick_size or size // 10) if quick else size


WORKLOADS = (
    Workload(
        "int_cowns",
        "behaviors/s",
        200_000,
        Target("at least", 12, of_peer=True),
        contestants=BOC + THREADS + POOLS,
        smaller_sizes=tuple((pool, 20_000) for pool in POOLS),
    ),
    Workload("transfer", "behaviors/s", 200_000, Target("at least", 10, of_peer=True), contestants=BOC + THREADS),
    Workload("chains", "behaviors/s", 400_000, Target("at least", 8, of_peer=True)),
    Workload("start", "ms", 0, Target("at most", 0.25, of_peer=True), samples_per_round=3),
    Workload("import", "ms", 0, Target("at most", 25), samples_per_round=3),
    Workload("bytes_per_cown", "B", 1_000_000, Target("at most", 144)),
    Workload("word_count", "x speed-up", 4, Target("at least", 1.9), quick_size=1),
    Workload(
        "cpu_1ms", "x speed-up", 1_000, Target("at least", 1.9), contestants=BOC + THREADS + POOLS + ("processes",)
    ),
    Workload(
        "dict_cowns",
        "behaviors/s",
        200_000,
        Target("at least", 50, of_peer=True),
        smaller_sizes=(("peer", 8_000),),
    ),
    Workload(
        "dict_cowns_strict",
        "behaviors/s",
        8_000,
        Target("at least", 1.5, of_peer=True),
        program="dict_cowns",
        environment=(("BOCPY_STRICT", "1"),),
    ),
    Workload("instance_cowns", "behaviors/s", 200_000, Target("at least", 14, of_peer=True)),
    Workload(
        "list_cowns",
        "behaviors/s",
        100_000,
        Target("at least", 100, of_peer=True),
        smaller_sizes=(("peer", 4_000),),
    ),
    Workload(
        "bytearray_handover",
        "behaviors/s",
        200_000,
        Target("at least", 100, of_peer=True),
        smaller_sizes=(("peer", 20),),
    ),
    Workload("record_moves", "moves/s", 200_000, Target("at least", 5, of_peer=True)),
    Workload(
        "record_moves_64k",
        "moves/s",
        50_000,
        Target("at least", 5, of_peer=True),
        smaller_sizes=(("peer", 10_000),),
        program="record_moves",
        environment=(("RECORD_BYTES", "65000"),),
    ),
    Workload("record_beside_int", "x int", 50_000, Target("at most", 1.2), contestants=OURS),
    Workload("record_fields", "x slot", 400_000, Target("at most", 1.3), contestants=OURS),
    Workload("bytes_per_record", "B", 1_000_000, Target("at most", 120), contestants=OURS),
    Workload("readers", "x speed-up", 8, Target("at least", 1.8), contestants=OURS, quick_size=2),
    Workload("spread", "x speed-up", 150, Target("at least", 1.8), contestants=OURS),
    Workload("bytes_per_dict", "B beyond 1.1 plain dicts", 1_000_000, Target("at most", 200)),
    Workload("fetch", "us", 20, None, contestants=OURS, quick_size=5),
    Workload("send_receive", "messages/s", 400_000, Target("at least", 2, of_peer=True)),
    Workload("produce_consume", "messages/s", 400_000, Target("at least", 2, of_peer=True)),
    Workload("scopes", "us", 20_000, Target("at most", 3), contestants=OURS),
    # Against the others, the report has the ratios: 10 times the pools, 2 times the threads.
    Workload("executor_map", "calls/s", 100_000, None, contestants=OURS + THREADS[1:] + POOLS),
    Workload("executor_1ms", "x speed-up", 1_000, Target("at least", 1.95), contestants=OURS),
    Workload("wake_up", "us", 500, Target("at most", 0.5, of_peer=True)),
    Workload("notice_read", "reads/s", 20_000, Target("at least", 5, of_peer=True)),
    Workload("notice_update", "updates/s", 100_000, Target("at least", 3, of_peer=True)),
    Workload("pinned_wait", "behaviors/s", 50_000, Target("at least", 3, of_peer=True)),
    Workload("pinned_pump", "behaviors/s", 50_000, Target("at least", 3, of_peer=True)),
    Workload("pinned_latency", "us", 300, Target("at most", 0.2, of_peer=True)),
    Workload("pinned_idle", "% of a core", 3_000, Target("at most", 0.5)),
    Workload("get_ready", "us", 200_000, Target("at most", 2), contestants=OURS),
    Workload("get_latency", "x Event", 500, Target("at most", 1.5), contestants=OURS),
    Workload("awaits", "us", 10_000, Target("at most", 5), contestants=OURS, quick_size=10_000),
)
