"""`bocpy.dump`: what every worker runs, and what every waiting behavior waits for."""

import io
import os
import re
import signal
import threading

import bocpy
from bocpy import Cown, quiesce, read, start, wait, when
from support import BACKEND, check_script, interpreters_only, pytest, run_script, start_script
from support.scripts import finish

HERE = re.escape(__file__)


def dump():
    text = io.StringIO()
    bocpy.dump(text)
    return text.getvalue()


def name_of(cown):
    return re.escape(repr(cown).partition(",")[0])


def line_of(marker):
    """The number of the line in this file that ends with that comment."""
    with open(__file__, encoding="utf-8") as file:
        return next(number for number, line in enumerate(file, 1) if line.endswith(f"  # {marker}\n"))


def test_without_workers():
    assert dump() == "bocpy: no workers are running\n"


def test_idle_workers():
    start(2)
    quiesce()
    host = {"interpreters": "each in an interpreter of its own", "threads": "threads of the main interpreter"}[BACKEND]
    strict = ", BOCPY_STRICT" if os.environ.get("BOCPY_STRICT") == "1" else ""
    assert dump() == (f"bocpy: 2 workers, {host}{strict}; nothing is in flight\nworker 0 is idle\nworker 1 is idle\n")


def test_a_running_behavior_with_its_cowns_and_its_stack(handshake):
    written, seen = Cown([1]), Cown(2)
    start(2)

    @when(written, read(seen))
    def runs(written, seen):
        def inner():
            handshake.arrive()  # inner

        inner()

    handshake.await_arrival()
    told = dump()
    assert re.search(rf"^worker [01] runs '.*runs' \({HERE}:\d+\), for (less than )?\d+\.\d s$", told, re.MULTILINE)
    assert re.search(rf"^  holds {name_of(written)}, list\)$", told, re.MULTILINE)
    assert re.search(rf"^  reads {name_of(seen)}, int\)$", told, re.MULTILINE)
    assert re.search(
        rf'^  File "{HERE}", line {line_of("inner")} in inner\n  File "{HERE}", line \d+ in runs$', told, re.M
    )
    assert re.search(r"^worker [01] is idle$", told, re.MULTILINE)
    handshake.let_go()


def test_what_waits_for_a_running_behavior(handshake):
    a, b, c = Cown(1), Cown(2), Cown(3)
    start(2)

    @when(a, read(c))
    def first(a, c):
        handshake.arrive()

    handshake.await_arrival()

    @when(a, b)
    def second(a, b):
        pass

    @when(b)
    def third(b):
        pass

    @when(c)
    def fourth(c):
        pass

    @when(first)
    def fifth(result):
        pass

    told = dump()
    at = rf"now at {HERE[: -len('test_dump.py') - 1]}.*:\d+"
    assert "\n5 behaviors wait:\n" not in told
    assert "\n4 behaviors wait:\n" in told
    assert re.search(
        rf"'.*second' \({HERE}:\d+\) waits for {name_of(a)}, int\), which '.*first' on worker \d holds, {at}", told
    )
    assert re.search(
        rf"'.*third' \({HERE}:\d+\) waits for {name_of(b)}, int\), behind '.*second', which waits itself", told
    )
    assert re.search(
        rf"'.*fourth' \(.*\) waits for {name_of(c)}, int\), which '.*first' on worker \d reads, {at}", told
    )
    assert re.search(
        rf"'.*fifth' \(.*\) waits for {name_of(first)}.*, which '.*first' on worker \d gives as its result", told
    )
    handshake.let_go()


def test_what_waits_for_what_threads_have_acquired():
    mine, other = Cown("x"), Cown({})
    has, may_end = threading.Event(), threading.Event()

    def keeps():
        with other:  # acquired by a thread
            has.set()
            may_end.wait()

    thread = threading.Thread(target=keeps, name="the keeper")
    thread.start()
    has.wait()
    with mine:  # acquired here
        when(mine, other)(lambda mine, other: None)
        told = dump()
    here, there = line_of("acquired here"), line_of("acquired by a thread")
    assert re.search(
        rf"^{name_of(mine)}, str\) is acquired by thread 'MainThread' \(this thread\) at {HERE}:{here}$", told, re.M
    )
    assert re.search(rf"^{name_of(other)}, dict\) is acquired by thread 'the keeper' at {HERE}:{there}$", told, re.M)
    reasons = [
        rf"{name_of(mine)}, str\), which thread 'MainThread' has acquired at {HERE}:{here}",
        rf"{name_of(other)}, dict\), which thread 'the keeper' has acquired at {HERE}:{there}",
    ]
    assert re.search(rf"waits for {reasons[0]}; and for {reasons[1]}$", told, re.M) or re.search(
        rf"waits for {reasons[1]}; and for {reasons[0]}$", told, re.M
    )
    assert "\n1 behavior waits:\n" in told
    may_end.set()
    thread.join()


