"""Where a class of records may be: in the program, however it is run, in a module, in a function, at the prompt, made
on a worker. Records arrive as instances of that very class.
"""

import os
import subprocess
import sys

from support import check_script, every_way, interpreters_only, pytest, usual_ways

PROGRAM = """
from typing import Annotated, ClassVar
from bocpy import Cown, Record, notice_read, notice_sync, notice_write, receive, record, send, start, wait, when

class Shown:
    __slots__ = ()

    def show(self):
        return f"{self.price} of {self.name.decode()}"

@record
class Item(Shown):
    RATE: ClassVar[float] = 1.5
    price: float
    name: Annotated[bytes, 6] = b"none"

    def dear(self):
        return self.price * Item.RATE

    @property
    def twice(self):
        return self.price * 2

    @classmethod
    def free(cls):
        return cls(0.0, b"free")

@record
class Offer(Item):
    left: Annotated[int, "B"] = 1

    def dear(self):
        return super().dear() + self.left

def looked_at(item):
    name = type(item).__name__
    return name, type(item) is (Offer if name == "Offer" else Item), item.dear(), item.show()

if __name__ == "__main__":
    start(2)
    c = Cown([Item(2.0, b"tea"), Offer(4.0, left=3)])

    @when(c)
    def seen(c):
        item, offer = c.value
        item.price += 1
        c.value.append(Item.free())
        return [looked_at(x) for x in c.value], isinstance(offer, Item), item.twice, Offer.free().left

    wait()
    all_seen, *rest = seen.unwrap()
    print(*all_seen)
    print(rest)
    with c:
        print([(type(x) is Item, type(x) is Offer, x.price) for x in c.value])
    one = Cown(Item(1.0))

    @when(one)
    def made(one):
        one.value.name = b"x"
        return Offer(9.0, left=7)

    wait()
    print(type(one.value) is Item, one.value, made.unwrap() == Offer(9.0, left=7))
    send("item", Item(5.0))
    print(looked_at(receive("item")[1]))
    notice_write("item", Item(6.0))
    notice_sync()

    @when()
    def noticed():
        return looked_at(notice_read("item"))

    wait()
    print(noticed.unwrap(), Item.__module__)
"""

EXPECTED = """
('Item', True, 4.5, '3.0 of tea') ('Offer', True, 9.0, '4.0 of none') ('Item', True, 0.0, '0.0 of free')
[True, 6.0, 1]
[(True, False, 3.0), (False, True, 4.0), (True, False, 0.0)]
True Item(price=1.0, name=b'x') True
('Item', True, 7.5, '5.0 of none')
('Item', True, 9.0, '6.0 of none') __main__
"""


@every_way
def test_in_the_program_itself(how):
    check_script(PROGRAM, EXPECTED, how=how)


@usual_ways
def test_in_a_module(how):
    classes, program = PROGRAM.split('if __name__ == "__main__":\n')
    program = "from items import *\nfrom items import looked_at\nif True:\n" + program
    check_script(program, EXPECTED.replace("__main__", "items"), how=how, files={"items.py": classes})


def test_in_a_package_that_the_program_does_not_import_by_name():
    check_script(
        """
        import importlib
        from bocpy import Cown, wait, when
        Item = importlib.import_module("shop.items").Item
        c = Cown(Item(2.0))

        @when(c)
        def seen(c):
            c.value.price += 1
            return c.value.dear()

        wait()
        print(seen.unwrap(), type(c.value) is Item)
        """,
        "4.5 True",
        files={"shop/__init__.py": "", "shop/items.py": PROGRAM.split("if __name__")[0]},
    )


@usual_ways
def test_in_a_function(how):
    check_script(
        """
        from typing import Annotated
        from bocpy import Cown, record, start, wait, when

        def factory(size, start):
            @record
            class Buffer:
                n: int = start
                data: Annotated[bytes, size] = b""

                def more(self):
                    self.n += start
                    return self, __class__

            return Buffer

        def main():
            start(2)
            Small, Large = factory(4, 10), factory(40, 100)
            a, b = Cown(Small(data=b"abcd")), Cown(Large(data=b"x" * 40))

            @when(a, b)
            def seen(a, b):
                same = [c.value.more()[1] is kind for c, kind in ((a, Small), (b, Large))]
                return same, a.value.n, b.value.n, isinstance(a.value, Large)

            wait()
            print(seen.unwrap())
            print(type(a.value) is Small, type(b.value) is Large, a.value.data, len(b.value.data))

        main()
        """,
        """
        ([True, True], 20, 200, False)
        True True b'abcd' 40
        """,
        how=how,
    )


