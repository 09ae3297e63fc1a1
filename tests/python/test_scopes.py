"""Scopes: a `with` block that waits for its own behaviors."""

import contextvars
import gc
import threading
import time
import weakref

import bocpy
from bocpy import Cown, Scope, quiesce, receive, scope, send, wait, when, whencall
from support import error_of, pytest, run_script
from support.groups import BaseExceptionGroup, ExceptionGroup


@pytest.fixture
def told(monkeypatch):
    """What has been reported to `threading.excepthook`."""
    found = []
    monkeypatch.setattr(threading, "excepthook", lambda args: found.append(str(args.exc_value)))
    return found


def value_of(cown):
    """The value of a cown that nobody else uses."""
    with cown:
        return cown.value


def test_the_end_waits_for_the_behaviors_of_the_block(handshake):
    seen = []
    waiter = threading.Timer(0, lambda: (handshake.await_arrival(), seen.append("runs"), handshake.let_go()))
    waiter.start()
    with scope():
        result = when()(handshake.arrive)
    assert seen == ["runs"]
    waiter.join()
    assert value_of(result) is None


def test_the_end_waits_for_nothing_else(handshake):
    other = when()(handshake.arrive)
    handshake.await_arrival()
    with scope():
        result = when()(lambda: 7)
    assert value_of(result) == 7
    assert not bocpy._core._in_flight() == 0
    handshake.let_go()
    quiesce()
    assert value_of(other) is None


def test_cowns_are_free_when_the_block_has_ended():
    c = Cown(0)
    for turn in range(2000):
        with scope():

            @when(c)
            def _(c):
                c.value += 1

        with c:
            assert c.value == turn + 1


def test_what_behaviors_schedule_in_turn_is_waited_for():
    c = Cown(0)

    def step(c, left):
        c.value += 1
        if left:
            whencall(step, [c], [left - 1])

    with scope():
        whencall(step, [c], [500])
    assert value_of(c) == 501


def test_an_empty_scope():
    with scope() as s:
        pass
    assert repr(s) == "<bocpy.Scope, ended, 0 in flight>"


def test_an_inner_scope_counts_in_the_outer_one(handshake):
    order = []
    with scope() as outer:
        with scope() as inner:
            when()(lambda: None)
        order.append((outer.pending, inner.pending))
        with pytest.raises(TimeoutError), scope(timeout=0):
            when()(handshake.arrive)
            handshake.await_arrival()
        assert outer.pending == 1
        handshake.let_go()
    assert order == [(0, 0)]
    assert outer.pending == 0


