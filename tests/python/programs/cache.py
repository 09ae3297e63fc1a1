"""A cache with TTL: MutableMapping, descriptors, a fake clock, __missing__, weak references, context managers."""

import sys
from bocpy import Cown, when, quiesce, wait
from collections import OrderedDict
from collections.abc import MutableMapping
from contextlib import contextmanager, ExitStack, suppress, nullcontext, AbstractContextManager
import time

MISSING = object()


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def advance(self, seconds):
        self.now += seconds
        return self


class Limited:
    """A descriptor with bounds."""

    def __init__(self, low, high):
        self.low, self.high = low, high

    def __set_name__(self, owner, name):
        self.name = name
        self.slot = f"_{name}"

    def __get__(self, obj, owner=None):
        return self if obj is None else getattr(obj, self.slot)

    def __set__(self, obj, value):
        if not self.low <= value <= self.high:
            raise ValueError(f"{type(obj).__name__}.{self.name} must be {self.low}..{self.high}, not {value}")
        setattr(obj, self.slot, value)


class Cache(MutableMapping):
    size = Limited(1, 100)
    ttl = Limited(0, 1e9)

    def __init__(self, size=3, ttl=10, clock=time.monotonic):
        self.size, self.ttl, self.clock = size, ttl, clock
        self._data = OrderedDict()
        self.hits = self.misses = 0

    def __getitem__(self, key):
        value, born = self._data.get(key, (MISSING, 0))
        if value is MISSING or self.clock() - born > self.ttl:
            self.misses += 1
            self._data.pop(key, None)
            return self.__missing__(key)
        self.hits += 1
        self._data.move_to_end(key)
        return value

    def __missing__(self, key):
        raise KeyError(key)

    def __setitem__(self, key, value):
        self._data[key] = value, self.clock()
        while len(self._data) > self.size:
            self._data.popitem(last=False)

    def __delitem__(self, key):
        del self._data[key]

    def __iter__(self):
        return iter(self._data)

    def __len__(self):
        return len(self._data)

    @contextmanager
    def locked(self, name):
        self[name] = "locked"
        try:
            yield self
        except ZeroDivisionError as e:
            self[name] = repr(e)
        finally:
            self.clock.advance(1)


class Computing(Cache):
    def __init__(self, compute, **kw):
        super().__init__(**kw)
        self.compute = compute

    def __missing__(self, key):
        with suppress(KeyError):
            super().__missing__(key)
        self[key] = value = self.compute(key)
        return value


calls = []


def expensive(key):
    calls.append(key)
    return key * 2


cache = Cown(Computing(expensive, clock=Clock(), ttl=5))
for key in ["a", "b", "a", (1,), "d", "a", "b"]:

    @when(cache)
    def _(cache):
        cache.value[key]
        cache.value.clock.advance(2)


@when(cache)
def locked(cache):
    with ExitStack() as stack:
        c = stack.enter_context(cache.value.locked("x"))
        stack.callback(c.pop, "x", None)
        stack.enter_context(nullcontext())
        first = c.get("x")
    with cache.value.locked("y"):
        1 / 0
    return first, cache.value["y"], "x" in cache.value, cache.value.setdefault("z", 5)


@when(cache)
def too_much(cache):
    cache.value.size = 1000


@when(Cown(Cache(ttl=1, clock=Clock())))
def plain(c):
    return c.value.get("q", MISSING) is MISSING, Cache.size.name, type(Cache.ttl).__name__, c.value["q"]


quiesce()
print(locked.unwrap())
for r in too_much, plain:
    try:
        print(r.unwrap())
    except Exception as e:
        print(type(e).__name__, e)
with cache:
    c = cache.value
    print(list(c), dict(c), c.hits, c.misses, c.clock.now, c.size, vars(c)["_size"], c["a"])
    print(
        type(c).__mro__[1] is Cache, isinstance(c, MutableMapping), type(c).size is Cache.size, c.compute is expensive
    )
wait()