def test_what_waits_for_what_a_behavior_has_acquired(handshake):
    c = Cown(1)

    @when()
    def takes():
        c.acquire()  # acquired by a behavior
        handshake.arrive()

    handshake.await_arrival()
    when(c)(lambda c: None)
    told = dump()
    line = line_of("acquired by a behavior")
    assert re.search(rf"int\), which the behavior '.*takes' \({HERE}:\d+\) has acquired at {HERE}:{line}$", told, re.M)
    handshake.let_go()


def test_in_a_behavior():
    start(2)
    kept = Cown([1])

    @when(kept)
    def looks(kept):
        import io

        import bocpy

        text = io.StringIO()
        bocpy.dump(text)
        return text.getvalue()

    wait()
    told = looks.unwrap()
    assert re.search(r"^worker [01] runs '.*looks'", told, re.MULTILINE)
    assert re.search(rf"^  holds {name_of(kept)}, list\)$", told, re.MULTILINE)
    assert re.search(rf'^  File "{HERE}", line \d+ in looks$', told, re.MULTILINE)


@interpreters_only
def test_a_worker_in_c_code_that_keeps_its_gil_is_told_as_that(handshake):
    start(2)

    @when()
    def counts():
        handshake.say()
        return sum(range(10**8))

    handshake.await_arrival()
    nothing = re.compile(r"^worker [01] runs '.*counts' .* shows nothing: it is in C code", re.MULTILINE)
    # It may still be on its way there. If it is never seen, it ends, and no error comes.
    while not nothing.search(error_of_quiesce()):
        pass
    # One that waits at its door is enough.
    before = threads_of_this_process()
    for _ in range(5):
        dump()
    assert threads_of_this_process() <= before
    wait()
    assert counts.unwrap() > 0


def error_of_quiesce():
    with pytest.raises(TimeoutError) as raised:
        quiesce(0)
    return str(raised.value)


def threads_of_this_process():
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 0


@pytest.mark.parametrize("ends", ["wait", "quiesce"])
def test_the_error_of_a_wait_that_timed_out_tells_in_short(ends, handshake):
    c = Cown(1)
    start(1)

    @when(c)
    def blocks(c):
        handshake.arrive()

    handshake.await_arrival()
    for _ in range(15):
        when(c)(lambda c: None)
    with pytest.raises(TimeoutError) as raised:
        getattr(bocpy, ends)(0)
    lines = str(raised.value).splitlines()
    assert lines[0] == f"{ends}() timed out: behaviors are still in flight"
    assert re.fullmatch(rf"worker 0 runs '.*blocks' \({HERE}:\d+\), for .* s, now at .*:\d+", lines[1])
    assert lines[2] == "15 behaviors wait:"
    assert len(lines) == 14
    assert lines[13] == "  and 5 more"
    handshake.let_go()


def test_a_long_line_is_told_in_part_and_counted(handshake):
    c = Cown(1)
    c.acquire()
    for _ in range(2500):
        when(c)(lambda c: None)
    told = dump()
    c.release()
    assert "\n2500 behaviors wait:\n" in told
    assert told.endswith("\n  and 2300 more\n")
    assert told.count("waits for") == 200


def test_to_stderr_by_default():
    check_script("import bocpy, sys; sys.stderr = sys.stdout; bocpy.dump()", "bocpy: no workers are running")


def test_without_a_stderr():
    done = run_script("import bocpy, sys; sys.stderr = None; bocpy.dump()")
    assert (done.stdout, done.stderr, done.returncode) == ("", "bocpy: no workers are running\n", 0)


def test_a_file_that_is_none():
    with pytest.raises(
        TypeError, match=r"file must be an object with a method write\(\), or None for sys.stderr, not int"
    ):
        bocpy.dump(3)