def test_when_of_a_scope_from_a_thread_that_is_in_none():
    c = Cown(0)

    def add(c):
        c.value += 1

    def work(s):
        for _ in range(100):
            s.when(c)(add)
            s.whencall(add, [c])

    with scope() as s:
        threads = [threading.Thread(target=work, args=(s,), daemon=True) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert value_of(c) == 600


def test_a_handle_travels_to_behaviors_in_every_way():
    kept = Cown(None)
    counted = Cown(0)

    def count(c):
        c.value += 1

    with scope() as s:
        kept = Cown([s, {"scope": s}])

        @when(kept)
        def _(kept, counted=counted):
            first, second = kept.value
            first.when(counted)(count)
            second["scope"].when(counted)(count)

        @when()
        def _(s=s):
            return s.whencall(count, [counted])

        send("scope", s)
        receive("scope")[1].when(counted)(count)
        result = when()(lambda: s)
    assert value_of(counted) == 4
    assert value_of(result) == s
    assert type(value_of(result)) is Scope
    assert hash(value_of(result)) == hash(s)


def test_a_behavior_outside_can_schedule_into_a_scope(handshake):
    """It is waited for, too, though the behavior that has scheduled it is not."""
    c = Cown(0)
    with scope() as s:
        inside = when()(handshake.arrive)
        handshake.await_arrival()
        threading.Thread(target=_from_outside, args=(s, c), daemon=True).start()
        assert receive("scheduled", 60)[0] == "scheduled"
        handshake.let_go()
    assert value_of(c) == 1
    assert value_of(inside) is None


def _from_outside(s, c):
    def add(c):
        c.value += 1

    @when()
    def _():
        s.when(c)(add)
        send("scheduled", None)


def test_nothing_is_counted_for_behaviors_outside_of_scopes(handshake):
    with scope() as s:
        pass
    when()(handshake.arrive)
    handshake.await_arrival()
    assert s.pending == 0
    with scope() as other:
        assert other.pending == 0
    handshake.let_go()


def test_each_thread_is_in_its_own_scope():
    barrier = threading.Barrier(2)
    found = {}

    def work(name):
        with scope(name=name) as s:
            barrier.wait(60)
            when()(lambda: None)
            barrier.wait(60)
            found[name] = s
            barrier.wait(60)

    threads = [threading.Thread(target=work, args=(name,), daemon=True) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(found) == ["a", "b"]
    assert found["a"] != found["b"]


def test_wait_within_the_block():
    with scope():
        first = when()(lambda: 1)
        wait()
        assert first.unwrap() == 1
        second = when()(lambda: 2)
        quiesce()
        assert second.unwrap() == 2
    with scope():
        third = when()(lambda: 3)
    assert value_of(third) == 3


def test_the_context_of_the_program_is_as_it_was():
    before = list(contextvars.copy_context())
    with scope():
        assert len(contextvars.copy_context()) == len(before) + 1
        with scope():
            pass
    assert list(contextvars.copy_context()) == before


def test_context_variables_travel_as_without_a_scope():
    # pytest has set some.
    contextvars.Context().run(_context_variables)


def _context_variables():
    with scope():
        alone = when()(lambda: len(contextvars.copy_context()))
        token = VARIABLE.set("set")
        both = when()(lambda: (VARIABLE.get(), [v.name for v in contextvars.copy_context()]))
        VARIABLE.reset(token)
    assert value_of(alone) == 0
    value, names = value_of(both)
    assert value == "set"
    assert "VARIABLE" in names


VARIABLE = contextvars.ContextVar("VARIABLE", default="unset")


# --- failures ---


def fails(text):
    def body(*_):
        raise ValueError(text)

    return body


def messages(group):
    return sorted(str(error) for error in group.exceptions)


def test_failures_are_raised_together_at_the_end(told):
    with pytest.raises(ExceptionGroup) as raised, scope(name="mine"):
        for text in ("one", "two"):
            when()(fails(text))
        when()(lambda: "fine")
    assert messages(raised.value) == ["one", "two"]
    assert {type(error) for error in raised.value.exceptions} == {ValueError}
    assert raised.value.message == "behaviors of the scope 'mine' have failed"
    wait()
    assert told == []


def test_a_failure_has_its_traceback():
    with pytest.raises(ExceptionGroup) as raised, scope():
        when()(fails("here"))
    frames = []
    trace = raised.value.exceptions[0].__traceback__
    while trace is not None:
        frames.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert frames == ["body"]


def test_a_failure_that_somebody_has_looked_at_is_not_raised(told):
    with scope() as s:
        result = when()(fails("seen"))

        @when(result)
        def seen(result):
            return str(result.value) if result.exception else None

    assert value_of(seen) == "seen"
    assert s.pending == 0
    wait()
    assert told == []


def test_wait_within_the_block_leaves_failures_to_the_scope(told):
    with pytest.raises(ExceptionGroup) as raised, scope():
        kept = when()(fails("kept"))
        looked_at = when()(fails("looked at"))
        wait()
        with looked_at:
            assert looked_at.exception
    assert messages(raised.value) == ["kept"]
    del kept
    wait()
    assert told == []


def test_an_inner_scope_raises_its_own_failures_and_the_outer_one_no_more():
    with scope():
        with pytest.raises(ExceptionGroup) as raised, scope():
            when()(fails("inner"))
        assert messages(raised.value) == ["inner"]


def test_failures_of_what_a_behavior_schedules_in_turn():
    def first():
        when()(fails("second"))

    with pytest.raises(ExceptionGroup) as raised, scope():
        when()(first)
    assert messages(raised.value) == ["second"]


def test_an_exception_that_exits_is_in_a_base_group():
    def leave():
        raise SystemExit(3)

    with pytest.raises(BaseExceptionGroup) as raised, scope():
        when()(leave)
        when()(fails("too"))
    assert {type(error) for error in raised.value.exceptions} == {SystemExit, ValueError}


def test_an_exception_of_the_block_goes_on_as_itself():
    with pytest.raises(KeyError, match="mine"), scope():
        when()(lambda: None)
        raise KeyError("mine")


def test_an_exception_of_the_block_drops_what_has_not_begun_and_waits_for_what_runs(handshake):
    c = Cown("before")
    error = KeyError("mine")
    s = scope()

    def let_go():
        while not s.cancelled:
            time.sleep(0.001)
        handshake.let_go()

    threading.Thread(target=let_go, daemon=True).start()
    with pytest.raises(KeyError) as raised, s:

        @when(c)
        def running(c):
            handshake.arrive()
            c.value = "ran"

        @when(c)
        def dropped(c):
            c.value = "dropped"

        handshake.await_arrival()
        raise error
    assert raised.value is error
    assert s.cancelled
    assert value_of(c) == "ran"
    assert type(value_of(dropped)) is bocpy.CancelledError
    assert value_of(running) is None


def test_an_exception_of_the_block_and_failures_are_a_group():
    error = KeyError("mine")
    with pytest.raises(ExceptionGroup) as raised, scope():
        result = when()(fails("too"))
        when(result)(lambda r: None)
        quiesce()
        raise error
    assert raised.value.exceptions[0] is error
    assert [str(e) for e in raised.value.exceptions[1:]] == ["too"]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_the_program_goes_through_as_it_is_and_failures_are_reported(kind, told):
    with pytest.raises(kind), scope():
        result = when()(fails("told"))
        quiesce()
        raise kind
    assert told == []
    wait()
    assert told == ["told"]
    del result


def test_the_same_where_the_result_has_died_before(told):
    with pytest.raises(KeyboardInterrupt), scope():
        when()(fails("told"))
        quiesce()
        raise KeyboardInterrupt
    wait()
    assert told == ["told"]


def test_a_scope_that_is_never_left_reports_its_failures(told):
    s = scope()
    contextvars.copy_context().run(s.__enter__)
    s.when()(fails("told"))
    quiesce()
    assert told == []
    del s
    gc.collect()
    wait()
    assert told == ["told"]


@pytest.mark.parametrize("keeps", ["", "result = "])
def test_a_scope_that_is_open_at_the_end_of_the_program_reports_its_failures(keeps):
    source = f"""
    from bocpy import scope, when

    s = scope()
    s.__enter__()
    {keeps}when()(lambda: 1 / 0)
    """
    done = run_script(source)
    assert done.stderr.count("ZeroDivisionError: division by zero") == 1, done
    assert "cannot be shown" not in done.stderr, done


def test_a_scope_that_is_never_left_does_not_leak():
    def enter():
        kept = contextvars.copy_context()
        s = scope()
        kept.run(s.__enter__)
        return weakref.ref(s)

    found = enter()
    gc.collect()
    assert found() is None
    assert not bocpy._core._in_flight()


def test_many_failures_that_are_looked_at():
    """The scope forgets those that somebody has looked at."""

    def look(result):
        return result.exception

    with scope():
        for _ in range(2000):
            when(when()(fails("seen")))(look)


# --- errors ---


def test_a_scope_is_entered_once():
    s = scope(name="once")
    with s, pytest.raises(RuntimeError, match="scope 'once' has been entered already: make one"), s:
        pass
    with pytest.raises(RuntimeError, match="has been entered already"), s:
        pass


def test_a_scope_is_left_once_and_only_after_it_was_entered():
    s = scope()
    with pytest.raises(RuntimeError, match="the scope has not been entered: write `with"):
        s.__exit__(None, None, None)
    with s:
        pass
    with pytest.raises(RuntimeError, match="the scope has ended already"):
        s.__exit__(None, None, None)


def test_nothing_is_scheduled_into_a_scope_before_it_is_entered_and_after_its_end():
    s = scope(name="mine")
    with pytest.raises(RuntimeError, match=r"into the scope 'mine' before it is entered.*with scope\(\) as s:"):
        s.when()(lambda: None)
    with s:
        pass
    with pytest.raises(RuntimeError, match="into the scope 'mine' any more, as its `with` block has ended"):
        s.whencall(lambda: None, [])


def test_a_scope_in_a_behavior():
    def body():
        with scope():
            pass

    text = str(error_of(when()(body)))
    assert "scope() cannot be used inside a behavior" in text
    assert "call its when()" in text


def test_a_scope_that_a_behavior_leaves():
    with scope() as s:
        result = when()(lambda: s.__exit__(None, None, None))

        @when(result)
        def text(result):
            return result.exception and str(result.value)

    assert "cannot be used inside a behavior" in value_of(text)


def test_a_scope_is_made_by_its_function_only():
    with pytest.raises(TypeError, match=r"write `with bocpy.scope\(\) as s:`"):
        Scope()
    with pytest.raises(TypeError):
        type("Mine", (Scope,), {})


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"timeout": "soon"}, TypeError, "must be a number of seconds"),
        ({"timeout": float("nan")}, ValueError, "NaN"),
        ({"limit": 0}, ValueError, "at least 1, not 0"),
        ({"limit": -(10**30)}, ValueError, "at least 1"),
        ({"limit": 1.5}, TypeError, "an int or None, not float"),
        ({"limit": True}, TypeError, "an int or None, not bool"),
        ({"name": 3}, TypeError, "a str or None, not int"),
        ({"size": 3}, TypeError, "unexpected keyword argument 'size'"),
    ],
)
def test_arguments_that_make_no_sense(arguments, error, text):
    with pytest.raises(error, match=text):
        scope(**arguments)


