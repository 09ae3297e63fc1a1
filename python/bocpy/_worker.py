"""Setting up a worker's interpreter, and unpickling functions, classes and modules there."""

import builtins
import importlib
import marshal
import sys
from types import FunctionType, ModuleType

__all__ = [
    "adopt_class",
    "class_by_number",
    "end_threads",
    "fill_cell",
    "find_missing",
    "finish_function",
    "import_module",
    "is_worker",
    "leave",
    "make_cached",
    "make_function",
    "module",
    "namespace",
    "set_up",
]

_is_worker = False
_under_pytest = False
# Names that the main interpreter is being asked for.
_asking = set()
# Classes that have come from the main interpreter, by number.
_classes = {}
# `modules`: those that stand for namespaces that have a number, a WeakValueDictionary. It is made when it is needed:
# few programs need it, and every worker would have to import weakref.
_numbered = {}


def is_worker():
    """Tells whether this interpreter is a worker's."""
    return _is_worker


def set_up(settings):
    """Makes this interpreter look like the main one: path, arguments, `__main__`."""
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
    for file in (sys.stdout, sys.stderr):
        # Several interpreters write to one file, each with its own buffer: write out each line at once.
        if hasattr(file, "reconfigure"):
            file.reconfigure(line_buffering=True, write_through=False)
    sys.setswitchinterval(settings["switch_interval"])


def gather_settings():
    """Returns the settings of the main interpreter that `set_up` needs."""
    main = sys.modules["__main__"]
    return {
        "path": [entry for entry in sys.path if isinstance(entry, str)],
        "argv": list(getattr(sys, "argv", [""])),
        "dont_write_bytecode": sys.dont_write_bytecode,
        "main": {
            name: value
            for name in ("__file__", "__package__", "__doc__")
            if isinstance(value := getattr(main, name, None), str)
        },
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
        own = (threading.main_thread(), threading.current_thread())
        while others := [t for t in threading.enumerate() if t not in own and not t.daemon]:
            for thread in others:
                thread.join()
    import atexit

    atexit._run_exitfuncs()


def leave():
    """Cleans up before this interpreter ends."""
    threading = sys.modules.get("threading")
    thread = getattr(threading, "_thread_local_info", None)
    if thread is not None:
        # For threads that it has not started, `threading` keeps an object whose destructor needs `threading`.
        vars(thread).clear()


def _answer_from_main(target, name):
    """Makes a module ask the main interpreter for missing names."""

    def __getattr__(attribute):
        if attribute.startswith("__") or not find_missing(name, attribute):
            raise AttributeError(f"module '{name}' has no attribute '{attribute}'")
        return vars(target)[attribute]

    vars(target)["__getattr__"] = __getattr__


class _NamespaceFinder:
    """Finds modules that exist only in the main interpreter, not as files. Their names are asked for one by one."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        from . import _core

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
        thing = _ask(namespace_name, name)
    finally:
        _asking.discard((namespace_name, name))
    if thing is None:
        return False
    vars(module(namespace_name))[name] = thing[0]
    return True


def _ask(namespace_name, name):
    """Returns the object in a one-tuple, and adds the globals that it needs to its namespace."""
    from . import _core

    found = _core._ask(namespace_name, name)
    if found is None:
        return None
    thing, needs = found
    if needs:
        # A class is asked for by number; its namespace is that of its functions.
        here = vars(module(namespace_name or thing.__module__))
        for needed, value in needs.items():
            here.setdefault(needed, value)
    return (thing,)


def class_by_number(number):
    """Returns a class of the main interpreter; asks for it the first time."""
    from . import _by_value

    if not _is_worker:
        return _by_value.class_by_number(number)
    if number not in _classes:
        (found,) = _ask("", number)
        _classes[number] = found
        _by_value.learn_class(found, number)
    return _classes[number]


def adopt_class(number, data):
    """Returns a class of the main interpreter that was sent with its definition."""
    from _pickle import loads

    from . import _by_value

    if not _is_worker:
        return _by_value.class_by_number(number)
    if number not in _classes:
        _classes[number] = found = loads(data)
        _by_value.learn_class(found, number)
    return _classes[number]


def make_function(code, importable, namespace_name, closure):
    """Makes a function from its parts; `finish_function` does the rest when all objects that refer to it exist."""
    if isinstance(namespace_name, dict):
        globals_ = namespace_name
        globals_.setdefault("__builtins__", builtins)
    elif importable:
        globals_ = namespace(True, namespace_name)
    elif _is_worker:
        globals_ = vars(module(namespace_name))
    else:
        from . import _code

        globals_ = _code.namespace_of(namespace_name)
        if globals_ is None:
            globals_ = vars(module(namespace_name))
    return FunctionType(marshal.loads(code), globals_, None, None, closure)


def make_cached(function, parameters):
    """Makes a function with its own cache."""
    import functools

    return functools.lru_cache(**parameters)(function)


def fill_cell(cell, state):
    """Fills a new cell."""
    (cell.cell_contents,) = state


def finish_function(function, state):
    """Sets the names, defaults and attributes of a new function, and the globals that came with it."""
    (
        function.__name__,
        function.__qualname__,
        function.__module__,
        function.__doc__,
        function.__defaults__,
        function.__kwdefaults__,
        attributes,
        needs,
    ) = state
    if attributes:
        vars(function).update(attributes)
    for name, value in (needs or {}).items():
        function.__globals__.setdefault(name, value)
