"""The examples of a module, run by doctest: their globals are a copy of the module's, under its name."""

from support import check_script, pytest, run_script

MODULE = '''
    """A module with examples.

    >>> from bocpy import Cown, wait, when
    >>> def helper(x):
    ...     return twice(x) + 1
    >>> class Point:
    ...     def __init__(self, x):
    ...         self.x = x
    ...     def __repr__(self):
    ...         return f"Point({self.x})"
    >>> c = Cown(1)
    >>> @when(c)
    ... def result(c):
    ...     c.value += helper(3)
    ...     return Point(c.value), Thing(2)
    >>> wait()
    >>> result.unwrap()
    (Point(8), Thing(2))
    >>> added = when(c)(add)
    >>> wait()
    >>> c.unwrap()
    9
    """


    class Thing:
        """A class with examples.

        >>> from bocpy import wait, when
        >>> thing = when()(lambda: Thing(5))
        >>> wait()
        >>> thing = thing.unwrap()
        >>> thing, isinstance(thing, Thing)
        (Thing(5), True)
        """

        def __init__(self, n):
            self.n = n

        def __repr__(self):
            return f"Thing({self.n})"


    def twice(x):
        return 2 * x


    def add(c):
        """A function with examples.

        >>> from bocpy import *
        >>> begin = 5
        >>> c = Cown(begin)
        >>> added = when(c)(add)
        >>> def inner(c):
        ...     def more(c):
        ...         c.value += twice(begin)
        ...     when(c)(more)
        >>> scheduled = whencall(inner, [c]); wait()
        >>> c.unwrap()
        16
        """
        c.value += 1


    if __name__ == "__main__":
        import doctest

        print(doctest.testmod())
    '''


def test_of_the_program_itself():
    check_script(MODULE, "TestResults(failed=0, attempted=22)")


def test_of_a_module_that_the_program_imports():
    program = """
        import doctest
        import module_with_examples
        print(doctest.testmod(module_with_examples))
        """
    check_script(program, "TestResults(failed=0, attempted=22)", files={"module_with_examples.py": MODULE})


@pytest.mark.parametrize("command", [("doctest",), ("pytest", "-q", "--doctest-modules", "-p", "no:cacheprovider")])
def test_from_the_command_line(command):
    program = f"""
        import subprocess, sys
        from pathlib import Path
        path = Path(__file__).with_name("module_with_examples.py")
        sys.exit(subprocess.run([sys.executable, "-m", *{command!r}, str(path)], cwd=path.parent).returncode)
        """
    done = run_script(program, files={"module_with_examples.py": MODULE})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed" not in done.stdout


def test_the_copy_and_the_module_are_two_things():
    """Globals of the same name do not get into each other's way."""
    program = """
        import pair
        from bocpy import wait, when

        copy = dict(vars(pair))
        exec("WORD = 'copy'\\ndef look(): return WORD, other()\\ndef other(): return 'other copy'", copy)
        results = [when()(look) for look in (pair.look, copy["look"], pair.look, copy["look"])]
        wait()
        for result in results:
            print(*result.unwrap())
        """
    pair = """
        WORD = "module"
        def look():
            return WORD, other()
        def other():
            return "other"
        """
    check_script(program, "module other\ncopy other copy\n" * 2, files={"pair.py": pair})