def test_what_a_scope_says_of_itself(handshake):
    s = scope(name="mine", limit=10**30, timeout=60)
    assert repr(s) == '<bocpy.Scope "mine", not entered, 0 in flight>'
    assert (s.name, s.limit, s.cancelled, s.pending) == ("mine", None, False, 0)
    with s:
        when()(handshake.arrive)
        handshake.await_arrival()
        assert repr(s) == '<bocpy.Scope "mine", open, 1 in flight>'
        assert s.pending == 1
        s.cancel()
        assert repr(s) == '<bocpy.Scope "mine", cancelled, 1 in flight>'
        handshake.let_go()
    assert repr(s) == '<bocpy.Scope "mine", ended, 0 in flight>'


def test_a_scope_cannot_be_pickled():
    import pickle

    with pytest.raises(TypeError, match="a Scope cannot be pickled"):
        pickle.dumps(scope())


def test_entered_in_one_thread_and_left_in_another():
    s = scope()
    s.__enter__()
    result = when()(lambda: 1)
    thread = threading.Thread(target=s.__exit__, args=(None, None, None), daemon=True)
    thread.start()
    thread.join(60)
    assert value_of(result) == 1
    # Here, the scope is still in the context; it has ended.
    after = when()(lambda: 2)
    quiesce()
    assert value_of(after) == 2
    assert s.pending == 0


