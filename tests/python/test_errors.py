"""Bad input: each misuse raises an error at once, with a helpful message, and does not change the runtime."""

import inspect
import math

import bocpy
from bocpy import Cown, quiesce, start, wait, when, whencall
from support import outcome, pytest


def one(c):
    return c.value


def still_works():
    c = Cown(20)
    return outcome(when(c)(lambda c: c.value + 1)) == 21


# -- arguments that are not cowns


@pytest.mark.parametrize(
    ("given", "position", "kind"),
    [
        ((5,), "1", "int"),
        ((None,), "1", "NoneType"),
        (("name",), "1", "str"),
        (({},), "1", "dict"),
        ((Cown,), "1", "type"),
    ],
    ids=["int", "None", "str", "dict", "class"],
)
def test_when_5_names_the_position_and_the_type(given, position, kind):
    with pytest.raises(TypeError, match=kind) as caught:
        when(*given)(one)
    assert position in str(caught.value) or "0" in str(caught.value)
    assert still_works()


def test_when_of_a_cown_and_5_names_the_position():
    c = Cown(1)
    with pytest.raises(TypeError, match="int") as caught:
        when(c, 5)(lambda c, d: None)
    # counted from one or from zero, but not the first one
    assert any(word in str(caught.value) for word in ("1", "2", "second"))
    assert still_works()


def test_when_of_a_list_with_5_names_the_position_and_the_type():
    c = Cown(1)
    with pytest.raises(TypeError, match="int"):
        when([c, 5])(lambda group: None)
    with pytest.raises(TypeError, match="str"):
        when(c, [c, c, "x"])(lambda c, group: None)
    with pytest.raises(TypeError, match="list"):
        when([[c]])(lambda group: None)
    assert still_works()


def test_when_takes_no_keywords():
    with pytest.raises(TypeError):
        when(cown=Cown(1))


def test_when_without_its_call_is_refused():
    with pytest.raises(TypeError):

        @when
        def _():
            pass

        _(lambda: None)

    assert still_works()


@pytest.mark.parametrize("body", [5, None, "one", {}, [one]], ids=["int", "None", "str", "dict", "list"])
def test_when_decorates_functions_only(body):
    with pytest.raises(TypeError):
        when()(body)
    with pytest.raises(TypeError):
        when()(Cown(1))
    assert still_works()


# -- parameters


def test_too_few_parameters_name_the_function_and_the_counts():
    c = Cown(1)
    with pytest.raises(TypeError, match="short_one") as caught:

        @when(c, c)
        def short_one(c):
            pass

    assert "1" in str(caught.value) and "2" in str(caught.value)
    with pytest.raises(TypeError, match="nothing_at_all") as caught:

        @when(c, [c], c)
        def nothing_at_all():
            pass

    assert "0" in str(caught.value) and "3" in str(caught.value)
    assert still_works()


def test_too_many_parameters_name_the_parameter():
    c = Cown(1)
    with pytest.raises(TypeError, match="nowhere_to_be_found"):

        @when(c)
        def long_one(c, nowhere_to_be_found):
            pass

    with pytest.raises(TypeError, match="unheard_of"):

        @when()
        def another(unheard_of, known=1):
            pass

    with pytest.raises(TypeError, match="second_missing"):

        @when(c)
        def third(c, c2=1, *, second_missing):
            pass

    assert still_works()


def test_a_refused_body_schedules_nothing():
    c = Cown(0)
    with pytest.raises(TypeError):

        @when(c)
        def _(c, nowhere_to_be_found):
            c.value = 1

    quiesce(60)
    assert c.unwrap() == 0


# -- bodies that are no plain functions


def test_async_def_is_refused_with_the_reason():
    with pytest.raises(TypeError, match="(?i)async|corout") as caught:

        @when(Cown(1))
        async def body(c):
            return c.value

    assert "body" in str(caught.value)
    assert len(str(caught.value)) > 30
    assert still_works()


