"""Starting, waiting, quiescing, stopping, starting again."""

import math
import os
import threading
from pathlib import Path

import bocpy
from bocpy import Cown, WaitResult, quiesce, start, wait, when
from support import check_script, error_of, interpreters_only, outcome, pytest

STATS_KEYS = {
    "worker_index",
    "pushed_local",
    "dispatched_to_pending",
    "pushed_remote",
    "popped_local",
    "popped_via_steal",
    "enqueue_cas_retries",
    "dequeue_cas_retries",
    "batch_resets",
    "steal_attempts",
    "steal_failures",
    "parked",
    "last_steal_attempt_ns",
    "fairness_arm_fires",
}


def increment(c):
    c.value += 1
    return c.value


# -- start


def test_the_first_when_starts_the_runtime():
    assert outcome(when(Cown(1))(increment)) == 2


@pytest.mark.parametrize("count", [1, 2, 5])
def test_start_starts_as_many_workers_as_told(count):
    start(count)
    when(Cown(1))(increment)
    assert len(wait(stats=True)) == count


def test_start_takes_its_arguments_by_name():
    start(worker_count=2, module=None, backend=None)
    assert len(wait(stats=True)) == 2


def test_start_while_running_does_nothing():
    start(2)
    c = Cown(1)
    when(c)(increment)
    assert start(3) is None
    assert start() is None
    when(c)(increment)
    assert len(wait(stats=True)) == 2
    assert c.value == 3


def test_start_without_a_count_takes_the_default():
    start()
    assert len(wait(stats=True)) == bocpy.WORKER_COUNT


def test_worker_count_is_at_least_one():
    assert isinstance(bocpy.WORKER_COUNT, int)
    assert bocpy.WORKER_COUNT >= 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (2, 2), (3, 2), (8, 7)])
def test_there_is_a_worker_for_each_core_less_one_from_three_on(cores, workers):
    mine = sorted(os.sched_getaffinity(0))
    if len(mine) < cores or has_quota():
        pytest.skip("needs as many cores, and all their time")
    script = f"""
        import os
        os.environ.pop("BOCPY_WORKERS", None)
        os.sched_setaffinity(0, {mine[:cores]})
        import bocpy
        bocpy.start()
        print(bocpy.WORKER_COUNT, len(bocpy.wait(stats=True)))
    """
    check_script(script, f"{workers} {workers}")


def has_quota():
    """Whether a control group limits the time of this process on all cores together."""
    try:
        return not Path("/sys/fs/cgroup/cpu.max").read_text().startswith("max")
    except OSError:
        return Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").exists()


def test_more_workers_than_cores_all_run(handshake):
    start(12)
    cowns = [Cown(n) for n in range(12)]
    for c in cowns:

        @when(c)
        def _(c):
            handshake.arrive()
            c.value += 1

    handshake.await_arrival(12)
    handshake.let_go(12)
    quiesce(60)
    assert [c.unwrap() for c in cowns] == list(range(1, 13))


@pytest.mark.parametrize("count", [0, -1, 10**6])
def test_a_worker_count_out_of_range_is_refused(count):
    with pytest.raises(ValueError):
        start(count)
    assert outcome(when(Cown(1))(increment)) == 2


@pytest.mark.parametrize("count", ["2", 2.5, [2]])
def test_a_worker_count_that_is_no_number_is_refused(count):
    with pytest.raises(TypeError):
        start(count)
    assert outcome(when(Cown(1))(increment)) == 2


def test_an_unknown_backend_is_refused():
    with pytest.raises(ValueError, match="nope"):
        start(2, backend="nope")
    assert outcome(when(Cown(1))(increment)) == 2


def test_start_takes_no_unknown_argument():
    with pytest.raises(TypeError):
        start(workers=2)


def test_workers_from_the_environment():
    source = """
        from bocpy import WORKER_COUNT, start, wait, when
        when()(lambda: None)
        print(len(wait(stats=True)))
        start(1)
        print(len(wait(stats=True)))
    """
    check_script(source, "3\n1", env={"BOCPY_WORKERS": "3"})


