"""What ``@when`` returns: a cown that holds the result, or the exception, of the behavior."""

import threading

from bocpy import Cown, quiesce, start, wait, when
from support import error_of, interpreters_only, outcome, pytest, text_of, threads_only


class Refused(Exception):
    def __init__(self, who, why):
        super().__init__(f"{who}: {why}")
        self.who = who
        self.why = why


class Plain(Exception):
    pass


def answer():
    return 42


def fail():
    raise ValueError("boo", 7)


def test_the_result_is_a_cown_with_the_returned_value():
    result = when()(answer)
    assert isinstance(result, Cown)
    quiesce(60)
    with result:
        assert result.value == 42
        assert result.exception is False


def test_a_body_without_return_gives_none():
    c = Cown(1)

    @when(c)
    def result(c):
        c.value = 2

    assert outcome(result) is None


def test_results_chain():
    c = Cown(3)

    @when(c)
    def squared(c):
        return c.value**2

    @when(squared)
    def shown(squared):
        return f"<{squared.value}>"

    @when(shown, squared, c)
    def all_of_it(shown, squared, c):
        return [shown.value, squared.value, c.value]

    assert outcome(all_of_it) == ["<9>", 9, 3]


def test_a_long_chain_of_results():
    result = when()(lambda: 0)
    for _ in range(500):
        result = when(result)(lambda r: r.value + 1)
    assert outcome(result) == 500


def test_a_result_can_be_written_and_used_as_a_cown():
    result = when()(answer)

    @when(result)
    def _(result):
        result.value = [result.value]

    @when(result)
    def _(result):
        result.value.append(43)

    assert outcome(result) == [42, 43]


def test_a_result_may_be_a_cown():
    inner = Cown(1)

    @when(inner)
    def itself(c):
        return c

    @when()
    def another():
        return inner

    assert outcome(itself) == inner
    assert outcome(another) == inner


def test_a_returned_value_of_the_cown_is_in_both():
    c = Cown([1])

    @when(c)
    def result(c):
        return c.value

    quiesce(60)
    assert result.unwrap() == [1]
    assert c.unwrap() == [1]


# -- exceptions


def test_an_exception_is_kept_on_the_result():
    result = when()(fail)
    quiesce(60)
    with result:
        assert result.exception is True
        assert type(result.value) is ValueError
        assert result.value.args == ("boo", 7)


def test_an_exception_keeps_its_cause_or_text():
    @when()
    def result():
        try:
            {}["missing"]
        except KeyError as error:
            raise Plain("while looking") from error

    error = error_of(result)
    assert type(error) is Plain
    assert str(error) == "while looking"


def test_an_exception_class_of_an_imported_module_is_that_class():
    @when()
    def result():
        raise Plain("one", 2, [3])

    with pytest.raises(Plain) as caught:
        outcome(result)
    assert type(caught.value) is Plain
    assert caught.value.args == ("one", 2, [3])


def test_an_exception_that_does_not_survive_pickling_is_still_told():
    """Its pickle calls ``Refused("who: why")``, which lacks an argument: the usual slip."""

    @when()
    def result():
        raise Refused("somebody", "no reason")

    said = text_of(error_of(result))
    assert "Refused" in said
    assert "somebody: no reason" in said


def test_an_exception_with_something_unpicklable_is_still_told():
    @when()
    def result():
        error = Plain("holds a lock")
        error.lock = threading.Lock()
        raise error

    said = text_of(error_of(result))
    assert "Plain" in said
    assert "holds a lock" in said


def test_an_exception_leaves_the_values_as_they_were_at_that_moment():
    a, b = Cown(1), Cown([1])

    @when(a, b)
    def result(a, b):
        a.value = 2
        b.value.append(2)
        raise Plain("after the changes")

    assert isinstance(error_of(result), Plain)

    @when(a, b)
    def seen(a, b):
        return a.value, b.value, a.exception, b.exception

    assert outcome(seen) == (2, [1, 2], False, False)


def test_a_behavior_over_a_failed_result_sees_the_exception():
    failed = when()(fail)

    @when(failed)
    def seen(r):
        return r.exception, type(r.value).__name__, str(r.value.args)

    assert outcome(seen) == (True, "ValueError", "('boo', 7)")
    assert isinstance(error_of(failed), ValueError)


def test_a_behavior_clears_an_exception_by_writing_the_value():
    failed = when()(fail)

    @when(failed)
    def mended(r):
        before = r.exception
        r.value = "mended"
        return before, r.exception

    assert outcome(mended) == (True, False)
    assert outcome(failed) == "mended"


def test_a_behavior_clears_the_flag_and_keeps_the_value():
    failed = when()(fail)

    @when(failed)
    def _(r):
        r.exception = False

    assert isinstance(outcome(failed), ValueError)


def test_a_behavior_marks_a_value_as_an_exception():
    c = Cown(None)

    @when(c)
    def _(c):
        c.value = KeyError("stored")
        c.exception = True

    with pytest.raises(KeyError, match="stored"):
        outcome(c)


def test_a_returned_exception_is_a_value():
    @when()
    def result():
        return ValueError("returned")

    quiesce(60)
    with result:
        assert result.exception is False
    assert repr(result.unwrap()) == "ValueError('returned')"


def test_a_returned_exception_class_is_a_value():
    assert outcome(when()(lambda: KeyError)) is KeyError


# -- unwrap


def test_unwrap_takes_the_value():
    result = when()(answer)
    quiesce(60)
    assert result.unwrap() == 42
    assert result.unwrap() is None


def test_unwrap_raises_the_exception_once():
    result = when()(fail)
    quiesce(60)
    with pytest.raises(ValueError) as caught:
        result.unwrap()
    assert caught.value.args == ("boo", 7)
    assert result.unwrap() is None


def test_unwrap_after_wait():
    good, bad = when()(answer), when()(fail)
    wait()
    assert good.unwrap() == 42
    assert good.unwrap() is None
    with pytest.raises(ValueError, match="boo"):
        bad.unwrap()
    assert bad.unwrap() is None


def test_unwrap_needs_only_its_own_cown():
    gate = Cown(None)
    done = Cown("done")
    with gate:
        result = when(gate)(lambda gate: "late")
        with pytest.raises(RuntimeError, match="get"):
            result.unwrap()
        assert done.unwrap() == "done"
    assert outcome(result) == "late"


def test_unwrap_before_any_start():
    assert Cown([1, 2]).unwrap() == [1, 2]


def test_unwrap_leaves_a_cown_that_can_be_used_again():
    c = Cown([1])
    assert c.unwrap() == [1]

    @when(c)
    def seen(c):
        was = c.value
        c.value = "again"
        return was

    assert outcome(seen) is None
    assert outcome(c) == "again"


def test_unwrap_in_a_behavior_is_refused():
    mine, other = Cown(1), Cown(2)

    @when(mine)
    def result(mine):
        return other.unwrap()

    assert isinstance(error_of(result), RuntimeError)
    assert outcome(other) == 2


def test_unwrap_of_a_value_that_main_changes_belongs_to_main():
    c = Cown([1])
    value = c.unwrap()
    value.append(2)
    assert c.unwrap() is None


# -- results that cannot travel


@interpreters_only
def test_an_unpicklable_result_is_named():
    start(1)

    @when()
    def result():
        return threading.Lock()

    wait()
    with pytest.raises(Exception, match="(?s)lock"):
        result.unwrap()


@threads_only
def test_an_unpicklable_result_is_just_a_value():
    lock = threading.Lock()
    assert outcome(when()(lambda: lock)) is lock
