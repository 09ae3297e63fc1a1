"""CPython's own tests of executors, where they are installed, with ours.

Left out, with what ``test_executor`` has instead: those of a program of its own that looks for the executor in
``concurrent.futures`` (``test_at_exit_...``, ``test_after_the_end_of_the_program``); one that expects that some
calls have begun when it cancels all (``test_shutdown_that_cancels``); those of a single kind of executor, which look
into it. Where workers are interpreters, functions and objects are copies, so those that share one
with their calls are for threads.
"""

import unittest

from bocpy import Executor, wait
from support import BACKEND, pytest

executor = pytest.importorskip("test.test_concurrent_futures.executor", reason="this Python has no such tests")
as_completed = pytest.importorskip("test.test_concurrent_futures.test_as_completed")
init = pytest.importorskip("test.test_concurrent_futures.test_init")
shutdown = pytest.importorskip("test.test_concurrent_futures.test_shutdown")
thread_pool = pytest.importorskip("test.test_concurrent_futures.test_thread_pool")
waiting = pytest.importorskip("test.test_concurrent_futures.test_wait")
util = pytest.importorskip("test.test_concurrent_futures.util")


class BocpyExecutor(Executor):
    @property
    def _broken(self):
        return self._engine.is_broken


class BocpyMixin(util.ExecutorMixin):
    executor_type = BocpyExecutor

    def setUp(self):
        super().setUp()
        # The workers are no threads of the executor's own.
        self.addCleanup(wait, 60)


class Base(unittest.TestCase):
    pass


class TestExecutor(BocpyMixin, executor.ExecutorTest, Base):
    pass


class TestShutdown(BocpyMixin, shutdown.ExecutorShutdownTest, Base):
    test_interpreter_shutdown = None
    test_submit_after_interpreter_shutdown = None
    test_hang_gh83386 = None
    test_cancel_futures = None


class TestWait(BocpyMixin, waiting.WaitTests, Base):
    pass


class TestAsCompleted(BocpyMixin, as_completed.AsCompletedTests, Base):
    pass


class TestInitializer(BocpyMixin, init.InitializerMixin, Base):
    pass


class TestFailingInitializer(BocpyMixin, init.FailingInitializerMixin, Base):
    pass


# Those of ThreadPoolExecutor that do not look into it.
class TestAsThreadPool(BocpyMixin, Base):
    if BACKEND == "threads":
        test_map_submits_without_iteration = thread_pool.ThreadPoolExecutorTest.test_map_submits_without_iteration
        test_executor_map_current_future_cancel = getattr(
            thread_pool.ThreadPoolExecutorTest, "test_executor_map_current_future_cancel", None
        )
        test_pending_calls_race = waiting.ThreadPoolWaitTests.test_pending_calls_race
