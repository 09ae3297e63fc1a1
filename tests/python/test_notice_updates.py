"""Updates of the noticeboard: functions that compute a new value from the old one."""

import contextvars
import decimal
import operator
import threading
from functools import partial

from bocpy import (
    REMOVED,
    Cown,
    notice_read,
    notice_sync,
    notice_update,
    notice_write,
    noticeboard,
    quiesce,
    start,
    wait,
    when,
)
from support import check_script, interpreters_only, outcome, pytest, run_script
from support.notices import empty_board, increment  # noqa: F401 (a fixture that all tests here use)


def appended(items, item):
    return [*items, item]


def remove(_):
    return REMOVED


def test_updates():
    notice_update("n", increment, 0)
    notice_update("n", partial(operator.add, 5))
    notice_update("n", lambda n: n * 10)
    notice_sync()
    assert notice_read("n") == 60
    notice_update("n", remove)
    notice_update("m", remove)
    notice_sync()
    assert dict(noticeboard()) == {}


def test_an_update_without_an_entry_gets_the_default():
    notice_update("a", lambda value: [value])
    notice_update("b", lambda value: [value], default="b")
    notice_sync()
    assert dict(noticeboard()) == {"a": [None], "b": ["b"]}


def test_updates_of_many_behaviors_are_all_counted():
    start(2)
    for c in [Cown(None) for _ in range(4)]:

        @when(c)
        def _(c):
            for _ in range(500):
                notice_update("count", increment, 0)

    assert wait(noticeboard=True) == {"count": 2000}


