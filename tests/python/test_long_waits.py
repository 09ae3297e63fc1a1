"""A long wait for a value whose home keeps its GIL in one C call is reported, and the value arrives in the end."""

import contextlib
import inspect
import threading
import time

import support.hog
from bocpy import Cown
from support import interpreters_only, not_strict, outcome, pytest, start_script
from support.hog import Hog, hog_until_told

pytestmark = [interpreters_only, not_strict, pytest.mark.slow, pytest.mark.timeout(60)]


@pytest.fixture
def hog(runtime_stopped, tmp_path):
    """Ended before the workers are waited for, whatever happens."""
    hog = Hog(tmp_path / "hog.bytes")
    yield hog
    hog.end()


def put_list(c):
    c.value = [1]


def the_hog(path):
    """A body that hogs its worker."""

    def the_hog():
        hog_until_told(path)

    return the_hog


@contextlib.contextmanager
def another_thread(run):
    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join()


def test_a_behavior_that_waits_for_a_home_that_keeps_its_gil_says_so(crew, hog, capfd):
    home, other = crew.start(2)
    c = Cown(None)
    crew.run(home, put_list, c)
    crew.begin(home, the_hog(hog.path))
    hog.await_begin()
    asked = crew.begin(other, lambda c: c.value, c)
    told = ""
    while "has waited" not in told:
        time.sleep(0.05)
        told += capfd.readouterr().err
    hog.end()
    crew.await_return(home, other)
    crew.dismiss()
    assert "the_hog" in told
    assert outcome(asked) == [1]


def test_main_says_so_as_well(crew, hog, capfd):
    home, _ = crew.start(2)
    c = Cown(None)
    crew.run(home, put_list, c)
    crew.begin(home, the_hog(hog.path))
    hog.await_begin()
    got, told = [], []

    def listen():
        while not (got or "has waited" in "".join(told)):
            time.sleep(0.05)
            told.append(capfd.readouterr().err)
        hog.end()

    with another_thread(listen):
        with c:
            got.append(c.value)
    crew.await_return(home)
    crew.dismiss()
    assert got == [[1]]
    assert "has waited" in "".join(told) and "the_hog" in "".join(told)


def test_a_program_is_told_while_it_waits(hog, tmp_path):
    """The notice is there while the wait lasts, not after it."""
    process = start_script(
        """
        import sys
        from bocpy import Cown, quiesce, start, wait, when
        from hog import hog_until_told

        start(1)
        c = Cown(None)
        path = sys.argv[1]

        @when(c)
        def _(c):
            c.value = {"n": 1}

        quiesce()

        @when()
        def the_hog():
            hog_until_told(path)

        sys.stdin.readline()
        with c:
            print(c.value)
        wait()
        """,
        hog.path,
        folder=tmp_path,
        files={"hog.py": inspect.getsource(support.hog)},
    )
    try:
        hog.await_begin()
        process.stdin.write("now\n")
        process.stdin.flush()
        told = ""
        while "has waited" not in told:
            line = process.stderr.readline()
            assert line, f"the program ended, and had told only: {told}"
            told += line
        hog.end()
        out, err = process.communicate()
    finally:
        hog.end()
        process.kill()
        process.communicate()
    assert "the_hog" in told + err
    assert (out, process.returncode) == ("{'n': 1}\n", 0)


def test_a_short_wait_is_not_told(crew, hog, capfd):
    home, other = crew.start(2)
    c = Cown(None)
    crew.run(home, put_list, c)
    crew.begin(home, the_hog(hog.path))
    hog.await_begin()
    asked = crew.begin(other, lambda c: c.value, c)
    hog.end()
    crew.await_return(home, other)
    crew.dismiss()
    assert outcome(asked) == [1]
    assert "has waited" not in capfd.readouterr().err
