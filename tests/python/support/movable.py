"""The types of ``c/movables.c``, which are registered by ``bocpy/movable.h``, for the tests of them."""

import gc

import pytest
from bocpy import wait

from . import extensions
from .lives import come_by

movables = extensions.load("movables")

available = pytest.mark.skipif(extensions.why_not() is not None, reason=str(extensions.why_not()))

EVERY = ["Box", "Copied", "Cloned", "Pickled"]
every = pytest.mark.parametrize("name", EVERY)


def live():
    return movables.counts()["live"]


@pytest.fixture(autouse=True)
def all_gone():
    """Each test leaves no data behind, and no call that is to fail."""
    gc.collect()
    before = live()
    yield
    movables.fail(0, 0, 0)
    gc.collect()
    if live() != before:
        come_by(lambda: live() == before)
        wait()


def new(name, number=0):
    return getattr(movables, name)(number)


def seen(thing):
    """What can be said of an object in the interpreter that has it."""
    return type(thing) is getattr(movables, type(thing).__name__), thing.address, thing.number


def look(c):
    return seen(c.value)


def what_is_said(thing):
    """The error of one who uses an object that has lost its data."""
    with pytest.raises(RuntimeError) as raised:
        thing.number  # noqa: B018
    return str(raised.value)
