"""Classes that cannot be classes of records: each is refused when it is made, and the message names class and field."""

import enum
import struct
import typing
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple, Optional

from bocpy import Cown, Record, record
from support import pytest


@record
class Other:
    x: float


class Unknown:
    pass


class Level(enum.IntEnum):
    LOW = 1


def refusal(annotation, **members):
    """What is said of a class with one field of that annotation."""
    with pytest.raises(TypeError) as raised:
        record(type("Shop", (), {"__annotations__": {"field_x": annotation}, "__module__": __name__, **members}))
    text = str(raised.value)
    assert "field_x" in text and "Shop" in text
    return text


# -- annotations


@pytest.mark.parametrize(
    "annotation",
    [
        Unknown,
        list,
        list[int],
        dict,
        set,
        tuple[int, int],
        bytearray,
        memoryview,
        object,
        type,
        Any,
        Level,
        None,
        5,
        "float | None",
        Optional[float],  # noqa: UP045
        int | float,
        typing.Literal[1],
        Annotated[list, 5],
        Annotated[Unknown, "H"],
    ],
    ids=repr,
)
def test_an_annotation_that_is_no_field(annotation):
    text = refusal(annotation)
    assert "float" in text and "Annotated[bytes, length]" in text


@pytest.mark.parametrize(
    ("annotation", "advice"),
    [
        (str, "encode"),
        (bytes, r"Annotated\[bytes, 8\]"),
        (Annotated[str, 8], "encode|Annotated"),
        (Annotated[bytes, "8"], "length of bytes"),
        (Annotated[bytes, 0], "from 1 to 65535"),
        (Annotated[bytes, -1], "from 1 to 65535"),
        (Annotated[bytes, 65_536], "from 1 to 65535"),
        (Annotated[bytes, True], "length of bytes"),
        (Annotated[bytes, 8.5], "length of bytes"),
        (Annotated[int, "z"], "codes for int are b, B, h"),
        (Annotated[int, "d"], "codes for int are"),
        (Annotated[int, "s"], "codes for int are"),
        (Annotated[int, "x"], "codes for int are"),
        (Annotated[float, "q"], "codes for float are e, f, d"),
        (Annotated[bool, "B"], "codes for bool are"),
        (Annotated[complex, "d"], "codes for complex are"),
        (Other, "do not nest"),
        (Record, "do not nest"),
        (Annotated[Other, 5], "do not nest|a field is"),
        (Cown, "cown"),
        (Cown[int], "cown"),
    ],
    ids=repr,
)
def test_an_annotation_that_gets_advice(annotation, advice):
    text = refusal(annotation)
    import re

    assert re.search(advice, text), text


@pytest.mark.parametrize("annotation", ["flaot", "Annotated[", "1 +", "missing.part", "Annotated[bytes, 1 / 0]"])
def test_an_annotation_that_cannot_be_evaluated(annotation):
    assert annotation in refusal(annotation)


def test_an_annotation_with_a_name_that_is_not_there():
    with pytest.raises((TypeError, NameError), match="missing_name"):

        @record
        class Shop:
            x: missing_name  # noqa: F821


@pytest.mark.parametrize(
    "annotation",
    [Annotated[int, "how many of them", "H"], Annotated[int, "H", "how many"], Annotated[int, object(), "H", None]],
    ids=["words before", "words behind", "objects"],
)
def test_other_annotations_may_stand_beside_the_code(annotation):
    Shop = record(type("Shop", (), {"__annotations__": {"n": annotation}}))
    with pytest.raises(struct.error, match="65535"):
        Shop(65536)


# -- the class


def test_no_fields():
    for annotations in ({}, {"count": ClassVar[int]}):
        with pytest.raises(TypeError, match="Empty has no fields"):
            record(type("Empty", (), {"__annotations__": annotations}))


def test_too_many_bytes():
    with pytest.raises(TypeError, match="Large would have 65536 bytes, and 65535 is the most"):

        @record
        class Large:
            data: Annotated[bytes, 65_528]
            x: float

    with pytest.raises(TypeError, match="Large would have .* bytes"):
        record(
            type(
                "Large", (), {"__annotations__": dict.fromkeys([f"f{n}" for n in range(20)], Annotated[bytes, 60_000])}
            )
        )


@pytest.mark.parametrize("name", ["", "a b", "c:d", "1st", "a\0b", "\ud800", 5, None], ids=ascii)
def test_a_field_whose_name_is_none(name):
    with pytest.raises(TypeError, match="a field of the record Shop cannot be called"):
        record(type("Shop", (), {"__annotations__": {name: float}}))


@pytest.mark.parametrize("name", ["class", "None", "lambda"])
def test_a_field_that_is_called_like_a_keyword(name):
    with pytest.raises(TypeError, match=f"Shop.*'{name}'"):
        record(type("Shop", (), {"__annotations__": {name: float}}))


@pytest.mark.parametrize(
    "name", ["copy", "replace", "astuple", "asdict", "sizeof", "array", "_revive", "__init__", "__slots__", "__mine__"]
)
def test_a_field_that_is_called_like_a_method_of_records(name):
    with pytest.raises(TypeError, match=f"Shop.*'{name}'"):
        record(type("Shop", (), {"__annotations__": {name: float}}))


