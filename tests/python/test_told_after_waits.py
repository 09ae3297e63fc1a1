"""`set_pump_notify`: what becomes ready just as a wait of the main thread ends is told of, too."""

import threading

from bocpy import Cown, PinnedCown, pump, quiesce, set_pump_notify, whencall


def count(p):
    p.value += 1


def schedule(c, p):
    return whencall(count, [p], [])


def test_what_becomes_ready_as_a_wait_ends():
    told = threading.Event()
    set_pump_notify(told.set)
    try:
        p, c = PinnedCown(0), Cown(0)
        for number in range(500):
            counted = whencall(schedule, [c], [p]).get()
            if not counted.done():
                assert told.wait(20), f"nobody was told, in round {number}"
            pump()
            told.clear()
        assert p.value == 500
    finally:
        set_pump_notify(None)
    quiesce()