@pytest.mark.parametrize("workers", ["many", "0", "-1", "4097", "2.5"])
def test_a_number_of_workers_in_the_environment_that_is_none(workers):
    """The user means something by it, so it is not ignored."""
    source = """
        from bocpy import start, wait, when
        try:
            when()(lambda: None)
        except ValueError as error:
            print(error)
        start(1)
        print(len(wait(stats=True)))
    """
    said = f'the environment variable BOCPY_WORKERS must be a number from 1 to 4096, not "{workers}"'
    check_script(source, f"{said}\n1", env={"BOCPY_WORKERS": workers})


# -- wait


def test_wait_gives_none():
    when(Cown(1))(increment)
    assert wait() is None
    assert wait() is None
    assert wait(5) is None


def test_wait_without_a_start_returns_at_once():
    check_script(
        """
        from bocpy import quiesce, wait
        print(wait(), wait(0), wait(stats=True), wait(noticeboard=True), wait(stats=True, noticeboard=True))
        print(quiesce(), quiesce(0), quiesce(stats=True), quiesce(noticeboard=True))
        print(quiesce(stats=True, noticeboard=True))
        """,
        """
        None None [] {} WaitResult(stats=[], noticeboard={})
        None None [] {}
        WaitResult(stats=[], noticeboard={})
        """,
    )


@pytest.mark.parametrize("ends", [wait, quiesce])
def test_flags_choose_what_comes_back(ends):
    start(2)
    for _ in range(10):
        when(Cown(1))(increment)
    assert ends() is None
    start(2)
    when(Cown(1))(increment)
    stats = ends(stats=True)
    assert type(stats) is list and len(stats) == 2
    start(2)
    assert ends(noticeboard=True) == {}
    start(2)
    both = ends(stats=True, noticeboard=True)
    assert type(both) is WaitResult
    assert type(both.stats) is list and both.noticeboard == {}
    stats, noticeboard = both
    assert (len(stats), noticeboard) == (2, {})


@pytest.mark.parametrize("ends", [wait, quiesce])
def test_stats_have_the_documented_keys(ends):
    start(3)
    for _ in range(50):
        when(Cown(1))(increment)
    stats = ends(stats=True)
    assert [entry["worker_index"] for entry in stats] == [0, 1, 2]
    for entry in stats:
        assert set(entry) >= STATS_KEYS
        assert all(type(entry[key]) is int for key in STATS_KEYS)
    assert sum(entry["popped_local"] + entry["popped_via_steal"] for entry in stats) >= 1


def test_stats_start_again_from_nothing():
    start(1)
    c = Cown(0)
    for _ in range(100):
        when(c)(increment)
    wait()
    start(1)
    stats = wait(stats=True)
    assert stats[0]["popped_local"] < 50


@pytest.mark.parametrize("ends", [wait, quiesce])
def test_flags_are_keyword_only(ends):
    with pytest.raises(TypeError):
        ends(None, True)


def test_wait_waits_for_what_behaviors_schedule():
    c = Cown([])

    def chain(n):
        @when(c)
        def _(c):
            c.value.append(n)
            if n < 200:
                chain(n + 1)

    chain(0)
    wait()
    assert c.value == list(range(201))


def test_wait_answers_a_timeout_and_leaves_everything_usable():
    gate = Cown(0)
    with gate:
        result = when(gate)(increment)
        with pytest.raises(TimeoutError):
            wait(0)
        with pytest.raises(TimeoutError):
            wait(timeout=0.01)
        more = when(gate)(increment)
        with pytest.raises(TimeoutError):
            quiesce(0.01)
    wait()
    assert (result.value, more.value, gate.value) == (1, 2, 2)


@pytest.mark.parametrize("ends", [wait, quiesce])
def test_a_timeout_that_is_not_a_number_is_refused(ends):
    with pytest.raises(ValueError):
        ends(timeout=math.nan)
    when(Cown(1))(increment)
    with pytest.raises(ValueError):
        ends(math.nan)
    with pytest.raises(TypeError):
        ends("soon")
    quiesce(60)


