"""The noticeboard: writing, updating, snapshots, and what may go wrong."""

import os
import sys
import threading
from collections.abc import Mapping
from functools import partial

from bocpy import (
    REMOVED,
    Cown,
    WaitResult,
    notice_delete,
    notice_read,
    notice_seed,
    notice_sync,
    notice_update,
    notice_write,
    noticeboard,
    quiesce,
    read,
    receive,
    send,
    start,
    wait,
    when,
)
from support import check_script, error_of, interpreters_only, outcome, pytest, run_script
from support.notices import empty_board, increment  # noqa: F401 (a fixture that all tests here use)


class Closed:
    """Can be pickled, and opened in no interpreter."""

    def __reduce__(self):
        return _open_closed, ()


def _open_closed():
    raise ValueError("this one stays closed")


def add(a, b):
    return a + b


# -- outside behaviors: the board as it is


def test_writing_reading_and_deleting():
    assert dict(noticeboard()) == {}
    notice_write("b", [1, 2])
    notice_write("a", 1)
    assert notice_read("a") == 1
    assert dict(noticeboard()) == {"a": 1, "b": [1, 2]}
    notice_delete("a")
    notice_delete("never there")
    assert notice_read("a") is None
    assert notice_read("a", 7) == 7


def test_the_board_is_a_mapping_that_stays_as_it_is():
    notice_write("a", 1)
    board = noticeboard()
    notice_write("a", 2)
    notice_write("b", 3)
    assert isinstance(board, Mapping)
    assert (board["a"], board.get("b"), len(board), list(board)) == (1, None, 1, ["a"])
    assert "a" in board and "b" not in board
    assert board == {"a": 1} and board != {"a": 2}
    assert dict(noticeboard()) == {"a": 2, "b": 3}
    assert "'a': 1" in repr(board)
    with pytest.raises(KeyError, match="b"):
        board["b"]
    with pytest.raises(TypeError):
        board["a"] = 3


def test_what_is_read_belongs_to_the_reader():
    notice_write("items", [1])
    first = notice_read("items")
    first.append(2)
    second = notice_read("items")
    assert (first, second) == ([1, 2], [1])


def test_values_are_taken_as_they_are_when_they_are_written():
    items = [1]
    notice_write("items", items)
    items.append(2)
    assert notice_read("items") == [1]


def test_any_number_of_entries():
    for n in range(500):
        notice_write(f"key {n}", n)
    assert len(noticeboard()) == 500
    assert notice_read("key 77") == 77


# -- behaviors


def test_a_seed_is_seen_by_all_behaviors():
    notice_seed("limit", 10)
    results = [when()(lambda: notice_read("limit")) for _ in range(20)]
    assert [outcome(result) for result in results] == [10] * 20


def test_a_behavior_sees_one_board_for_its_whole_run():
    notice_seed("n", 1)

    @when()
    def behavior():
        first = notice_read("n"), dict(noticeboard())
        send("looked", 1)
        receive("changed")
        return first, notice_read("n"), dict(noticeboard()), notice_read("new")

    receive("looked")
    notice_write("n", 2)
    notice_write("new", 3)
    notice_sync()
    send("changed", 1)
    assert outcome(behavior) == ((1, {"n": 1}), 1, {"n": 1}, None)


def test_the_next_behavior_sees_what_was_written():
    start(1)

    @when()
    def writes():
        notice_write("a", 1)
        notice_update("b", increment, 1)
        notice_sync()

    @when(writes)
    def reads(_):
        return dict(noticeboard())

    assert outcome(reads) == {"a": 1, "b": 2}


def test_what_a_behavior_changes_reaches_nobody():
    start(1)
    notice_seed("items", [1, {"x": [2]}])

    def spoil():
        items = notice_read("items")
        items.append(3)
        items[1]["x"].append(4)
        sys._bocpy_test_kept = items
        return notice_read("items") is items, items

    results = [when()(spoil) for _ in range(3)]
    last = when()(lambda: notice_read("items"))
    assert [outcome(result) for result in results] == [(True, [1, {"x": [2, 4]}, 3])] * 3
    assert outcome(last) == [1, {"x": [2]}]


def test_cowns_on_the_board_live_as_long_as_their_entry():
    notice_seed("counter", Cown(0))

    def count():
        return when(notice_read("counter"))(lambda c: setattr(c, "value", c.value + 1))

    for _ in range(10):
        when()(count)
    quiesce()
    total = when(notice_read("counter"))(lambda c: c.value)
    assert outcome(total) == 10


