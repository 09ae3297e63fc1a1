"""Types that are registered by ``bocpy/movable.h``: what goes wrong with them, and what cannot be registered."""

import copy
import threading

import bocpy
from bocpy import Cown, notice_write, noticeboard, start, when
from support import BACKEND, error_of, interpreters_only, outcome, pytest, text_of
from support.movable import EVERY, all_gone, available, every, look, movables, new, seen

__all__ = ["all_gone"]

pytestmark = available


# -- what goes wrong


@every
@pytest.mark.parametrize(("times", "why"), [(1, "detach is told to fail"), (-1, "has not said why: its `detach`")])
def test_an_object_whose_data_cannot_be_taken_keeps_it(name, times, why):
    start(1)
    given = new(name, 5)
    before = movables.counts()
    movables.fail(times, 0, 0)
    with pytest.raises((LookupError, RuntimeError), match=why):
        Cown(given)
    assert movables.counts() == before
    assert given.number == 5
    assert outcome(when(Cown(given))(look))[2] == 5


@every
def test_all_of_a_value_moves_or_nothing(name):
    start(1)
    things = [new(name, n) for n in range(3)]
    addresses = [thing.address for thing in things]
    gone = new(name)
    keep = Cown(gone)
    # On threads, a list stays the list that it is: it can be sent.
    if BACKEND == "interpreters":
        with pytest.raises(TypeError, match="'list' cannot be moved .* has been moved"):
            Cown([*things, gone])
    with pytest.raises(RuntimeError, match="has been moved"):
        when()(lambda a=things[0], b=things[1], c=gone: None)
    assert [thing.address for thing in things] == addresses
    assert [thing.number for thing in things] == [0, 1, 2]
    del keep


def test_a_behavior_that_is_refused_gives_its_captures_back():
    start(1)
    thing, lock = movables.Box(5), threading.Lock()
    address = thing.address
    if BACKEND == "interpreters":
        with pytest.raises(TypeError, match="lock"):
            when()(lambda a=thing, b=lock: None)
    assert (thing.address, thing.number) == (address, 5)


@every
@pytest.mark.parametrize(("times", "why"), [(1, "attach is told to fail"), (-1, "has not said why: its `attach`")])
def test_an_object_that_cannot_be_made_is_made_later(name, times, why):
    start(1)
    given = new(name, 5)
    address = given.address
    if BACKEND == "threads":
        # There it fails at once, and the object gets its data back.
        movables.fail(0, times, 0)
        with pytest.raises((LookupError, RuntimeError), match=why):
            Cown(given)
        assert (given.address, given.number) == (address, 5)
        assert seen(Cown(given).unwrap()) == (True, address, 5)
        return
    c = Cown(given)
    movables.fail(0, times, 0)
    assert why in text_of(error_of(when(c)(look)))
    assert outcome(when(c)(look)) == (True, address, 5)


@interpreters_only
def test_a_value_of_which_a_part_cannot_be_made_is_made_later():
    start(1)
    c = Cown([movables.Box(1), movables.Copied(2), movables.Pickled(3)])

    def numbers(c):
        return [thing.number for thing in c.value]

    for _ in range(3):
        movables.fail(0, 1, 0)
        assert "attach is told to fail" in text_of(error_of(when(c)(numbers)))
    assert outcome(when(c)(numbers)) == [1, 2, 3]
    # The one after those that have been made.
    c = Cown([movables.Box(1), Holder(late=Unloadable())])
    assert "cannot be loaded" in text_of(error_of(when(c)(lambda c: c.value)))
    assert "cannot be loaded" in text_of(error_of(when(c)(lambda c: c.value)))


class Holder:
    def __init__(self, **parts):
        vars(self).update(parts)


class Unloadable:
    def __reduce__(self):
        return refuse_to_load, ()


def refuse_to_load():
    raise LookupError("it cannot be loaded")


@pytest.mark.parametrize("name", ["Copied", "Cloned"])
def test_no_memory_for_a_copy(name):
    given = new(name, 5)
    movables.fail(0, 0, 1)
    if BACKEND == "interpreters":
        with pytest.raises(MemoryError):
            notice_write("given", given)
        assert "given" not in noticeboard()
    assert given.number == 5


# -- registering


WRONG = [
    (0, ImportError, r"version 2 of bocpy's API .* has version 1: install a newer bocpy-rs"),
    (1, ValueError, "has version 0 and size"),
    (2, ValueError, "has version 1 and size 8"),
    (3, TypeError, "is not complete: detach, restore, attach and drop"),
    (4, TypeError, "is not complete"),
    (5, TypeError, "is not complete"),
    (6, TypeError, "is not complete"),
    (None, TypeError, "needs a bocpy_movable, not NULL"),
]


