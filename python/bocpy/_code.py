"""What a function needs besides its arguments: its module, and the global names that it uses.

A function of a module that can be imported finds its globals by importing that module on the worker. All others (those
of `__main__`, of code given to `exec`, of a module that is still being imported) belong to a *namespace*: their globals
are sent by value, name by name, as they are when a behavior is scheduled.
"""

import builtins
import sys
from opcode import opmap
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from weakref import WeakValueDictionary

__all__ = [
    "check",
    "detached",
    "direct_names",
    "forget",
    "is_by_value",
    "is_importable",
    "named_globals",
    "namespace_of",
    "origin",
    "place_of",
    "survey",
    "warn_large_global",
]

CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR = 0x20, 0x80, 0x200
CO_VARARGS = 0x04

# Namespaces by name, as long as their globals live.
_namespaces = WeakValueDictionary()
# The key by which globals know their namespace.
_KEY = "__bocpy_namespace__"
# How many namespaces of each name there have been.
_counts = {}
# Names of modules that have scheduled behaviors while they were being imported: importing them on a worker would
# schedule those again.
_schedules_on_import = set()
# Whether a module can be imported by its name alone.
_findable = {}

# Names of large globals for which there has been a warning.
_warned = set()

_LOADS = {opmap[name] for name in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS") if name in opmap}
_STORES = {opmap[name] for name in ("STORE_GLOBAL", "DELETE_GLOBAL") if name in opmap}
_EXTENDED_ARG = opmap["EXTENDED_ARG"]
_LOAD_GLOBAL = opmap["LOAD_GLOBAL"]
# Since 3.11 the lowest bit of LOAD_GLOBAL's argument is a flag.
_SHIFT = 1 if sys.version_info >= (3, 11) else 0


class _Namespace:
    """The name of globals that belong to no importable module. The globals themselves keep it alive."""

    def __init__(self, name, globals_):
        self.name = name
        self.globals = globals_

    def __reduce__(self):
        return _nothing, ()


def _nothing():
    """Represents a namespace in a copy of its globals."""


def origin(globals_):
    """Returns `(importable, name)` for a function's globals: the module to import, or the namespace they belong to.

    Unknown globals become a new namespace.
    """
    importable, name = place_of(globals_)
    if name is None:
        own = globals_.get("__name__")
        own = own if isinstance(own, str) else "<nameless>"
        # Workers may still have a namespace of that name, long after its globals have gone here.
        _counts[own] = _counts.get(own, 0 if own == "__main__" else -1) + 1
        name = f"{own}#{_counts[own]}" if _counts[own] else own
        name = _remember(name, globals_)
    return importable, name


def place_of(globals_):
    """As `origin`, but the name is None for globals that belong to no module and no namespace yet."""
    name = globals_.get("__name__")
    if not isinstance(name, str):
        name = "<nameless>"
    module = sys.modules.get(name)
    if module is not None and getattr(module, "__dict__", None) is globals_:
        if name == "__main__":
            return False, name
        if getattr(getattr(module, "__spec__", None), "_initializing", False):
            _schedules_on_import.add(name)
        if name not in _schedules_on_import and _is_findable(name, module):
            return True, name
        _remember(name, globals_)
        return False, name
    known = globals_.get(_KEY)
    # It may be a copy of other globals.
    return False, known.name if isinstance(known, _Namespace) and known.globals is globals_ else None


def _remember(name, globals_):
    """Makes a namespace of globals, unless they are one. Gives its name."""
    known = globals_.get(_KEY)
    if not isinstance(known, _Namespace) or known.globals is not globals_:
        globals_.pop(_KEY, None)
        # Another thread may be doing the same.
        known = globals_.setdefault(_KEY, _Namespace(name, globals_))
    _namespaces[known.name] = known
    return known.name


def forget():
    """Drops everything, so that bocpy keeps nothing alive at exit."""
    for namespace in list(_namespaces.values()):
        namespace.globals.pop(_KEY, None)
    _namespaces.clear()
    _counts.clear()


def namespace_of(name):
    """Returns the globals of the namespace of that name, or None."""
    if name == "__main__":
        return vars(sys.modules["__main__"])
    known = _namespaces.get(name)
    return known.globals if known is not None else getattr(sys.modules.get(name), "__dict__", None)


def is_importable(module):
    """Tells whether a worker can import that module by its name."""
    return module.__name__ not in _schedules_on_import and _is_findable(module.__name__, module)


def _is_findable(name, module):
    if name not in _findable:
        _findable[name] = _find(name, module)
    return _findable[name]


def _find(name, module):
    parent, _, _ = name.rpartition(".")
    path = getattr(sys.modules.get(parent), "__path__", None) if parent else None
    if parent and path is None:
        return False
    expected = getattr(module, "__spec__", None)
    if expected is None:
        return False
    for finder in sys.meta_path:
        find_spec = getattr(finder, "find_spec", None)
        spec = find_spec(name, path, None) if find_spec else None
        if spec is not None:
            return spec.origin == expected.origin
    return False


def is_by_value(thing):
    """Tells whether a function or class must be sent by value, as nobody else can import it."""
    module = getattr(thing, "__module__", None)
    if not isinstance(module, str) or module == "__main__" or module in _schedules_on_import:
        return True
    found = sys.modules.get(module)
    for part in thing.__qualname__.split("."):
        found = getattr(found, part, None)
    if found is not thing:
        return True
    return not _is_findable(module, sys.modules[module])


def check(function, cowns):
    """Raises a TypeError if `function` can't be the body of a behavior with that many cowns and groups."""
    code = function.__code__
    name = function.__qualname__
    if code.co_flags & (CO_COROUTINE | CO_ASYNC_GENERATOR):
        raise TypeError(
            f"the behavior '{name}' is an `async def`: no event loop runs on the workers. Write a plain `def`."
        )
    if code.co_flags & CO_GENERATOR:
        raise TypeError(
            f"the behavior '{name}' is a generator (it has a `yield`): a behavior runs once, to its end. "
            "Return a value, or schedule another behavior for the next step."
        )
    parameters = code.co_argcount
    if parameters < cowns and not code.co_flags & CO_VARARGS:
        raise TypeError(
            f"the behavior '{name}' takes {parameters} parameter(s), but @when has {cowns} argument(s): each argument "
            "needs a parameter of its own"
        )
    given = function.__kwdefaults__ or {}
    needed = code.co_varnames[parameters : parameters + code.co_kwonlyargcount]
    missing = [parameter for parameter in needed if parameter not in given]
    if missing:
        raise TypeError(
            f"the behavior '{name}' has a keyword-only parameter '{missing[0]}' without a default: give it a default "
            f"(`{missing[0]}=...`)"
        )


def _names(code, loads, stores, attributes):
    """Collects the global names that `code` and nested code load and store."""
    raw = code.co_code
    names = code.co_names
    attributes.update(names)
    extended = 0
    for place in range(0, len(raw), 2):
        operation, argument = raw[place], raw[place + 1] | extended
        extended = argument << 8 if operation == _EXTENDED_ARG else 0
        if operation in _LOADS:
            index = argument >> _SHIFT if operation == _LOAD_GLOBAL else argument
            if index < len(names):
                loads.add(names[index])
        elif operation in _STORES and argument < len(names):
            stores.add(names[argument])
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            _names(constant, loads, stores, attributes)


def direct_names(function):
    """Returns the global names that a function's own code loads, and those that every module has."""
    return named_globals(function)[0]


def named_globals(function):
    """Returns the same, and whether the code may change its globals."""
    loads, stores, attributes = set(), set(), set()
    _names(function.__code__, loads, stores, attributes)
    own = {"__name__", "__builtins__", "__file__", "__package__", "__spec__", "__doc__"}
    names = own | {name for name in loads if name not in vars(builtins) or name in function.__globals__}
    may_change = stores or not attributes.isdisjoint(("exec", "eval", "globals", "locals", "vars"))
    return tuple(sorted(names)), bool(may_change)


def detached(function):
    """Returns a function that keeps the variables that it names as they are now: those of the functions around it and,
    unless its module can be imported, globals. The same for the functions in a partial, a method, or such a variable.
    """
    return _detached(function, {})


def _detached(thing, known):
    if id(thing) in known:
        return known[id(thing)]
    if isinstance(thing, MethodType):
        return MethodType(_detached(thing.__func__, known), thing.__self__)
    functools = sys.modules.get("functools")
    if functools is not None and type(thing) is functools.partial:
        parts = [_detached(part, known) for part in thing.args]
        return functools.partial(_detached(thing.func, known), *parts, **thing.keywords)
    if not isinstance(thing, FunctionType) or not is_by_value(thing):
        return thing
    cells = thing.__closure__ and tuple(CellType() for _ in thing.__closure__)
    globals_ = thing.__globals__
    names = {name: globals_[name] for name in direct_names(thing) if name in globals_}
    copy = known[id(thing)] = FunctionType(thing.__code__, names, thing.__name__, thing.__defaults__, cells)
    copy.__kwdefaults__ = thing.__kwdefaults__
    copy.__qualname__ = thing.__qualname__
    for cell, before in zip(cells or (), thing.__closure__ or ()):
        try:
            cell.cell_contents = _detached(before.cell_contents, known)
        except ValueError:
            pass  # nothing is assigned to the variable yet
    return copy


def survey(thing, globals_):
    """Lists the global names that `thing` uses: `(name, stored, submodules)` each.

    Includes the names that its callees use, if those are sent by value. `stored`: this code assigns to the name.
    `submodules`: if the name is a package, the submodules that the code seems to use.
    """
    loads, stores, attributes = set(), set(), set()
    seen = set()
    known = vars(builtins)

    def visit(thing):
        if id(thing) in seen:
            return
        seen.add(id(thing))
        if isinstance(thing, FunctionType):
            if thing.__globals__ is not globals_ and not is_by_value(thing):
                _visit_cells(thing)
                return
            before = set(loads)
            _names(thing.__code__, loads, stores, attributes)
            for name in loads - before:
                visit_global(name)
            _visit_cells(thing)
        elif isinstance(thing, type):
            if is_by_value(thing):
                for part in vars(thing).values():
                    visit(part)
                for base in thing.__bases__:
                    visit(base)
        elif isinstance(thing, (staticmethod, classmethod, MethodType)):
            visit(thing.__func__)
            visit(getattr(thing, "__self__", None))
        elif isinstance(thing, property):
            for part in (thing.fget, thing.fset, thing.fdel):
                visit(part)
        elif isinstance(getattr(thing, "func", None), FunctionType):  # functools.partial, cached_property and the like
            visit(thing.func)
        elif isinstance(getattr(thing, "__wrapped__", None), FunctionType):
            visit(thing.__wrapped__)
        elif type(thing).__module__ == "__main__":
            visit(type(thing))

    def _visit_cells(function):
        for cell in function.__closure__ or ():
            try:
                visit(cell.cell_contents)
            except ValueError:  # empty
                pass
        for default in function.__defaults__ or ():
            visit(default)
        visit(vars(function).get("__wrapped__"))

    def visit_global(name):
        if name in globals_:
            visit(globals_[name])

    visit(thing)
    result = []
    for name in sorted(loads):
        if name in globals_:
            result.append((name, name in stores, _submodules(globals_[name], attributes)))
        elif name not in known and name not in stores:
            result.append((name, False, None))
    return result


def _submodules(value, attributes):
    if not isinstance(value, ModuleType):
        return None
    prefix = value.__name__ + "."
    return [
        name
        for name in sys.modules
        if name.startswith(prefix) and all(part in attributes for part in name[len(prefix) :].split("."))
    ]


def warn_large_global(name, function, size):
    """Warns once about a large global that is encoded again for every behavior."""
    import warnings

    if name in _warned:
        return
    _warned.add(name)

    warnings.warn(
        f"the global '{name}' ({size / 1e6:.1f} MB) is sent with every behavior '{function}', as it may have changed: "
        "put it into a Cown, or capture only the part that is needed",
        RuntimeWarning,
        stacklevel=3,
    )
