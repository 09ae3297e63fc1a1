"""Code of ``__main__``: all that a script may use in its behaviors, however it is run."""

import os
import sys

from support import EVERY_WAY, USUAL_WAYS, check_script, interpreters_only, pytest, run_script

usual_ways = pytest.mark.parametrize("how", USUAL_WAYS)
every_way = pytest.mark.parametrize("how", EVERY_WAY)

TOUR = """
    import math
    import functools as ft
    from bocpy import Cown, quiesce, wait, when

    UNIT = "apples"
    basket = Cown(0)
    log = Cown([])


    def describe(n):
        return f"{n} {UNIT}"


    class Till:
        def __init__(self, price):
            self.price = price

        def total(self, count):
            return math.floor(self.price * count)


    def pick(count):
        @when(basket, log)
        def picked(basket, log):
            basket.value += count
            log.value.append(describe(count))
            return Till(1.5).total(basket.value)

        return picked


    results = [pick(n) for n in (1, 2, 3)]
    for name in "xy":

        @when(log)
        def _(log):
            log.value.append(name)


    @when([*results])
    def largest(results):
        return ft.reduce(max, [r.value for r in results])


    wait()
    print([r.value for r in results], basket.value, largest.value)
    print(log.value)


    @when(basket, log)
    def _(basket, log, ending="the end"):
        log.value = [ending, basket.value, __name__]


    quiesce()
    print(log.unwrap())
"""

TOUR_OUTPUT = """
    [1, 4, 9] 6 9
    ['1 apples', '2 apples', '3 apples', 'x', 'y']
    ['the end', 6, '__main__']
"""


@every_way
def test_a_whole_program(how):
    check_script(TOUR, TOUR_OUTPUT, how=how)


def test_a_program_with_a_guard_and_a_main_function():
    source = """
        from bocpy import Cown, wait, when

        def helper(x):
            return x + 1

        def main():
            c = Cown(1)
            local = 10

            @when(c)
            def result(c):
                return helper(c.value) + local

            wait()
            print(result.value)

        if __name__ == "__main__":
            main()
    """
    for how in USUAL_WAYS:
        check_script(source, "12", how=how)


def test_the_program_is_not_run_again_on_the_workers():
    source = """
        from bocpy import Cown, start, wait, when

        print("once")
        start(2)

        def helper(c):
            return c.value

        results = [when(Cown(n))(helper) for n in range(4)]
        wait()
        print([r.value for r in results])
    """
    for how in USUAL_WAYS:
        check_script(source, "once\n[0, 1, 2, 3]", how=how)


# -- functions and classes


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


# -- modules


@usual_ways
def test_modules_of_the_standard_library(how):
    source = """
        import json
        import math as m
        import os.path
        import collections.abc
        import concurrent.futures as futures
        from itertools import accumulate as running
        from string import *
        from bocpy import wait, when

        @when()
        def result():
            import textwrap
            return (
                json.loads("[1]"), m.floor(m.pi), os.path.basename("a/b"), isinstance([], collections.abc.Sized),
                futures.Future.__name__, list(running([1, 2, 3])), digits, textwrap.shorten("a  b", 10),
            )

        wait()
        print(result.unwrap())
    """
    check_script(source, "([1], 3, 'b', True, 'Future', [1, 3, 6], '0123456789', 'a b')", how=how)


LOCAL_MODULES = {
    "helpers.py": """
        LIMIT = 10

        def clip(x):
            return min(x, LIMIT)

        class Counter:
            def __init__(self):
                self.n = 0

            def up(self):
                self.n += 1
                return self
    """,
    "shop/__init__.py": "NAME = 'shop'\n",
    "shop/till.py": """
        from bocpy import Cown, when
        from . import NAME
        from .prices import price

        till = 0

        def sell(balance, what, count):
            @when(balance)
            def total(balance):
                balance.value += price(what) * count
                return f"{NAME}: {balance.value}"
            return total
    """,
    "shop/prices.py": """
        def price(what):
            return {"apple": 2, "pear": 3}[what]
    """,
}


