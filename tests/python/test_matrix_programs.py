"""Programs with matrices as users write them: they compare with plain Python, and print what is expected."""

import os
import subprocess
import sys
from pathlib import Path

from support import pytest

FOLDER = Path(__file__).parent / "programs" / "matrices"


@pytest.mark.parametrize("program", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_a_program_prints_what_is_expected(program):
    done = subprocess.run(
        [sys.executable, str(FOLDER / f"{program}.py")],
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "BOCPY_WORKERS": "2"},
    )
    expected = (FOLDER / "expected" / f"{program}.txt").read_text(encoding="utf-8")
    told = "\n".join(
        line for line in done.stderr.splitlines() if "RuntimeWarning: Unexpected value in sys." not in line
    )
    assert (done.stdout, done.returncode, told) == (expected, 0, "")
