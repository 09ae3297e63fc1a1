"""What type checkers have to object to: exactly the lines marked as errors. `check_mistakes.py` finds out.

For a decorated function that is the line of its decorator. The program is never run.
"""

# pyright: strict

from collections.abc import AsyncIterator, Generator, Iterator
from typing import Annotated, Any

from bocpy import Cown, Read, ReadCown, Record, read, record, start, wait, when, whencall

number, text, flag = Cown(1), Cown("a"), Cown(True)
numbers = [Cown(1), Cown(2)]


# -- the parameters of a body


@when(number)  # error
def another_type(a: Cown[str]) -> None:
    pass


@when(number)  # error
def the_value_itself(a: int) -> None:
    pass


@when(number)  # error
def no_parameter() -> None:
    pass


@when(number, text)  # error
def too_few(a: Cown[int]) -> None:
    pass


@when(number, text)  # error
def another_order(a: Cown[str], b: Cown[int]) -> None:
    pass


@when(number, text, flag)  # error
def the_third(a: Cown[int], b: Cown[str], c: Cown[int]) -> None:
    pass


@when(number, text, flag, number)  # error
def the_fourth(a: Cown[int], b: Cown[str], c: Cown[bool], d: Cown[str]) -> None:
    pass


@when(number, text, flag, number, text)  # error
def the_fifth(a: Cown[int], b: Cown[str], c: Cown[bool], d: Cown[int], e: Cown[int]) -> None:
    pass


@when(number, text)  # error
def the_rest_of_one_type(*cowns: Cown[int]) -> None:
    pass


@when(numbers)  # error
def no_list(a: Cown[int]) -> None:
    pass


@when((number, number))  # error
def a_group_is_a_list(a: tuple[Cown[int], Cown[int]]) -> None:
    pass


@when(numbers)  # error
def of_another_type(a: list[Cown[str]]) -> None:
    pass


@when(number)  # error
def no_group(a: list[Cown[int]]) -> None:
    pass


@when(number, numbers)  # error
def the_group_is_second(a: list[Cown[int]], b: Cown[int]) -> None:
    pass


@when(read(number))  # error
def a_reader_that_could_write(a: Cown[int]) -> None:
    pass


@when(read(number))  # error
def a_reader_gets_no_request(a: Read[int]) -> None:
    pass


@when(read(number))  # error
def reads_another_type(a: ReadCown[str]) -> None:
    pass


@when(read(numbers))  # error
def readers_that_could_write(a: list[Cown[int]]) -> None:
    pass


@when([read(number)])  # error
def a_group_of_one(a: ReadCown[int]) -> None:
    pass


def incremented(a: Cown[int]) -> int:
    return a.value + 1


when(text)(incremented)  # error
when(read(number))(incremented)  # error


# -- what a body does


@when(read(number), number)
def assigns(a: ReadCown[int], b: Cown[int]) -> None:
    a.value = 1  # error
    a.value += 1  # error
    a.exception = False  # error
    a.acquire()  # error
    b.value = "text"  # error
    b.acquired = True  # error


@when(number)  # error
async def waits(a: Cown[int]) -> int:
    return a.value


@when(number)  # error
async def waits_for_each(a: Cown[int]) -> AsyncIterator[int]:
    yield a.value


@when(number)  # error
def goes_on(a: Cown[int]) -> Generator[int, None, None]:
    yield a.value


@when()  # error
async def waits_for_nothing() -> None:
    pass


async def coroutine(a: Cown[int]) -> int:
    return a.value


whencall(coroutine, [number])  # error


# -- arguments


@when  # error
def no_parentheses() -> None:
    pass


@when  # error
def no_parentheses_either(number: Cown[int]) -> None:
    pass


when(1)  # error
when("text")  # error
when(None)  # error
when(number.value)  # error
when([1])  # error
when({number})  # error
when(cown for cown in numbers)  # error
when([numbers])  # error
when(number, 1)  # error
when(number, number, number, number, number, 1)  # error
when(*[1, 2])  # error
when(cown=number)  # error

read(1)  # error
read([1])  # error
read({number})  # error
read()  # error
read(number, number)  # error
Read()  # error

whencall("incremented", [number])  # error
whencall(incremented, number)  # error
whencall(incremented, [1])  # error
whencall(incremented)  # error
whencall(incremented, [number], 1)  # error


# -- results


@when(number)
def result(a: Cown[int]) -> int:
    return a.value


an_int: Cown[int] = result
not_a_str: Cown[str] = result  # error
not_a_value: int = result  # error
called: Cown[str] = whencall(incremented, [number])  # error
called_at_once: Cown[str] = when(number)(incremented)  # error
of_a_lambda: str = when(number)(lambda a: a.value)  # error
result(number)  # error
result.unwrap().upper()  # error


# -- other functions


start(backend="processes")  # error
wait("10")  # error
assert number < 1  # error


# -- what they do not see: these are mistakes, too


@when(number)
def hides_the_yield(a: Cown[int]) -> Iterator[int]:
    yield a.value


@when(number)
def needs_a_default(a: Cown[int], *, factor: int) -> int:
    return a.value * factor


@when(number)
def needs_a_variable(a: Cown[int], of_no_such_name: int) -> int:
    return a.value * of_no_such_name


@when(number, [Cown(1), Cown("a")])  # a group of several types: no parameter is looked at
def beside_a_mixed_group(a: Cown[str], b: Cown[str]) -> None:
    pass


@when(*numbers)
def of_a_list_of_unknown_length(a: Cown[int], b: Cown[int], c: Cown[int]) -> None:
    pass


@when(number, number, number, number, number, number)
def more_than_five(a: Cown[str], b: Cown[str]) -> None:
    pass


def of_anything(cown: Any) -> None:
    @when(cown)
    def _(a: Cown[str]) -> None:
        pass


when()(incremented)
whencall(incremented, [text])
whencall(incremented, [number], ["one capture too many"])


# -- records


@record
class Quote(Record):
    bid: float
    size: Annotated[int, "H"]
    venue: Annotated[bytes, 8] = b""


@record(frozen=True)
class Frozen(Record):
    x: float


@record
class WrongOrder(Record):
    x: float = 1.0
    y: float  # error


quote, frozen = Quote(1.0, 2), Frozen(1.0)
Quote(1.0)  # error
Quote("1.0", 2)  # error
Quote(1.0, 2, "XNAS")  # error
Quote(1.0, 2, b"XNAS", 4)  # error
Quote(1.0, 2, price=3)  # error
Quote(1.0, size=2.5)  # error
quote.price  # error
quote.bid = "1.0"  # error
quote.size = 2.5  # error
quote.venue = "XNAS"  # error
frozen.x = 2.0  # error
quote < quote  # error
quote.bid.upper()  # error
record(order=1)  # error


@when(Cown(quote))  # error
def of_another_record(c: Cown[Frozen]) -> None:
    pass


@when(Cown(quote))
def uses_fields(c: Cown[Quote]) -> int:
    c.value.bid = b""  # error
    return c.value.bid  # error
