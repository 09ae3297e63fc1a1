"""Pinned behaviors in Tk: each test is a program with a window."""

from support import check_script, pytest, run_script
from support.display import some_display

pytest.importorskip("tkinter")

START = """
import time, tkinter
import bocpy.integrations.tkinter as integration
from bocpy import Cown, PinnedCown, pump, quiesce, set_pump_notify, wait, when, whencall
from bocpy.integrations import _pumping

root = tkinter.Tk()
label = PinnedCown(tkinter.Label(root, text="nothing"))
label.value.pack()
root.update()  # or Tk complains if it ends at once

def show(label, text):
    label.value["text"] = text
    print(label.value["text"])

def end(label):
    root.destroy()
"""

WAYS = {"woken": "", "polling": "integration._watches = lambda root: False\n"}


@pytest.fixture(scope="module")
def display():
    with some_display() as name:
        yield {"DISPLAY": name}


@pytest.fixture(params=list(WAYS))
def start(request):
    """The first lines of a program: where Tk watches a socket, and where it cannot."""
    return START + WAYS[request.param]


def test_a_window_shows_what_workers_have_computed(display, start):
    check_script(
        start
        + """
def work(n):
    return n * n

results = [whencall(work, [], [n]) for n in range(5)]

def shown(label, result):
    show(label, result.value)

for result in results:
    whencall(shown, [label, result], [])
integration.pump_in(root)
whencall(end, [label], [])
root.mainloop()
wait()
""",
        "0\n1\n4\n9\n16",
        env=display,
    )


def test_behaviors_that_come_later(display, start):
    check_script(
        start
        + """
integration.pump_in(root)
root.after(1, lambda: whencall(show, [label], ["one"]))
root.after(20, lambda: whencall(show, [label], ["two"]))
root.after(40, lambda: (wait(), print("waited")))  # ends the workers
root.after(60, lambda: whencall(show, [label], ["three"]))
root.after(80, lambda: whencall(end, [label], []))
root.mainloop()
""",
        "one\ntwo\nwaited\nthree",
        env=display,
    )


def test_the_end_of_the_window_ends_it(display, start):
    """What comes after that is run by `wait`, and by the next window."""
    check_script(
        start
        + """
integration.pump_in(root)
root.after(1, root.destroy)
root.mainloop()
print(_pumping._open, set_pump_notify(None))

def say(label, what):
    print(what)

whencall(say, [label], ["by wait"])
wait()
root = tkinter.Tk()
root.update()
with integration.pump_in(root):
    whencall(say, [label], ["by a window"])
    whencall(lambda _: root.quit(), [label], [])
    root.mainloop()
root.destroy()
""",
        "[] None\nby wait\nby a window",
        env=display,
    )


def test_the_end_of_another_widget_does_not(display, start):
    check_script(
        start
        + """
integration.pump_in(root)
child = tkinter.Frame(root)
child.destroy()
root.update()
whencall(show, [label], ["still"])
whencall(end, [label], [])
root.mainloop()
""",
        "still",
        env=display,
    )


def test_the_window_is_drawn_between_slices(display, start):
    """Tk draws when it is idle. Here it never is: each body takes longer than a slice, and says that there is more."""
    check_script(
        start
        + """
_pumping.SLICE_MS = integration.SLICE_MS = 1
pumping = integration.pump_in(root)
bodies, late, turns = [], [], []

def slow(label):
    until = time.perf_counter() + 0.002
    while time.perf_counter() < until:
        pass
    bodies.append(1)
    number = len(bodies)
    root.after_idle(lambda: late.append(len(bodies) - number))
    if hasattr(pumping, "_wake"):
        pumping._wake()

root.after(30, lambda: turns.append(len(bodies)))
for _ in range(50):
    whencall(slow, [label], [])
whencall(end, [label], [])
root.mainloop()
print(len(bodies), set(late), len(turns) and turns[0] < 50)
""",
        "50 {0} True",
        env=display,
    )


def test_a_body_that_lets_the_window_work(display, start):
    """`update` within a pinned behavior: what else is ready comes after it."""
    check_script(
        start
        + """
integration.pump_in(root)

def updates(label):
    whencall(show, [label], ["after"])
    time.sleep(0.02)
    root.update()
    print("updated")

whencall(updates, [label], [])
whencall(end, [label], [])
root.mainloop()
wait()
""",
        "updated",
        env=display,
        reports=1,  # the window is gone
    )


def test_an_exception_stays_with_the_result(display, start):
    check_script(
        start
        + """
integration.pump_in(root)

def fails(label):
    raise ValueError("no")

failed = whencall(fails, [label], [])
whencall(show, [label], ["on"])
whencall(end, [label], [])
root.mainloop()
try:
    failed.get()
except ValueError as error:
    print(error)
""",
        "on\nno",
        env=display,
    )


def test_keyboard_interrupt_ends_the_main_loop(display):
    check_script(
        START
        + """
integration.pump_in(root)

def interrupts(label):
    raise KeyboardInterrupt

stopped = whencall(interrupts, [label], [])
whencall(show, [label], ["the rest"])
try:
    root.mainloop()
except KeyboardInterrupt:
    print("stopped", stopped.done())
whencall(end, [label], [])
root.mainloop()
""",
        "stopped True\nthe rest",
        env=display,
    )


def test_tk_reports_a_keyboard_interrupt_where_it_polls(display):
    done = run_script(
        START
        + WAYS["polling"]
        + """
integration.pump_in(root)

def interrupts(label):
    raise KeyboardInterrupt("this")

whencall(interrupts, [label], [])
whencall(show, [label], ["the rest"])
whencall(end, [label], [])
root.mainloop()
""",
        env=display,
    )
    assert (done.stdout, done.returncode) == ("the rest\n", 0)
    assert "KeyboardInterrupt: this" in done.stderr


def test_nothing_polls_where_tk_is_woken(display):
    check_script(
        START
        + """
calls = []
_pumping.pump = lambda **bounds: calls.append(bounds)
integration.pump_in(root)
root.after(50, root.destroy)
root.mainloop()
print(calls)
""",
        "[]",
        env=display,
    )


def test_nested_loops(display):
    """asyncio in a callback of Tk: its loop pumps meanwhile, then the window again."""
    check_script(
        START
        + """
import asyncio
from bocpy.integrations.asyncio import pump_in

async def main():
    with pump_in():
        await whencall(show, [label], ["in asyncio"])
    whencall(show, [label], ["in Tk"])

integration.pump_in(root)
root.after(1, lambda: asyncio.run(main()))
root.after(50, lambda: whencall(end, [label], []))
root.mainloop()
""",
        "in asyncio\nin Tk",
        env=display,
    )


def test_not_in_the_main_thread(display):
    check_script(
        START
        + """
import threading

def other():
    try:
        integration.pump_in(root)
    except RuntimeError as error:
        print(error)

thread = threading.Thread(target=other, name="other")
thread.start()
thread.join()
""",
        "pinned behaviors run on the main thread, and Tk is in the thread 'other': run it in the main thread, or "
        "schedule behaviors over plain cowns",
        env=display,
    )
