"""``await cown`` in asyncio, trio and anyio."""

import asyncio
import gc
import os
import sys
import threading
import weakref
from contextvars import ContextVar

from bocpy import Cown, quiesce, wait, when, whencall
from support import check_script, error_of, outcome, pytest, run_script


async def all_of(cowns):
    return await asyncio.gather(*cowns)


def hold(c, handshake):
    handshake.arrive()


def test_await_gives_the_result():
    async def main():
        result = when()(lambda: {"a": [1]})
        return await result, await result

    assert asyncio.run(main()) == ({"a": [1]}, {"a": [1]})


def test_await_of_a_free_cown():
    async def main():
        return await Cown(7)

    assert asyncio.run(main()) == 7


def test_the_loop_goes_on_meanwhile(handshake):
    async def main():
        result = whencall(hold, [Cown(1)], [handshake])
        handshake.await_arrival()

        async def release():
            handshake.let_go()

        value, _ = await asyncio.gather(result, release())
        return value

    assert asyncio.run(main()) is None


def test_ten_thousand_at_once():
    async def main():
        c = Cown(0)

        def step(c, n):
            c.value += 1
            return n

        cowns = [whencall(step, [c], [n]) for n in range(10_000)]
        before = threading.active_count()
        tasks = [asyncio.ensure_future(cown) for cown in cowns]
        await asyncio.sleep(0)
        assert threading.active_count() == before
        assert await asyncio.gather(*tasks) == list(range(10_000))
        return await c

    assert asyncio.run(main()) == 10_000


def test_await_raises_the_exception():
    async def main():
        @when()
        def result():
            raise KeyError("no", 1)

        with pytest.raises(KeyError) as caught:
            await result
        assert caught.value.args == ("no", 1)
        with pytest.raises(KeyError):
            await result

    asyncio.run(main())


@pytest.mark.parametrize("error", [StopIteration, StopAsyncIteration, asyncio.CancelledError, GeneratorExit])
def test_await_of_an_exception_that_means_something_to_loops(error):
    async def main():
        @when()
        def result():
            raise error("odd")

        try:
            await result
        except BaseException as caught:
            return type(caught), type(caught.__cause__)

    seen = asyncio.run(main())
    assert seen == (RuntimeError, StopIteration) if error is StopIteration else seen[0] is error


def test_a_cancelled_await_leaves_the_cown_usable(handshake):
    c = Cown([1])

    async def main():
        whencall(hold, [c], [handshake])
        handshake.await_arrival()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(c, 0.01)
        task = asyncio.ensure_future(c)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        other = asyncio.ensure_future(c)
        await asyncio.sleep(0)
        handshake.let_go()
        return await other

    assert asyncio.run(main()) == [1]
    assert outcome(c) == [1]


def test_a_loop_that_is_closed_before_the_result_comes(handshake):
    c = Cown(1)

    async def main():
        whencall(hold, [c], [handshake])
        handshake.await_arrival()
        task = asyncio.ensure_future(c)
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(main())
    handshake.let_go()
    assert c.get() == 1


def test_loops_in_several_threads(handshake):
    c = Cown(1)
    whencall(hold, [c], [handshake])
    handshake.await_arrival()
    got = []

    async def main():
        return await c

    threads = [threading.Thread(target=lambda: got.append(asyncio.run(main()))) for _ in range(5)]
    for thread in threads:
        thread.start()
    handshake.let_go()
    for thread in threads:
        thread.join()
    assert got == [1] * 5


def test_a_loop_is_not_kept_alive():
    async def main():
        assert await when()(lambda: 1) == 1
        return weakref.ref(asyncio.get_running_loop())

    loop = asyncio.run(main())
    quiesce()
    gc.collect()
    assert loop() is None


def test_loops_that_are_closed_before_the_result_comes_go():
    check_script(
        """
        import asyncio, gc, os, weakref
        from bocpy import Cown, wait, when
        gate = Cown(0)

        async def waits(result):
            task = asyncio.ensure_future(result)
            await asyncio.sleep(0)
            loops.append(weakref.ref(asyncio.get_running_loop()))

        loops = []
        with gate:
            results = [when(gate)(lambda gate: [1]) for _ in range(50)]
            for result in results:
                asyncio.run(waits(result))
        assert [result.get() for result in results] == [[1]] * 50
        with gate:
            asyncio.run(waits(when(gate)(lambda gate: 1)))  # forgets what has come for the others
        del results, result
        wait()
        gc.collect()
        print(sum(loop() is not None for loop in loops[:50]))
        """,
        "0",
    )


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="this counts in /proc")
def test_loops_leave_no_descriptors():
    async def main():
        return await all_of([when()(lambda: 1) for _ in range(5)])

    asyncio.run(main())
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        asyncio.run(main())
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before + 2


