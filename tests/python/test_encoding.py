"""Encoding: a value that moves between interpreters keeps its type, content, order and shape."""

import collections
import enum
import math
import sys

from bocpy import Cown, start, when
from support import outcome, pytest
from support.journeys import FrozenGroup, Group, Listing, Raw, RawArray, Real, Several, Table, Text, Whole
from support.shapes import Maker, difference

Pair = collections.namedtuple("Pair", "first second")


class Colour(enum.Enum):
    RED = 1
    GREEN = (1, 2)


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Access(enum.IntFlag):
    READ = 1
    WRITE = 2


class Node:
    """Equal to nothing but itself."""

    def __init__(self, **parts):
        vars(self).update(parts)


def touched(value):
    """The value, after it has moved from main to a worker and back."""
    c = Cown(value)
    when(c)(lambda c: c.value and None)
    return outcome(c)


def check(value):
    """The value comes back alike; a worker also finds it alike, compared with one that comes inside another value."""
    start(1)
    c, twin = Cown(value), Cown([value])
    there = when(c, twin)(lambda c, twin: difference([c.value], twin.value))
    returned = when(c)(lambda c: c.value)
    back = outcome(c)
    assert type(back) is type(value)
    assert outcome(there) == ""
    assert difference(value, back) == ""
    assert difference([value], outcome(twin)) == ""
    assert difference(value, outcome(returned)) == ""


INTS = [0, *(sign * (2**bits + more) for bits in (7, 8, 15, 30, 31, 32, 60, 62, 63, 64, 127) for more in (-1, 0, 1)
             for sign in (1, -1))]  # fmt: skip

LEAVES = {
    "None": None,
    "bools": [True, False, 1, 0],
    "ints": INTS,
    "huge ints": [10**5000, -(10**5000), 2**100_000, 3**50_000],
    "floats": [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, sys.float_info.max, sys.float_info.min, 0.1],
    "complex": [0j, complex(-0.0, 0.0), complex(0.0, -0.0), complex(math.nan, math.inf), 1.5 - 2j],
    "ellipsis": [..., NotImplemented],
    "ranges": [range(0), range(5), range(10, 0, -3), range(2**70)],
    "slices": [slice(None), slice(1, 2, 3), slice("a", None)],
    "ascii": ["", "a", "abc", "\0", "a\0b", "\x7f", "x" * 10_000],
    "latin-1": ["\x80", "é", "ÿ" * 100, "a\xa0\0"],
    "two bytes": ["\u0100", "наука", "\uffff" * 100, "a\u20ac"],
    "four bytes": ["\U00010000", "🦀", "a🦀é字", "\U0010ffff" * 100],
    "surrogates": ["\ud800", "\udfff", "a\udc80b", "\ud83e\udd80", "🦀\udc00", "\udc00" * 1000],
    "bytes": [b"", b"\0", bytes(range(256)), b"x" * 10_000],
    "bytearrays": [bytearray(), bytearray(b"\0"), bytearray(range(256)), bytearray(10_000)],
    "strings of many lengths": [alphabet * n for alphabet in ("a", "é", "字", "🦀") for n in range(70)],
    "bytes of many lengths": [b"\xff" * n for n in range(600)],
}


@pytest.mark.parametrize("name", LEAVES)
def test_what_has_no_parts(name):
    check(LEAVES[name])


def test_leaves_by_themselves():
    for value in INTS + LEAVES["huge ints"] + LEAVES["bytes of many lengths"]:
        back = touched(value)
        assert type(back) is type(value) and back == value


def test_strings_by_themselves():
    for kind in ("ascii", "latin-1", "two bytes", "four bytes", "surrogates"):
        for value in LEAVES[kind]:
            back = touched(value)
            assert type(back) is str and back == value
            assert back + "x" == value + "x" and hash(back) == hash(value)


CONTAINERS = {
    "empty": [[], (), {}, set(), frozenset(), "", b"", bytearray()],
    "nested empty": [[[]], ((),), {(): ()}, {()}, frozenset([frozenset()]), [[], [[], []]]],
    "order of a dict": dict.fromkeys([*"zyx", 3, 2, 1, None, 2.5, (1,), b"b"]),
    "keys": {
        (1, (2, frozenset({3}))): 1,
        frozenset({(1, 2)}): 2,
        frozenset(): 3,
        (): 4,
        1.5: 5,
        b"": 6,
        "": 7,
        None: 8,
    },
    "sets": [set(range(100)), {"a", b"a", 1, None, (1, "b"), frozenset({1})}, frozenset("abc")],
    "a long list": list(range(100_000)),
    "a long tuple": tuple(map(str, range(100_000))),
    "a long dict": {n: str(n) for n in range(100_000)},
    "a long set": set(range(100_000)),
    "a long frozenset": frozenset(map(str, range(100_000))),
    "many small ones": [[n, (n,), {n: n}] for n in range(30_000)],
    "all in all": {"list": [{"tuple": ({"set": {1}}, b"x")}], "more": (frozenset({"a"}), [bytearray(b"b"), ...])},
}


