"""Shared by the tests of the noticeboard."""

from bocpy import notice_delete, noticeboard

from support.inert import pytest


@pytest.fixture(autouse=True)
def empty_board():
    """Only a runtime that ends takes the entries with it."""
    yield
    for key in noticeboard():
        notice_delete(key)


def increment(n):
    return n + 1
