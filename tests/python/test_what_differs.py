"""The table "What differs" in docs/where-behaviors-run.md: what each host prints for a program about a row."""

import re
from pathlib import Path

from support import BACKEND, check_script, pytest

PAGE = (Path(__file__).parents[2] / "docs/where-behaviors-run.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("### What differs")[2].partition("Neither host")[0]
ROWS = [row.split(" | ")[0].strip("| ") for row in re.findall(r"^\| .* \|$", TABLE, re.MULTILINE)][1:]

START = """
    import os, random, sys, threading
    from bocpy import Cown, quiesce, read, wait, when
"""

# A word of the row, a program, and what it prints on worker interpreters and on threads.
PROGRAMS = {
    "into two cowns": (
        """
        one = [1]
        a, b = Cown(one), Cown(one)
        when(a)(lambda c: c.value.append(2))
        wait()
        print(b.value, one)
        """,
        "[1] [1]",
        "[1, 2] [1, 2]",
    ),
    "captured, or a global": (
        """
        names = []
        when()(lambda: names.append(1))
        wait()
        print(names)
        """,
        "[]",
        "[1]",
    ),
    "`is` and `id()`": (
        """
        one = [1]
        c = Cown(one)
        when(c)(lambda c: c.value.append(2))
        wait()
        print(c.value is one)
        """,
        "False",
        "True",
    ),
    "cannot be pickled": (
        """
        try:
            print(type(Cown(threading.Lock()).unwrap()).__name__)
        except TypeError:
            print("refused")
        """,
        "refused",
        "lock",
    ),
    "globals of modules": (
        """
        import colorsys
        colorsys.ONE_THIRD = "changed"
        third = when()(lambda: colorsys.ONE_THIRD)
        wait()
        print(third.unwrap() == "changed")
        """,
        "False",
        "True",
    ),
    "random.seed": (
        """
        random.seed(1)
        number = when()(lambda: random.random())
        wait()
        print(number.unwrap() == random.Random(1).random())
        """,
        "False",
        "True",
    ),
    "top level": (
        """
        import imported_here
        where = [when(c)(lambda c: imported_here.NUMBER) for c in [Cown(0), Cown(1)]]
        wait()
        print(all(number.unwrap() == imported_here.NUMBER for number in where))
        """,
        "False",
        "True",
    ),
    "traceback": (
        """
        @when()
        def failed():
            local = 5
            1 / 0

        quiesce()
        try:
            failed.unwrap()
        except ZeroDivisionError as error:
            trace = error.__traceback__
            while trace.tb_next:
                trace = trace.tb_next
            print(trace.tb_frame.f_locals.get("local"))
        wait()
        """,
        "None",
        "5",
    ),
    "reader changes": (
        """
        c = Cown([])
        when(read(c))(lambda c: c.value.append(1))
        wait()
        print(c.value)
        """,
        "[]",
        "[1]",
    ),
    "daemon": (
        """
        @when()
        def started():
            try:
                thread = threading.Thread(target=int, daemon=True)
                thread.start()
                thread.join()
                return "works"
            except RuntimeError:
                return "refused"
        wait()
        print(started.unwrap())
        """,
        "refused",
        "works",
    ),
    "os.fork": (
        """
        @when()
        def forked():
            try:
                child = os.fork()
            except RuntimeError:
                return "refused"
            if child == 0:
                os._exit(0)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        wait()
        print(forked.unwrap())
        """,
        "refused",
        "0",
    ),
}
# Told of elsewhere: test_refusing_libraries.py, test_coverage.py.
ELSEWHERE = ("libraries in C", "a debugger")


def test_every_row_has_a_program():
    told = [word for row in ROWS for word in (*PROGRAMS, *ELSEWHERE) if word in row]
    assert sorted(told) == sorted((*PROGRAMS, *ELSEWHERE))
    assert len(ROWS) == len(told)


@pytest.mark.parametrize("row", PROGRAMS)
def test_a_row(row):
    program, on_interpreters, on_threads = PROGRAMS[row]
    files = {"imported_here.py": "import random\nNUMBER = random.random()\n"}
    expected = on_interpreters if BACKEND == "interpreters" else on_threads
    env = {"PYTHONWARNINGS": "ignore::DeprecationWarning"}  # of a fork beside threads
    check_script(START.replace("\n    ", "\n        ") + program, expected, files=files, env=env)
