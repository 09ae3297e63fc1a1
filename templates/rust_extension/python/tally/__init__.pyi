from collections.abc import Iterable
from typing import final

@final
class Tally:
    """Counts of words. When it moves to another worker, its memory goes along, and this object has lost it."""

    def __new__(cls, words: Iterable[str] | None = None, /) -> Tally: ...
    def add(self, word: str, times: int | None = None, /) -> None:
        """Count a word, once or so many times."""

    def read(self, text: str, /) -> int:
        """Count all words of a text, in lower case. Returns how many there were."""

    def merge(self, other: Tally, /) -> None:
        """Add the counts of another tally."""

    def count(self, word: str, /) -> int:
        """How often the word was counted."""

    def most_common(self, most: int | None = None, /) -> list[tuple[str, int]]:
        """The words and their counts, the most frequent first; all, or so many."""

    def frequent(self, least: int, /) -> Tally:
        """The words that were counted so often or more, as a new tally."""

    def __len__(self) -> int:
        """How many different words there are."""

    @property
    def total(self) -> int:
        """The sum of all counts."""

    @property
    def address(self) -> int:
        """Where the data is in memory: the same before and after a move."""
