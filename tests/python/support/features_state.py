"""State that changes: between two behaviors, in a behavior, in cowns; and code that travels in values."""

from support import why
from support.features import Feature

STATE = [
    Feature(
        "globals changed between behaviors",
        """
        RATE = 1

        def priced():
            return RATE * 10

        def body():
            return RATE, priced()

        def drive(boc):
            global RATE
            results = []
            for RATE in (1, 2, 3):
                results.append(boc.run(body))
            return results
        """,
        known={"module on interpreters": why.NOT_FOLLOWED},
    ),
    Feature(
        "lists changed between behaviors",
        """
        WAITING = []

        def waiting():
            return len(WAITING)

        def body():
            return WAITING, waiting()

        def drive(boc):
            results = []
            for n in range(3):
                WAITING.append(n)
                results.append(repr(boc.run(body)))
            return results
        """,
        known={"module on interpreters": why.NOT_FOLLOWED},
    ),
    Feature(
        "functions defined again between behaviors",
        """
        def version():
            return "first"

        def report():
            return version()

        def body():
            return report()

        def drive(boc):
            global version
            results = [boc.run(body)]

            def version():
                return "second"

            results.append(boc.run(body))
            version = lambda: "third"
            return [*results, boc.run(body)]
        """,
        known={"module on interpreters": why.NOT_FOLLOWED},
    ),
    Feature(
        "classes defined again between behaviors",
        """
        class Model:
            kind = "first"

        def body():
            return Model.kind, Model().kind

        def drive(boc):
            global Model
            results = [boc.run(body)]

            class Model:
                kind = "second"

            return [*results, boc.run(body)]
        """,
        known={"module on interpreters": why.NOT_FOLLOWED},
    ),
    Feature(
        "class attributes changed between behaviors",
        """
        class Limits:
            most = 1

        def body():
            return Limits.most

        def drive(boc):
            results = []
            for Limits.most in (1, 2):
                results.append(boc.run(body))
            return results
        """,
        known={
            "main on interpreters": why.SENT_ONCE,
            "module on interpreters": why.NOT_FOLLOWED,
        },
    ),
    Feature(
        "classes patched before the first behavior",
        """
        class Patched:
            def name(self):
                return "original"

        def body():
            return Patched().name()

        def drive(boc):
            Patched.name = lambda self: "patched"
            return boc.run(body)
        """,
        known={"module on interpreters": why.NOT_FOLLOWED},
    ),
    Feature(
        "modules patched by the program",
        """
        import math

        def body():
            return math.tau

        def drive(boc):
            before, math.tau = math.tau, 6
            try:
                return boc.run(body)
            finally:
                math.tau = before
        """,
        known={"main on interpreters": why.NOT_FOLLOWED, "module on interpreters": why.NOT_FOLLOWED},
    ),
    Feature(
        "globals assigned by a helper",
        """
        visits = 0

        def visit():
            global visits
            visits += 1
            return visits

        def body():
            return visit()

        def drive(boc):
            return [boc.run(body) for _ in range(3)]
        """,
        known={"main on interpreters": why.NOT_KEPT},
    ),
    Feature(
        "globals assigned by the body",
        """
        rounds = 0

        def body():
            global rounds
            rounds += 1
            return rounds

        def drive(boc):
            return [boc.run(body) for _ in range(3)]
        """,
        known={"main on interpreters": why.NOT_KEPT},
    ),
    Feature(
        "lists changed in place by a body",
        """
        HISTORY = []

        def body():
            HISTORY.append(len(HISTORY))
            return len(HISTORY)

        def drive(boc):
            return [boc.run(body) for _ in range(3)]
        """,
        known={"main on interpreters": why.NOT_KEPT},
    ),
    Feature(
        "class attributes changed by a body",
        """
        class Tally:
            total = 0

        def body():
            Tally.total += 1
            return Tally.total

        def drive(boc):
            return [boc.run(body) for _ in range(3)]
        """,
    ),
    Feature(
        "caches filled by a body",
        """
        import functools

        FETCHED = []

        @functools.lru_cache
        def fetch(key):
            FETCHED.append(key)
            return len(FETCHED)

        def body():
            return fetch("a"), fetch.cache_info().hits

        def drive(boc):
            return [boc.run(body) for _ in range(3)]
        """,
        known={"main on interpreters": why.NOT_KEPT},
    ),
    Feature(
        "attributes of functions changed by a body",
        """
        def called():
            called.times += 1
            return called.times

        called.times = 0

        def body():
            return called()

        def drive(boc):
            return [boc.run(body) for _ in range(3)]
        """,
    ),
    Feature(
        "variables of closures changed by a body",
        """
        def make_tick():
            ticks = 0

            def tick():
                nonlocal ticks
                ticks += 1
                return ticks

            return tick

        tick = make_tick()

        def body():
            return tick()

        def drive(boc):
            return [boc.run(body) for _ in range(3)]
        """,
    ),
    Feature(
        "numbers drawn from a seeded generator",
        """
        import random

        DICE = random.Random(1)

        def body():
            return DICE.randint(1, 1000)

        def drive(boc):
            return [boc.run(body) for _ in range(3)]
        """,
        known={"main on interpreters": why.NOT_KEPT},
    ),
    Feature(
        "function in a cown",
        """
        BONUS = 5

        def with_bonus(n):
            return n + BONUS

        def body(cown):
            return cown.value(1), cown.value is with_bonus

        def drive(boc):
            cown = boc.cown(with_bonus)
            found = boc.run(body, cown)
            back = boc.take(cown)
            return found, back(2), back is with_bonus
        """,
    ),
    Feature(
        "lambda in a cown",
        """
        SHIFT = 7

        def body(cown):
            return [f(1) for f in cown.value]

        def drive(boc):
            return boc.run(body, boc.cown([lambda n: n + SHIFT, lambda n: body.__name__]))
        """,
    ),
    Feature(
        "function left in a cown",
        """
        STRETCH = 4

        def stretch(n):
            return n * STRETCH

        def body(cown):
            cown.value = {"function": stretch, "lambda": lambda n: stretch(n) + 1}

        def drive(boc):
            cown = boc.cown(None)
            boc.run(body, cown)
            found = boc.take(cown)
            return found["function"](2), found["lambda"](2), found["function"] is stretch
        """,
    ),
    Feature(
        "function as a result",
        """
        PREFIX = ">"

        def show(text):
            return PREFIX + text

        def body():
            return show

        def drive(boc):
            found = boc.run(body)
            return found is show, found("x")
        """,
    ),
    Feature(
        "instance in a cown there and back",
        """
        class Parcel:
            def __init__(self, to):
                self.to = to
                self.stamps = []

            def stamp(self, what):
                self.stamps.append((what, STAMP))
                return self

        STAMP = "ok"

        def body(cown):
            cown.value.stamp("worker")
            return type(cown.value) is Parcel, Parcel("new").stamp("result")

        def drive(boc):
            cown = boc.cown(Parcel("me").stamp("main"))
            same, made = boc.run(body, cown)
            back = boc.take(cown)
            return same, type(back) is Parcel, back.stamps, type(made) is Parcel, made.stamps, isinstance(back, Parcel)
        """,
    ),
    Feature(
        "local class in a cown there and back",
        """
        def make_token():
            class Token:
                def __init__(self, n):
                    self.n = n

            return Token

        Token = make_token()

        def body(cown):
            cown.value.n += 1
            return isinstance(cown.value, Token), Token(5)

        def drive(boc):
            cown = boc.cown(Token(1))
            same, made = boc.run(body, cown)
            back = boc.take(cown)
            return same, type(back) is Token, type(made) is Token, back.n
        """,
        known={"module on interpreters": why.NO_NAME},
    ),
    Feature(
        "class that a body makes",
        """
        def body():
            class Fresh:
                size = 3

                def twice(self):
                    return self.size * 2

            return Fresh()

        def drive(boc):
            fresh = boc.run(body)
            return type(fresh).__qualname__, fresh.twice(), type(fresh).__module__ == __name__
        """,
    ),
    Feature(
        "exception of its own in a cown",
        """
        class Oops(Exception):
            pass

        def body(cown):
            kept = cown.value
            cown.value = Oops("second", 2)
            return isinstance(kept, Oops), kept.args

        def drive(boc):
            cown = boc.cown(Oops("first"))
            found = boc.run(body, cown)
            back = boc.take(cown)
            return found, type(back) is Oops, back.args
        """,
    ),
    Feature(
        "enum of bodies",
        """
        import enum

        class Action(enum.Enum):
            GO = "go"
            STAY = "stay"

            def act(self):
                return ACTIONS_OF[self]()

        ACTIONS_OF = {Action.GO: lambda: "went", Action.STAY: lambda: "stayed"}

        def body(cown):
            return [action.act() for action in cown.value]

        def drive(boc):
            return boc.run(body, boc.cown(list(Action)))
        """,
    ),
    Feature(
        "name that is deleted between behaviors",
        """
        SCRATCH = 1

        def body():
            return "SCRATCH" in globals(), globals().get("SCRATCH")

        def drive(boc):
            global SCRATCH
            first = boc.run(body)
            del SCRATCH
            return first, boc.run(body)
        """,
        known={"module on interpreters": why.NOT_FOLLOWED},
    ),
    Feature(
        "name that is defined after the first behavior",
        """
        def body():
            try:
                return later()
            except NameError as error:
                return str(error)

        def drive(boc):
            global later
            first = boc.run(body)

            def later():
                return "now"

            return first, boc.run(body)
        """,
        known={"module on interpreters": why.NOT_FOLLOWED},
    ),
    Feature(
        "message with a function",
        """
        from bocpy import receive, send

        LOUD = "!"

        def exclaim(text):
            return text + LOUD

        def body():
            send("features", (exclaim, "hey"))
            _, (function, text) = receive("features")
            return function(text)
        """,
    ),
    Feature(
        "message to the main program",
        """
        from bocpy import receive, send

        class Note:
            def __init__(self, text):
                self.text = text

        def body():
            send("notes", [Note("hi")])

        def drive(boc):
            boc.run(body)
            _, (note,) = receive("notes")
            return type(note) is Note, note.text
        """,
    ),
    Feature(
        "numbers drawn by functions of the random module",
        """
        from random import random

        def body():
            return random()

        def drive(boc):
            return len({boc.run(body) for _ in range(3)})
        """,
    ),
]