@pytest.mark.parametrize("how", EVERY_WAY)
def test_modules_and_packages_beside_the_program(how):
    source = """
        import helpers
        import shop.till
        from helpers import Counter, clip
        from shop import till as the_till
        from bocpy import Cown, wait, when

        balance = Cown(0)

        @when(Cown(Counter()))
        def result(counter):
            counter.value.up().up()
            return clip(99), helpers.LIMIT, counter.value.n, type(counter.value) is helpers.Counter, the_till.NAME

        sold = shop.till.sell(balance, "apple", 3)
        sold_again = the_till.sell(balance, "pear", 1)
        wait()
        print(result.unwrap(), sold.unwrap(), sold_again.unwrap())
    """
    if how == "runpy":  # which alone does not look beside the program
        source = "\n        import os, sys; sys.path.insert(0, os.path.dirname(__file__))" + source
    check_script(source, "(10, 10, 2, True, 'shop') shop: 6 shop: 9", how=how, files=LOCAL_MODULES)


def test_a_package_run_as_a_program():
    files = {
        "program/__init__.py": "",
        "program/__main__.py": """
            from bocpy import Cown, wait, when
            from .parts import twice
            from . import parts

            def helper(x):
                return twice(x) + 1

            @when(Cown(4))
            def result(c):
                from .parts import twice as again
                return helper(c.value), parts.twice(1), again(2), __package__

            wait()
            print(result.unwrap())
        """,
        "program/parts.py": """
            def twice(x):
                return 2 * x
        """,
    }
    check_script("", "(9, 2, 4, 'program')", how="-m", files=files)


def test_a_module_run_within_its_package():
    files = {
        "pkg/__init__.py": "",
        "pkg/tool.py": """
            from bocpy import Cown, wait, when
            from .parts import twice

            class Mine:
                pass

            @when(Cown(Mine()))
            def result(c):
                return twice(3), type(c.value) is Mine, __name__, __spec__.name

            wait()
            print(result.unwrap())
        """,
        "pkg/parts.py": "def twice(x): return 2 * x\n",
    }
    as_dash_m_does = "import runpy; runpy._run_module_as_main('pkg.tool')"
    check_script(as_dash_m_does, "(6, True, '__main__', 'pkg.tool')", how="-c", files=files)


def test_sys_path_of_the_program_holds_on_the_workers():
    source = """
        import pathlib, sys
        sys.path.append(str(pathlib.Path(__file__).parent / "vendored"))
        import thirdparty
        from bocpy import wait, when

        @when()
        def result():
            return thirdparty.name()

        wait()
        print(result.unwrap())
    """
    check_script(source, "third party", files={"vendored/thirdparty.py": "def name(): return 'third party'\n"})


@usual_ways
def test_behaviors_of_an_imported_module_use_its_names(how):
    files = {
        "counting.py": """
            import math
            import bocpy as b

            STEP = 3

            def bump(n):
                return n + STEP

            class Kept:
                pass

            def schedule(c, times):
                for k in range(times):
                    @b.when(c)
                    def _(c):
                        c.value = bump(c.value) + k

            @staticmethod
            def unused(): ...

            def whole(c):
                return b.when(c)(lambda c: (math.isqrt(c.value), type(Kept()).__module__, __name__))
        """
    }
    source = """
        import counting
        from bocpy import Cown, wait

        c = Cown(0)
        counting.schedule(c, 4)
        result = counting.whole(c)
        wait()
        print(c.value, result.value)
    """
    check_script(source, "18 (4, 'counting', 'counting')", how=how, files=files)


# -- variables


@usual_ways
def test_closures(how):
    source = """
        from bocpy import Cown, wait, when

        def order(exclude, menu=("eggs", "spam")):
            local = [dish for dish in menu if dish != exclude]

            def helper(x):
                return f"{x}, no {exclude}"

            @when()
            def result():
                return helper(local[0])

            return result

        results = [order("spam"), order("eggs")]
        wait()
        print([r.value for r in results])
    """
    check_script(source, "['eggs, no spam', 'spam, no eggs']", how=how)


