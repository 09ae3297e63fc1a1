"""Functions and classes of ``__main__`` in behaviors, however the program is run."""

import os
import sys

from support import check_script, interpreters_only, pytest, usual_ways


@usual_ways
def test_helper_functions(how):
    source = """
        from bocpy import wait, when

        def double(x):
            return 2 * x

        def quadruple(x):
            return double(double(x))

        def factorial(n):
            return 1 if n < 2 else n * factorial(n - 1)

        def even(n):
            return n == 0 or odd(n - 1)

        def odd(n):
            return n != 0 and even(n - 1)

        with_default = lambda x, y=quadruple(1): x + y

        @when()
        def result():
            return quadruple(3), factorial(10), even(7), with_default(1)

        wait()
        print(result.unwrap())
    """
    check_script(source, "(12, 3628800, False, 5)", how=how)


@usual_ways
def test_helpers_defined_after_the_behavior(how):
    source = """
        from bocpy import Cown, wait, when

        gate = Cown(None)
        with gate:
            @when(gate)
            def result(gate):
                return helper(4) + LATE, Thing(5).name

            def helper(x):
                return other(x) + 1

            def other(x):
                return x * 10

            LATE = 100

            class Thing:
                def __init__(self, n):
                    self.name = f"thing {n}"

        wait()
        print(result.unwrap())
    """
    check_script(source, "(141, 'thing 5')", how=how)


@usual_ways
def test_a_helper_defined_again_is_the_new_one(how):
    source = """
        from bocpy import quiesce, when

        def version():
            return 1

        def use():
            return version()

        first, indirect = when()(lambda: version()), when()(use)
        quiesce()

        def version():
            return 2

        second, indirect_again = when()(lambda: version()), when()(use)
        quiesce()
        print(first.unwrap(), indirect.unwrap(), second.unwrap(), indirect_again.unwrap())
    """
    check_script(source, "1 1 2 2", how=how)


@usual_ways
def test_decorated_helpers_and_generators(how):
    source = """
        import contextlib
        import functools
        from bocpy import wait, when

        def shout(function):
            @functools.wraps(function)
            def wrapper(*args):
                return function(*args).upper()
            return wrapper

        @shout
        def greet(name):
            return f"hello {name}"

        def count(n):
            yield from range(n)

        @contextlib.contextmanager
        def noted(log):
            log.append("in")
            yield
            log.append("out")

        @functools.lru_cache(maxsize=None)
        def fib(n):
            return n if n < 2 else fib(n - 1) + fib(n - 2)

        @when()
        @shout
        def result():
            log = []
            with noted(log):
                log.append(greet("you"))
            return f"{log} {list(count(3))} {fib(30)}"

        wait()
        print(result.unwrap())
    """
    check_script(source, "['IN', 'HELLO YOU', 'OUT'] [0, 1, 2] 832040", how=how)


@usual_ways
def test_two_behaviors_of_one_name(how):
    source = """
        from bocpy import Cown, wait, when

        c = Cown([])

        @when(c)
        def _(c):
            c.value.append("first")

        @when(c)
        def _(c):
            c.value.append("second")

        for word in ("third", "fourth"):
            @when(c)
            def _(c):
                c.value.append(word)

        wait()
        print(c.value)
    """
    check_script(source, "['first', 'second', 'third', 'fourth']", how=how)


@usual_ways
def test_functions_that_schedule_themselves(how):
    source = """
        from bocpy import Cown, wait, when, whencall

        c = Cown([])

        def count_down(n):
            @when(c)
            def _(c):
                c.value.append(n)
                if n:
                    count_down(n - 1)

        def climb(d):
            d.value += 1
            if d.value < 50:
                whencall(climb, [d], [])

        def step(e):
            e.value += 1
            if e.value < 50:
                when(e)(step)

        count_down(10)
        d, e = Cown(0), Cown(0)
        whencall(climb, [d], [])
        when(e)(step)
        wait()
        print(c.value, d.value, e.value)
    """
    check_script(source, "[10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0] 50 50", how=how)


