"""Classes that can't be imported, in another interpreter: those of `__main__`, and those made in functions.

Such a class is not made there as its statement has made it here, since what happened then (`__init_subclass__`, a
metaclass, decorators) has left its results in the class and in the registries of the program, and these are sent. It is
made empty, without any of that; then it gets the members that it has here. Only what modules keep of their own accord
is not sent, as each interpreter imports a module for itself: their hooks run there.

A class of the main interpreter is sent once. After that, values refer to it by its number.
"""

import copyreg
import itertools
import sys
from _thread import RLock, get_ident
from types import BuiltinFunctionType, FunctionType, GetSetDescriptorType, MemberDescriptorType, WrapperDescriptorType

from . import _annotations, _core, _shared, _worker

__all__ = ["by_number", "define", "forget", "number_of", "reduce_as_it_is", "reduce_class", "reduce_instance"]

# Classes of the main interpreter that have been sent, by number; and their numbers, by `id`. The same in both ends.
_classes = {}
_numbers = {}
_next_number = itertools.count()
# Classes that other interpreters have made, by a name that is given when they are sent; and these names, by `id`.
_locals = {}
_local_names = {}
# Classes that do not have all members yet, by `id`: a metaclass may make them unhashable. With members of enums.
_empty = {}
# Numbers of classes that are being loaded.
_loading = []
# Held while the hooks of a class are off.
_hooks_are_off = RLock()

# What a class gets when it is made, if it is there. `__qualname__` is no member afterwards.
_FIRST = ("__module__", "__slots__", "__firstlineno__", "__static_attributes__", "__orig_bases__")
# Those of classes: sent by themselves.
_ANNOTATIONS = ("__annotations__", "__annotate__", "__annotate_func__", "__annotations_cache__")


def number_of(cls):
    """Returns the number of a class of the main interpreter that is sent by value, or None."""
    known = _numbers.get(id(cls))
    if known is not None or _worker.is_worker():
        return known
    _code = _core._import("bocpy._code")
    if not _code.is_by_value(cls):
        return None
    # Two threads may give a class two numbers, but never one number to two classes.
    number = next(_next_number)
    _classes[number] = cls
    _numbers[id(cls)] = number
    return number


def by_number(number):
    """Returns a class of the main interpreter. A worker asks for it the first time."""
    if _is_missing(number) and _worker.is_worker():
        _load(number, lambda: _worker.ask("", number)[0])
    return _classes[number]


def define(number, data):
    """Returns a class of the main interpreter that was sent with its definition."""
    if _is_missing(number):
        from _pickle import loads

        _load(number, lambda: loads(data))
    return _classes[number]


def _is_missing(number):
    cls = _classes.get(number)
    # If it has no members, it is being loaded, or it could not be loaded the last time.
    return cls is None or (id(cls) in _empty and not _loading)


def _load(number, load):
    _loading.append(number)
    try:
        _learn(load(), number)
    finally:
        _loading.remove(number)


def _learn(cls, number):
    _classes[number] = cls
    _numbers[id(cls)] = number


def forget():
    """Drops everything, so that bocpy keeps nothing alive at exit."""
    for table in (_classes, _numbers, _locals, _local_names):
        table.clear()


def reduce_class(cls, share):
    """Returns what pickles the definition of a class. `share`: gives what pickles in place of a member."""
    members = dict(vars(cls))
    start = {name: members.pop(name) for name in _FIRST if name in members}
    start["__qualname__"] = cls.__qualname__
    for name, member in list(members.items()):
        is_slot = isinstance(member, MemberDescriptorType) and member.__objclass__ is cls
        # From 3.15 on, all classes have the same two of these.
        is_usual = isinstance(member, GetSetDescriptorType) and name in ("__dict__", "__weakref__")
        if is_slot or is_usual or type(member).__name__ == "CField":  # or the field of a structure of `ctypes`
            del members[name]
    registered = ()
    if members.pop("_abc_impl", None) is not None:
        from abc import _get_dump

        # The classes that have been registered. The rest are caches.
        registered = [found for ref in _get_dump(cls)[0] if (found := ref()) is not None]
    for name in _ANNOTATIONS:
        members.pop(name, None)
    annotations = _annotations.pack(cls)
    number = number_of(cls)
    arguments = _metaclass(cls), cls.__name__, cls.__bases__, start, number, _local_name(cls, number)
    first = {name: members.pop(name) for name in list(members) if _is_method(members[name])}
    others = [_Members(cls, {name: _shared_member(name, member, share)}) for name, member in members.items()]
    state = [_Members(cls, first), *others], members.keys() | first.keys(), registered, annotations
    return make_class, arguments, state, None, None, finish_class


