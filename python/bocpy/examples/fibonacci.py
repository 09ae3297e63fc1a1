"""Fibonacci numbers from a tree of behaviors, whose results are cowns themselves.

``@when`` turns the function below it into a cown that will hold the function's result. That cown can be an argument of
another ``@when``, so that a sum waits for its two parts, and the next sum for that one, all the way up. No thread waits
in the meantime: the whole tree is scheduled first, and the workers run each behavior once its parts are there.

Near the leaves a number is computed the plain way, since a behavior costs more than a single addition. The answer is
compared with that of a simple loop.
"""

from __future__ import annotations

import time

from bocpy import Cown, start, wait, when
from bocpy.examples._common import add_workers, at_least, command_line, counted, say, verdict


def plain(n: int) -> int:
    """The plain definition, slow on purpose: this is the work for the workers."""
    return n if n < 2 else plain(n - 1) + plain(n - 2)


def parallel(n: int, grain: int) -> Cown[int]:
    """Schedule the n-th Fibonacci number; numbers up to the ``grain``-th are one behavior each."""
    if n <= max(grain, 1):

        @when()
        def leaf() -> int:
            return plain(n)

        return leaf

    @when(parallel(n - 1, grain), parallel(n - 2, grain))
    def both(left: Cown[int], right: Cown[int]) -> int:
        return left.value + right.value

    return both


def expected(n: int) -> int:
    """The n-th Fibonacci number from a simple loop, to compare with."""
    this, following = 0, 1
    for _ in range(n):
        this, following = following, this + following
    return this


def main(argv: list[str] | None = None) -> int:
    """Compute one Fibonacci number on all workers."""
    parser = command_line(__doc__)
    parser.add_argument("n", type=at_least(0), nargs="?", default=30, help="which number (default: %(default)s)")
    parser.add_argument(
        "--grain",
        type=at_least(1),
        default=18,
        metavar="N",
        help="compute numbers up to this one in a single behavior (default: %(default)s)",
    )
    add_workers(parser)
    options = parser.parse_args(argv)
    n = options.n

    say(f"Computing fibonacci({n}) on {counted(options.workers, 'worker')} ...")
    start(options.workers)
    began = time.perf_counter()
    result = parallel(n, options.grain)
    wait()
    seconds = time.perf_counter() - began

    answer = result.unwrap()
    right = answer == expected(n)
    print(f"fibonacci({n}) = {answer} after {seconds:.2f} s")
    print("a simple loop gives the same" if right else f"WRONG: a simple loop gives {expected(n)}")
    return verdict(right)


if __name__ == "__main__":
    raise SystemExit(main())
