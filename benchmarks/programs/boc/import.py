"""Import bocpy in a fresh process, before anything else that a program might have imported."""

import sys
from time import perf_counter


def main():
    before = len(sys.modules)
    began = perf_counter()
    import bocpy  # noqa: F401

    seconds = perf_counter() - began
    modules = len(sys.modules) - before

    import json

    details = {"modules imported": modules, "ms by -X importtime": importtime()}
    print(json.dumps({"figure": 1e3 * seconds, "details": details}))


def importtime():
    """Milliseconds that `-X importtime` reports for bocpy with all that it imports, in another fresh process."""
    import subprocess

    command = [sys.executable, "-I", "-X", "importtime", "-c", "import bocpy"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stderr.splitlines()
    columns = [line.split("|") for line in lines]
    return next(int(total) / 1e3 for _, total, name in columns if name.strip() == "bocpy")


if __name__ == "__main__":
    main()
