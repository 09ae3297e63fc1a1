"""On which thread something runs."""

import os
import sys
import threading

__all__ = ["on_main"]


def on_main():
    """Tells whether this is the main thread of the process.

    `threading.main_thread` does not know that on a worker of Python 3.12: there it is the one that has imported
    `threading` first.
    """
    if sys.platform == "linux":
        return threading.get_native_id() == os.getpid()
    return threading.current_thread() is threading.main_thread()