@pytest.mark.parametrize("ends", [wait, quiesce])
@pytest.mark.parametrize("timeout", [math.inf, 1e300, 1e10, 3600, None])
def test_an_infinite_or_long_timeout_waits(ends, timeout):
    c = Cown(0)
    for _ in range(100):
        when(c)(increment)
    assert ends(timeout) is None
    assert c.unwrap() == 100


@pytest.mark.parametrize("ends", [wait, quiesce])
@pytest.mark.parametrize("timeout", [-1, -0.5, -math.inf, 0, -0.0])
def test_a_negative_timeout_counts_as_zero(ends, timeout):
    gate = Cown(0)
    with gate:
        result = when(gate)(increment)
        with pytest.raises(TimeoutError):
            ends(timeout)
    quiesce(60)
    assert ends(timeout) is None
    assert result.unwrap() == 1


def test_wait_is_not_held_up_by_an_idle_hold():
    c = Cown(1)
    with c:
        assert outcome(when()(lambda: 5)) == 5
        wait()
        assert c.value == 1


# -- quiesce


def test_quiesce_leaves_the_runtime_running():
    start(2)
    c = Cown(0)
    for n in range(1, 6):
        when(c)(increment)
        assert quiesce() is None
        with c:
            assert c.value == n
    assert len(wait(stats=True)) == 2


def test_quiesce_waits_for_what_behaviors_schedule():
    c = Cown(0)

    @when(c)
    def _(c):
        @when(c)
        def _(c):
            @when(c)
            def _(c):
                c.value = "deepest"

    quiesce()
    assert c.unwrap() == "deepest"


# -- inside a behavior


def test_wait_in_a_behavior_is_refused():
    assert isinstance(error_of(when()(lambda: bocpy.wait())), RuntimeError)


def test_quiesce_in_a_behavior_is_refused():
    assert isinstance(error_of(when()(lambda: bocpy.quiesce())), RuntimeError)


def test_start_in_a_behavior_is_refused():
    assert isinstance(error_of(when()(lambda: bocpy.start())), RuntimeError)


# -- again and again


def test_start_again_after_wait():
    c = Cown(0)
    for n in range(1, 6):
        when(c)(increment)
        wait()
        assert c.value == n


def test_start_again_with_other_numbers_of_workers():
    c = Cown(0)
    for count in (1, 3, 2, 1):
        start(count)
        for _ in range(20):
            when(c)(increment)
        assert len(wait(stats=True)) == count
    assert c.value == 80


def test_results_of_an_earlier_run_serve_the_next():
    first = when(Cown(1))(increment)
    wait()
    second = when(first)(lambda r: r.value * 10)
    wait()
    assert second.value == 20
    assert first.value == 2


def test_cowns_in_lists_dicts_and_attributes_keep_their_values():
    class Holder:
        pass

    holder = Holder()
    holder.cown = Cown({"n": 0})
    in_list = [Cown([n]) for n in range(10)]
    in_dict = {"a": Cown("a"), "b": [Cown("b")]}
    in_closure = Cown(0)

    def closed():
        return in_closure

    everything = [holder.cown, *in_list, in_dict["a"], in_dict["b"][0], in_closure]
    for _ in range(3):
        start(2)

        @when(everything)
        def _(group):
            holder, *listed, a, b, closed = group
            holder.value["n"] += 1
            for c in listed:
                c.value.append("more")
            a.value += "a"
            b.value += "b"
            closed.value += 1

        wait()
    assert holder.cown.value == {"n": 3}
    assert [c.value for c in in_list] == [[n, "more", "more", "more"] for n in range(10)]
    assert (in_dict["a"].value, in_dict["b"][0].value) == ("aaaa", "bbbb")
    assert closed().value == 3


def test_cowns_only_known_to_other_cowns_keep_their_values():
    outer = Cown({"inner": Cown({"innermost": Cown([1])})})

    def innermost():
        return outer.value["inner"].value["innermost"].value

    for n in range(3):

        @when(outer)
        def _(outer):
            @when(outer.value["inner"])
            def _(inner):
                @when(inner.value["innermost"])
                def _(innermost):
                    innermost.value.append(n)

        wait()
    assert innermost() == [1, 0, 1, 2]