LARGE = [name for name in CONTAINERS if "long" in name or "many" in name]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in LARGE else ()) for name in CONTAINERS]
)
def test_containers(name):
    check(CONTAINERS[name])


SUBCLASSED = [
    collections.OrderedDict(b=1, a=2),
    collections.defaultdict(list, {"a": [1]}),
    collections.Counter("hello"),
    collections.deque([1, [2]], maxlen=3),
    Pair(1, [2]),
    Colour.GREEN,
    Level.HIGH,
    Access.READ | Access.WRITE,
    Whole(5),
    Whole(2**100),
    Real(-0.0),
    Text("text"),
    Raw(b"raw"),
    RawArray(b"raw"),
    Several((1, 2)),
    Listing([1, 2]),
    Table(a=1),
    Group({1}),
    FrozenGroup({1}),
]


@pytest.mark.parametrize("value", SUBCLASSED, ids=lambda value: type(value).__name__)
def test_subclasses_of_builtin_types_come_back_as_what_they_were(value):
    holder = [value, {"in": value}, (value,)]
    for back in touched(value), *(touched(holder)[0], touched(holder)[1]["in"], touched(holder)[2][0]):
        assert type(back) is type(value)
        assert back == value


def test_subclasses_keep_what_they_have_beside_their_content():
    value = [Listing([1]), Table(a=1), Text("t"), Whole(1), Several((1,)), Group({1}), RawArray(b"r")]
    for part in value:
        part.note = ["kept", part]
    for back, part in zip(touched(value), value):
        assert (type(back), back) == (type(part), part)
        assert back.note[0] == "kept" and back.note[1] is back


def test_an_ordered_dict_that_was_reordered():
    value = collections.OrderedDict.fromkeys("abcde")
    value.move_to_end("a")
    value.move_to_end("d", last=False)
    assert list(touched(value)) == list("dbcea")


def test_a_defaultdict_goes_on_making_defaults():
    back = touched(collections.defaultdict(list))
    back["new"].append(1)
    assert back == {"new": [1]}


def test_enum_members_stay_the_members():
    back = touched({Colour.RED: [Colour.GREEN], "level": (Level.LOW,)})
    assert back[Colour.RED][0] is Colour.GREEN and back["level"][0] is Level.LOW


def test_big_ones_made_on_a_worker():
    c = Cown(None)

    @when(c)
    def _(c):
        c.value = {"list": list(range(100_000)), "dict": {str(n): [n] for n in range(50_000)}, "text": "字" * 100_000}

    back = outcome(c)
    assert back["list"] == list(range(100_000)) and back["text"] == "字" * 100_000
    assert list(back["dict"].items()) == [(str(n), [n]) for n in range(50_000)]


# -- shape


def shared(part):
    return [part, part, (part,), {"a": part}, [[part]]]


@pytest.mark.parametrize(
    "part",
    [[1], {"a": 1}, {1}, (1, [2]), frozenset({1}), bytearray(b"b"), Node(a=1), Pair(1, [2]), Listing([1]), Table(a=1)],
    ids=lambda part: type(part).__name__,
)
def test_a_part_that_is_shared_is_one_object_again(part):
    first, second, in_tuple, in_dict, in_list = touched(shared(part))
    assert first is second is in_tuple[0] is in_dict["a"] is in_list[0][0]


def test_parts_that_are_equal_but_not_shared_stay_apart():
    first, second, third = touched([[1], [1], ([1],)])
    assert first is not second and first is not third[0]
    one, other = touched([bytearray(b"a"), bytearray(b"a")])
    assert one is not other


def test_a_part_that_instances_and_builtin_containers_share():
    part = [1]
    value = {"direct": part, "node": Node(part=part, again={"part": part}), "ordered": collections.OrderedDict(p=part)}
    back = touched([value, part, Node(value=value)])
    inner, part, node = back
    assert part is inner["direct"] is inner["node"].part is inner["node"].again["part"] is inner["ordered"]["p"]
    assert node.value is inner


def test_an_instance_that_is_met_twice():
    node = Node(n=1)
    first, second, third = touched([node, {"node": node}, Node(node=node)])
    assert first is second["node"] is third.node


def in_list():
    value = [1]
    value.append(value)
    return value, lambda v: v[1] is v


def in_dict():
    value = {"n": 1}
    value["self"] = value
    return value, lambda v: v["self"] is v


def tuple_through_list():
    value = ([1],)
    value[0].append(value)
    return value, lambda v: v[0][1] is v


def list_through_tuple():
    value = []
    value.append((value, (value,)))
    return value, lambda v: v[0][0] is v and v[0][1][0] is v


def tuple_through_dict():
    value = ({}, 1)
    value[0]["up"] = (value, value)
    return value, lambda v: v[0]["up"][0] is v and v[0]["up"][1] is v


def two_tuples_through_a_list():
    middle = []
    value = ((middle,), (middle,))
    middle.append(value)
    return value, lambda v: v[0][0] is v[1][0] and v[0][0][0] is v


