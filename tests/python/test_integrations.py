"""What holds for all integrations, and the function for loops that call one in each frame."""

import threading
import time

from bocpy import PinnedCown, start, wait, whencall
from bocpy.integrations import ticker
from support import check_script, pytest

LOOPS = ["asyncio", "trio", "tkinter", "pyglet"]


def append(p, item):
    p.value.append(item)
    return list(p.value)


def spin(p, seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


@pytest.mark.parametrize("loop", LOOPS)
def test_an_integration_imports_no_other_loop(loop):
    pytest.importorskip(loop)
    check_script(
        f"""
        import sys
        import {loop}
        before = set(sys.modules)
        import bocpy.integrations.{loop}
        print([name for name in {LOOPS} if name in set(sys.modules) - before])
        """,
        "[]",
    )


def test_a_ticker():
    tick = ticker(budget_ms=1)
    assert tick(0.016) == (0, False, 0)  # nothing has begun yet
    p = PinnedCown([])
    results = [whencall(append, [p], [n]) for n in range(3)]
    ticks = 0
    while not all(result.done() for result in results):
        tick(dt=0.016)
        ticks += 1
    assert p.value == [0, 1, 2]
    wait()
    assert tick() == (0, False, 0)


def test_a_ticker_keeps_to_its_budget():
    tick = ticker(1)
    p = PinnedCown(0)
    for _ in range(3):
        whencall(spin, [p], [0.002])
    assert [tick() for _ in range(4)] == [(1, True, 0), (1, True, 0), (1, False, 0), (0, False, 0)]


def test_a_ticker_that_a_body_calls():
    """As a body does that runs the loop: what else is ready comes after it."""
    tick = ticker()
    p, other = PinnedCown([]), PinnedCown([])

    def nested(p, other):
        p.value.append((tick(), list(other.value)))

    whencall(nested, [p, other], [])
    whencall(append, [other], [1])
    assert tick() == (2, False, 0)
    assert (p.value, other.value) == ([((0, False, 0), [])], [1])


@pytest.mark.parametrize("budget", [0, -1, True, 1.5, None, "1"])
def test_a_ticker_refuses(budget):
    with pytest.raises(TypeError, match="budget_ms must be a positive int"):
        ticker(budget)


def test_a_ticker_on_another_thread():
    tick = ticker()
    errors = []

    def call():
        try:
            tick()
        except RuntimeError as error:
            errors.append(str(error))

    start()
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert "main thread" in errors[0]
