"""``os.fork`` and ``multiprocessing``: the child starts clean, the parent notices nothing."""

import os
import sys

from support import check_script, pytest, run_script, threads_only

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX")

PRELUDE = """
    import os, sys, warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    from bocpy import Cown, quiesce, start, wait, when

    def helper(x):
        return x * 2

    def work():
        fresh = Cown(10)
        group = [Cown(n) for n in range(5)]

        @when(fresh, group)
        def result(fresh, group):
            fresh.value += sum(c.value for c in group)
            return helper(fresh.value)

        wait(60)
        return result.unwrap() == 40 and fresh.unwrap() == 20 and group[4].unwrap() == 4

    c = Cown([1])
"""

FORK = """
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if work() else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    print("child", os.waitstatus_to_exitcode(status))
"""

AFTER = """
    when(c)(lambda c: c.value.append(2))
    wait()
    print(c.value, work())
"""

BEFORE = {
    "nothing started": "",
    "running": """
    start(2)
    when(c)(lambda c: None)
    quiesce()
    """,
    "stopped": """
    when(c)(lambda c: None)
    wait()
    """,
}


@pytest.mark.parametrize("before", BEFORE)
def test_a_forked_child_does_everything_and_the_parent_goes_on(before):
    check_script(PRELUDE + BEFORE[before] + FORK + AFTER, "child 0\n[1, 2] True")


def test_a_child_forked_while_behaviors_wait_for_main():
    source = (
        PRELUDE
        + """
    c.acquire()
    queued = [when(c)(lambda c: c.value.append(0)) for _ in range(10)]
"""
        + FORK
        + """
    c.release()
    wait()
    print(len(c.value), work())
"""
    )
    check_script(source, "child 0\n11 True")


@threads_only  # CPython crashes in a child that is forked beside a sub-interpreter that cannot end
def test_a_child_forked_while_a_behavior_runs():
    source = (
        PRELUDE
        + """
    start(2)
    here, say_here = os.pipe()
    go, let_go = os.pipe()

    @when(c)
    def busy(c):
        os.write(say_here, b".")
        os.read(go, 1)
        c.value.append("ran in the parent")

    os.read(here, 1)
"""
        + FORK
        + """
    os.write(let_go, b".")
    wait()
    print(c.value, work())
"""
    )
    check_script(source, "child 0\n[1, 'ran in the parent'] True")


@pytest.mark.parametrize("leave", ["sys.exit(5)", "raise SystemExit(5)", "pass; os._exit(5)"])
def test_a_forked_child_ends_in_the_usual_ways(leave):
    source = (
        PRELUDE
        + f"""
    start(2)
    when(c)(lambda c: c.value.append(2))
    quiesce()
    pid = os.fork()
    if pid == 0:
        assert work()
        {leave}
    _, status = os.waitpid(pid, 0)
    print("child", os.waitstatus_to_exitcode(status))
    wait()
    print(c.value)
"""
    )
    check_script(source, "child 5\n[1, 2]")


def test_a_forked_child_that_never_uses_the_package_ends():
    source = (
        PRELUDE
        + """
    start(2)
    when(c)(lambda c: None)
    pid = os.fork()
    if pid == 0:
        sys.exit(6)
    _, status = os.waitpid(pid, 0)
    print("child", os.waitstatus_to_exitcode(status))
    wait()
"""
    )
    check_script(source, "child 6")


def test_a_forked_child_without_wait_finishes_its_own_work():
    source = (
        PRELUDE
        + """
    start(2)
    when(c)(lambda c: None)
    quiesce()
    pid = os.fork()
    if pid == 0:
        fresh = Cown("finished in the child")
        when(fresh)(lambda fresh: os.write(1, fresh.value.encode() + b"\\n"))
        sys.exit(0)
    _, status = os.waitpid(pid, 0)
    os.write(1, f"child {os.waitstatus_to_exitcode(status)}\\n".encode())
    wait()
"""
    )
    check_script(source, "finished in the child\nchild 0")


def test_a_child_of_a_child():
    source = (
        PRELUDE
        + """
    start(2)
    when(c)(lambda c: None)
    quiesce()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            assert work()
            start(1)
            inner = os.fork()
            if inner == 0:
                os._exit(0 if work() else 2)
            _, status = os.waitpid(inner, 0)
            code = os.waitstatus_to_exitcode(status)
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    print("child", os.waitstatus_to_exitcode(status))
"""
        + AFTER
    )
    check_script(source, "child 0\n[1, 2] True")