@usual_ways
def test_loop_variables_in_a_function(how):
    source = """
        from bocpy import Cown, wait, when

        def main():
            gate = Cown([])
            with gate:
                for i in range(3):
                    for word in "ab":
                        @when(gate)
                        def _(gate):
                            gate.value.append((i, word))
            wait()
            print(gate.value)

        main()
    """
    check_script(source, "[(0, 'a'), (0, 'b'), (1, 'a'), (1, 'b'), (2, 'a'), (2, 'b')]", how=how)


@usual_ways
def test_loop_variables_at_module_level(how):
    source = """
        from bocpy import Cown, wait, when

        gate = Cown([])
        with gate:
            for i in range(3):
                for word in "ab":
                    @when(gate)
                    def _(gate):
                        gate.value.append((i, word))
            results = [when(gate)(lambda gate: n * n) for n in range(4)]
        wait()
        print(gate.value, [r.value for r in results])
    """
    check_script(source, "[(0, 'a'), (0, 'b'), (1, 'a'), (1, 'b'), (2, 'a'), (2, 'b')] [0, 1, 4, 9]", how=how)


@usual_ways
def test_trailing_captures(how):
    source = """
        from bocpy import Cown, wait, when

        factor = 7
        words = ["a", "b"]

        def compute():
            return 5

        c = Cown(6)
        results = []
        gate = Cown(None)
        with gate:
            for i in range(3):
                @when(gate, c)
                def result(gate, c, i=i, k=compute()):
                    return c.value * i + k
                results.append(result)

            @when(gate, c)
            def by_name(gate, c, factor, words):
                return c.value * factor, words

            factor = 8
            words = None
        wait()
        print([r.value for r in results], by_name.value)
    """
    check_script(source, "[5, 11, 17] (42, ['a', 'b'])", how=how)


@usual_ways
def test_variables_of_the_program(how):
    source = """
        from bocpy import Cown, wait, when

        LIMIT = 10
        NAMES = ["ann", "bob"]
        TABLE = {"k": (1, {2})}
        nothing = None

        def within(x):
            return x < LIMIT

        @when(Cown(9))
        def result(c):
            return within(c.value), NAMES, TABLE["k"], nothing

        wait()
        print(result.unwrap())
    """
    check_script(source, "(True, ['ann', 'bob'], (1, {2}), None)", how=how)


@usual_ways
def test_a_variable_has_the_value_of_when_it_was_scheduled(how):
    source = """
        from bocpy import Cown, wait, when

        x = "before"
        gone = "still there"
        gate = Cown(None)
        with gate:
            @when(gate)
            def result(gate):
                return x, gone

            x = "after"
            del gone

            @when(gate)
            def later(gate):
                return x

        wait()
        print(result.unwrap(), later.unwrap(), x)
    """
    check_script(source, "('before', 'still there') after after", how=how)


@usual_ways
def test_a_variable_that_a_helper_uses_changes_between_schedules(how):
    source = """
        from bocpy import quiesce, when

        LIMIT = 1
        TABLE = [1]

        def helper():
            return LIMIT, list(TABLE)

        first = when()(lambda: helper())
        quiesce()
        LIMIT = 2
        TABLE.append(2)
        second = when()(lambda: helper())
        quiesce()
        TABLE = "new"
        third = when()(lambda: helper())
        quiesce()
        print(first.unwrap(), second.unwrap(), third.unwrap())
    """
    check_script(source, "(1, [1]) (2, [1, 2]) (2, ['n', 'e', 'w'])", how=how)


@usual_ways
def test_cowns_of_the_program(how):
    source = """
        from bocpy import Cown, wait, when

        total = Cown(0)
        accounts = {"ann": Cown(1), "bob": Cown(2)}
        queue = [Cown(n) for n in range(3)]

        def add(n):
            @when(total)
            def _(total):
                total.value += n

        @when()
        def _():
            @when(accounts["ann"], accounts["bob"], queue)
            def _(ann, bob, queue):
                add(ann.value + bob.value + sum(c.value for c in queue))

        wait()
        print(total.value)
    """
    check_script(source, "6", how=how)


