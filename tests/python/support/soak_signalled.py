"""A program that schedules and waits while it gets signals: its counts must be right in the end.

SIGINT raises KeyboardInterrupt in calls that are made by `interrupted`, once for each, and does nothing elsewhere.
SIGUSR1 schedules behaviors.
"""

import random
import signal
import sys

from bocpy import Cown, drain, quiesce, receive, send, start, wait, when

total, posted = Cown(0), Cown([])
armed = False
interrupts, users = [], []
scheduled, perhaps, received = [], [], []  # for each behavior or message, one item


def on_interrupt(number, frame):
    global armed
    interrupts.append(number)
    if armed:
        armed = False
        raise KeyboardInterrupt


def on_user(number, frame):
    # It may be interrupted, but only before it schedules or after.
    global armed
    if len(users) > 3:
        return  # signals come faster than they are handled
    was = armed
    armed = False
    users.append(number)
    add_one()
    users.pop()
    armed = was


def add_one():
    @when(total)
    def _(total):
        total.value += 1

    scheduled.append(1)


def interrupted(function):
    """Calls it, and says whether it was interrupted."""
    global armed
    try:
        armed = True
        function()
        armed = False
    except KeyboardInterrupt:
        return True
    except TimeoutError:
        armed = False
    return False


def work(rolls):
    """Some behaviors, of which a few take a while."""
    for _ in range(rolls.randrange(30)):
        amount = rolls.choice([0, 0, 0, 3000])

        @when(total, posted)
        def _(total, posted):
            total.value += sum(range(amount)) * 0 + 1
            posted.value.append(amount)

        scheduled.append(1)


def get_messages(rolls):
    """Gets as many messages as behaviors send, interrupted or not."""
    count = rolls.randrange(1, 10)
    before = len(received)
    for number in range(count):
        when(total)(lambda total: send("message", [number, b"x" * 20_000]))
    while len(received) < before + count:
        # In one step: a message that has been received is in the list, whenever the signal comes.
        interrupted(lambda: received.extend(map(receive, ["message"])))
    check([message[1][0] for message in received[before:]], list(range(count)))


def schedule_interrupted():
    """Nobody knows whether an interrupted call has scheduled its behavior, but it has done so once or not at all."""
    if interrupted(lambda: when(total)(lambda total: setattr(total, "value", total.value + 1))):
        perhaps.append(1)
    else:
        scheduled.append(1)


def look():
    """With no behavior over it, a cown can be used here. SIGUSR1 may schedule one at any time."""
    try:
        with total:
            assert len(scheduled) <= 10**9 and total.value >= 0
    except RuntimeError as error:
        assert "behavior" in str(error), error


def check(found, expected):
    if found != expected:
        sys.exit(f"found {found!r:.300}, expected {expected!r:.300}")


def main():
    rolls = random.Random(sys.argv[1])
    steps = [
        lambda: work(rolls),
        lambda: interrupted(wait),
        lambda: interrupted(quiesce),
        lambda: interrupted(lambda: quiesce(rolls.choice([0, 0.001, 0.05]))),
        lambda: interrupted(lambda: wait(rolls.choice([0, 0.001, 0.05]))),
        lambda: interrupted(lambda: receive("nothing", 0.002)),
        lambda: get_messages(rolls),
        schedule_interrupted,
        look,
    ]
    # The first behavior imports parts of bocpy. A handler that runs meanwhile would find half a module.
    add_one()
    quiesce()
    signal.signal(signal.SIGINT, on_interrupt)
    signal.signal(signal.SIGUSR1, on_user)
    start(rolls.randrange(1, 4))
    print("ready", flush=True)
    for _ in range(rolls.randrange(20, 200)):
        rolls.choice(steps)()
    for number in (signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    print("no more", flush=True)
    sys.stdin.readline()
    wait()
    least = len(scheduled)
    with total:
        if not least <= total.value <= least + len(perhaps):
            sys.exit(f"{total.value} behaviors have run, of {least} and perhaps {len(perhaps)}")
    drain("message")
    print("all right")


if __name__ == "__main__":
    main()
