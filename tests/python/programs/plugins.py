"""A plugin registry: __init_subclass__, metaclasses, class decorators, __class_getitem__, entry by name."""

import sys
from bocpy import Cown, when, quiesce, wait
import abc, functools


class Registry(type):
    plugins = {}

    def __new__(meta, name, bases, ns, *, abstract=False, **kw):
        cls = super().__new__(meta, name, bases, ns, **kw)
        if not abstract:
            meta.plugins[ns.get("name", name.lower())] = cls
        return cls

    def __call__(cls, *args, **kw):
        self = super().__call__(*args, **kw)
        self.made = cls.made = getattr(cls, "made", 0) + 1
        return self

    def __getitem__(cls, name):
        return cls.plugins[name]

    def __iter__(cls):
        return iter(sorted(cls.plugins))

    def __len__(cls):
        return len(cls.plugins)

    def __instancecheck__(cls, obj):
        return super().__instancecheck__(obj) or getattr(obj, "quacks", False)

    @property
    def count(cls):
        return len(cls)


class Plugin(metaclass=Registry, abstract=True):
    priority = 0
    hooks = []

    def __init_subclass__(cls, priority=None, **kw):
        super().__init_subclass__(**kw)
        if priority is not None:
            cls.priority = priority
        cls.hooks = [m for m in vars(cls) if m.startswith("on_")]

    def run(self, event, *args):
        return getattr(self, f"on_{event}", self.default)(*args)

    def default(self, *args):
        return f"{type(self).__name__} ignores {args}"


def traced(cls):
    original = cls.run

    @functools.wraps(original)
    def run(self, *args):
        return "traced " + str(original(self, *args))

    cls.run = run
    return cls


@traced
class Upper(Plugin, priority=5):
    def on_text(self, text):
        return text.upper()


class Reverse(Plugin):
    name = "rev"

    def on_text(self, text):
        return super().default(text) + text[::-1]

    @classmethod
    def on_stop(cls):
        return cls.__name__, __class__ is cls


class Both(Upper, Reverse, priority=9):
    def on_text(self, text):
        return super().on_text(text) + "|" + Reverse.on_text(self, text)


class Duck:
    quacks = True


log = Cown([])
for name in Plugin:
    for event, args in (("text", ("abc",)), ("stop", ()), ("other", (1, 2))):

        @when(log)
        def _(log):
            plugin = Plugin[name]()
            log.value.append(
                (name, plugin.priority, plugin.hooks, plugin.run(event, *args), isinstance(plugin, Reverse))
            )


quiesce()


@when()
def about():
    return (
        list(Plugin),
        Plugin.count,
        isinstance(Duck(), Plugin),
        [c.__name__ for c in Both.__mro__],
        type(Both) is Registry,
        Upper.run.__name__,
        Registry.plugins is Plugin.plugins,
        Both in Plugin.plugins.values(),
        issubclass(Both, Upper),
        Plugin["both"] is Both,
    )


quiesce()


@when()
def grows():
    class Late(Plugin, priority=1):
        def on_text(self, t):
            return "late" + t

    return Plugin["late"]().run("text", "!"), len(Plugin), Late.hooks


quiesce()
with log:
    for line in log.value:
        print(*line)
print(about.unwrap())
print(grows.unwrap())
wait()