@usual_ways
def test_assigning_a_global_in_a_body_does_no_harm(how):
    source = """
        from bocpy import start, quiesce, when

        start(1)
        count = 0

        def up():
            global count
            count += 1
            return count

        first = when()(up)
        quiesce()
        print(first.unwrap() >= 1)
    """
    check_script(source, "True", how=how)


@interpreters_only
def test_assigning_a_global_in_a_body_stays_on_the_worker():
    source = """
        from bocpy import quiesce, when

        count = 0
        names = []

        def up():
            global count
            count += 1
            names.append(count)

        for _ in range(3):
            when()(up)
        quiesce()
        print(count, names)
    """
    check_script(source, "0 []")


@interpreters_only
def test_a_mutable_global_is_sent_anew_each_time():
    source = """
        from bocpy import start, quiesce, when

        start(1)
        names = ["a"]

        def look():
            names.append("worker")
            return names

        first = when()(look)
        quiesce()
        names.append("b")
        second = when()(look)
        quiesce()
        print(first.unwrap(), second.unwrap(), names)
    """
    check_script(source, "['a', 'worker'] ['a', 'b', 'worker'] ['a', 'b']")


@usual_ways
def test_names_of_the_module_itself(how):
    source = """
        from __future__ import annotations
        from bocpy import Cown, wait, when

        c: Cown[int] = Cown(1)

        @when(c)
        def result(c: Cown[int]) -> Unknown:
            "A docstring."
            return __name__

        wait()
        print(result.unwrap())
    """
    check_script(source, "__main__", how=how)


@usual_ways
def test_the_package_itself_may_be_used_under_any_name(how):
    source = """
        import bocpy
        import bocpy as b
        from bocpy import Cown as C, when as schedule

        start = bocpy.when
        c = C(0)

        @b.when(c)
        def _(c):
            c.value += 1
            @bocpy.when(c)
            def _(c):
                c.value += 10
            @schedule(c)
            def _(c):
                c.value += 100
                b.when(c)(lambda c: setattr(c, "value", c.value + 1000))
            @start(b.Cown(1), c)
            def _(d, c):
                c.value += 10000 * d.value

        bocpy.wait()
        print(c.value)
    """
    check_script(source, "11111", how=how)


# -- namespaces that are no module


@usual_ways
def test_code_run_by_exec(how):
    source = """
        from bocpy import wait

        code = '''
        from bocpy import Cown, when

        FACTOR = 3

        def scaled(x):
            return x * FACTOR

        class Thing:
            pass

        c = Cown(Thing())

        @when(c)
        def result(c):
            return scaled(2), type(c.value) is Thing
        '''
        import textwrap
        for space in ({}, {"__name__": "nowhere"}, {"__name__": "__main__"}):
            exec(textwrap.dedent(code), space)
            wait()
            print(space["result"].unwrap())
    """
    check_script(source, "(6, True)\n(6, True)\n(6, True)", how=how)


@usual_ways
def test_cells_of_a_notebook(how):
    """Each cell is compiled under a name of its own and run in the namespace of ``__main__``."""
    source = """
        import __main__
        cells = [
            "from bocpy import Cown, quiesce, when\\nc = Cown(1)\\n",
            "def helper(x):\\n    return x + 1\\n",
            "@when(c)\\ndef result(c):\\n    c.value = helper(c.value)\\n    return c.value\\n",
            "quiesce(); print(result.unwrap())\\n",
            "def helper(x):\\n    return x * 100\\n",
            "@when(c)\\ndef result(c):\\n    c.value = helper(c.value)\\n    return c.value\\n",
            "quiesce(); print(result.unwrap())\\n",
        ]
        for number, cell in enumerate(cells):
            exec(compile(cell, f"<ipython-input-{number}>", "exec"), __main__.__dict__)
    """
    check_script(source, "2\n200", how=how)


