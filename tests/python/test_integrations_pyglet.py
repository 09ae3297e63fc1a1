"""Pinned behaviors in the event loop of pyglet: each test is a program, most of them without a window."""

from support import check_script, pytest

pytest.importorskip("pyglet")

START = """
import threading, time
import pyglet
pyglet.options["shadow_window"] = False
import bocpy
from bocpy import Cown, PinnedCown, pump, set_pump_notify, wait, when, whencall
from bocpy.integrations import _pumping
from bocpy.integrations.pyglet import pump_in

p = PinnedCown([])

def say(p, what):
    print(what, threading.current_thread() is threading.main_thread())

def end(p):
    pyglet.app.exit()

def later(seconds, function):
    pyglet.clock.schedule_once(lambda _: function(), seconds)
"""


def test_what_workers_have_computed():
    check_script(
        START
        + """
def work(n):
    return n * n

def shown(p, result):
    print(result.value)

results = [whencall(work, [], [n]) for n in range(5)]
for result in results:
    whencall(shown, [p, result], [])
with pump_in():
    whencall(end, [p], [])
    pyglet.app.run(interval=None)  # with no clock that would wake it
""",
        "0\n1\n4\n9\n16",
    )


def test_behaviors_that_come_later():
    check_script(
        START
        + """
pump_in()
later(0.001, lambda: whencall(say, [p], ["one"]))
later(0.02, lambda: (wait(), print("waited")))  # ends the workers
later(0.04, lambda: whencall(say, [p], ["two"]))
later(0.06, lambda: whencall(end, [p], []))
pyglet.app.run()
""",
        "one True\nwaited\ntwo True",
    )


def test_a_loop_with_nothing_to_pump_does_not_pump():
    check_script(
        START
        + """
calls = []
_pumping.pump = lambda **bounds: calls.append(bounds)
pump_in()
later(0.05, pyglet.app.exit)
pyglet.app.run()
print(calls)
""",
        "[]",
    )


def test_the_loop_goes_round_between_slices():
    """Each body takes longer than a slice, and says that there is more."""
    check_script(
        START
        + """
_pumping.SLICE_MS = 1
rounds, seen = [], []
pyglet.clock.schedule(rounds.append)

def slow(p):
    until = time.perf_counter() + 0.002
    while time.perf_counter() < until:
        pass
    seen.append(len(rounds))
    pumping._wake()

for _ in range(10):
    whencall(slow, [p], [])
whencall(end, [p], [])
pumping = pump_in()
pyglet.app.run()
print(len(seen), len(set(seen)))
""",
        "10 10",
    )


def test_keyboard_interrupt_ends_the_loop_and_loses_nothing():
    check_script(
        START
        + """
def interrupts(p):
    raise KeyboardInterrupt

whencall(interrupts, [p], [])
whencall(say, [p], ["the rest"])
whencall(end, [p], [])
pump_in()
try:
    pyglet.app.run()
except KeyboardInterrupt:
    print("stopped")
pyglet.app.run()
""",
        "stopped\nthe rest True",
    )


def test_after_close_it_is_left_to_others():
    check_script(
        START
        + """
pumping = pump_in()
result = whencall(say, [p], ["by wait"])
pumping.close()
pumping.close()
later(0.02, pyglet.app.exit)
pyglet.app.run()
print(result.done(), set_pump_notify(None))
wait()
""",
        "False None\nby wait True",
    )


def test_an_exception_stays_with_the_result():
    check_script(
        START
        + """
def fails(p):
    raise ValueError("no")

failed = whencall(fails, [p], [])
whencall(end, [p], [])
with pump_in():
    pyglet.app.run()
try:
    failed.get()
except ValueError as error:
    print(error)
""",
        "no",
    )


def test_not_in_the_main_thread():
    check_script(
        START
        + """
def other():
    try:
        pump_in()
    except RuntimeError as error:
        print(error)

thread = threading.Thread(target=other, name="other")
thread.start()
thread.join()
""",
        "pinned behaviors run on the main thread, and pyglet is in the thread 'other': run it in the main thread, or "
        "schedule behaviors over plain cowns",
    )
