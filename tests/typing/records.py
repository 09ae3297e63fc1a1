"""Records as users write them, and what checkers have to know of their fields and constructors. `using_records.py` gets
them from another module; `mistakes.py` has what is wrong.
"""

# pyright: strict

from typing import Annotated, ClassVar

from bocpy import Cown, Record, record, wait, when
from typing_extensions import assert_type


@record
class Quote:
    """A record that names no base."""

    UNIT: ClassVar[str] = "EUR"

    bid: float
    ask: float
    size: int
    side: bool = True
    venue: Annotated[bytes, 8] = b""
    flags: Annotated[int, "H"] = 0
    phase: complex = 0j

    def spread(self) -> float:
        return self.ask - self.bid

    @property
    def mid(self) -> float:
        return (self.ask + self.bid) / 2


@record(order=True, hash=True, frozen=True)
class Point(Record):
    """A record that names its base, so that checkers see `copy()` and the like."""

    x: float
    y: float = 0.0

    @classmethod
    def origin(cls) -> "Point":
        return cls(0.0)


@record
class Trade(Record):
    price: float
    size: Annotated[int, "I"]


@record
class Fill(Trade):
    left: int = 0


class Particle:
    """A class of any kind, with a record inside."""

    def __init__(self, data: Point) -> None:
        self.data = data

    def __record__(self) -> Point:
        return self.data


def quotes() -> Cown[Quote]:
    return Cown(Quote(1.0, 2.0, 3, venue=b"XNAS"))


def use() -> None:
    quote = Quote(1.0, ask=2.0, size=3)
    assert_type(quote.bid, float)
    assert_type(quote.size, int)
    assert_type(quote.side, bool)
    assert_type(quote.venue, bytes)
    assert_type(quote.flags, int)
    assert_type(quote.phase, complex)
    assert_type(quote.spread(), float)
    assert_type(quote.mid, float)
    quote.bid += 1
    quote.venue = b"XLON"
    match quote:
        case Quote(bid, ask):
            assert_type(bid, float)
            assert_type(ask, float)

    point = assert_type(Point(1.0).replace(y=2.0), Point)
    assert_type(point.copy(), Point)
    assert_type(Point.sizeof(), int)
    assert point.asdict() == {"x": 1.0, "y": 2.0} and point.astuple() == (1.0, 2.0)
    assert Point(1.0) < point and {point: 1} and Point.origin() == Point(0.0)

    fill = Fill(1.0, 2, left=3)
    assert_type(fill.price, float)
    assert_type(fill.copy().left, int)

    cown = quotes()

    @when(cown, Cown(point))
    def total(cown: Cown[Quote], point: Cown[Point]) -> float:
        cown.value.ask += 1
        return cown.value.spread() + point.value.x

    assert_type(total, Cown[float])
    wait()
    assert total.unwrap() == 3.0


if __name__ == "__main__":
    use()
