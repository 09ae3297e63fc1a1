"""contextlib, functools tools, properties, class-level caches, generators inside bodies, async inside a body, closures with nonlocal."""

import sys
from bocpy import Cown, when, quiesce, wait
import asyncio, contextlib, functools, itertools, operator, threading, weakref, string
from functools import cached_property, lru_cache, partial, reduce, cmp_to_key, total_ordering, wraps


class Lazy:
    _instances = {}

    def __new__(cls, key):
        return cls._instances.setdefault(key, super().__new__(cls))

    def __init__(self, key):
        self.key = key

    def __reduce__(self):
        return type(self), (self.key,)

    @cached_property
    def big(self):
        return self.key * 2

    @property
    def temperature(self):
        return self._t

    @temperature.setter
    def temperature(self, value):
        self._t = value

    @temperature.deleter
    def temperature(self):
        del self._t

    @staticmethod
    @lru_cache
    def square(n):
        return n * n

    def __init_subclass__(cls):
        cls.sub = True

    def __enter__(self):
        return self

    def __exit__(self, kind, error, tb):
        self.error = kind and kind.__name__
        return kind is ValueError


def averager():
    total = n = 0

    def add(x):
        nonlocal total, n
        total += x
        n += 1
        return total / n

    def reset():
        nonlocal total, n
        total = n = 0

    add.reset = reset
    return add


def walk(tree):
    match tree:
        case [left, right]:
            yield from walk(left)
            yield from walk(right)
        case leaf:
            got = yield leaf
            if got:
                yield got


async def fetch(n):
    await asyncio.sleep(0)
    return n * 10


async def gather(*ns):
    async with contextlib.AsyncExitStack():
        return [x async for x in agen(ns)]


async def agen(ns):
    for n in ns:
        yield await fetch(n)


def memo(fn=None, *, size=2):
    if fn is None:
        return partial(memo, size=size)
    store = {}

    @wraps(fn)
    def inner(*a):
        if a not in store:
            store[a] = fn(*a)
        return store[a]

    inner.store = store
    return inner


@memo(size=5)
def power(a, b):
    return a**b


by_length = cmp_to_key(lambda a, b: (len(a) > len(b)) - (len(a) < len(b)))
get_name = operator.attrgetter("__name__")
pick = operator.itemgetter(1, "x") if False else operator.itemgetter(1)
upper = operator.methodcaller("upper")
adder = averager()
state = Cown({"lazy": Lazy("k"), "avg": adder, "fns": [get_name, pick, upper, len, power]})


@when(state)
def one(state):
    s = state.value
    lazy = s["lazy"]
    lazy.temperature = 5
    with lazy:
        raise ValueError
    try:
        with lazy:
            raise KeyError
    except KeyError:
        pass
    first = lazy.big, lazy.temperature, lazy.error, Lazy.square(4)
    del lazy.temperature
    return first, hasattr(lazy, "temperature"), [s["avg"](x) for x in (1, 2, 3)], Lazy("k") is Lazy("k")


@when(state)
def two(state):
    s = state.value
    a = s["avg"](10)
    s["avg"].reset()
    g, p, u, k, w = s["fns"]
    return (
        a,
        s["avg"](7),
        g(int),
        p([1, 2]),
        u("abc"),
        sorted(["ccc", "a", "bb"], key=k),
        w(2, 5),
        w.store,
        w.__wrapped__(2, 2),
    )


@when()
def three():
    gen = walk([[1, 2], [3, [4, 5]]])
    return list(gen), next(walk(9)), asyncio.run(gather(1, 2, 3)), {k: list(v) for k, v in itertools.groupby("aabbc")}


@when()
def four():
    class Local(Lazy):
        pass

    ref = weakref.ref(local := Local("q"))
    results = []
    t = threading.Thread(target=lambda: results.append(Local.sub))
    t.start()
    t.join()
    lock = threading.Lock()
    with lock:
        results.append(ref() is local)
    tl = threading.local()
    tl.x = 1
    return (
        results,
        string.Template("$a").substitute(a=tl.x),
        [f(3) for f in [lambda x, n=n: x * n for n in range(3)]],
        (lambda *a, k=1, **kw: (a, k, kw))(1, 2, z=3),
    )


quiesce()
for r in one, two, three, four:
    try:
        print(r.unwrap())
    except Exception as e:
        print(type(e).__name__, e)
with state:
    s = state.value
    print(
        s["lazy"].error,
        vars(s["lazy"]),
        s["avg"](9),
        s["fns"][4].store,
        s["fns"][4].__name__,
        s["fns"][0],
        s["fns"][2]("x"),
    )
wait()
