"""Setting up a worker's interpreter, and unpickling functions, classes and modules there."""

import builtins
import importlib
import marshal
import sys
from importlib.machinery import PathFinder
from types import FunctionType, ModuleType

from . import _core

__all__ = [
    "add_needs",
    "ask",
    "define_function",
    "end_threads",
    "fill_cell",
    "find_missing",
    "function_number",
    "finish_function",
    "import_module",
    "is_worker",
    "leave",
    "make_cached",
    "make_function",
    "module",
    "namespace",
    "set_up",
    "since",
    "standard_file",
]

_is_worker = False
_under_pytest = False
# Names that the main interpreter is being asked for.
_asking = set()
# Functions that have come from the main interpreter, by number; and their numbers, by `id`. The oldest are forgotten.
_functions = {}
_function_numbers = {}
# Those of them that do not have all their parts yet, by `id`.
_unfinished = set()
_MOST_FUNCTIONS = 1000
# As of when functions have brought a global along, by namespace and name.
_brought = {}
_MOST_BROUGHT = 10_000
# `modules`: those that stand for namespaces that have a number, a WeakValueDictionary. It is made when it is needed:
# few programs need it, and every worker would have to import weakref.
_numbered = {}


def is_worker():
    """Tells whether this interpreter is a worker's."""
    return _is_worker


def set_up(settings, worker):
    """Makes this interpreter look like the main one: path, arguments, `__main__`. `worker`: its name."""
    global _is_worker, _under_pytest
    _is_worker = True
    _under_pytest = settings["under_pytest"]
    sys.path[:] = settings["path"]
    sys.argv[:] = settings["argv"]
    sys.dont_write_bytecode = settings["dont_write_bytecode"]
    main = sys.modules["__main__"]
    for name, value in settings["main"].items():
        setattr(main, name, value)
    _answer_from_main(main, "__main__")
    sys.meta_path.append(_NamespaceFinder())
    if (3, 12) <= sys.version_info < (3, 14):
        from ._python_bugs import work_around

        work_around()
    from . import _followers

    _followers.install(worker, settings)
    sys.setrecursionlimit(settings["recursion_limit"])
    sys.setswitchinterval(settings["switch_interval"])
    if settings["coverage"] is not None:
        from . import _coverage

        _coverage.start(settings["coverage"])


def gather_settings():
    """Returns the settings of the main interpreter that `set_up` needs."""
    _relay = _core._import("bocpy._relay")
    main = sys.modules["__main__"]
    coverage = None
    if "coverage" in sys.modules:
        coverage = _core._import("bocpy._coverage").begin()
    return {
        **_relay.begin(),
        "coverage": coverage,
        "path": [entry for entry in sys.path if isinstance(entry, str)],
        "argv": list(getattr(sys, "argv", [""])),
        "dont_write_bytecode": sys.dont_write_bytecode,
        "main": {
            name: value
            for name in ("__file__", "__package__", "__doc__")
            if isinstance(value := getattr(main, name, None), str)
        },
        "recursion_limit": sys.getrecursionlimit(),
        "under_pytest": "_pytest.assertion.rewrite" in sys.modules,
        "switch_interval": min(sys.getswitchinterval(), 0.0001),
    }


def end_threads():
    """Waits for the threads of this interpreter, and runs its `atexit` functions, as its end would."""
    threading = sys.modules.get("threading")
    if threading is not None:
        # Executors wait for their threads so.
        last_calls = getattr(threading, "_threading_atexits", [])
        while last_calls:
            last_calls.pop()()
        # Other interpreters' threads visit this one to move values. They never end, as far as `threading` can see.
        visitors = threading._DummyThread
        own = (threading.main_thread(), threading.current_thread())
        while others := [t for t in threading.enumerate() if not (t in own or t.daemon or isinstance(t, visitors))]:
            for thread in others:
                thread.join()
    import atexit

    atexit._run_exitfuncs()


def leave():
    """Cleans up before this interpreter ends."""
    from . import _followers

    _followers.leave()
    threading = sys.modules.get("threading")
    thread = getattr(threading, "_thread_local_info", None)
    if thread is not None:
        # For threads that it has not started, `threading` keeps an object whose destructor needs `threading`.
        vars(thread).clear()