def test_the_error_of_a_file_is_raised():
    class Broken:
        def write(self, text):
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        bocpy.dump(Broken())


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="POSIX signals")
@pytest.mark.parametrize("waits", ["wait()", "quiesce()", "receive('never', 60)", "event.wait(60)"])
def test_bound_to_a_signal(waits, tmp_path):
    source = f"""
        import os, signal, sys, threading
        import bocpy
        from bocpy import Cown, quiesce, receive, send, start, wait, when

        event = threading.Event()
        reading, writing = os.pipe()

        def look(number, frame):
            bocpy.dump(sys.stdout)
            sys.stdout.flush()
            os.write(writing, b".")
            send("never", 1)
            event.set()

        signal.signal(signal.SIGUSR1, look)
        start(1)

        @when(Cown(0))
        def blocks(c):
            os.read(reading, 1)

        print("waiting", flush=True)
        {waits}
        wait()
        print("done")
    """
    process = start_script(source, folder=tmp_path)
    assert process.stdout.readline() == "waiting\n"
    os.kill(process.pid, signal.SIGUSR1)
    done = finish(process)
    assert (done.stderr, done.returncode) == ("", 0)
    assert re.search(r"^bocpy: 1 worker, ", done.stdout)
    assert done.stdout.endswith("done\n")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_in_the_child_of_a_fork():
    done = run_script("""
        import warnings
        warnings.simplefilter("ignore")
        import os, sys
        import bocpy
        from bocpy import Cown, start, wait, when

        start(2)
        wait_for = when(Cown(1))(lambda c: c.value)
        bocpy.quiesce()
        if os.fork() == 0:
            bocpy.dump(sys.stdout)
            result = when(Cown(1))(lambda c: c.value)
            wait()
            bocpy.dump(sys.stdout)
            sys.stdout.flush()
            os._exit(result.value)
        print(os.waitstatus_to_exitcode(os.wait()[1]))
        wait()
    """)
    assert (done.stdout, done.stderr, done.returncode) == ("bocpy: no workers are running\n" * 2 + "1\n", "", 0)


def test_while_everything_changes():
    """Behaviors, holds, starts and ends, while threads and behaviors look."""
    check_script(
        """
        import io, random, threading
        import bocpy
        from bocpy import Cown, quiesce, read, start, wait, when

        ended, looks = threading.Event(), []

        def look():
            while not ended.is_set():
                text = io.StringIO()
                bocpy.dump(text)
                looks.append(" runs " in text.getvalue())

        def writes(*cowns):
            for cown in cowns:
                cown.value = [*cown.value[-3:], 1]

        def looks_itself(*cowns):
            import io
            import bocpy
            text = io.StringIO()
            bocpy.dump(text)
            return "looks_itself" in text.getvalue()

        threads = [threading.Thread(target=look) for _ in range(2)]
        for thread in threads:
            thread.start()
        cowns, results = [Cown([n]) for n in range(5)], []
        for round in range(25):
            start(2)
            for _ in range(60):
                some = random.sample(cowns, random.choice([1, 2, 3]))
                match random.randrange(3):
                    case 0: when(*map(read, some))(lambda *cowns: len(cowns))
                    case _: when(*some)(writes)
            results.append(when(*some)(looks_itself))
            try:
                with cowns[0]:
                    when(*cowns)(writes)
            except RuntimeError:
                pass
            (wait if round % 2 else quiesce)()
        wait()
        ended.set()
        for thread in threads:
            thread.join()
        print(all(result.unwrap() for result in results), len(looks) > 0)
        """,
        "True True",
    )


@pytest.mark.slow
def test_a_notice_names_the_behavior_that_has_acquired_a_cown():
    done = run_script("""
        import os, sys, threading
        from bocpy import Cown, send, receive, start, wait, when

        class Told:
            def write(self, text):
                told.append(text)
                os.write(writing, b".")
            def flush(self):
                pass

        told = []
        reading, writing = os.pipe()
        c = Cown([1])
        start(2)

        @when()
        def takes():
            with c:
                send("has", None)
                os.read(reading, 1)

        receive("has")
        when(c)(lambda c: None)
        sys.stderr = Told()
        wait()
        sys.stderr = sys.__stderr__
        print("".join(told))
    """)
    assert (done.stderr, done.returncode) == ("", 0)
    notice = (
        r"bocpy: wait\(\) waits for behaviors that wait for Cown\(0x\w+(, list)?\), which the behavior 'takes' "
        r"\(.*:\d+\) has acquired at .*:\d+ and not released\n\n"
    )
    assert re.fullmatch(notice, done.stdout)