@pytest.mark.parametrize(
    "thing",
    [lambda self: 1, property(lambda self: 1), classmethod(lambda cls: 1), staticmethod(lambda: 1)],
    ids=["function", "property", "classmethod", "staticmethod"],
)
def test_a_field_that_is_a_method_too(thing):
    assert "something else" in refusal(float, field_x=thing)


def test_a_field_that_is_called_like_a_method_of_a_base():
    class Named:
        __slots__ = ()

        def title(self):
            return "title"

    with pytest.raises(TypeError, match="'title'.*Shop|Shop.*'title'"):

        @record
        class Shop(Named):
            title: float


@pytest.mark.parametrize("default", [[], {}, set(), bytearray(b"x"), [1.0]], ids=repr)
def test_a_default_that_can_change(default):
    assert "can change" in refusal(float, field_x=default)


@pytest.mark.parametrize(
    ("annotation", "default"),
    [
        (float, "x"),
        (float, None),
        (int, 1.5),
        (int, 2**63),
        (Annotated[int, "H"], -1),
        (Annotated[float, "e"], 1e9),
        (bool, 2),
        (Annotated[bytes, 2], b"abc"),
        (Annotated[bytes, 2], "ab"),
        (complex, "j"),
    ],
    ids=repr,
)
def test_a_default_that_the_field_cannot_hold(annotation, default):
    text = refusal(annotation, field_x=default)
    assert "default" in text


def test_a_field_without_default_after_one_that_has_one():
    with pytest.raises(TypeError, match="'y' of .*Shop has no default, and comes after 'x'"):

        @record
        class Shop:
            x: float = 1.0
            y: float


def test_a_field_without_default_after_those_of_the_base():
    @record
    class Base:
        x: float = 1.0

    with pytest.raises(TypeError, match="'y' of .*Shop has no default, and comes after 'x'"):

        @record
        class Shop(Base):
            y: float


def test_slots():
    with pytest.raises(TypeError, match="Shop has __slots__"):

        @record
        class Shop:
            __slots__ = ("other",)
            x: float


def test_bases_whose_instances_have_attributes():
    class Plain:
        pass

    class Slotted:
        __slots__ = ("a",)

    class Pair(NamedTuple):
        a: int

    @dataclass
    class Data:
        a: int

    for base in (Plain, Slotted, Pair, Data, int, dict, Exception, bytes):
        with pytest.raises(TypeError, match=rf"Shop cannot be derived from .*{base.__name__}"):
            record(type("Shop", (base,), {"__annotations__": {"x": float}}))


def test_two_records_as_bases():
    @record
    class One:
        x: float

    @record
    class Two:
        y: float

    with pytest.raises(TypeError, match=r"Shop is derived from two records, .*One and .*Two"):

        @record
        class Shop(One, Two):
            z: float


def test_a_class_between_that_is_no_record():
    class Between(Other):
        __slots__ = ()

    with pytest.raises(TypeError, match=r"Shop is derived from .*Between, which is no record"):

        @record
        class Shop(Between):
            y: float


@pytest.mark.parametrize("thing", [5, "class", None, len, Other(1.0)], ids=repr)
def test_what_is_no_class(thing):
    with pytest.raises(TypeError, match="@record"):
        record(thing) if thing is not None else record()(None)


def test_wrong_options():
    with pytest.raises(TypeError):
        record(slots=True)
    with pytest.raises(TypeError):
        record(Other, 5)


def test_record_twice():
    with pytest.raises(TypeError, match="Shop is a record already"):

        @record
        @record
        class Shop:
            x: float


def test_post_init():
    with pytest.raises(TypeError, match="__post_init__ would not be called"):

        @record
        class Shop:
            x: float

            def __post_init__(self):
                pass


def test_dataclass_above_or_below():
    """Both would make the class: it can be one only."""
    with pytest.raises(TypeError):

        @record
        @dataclass(slots=True)
        class Shop:
            x: float

    with pytest.raises(TypeError, match="dataclass"):

        @record
        @dataclass
        class Shelf:
            x: float


@pytest.mark.parametrize("attribute", ["__getattribute__", "__setattr__", "__new__", "__del__", "__getattr__"])
def test_special_methods_of_the_class_do_not_break_it(attribute):
    """What a class defines of these is called as in any class, or refused when the class is made: never passed over."""
    calls = []

    def special(self, *args, **kwargs):
        calls.append(attribute)
        if attribute == "__del__":
            return None
        if attribute == "__getattr__":
            raise AttributeError(args[0])
        return getattr(Record, attribute)(self, *args) if attribute != "__new__" else Record.__new__(self)

    try:
        Shop = record(type("Shop", (), {"__annotations__": {"x": float}, attribute: special}))
    except TypeError as error:
        assert attribute in str(error) and "Shop" in str(error)
        return
    s = Shop(1.0)
    s.x = 2.0
    assert s.x == 2.0 and getattr(s, "nothing", None) is None
    del s
    assert calls
