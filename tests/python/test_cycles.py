"""A thousand starts and stops leak neither threads, descriptors nor memory."""

import sys

from support import BACKEND, pytest, run_script

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
]

CYCLES = """
    import gc, os, sys, time
    from bocpy import Cown, start, wait, when

    def resident():
        gc.collect()
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    def names_of_threads():
        for task in os.listdir("/proc/self/task"):
            try:
                with open(f"/proc/self/task/{task}/comm") as name:
                    yield name.read().strip()
            except OSError:  # it has just ended
                pass

    def count_threads():
        # The thread that has stopped the workers may be seen for a moment more.
        while "bocpy-stop" in (names := list(names_of_threads())):
            time.sleep(0.001)
        return len(names)

    def helper(x):
        return x + 1

    class Thing:
        def __init__(self):
            self.n = 0

    kept = Cown(Thing())

    def cycle(n):
        start(workers)
        fresh = Cown([n])
        @when(kept, fresh)
        def result(kept, fresh):
            kept.value.n = helper(kept.value.n)
            fresh.value.append(n)
            return fresh.value
        wait()
        assert result.value == [n, n]

    workers, cycles = int(sys.argv[1]), int(sys.argv[2])
    for n in range(10):
        cycle(n)
    threads, descriptors = count_threads(), len(os.listdir("/proc/self/fd"))
    for n in range(cycles // 2):
        cycle(n)
    half = resident()
    for n in range(cycles // 2):
        cycle(n)
    print(kept.value.n - 10)
    print(count_threads() - threads, len(os.listdir("/proc/self/fd")) - descriptors)
    print(resident() - half)
"""

# The growth of CPython itself: interpreters that import a few modules of the standard library and end, nothing else.
PLAIN = """
    import sys, threading
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters

    def resident():
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    def cycle():
        interpreter = interpreters.create()
        interpreters.run_string(interpreter, "import dataclasses, enum, functools, inspect, pickle, traceback, typing")
        interpreters.destroy(interpreter)

    def run(count):
        for _ in range(count):
            thread = threading.Thread(target=cycle)
            thread.start()
            thread.join()

    run(10)
    before = resident()
    run(100)
    print((resident() - before) / 100)
"""


def growth_of_plain_interpreters():
    """KiB that each interpreter leaks in this CPython. 3.12 and 3.13 are known to leak some, later ones are not."""
    if BACKEND != "interpreters" or sys.version_info >= (3, 14):
        return 0
    done = run_script(PLAIN, env={"PYTHONMALLOC": "malloc"}, timeout=300)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_a_thousand_starts_and_stops():
    cycles, workers = 1000, 2
    plain = growth_of_plain_interpreters()
    # if CPython leaks whole arenas of every interpreter that has ended, use malloc for its memory
    env = {"PYTHONMALLOC": "malloc"} if plain else {}
    done = run_script(CYCLES, str(workers), str(cycles), env=env, timeout=350)
    assert done.returncode == 0, done.stderr
    ran, counts, growth = done.stdout.splitlines()
    assert int(ran) == cycles
    assert counts == "0 0", f"threads and descriptors too many: {counts}"
    interpreters = cycles // 2 * workers
    allowed = 8 * 1024 + 3 * plain * interpreters
    assert int(growth) <= allowed, f"grew by {growth} KiB in the second half; allowed are {allowed} KiB"


def test_ten_thousand_quiesces_and_results_do_not_grow():
    done = run_script(
        """
        import gc
        from bocpy import Cown, quiesce, start, wait, when

        def resident():
            gc.collect()
            with open("/proc/self/status") as status:
                return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

        class Thing:
            pass

        def work(n):
            c = Cown({"n": n, "thing": Thing()})
            failed = when(c)(lambda c: 1 // 0)
            result = when(c, [Cown(c)])(lambda c, group: [c.value["thing"], group[0]])
            quiesce()
            result.unwrap()
            with failed:
                assert failed.exception

        start(2)
        for n in range(5000):
            work(n)
        half = resident()
        for n in range(5000):
            work(n)
        print(resident() - half)
        wait()
        """,
        timeout=350,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 8 * 1024
