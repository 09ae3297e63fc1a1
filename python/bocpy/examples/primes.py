"""Counting primes: one sieve of Eratosthenes, cut into segments that are sieved at the same time.

The primes up to the square root of the limit are found first; they are few. With them each segment of the range can be
sieved independently: a behavior over no cown at all, free to run at once on any worker. Its count is a cown, and a
second behavior adds it to the total. Only these tiny additions run one after the other; the sieving runs in parallel.

The count is compared with the known value if the limit is a power of ten, else with a second count by a sieve in one
piece.
"""

from __future__ import annotations

import math
import time

from bocpy import Cown, start, wait, when
from bocpy.examples._common import add_workers, at_least, command_line, counted, say, verdict

KNOWN = {
    10: 4,
    100: 25,
    1_000: 168,
    10_000: 1_229,
    100_000: 9_592,
    1_000_000: 78_498,
    10_000_000: 664_579,
    100_000_000: 5_761_455,
    1_000_000_000: 50_847_534,
}


def sieve(limit: int) -> bytearray:
    """One byte for each number up to and including ``limit``: 1 for the primes, 0 for the rest."""
    flags = bytearray(b"\1") * (limit + 1)
    flags[:2] = bytes(len(flags[:2]))
    for number in range(2, math.isqrt(limit) + 1):
        if flags[number]:
            strike_out(flags, number * number, number)
    return flags


def strike_out(flags: bytearray, first: int, step: int) -> None:
    """Clear every ``step``-th flag from ``first`` on."""
    flags[first::step] = bytes(len(range(first, len(flags), step)))


def count_segment(low: int, high: int, base: list[int]) -> int:
    """How many primes there are from ``low`` up to but not including ``high``, given the primes up to its root."""
    flags = bytearray(b"\1") * (high - low)
    for prime in base:
        # Multiples below the square have a smaller prime factor, which has struck them out already.
        first = max(prime * prime, -(-low // prime) * prime)
        strike_out(flags, first - low, prime)
    return flags.count(1)


def count_primes(limit: int, segment: int) -> Cown[int]:
    """Schedule the whole count, in segments of the given length."""
    total = Cown(0)
    flags = sieve(math.isqrt(limit))
    base = [number for number, prime in enumerate(flags) if prime]
    for low in range(1, limit + 1, segment):
        high = min(low + segment, limit + 1)

        # A behavior captures the values that the loop's variables have when it is scheduled.
        @when()
        def count() -> int:
            return count_segment(max(low, 2), high, base)

        # These all share one cown, so they run in the order of the loop, and each sees the count up to `high`.
        @when(total, count)
        def _(total: Cown[int], count: Cown[int]) -> None:
            total.value += count.value
            if 10 * (low - 1) // limit < 10 * (high - 1) // limit:
                say(f"  {total.value:>13,} up to {high - 1:,}")

    return total


def main(argv: list[str] | None = None) -> int:
    """Count the primes up to a limit."""
    parser = command_line(__doc__)
    parser.add_argument(
        "--limit", type=at_least(1), default=10_000_000, metavar="N", help="count up to this one (default: %(default)s)"
    )
    parser.add_argument(
        "--segment",
        type=at_least(1),
        default=500_000,
        metavar="N",
        help="numbers sieved by one behavior (default: %(default)s)",
    )
    add_workers(parser)
    options = parser.parse_args(argv)
    limit = options.limit

    say(f"Counting the primes up to {limit:,} on {counted(options.workers, 'worker')} ...")
    start(options.workers)
    began = time.perf_counter()
    total = count_primes(limit, options.segment)
    wait()
    seconds = time.perf_counter() - began

    found = total.unwrap()
    say(f"{found} primes in {seconds:.2f} s")
    if limit in KNOWN:
        expected, source = KNOWN[limit], "the known number"
    else:
        expected, source = sieve(limit).count(1), "the count of a sieve in one piece"
    right = found == expected
    print(f"that is {source}" if right else f"WRONG: {source} is {expected}")
    return verdict(right)


if __name__ == "__main__":
    raise SystemExit(main())
