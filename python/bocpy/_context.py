"""Context variables in several interpreters.

A variable has a name there if it is a global of a module that can be imported, or if it has a number: a global of the
program does, and what has been captured. A variable with a number is one object on each worker, and back again. That of
`decimal` is found by its value.
"""

import itertools
import sys
from _contextvars import Context, ContextVar, copy_context
from types import ModuleType

from . import _core

__all__ = [
    "decimal_state",
    "find",
    "forget",
    "gather",
    "name_of",
    "reduce_variable",
    "restore",
    "separate_decimal",
]

# By number; and the numbers, by `id`.
_variables = {}
_numbers = {}
_next_number = itertools.count()
# The names of variables that were found in modules, or None, by `id`: to look for them takes long.
_looked_for = {}
_MOST_LOOKED_FOR = 1000
# How many modules may be named that have a variable.
_MOST_MODULES = 8
_DECIMAL = ("decimal",)
_SIMPLE = (type(None), bool, int, float, str, bytes)


def name_of(variable, value):
    """Returns what `find` takes to find a variable elsewhere, or None if it has no name. It has that value now."""
    decimal = sys.modules.get("decimal")
    is_context = variable.name == "decimal_context" and type(value) is getattr(decimal, "Context", None)
    if is_context and value is decimal.getcontext():
        return _DECIMAL
    return _name_of(variable, may_be_numbered=False)


def reduce_variable(variable):
    """Returns what pickles a variable."""
    name = _name_of(variable, may_be_numbered=True)
    if name is None:
        raise TypeError(
            f"the ContextVar '{variable.name}' was made in a behavior, so others have no such variable: "
            "make it at the top of a module or of the program"
        )
    return find, name


def _name_of(variable, may_be_numbered):
    _code, _worker = _core._import("bocpy._code"), _core._import("bocpy._worker")

    number = _numbers.get(id(variable))
    if number is not None:
        return _by_number(number, variable)
    _, places = _looked_for.get(id(variable), (variable, None))
    if places is None:
        places = _places_of(variable, _code)
        if len(_looked_for) >= _MOST_LOOKED_FOR:
            _looked_for.clear()
    if places:
        _looked_for[id(variable)] = variable, places
        return "module", places
    if id(variable) in _looked_for and not may_be_numbered:
        return None
    if not _worker.is_worker() and (may_be_numbered or _is_of_program(variable, _code)):
        number = next(_next_number)
        _variables[number] = variable
        number = _numbers.setdefault(id(variable), number)
        if may_be_numbered:
            _core._count_name()
        return _by_number(number, variable)
    _looked_for[id(variable)] = variable, ()
    return None


def _places_of(variable, _code):
    """The modules that can be imported and have that variable, each with its name there."""
    places = []
    for module_name, module in list(sys.modules.items()):
        if issubclass(type(module), ModuleType) and module_name != "__main__":
            name = _name_in(_globals_of(module), variable)
            if name is not None and module.__name__ == module_name and _code.is_importable(module):
                places.append((module_name, name))
    # Those with short names are most often those that import least.
    return tuple(sorted(places, key=lambda place: len(place[0]))[:_MOST_MODULES])


# Not `vars`, by which a module that is to be loaded lazily would be loaded.
_globals_of = ModuleType.__dict__["__dict__"].__get__


def _name_in(globals_, variable):
    """The name of a variable in a module, or in one of its classes."""
    for name, value in list(globals_.items()):
        if value is variable:
            return name
        # Not `isinstance`, which asks the object itself for its class: proxies and lazy modules would do something.
        if issubclass(type(value), type) and vars(value).get("__module__") == globals_.get("__name__"):
            for part_name, part in list(vars(value).items()):
                if part is variable:
                    return f"{name}.{part_name}"
    return None


def _is_of_program(variable, _code):
    return any(_name_in(globals_, variable) is not None for globals_ in _code.all_globals())


def _by_number(number, variable):
    try:
        default = (Context().run(variable.get),)
    except LookupError:
        default = ()
    return "number", number, variable.name, default


def find(kind, *name):
    """Returns the variable of that name here, or a function that takes its value. Raises if there is none."""
    if kind == "decimal":
        return _set_decimal
    if kind == "module":
        return _find_in_modules(*name)
    number, own_name, default = name
    found = _variables.get(number)
    if found is None:
        # A worker meets it for the first time.
        made = ContextVar(own_name, default=default[0]) if default else ContextVar(own_name)
        found = _variables.setdefault(number, made)
        _numbers[id(found)] = number
    return found


def _find_in_modules(places):
    found = _find_in_loaded(places)
    if found is not None:
        return found
    _worker = _core._import("bocpy._worker")
    problem = None
    for module_name, name in places:
        try:
            module = _worker.import_module(module_name, None)
        except ImportError as error:
            problem = problem or error
        else:
            found = _get(module, name)
            if type(found) is ContextVar:
                return found
    raise problem or ImportError(f"there is no ContextVar '{name}' in the module '{module_name}' here")


def _find_in_loaded(places):
    for module_name, name in places:
        if issubclass(type(sys.modules.get(module_name)), ModuleType):
            found = _get(sys.modules[module_name], name)
            if type(found) is ContextVar:
                return found
    return None


def _get(module, name):
    first, _, rest = name.partition(".")
    found = _globals_of(module).get(first)
    return vars(found).get(rest) if rest and issubclass(type(found), type) else found


def gather():
    """Returns the variables of this context, for `restore` in another interpreter: those that can be moved. Or None."""
    context = copy_context()
    if not context:
        return None
    can_travel = _core._import("bocpy._exceptions").can_travel
    found = []
    for variable, value in context.items():
        name = name_of(variable, value)
        if name is not None and name != _DECIMAL and (type(value) in _SIMPLE or can_travel(value)):
            found.append((name, value))
    return found


def restore(found):
    """Returns a context with those variables. What is not loaded here is left out: nobody here can ask for it."""
    _notebooks = _core._import("bocpy._notebooks")

    variables = [(_find_in_loaded(*name) if kind == "module" else find(kind, *name), v) for (kind, *name), v in found]
    context = next((_notebooks.context_of(value) for variable, value in variables if variable is _notebooks.CELL), None)
    if context is None:
        context = Context()
    for variable, value in variables:
        if variable is not None:
            context.run(variable.set, value)
    return context


# A fresh context of `decimal`, as `decimal_state` sees one.
_FRESH = (28, "ROUND_HALF_EVEN", -999999, 999999, 1, 0, ["InvalidOperation", "DivisionByZero", "Overflow"])


def decimal_state(reduced):
    """Returns what is in a context of `decimal`, but for the signals that have been raised; None if it is as at first.

    `reduced`: what pickles that context.
    """
    _, (prec, rounding, emin, emax, capitals, clamp, _, traps) = reduced
    state = prec, rounding, emin, emax, capitals, clamp, [signal.__name__ for signal in traps]
    return None if state == _FRESH else state


def _set_decimal(state):
    import decimal

    *state, traps = state
    decimal.setcontext(decimal.Context(*state, flags=[], traps=[getattr(decimal, name) for name in traps]))


def separate_decimal():
    """Gives the context of this thread a context of `decimal` of its own, in which no signal has been raised."""
    decimal = sys.modules["decimal"]
    context = decimal.getcontext().copy()
    context.clear_flags()
    decimal.setcontext(context)


def forget():
    """Drops everything, so that bocpy keeps nothing alive at exit."""
    _variables.clear()
    _numbers.clear()
    _looked_for.clear()
