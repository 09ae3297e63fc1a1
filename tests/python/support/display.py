"""A display for tests that open windows."""

import contextlib
import os
import shutil
import subprocess
import sys

from support.inert import pytest


@contextlib.contextmanager
def some_display():
    """Gives the name of a display: the one that is there, or that of an Xvfb. Skips the test where there is neither."""
    if sys.platform != "linux":
        pytest.skip("windows are tested on Linux")
    if os.environ.get("DISPLAY"):
        yield os.environ["DISPLAY"]
        return
    if shutil.which("Xvfb") is None:
        pytest.skip("there is no display, and no Xvfb")
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        number = server.stdout.readline().strip()
        try:
            if not number:
                pytest.skip("Xvfb does not start here")
            yield f":{number}"
        finally:
            server.terminate()
