"""Messages: `send`, `receive`, `drain`, `set_tags`, from threads, behaviors and interpreters."""

import math
import os
import threading

from bocpy import TIMEOUT, Cown, drain, receive, send, set_tags, start, wait, when
from support import check_script, interpreters_only, outcome, pytest, threads_only


@pytest.fixture(autouse=True)
def no_messages():
    set_tags([])
    yield
    set_tags([])


class Closed:
    """Can be pickled, and opened in no interpreter."""

    def __reduce__(self):
        return _open_closed, ()


def _open_closed():
    raise ValueError("this one stays closed")


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __eq__(self, other):
        return (self.x, self.y) == (other.x, other.y)

    __hash__ = None


# -- one thread


def test_what_is_sent_is_received_in_order():
    for n in range(5):
        send("numbers", n)
    assert [receive("numbers") for _ in range(5)] == [("numbers", n) for n in range(5)]


def test_contents_of_all_kinds_arrive():
    contents = [None, True, 3, 2.5, "text", b"bytes", (1, [2, {"three": 3}]), Point(1, 2), bytearray(100_000), {1, 2}]
    for content in contents:
        send("things", content)
    assert [receive("things")[1] for _ in contents] == contents


@interpreters_only
def test_contents_are_taken_as_they_are_when_they_are_sent():
    items = [1, 2]
    send("items", items)
    items.append(3)
    assert receive("items") == ("items", [1, 2])


@threads_only
def test_on_threads_the_receiver_gets_the_object_itself():
    lock = threading.Lock()
    send("lock", lock)
    assert receive("lock")[1] is lock


def test_the_message_that_was_sent_first_is_received_first_whatever_its_tag():
    for tag, n in [("a", 1), ("b", 2), ("c", 3), ("a", 4)]:
        send(tag, n)
    assert [receive(["b", "a"]) for _ in range(3)] == [("a", 1), ("b", 2), ("a", 4)]
    assert receive({"c"}) == ("c", 3)


def test_a_timeout():
    assert receive("nothing", 0) == (TIMEOUT, None)
    assert receive("nothing", 0.001) == (TIMEOUT, None)
    assert receive(["nothing", "no more"], timeout=0.001, after=lambda: "late") == "late"
    send("something", 1)
    assert receive("something", 0, lambda: "late") == ("something", 1)


def test_what_after_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        receive("nothing", 0, lambda: 1 / 0)


def test_draining():
    for tag in "abc":
        send(tag, tag)
        send(tag, tag)
    drain("a")
    drain(["b", "unknown"])
    assert receive("abc", 0) == (TIMEOUT, None)
    assert receive(list("abc")) == ("c", "c")


def test_set_tags_drops_all_messages():
    for tag in "abc":
        send(tag, 1)
    set_tags(["a", "b"])
    assert receive(list("abc"), 0) == (TIMEOUT, None)
    send("c", 2)
    assert receive("c", 0) == ("c", 2)


def test_any_number_of_tags_and_messages():
    for n in range(1000):
        send(f"tag {n}", n)
    for n in range(20_000):
        send("many", n)
    assert [receive(f"tag {n}")[1] for n in range(1000)] == list(range(1000))
    assert [receive("many")[1] for _ in range(20_000)] == list(range(20_000))


# -- between threads and behaviors


def test_a_behavior_answers():
    @when()
    def server():
        while True:
            tag, contents = receive(["add", "stop"])
            if tag == "stop":
                return contents
            send("sum", sum(contents))

    for n in range(100):
        send("add", (n, 1))
        assert receive("sum") == ("sum", n + 1)
    send("stop", "bye")
    assert outcome(server) == "bye"


def test_behaviors_talk_to_each_other():
    start(2)

    @when()
    def ping():
        for n in range(100):
            send("ping", n)
            assert receive("pong")[1] == n

    @when()
    def pong():
        for _ in range(100):
            send("pong", receive("ping")[1])

    assert (outcome(ping), outcome(pong)) == (None, None)


