"""Libraries that refuse sub-interpreters: the error says first which one it is, and what to do.

The libraries here are small ones that raise what real ones raise; scripts/check_libraries tries the real ones.
"""

import sys
import textwrap
from pathlib import Path

from bocpy._errors import explain_import_error
from support import check_script, interpreters_only, pytest, run_script

ADVICE = 'use start(backend="threads"), or set the environment variable BOCPY_BACKEND=threads'
SAYS = f"refuser refuses sub-interpreters, in which the workers run: {ADVICE}. The error was: "
REFUSAL = "module lib does not support loading in subinterpreters"

# Everywhere but in the main program, a module of the package refuses. It is an extension module: an error in it has no
# frame there, and CPython knows only the last part of its name.
REFUSER = f"""
    import sys

    class Thing:
        pass

    if not hasattr(sys, "this_is_main"):
        try:
            from .lib import answer
        except ModuleNotFoundError as error:
            raise ImportError("{REFUSAL}").with_traceback(error.__traceback__) from None
"""
LIBRARIES = {
    "refuser/__init__.py": REFUSER,
    "uses.py": "import refuser",
    "uses_it_late.py": "from uses import refuser",
    # as numpy does
    "with_cause.py": """
        try:
            import refuser
        except ImportError as error:
            raise ImportError("\\n\\nread this for advice\\n") from error
    """,
    # as pandas does, which imports numpy
    "with_causes.py": """
        try:
            __import__("with_cause")
        except ImportError as error:
            raise ImportError("see the traceback for details") from error
    """,
    "with_context.py": """
        try:
            import refuser
        except ImportError:
            raise ImportError("a dependency is missing")
    """,
    "with_hidden_context.py": """
        try:
            import refuser
        except ImportError:
            raise ImportError("a dependency is missing") from None
    """,
    # as older versions of pandas do
    "with_text.py": """
        missing = []
        try:
            import refuser
        except ImportError as error:
            missing.append(f"refuser: {error}".replace("module lib", "module refuser.lib"))
        if missing:
            raise ImportError("Unable to import required dependencies: " + ", ".join(missing))
    """,
    "with_another_error.py": """
        try:
            import refuser
        except ImportError:
            import this_is_not_installed_either
    """,
    # as modules written in Rust do
    "rusty.py": "raise ImportError('PyO3 modules do not yet support subinterpreters')",
}
HIDDEN = {
    "uses": REFUSAL,
    "uses_it_late": REFUSAL,
    "with_cause": "read this for advice",
    "with_causes": "see the traceback for details",
    "with_context": "a dependency is missing",
    "with_hidden_context": "a dependency is missing",
    "with_text": "Unable to import required dependencies: refuser: module refuser.lib does not support",
    "with_another_error": "No module named 'this_is_not_installed_either'",
    "refuser": REFUSAL,
}


@interpreters_only
@pytest.mark.parametrize("library", HIDDEN)
def test_a_library_that_refuses_is_named_first_with_what_to_do(library):
    source = f"""
        from bocpy import Cown, wait, when

        cown = Cown(1)
        for _ in range(2):                   # the second one imports again
            @when(cown)
            def used(cown):
                import {library}
            wait()
            try:
                used.unwrap()
            except ImportError as error:
                print(error)
    """
    done = run_script(source, files=LIBRARIES)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(SAYS + HIDDEN[library]), done.stdout
    assert done.stdout.count(SAYS + HIDDEN[library]) == 2, done.stdout


@interpreters_only
@pytest.mark.parametrize("library", ["refuser", "with_causes", "uses"])
def test_the_report_of_a_result_that_was_never_read_ends_with_what_to_do(library):
    source = f"""
        from bocpy import wait, when

        @when()
        def used():
            import {library}

        del used
        wait()
    """
    done = run_script(source, files=LIBRARIES)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-1] == f"ImportError: {SAYS}{HIDDEN[library]}"
    assert done.stderr.count(ADVICE) == 1


