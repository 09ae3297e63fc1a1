"""What a worker's interpreter needs to open what is sent to it."""

import importlib
import marshal
import sys
from types import FunctionType, ModuleType

__all__ = ["find_missing", "finish_function", "import_module", "make_function", "module", "namespace", "set_up"]

_is_worker = False


def set_up(settings):
    """Makes this interpreter look like the main one: path, arguments, `__main__`."""
    global _is_worker
    _is_worker = True
    sys.path[:] = settings["path"]
    sys.argv[:] = settings["argv"]
    sys.dont_write_bytecode = settings["dont_write_bytecode"]
    main = sys.modules["__main__"]
    for name, value in settings["main"].items():
        setattr(main, name, value)
    _answer_from_main(main)
    sys.meta_path.append(_NamespaceFinder())
    for file in (sys.stdout, sys.stderr):
        # Several interpreters write to one file, each with a buffer of its own: lines must not wait in there.
        if hasattr(file, "reconfigure"):
            file.reconfigure(line_buffering=True)
    sys.setswitchinterval(settings["switch_interval"])


def gather_settings():
    """Gives what `set_up` needs to know of the main interpreter."""
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
        "switch_interval": min(sys.getswitchinterval(), 0.001),
    }


def _answer_from_main(target):
    """Lets a module's missing names be asked for in the main interpreter."""
    name = target.__name__

    def __getattr__(attribute):
        if attribute.startswith("__") or not find_missing(name, attribute):
            raise AttributeError(f"module '{name}' has no attribute '{attribute}'")
        return vars(target)[attribute]

    vars(target)["__getattr__"] = __getattr__


class _NamespaceFinder:
    """Finds modules that exist in the main interpreter but in no file: their names are asked for one by one."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        from . import _core

        if _core._ask(name, "") is None:
            return None
        return importlib.machinery.ModuleSpec(name, _NamespaceLoader())


class _NamespaceLoader:
    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        _answer_from_main(module)


def namespace(importable, name):
    """Gives the globals that functions of that module or namespace have here."""
    return vars(import_module(name, None) if importable else module(name))


def module(name):
    """Gives the module that stands for a namespace."""
    found = sys.modules.get(name)
    if found is None:
        found = sys.modules[name] = ModuleType(name)
        if _is_worker:
            _answer_from_main(found)
    return found


def import_module(name, submodules):
    """Imports a module and those parts of it; the error says what to do if it refuses sub-interpreters."""
    if name == "__main__":
        return sys.modules["__main__"]
    try:
        found = importlib.import_module(name)
        for part in submodules or ():
            importlib.import_module(part)
    except BaseException as error:
        if not isinstance(error, Exception):
            raise
        hint = ""
        if isinstance(error, ImportError) and ("subinterpreter" in str(error) or "interpreter" in str(error)):
            hint = '; the module refuses sub-interpreters: use start(backend="threads") or BOCPY_BACKEND=threads'
        raise ImportError(
            f"module '{name}' could not be imported on a worker: {type(error).__name__}: {error}{hint}", name=name
        ) from error
    return found


def find_missing(namespace_name, name):
    """Asks the main interpreter for a name. True: the namespace has it now, with all that it needs."""
    from . import _core

    found = _core._ask(namespace_name, name)
    if found is None:
        return False
    thing, needs = found
    here = vars(module(namespace_name))
    here[name] = thing
    for needed, value in needs.items():
        here.setdefault(needed, value)
    return True


def make_function(code, importable, namespace_name, closure):
    """Makes a function from its parts; `finish_function` does the rest once all is there that refers to it."""
    if importable:
        globals_ = namespace(True, namespace_name)
    elif _is_worker:
        globals_ = vars(module(namespace_name))
    else:
        from . import _code

        globals_ = _code.namespace_of(namespace_name)
        if globals_ is None:
            globals_ = vars(module(namespace_name))
    return FunctionType(marshal.loads(code), globals_, None, None, closure)


def finish_function(function, state):
    """Gives a new function its names, defaults and attributes."""
    (
        function.__name__,
        function.__qualname__,
        function.__module__,
        function.__doc__,
        function.__defaults__,
        function.__kwdefaults__,
        attributes,
    ) = state
    if attributes:
        vars(function).update(attributes)
