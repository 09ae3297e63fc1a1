"""Chains and groups: results as inputs, nested behaviors, cowns in cowns, a bounded work list, messages between them by results only."""

import sys
from bocpy import Cown, when, quiesce, wait, read
from dataclasses import dataclass, field
from functools import reduce
import random, statistics, textwrap, time


@dataclass
class Node:
    value: int
    left: "Cown | None" = None
    right: "Cown | None" = None
    meta: dict = field(default_factory=dict)


def insert(cown, value):
    @when(cown)
    def _(cown):
        node = cown.value
        if node is None:
            cown.value = Node(value, Cown(None), Cown(None), {"depth": depth_of(value)})
        elif value < node.value:
            insert(node.left, value)
        elif value > node.value:
            insert(node.right, value)
        else:
            node.meta["again"] = node.meta.get("again", 0) + 1


def depth_of(value):
    return value.bit_length()


def collect(cown, out):
    @when(cown, out)
    def _(cown, out):
        if (node := cown.value) is not None:
            out.value.append((node.value, node.meta))
            collect(node.left, out)
            collect(node.right, out)


def merge_sort(items):
    if len(items) <= 2:
        return Cown(sorted(items))
    middle = len(items) // 2
    left, right = merge_sort(items[:middle]), merge_sort(items[middle:])

    @when(left, right)
    def merged(left, right):
        a, b, out = left.value, right.value, []
        while a and b:
            out.append((a if a[0] <= b[0] else b).pop(0))
        return out + a + b

    return merged


root, out = Cown(None), Cown([])
rng = random.Random(3)
values = [rng.randrange(50) for _ in range(40)]
for v in values:
    insert(root, v)
quiesce()
collect(root, out)
data = [rng.random() for _ in range(30)]
result = merge_sort(data)


def fold(results, fn):
    while len(results) > 1:
        pairs = list(zip(results[::2], results[1::2]))
        rest = results[len(pairs) * 2 :]
        new = []
        for a, b in pairs:

            @when(a, b)
            def r(a, b):
                return fn(a.value, b.value)

            new.append(r)
        results = new + rest
    return results[0]


squares = []
for n in range(9):

    @when()
    def square():
        return n * n

    squares.append(square)
total = fold(squares, lambda a, b: a + b)
config = Cown({"unit": "m", "scale": 3})
readers = []
for n in range(4):

    @when(read(config), [Cown(n), Cown(n * 10)])
    def reader(config, pair, n=n, *, label="r"):
        a, b = pair
        return f"{label}{n}:{(a.value + b.value) * config.value['scale']}{config.value['unit']}"

    readers.append(reader)


@when(config)
def changed(config):
    config.value["scale"] = 100


@when(read(config), readers)
def all_(config, readers):
    return [r.value for r in readers], config.value["scale"]


quiesce()
with out:
    print(sorted(out.value, key=lambda t: t[0])[:5], len(out.value) == len(set(values)))
print(result.unwrap() == sorted(data), total.unwrap(), all_.unwrap())
words = Cown(textwrap.wrap("the quick brown fox jumps over the lazy dog " * 3, 20))


@when(words)
def stats(words):
    lengths = [len(line) for line in words.value]
    return statistics.mean(lengths), statistics.median(lengths), reduce(lambda a, b: max(a, b, key=len), words.value)


@when(stats, words)
def nested(stats, words):
    @when(words)
    def inner(words):
        return words.value[0].split()[0]

    return inner


quiesce()
i = nested.unwrap()
quiesce()
print(i.unwrap(), stats.unwrap())
wait()