def test_cowns_travel_in_messages():
    c = Cown([1])

    @when()
    def adds():
        _, cown = receive("cown")
        return when(cown)(lambda cown: cown.value.append(2))

    send("cown", c)
    del c

    @when(adds)
    def told(adds):
        send("told", 1)

    receive("told")
    wait()
    assert outcome(adds) is not None


def test_a_function_of_the_program_travels():
    @when()
    def calls():
        _, function = receive("function")
        return function(4)

    three = 3
    send("function", lambda x: x + three)
    assert outcome(calls) == 7


def test_each_message_is_received_once():
    count, takers = 3000, 3
    start(takers)

    def take(c):
        while True:
            tag, n = receive(["job", "over"])
            if tag == "over":
                return
            c.value.append(n)

    taken = [Cown([]) for _ in range(takers)]
    for cown in taken:
        when(cown)(take)
    threads = [
        threading.Thread(target=lambda first=first: [send("job", n) for n in range(first, count, 3)])
        for first in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _ in range(takers):
        send("over", None)
    wait()
    per_taker = [cown.unwrap() for cown in taken]
    assert sorted(n for all_of_one in per_taker for n in all_of_one) == list(range(count))
    for all_of_one in per_taker:
        for first in range(3):
            of_one_sender = [n for n in all_of_one if n % 3 == first]
            assert of_one_sender == sorted(of_one_sender)


def test_a_thread_of_the_program_that_waits_is_woken():
    results = []
    threads = [threading.Thread(target=lambda: results.append(receive("go"))) for _ in range(3)]
    for thread in threads:
        thread.start()

    @when()
    def sends():
        for n in range(3):
            send("go", n)

    for thread in threads:
        thread.join()
    assert sorted(results) == [("go", n) for n in range(3)]


def test_receivers_go_on_when_the_runtime_stops_and_starts():
    results = []
    thread = threading.Thread(target=lambda: results.append(receive("late")))
    thread.start()
    for _ in range(2):
        outcome(when()(lambda: None))
    outcome(when()(lambda: send("late", 1)))
    thread.join()
    assert results == [("late", 1)]


def test_set_tags_while_others_receive():
    results = []
    threads = [threading.Thread(target=lambda: results.append(receive(["x", "y"]))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for n in range(50):
        set_tags({"x": n + 1})
    send("x", 1)
    send("y", 2)
    for thread in threads:
        thread.join()
    assert sorted(results) == [("x", 1), ("y", 2)]


# -- bounds


def test_a_full_tag_refuses_at_once_or_after_a_time():
    set_tags({"jobs": 2, "others": None})
    send("jobs", 1)
    send("jobs", 2)
    for timeout in (0, 0.001):
        with pytest.raises(TimeoutError, match="'jobs' is full: 2 messages"):
            send("jobs", 3, timeout=timeout)
    send("others", 1)
    assert receive("jobs") == ("jobs", 1)
    send("jobs", 3, timeout=0)
    assert [receive("jobs")[1] for _ in range(2)] == [2, 3]


def test_a_sender_waits_for_room():
    set_tags({"jobs": 3})

    @when()
    def produces():
        for n in range(200):
            send("jobs", n)

    assert [receive("jobs")[1] for _ in range(200)] == list(range(200))
    assert outcome(produces) is None


# -- bad input


@pytest.mark.parametrize(
    "function", [lambda tag: send(tag, 1), lambda tag: receive(tag, 0), drain, lambda tag: set_tags([tag])]
)
@pytest.mark.parametrize(
    ("tag", "error", "text"),
    [
        ("", ValueError, "the tag is empty"),
        ("x" * 64, ValueError, "takes 64 UTF-8 bytes, and 63 is the most"),
        ("ä" * 32, ValueError, "takes 64 UTF-8 bytes"),
        ("\ud800", ValueError, "lone surrogate"),
        (TIMEOUT, ValueError, "what receive\\(\\) returns on a timeout"),
    ],
)
def test_bad_tags_are_refused(function, tag, error, text):
    with pytest.raises(error, match=text):
        function(tag)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: send(3, 1), TypeError, "the tag must be a string, not int"),
        (lambda: send(None, 1), TypeError, "the tag must be a string, not NoneType"),
        (lambda: send("a"), TypeError, "send\\(\\) takes two arguments"),
        (lambda: send("a", 1, 2), TypeError, "at most 2 positional"),
        (lambda: send("a", 1, timeout="soon"), TypeError, "real number"),
        (lambda: receive(), TypeError, "takes a tag, or a list of tags"),
        (lambda: receive(3), TypeError, "a tag, or several in a list, not int"),
        (lambda: receive([]), ValueError, "at least one tag"),
        (lambda: receive(["a", 3]), TypeError, "the tag must be a string, not int"),
        (lambda: receive("a", math.nan), ValueError, "NaN"),
        (lambda: receive("a", "soon"), TypeError, "real number"),
        (lambda: receive("a", 0, 5), TypeError, "after must be callable, not int"),
        (lambda: drain(5), TypeError, "a tag, or several in a list, not int"),
        (lambda: set_tags({"a": 0}), ValueError, "bound of the tag 'a' must be a number from 1 to .*, not 0"),
        (lambda: set_tags({"a": "many"}), TypeError, "bound of the tag 'a' must be an int or None, not str"),
        (lambda: set_tags({"a": True}), TypeError, "must be an int or None, not bool"),
    ],
)
def test_bad_arguments_are_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_set_tags_that_is_refused_drops_nothing():
    send("a", 1)
    with pytest.raises(ValueError, match="bound"):
        set_tags({"a": 1, "b": -1})
    assert receive("a") == ("a", 1)


