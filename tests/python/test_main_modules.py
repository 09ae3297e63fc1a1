"""Modules and packages that ``__main__`` uses or is, however the program is run."""

from support import check_script, every_way, pytest, usual_ways


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


@every_way
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


LAZY = {
    "lazy.py": """
        import sys
        import threading
        from importlib.util import spec_from_loader

        class Finder:
            # Finds modules that this one makes, as six does.
            def find_spec(self, name, path=None, target=None):
                return spec_from_loader(name, self) if name == "lazy_part" else None

            def create_module(self, spec):
                return None

            def exec_module(self, module):
                module.lock = threading.Lock()
                module.finder = self

        sys.meta_path.append(Finder())
    """
}


@pytest.mark.parametrize("first", [True, False], ids=["in-main-first", "on-the-worker-only"])
def test_a_module_that_a_library_makes_is_made_on_the_worker(first):
    source = f"""
        from bocpy import Cown, wait, when

        def use():
            import lazy
            import lazy_part
            with lazy_part.lock:
                return type(lazy_part.finder) is lazy.Finder

        if {first}:
            use()
        used = when(Cown(None))(lambda c: use())
        wait()
        print(used.unwrap())
    """
    check_script(source, "True", files=LAZY)
