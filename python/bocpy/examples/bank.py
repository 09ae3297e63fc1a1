"""Transfers between bank accounts, many at once, and never a penny lost.

Every account is a cown: a value that only one behavior at a time may touch. A transfer is a behavior over two of
them. It starts when both accounts are free and has them to itself until it ends, so nobody ever sees money that has
left one account and not reached the other. There are no locks, so you cannot lock in the wrong order: A may pay B while
B pays A.

Now and then an auditor looks at all accounts together. That is a behavior too, over a list of cowns: transfers that
were scheduled before it are done, later ones have not begun. The total must always stay the same.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from bocpy import Cown, start, wait, when
from bocpy.examples._common import add_workers, at_least, command_line, counted, say, verdict

OPENING_BALANCE = 1000
LARGEST_TRANSFER = 500
AUDITS = 4


@dataclass
class Account:
    """The value of an account's cown."""

    balance: int = OPENING_BALANCE
    paid: int = 0
    refused: int = 0


@dataclass
class Audit:
    """What the auditor saw, all accounts taken together."""

    total: int
    paid: int
    refused: int


def transfer(source: Cown[Account], target: Cown[Account], amount: int) -> None:
    """Schedule one transfer, which is refused if the source does not have the money."""

    @when(source, target)
    def _(source: Cown[Account], target: Cown[Account]) -> None:
        if source.value.balance < amount:
            source.value.refused += 1
            return
        source.value.balance -= amount
        source.value.paid += 1
        target.value.balance += amount


def audit(accounts: list[Cown[Account]]) -> Cown[Audit]:
    """Schedule an audit of all accounts at one moment; the returned cown will hold the result."""

    @when(accounts)
    def seen(accounts: list[Cown[Account]]) -> Audit:
        books = [account.value for account in accounts]
        result = Audit(
            total=sum(book.balance for book in books),
            paid=sum(book.paid for book in books),
            refused=sum(book.refused for book in books),
        )
        say(f"  audit: {result.paid} transfers made, {result.refused} refused, total {result.total}")
        return result

    return seen


def open_for_business(accounts: list[Cown[Account]], transfers: int, seed: int) -> list[Cown[Audit]]:
    """Schedule all transfers, with an audit after each quarter of them."""
    chance = random.Random(seed)
    audits = []
    scheduled = 0
    for quarter in range(1, AUDITS + 1):
        until = transfers * quarter // AUDITS
        for _ in range(scheduled, until):
            source, target = chance.sample(accounts, 2)
            transfer(source, target, chance.randint(1, LARGEST_TRANSFER))
        scheduled = until
        audits.append(audit(accounts))
    return audits


def main(argv: list[str] | None = None) -> int:
    """Run the bank."""
    parser = command_line(__doc__)
    parser.add_argument("--accounts", type=at_least(2), default=10, metavar="N", help="accounts (default: %(default)s)")
    parser.add_argument(
        "--transfers", type=at_least(1), default=10_000, metavar="N", help="transfers to attempt (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="which random transfers (default: %(default)s)"
    )
    add_workers(parser)
    options = parser.parse_args(argv)

    expected = options.accounts * OPENING_BALANCE
    say(f"{options.accounts} accounts of {OPENING_BALANCE} each: {options.transfers} transfers")

    start(options.workers)
    began = time.perf_counter()
    accounts = [Cown(Account()) for _ in range(options.accounts)]
    audits = open_for_business(accounts, options.transfers, options.seed)
    wait()
    print(f"finished in {time.perf_counter() - began:.2f} s on {counted(options.workers, 'worker')}")

    results = [seen.unwrap() for seen in audits]
    last = results[-1]
    kept = all(result.total == expected for result in results)
    complete = last.paid + last.refused == options.transfers
    print(f"total {last.total} ({'as it started' if kept else f'it started as {expected}'})")
    return verdict(kept and complete)


if __name__ == "__main__":
    raise SystemExit(main())