def _is_method(member):
    return isinstance(member, (FunctionType, classmethod, staticmethod, property))


def _shared_member(name, member, share):
    # Nobody keeps what Python itself has put there, such as `__dataclass_fields__`.
    return member if name.startswith("_") and name.endswith("_") else share(member)


def _metaclass(cls):
    """The metaclass, by way of a base if there is one that can be imported: `ctypes` has no name for its own."""
    _code = _core._import("bocpy._code")
    for base in cls.__mro__[1:]:
        if type(base) is type(cls) and not _code.is_by_value(base):
            return _TypeOf(base)
    return type(cls)


class _TypeOf:
    """Pickles as the type of something."""

    def __init__(self, thing):
        self._thing = thing

    def __reduce__(self):
        return type, (self._thing,)


class _Members:
    """Pickles as some members of a class. The class gets them as soon as they are read.

    Methods come first: what comes after may be an instance, which needs them to come into being.
    """

    def __init__(self, cls, members):
        self._cls = cls
        self._members = members

    def __reduce__(self):
        return add_members, (self._cls, self._members)


def _local_name(cls, number):
    """The name under which a class that belongs to no global of the main interpreter is known to all."""
    name = _local_names.get(id(cls))
    if name is None and number is None:
        import os

        name = os.urandom(12).hex()
        _remember(cls, name)
    return name


def _remember(cls, name):
    import weakref

    key = id(cls)

    def forget(_):
        _locals.pop(name, None)
        _local_names.pop(key, None)

    _locals[name] = weakref.ref(cls, forget)
    _local_names[key] = name


def make_class(metaclass, name, bases, start, number, local_name):
    """Returns the class of that number or name, which may be a new one, without members."""
    known = _classes.get(number) if number is not None else None
    if known is None and local_name in _locals:
        known = _locals[local_name]()
    if known is not None:
        return known
    new = _of_c(metaclass, "__new__", BuiltinFunctionType)
    cls = _without_hooks(bases, lambda: new(metaclass, name, bases, start))
    _of_c(metaclass, "__init__", WrapperDescriptorType)(cls, name, bases, start)
    abc = sys.modules.get("abc")
    if abc is not None and isinstance(cls, abc.ABCMeta):
        abc._abc_init(cls)
    _empty[id(cls)] = cls, {}
    if number is not None:
        _learn(cls, number)
    if local_name is not None:
        _remember(cls, local_name)
    return cls


def add_members(cls, members):
    """Gives a class some of its members, unless it has them already."""
    if id(cls) in _empty:
        _set(cls, members)
        for name, member in members.items():
            _shared.note(cls, "member", name, member)
            _shared.note_items(member)


def finish_class(cls, state):
    """Gives a class the rest, unless it has been finished already."""
    if id(cls) not in _empty:
        return
    _, names, registered, annotations = state
    del _empty[id(cls)]
    if annotations is not None:
        _annotations.attach(cls, annotations, _of_c(type(cls), "__setattr__", WrapperDescriptorType))
    for other in registered:
        cls.register(other)
    members = {name: vars(cls)[name] for name in names}
    if _run_hooks_of_modules(cls, members):
        _set(cls, members)


def _set(cls, members):
    # The metaclass may refuse changes, as that of enums does.
    set_member = _of_c(type(cls), "__setattr__", WrapperDescriptorType)
    for name, member in members.items():
        set_member(cls, name, member)


def _of_c(metaclass, name, kind):
    """The method of the nearest base of a metaclass that is not written in Python: most often that of `type`."""
    for base in metaclass.__mro__:
        method = vars(base).get(name)
        if isinstance(method, kind):
            return method
    raise TypeError(f"{metaclass!r} is no metaclass")


