"""Profiling behaviors with cProfile, on both hosts."""

import threading

from bocpy import Cown, when

__all__ = ["Profile"]

# Since Python 3.12, cProfile can be on only once in an interpreter. Where workers share one, they take turns.
_turn = threading.Lock()


class Profile:
    """What cProfile measures of the behaviors that it is asked to profile, all added up.

    Below `@when`, it profiles one behavior. `when = profile.when` does so for all that are scheduled by that name.
    """

    def __init__(self):
        self._total = Cown({})

    def __call__(self, body):
        """Return `body` as a function that is profiled whenever it runs as a behavior."""
        total = self._total

        def profiled(*cowns):
            return _run(total, body, cowns)

        # The name of a behavior belongs to its code.
        name = getattr(body, "__name__", type(body).__name__)
        profiled.__code__ = profiled.__code__.replace(co_name=name)
        profiled.__name__ = name
        profiled.__qualname__ = getattr(body, "__qualname__", name)
        profiled.__doc__ = body.__doc__
        return profiled

    def when(self, *cowns):
        """As `bocpy.when`, with a profiled body."""
        schedule = when(*cowns)
        return lambda body: schedule(self(body))

    def stats(self):
        """Return the `pstats.Stats` of the behaviors that have run. Call it after `wait` or `quiesce`."""
        import pstats

        with self._total:
            return pstats.Stats(_Measured(dict(self._total.value)))


class _Measured:
    """What `pstats` takes for a profile."""

    def __init__(self, stats):
        self.stats = stats

    def create_stats(self):
        pass


def _run(total, body, cowns):
    import cProfile

    profile = cProfile.Profile()
    with _turn:
        try:
            return profile.runcall(body, *cowns)
        finally:
            profile.create_stats()
            when(total)(_adding(profile.stats))


def _adding(stats):
    def add(total):
        from pstats import add_func_stats

        for function, measured in stats.items():
            known = total.value.get(function)
            total.value[function] = measured if known is None else add_func_stats(known, measured)

    return add
