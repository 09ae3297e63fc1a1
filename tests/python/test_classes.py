"""Classes of ``__main__``: an instance comes back as an instance of the same class."""

from support import check_script, pytest, usual_ways

WAYS_OF_DEFINING = {
    "plain": """
        class Foo:
            def __init__(self, n):
                self.n = n
    """,
    "slots": """
        class Foo:
            __slots__ = ("n",)
            def __init__(self, n):
                self.n = n
    """,
    "dataclass": """
        import dataclasses
        @dataclasses.dataclass
        class Foo:
            n: int
            more: list = dataclasses.field(default_factory=list)
    """,
    "frozen dataclass with slots": """
        import dataclasses
        @dataclasses.dataclass(frozen=True, slots=True, order=True)
        class Foo:
            n: int
    """,
    "namedtuple": """
        import collections
        Foo = collections.namedtuple("Foo", "n")
    """,
    "typing.NamedTuple": """
        import typing
        class Foo(typing.NamedTuple):
            n: int
            label: str = "label"
    """,
    "subclass with super": """
        class Base:
            def __init__(self, n):
                self.n = n
            def plus(self, k):
                return self.n + k
        class Foo(Base):
            def __init__(self, n):
                super().__init__(n)
            def plus(self, k):
                return super().plus(k)
    """,
    "subclass of a builtin": """
        class Foo(dict):
            def __init__(self, n=None):
                super().__init__()
                self.n = n
    """,
    "exception": """
        class Foo(Exception):
            @property
            def n(self):
                return self.args[0]
    """,
    "abstract base": """
        import abc
        class Base(abc.ABC):
            @abc.abstractmethod
            def area(self): ...
        class Foo(Base):
            def __init__(self, n):
                self.n = n
            def area(self):
                return self.n
    """,
    "metaclass": """
        class Meta(type):
            registry = []
            def __new__(mcs, name, bases, space):
                space.setdefault("made_by", mcs.__name__)
                return super().__new__(mcs, name, bases, space)
        class Foo(metaclass=Meta):
            def __init__(self, n):
                self.n = n
    """,
    "generic": """
        import typing
        T = typing.TypeVar("T")
        class Foo(typing.Generic[T]):
            def __init__(self, n: T):
                self.n = n
    """,
    "class decorator": """
        def registered(cls):
            cls.registered = True
            return cls
        @registered
        class Foo:
            def __init__(self, n):
                self.n = n
    """,
    "properties, static and class methods": """
        class Foo:
            unit = "m"
            def __init__(self, n):
                self._n = n
            @property
            def n(self):
                return self._n
            @classmethod
            def make(cls, n):
                return cls(n)
            @staticmethod
            def twice(n):
                return 2 * n
    """,
    "nested": """
        class Outer:
            class Inner:
                def __init__(self, n):
                    self.n = n
        Foo = Outer.Inner
    """,
    "made by type()": """
        def init(self, n):
            self.n = n
        Foo = type("Foo", (), {"__init__": init})
    """,
    "local to a function": """
        def make():
            class Local:
                def __init__(self, n):
                    self.n = n
            return Local
        Foo = make()
    """,
}

ROUND_TRIP = """
    from bocpy import Cown, start, wait, when

    start(2)
    c = Cown(Foo(1))

    @when(c)
    def seen(c):
        return isinstance(c.value, Foo), type(c.value) is Foo, c.value.n

    @when(c)
    def replaced(c):
        c.value = [c.value, Foo(2)]
        return Foo(3)

    @when(replaced)
    def again(r):
        return isinstance(r.value, Foo), r.value.n

    wait()
    first, second = c.unwrap()
    third = replaced.unwrap()
    print(seen.unwrap(), again.unwrap())
    print([type(v) is Foo for v in (first, second, third)], [v.n for v in (first, second, third)])
"""


@usual_ways
@pytest.mark.parametrize("kind", WAYS_OF_DEFINING)
def test_an_instance_comes_back_as_one_of_that_very_class(kind, how):
    import textwrap

    source = textwrap.dedent(WAYS_OF_DEFINING[kind]) + textwrap.dedent(ROUND_TRIP)
    check_script(source, "(True, True, 1) (True, 3)\n[True, True, True] [1, 2, 3]", how=how)