@pytest.mark.parametrize(("which", "error", "why"), WRONG)
def test_what_cannot_be_registered(which, error, why):
    with pytest.raises(error, match=why):
        movables.register(movables.Late, which)
    assert not movables.unregister(movables.Late)


@pytest.mark.parametrize(
    ("thing", "why"),
    [
        (5, "takes a type, not an object of type 'int'"),
        (None, "takes a type, not NULL"),
        (int, "'int', as it does not say which module"),
    ],
)
def test_what_is_no_type_for_it(thing, why):
    with pytest.raises(TypeError, match=why):
        movables.register(thing, "Box")


def test_registering_twice():
    movables.register(movables.Box, "Box")
    with pytest.raises(RuntimeError, match="'bocpy_movables.Box' is registered with bocpy already, by another"):
        movables.register(movables.Box, "Copied")
    start(1)
    assert outcome(when(Cown(movables.Box(5)))(look))[2] == 5


def test_unregistering():
    assert movables.unregister(movables.Late) is False
    movables.register(movables.Late, "Late")
    assert movables.unregister(movables.Late) is True
    if BACKEND == "interpreters":
        with pytest.raises(TypeError, match="cannot be moved"):
            Cown(movables.Late(1))
    with pytest.raises(TypeError, match="takes a type, not an object of type 'int'"):
        movables.unregister(5)


@interpreters_only
def test_a_type_that_is_registered_in_one_interpreter_only():
    start(1)
    movables.register(movables.Late, "Late")
    try:
        c = Cown(movables.Late(5))
        said = text_of(error_of(when(c)(look)))
        assert "'bocpy_movables.Late' is not registered with bocpy in this interpreter" in said

        @when()
        def _():
            movables.register(movables.Late, "Late")

        assert outcome(when(c)(look))[2] == 5
        # As it is pickled within others.
        assert outcome(when(Cown([Holder(one=movables.Late(6))]))(lambda c: c.value[0].one.number)) == 6
    finally:
        movables.unregister(movables.Late)


def test_unregistered_while_values_live():
    start(1)
    movables.register(movables.Late, "Late")
    c, lost = Cown(movables.Late(5)), Cown(movables.Late(6))
    assert movables.unregister(movables.Late)
    if BACKEND == "interpreters":
        with pytest.raises(RuntimeError, match="is not registered with bocpy in this interpreter"), c:
            c.value  # noqa: B018
        movables.register(movables.Late, "Late")
        with c:
            assert c.value.number == 5
        movables.unregister(movables.Late)
    else:
        with c:
            assert c.value.number == 5
    del lost  # its data is dropped all the same: `all_gone` checks that


def test_a_subclass_is_not_registered_with_its_base():
    class Named(movables.Box):
        pass

    if BACKEND == "interpreters":
        with pytest.raises(TypeError, match="Named"):
            Cown(Named(5))
    movables.register(Named, "Box")
    base, derived = Cown(movables.Box(4)), Cown(Named(5))
    with base, derived:
        assert type(base.value) is movables.Box
        assert type(derived.value) is Named and derived.value.number == 5
    assert movables.unregister(Named)
    with Cown(movables.Box(4)) as c:
        assert type(c.value) is movables.Box


def test_a_module_that_is_imported_again():
    """Its types are others, and have the same names."""
    import sys

    older = movables.Box(3)
    del sys.modules["bocpy_movables"]
    import bocpy_movables as newer

    try:
        assert newer.Box is not movables.Box
        # What arrives is of the latest one.
        for thing in (older, newer.Box(4)):
            with Cown(thing) as c:
                assert type(c.value) is newer.Box
    finally:
        for name in EVERY:
            assert newer.unregister(getattr(newer, name))
        sys.modules["bocpy_movables"] = movables
    with Cown(movables.Box(5)) as c:
        assert type(c.value) is movables.Box


@pytest.mark.parametrize(
    ("version", "oldest", "why"),
    [
        (0, 0, "built for version 1 of bocpy's API .* installed has version 0: install a newer bocpy-rs"),
        (3, 2, "built for version 1 of bocpy's API .* has versions 2 to 3: install a newer version of this extension"),
    ],
)
def test_another_version_of_bocpy(version, oldest, why):
    with pytest.raises(ImportError, match=why):
        movables.import_with(version, oldest)


def test_a_later_version_of_bocpy_that_still_knows_this_one():
    assert movables.import_with(2, 1) is None


def test_the_capsule():
    assert repr(bocpy._C_API).startswith('<capsule object "bocpy._C_API"')
    with pytest.raises(TypeError):
        copy.copy(bocpy._C_API)