def _without_hooks(bases, make):
    """Calls `make`, which makes a class, while the bases have no `__init_subclass__`."""
    owners = {owner for base in bases for owner in base.__mro__ if "__init_subclass__" in vars(owner)} - {object}
    if not owners:
        return make()
    me = get_ident()
    with _hooks_are_off:
        before = [(owner, vars(owner)["__init_subclass__"]) for owner in owners]
        try:
            for owner, hook in before:
                _set_hook(owner, classmethod(_quiet(hook, me)))
            return make()
        finally:
            for owner, hook in before:
                _set_hook(owner, hook)


def _quiet(hook, thread):
    """Another thread may make a class meanwhile."""

    def __init_subclass__(cls, /, **keywords):
        if get_ident() != thread:
            hook.__get__(None, cls)(**keywords)

    return __init_subclass__


def _set_hook(owner, hook):
    try:
        type.__setattr__(owner, "__init_subclass__", hook)
    except TypeError:
        pass  # a class of C, which cannot be changed


def _run_hooks_of_modules(cls, members):
    """Runs what modules have asked for when a class is derived from theirs. Returns whether there was anything.

    What needs keywords is left out: they are not kept.
    """
    _code = _core._import("bocpy._code")
    ran = False
    hook = getattr(super(cls, cls), "__init_subclass__", None)
    function = getattr(hook, "__func__", None)
    if _is_of_a_library(_code, function) and not _has_keywords(function, 1):
        hook()
        ran = True
    initialize = type(cls).__init__
    if _is_of_a_library(_code, initialize) and not _has_keywords(initialize, 4):
        initialize(cls, cls.__name__, cls.__bases__, dict(members))
        ran = True
    return ran


def _is_of_a_library(_code, function):
    if not isinstance(function, FunctionType):
        return False
    name = function.__globals__.get("__name__")
    package = name.partition(".")[0] if isinstance(name, str) else ""
    return package not in sys.stdlib_module_names and package != "cloudpickle" and not _code.is_by_value(function)


def _has_keywords(function, expected):
    code = function.__code__
    return code.co_argcount > expected or code.co_kwonlyargcount > 0


def reduce_instance(thing):
    """Returns what pickles an instance that is a part of the definition of its class.

    The class is not called to make it: that may look for what is not there yet.
    """
    enum = sys.modules.get("enum")
    if enum is not None and isinstance(thing, enum.Enum):
        return _reduce_member(thing)
    reduced = thing.__reduce_ex__(5)
    if not isinstance(reduced, tuple):
        return reduced
    if reduced[0] is type(thing) and _nearest(type(thing)) is object:
        return reduce_as_it_is(thing)
    if reduced[:2] == (copyreg.__newobj__, (type(thing),)):
        return _nearest(type(thing)).__new__, *reduced[1:]
    return reduced


def reduce_as_it_is(thing):
    """Returns what pickles an instance without asking its class how."""
    return object.__new__, (type(thing),), object.__getstate__(thing)


def _nearest(cls):
    """The nearest class that is there in any case."""
    _code = _core._import("bocpy._code")
    return next(base for base in cls.__mro__ if not _code.is_by_value(base))


def _reduce_member(member):
    """Members of an enum are found by their values, but not before the enum is there."""
    cls = type(member)
    base = _nearest(cls._member_type_)
    new_arguments = getattr(base, "__getnewargs__", None)
    if new_arguments is not None:
        arguments = new_arguments(member)
    elif "__reduce_ex__" in vars(base) and base is not object:
        arguments = base.__reduce_ex__(member, 2)[1]
    elif "__reduce__" in vars(base) and base is not object:
        arguments = base.__reduce__(member)[1]
    else:
        arguments = ()
    return make_member, (cls, member._name_, base, arguments), dict(vars(member)), None, None, finish_member


def make_member(cls, name, base, arguments):
    """Returns the member of an enum of that name, which may be a new one, without its attributes."""
    unfinished = _empty.get(id(cls))
    if unfinished is None and name in cls._member_map_:
        return cls._member_map_[name]
    member = base.__new__(cls, *arguments)
    # Two definitions may have been begun, the second while the first was read.
    return member if unfinished is None or name is None else unfinished[1].setdefault(name, member)


def finish_member(member, attributes):
    """Gives a member of an enum its attributes."""
    if not vars(member):
        vars(member).update(attributes)