@usual_ways
def test_enums(how):
    source = """
        import enum
        from bocpy import Cown, wait, when

        class Colour(enum.Enum):
            RED = 1
            GREEN = 2

            @property
            def light(self):
                return f"light {self.name.lower()}"

        class Access(enum.IntFlag):
            READ = 1
            WRITE = 2

        c = Cown([Colour.RED, {Colour.GREEN: Access.READ | Access.WRITE}])

        @when(c)
        def seen(c):
            return c.value[0] is Colour.RED, c.value[0].light, c.value[1][Colour.GREEN], Colour(2)

        wait()
        same, light, access, green = seen.unwrap()
        back = c.unwrap()
        print(same, light, access is Access.READ | Access.WRITE, green is Colour.GREEN)
        print(back[0] is Colour.RED, list(back[1]) == [Colour.GREEN], type(back[1][Colour.GREEN]) is Access)
    """
    check_script(source, "True light red True True\nTrue True True", how=how)


@usual_ways
def test_inheritance_between_main_classes(how):
    source = """
        from bocpy import Cown, wait, when

        class Animal:
            def __init__(self, name):
                self.name = name

            def speak(self):
                return f"{self.name} {self.sound()}"

            def sound(self):
                raise NotImplementedError

        class Dog(Animal):
            def sound(self):
                return "barks"

        class Puppy(Dog):
            def sound(self):
                return super().sound() + " softly"

        class Mixed(Puppy, dict):
            pass

        cowns = [Cown(kind("rex")) for kind in (Dog, Puppy, Mixed)]

        @when(cowns)
        def spoken(group):
            return [(c.value.speak(), isinstance(c.value, Animal), isinstance(c.value, Dog)) for c in group]

        @when()
        def kinds():
            return [k.__name__ for k in Mixed.__mro__], issubclass(Puppy, Animal), Dog("new")

        wait()
        print(spoken.unwrap())
        names, sub, dog = kinds.unwrap()
        print(names, sub, isinstance(dog, Animal), [type(c.unwrap()) is k for c, k in zip(cowns, (Dog, Puppy, Mixed))])
    """
    expected = """
        [('rex barks', True, True), ('rex barks softly', True, True), ('rex barks softly', True, True)]
        ['Mixed', 'Puppy', 'Dog', 'Animal', 'dict', 'object'] True True [True, True, True]
    """
    check_script(source, expected, how=how)


@usual_ways
def test_super_in_a_behavior_of_a_method(how):
    source = """
        from bocpy import Cown, wait, when

        class Base:
            def price(self):
                return 5

        class Shop(Base):
            def __init__(self):
                self.till = Cown(0)

            def price(self):
                return 100

            def sell(self):
                @when(self.till)
                def total(till):
                    till.value += super(Shop, self).price() + self.price()
                    return till.value, __class__.__name__
                return total

        result = Shop().sell()
        wait()
        print(result.unwrap())
    """
    check_script(source, "(105, 'Shop')", how=how)


@usual_ways
def test_a_class_that_refers_to_itself_and_to_others(how):
    source = """
        from bocpy import Cown, wait, when

        class Node:
            made = 0

            def __init__(self, value, *children):
                self.value = value
                self.children = children

            def add(self, value):
                return Node(self.value, *self.children, Node(value))

            def total(self):
                return self.value + sum(child.total() for child in self.children) + Bonus().extra

        class Bonus:
            extra = 100

        c = Cown(Node(1, Node(2)))

        @when(c)
        def total(c):
            c.value = c.value.add(3)
            return c.value.total()

        wait()
        root = c.unwrap()
        print(total.unwrap(), type(root) is Node, [type(child) is Node for child in root.children])
    """
    check_script(source, "306 True [True, True]", how=how)


@usual_ways
def test_exceptions_of_main_can_be_caught(how):
    source = """
        from bocpy import Cown, wait, when

        class Refused(Exception):
            def __init__(self, why, code=7):
                super().__init__(why, code)
                self.why = why

        class VeryRefused(Refused):
            pass

        @when()
        def result():
            raise VeryRefused("no")

        @when(result)
        def handled(r):
            try:
                raise r.value
            except Refused as error:
                return error.why

        wait()
        print(handled.unwrap())
        try:
            result.unwrap()
        except VeryRefused as error:
            print(type(error) is VeryRefused, error.why, error.args)
    """
    check_script(source, "no\nTrue no ('no', 7)", how=how, reports=1)


