"""Prime factors by a race, which ends early because the winner puts the factor on the noticeboard.

A factor of a large number is found by Pollard's rho method: a walk through the remainders that, sooner or later, shares
a divisor with the number. How soon is a matter of luck, so several walks with different steps go at the same time, and
the first one to find a factor wins. The others should then stop, as all that they do is in vain.

So each walk goes on in short slices: behaviors over the walk's cown. A slice first looks at the noticeboard. If the
factor is there, the walk ends; else it takes some thousand steps, and schedules the next slice. A behavior sees the
noticeboard as it was when it began, so the next slice, a new behavior, is the one that sees news.

The noticeboard is for telling everybody quickly. Who won is decided by the cown of the race: two walks may find a
factor at the same time, and only one of them may go on with the two parts, which are factored in the same way.

At the end the product of the factors must be the number, and each of them prime.

Source: J. M. Pollard, "A Monte Carlo method for factorization", BIT 15 (1975), with the products of R. P. Brent, "An
improved Monte Carlo factorization algorithm", BIT 20 (1980).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from bocpy import Cown, notice_read, notice_write, start, wait, when
from bocpy.examples._common import add_workers, at_least, command_line, counted, say, verdict

STEPS = 4_000  # of a slice: some milliseconds
AT_ONCE = 100  # differences that are multiplied before one greatest common divisor is taken
WITNESSES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)  # enough for all numbers up to 3.3e24
LARGEST = 10**24


@dataclass
class Walk:
    """Where a walk with the steps ``x * x + c`` stands: a slow and a fast walker."""

    c: int
    slow: int = 2
    fast: int = 2

    def go(self, n: int) -> int | None:
        """Take ``STEPS`` steps modulo n. Returns a factor other than 1 and n, or None if none was found."""
        for _ in range(STEPS // AT_ONCE):
            slow, fast, product = self.slow, self.fast, 1
            for _ in range(AT_ONCE):
                self.step(n)
                product = product * (self.slow - self.fast) % n
            if math.gcd(product, n) > 1:
                # A factor is among these steps. One by one, it is found alone, where n itself could have come out.
                self.slow, self.fast = slow, fast
                return self.look_closely(n)
        return None

    def step(self, n: int) -> None:
        self.slow = (self.slow * self.slow + self.c) % n
        for _ in range(2):
            self.fast = (self.fast * self.fast + self.c) % n

    def look_closely(self, n: int) -> int | None:
        for _ in range(AT_ONCE):
            self.step(n)
            divisor = math.gcd(self.slow - self.fast, n)
            if 1 < divisor < n:
                return divisor
            if divisor == n:  # the walkers met: this walk has failed, and another one takes its place
                self.c, self.slow, self.fast = self.c + 1_000_003, 2, 2
                return None
        return None


@dataclass
class Race:
    """The value of a race's cown: which number, and what came out."""

    number: int
    factor: int | None = None
    slices: int = 0


@dataclass
class Result:
    """All prime factors so far, and the races that they took."""

    factors: list[int]
    races: int = 0
    stopped: int = 0  # walks that ended because they saw the factor on the noticeboard


def is_prime(n: int) -> bool:
    """The test of Miller and Rabin, which is certain for the numbers that this program takes."""
    if n < 2 or any(n % p == 0 and n != p for p in WITNESSES):
        return False
    twos = ((n - 1) & (1 - n)).bit_length() - 1
    return n in WITNESSES or all(passes(n, a, twos) for a in WITNESSES)


def passes(n: int, a: int, twos: int) -> bool:
    x = pow(a, (n - 1) >> twos, n)
    return x == 1 or any(pow(x, 1 << i, n) == n - 1 for i in range(twos))


def board_key(n: int) -> str:
    return f"factor of {n}"


def factorise(n: int, walks: int, result: Cown[Result]) -> None:
    """Schedule all that finds the prime factors of n, and adds them to the result."""
    small = next((p for p in WITNESSES if n % p == 0 and n != p), None)
    if small is not None:
        factorise(small, walks, result)
        factorise(n // small, walks, result)
    elif is_prime(n):

        @when(result)
        def _(result: Cown[Result]) -> None:
            result.value.factors.append(n)
            say(f"  {n} is prime")

    elif n > 1:
        race = Cown(Race(n))
        for c in range(1, walks + 1):
            walk_on(n, Cown(Walk(c)), race, walks, result)


def walk_on(n: int, walk: Cown[Walk], race: Cown[Race], walks: int, result: Cown[Result]) -> None:
    """Schedule the next slice of a walk."""

    @when(walk)
    def _(walk: Cown[Walk]) -> None:
        known = notice_read(board_key(n))
        factor = walk.value.go(n) if known is None else known
        if factor is None:
            count_slice(race)
            walk_on(n, walk, race, walks, result)
            return
        if known is None:
            notice_write(board_key(n), factor)  # the slices that begin from now on see it
        end_walk(race, factor, known is not None, walks, result)


def count_slice(race: Cown[Race]) -> None:
    @when(race)
    def _(race: Cown[Race]) -> None:
        race.value.slices += 1


def end_walk(race: Cown[Race], factor: int, early: bool, walks: int, result: Cown[Result]) -> None:
    """A walk knows a factor. The first one to come here has won, and only that one goes on with the parts."""

    @when(race, result)
    def _(race: Cown[Race], result: Cown[Result]) -> None:
        state = race.value
        result.value.stopped += early
        if state.factor is not None:
            return
        state.factor = factor
        result.value.races += 1
        say(f"  {state.number} = {factor} * {state.number // factor}, after {counted(state.slices, 'slice')}")
        factorise(factor, walks, result)
        factorise(state.number // factor, walks, result)


def within_range(text: str) -> int:
    """A type for ``add_argument``: whole numbers from 2 to ``LARGEST``."""
    number = at_least(2)(text)
    if number > LARGEST:
        raise ValueError
    return number


within_range.__name__ = f"whole number up to {LARGEST:.0e}"


def main(argv: list[str] | None = None) -> int:
    """Find the prime factors of one number."""
    parser = command_line(__doc__)
    parser.add_argument(
        "number",
        type=within_range,
        nargs="?",
        default=1_000_000_007 * 12_345_678_923,
        help="the number to factor, up to 1e24 (default: %(default)s)",
    )
    parser.add_argument(
        "--walks", type=at_least(1), default=4, metavar="N", help="walks in a race (default: %(default)s)"
    )
    add_workers(parser)
    options = parser.parse_args(argv)
    n = options.number

    say(f"The prime factors of {n}, by races of {counted(options.walks, 'walk')}:")
    start(options.workers)
    began = time.perf_counter()
    result = Cown(Result([]))
    factorise(n, options.walks, result)
    wait()
    seconds = time.perf_counter() - began

    found = result.unwrap()
    factors = sorted(found.factors)
    right = math.prod(factors) == n and all(map(is_prime, factors))
    print(f"{n} = {' * '.join(map(str, factors))}")
    print(f"{seconds:.2f} s on {counted(options.workers, 'worker')}, {counted(found.races, 'race')}, ", end="")
    print(f"{counted(found.stopped, 'walk')} stopped early")
    print("the product is right, and all factors are prime" if right else "WRONG: these are not the prime factors")
    return verdict(right)


if __name__ == "__main__":
    raise SystemExit(main())
