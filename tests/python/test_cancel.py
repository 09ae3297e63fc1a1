"""``Cown.cancel``: behaviors that do not run."""

import asyncio
import threading
from concurrent.futures import CancelledError

import bocpy
from bocpy import Cown, quiesce, start, wait, when, whencall
from support import check_script, error_of, interpreters_only, outcome, pytest


def hold(c, handshake):
    handshake.arrive()
    return "held"


def append(c, n):
    c.value.append(n)
    return n


def test_a_behavior_that_waits_does_not_run(handshake):
    c = Cown([])
    held = whencall(hold, [c], [handshake])
    handshake.await_arrival()
    results = [whencall(append, [c], [n]) for n in range(4)]
    assert results[1].cancel() is True
    assert results[3].cancel() is True
    assert results[1].cancel() is True  # twice
    handshake.let_go()
    assert [results[0].get(), results[2].get()] == [0, 2]
    assert c.get() == [0, 2]
    assert held.get() == "held"
    for result in (results[1], results[3]):
        with pytest.raises(CancelledError, match="append.*cancelled"):
            result.get()
        assert isinstance(error_of(result), CancelledError)
        assert result.cancel() is True  # still


def test_the_value_is_there_at_once(handshake):
    c = Cown([])
    whencall(hold, [c], [handshake])
    handshake.await_arrival()
    result = whencall(append, [c], [1])
    assert not result.done()
    assert result.cancel()
    assert result.done()
    for look in (result.get, result.peek, lambda: asyncio.run(waits(result))):
        with pytest.raises(CancelledError):
            look()
    handshake.let_go()
    assert c.get() == []


async def waits(cown):
    return await cown


def test_what_comes_after_sees_it(handshake):
    c = Cown([])
    whencall(hold, [c], [handshake])
    handshake.await_arrival()
    result = whencall(append, [c], [1])

    @when(result)
    def after(result):
        return result.exception, type(result.value).__name__

    assert result.cancel()
    handshake.let_go()
    assert after.get() == (True, "CancelledError")


def test_too_late(handshake):
    c = Cown([])
    running = whencall(hold, [c], [handshake])
    handshake.await_arrival()
    assert running.cancel() is False
    handshake.let_go()
    assert running.get() == "held"
    assert running.cancel() is False
    assert running.unwrap() == "held"
    failed = when()(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        failed.get()
    assert failed.cancel() is False


def test_a_cown_that_is_no_result():
    c = Cown(1)
    assert c.cancel() is False
    assert c.get() == 1


def test_the_answer_is_exact():
    # Workers begin behaviors all the time. What is said to be cancelled has not run, and all else has.
    start(2)
    results = []
    answers = []

    def run(n):
        return n

    for n in range(600):
        results.append(whencall(run, [], [n]))
        answers.append(results[-1].cancel())
    quiesce()
    for n, (result, cancelled) in enumerate(zip(results, answers, strict=True)):
        if cancelled:
            assert isinstance(error_of(result), CancelledError)
        else:
            assert outcome(result) == n


def test_several_threads_cancel_the_same(handshake):
    c = Cown([])
    whencall(hold, [c], [handshake])
    handshake.await_arrival()
    results = [whencall(append, [c], [n]) for n in range(50)]
    answers = []

    def cancel_all():
        answers.append([result.cancel() for result in results])

    threads = [threading.Thread(target=cancel_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handshake.let_go()
    assert answers == [[True] * 50] * 4
    assert c.get() == []


def test_from_a_behavior(handshake):
    c = Cown([])
    whencall(hold, [c], [handshake])
    handshake.await_arrival()
    result = whencall(append, [c], [1])
    assert when()(lambda: result.cancel()).get() is True
    handshake.let_go()
    with pytest.raises(CancelledError):
        result.get()


def test_a_behavior_cannot_cancel_itself():
    box = Cown([])
    with box:
        result = when(box)(lambda box: box.value[0].cancel())
        box.value.append(result)
    assert result.get() is False


def test_a_worker_cancels_what_another_runs(crew, handshake):
    one, other = crew.start(2)
    first = crew.begin(one, handshake.arrive)
    handshake.await_arrival()
    second = crew.begin(other, lambda: (handshake.arrive(), first.cancel())[1])
    handshake.await_arrival()
    handshake.let_go(2)
    crew.await_return(one, other)
    crew.dismiss()
    assert (first.get(), second.get()) == (None, False)


def test_the_captures_and_cowns_are_let_go(handshake):
    c, inner = Cown([]), Cown("kept")
    whencall(hold, [c], [handshake])
    handshake.await_arrival()
    result = when(c, inner)(lambda c, inner, more=inner: None)
    assert result.cancel()
    handshake.let_go()
    assert inner.get() == "kept"
    assert when(inner, c)(lambda inner, c: inner.value).get() == "kept"


def test_a_cancelled_result_is_not_reported():
    check_script(
        """
        import os
        from bocpy import Cown, wait, when
        reading, writing = os.pipe()
        c = Cown(1)

        @when(c)
        def first(c):
            os.read(reading, 1)

        @when(c)
        def second(c):
            print("ran")

        print(second.cancel())
        os.write(writing, b".")
        wait()
        """,
        "True",
    )


def test_after_the_workers_have_ended():
    result = when()(lambda: 1)
    wait()
    assert result.cancel() is False
    assert result.get() == 1


def test_the_error_is_exported():
    assert bocpy.CancelledError is CancelledError


@interpreters_only
def test_a_worker_that_is_blocked_outside_python(handshake):
    # The cancelling thread has to enter its interpreter, which it can.
    c = Cown([])
    whencall(hold, [c], [handshake])
    handshake.await_arrival()
    assert whencall(append, [c], [1]).cancel()
    handshake.let_go()
