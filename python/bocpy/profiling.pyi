"""Profiling behaviors with cProfile, on both hosts."""

import pstats
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from bocpy import Cown

__all__ = ["Profile"]

_Ps = ParamSpec("_Ps")
_R = TypeVar("_R")

class Profile:
    """What cProfile measures of the behaviors that it is asked to profile, all added up.

    Below `@when`, it profiles one behavior. `when = profile.when` does so for all that are scheduled by that name.
    """

    def __init__(self) -> None: ...
    def __call__(self, body: Callable[_Ps, _R]) -> Callable[_Ps, _R]:
        """Return `body` as a function that is profiled whenever it runs as a behavior."""

    def when(self, *cowns: Any) -> Callable[[Callable[..., Any]], Cown[Any]]:
        """As `bocpy.when`, with a profiled body."""

    def stats(self) -> pstats.Stats:
        """Return the `pstats.Stats` of the behaviors that have run. Call it after `wait` or `quiesce`."""
