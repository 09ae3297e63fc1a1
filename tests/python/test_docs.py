"""The programs in the guides: each runs, and prints what the comments beside its `print` calls say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import BACKEND

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
    if "bocpy.profiling" in program and BACKEND == "interpreters" and sys.version_info < (3, 13):
        pytest.skip("there is no cProfile in sub-interpreters")
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, env=dict(os.environ)
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == PRINTED.findall(program)


# Relative links of all pages, with the anchor of a heading, if there is one. Not those of other pages on the net.
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)")
ALL = sorted(
    page.relative_to(ROOT).as_posix()
    for folder, pattern in ((ROOT, "*.md"), (ROOT / "docs", "**/*.md"), (ROOT / "benchmarks", "*.md"))
    for page in folder.glob(pattern)
)


def text_of(page):
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page):
    """The headings of a page, as they are in links."""
    for heading in re.findall(r"^#+ (.*)$", text_of(page), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()).replace(" ", "-")


def links(page):
    """The pages and files that a page links to, each with the anchor in it or an empty text."""
    for target, anchor in LINK.findall(text_of(page)):
        there = ((ROOT / page).parent / target).resolve() if target else ROOT / page
        yield there, anchor


@pytest.mark.parametrize("page", ALL)
def test_the_links_of_a_page_lead_somewhere(page):
    for there, anchor in links(page):
        assert there.exists(), f"{page} links to {there}"
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there.relative_to(ROOT)), f"{page} links to #{anchor} in {there.name}"


def test_all_pages_can_be_found():
    """From the README or the contents of docs; the decisions from contents of their own."""
    found = {there for page in ("README.md", "docs/README.md", "docs/decisions/README.md") for there, _ in links(page)}
    # The results of the benchmarks are told of by their own guide.
    lost = [page for page in ALL if ROOT / page not in found and page not in ("README.md", "benchmarks/RESULTS.md")]
    assert lost == []


def test_the_contents_tell_of_all_guides():
    found = {there for there, _ in links("docs/README.md")}
    assert {ROOT / page for page in PAGES} <= found | {ROOT / "docs/README.md"}
