# Runs in a worker's interpreter when that is new, before anything has been imported there. See `spares.rs`.
import os
import sys


def register_at_fork(*, before=None, after_in_child=None, after_in_parent=None):
    """Does nothing: a worker can't fork. CPython would keep these functions, and with them their modules, for good."""


os.register_at_fork = register_at_fork
modules = sys.modules.copy()
namespaces = [vars(module) for module in modules.values()]
found = {id(thing): thing for names in namespaces for thing in names.values() if type(thing) in (dict, list, set)}
found |= {id(names): names for names in namespaces}
before = [(thing, thing.copy()) for thing in found.values()]
recursion_limit = sys.getrecursionlimit()

import gc  # noqa: E402

thresholds = gc.get_threshold()
first_count = None


def tidy():
    """Makes the interpreter as it was: modules imported since then go, and the others get their contents back.

    Returns whether that has worked well enough to use it again.
    """
    global first_count
    # What goes may have finalizers, which run any code.
    for _ in range(3):
        restore()
        if gc.collect() == 0:
            break
    restore()
    # Something may refer to modules for good, for example a codec that one of them has registered.
    count = len(gc.get_objects())
    first_count = first_count or count
    return count < 2 * first_count + 10_000


def restore():
    sys.settrace(None)
    sys.setprofile(None)
    sys.setrecursionlimit(recursion_limit)
    for tool in range(6):
        if sys.monitoring.get_tool(tool) is not None:
            sys.monitoring.set_events(tool, 0)
            sys.monitoring.free_tool_id(tool)
    gc.enable()
    gc.set_threshold(*thresholds)
    gc.callbacks.clear()
    for thing, content in before:
        if type(thing) is list:
            thing[:] = content
            continue
        # Not by `clear`: this function needs builtins.
        for key in thing.copy():
            if key not in content:
                thing.discard(key) if type(thing) is set else thing.pop(key, None)
        thing.update(content)
