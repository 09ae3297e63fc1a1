"""What `typing` makes and pickles as the name of a global: type variables, new types and aliases of the program.

In another interpreter they are one object each, as they are here: `typing` compares type variables by identity.
"""

import sys
from types import ModuleType

from . import _core, _sentinels

__all__ = ["KINDS", "reduce_type_name"]

KINDS = ("TypeVar", "ParamSpec", "TypeVarTuple", "NewType", "TypeAliasType")

_aliases_being_packed = set()


def reduce_type_name(thing):
    """Returns what pickles a thing of one of these kinds."""
    _code, _worker = _core._import("bocpy._code"), _core._import("bocpy._worker")
    name, module = thing.__name__, thing.__module__
    home = sys.modules.get(module)
    if module != "__main__" and getattr(home, name, None) is thing and _code.is_importable(home):
        return name
    number = _sentinels.number_of(thing) if _worker.is_worker() else _sentinels.keep(thing)
    if number is not None and number in _aliases_being_packed:
        return _sentinels.by_number, (number,)  # its value refers to it, and is opened when it is there
    return _known_or_made, (number, *_parts(thing, number))


def _parts(thing, number):
    kind, name = type(thing).__name__, thing.__name__
    keywords = {}
    if kind == "NewType":
        return kind, thing.__module__, (thing.__qualname__, thing.__supertype__), keywords
    if kind == "TypeAliasType":
        if not thing.__type_params__:
            return "alias", thing.__module__, (name, _packed_value(thing, number)), keywords
        return kind, thing.__module__, (name, thing.__value__), {"type_params": thing.__type_params__}
    arguments = (name,)
    if kind != "TypeVarTuple":
        if thing.__bound__ is not None:
            keywords["bound"] = thing.__bound__
        for option in ("covariant", "contravariant", "infer_variance"):
            if getattr(thing, f"__{option}__", False):
                keywords[option] = True
        arguments += getattr(thing, "__constraints__", ())
    if hasattr(thing, "has_default") and thing.has_default():
        keywords["default"] = thing.__default__
    return kind, thing.__module__, arguments, keywords


def _packed_value(alias, number):
    _aliases_being_packed.add(number)
    try:
        return _core._import("bocpy._by_value").dumps(alias.__value__)
    finally:
        _aliases_being_packed.discard(number)


def _known_or_made(number, kind, module, arguments, keywords):
    known = _sentinels.by_number(number) if number is not None else None
    if known is not None:
        return known
    import typing

    if kind == "alias":
        made = _lazy_alias(module, *arguments)
    elif kind == "TypeAliasType":
        # It takes its module from the code that makes it.
        names = {**vars(ModuleType(module)), "make": typing.TypeAliasType, "given": (arguments, keywords)}
        exec("alias = make(*given[0], **given[1])", names)
        made = names["alias"]
    else:
        made = getattr(typing, kind)(*arguments, **keywords)
        made.__module__ = module
    if number is not None:
        return _sentinels.learn(made, number)
    return made


def _lazy_alias(module, name, data):
    """Makes an alias that is opened when it is first read, as it may refer to itself."""
    from _pickle import loads

    names = {**vars(ModuleType(module)), "value": lambda: loads(data)}
    exec(f"type {name} = value()", names)
    return names[name]
