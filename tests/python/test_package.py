"""The package from outside: its names, version, stubs, and the words that it does not yet need."""

import ast
import importlib.metadata
import inspect
import pathlib
import re
import typing

import bocpy
from bocpy import Cown, WaitResult
from support import check_script, pytest

PROMISED = [
    "Cown",
    "Read",
    "ReadCown",
    "WORKER_COUNT",
    "WaitResult",
    "__version__",
    "quiesce",
    "read",
    "start",
    "wait",
    "when",
    "whencall",
]

FOLDER = pathlib.Path(bocpy.__file__).parent


@pytest.mark.parametrize("name", PROMISED)
def test_promised_names_are_there(name):
    assert hasattr(bocpy, name)
    assert name in bocpy.__all__


def test_everything_in_all_is_there():
    assert len(bocpy.__all__) == len(set(bocpy.__all__))
    for name in bocpy.__all__:
        assert hasattr(bocpy, name)


def test_a_star_import():
    check_script("from bocpy import *\nprint(Cown.__name__, wait())", "Cown None")


def test_the_version():
    assert re.match(r"\d+\.\d+", bocpy.__version__)
    assert bocpy.__version__ == importlib.metadata.version("bocpy-rs")


def test_the_package_is_typed():
    assert (FOLDER / "py.typed").exists()


def stub_names():
    tree = ast.parse((FOLDER / "__init__.pyi").read_text(encoding="utf-8"))
    names = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign):
            names.add(node.target.id)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
    return names


def test_the_stubs_name_what_is_exported():
    assert set(bocpy.__all__) <= stub_names() | {"__version__"}


def test_the_stubs_describe_the_members_of_cown():
    text = (FOLDER / "__init__.pyi").read_text(encoding="utf-8")
    tree = ast.parse(text)
    cown = next((node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Cown"), None)
    if cown is None:
        pytest.skip("described in another stub")
    members = {node.name for node in cown.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
    assert members >= {"value", "exception", "acquired", "acquire", "release", "unwrap", "__enter__", "__exit__"}


def test_wait_result_is_a_named_tuple():
    result = WaitResult([1], {"a": 2})
    assert result == ([1], {"a": 2})
    assert result._fields == ("stats", "noticeboard")
    assert WaitResult(stats=[], noticeboard={}).stats == []


@pytest.mark.parametrize("name", [name for name in PROMISED if name[0] != "_" and name != "WORKER_COUNT"])
def test_public_names_are_documented(name):
    assert inspect.getdoc(getattr(bocpy, name))


def test_members_of_cown_are_documented():
    for name in ("value", "exception", "acquired", "acquire", "release", "unwrap"):
        assert inspect.getdoc(getattr(Cown, name)), name


def test_cown_says_where_it_comes_from():
    assert Cown.__name__ == "Cown"
    assert Cown.__module__.partition(".")[0] == "bocpy"
    assert Cown.__qualname__ == "Cown"


def test_names_for_annotations():
    cown = Cown(1)
    assert isinstance(bocpy.read(cown), bocpy.Read)
    assert not isinstance(cown, bocpy.Read)
    assert bocpy.ReadCown is Cown
    assert typing.get_args(bocpy.ReadCown[int]) == (int,)
    assert typing.get_origin(bocpy.Read[int]) is bocpy.Read
    assert typing.get_args(bocpy.Read[int]) == (int,)
    with pytest.raises(TypeError, match="call read"):
        bocpy.Read(cown)


def test_what_a_reader_gets_is_a_read_cown():
    check_script(
        """
        from bocpy import Cown, Read, ReadCown, read, wait, when

        @when(read(Cown(1)), read([Cown(2)]))
        def result(a: ReadCown[int], b: list[ReadCown[int]]) -> bool:
            return isinstance(a, ReadCown) and isinstance(b[0], ReadCown) and isinstance(read(a), Read)

        wait()
        print(result.unwrap())
        """,
        "True",
    )


def test_names_for_annotations_are_made_when_they_are_needed():
    check_script(
        """
        import bocpy
        print("Read" in vars(bocpy), "ReadCown" in vars(bocpy))
        from bocpy import Read, ReadCown
        print("Read" in vars(bocpy), "ReadCown" in vars(bocpy))
        """,
        "False False\nTrue True",
    )


def test_importing_twice_and_reloading():
    check_script(
        """
        import importlib, sys
        import bocpy
        from bocpy import Cown, wait, when
        importlib.reload(bocpy)
        result = bocpy.when(Cown(1))(lambda c: c.value)
        wait()
        print(result.unwrap(), isinstance(result, bocpy.Cown))
        """,
        "1 True",
    )


def test_importing_starts_nothing():
    check_script(
        """
        import threading, os, sys
        before = len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 1
        import bocpy
        after = len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 1
        print(after - before, threading.active_count())
        """,
        "0 1",
    )
