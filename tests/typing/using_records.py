"""A module that gets records from another one, as workers do."""

# pyright: strict

from bocpy import Cown, ReadCown, read, receive, send, wait, when
from records import Fill, Point, Quote, quotes
from typing_extensions import assert_type


def best(quotes: list[Cown[Quote]]) -> float:
    return max(quote.value.bid for quote in quotes)


def main() -> None:
    cown = assert_type(quotes(), Cown[Quote])

    @when(cown, read(Cown(Fill(1.0, 2))))
    def seen(cown: Cown[Quote], fill: ReadCown[Fill]) -> Quote:
        quote = cown.value
        assert_type(quote.bid, float)
        assert_type(quote.spread(), float)
        quote.size += fill.value.size
        assert_type(fill.value.replace(left=1), Fill)
        return Quote(quote.bid, quote.ask, quote.size)

    assert_type(seen, Cown[Quote])

    @when([cown])
    def highest(quotes: list[Cown[Quote]]) -> float:
        return best(quotes)

    wait()
    assert seen.unwrap().size == 5 and highest.unwrap() == 1.0

    send("point", Point(1.0, 2.0))
    match receive("point"):
        case _, Point(x, y):
            assert_type(x, float)
            assert (x, y) == (1.0, 2.0)
        case _:
            raise AssertionError


if __name__ == "__main__":
    main()
