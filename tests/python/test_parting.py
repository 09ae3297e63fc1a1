"""Parts that values share when a behavior ends are copied: each cown's value belongs to it alone."""

import enum
import random
from copy import deepcopy
from decimal import Decimal

import pytest
from bocpy import Cown, start, wait, when
from support import interpreters_only, not_strict, outcome

pytestmark = interpreters_only


class Color(enum.Enum):
    RED = 1


class Node:
    def __init__(self, content):
        self.content = content
        self.next = None


class Slotted:
    __slots__ = ("content",)

    def __init__(self, content):
        self.content = content


def append_to_first(c):
    c.value[0].append(2)


def look(c):
    return repr(c.value)


@pytest.fixture(autouse=True)
def one_worker():
    """All values are at home there, and would never part by moving."""
    start(1)


def wrap_in(make):
    """A behavior that puts the content of the first value into the second, inside a new object."""

    def give(a, b):
        b.value = make(a.value[0])

    return give


@pytest.mark.parametrize(
    "make",
    [
        lambda part: [part],
        lambda part: (part,),
        lambda part: [(0, (part,))],
        lambda part: [{"key": part}],
        lambda part: [{(1, 2): [part]}],
        lambda part: [Node(part)],
        lambda part: [Slotted(part)],
        lambda part: [part.append],
        lambda part: [lambda: part],
    ],
    ids=["list", "tuple", "tuples", "dict", "deep", "instance", "slots", "method", "closure"],
)
def test_a_part_put_into_another_cown_is_copied(make):
    a, b = Cown([[1]]), Cown(None)
    when(a, b)(wrap_in(make))
    before = when(b)(look_inside)
    appended = when(a)(append_to_first)
    after = when(b, appended)(lambda b, _: look_inside(b))
    wait()
    assert outcome(before) == outcome(after) == [1]
    assert outcome(a) == [[1, 2]]


def look_inside(c):
    """The list inside the object from `wrap_in`."""
    part = c.value
    while not (isinstance(part, list) and part and part[0] == 1):
        if isinstance(part, (list, tuple)):
            part = part[-1]
        elif isinstance(part, dict):
            (part,) = part.values()
        elif isinstance(part, (Node, Slotted)):
            part = part.content
        elif hasattr(part, "__self__"):
            part = part.__self__
        else:
            part = part()
    return list(part)


def test_a_part_that_is_returned_is_copied():
    c = Cown({"items": [1], "count": 1})

    @when(c)
    def seen(c):
        return c.value["items"], c.value["count"]

    @when(c)
    def _(c):
        c.value["items"].append(2)

    wait()
    assert outcome(seen) == ([1], 1)
    assert outcome(c) == {"items": [1, 2], "count": 1}


def test_a_result_that_another_behavior_changes_leaves_the_cown_alone():
    c = Cown([[1]])
    result = when(c)(lambda c: list(c.value))
    changed = when(result)(append_to_first)
    wait()
    assert outcome(changed) is None
    assert (outcome(result), outcome(c)) == ([[1, 2]], [[1]])


def test_parts_of_what_cannot_move_stay_common():
    """Here, a behavior that holds only one of the two may change an object that is in both."""
    a, b = Cown(None), Cown(None)

    @when(a, b)
    def _(a, b):
        part = [1]
        a.value, b.value = [part, (i for i in ())], [part, (i for i in ())]

    appended = when(a)(append_to_first)
    seen = when(b, appended)(lambda b, _: list(b.value[0]))
    wait()
    assert outcome(seen) == [1, 2]


@not_strict
@pytest.mark.parametrize(
    "common",
    [
        lambda: Color.RED,
        lambda: (1, (2.5, "three")),
        lambda: Decimal("1.5"),
        lambda: Node,
        lambda: len,
        lambda: frozenset({1, 2}),
        lambda: random,
        lambda: 10**30,
        lambda: "text" * 200,
    ],
    ids=["enum", "tuple", "decimal", "class", "builtin", "frozenset", "module", "int", "str"],
)
def test_what_nobody_can_change_may_be_common(common):
    a, b = Cown(common), Cown(None)

    @when(a, b)
    def ids(a, b):
        part = a.value()
        a.value, b.value = [part], [part]
        return id(a.value), id(b.value)

    still = when(a, b)(lambda a, b: (id(a.value), id(b.value)))
    wait()
    assert outcome(ids) == outcome(still), "neither has been copied"


@not_strict
def test_a_part_that_is_handed_over_is_not_copied():
    a, b = Cown([[1], [2]]), Cown([])

    @when(a, b)
    def before(a, b):
        b.value.append(a.value.pop())
        return id(a.value), id(b.value), id(b.value[0])

    after = when(a, b)(lambda a, b: (id(a.value), id(b.value), id(b.value[0])))
    wait()
    assert outcome(before) == outcome(after)


@not_strict
def test_of_two_values_the_larger_one_stays():
    large, small = Cown([[n] for n in range(10_000)]), Cown([])

    @when(large, small)
    def before(large, small):
        small.value.append(large.value[0])
        return id(large.value[0])

    after = when(large, small)(lambda large, small: (id(large.value[0]), id(small.value[0])))
    wait()
    before, after = outcome(before), outcome(after)
    assert after[0] == before != after[1]