def _answer_from_main(target, name):
    """Makes a module ask the main interpreter for missing names."""

    def __getattr__(attribute):
        if not attribute.startswith("__"):
            if find_missing(name, attribute):
                return vars(target)[attribute]
            own = ask(name, "__getattr__")  # the program may have one
            if own is not None:
                return own[0](attribute)
        raise AttributeError(f"module '{name}' has no attribute '{attribute}'")

    vars(target)["__getattr__"] = __getattr__


class _NamespaceFinder:
    """Finds modules that exist only in the main interpreter, not as files. Their names are asked for one by one."""

    def find_spec(self, name, path=None, target=None):
        # It is the last one, also where a library has added a finder for its own modules behind it, as six does.
        is_behind = False
        for finder in list(sys.meta_path):
            find_spec = getattr(finder, "find_spec", None) if is_behind else None
            spec = find_spec(name, path, target) if find_spec else None
            if spec is not None:
                return spec
            is_behind = is_behind or finder is self

        if path is None:
            now = _core._main_setting("path")
            if now is not None and now != sys.path:
                # The program has changed it since the start.
                sys.path[:] = now
                found = PathFinder.find_spec(name)
                if found is not None:
                    return found
        if _core._ask(name, "") is None:
            return None
        import importlib.util

        return importlib.util.spec_from_loader(name, _NamespaceLoader())


class _NamespaceLoader:
    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        _answer_from_main(module, module.__name__)


def namespace(importable, name):
    """Returns the globals that functions of that module or namespace have here."""
    here = vars(import_module(name, None) if importable else module(name))
    if _under_pytest:
        # pytest has rewritten the asserts of code from the main interpreter, but not those of the module here.
        here.setdefault("@py_builtins", builtins)
        here.setdefault("@pytest_ar", _LazyModule("_pytest.assertion.rewrite"))
    return here


