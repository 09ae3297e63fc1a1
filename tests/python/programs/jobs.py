"""A job queue with priorities: heapq, total_ordering, operator overloading, iterators, generics."""

import sys
from bocpy import Cown, when, quiesce, wait
import heapq, itertools, operator, uuid
from dataclasses import dataclass, field
from typing import Generic, TypeVar, Protocol, runtime_checkable, Any, Optional
from functools import partial, partialmethod, total_ordering
import copy

T = TypeVar("T", bound="Comparable")


@runtime_checkable
class Comparable(Protocol):
    def __lt__(self, other: Any) -> bool: ...


@dataclass(order=True)
class Job:
    priority: int
    number: int
    run: object = field(compare=False)
    result: Optional[object] = field(default=None, compare=False, repr=False)


class Heap(Generic[T]):
    def __init__(self, *items: T):
        self._items = []
        self._ticket = iter(range(100))
        for item in items:
            self.push(item)

    def push(self, item: T) -> "Heap[T]":
        if not isinstance(item, Comparable):
            raise TypeError(f"{item!r} is not comparable")
        heapq.heappush(self._items, item)
        return self

    __lshift__ = push

    def pop(self) -> T:
        return heapq.heappop(self._items)

    def __bool__(self):
        return bool(self._items)

    def __len__(self):
        return len(self._items)

    def __iter__(self):
        rest = copy.copy(self)
        rest._items = list(self._items)
        while rest:
            yield rest.pop()

    def __contains__(self, number):
        return any(job.number == number for job in self._items)

    def __getitem__(self, index):
        return sorted(self._items)[index]

    def schedule(self, run, *, priority=0):
        self << Job(priority, len(self._items), run)

    urgent = partialmethod(schedule, priority=-10)


class Power:
    """A callable object."""

    def __init__(self, exponent):
        self.exponent = exponent

    def __call__(self, x):
        return x**self.exponent


def cube(x):
    return x * x * x


def compose(*fns):
    def composed(x):
        for fn in fns:
            x = fn(x)
        return x

    composed.__name__ = "_".join(getattr(f, "__name__", "?") for f in fns)
    return composed


heap: Heap[Job] = Heap()
heap.schedule(cube)
heap.schedule(lambda x: x - 1, priority=3)
heap.urgent(Power(4))
heap.schedule(partial(operator.add, 100), priority=-1)
heap.schedule(compose(cube, Power(2), lambda x: -x), priority=1)
heap.schedule(str.upper if False else "{:>5}".format, priority=2)
heap.schedule("abc".__getitem__, priority=4)
queue = Cown(heap)
done = Cown([])
for worker in range(7):

    @when(queue)
    def job(queue):
        return queue.value.pop()

    @when(job, done)
    def _(job, done):
        j = job.value
        try:
            j.result = j.run(2)
        except Exception as error:
            j.result = error
        done.value.append(j)


@when(queue)
def empty(queue):
    return queue.value.pop()


@when(queue)
def refused(queue):
    class Odd:
        __lt__ = None

    queue.value << Job(1, 2, None) << Job(0, 5, print)
    return (
        5 in queue.value,
        len(queue.value),
        [j.number for j in queue.value],
        queue.value[-1],
        queue.value.push(object()),
    )


quiesce()
with done:
    for j in done.value:
        print(j.priority, j.number, type(j.run).__name__, j.result, getattr(j.run, "__name__", None))
    print(done.value[0] < done.value[1], sorted(done.value)[0].number, done.value[3] == Job(1, 4, None))
for r in empty, refused:
    try:
        print(r.unwrap())
    except Exception as e:
        print(type(e).__name__, str(e)[:20])
with queue:
    print(
        len(queue.value),
        next(queue.value._ticket),
        type(queue.value) is Heap,
        Heap[int].__origin__ is Heap,
        isinstance(queue.value, Heap),
    )
wait()
