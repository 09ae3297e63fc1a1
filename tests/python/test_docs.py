"""The programs in the guides: each runs, and prints what the comments beside its `print` calls say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PRINTED = re.compile(r"^ *print\(.*\)  +# (.+)$", re.MULTILINE)


def programs():
    """Blocks that import from bocpy are whole programs; others are parts of one."""
    for page in PAGES:
        for number, block in enumerate(BLOCK.findall((ROOT / page).read_text(encoding="utf-8")), 1):
            if re.search(r"^(from|import) bocpy", block, re.MULTILINE) and PRINTED.search(block):
                yield pytest.param(block, id=f"{page}-{number}")


@pytest.mark.parametrize("program", list(programs()))
def test_a_program_prints_what_its_comments_say(program, tmp_path):
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, env=dict(os.environ)
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == PRINTED.findall(program)
