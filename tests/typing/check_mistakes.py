"""Tells whether mypy and pyright, in their strictest mode, object to exactly the lines of `mistakes.py` that are marked
with `# error`. Run by `scripts/check_stubs`, with a Python that has them both.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

MISTAKES = Path(__file__).with_name("mistakes.py")

# To find out whether wrong marks would be noticed.
WRONGLY_MARKED = """# pyright: strict
from bocpy import Cown
cown = Cown(1)
cown.value = 2  # error
cown.value = "text"
"""
MARKED_BUT_RIGHT, WRONG_BUT_UNMARKED = {4}, {5}


def output_of(*command):
    """What a checker writes. It ends with 1 if it has found errors, and with another number if it could not look."""
    done = subprocess.run([sys.executable, "-m", *map(str, command)], stdout=subprocess.PIPE, text=True)
    if done.returncode != 1:
        sys.exit(f"{command[0]} ended with {done.returncode}, although there are errors to be found:\n{done.stdout}")
    return done.stdout


def of_mypy(files):
    # It tells of deprecated functions, such as `when` for an `async def`, only if asked.
    options = ["--strict", "--config-file=", "--no-incremental", "--enable-error-code=deprecated", "--output=json"]
    for line in output_of("mypy", *options, *files).splitlines():
        found = json.loads(line)
        if found["severity"] == "error":
            yield Path(found["file"]), found["line"], found["message"]


def of_pyright(files):
    output = output_of("pyright", "--pythonpath", sys.executable, "--outputjson", *files)
    for found in json.loads(output)["generalDiagnostics"]:
        yield Path(found["file"]), found["range"]["start"]["line"] + 1, found["message"]


def marked(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith("# error")}


def differences(file, found):
    """The lines of a file that are marked but found to be right, and those that are wrong but not marked, with what is
    wrong.
    """
    wrong = {line: message for other, line, message in found if other.resolve() == file.resolve()}
    expected = marked(file)
    return expected - set(wrong), {line: wrong[line] for line in set(wrong) - expected}


def main():
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        control = Path(folder, "wrongly_marked.py")
        control.write_text(WRONGLY_MARKED, encoding="utf-8")
        for checker in (of_mypy, of_pyright):
            name = checker.__name__.removeprefix("of_")
            found = list(checker([MISTAKES, control]))
            right, wrong = differences(control, found)
            if right != MARKED_BUT_RIGHT or set(wrong) != WRONG_BUT_UNMARKED:
                sys.exit(f"{name} has not been asked as it should: of wrong marks it reports {right} and {wrong}")
            right, wrong = differences(MISTAKES, found)
            for line in sorted(right):
                print(f"{MISTAKES}:{line}: {name} finds no error here")
            for line in sorted(wrong):
                print(f"{MISTAKES}:{line}: {name} finds an error that is not marked: {wrong[line]}")
            failed = failed or bool(right or wrong)
            print(f"{name} objects to {len(marked(MISTAKES)) - len(right)} of {len(marked(MISTAKES))} marked lines")
    sys.exit(failed)


if __name__ == "__main__":
    main()