def test_at_the_prompt():
    session = """
from bocpy import Cown, record, wait, when
@record
class Item:
    price: float
    def dear(self):
        return self.price * 2

c = Cown(Item(2.0))
@when(c)
def seen(c):
    c.value.price += 1
    return c.value.dear(), type(c.value) is Item

wait()
seen.unwrap(), type(c.value) is Item, c.value
@record
class Item:
    price: float
    left: int = 5

old = c
c = Cown(Item(1.0))
@when(c, old)
def seen(c, old):
    return c.value.left, type(c.value) is Item, type(old.value) is Item, old.value.price

wait()
seen.unwrap(), type(c.value) is Item, old.value.dear()
"""
    done = subprocess.run(
        [sys.executable, "-i", "-q"],
        input=session,
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, "PYTHON_BASIC_REPL": "1", "PYTHONSTARTUP": ""},
    )
    assert done.stdout.splitlines() == [
        "((6.0, True), True, Item(price=3.0))",
        "((5, True, False, 3.0), True, 6.0)",
    ], done.stderr
    assert "Traceback" not in done.stderr


def test_a_class_that_a_behavior_defines():
    """It comes back with its records, and goes on to other workers."""
    check_script(
        """
        from bocpy import Cown, record, start, wait, when
        start(2)

        @when()
        def made():
            @record
            class Item:
                price: float

                def dear(self):
                    return self.price * 2

            return [Item(2.0), Item(3.0)]

        def body(c):
            for item in c.value:
                item.price += 1
            return [item.dear() for item in c.value], type(c.value[0]) is type(c.value[1])

        seen = [when(made)(body) for _ in range(4)]
        wait()
        print([result.unwrap() for result in seen])
        one, other = made.value
        print(type(one) is type(other), one.price, one.dear(), type(one).__name__, type(one)(7.0).dear())
        again = Cown([one])

        @when(again)
        def last(again):
            return again.value[0].dear()

        wait()
        print(last.unwrap(), type(again.value[0]) is type(other))
        """,
        """
        [([6.0, 8.0], True), ([8.0, 10.0], True), ([10.0, 12.0], True), ([12.0, 14.0], True)]
        True 6.0 12.0 Item 14.0
        12.0 True
        """,
    )


def test_a_class_that_nobody_refers_to_lives_with_its_records():
    check_script(
        """
        import gc
        from bocpy import Cown, record, wait, when

        def make():
            @record
            class Item:
                price: float

                def dear(self):
                    return self.price * 2

            return Cown(Item(2.0)), Cown([Item(3.0)])

        one, other = make()
        gc.collect()

        @when(one, other)
        def seen(one, other):
            return one.value.dear(), other.value[0].dear(), type(one.value) is type(other.value[0])

        wait()
        gc.collect()
        print(seen.unwrap(), one.value.dear(), type(one.value) is type(other.value[0]))
        """,
        "(4.0, 6.0, True) 4.0 True",
    )


def test_many_classes_come_and_go():
    check_script(
        """
        from bocpy import Cown, record, wait, when

        def make(n):
            @record
            class Item:
                x: int = n

            return Item

        total = 0
        for n in range(300):
            c = Cown(make(n)())

            @when(c)
            def x(c):
                return c.value.x

            total += x.get()
        print(total)
        wait()
        """,
        str(sum(range(300))),
    )


@interpreters_only
def test_a_module_that_makes_another_class_on_each_worker():
    """Layouts that differ are told apart, not read as one another."""
    check_script(
        """
        from bocpy import Cown, wait, when
        from odd import Item

        c = Cown(Item(5))

        @when(c)
        def seen(c):
            return c.value

        wait()
        try:
            print(seen.unwrap())
        except Exception as error:
            print(type(error).__name__)
            print("Item" in str(error) and "other fields" in str(error))
        """,
        """
        RuntimeError
        True
        """,
        reports=1,
        files={
            "odd.py": """
                import os, threading
                from bocpy import record

                on_main = threading.get_native_id() == os.getpid()

                @record
                class Item:
                    x: int
                    if not on_main:
                        y: float = 1.0
            """
        },
    )


def test_what_the_class_says_of_itself():
    check_script(
        """
        import inspect
        from bocpy import record

        @record
        class Item:
            "What there is."
            price: float = 1.0

        print(Item.__doc__, Item.__module__, Item.__qualname__, inspect.signature(Item), inspect.isclass(Item))
        """,
        "What there is. __main__ Item (price: float = 1.0) True",
    )


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_pickled_by_the_program_itself(protocol):
    check_script(
        f"""
        import pickle
        from bocpy import record

        @record
        class Item:
            price: float

        data = pickle.dumps(Item(2.5), {protocol})
        print(pickle.loads(data), type(pickle.loads(data)) is Item)
        """,
        "Item(price=2.5) True",
    )
