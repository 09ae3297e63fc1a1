"""A small stock exchange: limit orders meet in order books, and trades are settled between traders.

A limit order says "buy 30 shares, for 100.05 at most" or "sell 20, for 99.90 at least". The book of a stock keeps the
orders that found no partner yet. When an order arrives, it is matched with the best of the other side, and at one price
with the one that has waited longest. What is left of it waits in the book.

Orders, trades and accounts are records: a few numbers each, in a class with `@record` above. They move to the worker
that needs them without being pickled or copied, and whoever gave one away cannot change it behind the back of the
new owner.

Each book is a cown, so books are matched in parallel, and each handles its orders in the order in which they came. Each
trader's account is a cown, too. Settling a trade is a behavior over two of them: it moves cash one way and shares the
other, and nobody ever sees one without the other.
"""

from __future__ import annotations

import heapq
import random
import time
from typing import Annotated

from bocpy import Cown, Record, record, start, wait, when
from bocpy.examples._common import add_workers, at_least, command_line, counted, say, verdict

STOCKS = ("ALFA", "BETA", "GAMA", "DELT")
OPENING_CASH = 1_000_000_00  # cents
OPENING_SHARES = 10_000
FAIR_PRICE = 100_00


@record(frozen=True)
class Order(Record):
    """What a trader wants. Prices are in cents."""

    number: Annotated[int, "I"]
    trader: Annotated[int, "H"]
    buys: bool
    price: Annotated[int, "I"]
    size: Annotated[int, "I"]


@record(frozen=True)
class Trade(Record):
    """What two traders have agreed on."""

    buyer: Annotated[int, "H"]
    seller: Annotated[int, "H"]
    price: Annotated[int, "I"]
    size: Annotated[int, "I"]


@record
class Account(Record):
    """What a trader has, and how often it has changed."""

    cash: int = OPENING_CASH
    shares: int = OPENING_SHARES * len(STOCKS)
    trades: int = 0

    def pay(self, cash: int, shares: int) -> None:
        """Give cash for shares; negative numbers are for who gets cash."""
        self.cash -= cash
        self.shares += shares
        self.trades += 1


class Book:
    """The orders for one stock that wait for a partner. The value of a cown: it stays with the worker that has it."""

    def __init__(self, stock: str) -> None:
        self.stock = stock
        # The best order comes first: for buyers that is the highest price, so their prices are negative here.
        self.bids: list[tuple[int, int, Order]] = []
        self.asks: list[tuple[int, int, Order]] = []
        self.orders = self.trades = self.volume = self.last = 0

    def add(self, order: Order) -> list[Trade]:
        """Match an order with those that wait. What is left of it waits, too."""
        self.orders += 1
        mine, others = (self.bids, self.asks) if order.buys else (self.asks, self.bids)
        trades: list[Trade] = []
        while order.size and others:
            waiting = others[0][2]
            if (waiting.price > order.price) if order.buys else (waiting.price < order.price):
                break
            size = min(order.size, waiting.size)
            buyer, seller = (order, waiting) if order.buys else (waiting, order)
            # Whoever waited has named the price.
            trades.append(Trade(buyer.trader, seller.trader, waiting.price, size))
            self.trades, self.volume, self.last = self.trades + 1, self.volume + size, waiting.price
            order = order.replace(size=order.size - size)
            if size == waiting.size:
                heapq.heappop(others)
            else:
                others[0] = (*others[0][:2], waiting.replace(size=waiting.size - size))
        if order.size:
            heapq.heappush(mine, (-order.price if order.buys else order.price, order.number, order))
        return trades

    def line(self) -> str:
        """How the market stands."""
        bid = f"{-self.bids[0][0] / 100:.2f}" if self.bids else "nobody buys"
        ask = f"{self.asks[0][0] / 100:.2f}" if self.asks else "nobody sells"
        waiting = len(self.bids) + len(self.asks)
        return (
            f"{self.stock}: {counted(self.orders, 'order')}, {counted(self.trades, 'trade')} of "
            f"{counted(self.volume, 'share')}, last at {self.last / 100:.2f}, now {bid} / {ask}, {waiting} waiting"
        )