class Unwatching(asyncio.SelectorEventLoop):
    """As the loop that is the default on Windows."""

    def add_reader(self, *_):
        raise NotImplementedError


@pytest.mark.skipif(sys.platform == "win32", reason="there, asyncio itself needs add_reader for this loop")
def test_a_loop_that_cannot_watch_descriptors(handshake):
    c = Cown([1])

    async def main():
        whencall(hold, [c], [handshake])
        handshake.await_arrival()
        tasks = [asyncio.ensure_future(c) for _ in range(100)]
        await asyncio.sleep(0)
        handshake.let_go()
        return await asyncio.gather(*tasks, when()(lambda: 2))

    loop = Unwatching()
    try:
        assert loop.run_until_complete(main()) == [[1]] * 100 + [2]
    finally:
        loop.close()


def test_the_context_of_a_task_does_not_live_as_long_as_the_loop(handshake):
    c, variable = Cown(1), ContextVar("variable")

    class Big:
        pass

    async def first():
        big = Big()
        variable.set(big)
        task = asyncio.ensure_future(c)
        await asyncio.sleep(0)
        handshake.let_go()
        await task
        return weakref.ref(big)

    async def main():
        whencall(hold, [c], [handshake])
        handshake.await_arrival()
        big = await asyncio.ensure_future(first())
        await asyncio.sleep(0)
        gc.collect()
        return big()

    assert asyncio.run(main()) is None


def test_await_in_a_behavior_is_refused():
    c = Cown(1)

    @when()
    def result():
        import asyncio

        async def main():
            return await c

        return asyncio.run(main())

    error = error_of(result)
    assert isinstance(error, RuntimeError)
    assert "await cannot be used inside a behavior" in str(error) and "@when(result)" in str(error)


def test_await_without_a_loop_is_refused(handshake):
    c = Cown(1)
    whencall(hold, [c], [handshake])
    handshake.await_arrival()

    async def main():
        return await c

    coroutine = main()
    with pytest.raises(RuntimeError, match="asyncio or trio"):
        coroutine.send(None)
    handshake.let_go()


def test_a_task_of_a_cown():
    async def main():
        task = asyncio.ensure_future(when()(lambda: 3))
        done, _ = await asyncio.wait({task})
        return done.pop().result()

    assert asyncio.run(main()) == 3


def test_await_after_wait():
    result = when()(lambda: 5)
    wait()

    async def main():
        return await result

    assert asyncio.run(main()) == 5


def test_a_program_that_only_awaits():
    done = run_script(
        """
        import asyncio
        from bocpy import Cown, when

        async def main():
            c = Cown(0)

            def add(c, n):
                c.value += n

            for n in range(100):
                await when(c)(lambda c, n=n: add(c, n))
            print(await c)

        asyncio.run(main())
        """
    )
    assert (done.stdout, done.stderr, done.returncode) == ("4950\n", "", 0)


def test_debug_mode():
    async def main():
        return await all_of([when()(lambda n=n: n) for n in range(100)])

    assert asyncio.run(main(), debug=True) == list(range(100))


# -- trio and anyio


def test_trio(handshake):
    trio = pytest.importorskip("trio")
    c = Cown([1])

    async def main():
        assert await when()(lambda: 5) == 5
        assert await Cown(7) == 7
        failed = when()(lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await failed
        whencall(hold, [c], [handshake])
        handshake.await_arrival()
        with trio.move_on_after(0.01) as scope:
            await c
        assert scope.cancelled_caught
        got = []

        async def waits():
            got.append(await c)

        async with trio.open_nursery() as nursery:
            for _ in range(1000):
                nursery.start_soon(waits)
            await trio.lowlevel.checkpoint()
            handshake.let_go()
        assert got == [[1]] * 1000

    trio.run(main)
    assert outcome(c) == [1]


def test_a_trio_that_ends_before_the_result_comes(handshake):
    trio = pytest.importorskip("trio")
    c = Cown(1)

    async def main():
        whencall(hold, [c], [handshake])
        handshake.await_arrival()
        with trio.move_on_after(0.01):
            await c

    trio.run(main)
    handshake.let_go()
    assert c.get() == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio(backend):
    anyio = pytest.importorskip("anyio")
    pytest.importorskip(backend)

    async def main():
        got = []

        async def one(n):
            got.append(await when()(lambda: n))

        async with anyio.create_task_group() as group:
            for n in range(100):
                group.start_soon(one, n)
        return sorted(got)

    assert anyio.run(main, backend=backend) == list(range(100))


def test_uvloop(handshake):
    uvloop = pytest.importorskip("uvloop")

    async def main():
        return await all_of([when()(lambda n=n: n) for n in range(100)])

    loop = uvloop.new_event_loop()
    try:
        assert loop.run_until_complete(main()) == list(range(100))
    finally:
        loop.close()
