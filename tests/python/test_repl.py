"""Behaviors typed at a prompt: ``python -i`` and ``code.InteractiveConsole``."""

from support import check_script, pytest, run_script

SESSION = """
from bocpy import Cown, quiesce, wait, when
c = Cown(1)
def helper(x):
    return x + 1

class Thing:
    def __init__(self, n):
        self.n = n

@when(c)
def result(c):
    c.value = helper(c.value)
    return Thing(c.value)

quiesce()
result.unwrap().n
def helper(x):
    return x * 100

for i in range(2):
    @when(c)
    def result(c):
        c.value = helper(c.value) + i
        return c.value

quiesce()
result.unwrap()
lazy = when(c)(lambda c: c.value + 1)
wait()
lazy.value
"""

ANSWERS = ["2", "20001", "20002"]


def run_session(session, flags=()):
    """Runs a session in ``python -i`` and returns its output."""
    import os
    import subprocess
    import sys

    return subprocess.run(
        [sys.executable, "-i", "-q", *flags],
        input=session,
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, "PYTHON_BASIC_REPL": "1", "PYTHONSTARTUP": ""},
    )


def test_a_session_at_the_prompt():
    done = run_session(SESSION)
    assert (done.stdout.split("\n")[:-1], done.returncode) == (ANSWERS, 0), done.stderr
    assert "Traceback" not in done.stderr


def test_a_session_without_wait_finishes_what_it_scheduled(tmp_path):
    path = tmp_path / "written"
    session = f"""
from bocpy import Cown, when
path = {str(path)!r}
@when(Cown("done"))
def _(c):
    with open(path, "w") as file:
        file.write(c.value)

exit()
"""
    done = run_session(session)
    assert done.returncode == 0, done.stderr
    assert path.read_text() == "done"


def test_an_error_in_a_behavior_does_not_end_the_session():
    session = """
from bocpy import when, wait
@when()
def result():
    return 1 / 0

wait()
type(result.value).__name__
print("still here")
"""
    done = run_session(session)
    assert done.stdout.split("\n")[:-1] == ["'ZeroDivisionError'", "still here"], done.stderr


def test_a_session_after_a_script():
    """``python -i -c``: the prompt goes on in the namespace of the program."""
    done = run_session("r = when(c)(lambda c: helper(c.value))\nquiesce()\nr.unwrap()\n",
                       ["-c", "from bocpy import *; from bocpy import Cown, when, quiesce\nc = Cown(20)\n"
                              "def helper(x): return x + 1\n"])  # fmt: skip
    assert done.stdout.split("\n")[:-1] == ["21"], done.stderr


@pytest.mark.parametrize(
    "space", ["None", "{}", "{'__name__': '__main__'}", "{'__name__': '__console__'}", "globals()"]
)
def test_an_interactive_console(space):
    source = f"""
        import code

        console = code.InteractiveConsole({space})
        for line in {SESSION.strip().splitlines()!r}:
            console.push(line)
    """
    check_script(source, "\n".join(ANSWERS))


def test_an_interactive_interpreter_inside_a_function():
    source = f"""
        import code

        def main():
            local = code.InteractiveConsole(dict(__name__="__console__"))
            for line in {SESSION.strip().splitlines()!r}:
                local.push(line)

        main()
        print("end")
    """
    check_script(source, "\n".join([*ANSWERS, "end"]))


def test_doctests_run_behaviors():
    source = '''
        """
        >>> from bocpy import Cown, quiesce, when
        >>> def helper(x):
        ...     return x + 1
        >>> @when(Cown(1))
        ... def result(c):
        ...     return helper(c.value)
        >>> quiesce()
        >>> result.unwrap()
        2
        """
        import doctest

        print(doctest.testmod())
    '''
    done = run_script(source)
    assert done.stdout.strip() == "TestResults(failed=0, attempted=5)", done.stdout + done.stderr