class _LazyModule:
    """Imports a module when it is first used."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, attribute):
        return getattr(importlib.import_module(self._name), attribute)


def module(name):
    """Returns the module that represents a namespace."""
    # Several namespaces may have the same name; the number after a "#" distinguishes them. There can be any number of
    # those, so each is kept only while something refers to its globals.
    own, number, _ = name.partition("#")
    modules = _numbered_modules() if number else sys.modules
    found = modules.get(name)
    if found is None:
        found = modules[name] = ModuleType(own)
        found.__builtins__ = builtins
        if number:
            found.__bocpy_namespace__ = found
        if _is_worker:
            _answer_from_main(found, name)
    return found


def _numbered_modules():
    modules = _numbered.get("modules")
    if modules is None:
        from weakref import WeakValueDictionary

        modules = _numbered.setdefault("modules", WeakValueDictionary())
    return modules


def import_module(name, submodules):
    """Imports a module and those submodules; the error says that the import failed on a worker."""
    if name == "__main__":
        return sys.modules["__main__"]
    try:
        found = importlib.import_module(name)
        for part in submodules or ():
            importlib.import_module(part)
    except BaseException as error:
        if not isinstance(error, Exception):
            raise
        raise ImportError(
            f"module '{name}' could not be imported on a worker: {type(error).__name__}: {error}", name=name
        ) from error
    return found


def find_missing(namespace_name, name):
    """Asks the main interpreter for a name. True: the namespace has it now, with everything that it needs."""
    if (namespace_name, name) in _asking:
        return False  # the answer refers to the name itself
    _asking.add((namespace_name, name))
    try:
        thing = ask(namespace_name, name)
    finally:
        _asking.discard((namespace_name, name))
    if thing is None:
        return False
    vars(module(namespace_name))[name] = thing[0]
    return True


def ask(namespace_name, name):
    """Returns the object in a one-tuple, and adds the globals that it needs to its namespace."""
    found = _core._ask(namespace_name, name)
    return None if found is None else (found[1],)


def add_globals(namespace_name, globals_):
    """Gives a namespace the globals that it does not have yet."""
    if globals_:
        here = vars(module(namespace_name))
        for name, value in globals_.items():
            here.setdefault(name, value)


def make_function(code, importable, namespace_name, closure, number):
    """Makes a function from its parts; `finish_function` does the rest when all objects that refer to it exist.

    `number`: of a function of the main interpreter that is one object everywhere.
    """
    known = _function_of_number(number)
    if known is not None:
        return known
    if isinstance(namespace_name, dict):
        globals_ = namespace_name
        globals_.setdefault("__builtins__", builtins)
    elif importable:
        globals_ = namespace(True, namespace_name)
    elif _is_worker:
        globals_ = vars(module(namespace_name))
    else:
        _code = _core._import("bocpy._code")

        globals_ = _code.namespace_of(namespace_name)
        if globals_ is None:
            globals_ = vars(module(namespace_name))
    function = FunctionType(marshal.loads(code), globals_, None, None, closure)
    if number is not None and _is_worker:
        if len(_functions) >= _MOST_FUNCTIONS:
            oldest = id(_functions.pop(next(iter(_functions))))
            _function_numbers.pop(oldest, None)
            _unfinished.discard(oldest)
        _functions[number] = function
        _function_numbers[id(function)] = number
        _unfinished.add(id(function))
    return function


def _function_of_number(number):
    if number is None:
        return None
    return _functions.get(number) if _is_worker else _core._import("bocpy._by_value").function_by_number(number)


def define_function(number, data):
    """Returns the function of that number, which is made from its definition the first time."""
    known = _function_of_number(number)
    if known is None or id(known) in _unfinished:
        from _pickle import loads

        return loads(data)
    return known


def function_number(function):
    """Returns the number that a function of the main interpreter came with, or None."""
    return _function_numbers.get(id(function))


def standard_file(name):
    """Returns `sys.stdin`, `sys.stdout` or `sys.stderr`, as they are here."""
    return getattr(sys, name)


def make_cached(function, parameters):
    """Makes a function with its own cache."""
    import functools

    return functools.lru_cache(**parameters)(function)


def fill_cell(cell, state):
    """Fills a new cell."""
    (cell.cell_contents,) = state


def finish_function(function, state):
    """Sets the names, defaults and attributes of a new function, and the globals that came with it."""
    if not _is_worker:
        _by_value = _core._import("bocpy._by_value")

        if _by_value.is_own_function(function):
            return  # it has come back
    if id(function) in _function_numbers and id(function) not in _unfinished:
        # It was here before, and what may change in it stays as it is here.
        add_needs(function, state[-1])
        return
    (
        function.__name__,
        function.__qualname__,
        function.__module__,
        function.__doc__,
        function.__defaults__,
        function.__kwdefaults__,
        attributes,
        type_parameters,
        annotations,
        needs,
    ) = state
    if attributes:
        vars(function).update(attributes)
    if "bocpy._shared" in sys.modules:
        _note_shared_parts(function)
    if type_parameters:
        function.__type_params__ = type_parameters
    if annotations is not None:
        _core._import("bocpy._annotations").attach(function, annotations)
    _unfinished.discard(id(function))
    add_needs(function, needs)


def add_needs(function, needs):
    """Gives the globals of a function what it needs of them, unless that is there already, or newer."""
    globals_ = function.__globals__
    if isinstance(needs, tuple):
        namespace_name, needs, then = needs
        if _is_worker:
            now = since(namespace_name, needs)
            for name, value in needs.items():
                # The program may have changed it since a behavior or another function brought it here.
                if then[name] > now[name]:
                    if len(_brought) >= _MOST_BROUGHT:
                        _brought.clear()
                    globals_[name] = value
                    _brought[namespace_name, name] = then[name]
    for name, value in (needs or {}).items():
        globals_.setdefault(name, value)


def _note_shared_parts(function):
    from . import _shared

    for place, part in enumerate(function.__defaults__ or ()):
        _shared.note(function, "default", place, part)
    for name, part in (function.__kwdefaults__ or {}).items():
        _shared.note(function, "keyword", name, part)
    for name, part in vars(function).items():
        _shared.note(function, "attribute", name, part)
    for part in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values(), vars(function)):
        _shared.note_items(part)


def since(namespace_name, names):
    """Returns as of when the globals of those names are current here."""
    return {
        name: max(_brought.get((namespace_name, name), 0), _core._bound_since(namespace_name, name)) for name in names
    }