def orders_of(seed: int, count: int, traders: int) -> list[tuple[int, Order]]:
    """The orders of a day, each with the place of its stock. The same seed gives the same day."""
    chance = random.Random(seed)
    found: list[tuple[int, Order]] = []
    for number in range(count):
        buys = chance.random() < 0.5
        price = FAIR_PRICE + round(chance.gauss(-20 if buys else 20, 60))
        order = Order(number, chance.randrange(traders), buys, price, chance.randint(1, 100))
        found.append((chance.randrange(len(STOCKS)), order))
    return found


def settle(trade: Trade, accounts: list[Cown[Account]]) -> None:
    """Schedule what a trade means for its two traders; one who has traded with himself gets his own cash."""
    if trade.buyer == trade.seller:
        return

    @when(accounts[trade.buyer], accounts[trade.seller])
    def _(buyer: Cown[Account], seller: Cown[Account], trade: Trade = trade) -> None:
        buyer.value.pay(trade.price * trade.size, trade.size)
        seller.value.pay(-trade.price * trade.size, -trade.size)


def place(order: Order, book: Cown[Book], accounts: list[Cown[Account]]) -> None:
    """Schedule the arrival of an order at a book. The order goes with it: the caller cannot use it any more."""

    @when(book)
    def _(book: Cown[Book], order: Order = order, accounts: list[Cown[Account]] = accounts) -> None:
        for trade in book.value.add(order):
            settle(trade, accounts)


def one_after_another(orders: list[tuple[int, Order]], traders: int) -> tuple[list[str], list[Account]]:
    """The same day without behaviors, to compare with."""
    books, accounts = [Book(stock) for stock in STOCKS], [Account() for _ in range(traders)]
    for stock, order in orders:
        for trade in books[stock].add(order):
            if trade.buyer != trade.seller:
                accounts[trade.buyer].pay(trade.price * trade.size, trade.size)
                accounts[trade.seller].pay(-trade.price * trade.size, -trade.size)
    return [book.line() for book in books], accounts


def main(argv: list[str] | None = None) -> int:
    """Run the exchange for a day."""
    parser = command_line(__doc__)
    parser.add_argument(
        "--orders", type=at_least(1), default=10_000, metavar="N", help="orders of the day (default: %(default)s)"
    )
    parser.add_argument("--traders", type=at_least(2), default=8, metavar="N", help="traders (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="which random day (default: %(default)s)")
    add_workers(parser)
    options = parser.parse_args(argv)
    if options.traders > 1000:
        parser.error("argument --traders: there is room for 1000 at most")

    orders = orders_of(options.seed, options.orders, options.traders)
    expected, expected_accounts = one_after_another(orders, options.traders)
    say(
        f"{counted(len(orders), 'order')} of {Order.sizeof()} bytes, for {len(STOCKS)} stocks, by "
        f"{counted(options.traders, 'trader')} with {OPENING_CASH // 100:,} each"
    )

    start(options.workers)
    began = time.perf_counter()
    books = [Cown(Book(stock)) for stock in STOCKS]
    accounts = [Cown(Account()) for _ in range(options.traders)]
    for stock, order in orders:
        place(order, books[stock], accounts)
    wait()
    print(f"finished in {time.perf_counter() - began:.2f} s on {counted(options.workers, 'worker')}")

    lines = [book.unwrap().line() for book in books]
    found = [account.unwrap() for account in accounts]
    for line in lines:
        print(f"  {line}")
    richest = max(range(len(found)), key=lambda trader: found[trader].cash)
    print(f"  trader {richest} has the most cash: {found[richest].cash / 100:,.2f}")

    cash, shares = sum(account.cash for account in found), sum(account.shares for account in found)
    kept = cash == OPENING_CASH * len(found) and shares == OPENING_SHARES * len(STOCKS) * len(found)
    same = lines == expected and found == expected_accounts
    print(f"cash and shares add up {'to what they were' if kept else 'to something else: a bug'}")
    print(f"the result {'is' if same else 'IS NOT'} that of the same orders one after another")
    return verdict(kept and same)


if __name__ == "__main__":
    raise SystemExit(main())
