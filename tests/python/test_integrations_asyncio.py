"""Pinned behaviors in the event loops of asyncio."""

import asyncio
import gc
import threading
import time
import weakref

from bocpy import Cown, PinnedCown, set_pump_notify, set_pump_watchdog, wait, when, whencall
from bocpy.integrations import _pumping
from bocpy.integrations.asyncio import pump_in
from support import check_script, pytest, run_script


def append(p, item):
    p.value.append(item)
    return list(p.value)


def is_there(p, loop):
    return threading.current_thread() is threading.main_thread() and asyncio.get_running_loop() is loop


def spin(p, seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def fail(p):
    raise ValueError("no")


def interrupt(p):
    raise KeyboardInterrupt


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request):
    """What runs a coroutine in a new event loop."""
    if request.param == "asyncio":
        return asyncio.run
    uvloop = pytest.importorskip("uvloop")

    def run(main):
        loop = uvloop.new_event_loop()
        try:
            return loop.run_until_complete(main)
        finally:
            loop.close()

    return run


@pytest.fixture(autouse=True)
def hook_taken_away():
    """No test leaves a hook."""
    yield
    assert [pumping for pumping in _pumping._open if not pumping._is_over()] == []
    set_pump_notify(None)


def test_results_can_be_awaited(run):
    async def main():
        p = PinnedCown([])
        with pump_in():
            assert await asyncio.gather(*(whencall(append, [p], [n]) for n in range(3))) == [[0], [0, 1], [0, 1, 2]]
            assert await whencall(append, [p], ["x"]) == [0, 1, 2, "x"]
        return p.value

    assert run(main()) == [0, 1, 2, "x"]


def test_bodies_run_in_the_loop(run):
    async def main():
        with pump_in():
            return await whencall(is_there, [PinnedCown(0)], [asyncio.get_running_loop()])

    assert run(main())


def test_what_workers_release_wakes_the_loop(run):
    async def main():
        p, c = PinnedCown([]), Cown(0)

        def count(c):
            c.value += 1

        def take(p, c):
            p.value.append(c.value)

        results = []
        with pump_in():
            for _ in range(20):
                whencall(count, [c], [])
                results.append(whencall(take, [p, c], []))
            await asyncio.gather(*results)
        return p.value

    assert run(main()) == list(range(1, 21))


def test_a_loop_with_nothing_to_pump_does_not_pump(monkeypatch):
    calls = []
    monkeypatch.setattr(_pumping, "pump", lambda **bounds: calls.append(bounds))

    async def main():
        PinnedCown(0)
        with pump_in():
            await when()(lambda: 1)
            for _ in range(100):
                await asyncio.sleep(0)
            await asyncio.sleep(0.05)

    asyncio.run(main())
    assert calls == []


def test_other_callbacks_have_their_turn(run, monkeypatch):
    """Each body takes longer than a slice: so there is one for each."""
    monkeypatch.setattr(_pumping, "SLICE_MS", 1)
    rounds, seen = [0], []

    def look(p):
        spin(p, 0.002)
        seen.append(rounds[0])

    async def main():
        p = PinnedCown(0)
        results = [whencall(look, [p], []) for _ in range(10)]
        with pump_in():
            while not all(result.done() for result in results):
                rounds[0] += 1
                await asyncio.sleep(0)

    run(main())
    assert len(seen) == len(set(seen)) == 10


def test_an_exception_stays_with_the_result(run):
    async def main():
        p = PinnedCown([])
        with pump_in():
            failed, after = whencall(fail, [p], []), whencall(append, [p], [1])
            assert await after == [1]
            with pytest.raises(ValueError, match="no"):
                await failed

    run(main())


def test_keyboard_interrupt_ends_the_loop_and_loses_nothing(run):
    p = PinnedCown([])
    told = []

    async def main():
        with pump_in():
            told.append(whencall(interrupt, [p], []))
            told.append(whencall(append, [p], [1]))
            await asyncio.sleep(60)

    with pytest.raises(KeyboardInterrupt):
        run(main())
    assert told[1].get() == [1]
    with pytest.raises(KeyboardInterrupt):
        told[0].get()


def test_the_rest_runs_in_a_loop_that_goes_on():
    p = PinnedCown([])
    loop = asyncio.new_event_loop()
    with pump_in(loop):
        whencall(interrupt, [p], [])
        result = whencall(append, [p], [1])
        with pytest.raises(KeyboardInterrupt):
            loop.run_forever()

        async def main():
            return await result

        assert loop.run_until_complete(main()) == [1]
    loop.close()


def test_ctrl_c_in_a_body():
    done = run_script(
        """
        import asyncio, signal
        from bocpy import PinnedCown, wait, whencall
        from bocpy.integrations.asyncio import pump_in

        def stop(p):
            signal.raise_signal(signal.SIGINT)
            return 1

        async def main():
            with pump_in():
                whencall(stop, [PinnedCown(0)], [])
                await asyncio.sleep(60)

        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            print("stopped")
        """
    )
    assert (done.stdout, done.returncode) == ("stopped\n", 0), done.stderr


def test_loops_one_after_the_other(run):
    """The first is not even closed here; it is, of course, as a loop."""
    p = PinnedCown([])
    loops = []

    async def main(n):
        loops.append(weakref.ref(asyncio.get_running_loop()))
        pump_in()
        return await whencall(append, [p], [n])

    for n in range(4):
        assert run(main(n)) == list(range(n + 1))
    assert len(_pumping._open) == 1
    gc.collect()
    assert [ref() is None for ref in loops[:-1]] == [True, True, True]