def test_updates_of_threads_and_behaviors_together():
    start(2)
    count = 300

    def many():
        for _ in range(count):
            notice_update("count", increment, 0)

    behaviors = [when()(many) for _ in range(3)]
    threads = [threading.Thread(target=many) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert quiesce(noticeboard=True) == {"count": 6 * count}
    assert [outcome(behavior) for behavior in behaviors] == [None] * 3


def test_changes_of_one_writer_are_applied_in_order():
    start(2)

    def body(key):
        for n in range(100):
            notice_write(key, [n])
            notice_update(key, partial(appended, item=n))

    for key in "abcd":
        when()(lambda key=key: body(key))
    assert wait(noticeboard=True) == {key: [99, 99] for key in "abcd"}


def test_the_function_of_an_update_has_its_globals_as_they_were():
    check_script(
        """
        from bocpy import notice_seed, notice_update, start, wait, when

        def plus(items, n):
            return [*items, n + base]

        start(2)
        base = 100
        notice_seed("all", [])
        for n in range(5):
            notice_update("all", lambda items: plus(items, n))

            @when()
            def _():
                notice_update("all", lambda items: plus(items, 10 * n))

        print(sorted(wait(noticeboard=True)["all"]))
        """,
        "[100, 100, 101, 102, 103, 104, 110, 120, 130, 140]",
    )


def loop_of_updates(n):
    """Posted by the main program, to be computed by a worker later; with the variable as it is now."""
    for i in range(n):
        notice_update("list", lambda before: before + [i], [])
    notice_sync()
    return notice_read("list")


def loop_of_partials(n):
    for i in range(n):
        notice_update("list", partial(lambda extra, before: before + [i] + extra, []), [])
    notice_sync()
    return notice_read("list")


def loop_of_helpers(n):
    for i in range(n):

        def helper(before):
            return before + [i]

        notice_update("list", lambda before: helper(before), [])
    notice_sync()
    return notice_read("list")


@pytest.mark.parametrize("loop", [loop_of_updates, loop_of_partials, loop_of_helpers])
def test_an_update_of_the_program_has_its_variables_as_they_were(loop):
    start(2)
    gate = Cown(None)
    with gate:
        when(gate)(lambda gate: None)
        assert loop(20) == list(range(20))


def test_an_update_whose_variable_is_unbound_later():
    start(2)
    step = 3
    notice_update("n", lambda n: n + step, 0)  # noqa: F821 (it is there now)
    del step
    notice_sync()
    assert notice_read("n") == 3


def push(items):
    items.append(1)
    return items


def test_an_update_gets_a_default_of_its_own():
    @when()
    def seen():
        default = []
        notice_update("a", push, default)
        notice_update("b", push, default)
        return default

    assert outcome(seen) == []
    default = []
    notice_update("c", push, default)
    notice_update("d", push, default)
    board = quiesce(noticeboard=True)
    assert (default, [board[key] for key in "abcd"]) == ([], [[1]] * 4)


# -- faults


def test_an_update_that_fails_leaves_the_entry_and_says_why():
    done = run_script(
        """
        from bocpy import notice_read, notice_seed, notice_sync, notice_update, wait, when

        def fails(value):
            raise ZeroDivisionError("no way")

        notice_seed("a", 1)

        @when()
        def _():
            notice_update("a", fails)
            notice_update("a", lambda a: a + 1)

        print(wait(noticeboard=True))
        """
    )
    assert done.stdout.strip() == "{'a': 2}"
    assert "notice_update('a') failed in 'fails', and the notice stays as it was" in done.stderr
    assert "ZeroDivisionError: no way" in done.stderr and 'raise ZeroDivisionError("no way")' in done.stderr


def test_an_update_that_raises_keyboardinterrupt_is_reported():
    source = """
        from bocpy import notice_read, notice_seed, notice_sync, notice_update, start, wait

        def interrupt(value):
            raise KeyboardInterrupt("of the update")

        start(1)
        notice_seed("n", 1)
        notice_update("n", interrupt)
        notice_sync()
        print(notice_read("n"))
        wait()
    """
    done = run_script(source)
    assert (done.stdout, done.returncode) == ("1\n", 0)
    assert "notice_update('n') failed in 'interrupt'" in done.stderr
    assert "KeyboardInterrupt: of the update" in done.stderr


@interpreters_only
def test_an_update_to_a_value_that_can_not_be_moved_leaves_the_entry():
    done = run_script(
        """
        import threading
        from bocpy import notice_seed, notice_update, wait

        notice_seed("a", 1)
        notice_update("a", lambda a: threading.Lock())
        print(wait(noticeboard=True))
        """
    )
    assert done.stdout.strip() == "{'a': 1}"
    assert "notice_update('a') failed" in done.stderr and "cannot be moved" in done.stderr


@interpreters_only
def test_an_update_that_uses_a_global_that_cannot_travel_is_refused():
    source = """
        import threading
        from bocpy import notice_update, start, wait

        lock = threading.Lock()
        start(1)
        try:
            notice_update("a", lambda value: lock)
        except TypeError as error:
            print(error)
        wait()
    """
    done = run_script(source)
    assert (done.stderr, done.returncode) == ("", 0)
    assert "it uses the global 'lock', whose value of type 'lock' cannot be sent" in done.stdout


def test_an_update_that_calls_bocpy_is_refused():
    done = run_script(
        """
        from bocpy import *

        def calls(function):
            def update(a):
                try:
                    function()
                except RuntimeError as error:
                    return [*a, str(error).partition(":")[0]]
            return update

        functions = {
            "notice_write": lambda: notice_write("b", 1),
            "notice_read": lambda: notice_read("a"),
            "noticeboard": lambda: noticeboard(),
            "notice_sync": lambda: notice_sync(),
            "send": lambda: send("x", 1),
            "receive": lambda: receive("x", 0),
            "when": lambda: when()(lambda: None),
            "wait": lambda: wait(),
        }
        notice_seed("a", [])
        for function in functions.values():
            notice_update("a", calls(function))
        expected = [f"{name}() cannot be called by the function of notice_update()" for name in functions]
        found = wait(noticeboard=True)
        print(found == {"a": expected} or found)
        """
    )
    assert (done.stdout.strip(), done.stderr) == ("True", "")


def test_a_timeout_tells_of_an_update_that_does_not_end():
    done = run_script(
        """
        import os
        from bocpy import notice_sync, notice_update, start, wait

        def forever(_):
            while True:
                pass

        start(1)
        notice_update("a", forever)
        for function in (notice_sync, wait):
            try:
                function(0.3)
            except TimeoutError as error:
                print(str(error).replace("'forever'", "f").partition(" has been running")[0])
        os._exit(0)
        """
    )
    assert done.stdout.splitlines() == [
        "notice_sync() timed out: the function f of notice_update('a')",
        "wait() timed out: behaviors are still in flight, and the function f of notice_update('a')",
    ]


# -- context variables

LEVEL = contextvars.ContextVar("LEVEL", default="none")


def with_level(items):
    seen = [*items, LEVEL.get()]
    LEVEL.set("left behind")
    return seen


@pytest.mark.parametrize("starts", [True, False])
def test_an_update_sees_the_context_variables_of_where_it_was_posted(starts):
    if starts:
        start(1)
    token = LEVEL.set("posted")
    try:
        notice_update("levels", with_level, [])
    finally:
        LEVEL.reset(token)
    notice_update("levels", with_level)
    notice_sync()
    assert notice_read("levels") == ["posted", "none"]
    assert LEVEL.get() == "none"


def test_what_an_update_sets_is_not_seen_by_the_behavior_that_computes_it():
    start(1)
    gate = Cown(None)
    gate.acquire()
    seen = when(gate)(lambda gate: (LEVEL.set("of the behavior"), notice_sync(), LEVEL.get())[-1])
    token = LEVEL.set("posted")
    for _ in range(3):
        notice_update("levels", with_level, [])
    LEVEL.reset(token)
    gate.release()
    quiesce()
    later = when()(lambda: LEVEL.get())
    quiesce()
    assert (seen.unwrap(), later.unwrap()) == ("of the behavior", "none")
    assert notice_read("levels") == ["posted"] * 3


def test_an_update_of_a_behavior_sees_the_context_variables_of_that():
    def update():
        LEVEL.set("of the behavior")
        notice_update("levels", lambda items: [*items, LEVEL.get()], [])

    when()(update)
    quiesce()
    notice_sync()
    assert notice_read("levels") == ["of the behavior"]


def test_an_update_has_the_decimal_context_of_where_it_was_posted():
    start(1)
    with decimal.localcontext() as context:
        context.prec = 5
        notice_update("third", lambda _: str(decimal.Decimal(1) / 3))
    notice_update("other third", lambda _: str(decimal.Decimal(1) / 3))
    notice_sync()
    assert dict(noticeboard()) == {"third": "0.33333", "other third": "0." + "3" * 28}
