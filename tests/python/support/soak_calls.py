"""Calls everything public with arguments that are mostly wrong, in the main program, threads and behaviors at once.

Any exception is fine. A crash, a hang, or an error that calls itself a bug of bocpy is not.
"""

import random
import threading

import bocpy
from bocpy import Cown, read, wait, when

from support.soak_arguments import anything, short
from support.soak_round import check, run

BUG = "internal error in bocpy"

NAMES = ["when", "whencall", "start", "read", "send", "drain", "set_tags", "Cown", "noticeboard", "notice_read"]
NAMES += ["notice_write", "notice_update", "notice_delete", "notice_seed"]
TIMED = {"wait": 0, "quiesce": 0, "notice_sync": 0, "receive": 1, "send": 2}
KEYWORDS = ["timeout", "stats", "noticeboard", "after", "backend", "module", "default", "fn", "key", "captures", "tag"]
METHODS = (
    "acquire release unwrap value exception acquired nothing __enter__ __exit__ __init__ __reduce__ __hash__ __eq__"
)
METHODS += " __lt__ __class_getitem__ __repr__ __reduce_ex__ __sizeof__ __setstate__ __getstate__ __class__ __dict__"
METHODS = [*METHODS.split(), "__copy__", "__deepcopy__", "__del__"]


def call_function(rolls, cowns):
    name = rolls.choice(NAMES)
    args = [anything(rolls, cowns) for _ in range(rolls.choice([0, 1, 1, 2, 2, 3, 4]))]
    keywords = {rolls.choice(KEYWORDS): anything(rolls, cowns)} if rolls.random() < 0.2 else {}
    if name == "start":
        # Not four thousand workers.
        args = [arg if type(arg) is not int or arg < 3 else 3 for arg in args]
    if name == "send":
        keywords = {"timeout": short(rolls, cowns)}
    made = getattr(bocpy, name)(*args, **keywords)
    if name == "when":
        made = made(anything(rolls, cowns))
    return made


def call_timed(rolls, cowns):
    name = rolls.choice(list(TIMED))
    args = [rolls.choice(["tag", "a", anything(rolls, cowns)]) for _ in range(TIMED[name])]
    keywords = {"timeout": short(rolls, cowns)}
    if name in ("wait", "quiesce") and rolls.random() < 0.3:
        keywords.update(stats=anything(rolls, cowns), noticeboard=anything(rolls, cowns))
    return getattr(bocpy, name)(*args, **keywords)


def call_method(rolls, cowns):
    cown = anything(rolls, cowns) if rolls.random() < 0.1 else rolls.choice(cowns)
    cown = cown if isinstance(cown, (Cown, type(read(cowns[0])))) else rolls.choice(cowns)
    name, how = rolls.choice(METHODS), rolls.randrange(5)
    if how == 0:
        return setattr(cown, name, anything(rolls, cowns))
    if how == 1:
        return delattr(cown, name)
    found = getattr(rolls.choice([cown, cown, type(cown)]), name)
    args = [anything(rolls, cowns) for _ in range(rolls.choice([0, 0, 1, 1, 2, 3]))]
    return found(*args) if callable(found) else found


def schedule_well(rolls, cowns):
    """A behavior that runs, over cowns that others may have spoiled."""
    chosen = rolls.sample(cowns, min(3, len(cowns)))
    return when(chosen, read(rolls.choice(cowns)))(lambda several, one: len([cown.value for cown in several]))


def schedule_calls(rolls, cowns):
    """A behavior that calls anything."""
    seed = rolls.random()
    some = rolls.sample(cowns, min(3, len(cowns)))
    return when(some[0])(lambda cown: calls_in_behavior(seed, some))


def calls_in_behavior(seed, cowns):
    # No further behaviors that call anything: there would be more and more of them.
    return calls(random.Random(seed), list(cowns), 10, CALLS)


CALLS = [call_function, call_function, call_method, call_method, call_timed, schedule_well]


def calls(rolls, cowns, count, which):
    """Makes some calls. Gives what was wrong about them."""
    bugs = []
    for _ in range(count):
        call = rolls.choice(which)
        try:
            made = call(rolls, cowns)
        except Exception as error:
            bugs += [text for text in [words(error)] if BUG in text]
            continue
        if type(made) is Cown and len(cowns) < 50:
            cowns.append(made)
    for cown in cowns:
        try:
            cown.release()
        except Exception as error:
            bugs += [text for text in [words(error)] if BUG in text]
    return bugs


def told_by_results(cowns):
    """What behaviors have let out, or have found."""
    bugs = []
    for cown in cowns:
        try:
            with cown:
                value, failed = cown.value, cown.exception
        except Exception as error:
            value, failed = error, True
        if failed and BUG in words(value):
            bugs.append(words(value))
        elif type(value) is list:
            bugs += [item for item in value if type(item) is str and BUG in item]
    return bugs


def words(error):
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return "an error that cannot be printed"


def in_thread(rolls, cowns, bugs):
    bugs += calls(rolls, cowns, 100, [*CALLS, schedule_calls])


def attack(rolls):
    cowns = [Cown(1), Cown([1]), Cown("text"), Cown(None)]
    bugs, threads = [], []
    for _ in range(rolls.randrange(3)):
        numbers = random.Random(rolls.random())
        threads.append(threading.Thread(target=in_thread, args=(numbers, list(cowns), bugs)))
    for thread in threads:
        thread.start()
    bugs += calls(rolls, cowns, 400, [*CALLS, schedule_calls])
    for thread in threads:
        thread.join()
    wait()
    bocpy.set_tags([])
    check(bugs + told_by_results(cowns), [], "errors")
    afterwards()


def afterwards():
    """All is as before."""
    fresh = Cown(0)
    for _ in range(10):
        when(fresh)(lambda fresh: setattr(fresh, "value", fresh.value + 1))
    bocpy.send("tag", "sent")
    check(bocpy.receive("tag", 0), ("tag", "sent"), "a message")
    wait()
    check(fresh.value, 10, "the count")


if __name__ == "__main__":
    run(attack)