def test_generators_are_refused_with_the_reason():
    with pytest.raises(TypeError, match="(?i)generator|yield") as caught:

        @when(Cown(1))
        def body(c):
            yield c.value

    assert "body" in str(caught.value)
    assert len(str(caught.value)) > 30
    with pytest.raises(TypeError, match="(?i)generator|yield"):
        when(Cown(1))(lambda c: (yield))
    assert still_works()


def test_async_generators_are_refused_with_the_reason():
    with pytest.raises(TypeError, match="(?i)async|generator"):

        @when(Cown(1))
        async def body(c):
            yield c.value

    assert still_works()


def test_async_and_generators_are_refused_by_whencall_too():
    async def coroutine(c):
        pass

    def generator(c):
        yield

    for function in coroutine, generator:
        with pytest.raises(TypeError):
            whencall(function, [Cown(1)], [])
    assert still_works()


def test_helpers_may_be_generators_and_coroutines():
    import asyncio

    async def twice(x):
        await asyncio.sleep(0)
        return 2 * x

    def count(n):
        yield from range(n)

    @when(Cown(3))
    def result(c):
        return list(count(c.value)), inspect.iscoroutinefunction(twice)

    assert outcome(result) == ([0, 1, 2], True)


# -- whencall


@pytest.mark.parametrize(
    "arguments",
    [
        ("x", "cowns", []),
        ("__behavior__0", "cowns", []),
        (None, "cowns", []),
        (one, [5], []),
        (one, [[5]], []),
        (one, "cowns", [1, 2]),
    ],
    ids=["a name", "a name of old", "None", "int as cown", "int in a group", "too many captures"],
)
def test_whencall_refuses_what_it_cannot_schedule(arguments):
    function, cowns, captures = arguments
    if cowns == "cowns":
        cowns = [Cown(1)]
    with pytest.raises(TypeError):
        whencall(function, cowns, captures)
    assert still_works()


def test_whencall_wants_three_arguments():
    with pytest.raises(TypeError):
        whencall()
    with pytest.raises(TypeError):
        whencall(one, [Cown(1)], [], None, None)


# -- numbers (see test_lifecycle for what they do)


@pytest.mark.parametrize("timeout", [math.nan, -math.nan])
@pytest.mark.parametrize("name", ["wait", "quiesce"])
def test_nan_timeouts(name, timeout):
    with pytest.raises(ValueError, match="(?i)nan|number|timeout"):
        getattr(bocpy, name)(timeout=timeout)


@pytest.mark.parametrize("name", ["wait", "quiesce"])
@pytest.mark.parametrize("timeout", ["1", [1], object()])
def test_timeouts_that_are_no_numbers(name, timeout):
    with pytest.raises(TypeError):
        getattr(bocpy, name)(timeout=timeout)


@pytest.mark.parametrize(("count", "error"), [(0, ValueError), (-1, ValueError), (10**6, ValueError), ("2", TypeError)])
def test_worker_counts(count, error):
    with pytest.raises(error) as caught:
        start(count)
    assert str(caught.value)
    with pytest.raises(error):
        start(worker_count=count)
    assert wait(stats=True) == []


def test_errors_name_the_package_words_and_not_its_insides():
    """A user must be able to act on the text: no Rust types, no addresses of internals, no panics."""
    texts = []
    for action in (
        lambda: when(5),
        lambda: when([5]),
        lambda: start(0),
        lambda: start("2"),
        lambda: start(1, backend="nope"),
        lambda: wait(timeout=math.nan),
        lambda: Cown(1).value,
        lambda: whencall("x", [], []),
    ):
        try:
            result = action()
            if callable(result):
                result(one)
        except Exception as error:
            texts.append(str(error))
    assert len(texts) == 8
    for text in texts:
        assert text
        for word in ("panick", "called `", "::", "Err(", "Some("):
            assert word not in text, text
