"""The backend of joblib."""

import importlib
import multiprocessing

import bocpy
from bocpy import Cown, quiesce, when
from support import pytest, threads_only


# Not imported above: workers import this module, and joblib refuses their interpreters.
@pytest.fixture
def joblib():
    joblib = pytest.importorskip("joblib")
    importlib.import_module("bocpy.joblib").register()
    with joblib.parallel_config(backend="bocpy"):
        yield joblib


def double(x):
    return 2 * x


def fail(x):
    raise ValueError(x)


def nested(x):
    joblib = importlib.import_module("joblib")
    return joblib.Parallel(n_jobs=2)(joblib.delayed(double)(y) for y in range(x))


def test_results(joblib):
    for n_jobs in (None, 1, 2, -1, 7):
        parallel = joblib.Parallel(n_jobs=n_jobs)
        assert parallel(joblib.delayed(double)(x) for x in range(200)) == list(range(0, 400, 2))


def test_it_is_ours(joblib):
    with joblib.Parallel(n_jobs=2) as parallel:
        assert type(parallel._backend) is bocpy.joblib.BocpyBackend
        for _ in range(3):
            assert parallel(joblib.delayed(double)(x) for x in range(10)) == list(range(0, 20, 2))
    assert joblib.effective_n_jobs() == bocpy.WORKER_COUNT
    assert joblib.Parallel()(joblib.delayed(lambda x: x + 1)(x) for x in range(5)) == [1, 2, 3, 4, 5]


def test_as_generator(joblib):
    for way in ("generator", "generator_unordered"):
        found = joblib.Parallel(n_jobs=2, return_as=way)(joblib.delayed(double)(x) for x in range(50))
        assert sorted(found) == list(range(0, 100, 2))


def test_failures(joblib):
    with pytest.raises(ValueError, match="3"):
        joblib.Parallel(n_jobs=2)(joblib.delayed(fail if x == 3 else double)(x) for x in range(100))
    assert joblib.Parallel(n_jobs=2)([joblib.delayed(double)(4)]) == [8]


def test_timeouts(joblib, handshake):
    with pytest.raises(multiprocessing.TimeoutError):
        joblib.Parallel(n_jobs=2, timeout=0.1)(joblib.delayed(handshake.arrive)() for _ in range(4))
    handshake.let_all_go()


@threads_only  # it cannot be imported in other interpreters than the main one
def test_calls_within_calls(joblib):
    assert joblib.Parallel(n_jobs=2)(joblib.delayed(nested)(x) for x in range(4)) == [
        list(range(0, 2 * x, 2)) for x in range(4)
    ]


def test_cowns_can_be_used(joblib):
    total = Cown(0)

    def add(n):
        @when(total)
        def _(total):
            total.value += n

    joblib.Parallel(n_jobs=2)(joblib.delayed(add)(n) for n in range(100))
    quiesce(60)
    assert total.get() == sum(range(100))


def test_arguments_of_nonsense(joblib):
    with pytest.raises(ValueError, match="n_jobs == 0"):
        joblib.Parallel(n_jobs=0)([joblib.delayed(double)(1)])