def test_a_module_made_at_run_time():
    source = """
        import sys, types
        from bocpy import Cown, wait, when

        made = types.ModuleType("made")
        exec("def twice(x): return 2 * x\\nclass Kind: pass\\n", made.__dict__)
        sys.modules["made"] = made
        from made import twice

        @when(Cown(4))
        def result(c):
            return twice(c.value)

        wait()
        with result:
            print(result.exception or result.value)
    """
    done = run_script(source)
    assert done.returncode == 0, done.stderr
    # by value where no worker can import it; an error that says so would do as well
    assert done.stdout.strip() in ("8", "True")


@pytest.mark.parametrize("mode", ["prepend", "append", "importlib"])
def test_tests_of_a_user_under_pytest(mode):
    files = {
        "test_of_a_user.py": """
            import pytest
            from bocpy import Cown, quiesce, wait, when

            LIMIT = 10

            class Thing:
                pass

            def helper(x):
                return min(x + 1, LIMIT)

            @pytest.fixture
            def cown():
                yield Cown(1)
                wait()

            @pytest.mark.parametrize("n", [1, 2])
            def test_a_behavior(cown, n):
                @when(cown)
                def result(c):
                    assert c.value == 1
                    return helper(c.value) + n

                quiesce()
                assert result.unwrap() == 2 + n

            class TestOfAClass:
                def test_a_method(self, cown):
                    c = Cown(Thing())

                    @when(cown, c)
                    def result(cown, c):
                        assert cown.value == 2, "the message of the assertion"
                        return type(c.value) is Thing

                    wait()
                    with pytest.raises(AssertionError, match="the message of the assertion"):
                        result.unwrap()
                    assert type(c.unwrap()) is Thing
        """
    }
    options = ["-q", "-p", "no:cacheprovider", f"--import-mode={mode}", "."]
    done = run_script(f"import pytest, sys; sys.exit(pytest.main({options}))", how="-c", files=files)
    assert "3 passed" in done.stdout and done.returncode == 0, done.stdout + done.stderr


# -- what cannot be sent


@usual_ways
def test_a_global_that_cannot_be_sent_does_no_harm_unused(how):
    source = """
        import threading
        from bocpy import Cown, wait, when

        LOCK = threading.Lock()
        generator = (n for n in range(3))

        def never():
            return LOCK

        @when(Cown(1))
        def result(c):
            if c.value > 1:
                LOCK.acquire()
                return next(generator), never()
            return "fine"

        wait()
        print(result.unwrap())
    """
    check_script(source, "fine", how=how)


@interpreters_only
@usual_ways
def test_a_global_that_cannot_be_sent_says_why_where_it_is_used(how):
    source = """
        import threading
        from bocpy import wait, when

        LOCK = threading.Lock()

        def helper():
            return LOCK

        @when()
        def direct():
            return LOCK.locked()

        @when()
        def indirect():
            return helper()

        wait()
        for result in direct, indirect:
            said = str(result.value)
            print(result.exception, type(result.value).__name__, "LOCK" in said, "lock" in said)
    """
    check_script(source, "True NameError True True\nTrue NameError True True", how=how)


@usual_ways
def test_a_name_that_is_nowhere_is_the_usual_error(how):
    source = """
        from bocpy import wait, when

        @when()
        def result():
            return no_such_name

        wait()
        print(result.exception, type(result.value).__name__, "no_such_name" in str(result.value))
    """
    check_script(source, "True NameError True", how=how)


@interpreters_only
def test_a_mutable_global_over_a_megabyte_warns_once():
    source = """
        import warnings
        from bocpy import wait, when

        BIG = [float(n) for n in range(300_000)]

        def total():
            return sum(BIG)

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results = [when()(total) for _ in range(5)]
            again = when()(lambda: len(BIG))
        wait()
        print(len({r.unwrap() for r in results}), again.unwrap(), len(caught))
        for w in caught:
            text = str(w.message)
            print(issubclass(w.category, (RuntimeWarning, UserWarning)), "BIG" in text, "cown" in text.lower())
    """
    check_script(source, "1 300000 1\nTrue True True")


