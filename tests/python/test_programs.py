"""Programs as users write them, all in one file: they print the same as if behaviors were plain calls."""

import os
import subprocess
import sys
from pathlib import Path

from support import BACKEND, pytest

FOLDER = Path(__file__).parent / "programs"

# What worker interpreters do differently, as docs/what-travels.md says.
DIFFERS = {"closures": "what a class leaves out in its own __reduce__ does not travel"}

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="they use newer parts of the language")


def printed(program, **env):
    done = subprocess.run(
        [sys.executable, str(FOLDER / f"{program}.py")],
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONHASHSEED": "0", "COLUMNS": "80", **env},
    )
    return f"status {done.returncode}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("program", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_a_program_prints_what_it_prints_with_plain_calls(program, request):
    if BACKEND == "interpreters" and program in DIFFERS:
        request.applymarker(pytest.mark.xfail(reason=DIFFERS[program], strict=True))
    plain = printed(program, PYTHONPATH=str(FOLDER / "plain"))
    assert plain.startswith("status 0\n"), plain
    assert printed(program, BOCPY_WORKERS="2") == plain
