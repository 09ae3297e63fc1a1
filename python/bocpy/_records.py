"""Classes of records: `record` makes one of a class with annotated fields."""

import keyword
import sys
from types import FunctionType

from . import _core
from ._core import Record

__all__ = ["record"]

# What plain annotations stand for, and which codes of `struct` may narrow them.
_PLAIN = {float: "d", int: "q", bool: "?", complex: "D"}
_CODES = {float: "efd", int: "bBhHiIlLqQnNP", bool: "?", complex: "FD"}
_ALLOWED = (
    "float, int, bool, complex, Annotated[bytes, length], or Annotated with a number code of struct, such as "
    'Annotated[int, "H"]'
)
_MUTABLE = (list, dict, set, bytearray)
_TAKEN = frozenset(dir(Record)) | {"array"}


def record(cls=None, /, *, order=False, hash=False, frozen=False):
    """Make a class of records: its annotated fields are numbers and bytes that move between workers without a copy.

    Fields are annotated as `float`, `int` (64 bits), `bool`, `complex`, `Annotated[bytes, length]`, or with a code of
    `struct` that narrows them, such as `Annotated[int, "H"]`. They may have defaults. The class keeps its methods,
    properties and class attributes, and becomes a subclass of `Record`: `class Quote(Record):` tells type checkers.

    A record belongs to one handle at a time. What is given to a cown, a message or a behavior is moved there, and the
    variable raises RuntimeError from then on, saying where the record went: use `copy()` to have it in two places.

    - `order`: records can be compared by `<` and the like, as tuples of their values are.
    - `hash`: records can be keys and in sets; make them `frozen`, too.
    - `frozen`: fields cannot be assigned.

    Raises TypeError if the class cannot be one of records, and names the field.
    """
    if cls is None:
        return lambda cls: _make(cls, sys._getframe(1).f_locals, order, hash, frozen)
    return _make(cls, sys._getframe(1).f_locals, order, hash, frozen)


