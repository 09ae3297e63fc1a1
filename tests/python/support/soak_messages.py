"""Random senders and receivers, in behaviors and threads, and counters on the noticeboard that all of them update.

What comes out is compared with what went in: every message once, those of one sender with one tag in their order, and
every update once.
"""

import collections
import functools
import operator
import random
import threading

from bocpy import (
    TIMEOUT,
    notice_read,
    notice_sync,
    notice_update,
    notice_write,
    noticeboard,
    quiesce,
    receive,
    send,
    set_tags,
    start,
    wait,
    when,
)

from support.soak_boxes import Thing
from support.soak_round import check, run


def payload(sender, number):
    """What a message says, as anything that can be made from its two numbers alone."""
    rolls = random.Random(sender * 1000 + number)
    text = f"{sender} {number}"
    return rolls.choice([None, text, text.encode() * 5000, [text, [text]], {"text": text}, bytearray(20_000), number])


def messages_of(sender, tags, count):
    """The tags and numbers of all messages of a sender."""
    rolls = random.Random(sender)
    return [(rolls.choice(tags), sender, number) for number in range(count)]


def send_all(sender, tags, count):
    """Sends numbered messages, and counts them on the noticeboard. Where there is no room it tries again."""
    rolls = random.Random()  # how long it waits for room does not matter
    for tag, _, number in messages_of(sender, tags, count):
        contents = [sender, number, Thing([sender]), payload(sender, number)]
        while True:
            try:
                send(tag, contents, timeout=rolls.choice([None, None, 0, 0.001]))
            except TimeoutError:
                continue
            break
        notice_update(f"sent {tag}", functools.partial(operator.add, 1), 0)
        notice_update("by sender", functools.partial(counted, sender=sender), {})
        notice_write(f"first {sender}", number)
        notice_write(f"second {sender}", number)
    notice_sync()


def counted(counts, sender):
    return {**counts, sender: counts.get(sender, 0) + 1}


def receive_all(receiver, tags):
    """Receives until it is told to stop. Gives the tags and numbers of all messages."""
    rolls = random.Random(receiver)
    got = []
    while True:
        tag, contents = receive([*tags, f"stop {receiver}"], rolls.choice([-1, None, 0.001, 0]))
        if tag == TIMEOUT:
            continue
        if contents is None:
            return got
        sender, number, thing, text = contents
        check((thing.items, text), ([sender], payload(sender, number)), "a message")
        got.append((tag, sender, number))
        if rolls.random() < 0.2:
            see_pairs(noticeboard())


def see_pairs(board):
    """A sender writes the first of two entries and then the second: no snapshot shows anything else."""
    board = dict(board)
    for key in board:
        if key.startswith("first "):
            second = board.get(key.replace("first", "second"), -1)
            if board[key] - second not in (0, 1):
                raise AssertionError(f"{key} is {board[key]}, and the second is {second}")


class Actor:
    """Does something in a behavior or in a thread, and has its result afterwards."""

    def __init__(self, in_behavior, function, *args):
        self.in_behavior = in_behavior
        self.outcome = []
        if in_behavior:
            self.cown = when()(lambda: function(*args))
        else:
            self.thread = threading.Thread(target=lambda: self.outcome.append(attempt(function, *args)))
            self.thread.start()

    def join(self):
        if not self.in_behavior:
            self.thread.join()

    def result(self):
        """After all have ended."""
        found = self.cown.unwrap() if self.in_behavior else self.outcome[0]
        if isinstance(found, Exception):
            raise found
        return found


def attempt(function, *args):
    try:
        return function(*args)
    except Exception as error:
        return error


def check_received(received, sent):
    check(sorted(item for got in received for item in got), sorted(sent), "all messages")
    for got in received:
        last = collections.defaultdict(lambda: -1)
        for tag, sender, number in got:
            if number <= last[tag, sender]:
                raise AssertionError(f"{tag} of {sender}: {number} came after {last[tag, sender]}")
            last[tag, sender] = number


def attack(rolls):
    for _ in range(rolls.randrange(1, 4)):
        one_market(rolls)


def one_market(rolls):
    tags = [f"tag {n}" for n in range(rolls.randrange(1, 5))]
    set_tags({tag: rolls.choice([None, 1, 2, 10]) for tag in tags})
    # More workers than behaviors that wait, and every tag has a receiver.
    receivers = [(rolls.random() < 0.5, rolls.sample(tags, rolls.randrange(1, len(tags) + 1))) for _ in range(2)]
    receivers.append((rolls.random() < 0.5, tags))
    senders = [
        (rolls.random() < 0.5, rolls.randrange(10**6), rolls.randrange(80)) for _ in range(rolls.randrange(1, 4))
    ]
    start(len(receivers) + len(senders))
    base = rolls.randrange(10**6)
    takers = [Actor(how, receive_all, base + n, some) for n, (how, some) in enumerate(receivers)]
    givers = [Actor(how, send_all, sender, tags, count) for how, sender, count in senders]
    for giver in givers:
        giver.join()
    done = [when(giver.cown)(lambda _: send("a sender is done", None)) for giver in givers if giver.in_behavior]
    for _ in done:
        receive("a sender is done")
    # What is sent now comes after all that was sent before.
    for n in range(len(takers)):
        send(f"stop {base + n}", None)
    for taker in takers:
        taker.join()
    finish_market(rolls, tags, senders, givers, takers)


def finish_market(rolls, tags, senders, givers, takers):
    sent = [item for _, sender, count in senders for item in messages_of(sender, tags, count)]
    if rolls.random() < 0.5:
        board = wait(noticeboard=True)
    else:
        board = quiesce(noticeboard=True)
        check(notice_read("by sender", {}), board.get("by sender", {}), "the notice")
        wait()
    for giver in givers:
        giver.result()
    check_received([taker.result() for taker in takers], sent)
    for tag in tags:
        check(board.get(f"sent {tag}", 0), sum(item[0] == tag for item in sent), f"the count of {tag}")
    check(board.get("by sender", {}), dict(collections.Counter(item[1] for item in sent)), "the counts of the senders")
    for _, sender, count in senders:
        last = count - 1 if count else None
        check((board.get(f"first {sender}"), board.get(f"second {sender}")), (last, last), "the last notices")
    check(receive([*tags, "a sender is done"], 0), (TIMEOUT, None), "what is left")


if __name__ == "__main__":
    run(attack)
