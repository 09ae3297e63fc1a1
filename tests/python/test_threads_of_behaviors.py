"""Threads that a behavior starts: as the main thread would start them."""

from support import BACKEND, check_script, interpreters_only, threads_only


def test_they_are_no_daemons_and_the_program_waits_for_them():
    check_script(
        """
        import threading
        import time

        from bocpy import wait, when


        def work():
            time.sleep(0.2)
            print("done", flush=True)


        @when()
        def _():
            thread = threading.Thread(target=work)
            print(thread.daemon)
            thread.start()


        wait()
        """,
        "False\ndone",
    )


def test_other_threads_that_python_has_not_started_are_daemons_as_ever():
    check_script(
        """
        import _thread
        import threading

        from bocpy import wait, when

        when()(lambda: None)
        wait()
        done = threading.Event()


        def look():
            print(threading.current_thread().daemon, type(threading.current_thread()).__name__)
            done.set()


        _thread.start_new_thread(look, ())
        done.wait()
        """,
        "True _DummyThread",
    )


@threads_only
def test_a_daemon_thread_on_the_threads_host():
    check_script(
        """
        import threading

        from bocpy import wait, when


        @when()
        def _():
            threading.Thread(target=threading.Event().wait, daemon=True).start()


        wait()
        print("ends")
        """,
        "ends",
    )


@interpreters_only
def test_a_daemon_thread_on_an_interpreter_is_refused_with_advice():
    check_script(
        """
        import threading

        from bocpy import wait, when


        def by_argument():
            threading.Thread(target=print, daemon=True)


        def by_attribute():
            thread = threading.Thread(target=print)
            assert not thread.daemon
            thread.daemon = True


        class OfItsOwn(threading.Thread):
            def __init__(self):
                super().__init__(daemon=True)


        results = [when()(body) for body in (by_argument, by_attribute, lambda: OfItsOwn())]
        wait()
        for result in results:
            try:
                result.unwrap()
            except RuntimeError as error:
                print(str(error).split(",")[0], "|", str(error).split(": ")[1][:23])
        """,
        "daemon threads are not allowed in the interpreter of a worker | leave out daemon=True (\n" * 3,
        env={"BOCPY_BACKEND": BACKEND},
        reports=3,
    )