def instance_in_itself():
    value = Node()
    value.parts = [value, {"node": (value,)}]
    return value, lambda v: v.parts[0] is v and v.parts[1]["node"][0] is v


def list_through_instance():
    value = []
    value.append(Node(up=value))
    return value, lambda v: v[0].up is v


def tuple_through_instance():
    node = Node()
    value = (node, [1])
    node.up = value
    return value, lambda v: v[0].up is v


def instance_in_a_set():
    node = Node()
    node.group = {node, 1}
    return node, lambda v: v in v.group and len(v.group) == 2


def instance_as_a_key():
    node = Node()
    node.table = {node: [node]}
    return node, lambda v: v.table[v][0] is v


def set_of_instances_that_hold_it():
    value = set()
    value.update(Node(up=value) for _ in range(3))
    return value, lambda v: len(v) == 3 and all(node.up is v for node in v)


def frozenset_through_an_instance():
    node = Node()
    node.group = frozenset({node})
    return node, lambda v: v in v.group


def defaultdict_in_itself():
    value = collections.defaultdict(list)
    value["self"].append(value)
    return value, lambda v: v["self"][0] is v


def ring_of_a_thousand():
    value = ring = []
    for n in range(1000):
        ring = [ring] if n % 2 else {"next": ring}
    value.append(ring)

    def is_ring(v):
        at = v[0]
        for n in reversed(range(1000)):
            at = at[0] if n % 2 else at["next"]
        return at is v

    return value, is_ring


@pytest.mark.parametrize(
    "make",
    [
        in_list,
        in_dict,
        tuple_through_list,
        list_through_tuple,
        tuple_through_dict,
        two_tuples_through_a_list,
        instance_in_itself,
        list_through_instance,
        tuple_through_instance,
        instance_in_a_set,
        instance_as_a_key,
        set_of_instances_that_hold_it,
        frozenset_through_an_instance,
        defaultdict_in_itself,
        ring_of_a_thousand,
    ],
    ids=lambda make: make.__name__,
)
def test_a_cycle_is_one_again(make):
    value, is_whole = make()
    assert is_whole(value)
    c = Cown(value)
    there = when(c)(lambda c: make()[1](c.value))
    assert is_whole(outcome(c))
    assert outcome(there) is True
    assert is_whole(outcome(when()(lambda: make()[0])))


# -- cowns in values


def test_handles_anywhere_in_a_value():
    a, b = Cown([1]), Cown([2])
    value = [a, (a, b), {"b": b, a: "key"}, {a, b}, frozenset({b}), Node(cown=a), [[a]], {("pair", b): a}]
    c = Cown(value)

    @when(c)
    def there(c):
        v = c.value
        assert v[0] == v[1][0] == v[5].cown == v[6][0][0] == v[7]["pair", v[1][1]]
        assert v[2]["b"] == v[1][1] and v[2][v[0]] == "key"
        assert v[3] == {v[0], v[1][1]} and v[4] == {v[1][1]}
        return when(v[0], v[1][1])(lambda a, b: (a.value, b.value))

    back = outcome(c)
    assert outcome(outcome(there)) == ([1], [2])
    assert back[:5] == value[:5] and back[5].cown == a and back[6:] == value[6:]


def test_ten_thousand_handles_in_a_value():
    cowns = [Cown(n) for n in range(10_000)]
    assert touched({"cowns": cowns, "again": cowns[::-1]}) == {"cowns": cowns, "again": cowns[::-1]}


# -- at random


@pytest.mark.parametrize("seed", range(8))
def test_random_values_come_back_alike(seed):
    cowns = [Cown(n) for n in range(3)]
    values = [[maker.value() for _ in range(6)] for maker in (Maker(f"{seed} {n}", cowns) for n in range(50))]
    start(2)
    carriers = [Cown(value) for value in values]
    for c in carriers:
        when(c)(lambda c: c.value and None)
    for value, c in zip(values, carriers):
        assert difference(value, outcome(c)) == ""


@pytest.mark.parametrize("seed", range(8))
def test_random_values_made_on_a_worker_come_alike(seed):
    start(2)
    c = Cown([])

    def make(number):
        maker = Maker(f"{seed} {number}")
        return [maker.value() for _ in range(6)]

    for number in range(50):
        when(c)(lambda c: c.value.append(make(number)))
    for number, value in enumerate(outcome(c)):
        assert difference(value, make(number)) == ""


def test_ellipsis_and_not_implemented_are_packed_at_any_depth():
    """Not pickled: on CPython 3.12 pickle gives up at 750 levels."""
    value = [..., NotImplemented]
    for _ in range(3000):
        value = [value, ...]
    c = Cown(value)

    @when(c)
    def innermost(c):
        found = c.value
        while len(found) == 2 and found[0] is not ...:
            found = found[0]
        return found[0] is ..., found[1] is NotImplemented

    assert outcome(innermost) == (True, True)