@usual_ways
def test_recursive_nested_behaviors(how):
    source = """
        from bocpy import Cown, wait, when

        def fib(n):
            if n < 2:
                return Cown(n)

            @when(fib(n - 1), fib(n - 2))
            def total(a, b):
                return a.value + b.value

            return total

        def spread(n, target):
            @when(target)
            def _(target):
                target.value += 1
                for k in range(n):
                    spread(n - 1, target)

        result, target = fib(12), Cown(0)
        spread(4, target)
        wait()
        print(result.value, target.value)
    """
    check_script(source, "144 65", how=how)


@usual_ways
def test_methods_of_main_classes(how):
    source = """
        from bocpy import Cown, wait, when

        class Account:
            bank = "Rust & Sons"

            def __init__(self, owner, balance):
                self.owner = owner
                self.balance = Cown(balance)

            def deposit(self, amount):
                @when(self.balance)
                def result(balance):
                    balance.value += self.checked(amount)
                    return f"{self.bank}: {self.owner} has {balance.value}"
                return result

            def checked(self, amount):
                return max(amount, 0)

        account = Account("Ann", 10)
        results = [account.deposit(n) for n in (5, -7, 1)]
        wait()
        print([r.value for r in results], account.balance.value)
    """
    lines = "['Rust & Sons: Ann has 15', 'Rust & Sons: Ann has 15', 'Rust & Sons: Ann has 16'] 16"
    check_script(source, lines, how=how)


def test_what_a_captured_function_could_reach_but_never_does_is_no_harm():
    check_script(
        """
        import threading
        from bocpy import Cown, wait, when

        lock = threading.Lock()

        def guarded(lock=lock):
            return lock

        def maybe(n):
            return guarded() if n < 0 else ping(n)

        def ping(n):
            return n if n == 0 else pong(n - 1)

        def pong(n):
            return ping(n)

        c = Cown(maybe)

        def schedule(function):
            @when(c)
            def result(c):
                return function(3), c.value(2)
            return result

        result = schedule(maybe)
        wait()
        print(result.unwrap())
        """,
        "(0, 0)",
    )


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="nothing says how much memory is in use")
@pytest.mark.skipif(
    sys.version_info[:2] == (3, 13) and not getattr(sys, "_is_gil_enabled", lambda: True)(),
    reason="CPython keeps code for ever there, once there are several threads",
)
@pytest.mark.parametrize("globals_", ["globals()", "{'K': 3, '__name__': 'own'}"])
def test_functions_that_are_made_again_and_again_are_not_all_kept(globals_):
    # `quiesce`, not `wait`: CPython 3.12 and 3.13 keep some megabytes of each interpreter that ends.
    check_script(
        """
        from bocpy import Cown, quiesce, wait, when

        c, K = Cown(0), 3


        def pages():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1])


        def make(count):
            for n in range(count):
                names = GLOBALS
                exec(f"def f(c): c.value = K + {n}", names)
                when(c)(names["f"])
                if n % 500 == 0:
                    quiesce()
            quiesce()


        make(10_000)
        before = pages()
        make(10_000)
        grown = (pages() - before) * 4096
        wait()
        print("kept few" if grown < 15_000_000 else f"{grown} bytes more", c.unwrap())
        """.replace("GLOBALS", globals_),
        "kept few 10002",
    )


IDENTITY = """
    from bocpy import Cown, quiesce, receive, send, wait, when

    _MISSING = object()

    def get(key, default=_MISSING):
        return "missing" if default is _MISSING else default

    class Options:
        missing = _MISSING
        getter = get

    HANDLERS = {"get": get}
    cown = Cown({"get": get, "missing": _MISSING, "len": len})

    def look(cown):
        own = cown.value
        return (
            own["get"] is get, own["missing"] is _MISSING, Options.missing is _MISSING, HANDLERS["get"] is get,
            own["get"](1), get(1, own["missing"]), get(1, Options.missing), get(1, 5), own["len"] is len,
        )

    def pass_on(cown):
        send("moved", (get, _MISSING, Options))
"""