@usual_ways
def test_local_classes_of_one_function_stay_apart(how):
    source = """
        from bocpy import Cown, wait, when

        def make(n):
            class Local:
                number = n

                def show(self):
                    return f"{self.number} {n}"

            return Local

        A, B = make(1), make(2)
        a, b = Cown(A()), Cown(B())

        @when(a, b)
        def seen(a, b):
            kinds = isinstance(a.value, A), isinstance(a.value, B), isinstance(b.value, B)
            return a.value.show(), b.value.show(), *kinds

        wait()
        print(seen.unwrap(), type(a.unwrap()) is A, type(b.unwrap()) is B)
    """
    check_script(source, "('1 1', '2 2', True, False, True) True True", how=how)


@usual_ways
def test_a_class_defined_in_a_behavior(how):
    source = """
        from bocpy import Cown, wait, when

        c = Cown(None)

        @when(c)
        def made(c):
            class Inside:
                def __init__(self, n):
                    self.n = n
                def more(self):
                    return self.n + 1
            c.value = Inside(1)
            return c.value

        @when(c)
        def used(c):
            return c.value.more(), type(c.value).__name__

        wait()
        print(used.unwrap(), made.unwrap().more(), c.unwrap().n)
    """
    check_script(source, "(2, 'Inside') 2 1", how=how)


@usual_ways
def test_a_class_defined_again_is_another_class(how):
    source = """
        from bocpy import Cown, quiesce, when

        class Foo:
            version = 1

        old = Foo
        c = Cown(Foo())
        first = when(c)(lambda c: (isinstance(c.value, Foo), c.value.version))
        quiesce()

        class Foo:
            version = 2

        d = Cown(Foo())
        second = when(c, d)(lambda c, d: (isinstance(c.value, Foo), c.value.version, isinstance(d.value, Foo),
                                          d.value.version))
        quiesce()
        print(first.unwrap(), second.unwrap(), type(c.unwrap()) is old, type(d.unwrap()) is Foo)
    """
    check_script(source, "(True, 1) (False, 1, True, 2) True True", how=how)


@usual_ways
def test_class_identity_holds_across_a_restart(how):
    source = """
        from bocpy import Cown, start, wait, when

        class Foo:
            def __init__(self):
                self.seen = 0

        c = Cown(Foo())
        for _ in range(3):
            start(2)

            @when(c)
            def same(c):
                c.value.seen += 1
                return type(c.value) is Foo

            wait()
            print(same.unwrap(), type(c.value) is Foo, c.value.seen)
    """
    check_script(source, "True True 1\nTrue True 2\nTrue True 3", how=how)


@usual_ways
def test_instances_meet_on_a_worker_as_one_class(how):
    """One instance comes from main, one was made on a worker, one is a capture: all of one class there."""
    source = """
        from bocpy import Cown, start, wait, when

        class Foo:
            def __init__(self, n):
                self.n = n

        start(2)
        mine = Foo(0)
        a, b = Cown(Foo(1)), Cown(None)

        @when(b)
        def _(b):
            b.value = Foo(2)

        @when(a, b)
        def kinds(a, b, default=Foo(3)):
            objects = [mine, a.value, b.value, default, Foo(4)]
            return len({type(x) for x in objects}), all(isinstance(x, Foo) for x in objects), [x.n for x in objects]

        wait()
        print(kinds.unwrap())
    """
    check_script(source, "(1, True, [0, 1, 2, 3, 4])", how=how)


@usual_ways
def test_state_on_a_class_of_main(how):
    source = """
        from bocpy import Cown, wait, when

        class Config:
            limit = 5
            names = ["a"]

        class Special(Config):
            limit = 50

        @when()
        def result():
            return Config.limit, Special.limit, Special.names, Special().limit

        wait()
        print(result.unwrap())
    """
    check_script(source, "(5, 50, ['a'], 50)", how=how)


@usual_ways
def test_custom_pickling_of_a_main_class(how):
    source = """
        from bocpy import Cown, wait, when

        class Foo:
            def __init__(self, n):
                self.n = n
                self.trail = []

            def __reduce__(self):
                return rebuild, (self.n, list(self.trail))

        def rebuild(n, trail):
            foo = Foo(n)
            foo.trail = trail
            return foo

        c = Cown(Foo(1))

        @when(c)
        def _(c):
            c.value.trail.append("worker")

        wait()
        back = c.unwrap()
        print(type(back) is Foo, back.n, back.trail)
    """
    check_script(source, "True 1 ['worker']", how=how)
