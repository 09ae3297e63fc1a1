"""A table of small programs: what each prints in plain Python is what it must print with behaviors.

Each feature is the source of a module that defines ``body``. Most need nothing else: ``body()`` is called, or
scheduled, twice, and what it returned is printed. A feature may instead define ``drive(boc)``, which uses
``boc.cown(value)``, ``boc.run(body, *cowns)`` and ``boc.take(cown)``; in plain Python these make a box, call the
function, and open the box.
"""

import ast
import functools
import re
import sys
import textwrap
from dataclasses import dataclass, field

from support.scripts import run_script

WAYS = ("main", "module")

# What the programs import to run a feature, with behaviors or without.
HARNESS = '''
    """Runs features, and prints what each gave."""

    import os
    import sys

    PLAIN = os.environ["FEATURES_ARE_PLAIN"] == "1"
    if not PLAIN:
        from bocpy import Cown, quiesce, wait, when


    class Box:
        def __init__(self, value):
            self.value = value


    class Boc:
        """Behaviors, one after the other; or the same without them."""

        @staticmethod
        def cown(value):
            return Box(value) if PLAIN else Cown(value)

        @staticmethod
        def run(body, *cowns):
            if PLAIN:
                return body(*cowns)
            result = when(*cowns)(body)
            quiesce()
            return result.unwrap()

        @staticmethod
        def take(cown):
            return cown.value if PLAIN else cown.unwrap()


    def twice(boc, body):
        results = [repr(boc.run(body)) for _ in range(2)]
        return results[0] if results[0] == results[1] else " and then ".join(results)


    def feature(name, names, module=None):
        drive = names.get("drive")
        try:
            text = repr(drive(Boc)) if drive else twice(Boc, names["body"])
        except Exception as error:
            text = f"raised {type(error).__module__}.{type(error).__qualname__}: {error}"
        for used in ("drive", "body"):
            names.pop(used, None)
        if module is not None:
            text = text.replace(module, "__main__")
        print(name, text.encode("unicode_escape").decode(), sep=": ", flush=True)


    def end():
        if not PLAIN:
            wait()
'''


@dataclass(frozen=True)
class Feature:
    """One feature of the language, or one habit of programs."""

    name: str
    source: str
    # Where it is known to differ from plain Python, such as "main on threads", and why.
    known: dict = field(default_factory=dict, hash=False)
    # The first Python that has it.
    since: tuple = (3, 10)
    # Whether it needs a program of its own.
    alone: bool = False
    # Further files beside the program.
    files: dict = field(default_factory=dict, hash=False)

    @property
    def text(self):
        return textwrap.dedent(self.source).strip("\n") + "\n"

    @property
    def module(self):
        return "feature_" + re.sub(r"\W+", "_", self.name)


def groups_of(tables):
    """Splits the features that this Python has into those that share a program: each table, and each lone feature."""
    groups = {}
    for table, features in tables.items():
        for feature in features:
            if sys.version_info >= feature.since:
                groups.setdefault(feature.name if feature.alone else table, []).append(feature)
    return groups


def names_bound_by(feature):
    """The names that a feature gives to what it defines, but for imports, ``body`` and ``drive``."""
    names = set()
    for node in ast.parse(feature.text).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif not isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {
                part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
    return names - {"body", "drive"}


@functools.cache
def output_of(group, way, plain):
    """Runs the features of a group in one program. Gives what each printed, and all that the program printed.

    ``way``: whether they are the program itself ("main") or modules that it imports ("module").
    """
    files = {"harness.py": HARNESS}
    lines = []
    for feature in group:
        files.update(feature.files)
        if way == "main":
            lines += [feature.text, f"import harness; harness.feature({feature.name!r}, globals())\n"]
        else:
            files[f"{feature.module}.py"] = feature.text
            arguments = f"{feature.name!r}, vars({feature.module}), {feature.module!r}"
            lines += [f"import harness, {feature.module}; harness.feature({arguments})\n"]
    lines += ["harness.end()\n"]
    env = {"FEATURES_ARE_PLAIN": "1" if plain else "0", "BOCPY_WORKERS": "1"}
    done = run_script("".join(lines), files=files, env=env)
    told = f"-- status {done.returncode}\n-- stdout\n{done.stdout}\n-- stderr\n{done.stderr}"
    printed = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    return printed, (done.returncode, done.stderr), told
