"""Code that runs while a value moves (``__reduce__``, finalizers) and wants to wait: an error, at once."""

import sys
import threading

from bocpy import Cown, notice_sync, quiesce, receive, wait, when
from support import check_script, interpreters_only, outcome, pytest, text_of

pytestmark = interpreters_only


WAITS = {
    "wait": lambda: wait(),
    "wait(0)": lambda: wait(0),
    "quiesce": lambda: quiesce(),
    "receive": lambda: receive("never"),
    "notice_sync": lambda: notice_sync(),
}


class Waits:
    """Waits, in the way of that name, when it is pickled."""

    def __init__(self, how):
        self.how = how

    def __reduce__(self):
        if self.how in WAITS:
            WAITS[self.how]()
        return Waits, (self.how,)


@pytest.mark.parametrize("how", WAITS)
def test_waiting_during_a_move_is_an_error_and_the_value_stays(how):
    cown = Cown(Waits("not yet"))
    when(cown)(lambda c, how: setattr(c.value, "how", how))
    quiesce()
    with pytest.raises(TypeError, match=r"cannot wait here: this is code that runs while the value of a cown is moved"):
        with cown:
            cown.value  # noqa: B018
    # It is where it was, and can still be used there.
    when(cown)(lambda c: setattr(c.value, "how", "no more"))
    quiesce()
    with cown:
        assert cown.value.how == "no more"


class Reads:
    """Reads another cown when it is pickled."""

    def __init__(self, other, told):
        self.other = other
        self.told = told

    def __reduce__(self):
        try:
            self.other.value  # noqa: B018
        except RuntimeError as error:
            return str, (text_of(error),)
        return str, ("read",)


def test_two_values_that_read_each_other_when_they_move():
    """Two threads that move them at the same time must not wait for each other."""
    for _ in range(20):
        a, b = Cown(None), Cown(None)
        when(a)(lambda a, b: setattr(a, "value", Reads(b, "a")))
        when(b)(lambda b, a: setattr(b, "value", Reads(a, "b")))
        quiesce()
        told = []

        def read(cown):
            with cown:
                told.append(type(cown.value))

        threads = [threading.Thread(target=read, args=(cown,), daemon=True) for cown in (a, b)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert told == [str, str]


def test_what_does_not_wait_works_during_a_move():
    class Schedules:
        def __init__(self, log):
            self.log = log

        def __reduce__(self):
            when(self.log)(lambda log: log.value.append("moved"))
            return str, ("what was left",)

    log, cown = Cown([]), Cown(None)
    when(cown)(lambda c, log: setattr(c, "value", Schedules(log)))
    quiesce()
    with cown:
        assert cown.value == "what was left"
    assert outcome(when(log)(lambda log: log.value)) == ["moved"]


@pytest.mark.skipif(sys.platform == "win32", reason="it cannot send itself a signal that it handles")
def test_a_signal_handler_that_waits_while_its_thread_opens_a_value_gets_an_error():
    """The worker that leaves would wait for the value, and the thread that opens it for the worker."""
    check_script(
        """
        import os, signal
        from bocpy import Cown, quiesce, wait, when

        class Opens:
            def __setstate__(self, state):
                if fires:
                    fires.clear()
                    signal.raise_signal(signal.SIGUSR1)

            def __getstate__(self):
                return {"a": 1}

        fires = []

        def handler(*_):
            try:
                wait()
            except RuntimeError as error:
                print(str(error).startswith("wait() cannot wait here: "))

        signal.signal(signal.SIGUSR1, handler)
        cown = Cown(None)
        when(cown)(lambda c: setattr(c, "value", Opens()))
        quiesce()
        fires.append(1)
        with cown:
            print(type(cown.value).__name__)
        wait()
        """,
        "True\nOpens",
    )