@interpreters_only
@pytest.mark.parametrize("library", ["refuser", "uses"])
def test_a_library_that_the_program_has_imported_is_named_before_what_went_wrong(library):
    source = f"""
        import sys
        sys.this_is_main = True
        import {library}
        from bocpy import wait, when

        @when()
        def used():
            return {library}.answer

        wait()
        try:
            used.unwrap()
        except NameError as error:
            print(error)
    """
    done = run_script(source, files=LIBRARIES)
    assert done.returncode == 0, done.stderr
    start = f"name '{library}' is not available in this behavior: ImportError: "
    assert done.stdout.startswith(start + SAYS), done.stdout


@interpreters_only
def test_a_library_whose_object_is_a_value_is_named_before_what_went_wrong():
    source = """
        import sys
        sys.this_is_main = True
        import refuser
        from bocpy import Cown, wait, when

        used = when(Cown(refuser.Thing()))(lambda c: c.value)
        wait()
        try:
            used.unwrap()
        except RuntimeError as error:
            print(error)
    """
    done = run_script(source, files=LIBRARIES)
    assert done.returncode == 0, done.stderr
    start = "a value of type 'refuser.Thing' could not be loaded in this interpreter: ImportError: "
    assert done.stdout.startswith(start + SAYS), done.stdout


def test_an_import_error_for_another_reason_stays_as_it_is():
    source = """
        from bocpy import wait, when

        @when()
        def used():
            import this_is_not_installed

        wait()
        try:
            used.unwrap()
        except ImportError as error:
            print(error)
    """
    check_script(source, "No module named 'this_is_not_installed'", reports=1)


# -- the function that decides


def error_of_import(library, folder, monkeypatch):
    for name, text in LIBRARIES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text).lstrip("\n"))
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    try:
        with pytest.raises(ImportError) as caught:
            exec(f"import {library}", {})
    finally:
        for name in set(sys.modules) - before:
            if name in ("refuser", *HIDDEN):
                del sys.modules[name]
    return caught.value


@pytest.mark.parametrize("library", HIDDEN)
def test_what_is_in_the_chain_of_errors_is_found(library, tmp_path, monkeypatch):
    error = error_of_import(library, tmp_path, monkeypatch)
    kind, name = type(error), error.name
    explain_import_error(error)
    assert str(error).startswith(SAYS + HIDDEN[library])
    assert (type(error), error.name, error.msg, error.args) == (kind, name, str(error), (str(error),))


def test_an_error_is_explained_once(tmp_path, monkeypatch):
    error = error_of_import("refuser", tmp_path, monkeypatch)
    explain_import_error(error)
    text = str(error)
    explain_import_error(error)
    assert str(error) == text
    later = ImportError("could not be imported")
    later.__cause__ = error
    explain_import_error(later)
    assert str(later) == "could not be imported"


def test_a_library_that_is_not_known_is_not_named(tmp_path, monkeypatch):
    error = error_of_import("rusty", tmp_path, monkeypatch)
    explain_import_error(error)
    assert str(error).startswith(f"a library {SAYS.partition(' ')[2]}PyO3 modules do not yet"), str(error)


def test_errors_that_lead_to_each_other_and_errors_without_text_are_no_problem():
    first, second = ImportError("module a.b does not support loading in subinterpreters"), ImportError()
    first.__context__, second.__context__ = second, first
    explain_import_error(second)
    assert str(second).startswith("a refuses sub-interpreters")

    class Mute(ImportError):
        def __str__(self):
            raise ZeroDivisionError

    mute = Mute()
    explain_import_error(mute)
    assert mute.args == ()


def test_the_readme_says_so_in_its_second_paragraph():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    second = " ".join(readme.split("\n\n")[2].split())
    for word in (
        "refuse",
        "NumPy",
        "pandas",
        "pydantic",
        "cryptography",
        'start(backend="threads")',
        "BOCPY_BACKEND=threads",
    ):
        assert word in second
