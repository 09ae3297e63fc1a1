"""`bocpy.profiling`: cProfile in behaviors."""

import io
import re
import sys

import bocpy
from bocpy import Cown, quiesce, start, wait
from bocpy import when as plain_when
from bocpy.profiling import Profile
from support import BACKEND, check_script, pytest

pytestmark = pytest.mark.skipif(
    BACKEND == "interpreters" and sys.version_info < (3, 13), reason="3.12 has no cProfile in sub-interpreters"
)


def busy(n):
    return sum(range(n))


def calls(profile):
    """How often each function was called, by name."""
    return {name: count[1] for (_, _, name), count in profile.stats().stats.items()}


def test_one_behavior():
    profile = Profile()
    c = Cown(10)

    @plain_when(c)
    @profile
    def measured(c, n=3):
        c.value = busy(n)
        return "done"

    @plain_when(c)
    def other(c):
        c.value = busy(100)

    wait()
    counts = calls(profile)
    assert (measured.value, counts["measured"], counts["busy"], "other" in counts) == ("done", 1, 1, False)


def test_all_behaviors_add_up():
    start(2)
    profile = Profile()
    when = profile.when
    cowns = [Cown(n) for n in range(4)]
    for n in range(20):

        @when(cowns[n % 4])
        def adds(c):
            for _ in range(5):
                c.value += busy(2)

    quiesce()
    counts = calls(profile)
    assert (counts["adds"], counts["busy"]) == (20, 100)


def test_a_behavior_that_fails_is_measured_and_fails():
    profile = Profile()

    @plain_when(Cown(1))
    @profile
    def fails(c):
        busy(1)
        raise ValueError("no")

    quiesce()
    with pytest.raises(ValueError, match="no"):
        fails.unwrap()
    assert calls(profile)["busy"] == 1


def test_behaviors_keep_their_names(handshake):
    profile = Profile()
    start(1)
    c = Cown(1)

    @plain_when(c)
    @profile
    def first(c):
        handshake.arrive()

    handshake.await_arrival()

    @plain_when(c)
    @profile
    def second(c):
        pass

    told = io.StringIO()
    bocpy.dump(told)
    assert re.search(r"worker 0 runs '.*first'", told.getvalue())
    assert re.search(r"'.*second' .* waits for", told.getvalue())
    handshake.let_go()


def test_of_a_script():
    check_script(
        """
        from bocpy import Cown, wait
        from bocpy.profiling import Profile

        profile = Profile()
        when = profile.when

        def work(n):
            return sorted(range(n))

        @when(Cown(5))
        def result(c):
            return len(work(c.value))

        wait()
        print(result.value)
        names = {name for _, _, name in profile.stats().stats}
        print(sorted(names & {"work", "result"}))
        """,
        "5\n['result', 'work']",
    )
