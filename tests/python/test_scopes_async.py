"""`async with bocpy.scope()`: waits while the event loop goes on."""

import asyncio
import threading

from bocpy import CancelledError, Cown, quiesce, scope, wait, when, whencall
from support import pytest
from support.groups import ExceptionGroup


def add(c):
    c.value += 1


def value_of(cown):
    with cown:
        return cown.value


def test_it_waits_while_the_loop_goes_on(handshake):
    async def main():
        async with scope() as s:
            result = when()(handshake.arrive)
            # Only the loop lets the behavior go on: after the block has begun to wait.
            asyncio.get_running_loop().call_later(0.01, handshake.let_go)
        return result, s

    result, s = asyncio.run(main())
    assert value_of(result) is None
    assert repr(s) == "<bocpy.Scope, ended, 0 in flight>"


def test_tasks_are_each_in_their_own_scope(handshake):
    async def one(name, count):
        c = Cown(0)
        async with scope(name=name) as s:
            for _ in range(count):
                whencall(add, [c])
                await asyncio.sleep(0)
            assert s.pending <= count
        return value_of(c)

    async def main():
        return await asyncio.gather(*(one(f"task {count}", count) for count in range(30)))

    assert asyncio.run(main()) == list(range(30))


def test_an_inner_scope_and_an_empty_one():
    async def main():
        async with scope() as outer:
            async with scope():
                result = when()(lambda: 1)
            assert outer.pending == 0
            async with scope():
                pass
            with scope():
                other = when()(lambda: 2)
        return value_of(result), value_of(other)

    assert asyncio.run(main()) == (1, 2)


def test_failures_are_raised_together():
    async def main():
        async with scope():
            when()(lambda: 1 / 0)
            when()(lambda: {}["missing"])

    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(main())
    assert {type(error) for error in raised.value.exceptions} == {ZeroDivisionError, KeyError}


def test_an_exception_of_the_block(handshake):
    c = Cown(0)

    async def main():
        async with scope() as s:
            when(c)(lambda c: handshake.arrive())
            handshake.await_arrival()
            behind.append(whencall(add, [c]))
            asyncio.get_running_loop().call_later(0.01, handshake.let_go)
            scopes.append(s)
            raise KeyError("mine")

    behind, scopes = [], []
    with pytest.raises(KeyError, match="mine"):
        asyncio.run(main())
    assert type(value_of(behind[0])) is CancelledError
    assert value_of(c) == 0
    assert scopes[0].cancelled


def test_a_task_that_is_cancelled_drops_what_has_not_begun(handshake):
    c = Cown(0)

    async def work(entered):
        async with scope() as s:
            when(c)(lambda c: handshake.arrive())
            handshake.await_arrival()
            behind.append(whencall(add, [c]))
            scopes.append(s)
            entered.set()

    async def main():
        entered = asyncio.Event()
        task = asyncio.create_task(work(entered))
        await entered.wait()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()

    behind, scopes = [], []
    asyncio.run(main())
    assert scopes[0].cancelled
    assert scopes[0].pending == 2
    handshake.let_go()
    quiesce()
    assert type(value_of(behind[0])) is CancelledError
    assert value_of(c) == 0


def test_a_timeout(handshake):
    async def main():
        async with scope(timeout=0.02, name="mine"):
            when()(handshake.arrive)
            handshake.await_arrival()

    with pytest.raises(TimeoutError, match="the scope 'mine' timed out: behaviors are still in flight"):
        asyncio.run(main())
    handshake.let_go()


@pytest.mark.skipif(not hasattr(asyncio, "timeout"), reason="Python 3.11")
def test_a_timeout_of_asyncio(handshake):
    async def main():
        async with asyncio.timeout(0.02):
            async with scope():
                when()(handshake.arrive)
                handshake.await_arrival()

    with pytest.raises(TimeoutError):
        asyncio.run(main())
    handshake.let_go()


def test_what_starts_again_when_it_was_empty():
    """A thread schedules more as soon as there is nothing left."""
    c = Cown(0)

    def feed(s):
        for _ in range(200):
            try:
                s.whencall(add, [c])
            except RuntimeError as error:
                assert "has ended" in str(error)
                return
            fed.append(1)

    fed = []

    async def main():
        async with scope() as s:
            thread = threading.Thread(target=feed, args=(s,))
            thread.start()
            await asyncio.sleep(0)
        thread.join()

    asyncio.run(main())
    assert value_of(c) == len(fed)


def test_asyncio_to_thread_is_in_the_scope():
    async def main():
        async with scope() as s:
            await asyncio.to_thread(lambda: [whencall(add, [c]) for _ in range(100)])
            seen.append(s)
        return value_of(c)

    c, seen = Cown(0), []
    assert asyncio.run(main()) == 100


def test_many_scopes_at_once():
    async def one(c):
        async with scope():
            whencall(add, [c])
        with c:
            return c.value

    async def main():
        return await asyncio.gather(*(one(Cown(0)) for _ in range(2000)))

    before = threading.active_count()
    assert set(asyncio.run(main())) == {1}
    assert threading.active_count() == before


def test_in_no_event_loop():
    s = scope()
    enter = s.__aenter__()
    with pytest.raises(StopIteration):
        enter.send(None)
    c = Cown(0)
    with c:
        whencall(add, [c])
        with pytest.raises(RuntimeError, match="no running event loop that bocpy knows"):
            s.__aexit__(None, None, None).send(None)
    wait()


def test_in_a_behavior():
    async def main():
        async with scope():
            pass

    @when()
    def result():
        asyncio.run(main())

    with pytest.raises(RuntimeError, match="cannot be used inside a behavior"):
        quiesce() or result.unwrap()


def test_in_trio(handshake):
    trio = pytest.importorskip("trio")

    async def main():
        async with scope() as s:
            result = when()(handshake.arrive)
            handshake.await_arrival()

            async def let_go():
                handshake.let_go()

            async with trio.open_nursery() as nursery:
                nursery.start_soon(let_go)
        with pytest.raises(TimeoutError):
            async with scope(timeout=0.01):
                late = when()(handshake.arrive)
                handshake.await_arrival()
        handshake.let_go()
        await late
        with trio.move_on_after(0.01) as cancelled:
            async with scope():
                when()(handshake.arrive)
                handshake.await_arrival()
        handshake.let_go()
        return value_of(result), s.pending, cancelled.cancelled_caught

    assert trio.run(main) == (None, 0, True)