def test_cowns_on_the_board_do_not_live_longer_than_their_entry():
    """Also where it has been read. A failed behavior is reported when the last handle of its cown goes."""
    done = run_script(
        """
        import os
        from bocpy import Cown, notice_delete, notice_read, notice_write, quiesce, start, wait, when

        def fail():
            raise ValueError("the entry has gone")

        def tell(text):
            os.write(2, text.encode() + b"\\n")

        start(2)
        for value in (lambda cown: cown, lambda cown: (1, [cown])):
            notice_write("failed", value(when()(fail)))
            for _ in range(4):
                when()(lambda: (notice_read("failed"), notice_read("failed"), None)[2])
            quiesce()
            notice_read("failed")
            tell("before")
            notice_delete("failed")
            quiesce()
            tell("after")
        wait()
        """
    )
    told = [line for line in done.stderr.splitlines() if line in ("before", "after") or line.startswith("ValueError")]
    assert told == ["before", "ValueError: the entry has gone", "after"] * 2


def test_the_board_can_be_read_by_readers_of_cowns():
    notice_seed("factor", 3)
    c = Cown(2)
    results = [when(read(c))(lambda c: c.value * notice_read("factor")) for _ in range(5)]
    assert [outcome(result) for result in results] == [6] * 5


def test_instances_and_classes_of_the_program():
    check_script(
        """
        from bocpy import notice_read, notice_seed, notice_update, wait, when

        class Best:
            def __init__(self, score):
                self.score = score

            def better(self, other):
                return max(self, other, key=lambda best: best.score)

        notice_seed("best", Best(1))
        for score in (5, 3, 9, 2):

            @when()
            def _():
                notice_update("best", lambda best: best.better(Best(score)))

        board = wait(noticeboard=True)
        print(type(board["best"]) is Best, board["best"].score)
        """,
        "True 9",
    )


# -- the end of a runtime


def test_wait_and_quiesce_give_the_board():
    notice_seed("a", 1)
    assert quiesce(noticeboard=True) == {"a": 1}
    notice_write("b", [2])
    both = wait(stats=True, noticeboard=True)
    assert isinstance(both, WaitResult)
    assert both.noticeboard == {"a": 1, "b": [2]}
    assert len(both.stats) > 0


def test_the_board_is_empty_after_the_workers_have_stopped():
    notice_seed("a", 1)
    wait()
    assert dict(noticeboard()) == {}
    notice_write("b", 2)
    assert outcome(when()(lambda: dict(noticeboard()))) == {"b": 2}


# -- bad input


@pytest.mark.parametrize(
    "function",
    [
        lambda key: notice_write(key, 1),
        lambda key: notice_seed(key, 1),
        lambda key: notice_update(key, increment),
        notice_delete,
        notice_read,
    ],
)
@pytest.mark.parametrize(
    ("key", "error", "text"),
    [
        ("", ValueError, "key of a notice is empty"),
        ("x" * 64, ValueError, "takes 64 UTF-8 bytes, and 63 is the most"),
        ("\ud800", ValueError, "lone surrogate"),
        (3, TypeError, "must be a string, not int"),
    ],
)
def test_bad_keys_are_refused(function, key, error, text):
    with pytest.raises(error, match=text):
        function(key)
    assert dict(noticeboard()) == {}


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: notice_write("a"), TypeError, "misses the argument 'value'"),
        (lambda: notice_write(), TypeError, "misses the argument 'key'"),
        (lambda: notice_update("a"), TypeError, "misses the argument 'fn'"),
        (lambda: notice_update("a", 5), TypeError, "fn must be a function .* not int"),
        (lambda: notice_read(), TypeError, "misses the argument 'key'"),
        (lambda: noticeboard(1), TypeError, "at most 0"),
        (lambda: notice_sync(float("nan")), ValueError, "NaN"),
        (lambda: notice_sync("soon"), TypeError, "number of seconds"),
    ],
)
def test_bad_arguments_are_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()


@interpreters_only
@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda lock: notice_write("a", lock), "the value of the notice 'a'"),
        (lambda lock: notice_update("a", partial(add, lock)), "the function of notice_update\\('a'\\)"),
        (lambda lock: notice_update("a", increment, lock), "the default of notice_update\\('a'\\)"),
    ],
)
def test_what_can_not_be_moved_is_refused_by_name(call, what):
    with pytest.raises(TypeError, match=f"{what} of type .* cannot be moved"):
        call(threading.Lock())
    assert dict(noticeboard()) == {}


def test_a_seed_in_a_behavior_is_refused():
    @when()
    def seeds():
        notice_seed("a", 1)

    wait()
    assert "notice_seed() is for the main program" in str(error_of(seeds))


# -- faults


