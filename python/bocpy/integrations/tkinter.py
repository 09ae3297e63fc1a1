"""Pinned behaviors in Tk:

    from bocpy.integrations.tkinter import pump_in

    root = tkinter.Tk()
    pump_in(root)
    ...
    root.mainloop()

On Unix, a pinned behavior that has become ready wakes Tk through a socket that it watches; nothing polls. On Windows,
Tk watches none, and looks for them a hundred times a second. After 5 ms of pinned behaviors, the window is drawn again
and sees to its other events.
"""

from __future__ import annotations

import socket
import tkinter

from ._pumping import SLICE_MS, Pumping, Woken, need_main_thread, pump_for

__all__ = ["pump_in"]

# Where Tk has to look by itself.
POLL_MS = 10


def pump_in(root: tkinter.Misc) -> Pumping:
    """Have Tk run pinned behaviors: until the window `root` is destroyed, or until `close()` of what this returns.

    Exceptions of bodies are kept for their results; what is no `Exception`, such as `KeyboardInterrupt`, ends
    `mainloop()` on Unix, and is reported by Tk on Windows. Raises `RuntimeError` if this is not the main thread.
    """
    need_main_thread("Tk")
    pumping = _InTk(root) if _watches(root) else _Polling(root)

    def end(event: tkinter.Event[tkinter.Misc]) -> None:
        # Its children send this event to the window, too.
        if event.widget is root:
            pumping.close()

    root.bind("<Destroy>", end, add="+")
    return pumping


def _watches(root: tkinter.Misc) -> bool:
    # Not on Windows.
    return hasattr(root.tk, "createfilehandler")


class _InTk(Woken):
    def __init__(self, root: tkinter.Misc) -> None:
        self._root = root
        self._reading, self._writing = socket.socketpair()
        self._reading.setblocking(False)
        self._writing.setblocking(False)
        root.tk.createfilehandler(self._reading, tkinter.READABLE, self._woken)
        super().__init__()

    def close(self) -> None:
        super().close()
        if self._reading.fileno() >= 0:
            self._root.tk.deletefilehandler(self._reading)
            self._reading.close()
            self._writing.close()

    def _wake(self) -> None:
        try:
            self._writing.send(b"\0")
        except BlockingIOError:
            pass  # it is full of what Tk has not read yet

    def _woken(self, *_: object) -> None:
        try:
            self._reading.recv(4096)
        except BlockingIOError:
            pass
        self._pump()
        if self._reading.fileno() >= 0:
            # Tk draws when it has nothing else to do, and there may be more to pump.
            self._root.update_idletasks()


class _Polling(Pumping):
    def __init__(self, root: tkinter.Misc) -> None:
        self._root = root
        self._is_open = True
        self._next = root.after(0, self._look)

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._root.after_cancel(self._next)

    def _look(self) -> None:
        try:
            pump_for(SLICE_MS)
        finally:
            if self._is_open:  # a body can close it
                self._root.update_idletasks()  # as above: the next timer may be due already
            if self._is_open:
                self._next = self._root.after(POLL_MS, self._look)
