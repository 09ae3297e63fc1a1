"""Sends SIGINT and SIGUSR1 at random times to a program that schedules and waits: see soak_signalled.py."""

import pathlib
import signal
import tempfile
import threading
import time

from support.scripts import finish, start_script
from support.soak_round import check, run

PROGRAM = pathlib.Path(__file__).with_name("soak_signalled.py")


def attack(rolls):
    with tempfile.TemporaryDirectory() as folder:
        source = PROGRAM.read_text(encoding="utf-8")
        process = start_script(source, str(rolls.random()), how=rolls.choice(["file", "-c"]), folder=folder)
        check(process.stdout.readline(), "ready\n", "its first line")
        pause = rolls.choice([0.0005, 0.005, 0.03])
        over = threading.Event()
        sender = threading.Thread(target=send_signals, args=(process.pid, rolls, pause, over))
        sender.start()
        try:
            last = process.stdout.readline()
        finally:
            # The program takes no more signals, and has not ended: it waits for its standard input.
            over.set()
            sender.join()
        done = finish(process, feed="go on\n")
    if done.stderr:
        raise AssertionError(f"the program wrote to stderr, and ended with status {done.returncode}:\n{done.stderr}")
    check((last, done.stdout, done.returncode), ("no more\n", "all right\n", 0), "what the program said")


def send_signals(pid, rolls, pause, over):
    import os

    while not over.is_set():
        os.kill(pid, rolls.choice([signal.SIGINT, signal.SIGUSR1]))
        time.sleep(rolls.random() * pause)


if __name__ == "__main__":
    run(attack)
