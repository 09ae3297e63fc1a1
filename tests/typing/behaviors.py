"""Behaviors as users write them, which `make stubs` runs, and shows to type checkers in their strictest mode.

`assert_type` says what a checker has to find out. `mistakes.py` has what it has to object to.
"""

# pyright: strict

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any, NoReturn, TypeVar

import bocpy
from bocpy import Cown, Executor, Read, ReadCown, Scope, gather, quiesce, read, scope, start, wait, when, whencall
from typing_extensions import assert_type

T = TypeVar("T")
R = TypeVar("R")

number, text, items = Cown(1), Cown("a"), Cown([1.5])
numbers = [Cown(1), Cown(2)]
limit = 10


class Counter(Cown[int]):
    pass


# -- arguments


def singles() -> None:
    @when()
    def none() -> int:
        return 1

    @when(number)
    def one(a: Cown[int]) -> int:
        assert_type(a.value, int)
        a.value += 1
        return a.value

    @when(number, text)
    def two(a: Cown[int], b: Cown[str]) -> str:
        return b.value * a.value

    @when(number, text, items)
    def three(a: Cown[int], b: Cown[str], c: Cown[list[float]]) -> list[float]:
        return c.value

    @when(number, text, items, number)
    def four(a: Cown[int], b: Cown[str], c: Cown[list[float]], d: Cown[int]) -> int:
        return d.value

    @when(number, text, items, number, text)
    def five(a: Cown[int], b: Cown[str], c: Cown[list[float]], d: Cown[int], e: Cown[str]) -> str:
        return e.value

    @when(number, text, items, number, text, numbers)
    def six(
        a: Cown[int], b: Cown[str], c: Cown[list[float]], d: Cown[int], e: Cown[str], f: list[Cown[int]]
    ) -> list[int]:
        return [cown.value for cown in f]

    @when(Counter(3))
    def of_a_subclass(a: Cown[int]) -> int:
        return a.value

    assert_type(none, Cown[int])
    assert_type(one, Cown[int])
    assert_type(two, Cown[str])
    assert_type(three, Cown[list[float]])
    assert_type(four, Cown[int])
    assert_type(five, Cown[str])
    assert_type(six, Cown[list[int]])
    assert_type(of_a_subclass, Cown[int])

    @when(five)
    def of_a_result(a: Cown[str]) -> None:
        assert_type(a.value, str)

    assert_type(of_a_result, Cown[None])


def groups() -> None:
    @when(numbers, (number, number))
    def a_list_and_a_tuple(a: list[Cown[int]], b: list[Cown[int]]) -> int:
        return len(a) + len(b)

    @when([])
    def empty(a: list[Cown[int]]) -> int:
        return len(a)

    @when([Cown(1), Cown("a")])
    def of_two_types(a: list[Cown[Any]]) -> None:
        pass

    @when([number, text])
    def of_a_union(a: list[Cown[int] | Cown[str]]) -> None:
        pass

    @when(text, (number, text))
    def a_tuple_of_two_types(a: Cown[str], b: list[Cown[Any]]) -> None:
        pass

    declared: list[Cown[int] | Cown[str]] = [number, text]

    @when(declared)
    def of_a_declared_union(a: list[Cown[int] | Cown[str]]) -> None:
        pass

    anything: list[Cown[Any]] = [number, text]

    @when(anything)
    def of_anything(a: list[Cown[Any]]) -> None:
        pass

    @when(*numbers)
    def of_a_list_as_arguments(a: Cown[int], b: Cown[int]) -> int:
        return a.value

    @when(*numbers)
    def as_many_as_there_are(*a: Cown[int]) -> int:
        return len(a)

    assert_type(a_list_and_a_tuple, Cown[int])
    assert_type(empty, Cown[int])
    assert_type(of_a_list_as_arguments, Cown[int])
    assert_type(as_many_as_there_are, Cown[int])


def readers() -> None:
    assert_type(read(number), Read[int])
    assert_type(read(read(number)), Read[int])
    assert_type(read(numbers), list[Read[int]])
    assert_type(read((number, read(number))), list[Read[int]])

    @when(read(number), text)
    def single(a: ReadCown[int], b: Cown[str]) -> int:
        b.value += str(a.value)
        return a.value

    @when(read(numbers))
    def group(a: list[ReadCown[int]]) -> int:
        return a[0].value

    @when([read(number), read(number)])
    def group_of_reads(a: list[ReadCown[int]]) -> int:
        return a[0].value

    @when(read([Cown(1), Cown("a")]))
    def of_two_types(a: list[ReadCown[Any]]) -> None:
        pass

    @when([number, read(number)])
    def of_both_kinds(a: list[ReadCown[int]]) -> None:
        pass

    assert_type(single, Cown[int])
    assert_type(group, Cown[int])
    assert_type(group_of_reads, Cown[int])

    # A function that only reads takes every cown.
    assert_type(when(read(number))(value_of), Cown[int])
    assert_type(when(number)(value_of), Cown[int])

    # A reader has a handle like any other, and can schedule.
    @when(read(number))
    def schedules(a: ReadCown[int]) -> None:
        @when(a, read(a))
        def _(b: Cown[int], c: ReadCown[int]) -> None:
            b.value = c.value


def value_of(cown: ReadCown[int]) -> int:
    return cown.value


# -- bodies