def test_scopes_that_are_left_in_the_order_in_which_they_were_entered():
    c = Cown(0)
    first, second = scope(), scope()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    with c:
        when(c)(lambda c: None)
        pending = second.pending
    second.__exit__(None, None, None)
    assert pending == 1
    with c:
        when(c)(lambda c: None)
        pending = (first.pending, second.pending)
    quiesce()
    assert pending == (0, 0)


def test_a_generator_stays_in_its_scope_when_another_one_ends():
    c = Cown(0)

    def steps():
        with scope() as s:
            yield s
            when(c)(lambda c: None)
            yield s

    one, other = steps(), steps()
    next(one)
    s = next(other)
    one.close()
    with c:
        next(other)
        pending = s.pending
    other.close()
    assert pending == 1


def test_a_task_that_outlives_its_scope_is_in_the_one_around_it():
    with scope() as outer:
        with scope() as inner:
            context = contextvars.copy_context()
        result = context.run(lambda: when()(lambda: 5))
        quiesce()
        assert (value_of(result), inner.pending, outer.pending) == (5, 0, 0)


def test_a_child_of_a_fork_starts_clean():
    source = """
    import os, sys
    import bocpy
    from bocpy import PinnedCown, scope, start, wait, when

    start(2)
    c = PinnedCown(0)  # its behavior begins when the main thread waits: a fork waits for those that run
    with scope(name="parent's") as s:
        @when(c)
        def result(c):
            return "ran"

        child = os.fork()
        if child == 0:
            assert repr(s) == '<bocpy.Scope "parent\\'s", of the parent process, 0 in flight>', s
            try:
                s.when()(lambda: None)
            except RuntimeError as error:
                assert "entered before os.fork()" in str(error), error
            else:
                os._exit(3)
            mine = when()(lambda: "child")
            wait()
            assert mine.unwrap() == "child"
            with scope():
                mine = when()(lambda: "in a scope")
        else:
            _, status = os.waitpid(child, 0)
            assert os.waitstatus_to_exitcode(status) == 0, status
    if child == 0:
        with mine:
            assert mine.value == "in a scope"
        sys.exit(0)
    with result:
        print(result.value)
    """
    done = run_script(source)
    assert (done.stdout, done.stderr.count("Error"), done.returncode) == ("ran\n", 0, 0), done
