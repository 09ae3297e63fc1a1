from collections.abc import Iterable
from typing import final

@final
class Samples:
    """A growing row of numbers. When it moves to another worker, its memory goes along, and this object has lost it."""

    def __new__(cls, values: Iterable[float] = ()) -> Samples: ...
    def append(self, value: float, /) -> None:
        """Add a number at the end."""

    def mean(self) -> float:
        """The mean of all numbers. Raises ValueError if there are none."""

    def __len__(self) -> int: ...
    def __getitem__(self, place: int, /) -> float: ...
    @property
    def address(self) -> int:
        """Where the data is in memory: the same before and after a move."""