def _make(cls, variables, order, hash, frozen):
    if not isinstance(cls, type):
        raise TypeError(f"@record goes above a class, not above an object of type '{type(cls).__name__}'")
    if "__record_shape__" in vars(cls):
        raise TypeError(f"{cls.__qualname__} is a record already: one @record is enough")
    _check_layout(cls)
    fields = _inherited(cls)
    for name, annotation in _annotations(cls, variables).items():
        code = _code_of(cls, name, annotation)
        if code is not None:
            _check_name(cls, name)
            fields[name] = _with_default(cls, name, code)
    if not fields:
        raise TypeError(f"the record {cls.__qualname__} has no fields: annotate at least one, with {_ALLOWED}")
    _check_order(cls, fields)
    shape = _shape_of(cls, fields, order, frozen)

    members = {name: member for name, member in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    for name in fields:
        members.pop(name, None)
    members.update((name, _Field(name, field[1])) for name, field in fields.items())
    members["__slots__"] = ()
    members["__record_shape__"] = shape
    members.setdefault("__match_args__", tuple(fields))
    members["__signature__"] = _Signature()
    if "__hash__" not in members or members["__hash__"] is None:
        members["__hash__"] = _hash if hash else None
    if "__dataclass_fields__" in members:
        raise TypeError(f"@record takes the place of @dataclass: leave that out for {cls.__qualname__}")
    if "__post_init__" in members:
        raise TypeError(
            f"{cls.__qualname__}.__post_init__ would not be called: define __init__, which may call "
            "super().__init__(...)"
        )
    bases = tuple(base for base in cls.__bases__ if base is not object)
    if not any(issubclass(base, Record) for base in bases):
        bases += (Record,)
    new = type(cls)(cls.__name__, bases, members)
    new.__qualname__ = cls.__qualname__
    _take_over(cls, new, members)
    _core._register_record(new)
    return new


def _check_layout(cls):
    """Raises if instances have anything beside their fields: it would be lost where they go."""
    if vars(cls).get("__slots__"):
        raise TypeError(f"the record {cls.__qualname__} has __slots__: leave them out, its fields are all that it has")
    for base in cls.__mro__[1:-1]:
        if base is Record or "__record_shape__" in vars(base):
            continue
        if issubclass(base, Record):
            raise TypeError(
                f"{cls.__qualname__} is derived from {base.__qualname__}, which is no record: put @record above that"
            )
        if base.__dictoffset__ or base.__itemsize__ or base.__basicsize__ != object.__basicsize__:
            raise TypeError(
                f"the record {cls.__qualname__} cannot be derived from {base.__qualname__}, whose instances have "
                f"attributes of their own: give {base.__qualname__} `__slots__ = ()`, if it has nothing but methods"
            )


def _inherited(cls):
    """The fields of the record that a class is derived from."""
    found = [base for base in cls.__mro__[1:] if "__record_shape__" in vars(base)]
    if not found:
        return {}
    for other in found[1:]:
        if not issubclass(found[0], other):
            raise TypeError(
                f"the record {cls.__qualname__} is derived from two records, {found[0].__qualname__} and "
                f"{other.__qualname__}: choose one"
            )
    return {field[0]: field for field in _fields_of(found[0])}


def _fields_of(cls):
    """For each field of a record: its name, its format, and its default if it has one."""
    _, (_, _, _, _, fields, _, _) = cls.__record_shape__.__reduce__()
    return fields


def _annotations(cls, variables):
    """The annotations of a class itself, evaluated."""
    if sys.version_info >= (3, 14):
        try:
            found = cls.__annotations__
        except NameError as error:
            raise TypeError(
                f"an annotation of the record {cls.__qualname__} has a name that is not there: {error}"
            ) from None
    else:
        found = vars(cls).get("__annotations__", {})
    return {name: _evaluated(cls, name, annotation, variables) for name, annotation in found.items()}


def _evaluated(cls, name, annotation, variables):
    """An annotation that is a string, as with `from __future__ import annotations`."""
    if not isinstance(annotation, str):
        return annotation
    module = sys.modules.get(cls.__module__)
    try:
        return eval(annotation, vars(module) if module is not None else {}, {**variables, **vars(cls)})
    except Exception as error:
        raise TypeError(
            f"the annotation of the field '{name}' of {cls.__qualname__}, {annotation!r}, cannot be evaluated: "
            f"{type(error).__name__}: {error}"
        ) from None


def _code_of(cls, name, annotation):
    """The format of a field, as a code of `struct`; None for a class variable."""
    typing = sys.modules.get("typing")
    if typing is not None and (annotation is typing.ClassVar or typing.get_origin(annotation) is typing.ClassVar):
        return None
    if isinstance(annotation, type) and annotation in _PLAIN:
        return _PLAIN[annotation]
    plain = getattr(annotation, "__origin__", None)
    metadata = getattr(annotation, "__metadata__", ())
    if plain is bytes and metadata:
        length = next((part for part in metadata if type(part) is int), None)
        if length is None or not 0 < length <= 65_535:
            raise _refusal(cls, name, annotation, "the length of bytes is an int from 1 to 65535")
        return f"{length}s"
    if metadata and isinstance(plain, type) and plain in _PLAIN:
        # Longer strings are for people.
        code = next((part for part in metadata if isinstance(part, str) and len(part) == 1), _PLAIN[plain])
        if code not in _CODES[plain]:
            codes = ", ".join(_CODES[plain])
            raise _refusal(cls, name, annotation, f"the codes for {plain.__name__} are {codes}")
        return code
    raise _refusal(cls, name, annotation, _advice(annotation))


def _refusal(cls, name, annotation, why):
    shown = annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")
    return TypeError(f"the field '{name}' of the record {cls.__qualname__} cannot be of type {shown}: {why}")


def _advice(annotation):
    if annotation is bytes:
        return "bytes need a length, as in Annotated[bytes, 8]"
    if annotation is str:
        return "text has no fixed length: take Annotated[bytes, length], and encode() and decode() it"
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return "records do not nest: give the fields of the other record here, too"
    if annotation is _core.Cown or getattr(annotation, "__origin__", None) is _core.Cown:
        return "a cown cannot be a part of a record: keep it beside the record"
    return f"a field is {_ALLOWED}"


def _check_name(cls, name):
    if not isinstance(name, str) or not name.isidentifier():
        raise TypeError(
            f"a field of the record {cls.__qualname__} cannot be called {name!r}: that is no name of a variable"
        )
    if keyword.iskeyword(name) or (name.startswith("__") and name.endswith("__")):
        raise TypeError(
            f"a field of the record {cls.__qualname__} cannot be called '{name}', which has a meaning of its own"
        )
    for base in cls.__mro__[1:-1]:
        found = vars(base).get(name)
        if isinstance(found, (FunctionType, property, classmethod, staticmethod)) and not hasattr(Record, name):
            # What is abstract waits for a field or the like.
            if getattr(found, "__isabstractmethod__", False) and isinstance(found, property):
                continue
            raise TypeError(
                f"'{name}' is a field of the record {cls.__qualname__}, and a {type(found).__name__} of "
                f"{base.__qualname__}, from which that is derived: choose another name"
            )
    if name in _TAKEN:
        raise TypeError(
            f"a field of the record {cls.__qualname__} cannot be called '{name}': every record has a method of that "
            "name"
        )


def _with_default(cls, name, code):
    """A field, with its default if it has one."""
    if name not in vars(cls):
        return name, code
    default = vars(cls)[name]
    if isinstance(default, (FunctionType, property, classmethod, staticmethod)):
        raise TypeError(
            f"'{name}' is a field of the record {cls.__qualname__}, and something else, too: a {type(default).__name__}"
        )
    if isinstance(default, _MUTABLE):
        raise TypeError(
            f"the default of the field '{name}' of {cls.__qualname__} is a {type(default).__name__}, which can change: "
            "a field holds a number or bytes"
        )
    return name, code, default


def _check_order(cls, fields):
    before = None
    for name, field in fields.items():
        if len(field) > 2:
            before = name
        elif before is not None:
            raise TypeError(
                f"the field '{name}' of {cls.__qualname__} has no default, and comes after '{before}', which has one: "
                f"put '{name}' first, or give it a default"
            )


def _shape_of(cls, fields, order, frozen):
    try:
        return _core._Shape(cls.__module__, cls.__qualname__, tuple(fields.values()), order, frozen)
    except TypeError:
        raise
    except Exception as error:
        raise TypeError(f"the default is wrong: {error}") from None


class _Field:
    """What a class has where its instances have a field. (Instances don't ask it: they find the field themselves.)"""

    __slots__ = ("__name__", "format")

    def __init__(self, name, format):
        self.__name__ = name
        self.format = format

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        self._check(instance)
        return Record.__getattribute__(instance, self.__name__)

    def __set__(self, instance, value):
        self._check(instance)
        Record.__setattr__(instance, self.__name__, value)

    def _check(self, instance):
        """Raises if it would be asked for again and again, as the record itself has no such field."""
        if self.__name__ not in instance.asdict():
            raise TypeError(
                f"this {type(instance).__qualname__} has no field '{self.__name__}': it was made by "
                "another class, and assigning to __class__ does not change that"
            )

    def __repr__(self):
        return f"<field '{self.__name__}' of a record, {self.format!r}>"

    def __reduce__(self):
        return _Field, (self.__name__, self.format)


class _Signature:
    """The signature of a record's class, made when it is asked for."""

    def __get__(self, instance, owner=None):
        if owner.__init__ is not Record.__init__ or owner.__new__ is not Record.__new__:
            raise AttributeError("__signature__")  # that of its own function is asked for then
        from inspect import Parameter, Signature

        kind = Parameter.POSITIONAL_OR_KEYWORD
        annotations = {}
        for base in reversed(owner.__mro__):
            if "__record_shape__" in vars(base):
                annotations.update(base.__annotations__)
        return Signature(
            Parameter(
                field[0],
                kind,
                default=field[2] if len(field) > 2 else Parameter.empty,
                annotation=annotations.get(field[0], Parameter.empty),
            )
            for field in _fields_of(owner)
        )

    def __reduce__(self):
        return _Signature, ()


def _hash(self):
    return hash((type(self).__name__, *self.astuple()))


def _take_over(cls, new, members):
    """Methods that say `super()` or `__class__` mean the class that takes the place of theirs."""
    for member in members.values():
        for function in _functions_of(member):
            for cell in function.__closure__ or ():
                try:
                    if cell.cell_contents is cls:
                        cell.cell_contents = new
                except ValueError:
                    pass  # it is empty


def _functions_of(member):
    if isinstance(member, property):
        parts = (member.fget, member.fset, member.fdel)
    else:
        parts = (getattr(member, "__func__", member),)
    while parts:
        parts = [part for part in parts if isinstance(part, FunctionType)]
        yield from parts
        parts = [getattr(part, "__wrapped__", None) for part in parts]
