"""A program as users write it, which `make stubs` runs, and shows to type checkers in their strictest mode.

`assert_type` says what a checker has to find out. `mistakes.py` has what it has to object to.
"""

# pyright: strict

import bocpy
from bocpy import WORKER_COUNT, Cown, ReadCown, WaitResult, quiesce, read, start, wait, when, whencall
from typing_extensions import assert_type


class Account:
    def __init__(self, owner: str, balance: int) -> None:
        self.owner = owner
        self.balance = balance


def transfer(amount: int, source: Cown[Account], target: Cown[Account]) -> Cown[bool]:
    @when(source, target)
    def done(source: Cown[Account], target: Cown[Account]) -> bool:
        assert_type(source.value, Account)
        source.value.balance -= amount
        target.value.balance += amount
        return source.value.balance >= 0

    return done


def balance_of(account: Cown[Account], bonus: int) -> int:
    return account.value.balance + bonus


def count_of(accounts: list[Cown[Account]]) -> int:
    return len(accounts)


def main() -> None:
    start(2, backend="threads")
    ann, bob = Cown(Account("Ann", 10)), Cown(Account("Bob", 0))
    assert_type(ann, Cown[Account])
    done = assert_type(transfer(3, ann, bob), Cown[bool])

    @when(read(ann), [bob])
    def report(ann: ReadCown[Account], others: list[Cown[Account]], fee: int = 1) -> str:
        return f"{ann.value.owner} {ann.value.balance - fee}, {others[0].value.balance}"

    assert_type(report, Cown[str])
    total = assert_type(whencall(balance_of, [ann], [100]), Cown[int])
    assert_type(whencall(count_of, [read([ann, bob])]), Cown[int])

    assert_type(quiesce(10), None)
    assert_type(quiesce(stats=True), list[dict[str, int]])
    with ann as held:
        assert_type(held, Cown[Account])
        held.value.balance += 1
        held.value = Account("Ann", held.value.balance)
        assert held.acquired and not held.exception
    assert assert_type(report.unwrap(), str) == "Ann 6, 3"
    assert report != done and report not in {done: 1} and sorted([ann, bob]) == sorted([bob, ann])

    assert_type(wait(stats=True, noticeboard=True), WaitResult)
    assert (done.value, total.value, ann.value.balance, bob.value.balance) == (True, 107, 8, 3)
    assert_type(WORKER_COUNT, int)
    assert_type(bocpy.__version__, str)
    wait()


if __name__ == "__main__":
    main()