def test_many_children_at_once():
    source = (
        PRELUDE
        + """
    start(2)
    pids = []
    for n in range(6):
        when(c)(lambda c: c.value.append(0))
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = 0 if work() else 2
            finally:
                os._exit(code)
        pids.append(pid)
    print([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids])
    wait()
    print(len(c.value))
"""
    )
    check_script(source, "[0, 0, 0, 0, 0, 0]\n7")


def test_fork_from_another_thread():
    source = (
        PRELUDE
        + """
    import threading
    start(2)
    codes = []

    def forks():
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = 0 if work() else 2
            finally:
                os._exit(code)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

    thread = threading.Thread(target=forks)
    thread.start()
    thread.join()
    print("child", codes[0])
"""
        + AFTER
    )
    check_script(source, "child 0\n[1, 2] True")


def test_forks_while_other_threads_schedule():
    """A thread that waits for the fork to end releases the GIL, which the fork needs.

    The first fork may come during a first behavior, for which parts of the package are imported.
    """
    source = (
        PRELUDE
        + """
    import threading
    start(2)
    on = True
    counts = [0, 0]

    def schedule(own):
        while on:
            @when(c)
            def _(c):
                c.value[0] += 1
            counts[own] += 1

    threads = [threading.Thread(target=schedule, args=(n,)) for n in range(2)]
    [thread.start() for thread in threads]
    codes = set()
    for n in range(20):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = 0 if n % 10 or work() else 2
            finally:
                os._exit(code)
        codes.add(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    on = False
    [thread.join() for thread in threads]
    wait()
    print(codes, c.value[0] == 1 + sum(counts))
"""
    )
    check_script(source, "{0} True", timeout=50)


def test_a_fork_waits_for_what_another_thread_imports_for_us():
    """The child could never import it; and `logging`, which is imported with it, locks itself in hooks of its own."""
    source = (
        PRELUDE
        + """
    import threading
    importing, forking = threading.Event(), threading.Event()

    class Thing:
        pass

    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name == "cloudpickle":
                assert "logging" not in sys.modules
                importing.set()
                forking.wait(30)

    def by_value():
        when(Cown(Thing()))(lambda c: c.value)

    start(1)
    sys.meta_path.insert(0, Finder)
    thread = threading.Thread(target=by_value)
    thread.start()
    importing.wait(30)
    sys.setswitchinterval(10)  # this thread goes on to the fork
    forking.set()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            import logging
            logging.getLogger("child").setLevel("INFO")
            by_value()
            code = 0 if work() else 2
        finally:
            os._exit(code)
    print("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    thread.join()
    import logging
    logging.getLogger("parent").setLevel("INFO")
    setting = threading.Thread(target=logging.getLogger, args=("other",))
    setting.start()
    setting.join(30)
    print(setting.is_alive())
    wait()
"""
    )
    check_script(source, "child 0\nFalse", timeout=60)


POOL = """
    import multiprocessing, sys, warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    from bocpy import Cown, start, wait, when

    class Thing:
        def __init__(self, n):
            self.n = n

    def helper(thing):
        return thing.n * 2

    def job(n):
        c = Cown(Thing(n))

        @when(c)
        def result(c):
            return helper(c.value)

        wait(60)
        return result.unwrap()

    if __name__ == "__main__":
        if sys.argv[2] == "running":
            start(2)
            before = when(Cown(1))(lambda c: c.value)
        with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
            print(pool.map(job, range(6)))
        print(job(10))
"""


@pytest.mark.parametrize("state", ["idle", "running"])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method, state):
    if method == "forkserver" and sys.platform == "darwin":
        pytest.skip("not on macOS")
    check_script(POOL, "[0, 2, 4, 6, 8, 10]\n20", method, state)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_process_with_a_target(method):
    source = """
        import multiprocessing, warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        from bocpy import Cown, start, wait, when

        def target(queue):
            c = Cown(1)
            when(c)(lambda c: setattr(c, "value", c.value + 1))
            wait(60)
            queue.put(c.unwrap())

        if __name__ == "__main__":
            start(2)
            context = multiprocessing.get_context("METHOD")
            queue = context.SimpleQueue()
            process = context.Process(target=target, args=(queue,))
            process.start()
            print(queue.get())
            process.join()
            print(process.exitcode)
            wait()
    """
    check_script(source.replace("METHOD", method), "2\n0")


def test_subprocesses_of_behaviors():
    source = """
        import subprocess, sys
        from bocpy import when, wait

        @when()
        def result():
            command = [sys.executable, "-c", "print('from a subprocess')"]
            return subprocess.run(command, capture_output=True, text=True).stdout.strip()

        wait()
        print(result.exception or result.unwrap())
    """
    # where workers may not fork or exec (as the configuration of their interpreters says), a clear error
    done = run_script(source)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("from a subprocess", "True")
