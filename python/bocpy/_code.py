"""What a function needs besides its arguments: its module, and the global names that it uses.

A function of a module that can be imported finds its globals by importing that module on the worker. All others (those
of `__main__`, of code given to `exec`, of a module that is still being imported) belong to a *namespace*: their globals
are sent by value, name by name, as they are when a behavior is scheduled.
"""

import builtins
import sys
from opcode import opmap
from types import CellType, CodeType, FunctionType, MappingProxyType, MethodType, ModuleType
from weakref import WeakValueDictionary, ref

__all__ = [
    "all_globals",
    "check",
    "detached",
    "direct_names",
    "forget",
    "ids_of_globals",
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
# The names of globals of `__main__` that code has used.
_used = set()
# Functions and classes in the parts of a function or class, with a weak reference to that, by its `id`.
_within = {}
_ATOMS = frozenset([type(None), bool, int, float, complex, str, bytes])
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
# Functions by which code finds globals that it does not name.
_BY_TEXT = frozenset(["globals", "eval", "exec"])
_FINDS_MODULE = _BY_TEXT | {"locals", "vars", "modules", "__globals__"}
_EXTENDED_ARG = opmap["EXTENDED_ARG"]
_LOAD_GLOBAL = opmap["LOAD_GLOBAL"]
# Since 3.11 the lowest bit of LOAD_GLOBAL's argument is a flag.
_SHIFT = 1 if sys.version_info >= (3, 11) else 0


class _Namespace:
    """The name of globals that belong to no importable module. The globals themselves keep it alive."""

    def __init__(self, name, globals_):
        self.name = name
        self.globals = globals_
        # The names of those that code has used.
        self.used = set()

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
        # Workers may still have a namespace of that name, long after its globals have gone here. And the name alone may
        # be that of a module that they import, of which these globals are a copy: such are the examples of doctest.
        _counts[own] = _counts.get(own, 0 if own in sys.modules else -1) + 1
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


def all_globals():
    """Returns the globals of all namespaces, and those of the main module."""
    return [vars(sys.modules["__main__"]), *(known.globals for known in list(_namespaces.values()))]


def ids_of_globals():
    """Returns the ids of all to which a global of the program refers."""
    return {id(value) for globals_ in all_globals() for value in list(globals_.values())}


def forget():
    """Drops everything, so that bocpy keeps nothing alive at exit."""
    for namespace in list(_namespaces.values()):
        namespace.globals.pop(_KEY, None)
    _namespaces.clear()
    _used.clear()
    _within.clear()
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
    if expected.name != name and sys.modules.get(expected.name) is module:
        # Another name for a module, as `collections.abc` is for `_collections_abc`.
        return _is_findable(expected.name, module)
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
    """Returns the same, those of them that the code only reads, and those that it assigns to.

    And whether it assigns to some, or may find others by their text.
    """
    loads, stores, attributes = set(), set(), set()
    _names(function.__code__, loads, stores, attributes)
    own = {"__name__", "__builtins__", "__file__", "__package__", "__spec__", "__doc__"}
    loads = {name for name in loads if name not in vars(builtins) or name in function.__globals__}
    needs_module = bool(stores) or not attributes.isdisjoint(_FINDS_MODULE)
    return tuple(sorted(own | loads | stores)), tuple(sorted(loads - stores - own)), tuple(sorted(stores)), needs_module


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

    Other threads, and whatever is asked for an attribute here, may change classes and globals meanwhile: so their dicts
    are copied before they are gone through.
    """
    loads, stores, attributes = set(), set(), set()
    seen = {}
    known = vars(builtins)

    def visit(thing):
        if type(thing) in _ATOMS or id(thing) in seen:
            return
        seen[id(thing)] = thing
        if isinstance(thing, FunctionType):
            if thing.__globals__ is not globals_ and not is_by_value(thing):
                _visit_cells(thing)
                return
            before = set(loads)
            _names(thing.__code__, loads, stores, attributes)
            for name in loads - before:
                visit_global(name)
            _visit_cells(thing)
            visit_within(thing)
        elif isinstance(thing, type):
            if is_by_value(thing):
                for part in list(vars(thing).values()):
                    visit(part)
                for base in thing.__bases__:
                    visit(base)
                visit(type(thing))
                visit_within(thing)
        elif isinstance(thing, (staticmethod, classmethod, MethodType)):
            visit(thing.__func__)
            visit(getattr(thing, "__self__", None))
        elif isinstance(thing, property):
            for part in (thing.fget, thing.fset, thing.fdel):
                visit(part)
        else:
            # functools.partial, cached_property, singledispatchmethod, decorators that are classes, and the like
            for name in ("func", "dispatcher", "__wrapped__"):
                part = getattr(thing, name, None)
                if isinstance(part, FunctionType):
                    visit(part)
            if is_by_value(type(thing)):
                visit(type(thing))

    def _visit_cells(function):
        for cell in function.__closure__ or ():
            try:
                visit(cell.cell_contents)
            except ValueError:  # empty
                pass
        for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            visit(default)
        visit(vars(function).get("__wrapped__"))
        registry = vars(function).get("registry")
        if isinstance(registry, MappingProxyType):  # of functools.singledispatch
            for implementation in list(registry.values()):
                visit(implementation)

    def visit_within(definition):
        for found in _code_within(definition):
            visit(found)

    def visit_global(name):
        if name in globals_:
            visit(globals_[name])

    def visit_subclasses():
        before = len(seen)
        for cls in [thing for thing in seen.values() if isinstance(thing, type) and is_by_value(thing)]:
            for subclass in type.__subclasses__(cls):
                if globals_.get(subclass.__name__) is subclass:
                    loads.add(subclass.__name__)
                    visit(subclass)
        if len(seen) > before:
            visit_subclasses()

    visit(thing)
    # CPython crashes if a second interpreter imports this one while it is on.
    tracemalloc = sys.modules.get("tracemalloc", ...)
    by_text = False
    finds_its_module = "modules" in attributes and "__name__" in loads
    if finds_its_module or "__globals__" in attributes or not _BY_TEXT.isdisjoint(loads - globals_.keys()):
        # Nobody knows which names will be asked for.
        for name, value in list(globals_.items()):
            if _is_own_name(name) and value is not tracemalloc:
                loads.add(name)
                visit_global(name)
        by_text = True
    if "__subclasses__" in attributes:
        visit_subclasses()
    gone = _gone(globals_, loads)
    loads |= gone if by_text else set()
    result = []
    for name in sorted(loads):
        if name in globals_:
            result.append((name, name in stores, _submodules(globals_[name], attributes)))
        elif name not in known and (name not in stores or name in gone):
            result.append((name, False, None))
    return result


def _code_within(definition):
    """The functions and classes in containers and instances that are parts of a function or class.

    As they were when it was first asked for: a definition is sent once.
    """
    known = _within.get(id(definition))
    if known is not None and known[0]() is definition:
        return known[1]
    found = _find_code(_parts_of(definition))
    key = id(definition)
    _within[key] = ref(definition, lambda _: _within.pop(key, None)), found
    return found


def _parts_of(definition):
    parts = list(vars(definition).values())
    if isinstance(definition, FunctionType):
        parts += [*(definition.__defaults__ or ()), *(definition.__kwdefaults__ or {}).values()]
        for cell in definition.__closure__ or ():
            try:
                parts.append(cell.cell_contents)
            except ValueError:
                pass  # it is empty
    return parts


def _find_code(rest):
    found, seen = [], set()
    while rest:
        part = rest.pop()
        cls = type(part)
        if cls in _ATOMS or id(part) in seen:
            continue
        seen.add(id(part))
        if cls in (list, tuple, set, frozenset):
            rest.extend(part)
        elif cls is dict:
            rest += [*part, *part.values()]
        elif isinstance(part, (FunctionType, type)):
            found.append(part)
        elif cls.__module__ not in sys.stdlib_module_names:
            try:
                rest.extend(object.__getattribute__(part, "__dict__").values())
            except AttributeError:
                pass  # it has none
    return found


def _gone(globals_, loads):
    """The names of globals that code has used, and that are not there any more. `loads`: what some code uses now."""
    known = globals_.get(_KEY)
    used = known.used if isinstance(known, _Namespace) else _used
    used.update(name for name in loads if name in globals_)
    return {name for name in list(used) if name not in globals_ and not hasattr(builtins, name)}


def _is_own_name(name):
    return isinstance(name, str) and (not name.startswith("__") or name in ("__annotations__", "__annotate__"))


def _submodules(value, attributes):
    if not isinstance(value, ModuleType):
        return None
    prefix = value.__name__ + "."
    return [
        name
        for name in list(sys.modules)
        if name.startswith(prefix) and all(part in attributes for part in name[len(prefix) :].split("."))
    ]


def warn_large_global(name, function, size):
    """Warns once about a large global that is encoded again for every behavior."""
    import warnings

    if name in _warned:
        return
    # Native code has called this, so the line that schedules is in the frame before, unless that is ours.
    frame, level = sys._getframe().f_back, 2
    while frame is not None and frame.f_globals.get("__package__") == __package__:
        frame, level = frame.f_back, level + 1
    warnings.warn(
        f"the global '{name}' ({size / 1e6:.1f} MB) is sent with every behavior '{function}', as it may have changed: "
        "put it into a Cown, or capture only the part that is needed",
        RuntimeWarning,
        stacklevel=level,
    )
    _warned.add(name)
