"""A backend of joblib, whose calls are behaviors:

    import joblib
    import bocpy.joblib

    bocpy.joblib.register()
    with joblib.parallel_config(backend="bocpy"):
        joblib.Parallel()(joblib.delayed(work)(item) for item in items)

`n_jobs` limits how many run at once; by default there are as many as workers.
"""

from functools import partial

from joblib import register_parallel_backend
from joblib.parallel import AutoBatchingMixin, ParallelBackendBase, SequentialBackend

from . import _calls, _core
from ._executor import Executor

__all__ = ["BocpyBackend", "register"]


class BocpyBackend(AutoBatchingMixin, ParallelBackendBase):
    """Runs the calls of joblib as behaviors."""

    supports_retrieve_callback = True
    # What joblib uses where the program does not say how many.
    default_n_jobs = -1

    def effective_n_jobs(self, n_jobs):
        """Return how many calls run at once."""
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        if n_jobs is None:
            return 1
        if n_jobs < 0:
            return max(_core.WORKER_COUNT + 1 + n_jobs, 1)
        return n_jobs

    def configure(self, n_jobs=1, parallel=None, prefer=None, require=None, **options):
        """Make the executor for one call of `Parallel`. Its options are for processes."""
        n_jobs = self.effective_n_jobs(n_jobs)
        self.parallel = parallel
        self._executor = Executor(n_jobs)
        return n_jobs

    def submit(self, func, callback=None):
        """Schedule a batch of calls."""
        future = self._executor.submit(_Batch(func))
        if callback is not None:
            future.add_done_callback(callback)
        return future

    def retrieve_result_callback(self, out):
        """Return the results of a batch, or raise what it has raised."""
        return out.result()

    def abort_everything(self, ensure_ready=True):
        """Drop what has not begun, after a failure."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        if ensure_ready:
            self.configure(self.parallel.n_jobs, self.parallel)

    def terminate(self):
        """End the executor."""
        self._executor.shutdown(wait=False)
        self.reset_batch_stats()

    def get_nested_backend(self):
        """Calls within calls run one after the other: a behavior must not wait."""
        return SequentialBackend(nesting_level=(self.nesting_level or 0) + 1), None


class _Batch:
    """A batch of calls. Where it moves to another interpreter, just those: joblib cannot be imported there."""

    def __init__(self, batch):
        self._batch = batch

    def __call__(self):
        return self._batch()

    def __reduce__(self):
        return partial, (_calls.call_all, self._batch.items)


def register():
    """Let joblib know the backend `"bocpy"`."""
    register_parallel_backend("bocpy", BocpyBackend)