@usual_ways
def test_functions_and_sentinels_are_one_object_everywhere(how):
    check_script(
        IDENTITY
        + """
    for _ in range(3):
        seen = when(cown)(look)
        when(cown)(pass_on)
        quiesce()
        print(seen.unwrap())
    wait()
    print(cown.value["get"] is get, cown.value["missing"] is _MISSING)
    moved = receive("moved", 60)[1]
    print(moved[0] is get, moved[1] is _MISSING, moved[2] is Options)
    """,
        "(True, True, True, True, 'missing', 'missing', 'missing', 5, True)\n" * 3 + "True True\nTrue True True",
        how=how,
    )


@interpreters_only
def test_a_function_that_may_change_is_each_cowns_own():
    check_script(
        """
        from bocpy import Cown, quiesce, wait, when

        def counts(x, seen=[]):
            seen.append(x)
            return seen

        def marked():
            return marked.calls

        marked.calls = 0
        a, b = Cown(counts), Cown(counts)
        when(a)(lambda a: a.value(1))
        one = when(b)(lambda b: list(b.value(2)))
        quiesce()
        print(one.unwrap())
        wait()
        print(counts(3))
    """,
        "[2]\n[3]",
    )


def test_a_function_in_a_value_sees_the_newest_globals():
    check_script(
        """
        from bocpy import Cown, quiesce, receive, send, when

        def helper():
            return PRICE * 10

        def run():
            job = receive("job", 60)[1]
            return job()

        def directly():
            return PRICE, helper()

        for PRICE in (1, 2, 3):
            send("job", lambda: (PRICE, helper()))
            result = when()(run)
            quiesce()
            other = when()(directly)
            quiesce()
            print(result.unwrap(), other.unwrap())

        # An old function does not bring back what the running behavior knows better.
        PRICE = 4
        send("job", lambda: PRICE)
        PRICE = 5

        @when()
        def both():
            return PRICE, receive("job", 60)[1](), PRICE

        quiesce()
        print(both.unwrap())
    """,
        "(1, 10) (1, 10)\n(2, 20) (2, 20)\n(3, 30) (3, 30)\n(5, 5, 5)",
    )


@usual_ways
def test_a_class_that_changes_while_it_is_looked_through(how):
    """As when another thread is the first to ask for its annotations, which puts them into its dict."""
    check_script(
        """
        from bocpy import Cown, wait, when

        class Lazy:
            def __init__(self, owner):
                self.owner = owner

            def __getattr__(self, name):
                if not name.startswith("_"):
                    setattr(self.owner, f"asked_for_{name}", True)
                raise AttributeError(name)

        class Question:
            def double(self, number):
                return 2 * number

        Question.lazy = Lazy(Question)

        @when(Cown(21))
        def answer(c):
            return Question().double(c.value)

        wait()
        print(answer.unwrap())
        """,
        "42",
        how=how,
    )


@usual_ways
def test_globals_of_a_class_that_a_function_of_the_program_makes(how):
    check_script(
        """
        import pickle
        from bocpy import Cown, wait, when

        def restore(name):
            again = Ball.__new__(Ball)
            again.name = name
            return again

        class Ball:
            def __init__(self, name):
                self.name = name

            def __reduce__(self):
                return restore, (self.name,)

        BALL = Ball("first")

        class Player:
            def catch(self):
                return BALL.name

        def main():
            player = Player()

            @when(Cown(0))
            def caught(c):
                return player.catch()

            wait()
            print(caught.unwrap())

        main()
        """,
        "first",
        how=how,
    )