def test_an_immutable_or_small_global_does_not_warn():
    source = """
        import warnings
        from bocpy import wait, when

        TEXT = "x" * 3_000_000
        DATA = b"x" * 3_000_000
        SMALL = [1] * 1000

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results = [when()(lambda: (len(TEXT), len(DATA), len(SMALL))) for _ in range(3)]
        wait()
        print(results[2].unwrap(), [str(w.message) for w in caught])
    """
    check_script(source, "(3000000, 3000000, 1000) []")


# -- output and input


@usual_ways
def test_printing_in_a_behavior(how):
    source = """
        import sys
        from bocpy import Cown, wait, when

        c = Cown("from the worker")

        @when(c)
        def _(c):
            print(c.value, "ünï ✓", flush=True)

        @when(c)
        def _(c):
            sys.stdout.write("and again\\n")

        wait()
        print("from main")
    """
    check_script(source, "from the worker ünï ✓\nand again\nfrom main", how=how)


def test_arguments_of_the_program_do_not_disturb():
    source = """
        import sys
        from bocpy import wait, when

        arguments = sys.argv[1:]
        result = when()(lambda: arguments)
        wait()
        print(result.unwrap())
    """
    for how in (*USUAL_WAYS, "-m", "runpy"):
        check_script(source, "['--flag', 'two words', 'ünï']", "--flag", "two words", "ünï", how=how)


@pytest.mark.parametrize("flags", ["-I", "-E", "-s", "-O", "-OO", "-u", "-B", "-X utf8", "-W error"])
def test_flags_of_the_interpreter(flags, tmp_path):
    """The interpreter's own switches hold on the workers or do no harm there."""
    import subprocess
    import sys

    program = tmp_path / "program.py"
    program.write_text(
        "from bocpy import Cown, wait, when\n"
        "def helper(x):\n    return x + 1\n"
        "@when(Cown(1))\ndef result(c):\n    assert __debug__ or True\n    return helper(c.value), __debug__\n"
        "wait()\nprint(result.unwrap() == (2, __debug__))\n"
    )
    done = subprocess.run([sys.executable, *flags.split(), program], capture_output=True, text=True, timeout=100)
    if flags in ("-I", "-E") and "No module named 'bocpy'" in done.stderr:
        pytest.skip("bocpy is found through PYTHONPATH only")
    assert (done.stdout, done.stderr, done.returncode) == ("True\n", "", 0)


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


@interpreters_only
@pytest.mark.parametrize("name", ["range", "ellipsis", "complex"])
def test_a_global_of_a_class_with_a_builtin_name_is_sent_as_it_is_now(name):
    check_script(
        f"""
        from bocpy import Cown, wait, when


        class {name}:
            def __init__(self, n):
                self.n = n


        THING = {name}(0)
        seen = Cown([])
        for n in (1, 2, 3):
            THING.n = n

            @when(seen)
            def _(seen):
                seen.value.append(THING.n)


        wait()
        print(seen.unwrap())
        """,
        "[1, 2, 3]",
    )


@interpreters_only
def test_a_method_of_a_list_that_is_a_global_is_sent_as_it_is_now():
    check_script(
        """
        from bocpy import Cown, wait, when

        items = [0]
        copy_of_items = items.copy
        seen = Cown([])
        for n in (1, 2):
            items.append(n)

            @when(seen)
            def _(seen):
                seen.value.append(copy_of_items())


        wait()
        print(seen.unwrap())
        """,
        "[[0, 1], [0, 1, 2]]",
    )


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="nothing says how much memory is in use")
@pytest.mark.skipif(sys.version_info[:2] == (3, 13), reason="memory grows there all the same: not explained yet")
def test_functions_that_are_made_again_and_again_are_not_all_kept():
    check_script(
        """
        from bocpy import Cown, wait, when

        c, K = Cown(0), 3


        def pages():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1])


        def make(count):
            for n in range(count):
                exec(f"def f(c): c.value = K + {n}", globals())
                when(c)(f)
                if n % 500 == 0:
                    wait()
            wait()


        make(3_000)
        before = pages()
        make(6_000)
        grown = (pages() - before) * 4096
        print("kept few" if grown < 4_000_000 else f"{grown} bytes more", c.unwrap())
        """,
        "kept few 6002",
    )
