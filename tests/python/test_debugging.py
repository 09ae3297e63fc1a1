"""Debuggers in behaviors: see docs/debugging.md."""

import os
import signal

from support import BACKEND, pytest, start_script
from support.scripts import finish


def test_a_breakpoint_in_a_behavior_reads_from_standard_input(tmp_path):
    source = """
        from bocpy import Cown, start, wait, when

        start(1)

        @when(Cown(41))
        def stops(c):
            number = c.value
            breakpoint()
            return number

        wait()
        print("result", stops.value)
    """
    process = start_script(source, folder=tmp_path)
    done = finish(process, feed="p number + 1\nnumber = 5\nc\n")
    assert (done.stderr, done.returncode) == ("", 0)
    assert "(Pdb) 42" in done.stdout
    assert done.stdout.endswith("result 5\n")


@pytest.mark.skipif(not hasattr(signal, "SIGUSR2"), reason="POSIX signals")
def test_faulthandler_shows_the_threads_of_the_main_interpreter(tmp_path):
    source = """
        import faulthandler, os, signal, sys
        from bocpy import Cown, start, wait, when

        faulthandler.register(signal.SIGUSR2, file=sys.stdout, all_threads=True)
        reading, writing = os.pipe()
        arrived, arrive = os.pipe()
        start(1)

        @when(Cown(1))
        def blocks(c):
            os.write(arrive, b".")
            os.read(reading, 1)

        os.read(arrived, 1)
        print("waiting", flush=True)
        os.read(0, 1)
        os.write(writing, b".")
        wait()
    """
    process = start_script(source, folder=tmp_path)
    assert process.stdout.readline() == "waiting\n"
    os.kill(process.pid, signal.SIGUSR2)
    told = ""
    while "in <module>" not in told:  # it is the end of what is told of the main thread
        line = process.stdout.readline()
        assert line, told
        told += line
    process.stdin.write("\n")
    process.stdin.flush()
    done = finish(process)
    assert (done.stderr, done.returncode) == ("", 0)
    assert ("in blocks" in told) == (BACKEND == "threads")
