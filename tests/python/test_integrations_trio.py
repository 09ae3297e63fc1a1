"""Pinned behaviors in trio."""

import threading

from bocpy import PinnedCown, set_pump_notify, wait, whencall
from bocpy.integrations import _pumping
from support import pytest

trio = pytest.importorskip("trio")
from bocpy.integrations.trio import pump_forever  # noqa: E402


def append(p, item):
    p.value.append(item)
    return list(p.value)


def interrupt(p):
    raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def hook_taken_away():
    """No test leaves a hook."""
    yield
    assert _pumping._open == []
    assert set_pump_notify(None) is None


def run(main):
    """Runs a coroutine beside the task that pumps."""

    async def both():
        async with trio.open_nursery() as nursery:
            await nursery.start(pump_forever)
            found = await main()
            nursery.cancel_scope.cancel()
        return found

    return trio.run(both)


def test_results_can_be_awaited():
    async def main():
        p = PinnedCown([])
        found = [await whencall(append, [p], [n]) for n in range(3)]
        wait()
        return found, await whencall(append, [p], [3])

    assert run(main) == ([[0], [0, 1], [0, 1, 2]], [0, 1, 2, 3])
    assert run(main) == ([[0], [0, 1], [0, 1, 2]], [0, 1, 2, 3])


def test_what_is_ready_before_is_run():
    result = whencall(append, [PinnedCown([])], [1])

    async def main():
        return await result

    assert run(main) == [1]


def test_other_tasks_have_their_turn(monkeypatch):
    """Each body takes longer than a slice: so there is a round of trio for each."""
    monkeypatch.setattr(_pumping, "SLICE_MS", 1)
    rounds, seen = [0], []

    def look(p):
        end = trio.current_time() + 0.002
        while trio.current_time() < end:
            pass
        seen.append(rounds[0])

    async def main():
        p = PinnedCown(0)
        results = [whencall(look, [p], []) for _ in range(10)]
        while not all(result.done() for result in results):
            rounds[0] += 1
            await trio.lowlevel.checkpoint()

    run(main)
    assert len(seen) == len(set(seen)) == 10


def test_keyboard_interrupt_loses_nothing():
    p = PinnedCown([])
    told = []

    async def main():
        told.append(whencall(interrupt, [p], []))
        told.append(whencall(append, [p], [1]))
        await trio.sleep(60)

    with pytest.raises(BaseException) as caught:
        run(main)
    error = caught.value
    while hasattr(error, "exceptions"):  # groups of nurseries
        (error,) = error.exceptions
    assert isinstance(error, KeyboardInterrupt)
    assert told[1].get() == [1]
    with pytest.raises(KeyboardInterrupt):
        told[0].get()


def test_not_in_the_main_thread():
    errors = []

    def other():
        try:
            trio.run(pump_forever)
        except RuntimeError as error:
            errors.append(str(error))

    thread = threading.Thread(target=other, name="other")
    thread.start()
    thread.join()
    assert "this run of trio is in the thread 'other'" in errors[0]