@interpreters_only
def test_a_value_that_can_not_be_opened_hurts_only_those_who_ask_for_it():
    notice_seed("closed", Closed())
    notice_write("open", 1)

    @when()
    def looks():
        board = noticeboard()
        try:
            board["closed"]
        except RuntimeError as error:
            return str(error), board["open"], notice_read("open"), sorted(board)

    error, *rest = outcome_without_stop(looks)
    assert "Closed" in error and "this one stays closed" in error
    assert rest == [1, 1, ["closed", "open"]]
    with pytest.warns(RuntimeWarning, match="the notice 'closed' is left out: .*this one stays closed"):
        assert wait(noticeboard=True) == {"open": 1}


def outcome_without_stop(cown):
    quiesce()
    return cown.unwrap()


def test_a_program_without_behaviors_can_use_the_board():
    check_script(
        """
        from bocpy import notice_read, notice_sync, notice_update, notice_write, noticeboard

        notice_write("a", 1)
        notice_update("a", lambda a: a + 1)
        notice_sync()
        print(notice_read("a"), dict(noticeboard()))
        """,
        "2 {'a': 2}",
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_an_empty_board():
    check_script(
        """
        import os
        from bocpy import notice_read, notice_write

        notice_write("a", 1)
        child = os.fork()
        if child == 0:
            print(notice_read("a"), flush=True)
            notice_write("a", 2)
            print(notice_read("a"), flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        print(notice_read("a"))
        """,
        "None\n2\n1",
    )


def test_removed_is_one_object_wherever_it_goes():
    import pickle

    assert pickle.loads(pickle.dumps(REMOVED)) is REMOVED
    assert repr(REMOVED) == "REMOVED"

    @when()
    def same(removed=REMOVED):
        return removed is REMOVED, removed

    inside, back = outcome(same)
    assert inside and back is REMOVED


# -- found by programs of users


def test_an_entry_that_cannot_be_opened_is_named():
    @when()
    def seen():
        notice_write("bad", [Closed()])

        def told(f):
            try:
                f()
            except RuntimeError as error:
                return str(error)

        return told(lambda: notice_read("bad")), told(lambda: noticeboard()["bad"])

    for message in outcome(seen):
        assert "the notice 'bad' cannot be read here" in message
        assert "this one stays closed" in message
        assert "notice_delete()" in message


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_the_child_of_a_fork_does_not_see_what_its_parent_has_read():
    """Its board is another one, with as many changes."""
    source = """
        import os, warnings
        from bocpy import notice_read, notice_write, quiesce, start, wait, when

        warnings.simplefilter("ignore", DeprecationWarning)

        def use(value):
            notice_write("own", value)
            by_behavior = when()(lambda: notice_read("own"))
            quiesce()
            seen = notice_read("own"), by_behavior.unwrap()
            wait()
            return seen

        for value in (1, [2], "three"):
            notice_write("own", value)
            assert notice_read("own") == value
            if os.fork() == 0:
                for other in (-1, [-2], "minus three")[: 1 if value == 1 else 3]:
                    notice_write("own", other)
                    assert notice_read("own") == other, notice_read("own")
                print(use([5]), use(6), flush=True)
                os._exit(0)
            assert os.wait()[1] == 0
        print(use([7]), use(8))
    """
    expected = "([5], [5]) (6, 6)\n" * 3 + "([7], [7]) (8, 8)"
    check_script(source, expected)


class Opens:
    """Tells, by a file, each time it is opened."""

    def __init__(self, path):
        self.path = path

    def __setstate__(self, state):
        self.__dict__.update(state)
        with open(self.path, "a") as file:
            file.write("!")


@pytest.mark.parametrize("value", ["text" * 1_000, ("a", 1, (2.5, None)), [1, [2, 3]], {"a": {"b": [1]}}])
def test_a_value_is_opened_once_in_an_interpreter_as_long_as_nobody_changes_it(value):
    start(1)
    notice_seed("value", value)
    seen = [when()(lambda: id(notice_read("value"))) for _ in range(20)]
    quiesce()
    assert len({each.unwrap() for each in seen}) == 1
    notice_write("value", [*value, "more"])
    assert outcome(when()(lambda: notice_read("value")))[-1] == "more"


def test_an_instance_is_opened_once_in_a_behavior(tmp_path):
    """If a behavior has changed it, nobody could tell: so the next behavior gets another one."""
    start(1)
    path = tmp_path / "opened"
    notice_seed("value", Opens(str(path)))

    def look():
        first = notice_read("value")
        first.mark = getattr(first, "mark", 0) + 1
        return first.mark, all(notice_read("value") is first for _ in range(10))

    looks = [when()(look) for _ in range(3)]
    quiesce()
    assert [each.unwrap() for each in looks] == [(1, True)] * 3
    assert path.read_text() == "!!!"
