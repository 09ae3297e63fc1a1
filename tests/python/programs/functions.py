"""Functions of all kinds as data: decorators with state, wrapped classes, generators, callables, defaults that are objects, docstrings, signature, positional-only, recursion, star-args, nested closures sharing a cell."""

import sys
from bocpy import Cown, when, quiesce, wait
import functools, inspect, operator, types, copy
from collections import namedtuple

REGISTRY = {}


def register(name=None, **options):
    def decorate(fn):
        fn.options = options
        REGISTRY[name or fn.__name__] = fn
        return fn

    return decorate


@register(tags=["a"])
def mixed(a, /, b, *args, c=1, d, **kw):
    """Mixed.

    Of all kinds.
    """
    return a, b, args, c, d, kw


@register("short")
def s(x=[], *, y={"k": (1, 2)}, z=REGISTRY):
    x.append(len(x))
    return x, y, sorted(z)


@register()
def counter(_state={"n": 0}):
    _state["n"] += 1
    return _state["n"]


def pair():
    value = 0

    def get():
        return value

    def put(new):
        nonlocal value
        value = new

    return get, put


class countcalls:
    def __init__(self, fn):
        functools.update_wrapper(self, fn)
        self.fn, self.calls = fn, 0

    def __call__(self, *args):
        self.calls += 1
        return self.fn(*args)

    def __get__(self, obj, owner):
        return self if obj is None else functools.partial(self, obj)


class Greeter:
    def __init__(self, name):
        self.name = name

    @countcalls
    def greet(self, other):
        "Greets."
        return f"{self.name} greets {other}"

    @functools.cached_property
    def loud(self):
        return lambda text: text.upper() + self.name

    def chain(self, *fns):
        return functools.reduce(lambda f, g: lambda x: g(f(x)), fns, lambda x: x)


@countcalls
def fact(n):
    return 1 if n < 2 else n * fact(n - 1)


def is_even(n):
    return n == 0 or is_odd(n - 1)


def is_odd(n):
    return n != 0 and is_even(n - 1)


def make(n):
    if n == 0:
        return lambda: "bottom"
    inner = make(n - 1)
    return lambda: f"{n}>{inner()}"


compiled = {}
exec("def dynamic(x, *, k=2):\n    'Made by exec.'\n    return x * k + offset", {"offset": 100}, compiled)
twin = types.FunctionType(mixed.__code__, globals(), "twin", (9,), None)
twin.__kwdefaults__ = {"d": "dd"}
get, put = pair()
put("start")
greeter = Greeter("Ann")
box = Cown(
    {
        "pair": (get, put),
        "greet": greeter.greet,
        "greeter": greeter,
        "deep": make(5),
        "dyn": compiled["dynamic"],
        "twin": twin,
        "fact": fact,
    }
)


@when(box)
def shared(box):
    g, p = box.value["pair"]
    p("changed")
    return g(), g.__closure__[0] is p.__closure__[0] or "cells", g.__qualname__


@when(box)
def shared2(box):
    g, p = box.value["pair"]
    return (
        g(),
        box.value["deep"](),
        box.value["dyn"](5),
        box.value["dyn"].__doc__,
        box.value["twin"](1),
        box.value["twin"].__name__,
    )


@when(box)
def methods(box):
    b = box.value
    out = b["greet"]("Bob"), b["greeter"].greet("Cy"), Greeter.greet.__doc__, Greeter.greet.__name__
    return out, b["greeter"].loud("x"), b["greeter"].chain(str, len, operator.neg)(12345), b["fact"](5), b["fact"].calls


@when()
def signature():
    return (
        str(inspect.signature(mixed)),
        inspect.getdoc(mixed),
        mixed.options,
        mixed(1, 2, 3, d=4, e=5),
        REGISTRY["mixed"] is mixed,
        sorted(REGISTRY),
    )


@when()
def defaults():
    return (
        s(),
        s(),
        s.__kwdefaults__["z"] is REGISTRY,
        is_even(10),
        is_odd(7),
        inspect.getsource(is_even).splitlines()[0],
    )


@when()
def state():
    return [counter(), counter()], counter.__defaults__


quiesce()
for r in shared, shared2, methods, signature, defaults, state:
    try:
        print(r.unwrap())
    except Exception as e:
        print(type(e).__name__, e)
with box:
    b = box.value
    print(b["pair"][0](), b["greeter"].loud("y"), b["deep"](), type(b["greeter"]) is Greeter, b["dyn"].__kwdefaults__)
wait()