def test_what_is_ready_before_is_run():
    p = PinnedCown([])
    result = whencall(append, [p], [1])

    async def main():
        with pump_in():
            return await result

    assert asyncio.run(main()) == [1]


def test_what_a_closed_loop_left_is_run_by_the_next():
    p = PinnedCown([])

    async def leaves():
        pump_in()
        return whencall(append, [p], [1])

    result = asyncio.run(leaves())

    async def main():
        with pump_in():
            return await result

    assert asyncio.run(main()) == [1]


def test_a_loop_is_closed_with_pinned_work():
    check_script(
        """
        import asyncio
        from bocpy import PinnedCown, wait, whencall
        from bocpy.integrations.asyncio import pump_in

        loop = asyncio.new_event_loop()
        pump_in(loop)
        loop.close()
        for _ in range(3):
            whencall(lambda p: print("pinned"), [PinnedCown(0)], [])
            wait()
        """,
        "pinned\npinned\npinned",
    )


def test_wait_ends_the_workers_and_the_loop_goes_on(run):
    async def main():
        p = PinnedCown([])
        with pump_in():
            assert await whencall(append, [p], [1]) == [1]
            wait()
            assert await whencall(append, [p], [2]) == [1, 2]
            whencall(append, [p], [3])
            wait()
            # The loop has been woken for it, and finds no workers.
            await asyncio.sleep(0)
            return p.value

    assert run(main()) == [1, 2, 3]


def test_waiting_in_the_loop(run):
    async def main():
        p = PinnedCown([])
        with pump_in():
            assert whencall(append, [p], [1]).get() == [1]
            return await whencall(append, [p], [2])

    assert run(main()) == [1, 2]


@pytest.mark.parametrize("first_out", [0, 1])
def test_two_in_one_loop(run, first_out):
    async def main():
        p = PinnedCown([])
        both = [pump_in(), pump_in()]
        both[first_out].close()
        both[first_out].close()
        assert await whencall(append, [p], [1]) == [1]
        both[1 - first_out].close()
        result = whencall(append, [p], [2])
        await asyncio.sleep(0.01)
        return result.done()

    assert not run(main())


def test_the_hook_of_the_program_comes_back():
    def mine():
        pass

    async def main():
        with pump_in():
            return 1

    set_pump_notify(mine)
    asyncio.run(main())
    assert set_pump_notify(None) is mine


def test_the_program_takes_the_hook_meanwhile():
    def mine():
        pass

    async def main():
        with pump_in():
            set_pump_notify(mine)

    asyncio.run(main())
    assert set_pump_notify(None) is mine


def test_the_hook_of_the_program_is_told_when_the_loop_has_ended():
    told = threading.Event()
    set_pump_notify(told.set)

    async def main():
        pump_in()

    asyncio.run(main())
    whencall(append, [PinnedCown([])], [1])
    assert told.wait(60)


def test_not_in_a_loop():
    with pytest.raises(RuntimeError, match="in no running event loop"):
        pump_in()


def test_a_closed_loop_is_refused():
    loop = asyncio.new_event_loop()
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        pump_in(loop)


def test_a_loop_in_another_thread_is_refused():
    async def main():
        with pytest.raises(RuntimeError, match="main thread, and this event loop is in the thread 'other'"):
            pump_in()
        return True

    found = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(main())), name="other")
    thread.start()
    thread.join()
    assert found == [True]


def test_a_loop_that_runs_in_another_thread_is_refused():
    loop = asyncio.new_event_loop()
    runs = threading.Event()
    loop.call_soon(runs.set)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runs.wait()
    with pytest.raises(RuntimeError, match="this event loop runs in another"):
        pump_in(loop)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_the_watchdogs_error_reaches_the_loop():
    set_pump_watchdog(None, raise_ms=1)
    found = []

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: found.append(str(context["exception"])))
        p = PinnedCown([])
        with pump_in():
            result = whencall(append, [p], [1])
            time.sleep(0.02)
            return await result

    try:
        assert asyncio.run(main()) == [1]
    finally:
        set_pump_watchdog(None)
    (message,) = found
    assert "without a pump" in message


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")
def test_a_fork_leaves_the_loop_behind():
    check_script(
        """
        import asyncio, os, sys
        from bocpy import PinnedCown, quiesce, set_pump_notify, whencall
        from bocpy.integrations import _pumping
        from bocpy.integrations.asyncio import pump_in

        async def main():
            with pump_in():
                quiesce()
                child = os.fork()
                if child == 0:
                    untold = set_pump_notify(None) is None and not _pumping._open
                    os._exit(0 if untold else 1)
                print(os.waitpid(child, 0)[1])
                print(await whencall(lambda p: p.value, [PinnedCown(5)], []))

        asyncio.run(main())
        """,
        "0\n5",
    )


def test_in_a_notebook():
    """The loop of the kernel, which goes on when a cell has ended."""
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    import nbformat

    cells = [
        "from bocpy import PinnedCown, wait, when",
        "from bocpy.integrations.asyncio import pump_in",
        "pumping = pump_in()",
        "p = PinnedCown([])",
        "@when(p)\ndef shown(p):\n    p.value.append(1)\n    return 'shown'",
        "print(await shown)",
        "@when(p)\ndef later(p):\n    p.value.append(2)",
        "import asyncio\nwhile not later.done():\n    await asyncio.sleep(0.001)\nprint(p.value)",
        "pumping.close()\nwait()",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(book, timeout=100, kernel_name="python3").execute()
    printed = [output.text for cell in book.cells for output in cell.outputs if output.name == "stdout"]
    assert printed == ["shown\n", "[1, 2]\n"]
