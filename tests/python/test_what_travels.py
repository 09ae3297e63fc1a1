"""The table of docs/what-travels.md: each of its examples travels as the table says."""

import re
import sys
import textwrap
from pathlib import Path

from support import BACKEND, pytest, run_script

PAGE = (Path(__file__).parents[2] / "docs/what-travels.md").read_text(encoding="utf-8")
PRELUDE = re.search(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1]
ROW = re.compile(r"^\| (?P<what>[^|]+) \| `(?P<example>[^`]+)` \| (?P<how>.+) \| (?P<after>[a-z ]+) \|$", re.MULTILINE)
ROWS = [
    pytest.param(match["example"], match["how"], match["after"], id=match["example"]) for match in ROW.finditer(PAGE)
]

# Goes to a worker and back. It is in no global of the program, if the table does not say so.
PROGRAM = """
    from bocpy import quiesce, when

    def travel(value):
        try:
            c = Cown(value)
        except TypeError as error:
            return f"refused: {{error}}"
        when(c)(lambda c: c.value and None)
        quiesce()
        back = c.unwrap()
        assert type(back) is type(value)
        return "the same object" if back is value else "equal" if back == value else "a copy"

    print(travel({example}))
"""


def test_all_rows_are_read():
    """But for those without an example."""
    table = re.findall(r"^\| .* \|$", PAGE, re.MULTILINE)
    assert len(ROWS) == len(table) - 1 - 4
    assert {row.values[2] for row in ROWS} == {"the same object", "equal", "a copy", "refused"}


@pytest.mark.parametrize(("example", "how", "after"), ROWS)
def test_a_row_of_the_table(example, how, after):
    before = re.search(r"copied before 3\.(\d+)", PAGE.partition(f"`{example}`")[0].splitlines()[-1])
    if before and sys.version_info < (3, int(before[1])):
        pytest.skip("another row of the table holds on this Python")
    done = run_script(PRELUDE + textwrap.dedent(PROGRAM).format(example=example))
    told = done.stdout + done.stderr
    outcome = done.stdout.strip()
    if after == "equal" and outcome == "the same object":
        # Nobody has to care, if it cannot be changed; on threads it is so in any case.
        assert BACKEND == "threads" or not example.startswith(("{", "bytearray", "Point")), told
    elif BACKEND == "threads":
        assert outcome == ("equal" if example == "1.5" else "the same object"), told
    elif after == "refused":
        assert outcome.startswith("refused: "), told
        words = re.search("`([^`]+)`", how)
        assert words is None or words[1] in outcome, told
    else:
        assert outcome == after, told