@interpreters_only
def test_contents_that_can_not_be_moved_are_refused_by_name():
    with pytest.raises(TypeError, match="a message with the tag 'a' of type '_thread.lock' cannot be moved"):
        send("a", threading.Lock())
    assert receive("a", 0) == (TIMEOUT, None)


@interpreters_only
def test_a_message_that_can_not_be_opened_is_told_and_stays_the_next():
    send("a", Closed())
    send("a", 2)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="tag 'a' could not be opened here.*Closed.*this one stays closed"):
            receive(["b", "a"])
    drain("a")
    assert receive("a", 0) == (TIMEOUT, None)


# -- interruptions


def test_ctrl_c_wakes_a_receiver_and_loses_nothing():
    check_script(
        """
        import os, signal, threading, time
        from bocpy import receive, send

        def interrupt():
            while not waiting.is_set():
                pass
            os.kill(os.getpid(), signal.SIGINT)

        waiting = threading.Event()
        threading.Thread(target=interrupt).start()
        waiting.set()
        try:
            receive("never")
        except KeyboardInterrupt:
            print("interrupted")
        send("never", 1)
        print(receive("never"))
        """,
        "interrupted\n('never', 1)",
    )


def test_a_program_ends_although_daemon_threads_receive():
    check_script(
        """
        import threading
        from bocpy import receive, when, wait

        for n in range(3):
            threading.Thread(target=receive, args=("never",), daemon=True).start()
        result = when()(lambda: 1)
        wait()
        print(result.unwrap())
        """,
        "1",
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_no_messages_and_can_send():
    check_script(
        """
        import os
        from bocpy import receive, send, set_tags

        send("a", 1)
        set_tags({"full": 1})
        send("full", 1)
        send("a", 2)
        child = os.fork()
        if child == 0:
            print(receive("a", 0), flush=True)
            send("full", 3, timeout=0)
            send("full", 4, timeout=0)
            print(receive("full"), flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        print(receive("a"))
        """,
        "('__timeout__', None)\n('full', 3)\n('a', 2)",
    )