def test_a_cycle_through_two_values_is_cut():
    a, b = Cown([1]), Cown([2])

    @when(a, b)
    def _(a, b):
        a.value.append([b.value])
        b.value.append([a.value])

    shapes = when(a, b)(lambda a, b: (look(a), look(b)))
    wait()
    # Each contains the other's list, which contains its own again.
    assert outcome(shapes) == ("[1, [[2, [[...]]]]]", "[2, [[1, [[...]]]]]")


@pytest.mark.parametrize("seed", range(4))
def test_random_parts_against_a_model_without_anything_in_common(seed):
    """Lists of lists that move between cowns. In the model everything is copied."""
    choose = random.Random(seed)
    cowns = [Cown([[n]]) for n in range(6)]
    model = [[[n]] for n in range(6)]
    results = []
    for step in range(300):
        i, j = choose.sample(range(6), 2)
        how = choose.choice(["part", "whole", "slice", "change", "tuple", "return"])
        body = lambda a, b, how=how, step=step: do(a, b, how, step)  # noqa: E731
        results.append((when(cowns[i], cowns[j])(body), expect(model, i, j, how, step)))
    wait()
    assert [outcome(cown) for cown in cowns] == model
    for step, (result, expected) in enumerate(results):
        assert outcome(result) == expected, f"of step {step}"


def do(a, b, how, step):
    if how == "part":
        b.value.append(a.value[0])
    elif how == "whole":
        b.value = [a.value]
    elif how == "slice":
        b.value = a.value[-3:]
    elif how == "change":
        deepest(a.value).append(step)
    elif how == "tuple":
        b.value.append([(step, a.value[-1])])
    trim(b)
    return returned(a.value, how)


def trim(b):
    if len(repr(b.value)) > 300:
        b.value = [[0]]


def returned(value, how):
    return {"seen": value[-1], "how": how} if how == "return" else None


def deepest(value):
    while any(isinstance(item, list) and item for item in value):
        value = next(item for item in value if isinstance(item, list) and item)
    return value


class Plain:
    def __init__(self, value):
        self.value = value


def expect(model, i, j, how, step):
    a, b = Plain(model[i]), Plain(model[j])
    result = do(a, b, how, step)
    model[i], model[j], result = deepcopy(a.value), deepcopy(b.value), deepcopy(result)
    return result


def _class_called(name, module):
    """A class whose instances can change, with the name of one whose instances can't."""
    return type(name, (), {"__module__": module})


@pytest.mark.parametrize("name, module", [("range", "builtins"), ("complex", __name__), ("Fraction", "fractions")])
def test_a_class_is_known_by_what_it_is_and_not_by_its_name(name, module):
    a, b = Cown(None), Cown(None)

    @when(a, b)
    def _(a, b):
        thing = _class_called(name, module)()
        thing.n = 1
        a.value, b.value = [thing], [thing]

    @when(a)
    def _(a):
        a.value[0].n = 2

    @when(b)
    def found(b):
        return b.value[0].n

    wait()
    assert outcome(found) == 1


# -- functions and classes that refer to what another cown has


class EnumMeta(type):
    """Only its name is that of the standard library's."""


class Lookalike(metaclass=EnumMeta):
    def __init__(self, items):
        self.items = items


class Plain2:
    items = None


def with_closure(items):
    return lambda: items


def with_default(items):
    def get(items=items):
        return items

    return get


def with_keyword_default(items):
    def get(*, items=items):
        return items

    return get


def class_that_has(items):
    Plain2.items = items
    return Plain2


def module_that_has(items):
    import types

    module = types.ModuleType("made")
    module.items = items
    return module


REFERRING = {
    "a closure": (with_closure, lambda f: f()),
    "a closure in a list": (lambda items: [with_closure(items)], lambda fs: fs[0]()),
    "a default": (with_default, lambda f: f()),
    "a keyword default": (with_keyword_default, lambda f: f()),
    "a lookalike of an enumeration": (Lookalike, lambda thing: thing.items),
    "a lookalike in a dict": (lambda items: {1: Lookalike(items)}, lambda things: things[1].items),
    "a class": (class_that_has, lambda thing: thing.items),
    "a module": (module_that_has, lambda thing: thing.items),
}


@pytest.mark.parametrize("length", [1, 1_000])
@pytest.mark.parametrize("kind", REFERRING)
def test_what_a_function_or_class_refers_to_is_not_shared_with_another_cown(kind, length):
    make, look = REFERRING[kind]
    a, b = Cown(None), Cown(None)

    @when(a, b)
    def _(a, b):
        items = [0] * length
        a.value, b.value = make(items), items

    @when(a, b)
    def seen(a, b):
        b.value.append(1)
        return len(look(a.value)), len(b.value)

    assert outcome(seen) == (length, length + 1)


def test_two_closures_do_not_share_their_state():
    a, b = Cown(None), Cown(None)

    @when(a, b)
    def _(a, b):
        count = 0

        def count_up():
            nonlocal count
            count += 1
            return count

        a.value, b.value = count_up, lambda: count

    @when(a, b)
    def seen(a, b):
        return a.value(), a.value(), b.value()

    assert outcome(seen) == (1, 2, 0)


def test_functions_of_modules_are_not_copied():
    a, b = Cown(None), Cown(None)

    @when(a, b)
    def _(a, b):
        a.value, b.value = [with_default], {"f": with_default}

    @when(a, b)
    def seen(a, b):
        return a.value[0] is b.value["f"]

    assert outcome(seen) is True
