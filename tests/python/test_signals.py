"""Ctrl-C and other signals while main waits."""

import os
import re
import signal
import sys

from support import check_script, pytest, start_script
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


FIRST = """
    import signal, sys
    from bocpy import Cown, start, wait, when

    class Thing:
        pass

    def handle(*_):
        global is_handling
        is_handling = True
        try:
            results.append(when(Cown({value}))(lambda c: 1))
        except Exception as error:
            text = str(error)
            assert "bocpy._by_value" in text and "schedule a first such behavior before" in text, text
        is_handling = False

    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if not is_handling and not name.startswith("bocpy"):  # in the midst of importing one of its modules
                signal.raise_signal(signal.SIGUSR1)

    start(1)
    is_handling = False
    results = []
    signal.signal(signal.SIGUSR1, handle)
    sys.meta_path.insert(0, Finder)
    first = when(Cown(Thing()))(lambda c: 3)
    sys.meta_path.remove(Finder)
    handle()
    wait()
    print(first.unwrap(), {{result.unwrap() for result in results}})
"""


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="POSIX")
@pytest.mark.parametrize("value", ["1", "Thing()"])
def test_a_handler_schedules_while_the_first_behavior_is_scheduled(value):
    """Parts of the package are imported only when they are needed."""
    check_script(FIRST.format(value=value), "3 {1}")


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


# At the end of a program: the first Ctrl-C drops what has not begun, the second ends it at once.

BEHIND = """
    behind = [when(c)(lambda c: say("ran")) for _ in range(5)]
"""
LET_GO_LATER = """
    import threading

    def let_go():
        # When something new is dropped, Ctrl-C has been seen.
        while True:
            probe = when()(lambda: None)
            while not probe.done():
                pass
            try:
                probe.get()
            except bocpy.CancelledError:
                break
        os.write(writing, b".")

    threading.Thread(target=let_go, daemon=True).start()
"""


# CPython before 3.14 forgets that it was interrupted when more code is run.
INTERRUPTED = (-signal.SIGINT, 1)[: 1 if sys.version_info >= (3, 14) else 2]

# The program says it when it waits at its end, and again when it has dropped what has not begun.
AT_EXIT = """
    def say_and_wait(**options):
        say("waiting")
        wait(**options)

    bocpy._core.wait = say_and_wait
"""


def test_ctrl_c_at_the_end_drops_what_has_not_begun(tmp_path):
    source = BEHIND + LET_GO_LATER + AT_EXIT
    stdout, stderr, status = run_with_signals(source, tmp_path, signal.SIGINT)
    assert stdout == "waiting\nwaiting\n"
    assert re.fullmatch(
        r"bocpy: \d+ behaviors were left: those that have not begun are dropped. "
        r"Press Ctrl-C again to end the program at once\n",
        stderr,
    )
    assert status == 130


def test_ctrl_c_twice_at_the_end_ends_the_program_at_once(tmp_path):
    """Though a behavior runs."""
    source = BEHIND + AT_EXIT
    stdout, stderr, status = run_with_signals(source, tmp_path, signal.SIGINT, signal.SIGINT)
    assert stdout == "waiting\nwaiting\n"
    assert stderr.count("6 behaviors were left") == 1
    assert status == 130


def test_after_ctrl_c_the_program_says_what_is_left_and_runs_it(tmp_path):
    source = (
        BEHIND
        + """
    def let_go_and_wait(**options):
        os.write(writing, b".")
        wait(**options)

    bocpy._core.wait = let_go_and_wait
    say("waiting")
    wait()
    """
    )
    stdout, stderr, status = run_with_signals(source, tmp_path, signal.SIGINT)
    assert stdout == "waiting\n" + "ran\n" * 5
    assert stderr.count("KeyboardInterrupt") == 1
    assert re.search(
        r"^bocpy: \d behaviors? are run before the program ends. Press Ctrl-C to drop those that have not begun$",
        stderr,
        re.M,
    )
    assert status in INTERRUPTED


def test_after_ctrl_c_a_second_one_drops_what_has_not_begun(tmp_path):
    source = (
        BEHIND
        + LET_GO_LATER
        + AT_EXIT
        + """
    say("waiting")
    wait()
    """
    )
    stdout, stderr, status = run_with_signals(source, tmp_path, signal.SIGINT, signal.SIGINT)
    assert stdout == "waiting\nwaiting\nwaiting\n"
    assert "Press Ctrl-C to drop those that have not begun" in stderr
    assert "are dropped. Press Ctrl-C again" in stderr
    assert status in INTERRUPTED


def test_a_program_that_is_done_says_nothing_after_ctrl_c(tmp_path):
    source = """
    os.write(writing, b".")
    wait()
    import time
    say("waiting")
    while True:
        time.sleep(0.01)
    """
    stdout, stderr, status = run_with_signals(source, tmp_path, signal.SIGINT)
    assert "bocpy:" not in stderr
    assert status == -signal.SIGINT


# In scopes.


def test_ctrl_c_at_the_end_of_a_scope_drops_what_has_not_begun(tmp_path):
    """Or, if it comes a moment too early, in its block."""
    source = """
    import threading, time
    d = Cown(0)

    def let_go():
        while not s.cancelled:
            time.sleep(0.001)
        os.write(writing, b"..")

    s = bocpy.scope()
    threading.Thread(target=let_go).start()
    try:
        with s:
            @when(d)
            def first(d):
                os.read(reading, 1)
            behind = when(d)(lambda d: say("ran"))
            say("waiting")
    except KeyboardInterrupt:
        say(f"interrupted, {s.cancelled}")
    wait()
    print(type(behind.value).__name__)
    """
    stdout, stderr, status = run_with_signals(source, tmp_path, signal.SIGINT)
    assert (stdout, stderr, status) == ("waiting\ninterrupted, True\nCancelledError\n", "", 0)


def test_ctrl_c_in_the_block_of_a_scope_waits_for_what_runs(tmp_path):
    source = """
    import threading, time
    d = Cown(0)
    begun = os.pipe()

    def let_go():
        while not s.cancelled:
            time.sleep(0.001)
        os.write(writing, b"..")

    try:
        with bocpy.scope() as s:
            @when(d)
            def first(d):
                os.write(begun[1], b".")
                os.read(reading, 1)
                d.value = "ran"
            behind = when(d)(lambda d: say("ran"))
            os.read(begun[0], 1)
            threading.Thread(target=let_go).start()
            say("waiting")
            while True:  # a signal just before a wait without an end would not end it
                time.sleep(0.01)
    except KeyboardInterrupt:
        with d:
            say(f"interrupted, {s.pending} in flight, {d.value}")
    wait()
    """
    stdout, stderr, status = run_with_signals(source, tmp_path, signal.SIGINT)
    assert (stdout, stderr, status) == ("waiting\ninterrupted, 0 in flight, ran\n", "", 0)


def test_ctrl_c_with_wait_that_cancels(tmp_path):
    source = """
    begun = os.pipe()

    @when()
    def other():
        os.write(begun[1], b".")
        os.read(reading, 1)
        return "went on"

    os.read(begun[0], 1)
    try:
        say("waiting")
        wait(cancel=True)
    except KeyboardInterrupt:
        say("interrupted")
    after = when()(lambda: "ran")
    os.write(writing, b"..")
    wait()
    print(after.unwrap(), other.unwrap())
    """
    assert run_with_signals(source, tmp_path, signal.SIGINT) == ("waiting\ninterrupted\nran went on\n", "", 0)