def test_cowns_made_on_workers_keep_their_values():
    store = Cown([])
    for n in range(3):

        @when(store)
        def _(store):
            store.value.append(Cown({"made in": n}))

        wait()
    assert [c.value for c in store.value] == [{"made in": n} for n in range(3)]


def test_exceptions_outlive_the_runtime():
    @when()
    def failed():
        raise LookupError("kept")

    wait()
    start(1)
    assert outcome(when(failed)(lambda r: (r.exception, str(r.value)))) == (True, "kept")
    wait()
    with pytest.raises(LookupError, match="kept"):
        failed.unwrap()


def test_a_hold_of_main_outlives_a_stop():
    c = Cown(1)
    c.acquire()
    start(1)
    wait()
    c.value = 2
    c.release()
    assert outcome(when(c)(increment)) == 3


def test_a_behavior_that_waits_for_main_survives_a_timed_out_wait():
    gate = Cown([])
    with gate:
        for n in range(10):

            @when(gate)
            def _(gate):
                gate.value.append(n)

        for _ in range(3):
            with pytest.raises(TimeoutError):
                wait(0)
    wait()
    assert gate.value == list(range(10))


def test_python_threads_do_not_pile_up():
    before = threading.active_count()
    for _ in range(10):
        start(2)
        when(Cown(1))(increment)
        wait()
    assert threading.active_count() == before


@interpreters_only
def test_workers_are_as_new_after_every_start():
    """Also where their interpreters are kept for the next start."""
    source = """
        import builtins, sys
        from bocpy import Cown, quiesce, start, wait, when

        SEEN = []

        def look():
            import gc, warnings
            import own
            return (
                own.count, len(SEEN), hasattr(builtins, "extra"), hasattr(sys, "extra"), "own_path" in sys.path,
                gc.isenabled(), sys.gettrace() is None, sys.getrecursionlimit() == 4321, bool(warnings.filters[0][1]),
                sys.stdout is sys.__stdout__, len(sys.meta_path),
            )

        def change():
            import codecs, gc, io, logging, threading, warnings
            import own
            own.count += 1
            SEEN.append(1)
            builtins.extra = sys.extra = own
            sys.path.append("own_path")
            sys.meta_path.append(own)
            sys.path_hooks.append(own)
            sys.modules["own_alias"] = own
            gc.disable()
            sys.settrace(lambda *_: None)
            sys.setrecursionlimit(4321)
            warnings.filterwarnings("ignore", "mine")
            sys.stdout = io.StringIO()
            sys.modules.pop("warnings")
            threading.Thread(target=len, args=("",)).start()
            logging.getLogger("own").setLevel(10)
            codecs.encode("a", "rot13")

        looks = set()
        for n in range(5):
            start(1)
            seen = when()(look)
            quiesce()
            looks.add(seen.unwrap())
            changed = when()(change)
            wait()
            changed.unwrap()
        print(len(looks), sorted(looks)[0][:8])
    """
    files = {"own.py": "count = 0\nfind_spec = lambda *args, **options: None\n"}
    check_script(source, "1 (0, 0, False, False, False, True, True, False)", files=files)


@pytest.mark.slow
@interpreters_only
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="nothing says how much memory there is in use")
@pytest.mark.parametrize("filters", ["", "filterwarnings('ignore', 'a filter with a pattern')"])
def test_restarts_do_not_grow(filters):
    """CPython 3.12 and 3.13 lose megabytes with each interpreter that ends, and this starts a hundred.

    All versions lose as much with one that ends while its filters of warnings have a pattern.
    """
    source = """
        import resource
        from warnings import filterwarnings
        from bocpy import Cown, start, wait, when

        FILTERS

        def grown_by(restarts):
            before = used()
            for n in range(restarts):
                start(2)
                c = Cown([n])
                when(c)(lambda c: c.value.append(1))
                wait()
            return used() - before

        def used():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * resource.getpagesize()

        grown_by(10)
        grown = grown_by(50)
        print("flat" if grown < 25_000_000 else grown)
    """
    check_script(source.replace("FILTERS", filters), "flat")
