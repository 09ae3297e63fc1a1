"""Shared by all tests: the runtime is stopped after each test, and the header says which host runs the behaviors."""

import gc
import os
import sys

import pytest

pytest.register_assert_rewrite("support")

import bocpy  # noqa: E402
from support import BACKEND, KEPT, Crew, Handshake  # noqa: E402


def pytest_report_header(config):
    return f"bocpy {getattr(bocpy, '__version__', '?')} on the {BACKEND} backend, {sys.version.split()[0]}"


def pytest_collection_modifyitems(items):
    """Slow tests first: if several processes share the tests, none is to be left with a slow one in the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True)
def runtime_stopped():
    """Each test leaves the runtime stopped, so that the next starts from nothing."""
    yield
    bocpy.wait(timeout=60)
    KEPT.clear()


@pytest.fixture
def backend():
    """The host in use: "interpreters" or "threads"."""
    return BACKEND


@pytest.fixture
def handshake(runtime_stopped):
    """Two pipes: a behavior reports that it runs, and then waits until the test lets it go on."""
    pipes = Handshake()
    yield pipes
    pipes.let_all_go()
    bocpy.wait(timeout=60)
    pipes.close()


@pytest.fixture
def crew(handshake):
    """The workers; the test chooses what each one runs."""
    workers = Crew()
    yield workers
    workers.dismiss()
    handshake.let_all_go()
    bocpy.wait(timeout=60)
    workers.close()


@pytest.fixture
def pipe(runtime_stopped):
    """The two ends of a pipe, for behaviors and finalizers to tell the test something. Name it before ``crew``."""
    reading, writing = os.pipe()
    yield reading, writing
    bocpy.wait(timeout=60)
    gc.collect()
    os.close(reading)
    os.close(writing)