def captures(cown: Cown[int], limit: int) -> None:
    @when(cown)
    def by_default(a: Cown[int], n: int = 1, *, m: int = 2) -> int:
        return a.value + n + m

    @when(cown)
    def by_name(a: Cown[int], limit: int) -> int:
        return min(a.value, limit)

    @when(cown)
    def the_rest(a: Cown[int], *rest: int, **named: int) -> int:
        return len(rest)

    @when(cown)
    def wider(a: Cown[int] | Cown[str] | None) -> None:
        pass

    @when()
    def alone(limit: int) -> int:
        return limit

    assert_type(by_default, Cown[int])
    assert_type(by_name, Cown[int])
    assert_type(the_rest, Cown[int])
    assert_type(alone, Cown[int])


def scaled(cown: Cown[int], factor: int) -> int:
    return cown.value * factor


class Scale:
    def __init__(self, factor: int) -> None:
        self.factor = factor

    def apply(self, cown: Cown[int]) -> int:
        return cown.value * self.factor

    def __call__(self, cown: Cown[int]) -> str:
        return str(self.apply(cown))


def other_callables() -> None:
    when(number)(lambda a: a.value + 1)
    when(number)(lambda a, n=3: n)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    when(number, read(text))(lambda a, b: b.value * a.value)
    assert_type(when(number)(partial(scaled, factor=2)), Cown[int])
    assert_type(when(number)(Scale(2).apply), Cown[int])
    assert_type(when(number)(Scale(2)), Cown[str])


def results() -> None:
    @when(number)
    def anything(a: Cown[int]) -> Any:
        return a.value

    @when(number)
    def nothing(a: Cown[int]) -> NoReturn:
        raise ValueError

    @when(number)
    def an_iterator(a: Cown[int]) -> Iterator[int]:
        return iter([a.value])

    when(anything)(swallow)
    assert_type(an_iterator, Cown[Iterator[int]])
    when(nothing)(swallow)


def swallow(result: Cown[Any]) -> None:
    result.exception = False


def calls() -> None:
    assert_type(whencall(scaled, [number], [3]), Cown[int])
    assert_type(whencall(scaled, (number,), captures=(3,)), Cown[int])
    assert_type(whencall(value_of, [read(number)]), Cown[int])
    assert_type(whencall(count, [[number, text], numbers]), Cown[int])
    assert_type(whencall(count, [[Cown(1), Cown("a")], read(numbers)]), Cown[int])


def count(a: list[Cown[Any]], b: list[ReadCown[int]]) -> int:
    return len(a) + len(b)


# -- functions that schedule what they are given


def changed(cown: Cown[T], change: Callable[[T], T]) -> Cown[T]:
    @when(cown)
    def result(cown: Cown[T]) -> T:
        cown.value = change(cown.value)
        return cown.value

    return result


def after(cown: Cown[T], body: Callable[[Cown[T]], R]) -> Cown[R]:
    return when(cown)(body)


def over_all(cowns: list[Cown[T]], body: Callable[[list[Cown[T]]], R]) -> Cown[R]:
    return when(cowns)(body)


def over(*cowns: Cown[Any] | Read[Any], body: Callable[..., R]) -> Cown[R]:
    return when(*cowns)(body)


def one_or_several(cown: Cown[int] | list[Cown[int]]) -> None:
    @when(cown)
    def _(cown: Cown[int] | list[Cown[int]]) -> None:
        pass


def to_read_or_write(cown: Cown[int] | Read[int]) -> None:
    @when(cown)
    def _(cown: ReadCown[int]) -> None:
        pass


def of_both(a: Cown[int], b: ReadCown[str]) -> int:
    return a.value + len(b.value)


def scopes() -> None:
    with scope(timeout=60, limit=100, name="mine") as s:
        assert_type(s, Scope)

        @s.when(number, text)
        def both(a: Cown[int], b: Cown[str]) -> str:
            return b.value * a.value

        assert_type(both, Cown[str])
        assert_type(s.whencall(len, [numbers]), Cown[int])
        assert_type(s.pending, int)
        assert_type(s.limit, int | None)
    assert_type(s.cancelled, bool)
    s.cancel()
    quiesce(cancel=True)


async def scopes_in_a_loop() -> None:
    async with scope() as s:
        assert_type(s, Scope)


def executors() -> None:
    with Executor(2) as executor:
        assert executor.submit(len, "ab").result() == 2
        assert_type(executor.submit(len, "ab"), Future[int])
        assert_type(list(executor.map(len, ["a", "bc"], buffersize=1)), list[int])


def joined(a: int, b: str) -> str:
    return f"{a}{b}"


def many() -> None:
    assert_type(gather([number, number]), Cown[list[int]])
    assert_type(gather([number], return_exceptions=True), Cown[list[int | BaseException]])
    assert_type(gather(read(n) for n in numbers), Cown[list[int]])
    assert_type(list(bocpy.map(str.upper, ["a", "bc"])), list[str])
    assert_type(next(bocpy.map(joined, [1], "a", limit=3)), str)


def main() -> None:
    start(2, backend="threads", limit=1000)
    executors()
    many()
    singles()
    groups()
    readers()
    captures(Cown(1), 5)
    other_callables()
    results()
    calls()
    scopes()
    doubled = changed(number, lambda n: 2 * n)
    assert_type(doubled, Cown[int])
    assert_type(after(number, lambda a: str(a.value)), Cown[str])
    assert_type(over_all(numbers, len), Cown[int])
    assert_type(over(number, read(text), body=of_both), Cown[int])
    one_or_several(number)
    one_or_several(numbers)
    to_read_or_write(read(number))
    quiesce()
    assert isinstance(number, ReadCown) and isinstance(read(number), Read)
    assert doubled.unwrap() == number.unwrap()
    wait()


if __name__ == "__main__":
    main()
