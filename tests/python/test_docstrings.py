"""`help()` shows the same as an editor: docstrings and type stubs are equal."""

import ast
import inspect
import types
from pathlib import Path

import bocpy
import pytest

STUBS = ast.parse(Path(bocpy.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))

# Kinds of objects with their own docstrings at run time. CPython itself describes slots such as `__init__`.
DESCRIBED = (
    type,
    types.BuiltinFunctionType,
    types.FunctionType,
    types.MethodDescriptorType,
    types.GetSetDescriptorType,
    types.ClassMethodDescriptorType,
)


def written(body, owner, prefix=""):
    """The docstrings in the stubs, each with the object that it is of."""
    for node in body:
        if not isinstance(node, (ast.ClassDef, ast.FunctionDef)) or not hasattr(owner, node.name):
            continue
        thing = vars(owner).get(node.name, getattr(owner, node.name))
        if isinstance(thing, type) and thing.__name__ != node.name:
            continue  # another name of a class: its docstring is that of the class
        text = ast.get_docstring(node)
        if text and isinstance(thing, DESCRIBED):
            yield prefix + node.name, thing, text
        if isinstance(node, ast.ClassDef):
            yield from written(node.body, thing, f"{node.name}.")


ALL = {name: (thing, text) for name, thing, text in written(STUBS.body, bocpy)}


def test_the_stubs_have_been_read():
    missing = (
        {name for name in bocpy.__all__ if callable(getattr(bocpy, name))} - set(ALL) - {"CancelledError", "ReadCown"}
    )
    assert not missing
    assert {"Cown.acquire", "Cown.value", "Cown.__enter__"} <= set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_help_and_stubs_say_the_same(name):
    thing, text = ALL[name]
    assert inspect.cleandoc(thing.__doc__) == text


@pytest.mark.parametrize("name", ["when", "whencall", "read", "start", "wait", "quiesce"])
def test_functions_have_signatures(name):
    assert inspect.signature(getattr(bocpy, name)).parameters
