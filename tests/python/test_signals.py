"""Ctrl-C and other signals while main waits."""

import os
import signal
import sys

from support import pytest, start_script
from support.scripts import finish

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

# A behavior stays in os.read until main writes; main says that it is about to wait.
BLOCKED = """
    import os, signal, sys
    import bocpy
    from bocpy import Cown, quiesce, start, wait, when

    start(2)
    reading, writing = os.pipe()
    c = Cown(0)

    @when(c)
    def result(c):
        os.read(reading, 1)
        c.value += 1
        return "went on"

    def say(text):
        print(text, flush=True)
"""


def run_with_signals(source, folder, *signals, how="file"):
    """Runs a program and sends it one of the signals for each line "waiting" that it prints."""
    process = start_script(BLOCKED + source, how=how, folder=folder)
    if process.feed is not None:
        process.stdin.write(process.feed)
        process.stdin.close()
        process.stdin = None
    lines = []
    for number in signals:
        while line := process.stdout.readline():
            lines.append(line)
            if line == "waiting\n":
                break
        os.kill(process.pid, number)
    done = finish(process)
    return "".join(lines) + done.stdout, done.stderr, done.returncode


@pytest.mark.parametrize("ends", ["wait()", "quiesce()", "wait(60)", "quiesce(60)"])
@pytest.mark.parametrize("how", ["file", "-c", "stdin"])
def test_ctrl_c_raises_keyboard_interrupt_in_main_and_wait_works_again(ends, how, tmp_path):
    source = f"""
    try:
        say("waiting")
        {ends}
    except KeyboardInterrupt:
        say("interrupted")
    os.write(writing, b".")
    wait()
    print(result.unwrap(), c.value)
    """
    assert run_with_signals(source, tmp_path, signal.SIGINT, how=how) == ("waiting\ninterrupted\nwent on 1\n", "", 0)


def test_ctrl_c_twice(tmp_path):
    source = """
    for _ in range(2):
        try:
            say("waiting")
            wait()
        except KeyboardInterrupt:
            say("interrupted")
    os.write(writing, b".")
    quiesce()
    print(result.unwrap())
    """
    stdout, stderr, status = run_with_signals(source, tmp_path, signal.SIGINT, signal.SIGINT)
    assert (stdout, stderr, status) == ("waiting\ninterrupted\nwaiting\ninterrupted\nwent on\n", "", 0)


def test_after_ctrl_c_more_can_be_scheduled(tmp_path):
    source = """
    try:
        say("waiting")
        wait()
    except KeyboardInterrupt:
        pass
    more = when(c)(lambda c: c.value * 10)
    free = when()(lambda: "free")
    os.write(writing, b".")
    wait()
    print(result.unwrap(), more.unwrap(), free.unwrap())
    """
    assert run_with_signals(source, tmp_path, signal.SIGINT) == ("waiting\nwent on 10 free\n", "", 0)


def test_ctrl_c_that_nobody_catches_ends_the_program(tmp_path):
    """The behavior goes on while the exception propagates; the program then finishes its work and dies of SIGINT."""
    source = """
    try:
        say("waiting")
        wait()
    finally:
        os.write(writing, b".")
    """
    stdout, stderr, status = run_with_signals(source, tmp_path, signal.SIGINT)
    assert stdout == "waiting\n"
    assert stderr.count("KeyboardInterrupt") == 1
    assert status == -signal.SIGINT


def test_a_handler_runs_during_wait_which_then_goes_on(tmp_path):
    source = """
    def handler(number, frame):
        say("handled")
        os.write(writing, b".")

    signal.signal(signal.SIGUSR1, handler)
    say("waiting")
    wait()
    print(result.unwrap())
    """
    stdout, stderr, status = run_with_signals(source, tmp_path, signal.SIGUSR1)
    assert (stdout, stderr, status) == ("waiting\nhandled\nwent on\n", "", 0)


def test_an_exception_of_a_handler_comes_out_of_wait(tmp_path):
    source = """
    class Stop(Exception):
        pass

    def handler(number, frame):
        raise Stop("by a handler")

    signal.signal(signal.SIGUSR1, handler)
    try:
        say("waiting")
        wait()
    except Stop as error:
        say(error)
    os.write(writing, b".")
    wait()
    print(result.unwrap())
    """
    stdout, stderr, status = run_with_signals(source, tmp_path, signal.SIGUSR1)
    assert (stdout, stderr, status) == ("waiting\nby a handler\nwent on\n", "", 0)


def test_a_handler_may_schedule_during_wait(tmp_path):
    source = """
    d = Cown([])

    def handler(number, frame):
        when(d)(lambda d: d.value.append("scheduled by a handler"))
        os.write(writing, b".")

    signal.signal(signal.SIGUSR1, handler)
    say("waiting")
    wait()
    print(d.value)
    """
    stdout, stderr, status = run_with_signals(source, tmp_path, signal.SIGUSR1)
    assert (stdout, stderr, status) == ("waiting\n['scheduled by a handler']\n", "", 0)


def test_ctrl_c_while_a_body_computes(tmp_path):
    """Python code that runs on a worker is not interrupted; main is."""
    source = """
    busy = Cown(0)
    here, say_here = os.pipe()
    stop = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stop")

    @when(busy)
    def computed(busy):
        os.write(say_here, b".")
        while True:
            busy.value += 1
            if os.path.exists(stop):
                return busy.value > 0

    os.read(here, 1)
    try:
        say("waiting")
        wait()
    except KeyboardInterrupt:
        say("interrupted")
    open(stop, "w").close()
    os.write(writing, b".")
    wait()
    print(computed.unwrap(), result.unwrap())
    """
    stdout, stderr, status = run_with_signals(source, tmp_path, signal.SIGINT)
    assert (stdout, stderr, status) == ("waiting\ninterrupted\nTrue went on\n", "", 0)


def test_a_signal_while_main_waits_in_a_thread(tmp_path):
    source = """
    import threading
    waited = threading.Event()
    threading.Thread(target=lambda: (wait(), waited.set())).start()
    try:
        say("waiting")
        # Python does not notice a signal that comes just before it blocks in a lock for good.
        while not waited.wait(0.05):
            pass
    except KeyboardInterrupt:
        say("interrupted")
    os.write(writing, b".")
    waited.wait()
    print(result.unwrap())
    """
    stdout, stderr, status = run_with_signals(source, tmp_path, signal.SIGINT)
    assert (stdout, stderr, status) == ("waiting\ninterrupted\nwent on\n", "", 0)


def test_the_default_handler_is_left_alone(tmp_path):
    source = """
    print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
    os.write(writing, b".")
    wait()
    """
    assert run_with_signals(source, tmp_path) == ("True\n", "", 0)
