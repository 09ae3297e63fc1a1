"""What behaviors write, log and warn of arrives in the main program; what the program sets is followed by behaviors."""

import contextlib
import io
import logging
import os
import sys
import threading
import warnings

from bocpy import Cown, quiesce, start, wait, when
from support import check_script, interpreters_only, outcome, pytest, run_script

# -- output


def test_print_follows_a_redirected_stdout():
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):

        @when()
        def _():
            print("a line")
            print("parts", "of", "a", "line", sep="-", end="")
            print(" go on")
            print("to stderr", file=sys.stderr)

        quiesce()
        assert out.getvalue() == "a line\nparts-of-a-line go on\n"
        assert err.getvalue() == "to stderr\n"

        @when()
        def _():
            print("no end of line", end="")

        wait()
    assert out.getvalue().endswith("no end of line")


def test_output_is_captured_by_pytest(capsys):
    when()(lambda: print("to be captured"))
    wait()
    assert capsys.readouterr().out == "to be captured\n"


@pytest.mark.skipif(not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="print writes a line in parts")
def test_the_lines_of_a_behavior_are_in_order_and_whole():
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        for name in "abc":

            @when()
            def _():
                for n in range(300):
                    print(name, n, "x" * 20)

        wait()
    lines = [line.split() for line in out.getvalue().splitlines()]
    assert len(lines) == 900
    for name in "abc":
        own = [line for line in lines if line[0] == name]
        assert own == [[name, str(n), "x" * 20] for n in range(300)]


def test_output_is_out_when_it_has_been_flushed():
    out = io.StringIO()
    c = Cown(None)
    with contextlib.redirect_stdout(out), c:

        @when()
        def first():
            print("begins", end="", flush=True)

        @when(first)
        def seen(first):
            pass

        quiesce()
        assert out.getvalue() == "begins"
    wait()


def test_a_stdout_that_is_none_swallows_output():
    done = run_script("""
        import sys
        from bocpy import wait, when

        sys.stdout = None
        when()(lambda: print("nowhere"))
        wait()
        sys.stdout = sys.__stdout__
        when()(lambda: print("here"))
        wait()
    """)
    assert (done.stdout, done.stderr, done.returncode) == ("here\n", "", 0)


def test_output_at_the_end_of_the_program_is_not_lost():
    check_script(
        """
        import atexit, sys
        from bocpy import when

        atexit.register(lambda: when()(lambda: print("of atexit")))

        def many():
            for n in range(1000):
                print(n)

        when()(many)
    """,
        "\n".join([*map(str, range(1000)), "of atexit"]),
    )


def test_a_stdout_that_fails_does_not_stop_the_program():
    done = run_script("""
        import sys
        from bocpy import wait, when

        class Broken:
            def write(self, text):
                raise OSError("full")
            def flush(self):
                pass

        sys.stdout = Broken()
        result = when()(lambda: print("lost"))
        wait()
        sys.stdout = sys.__stdout__
        print("end")
    """)
    assert (done.stdout, done.returncode) == ("end\n", 0), done.stderr
    assert "full" in done.stderr


def test_the_stream_of_a_worker_is_a_text_file():
    def look():
        file = sys.stdout
        with pytest.raises(TypeError):
            file.write(b"bytes")
        file.buffer.flush()
        return file.writable(), file.encoding.lower(), isinstance(file.fileno(), int), file.isatty(), file.write("")

    done = run_script("""
        import sys
        from bocpy import quiesce, when

        @when()
        def result():
            file = sys.stdout
            try:
                file.write(b"bytes")
            except TypeError as error:
                said = str(error)
            file.writelines(["one\\n", "two\\n"])
            return file.writable(), file.encoding.lower(), file.fileno(), file.isatty(), file.write("abc\\n"), said[:10]

        quiesce()
        print(result.unwrap())
    """)
    assert done.stdout == "one\ntwo\nabc\n(True, 'utf-8', 1, False, 4, 'write() ar')\n", done.stderr
    assert look


# -- log records


class Records(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)


@pytest.fixture
def records():
    handler = Records()
    logger = logging.getLogger("bocpy_test")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler.records
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def test_log_records_arrive_in_the_handlers_of_main(records):
    @when()
    def _():
        logger = logging.getLogger("bocpy_test.part")
        logger.info("%s and %d", "text", 5, extra={"user": {"name": "x"}})
        logger.debug("too low")
        try:
            {}["missing"]
        except KeyError:
            logger.exception("failed", stack_info=True)

    quiesce()
    first, second = records
    assert (first.name, first.levelname, first.getMessage(), first.user) == (
        "bocpy_test.part",
        "INFO",
        "text and 5",
        {"name": "x"},
    )
    assert (first.filename, first.funcName) == ("test_relay.py", "_")
    assert first.threadName != threading.current_thread().name
    assert second.exc_info[0] is KeyError and second.exc_info[1].args == ("missing",)
    text = logging.Formatter().format(second)
    assert "KeyError: 'missing'" in text and '{}["missing"]' in text and "Stack (most recent call last)" in text


def test_levels_are_those_of_main_at_any_time(records):
    logger = logging.getLogger("bocpy_test")

    def log(n):
        own = logging.getLogger("bocpy_test")
        own.debug("debug %d", n)
        own.warning("warning %d", n)
        return own.isEnabledFor(logging.DEBUG)

    assert outcome(when()(lambda: log(1))) is False
    logger.setLevel(logging.DEBUG)
    assert outcome(when()(lambda: log(2))) is True
    logging.disable(logging.CRITICAL)
    try:
        assert outcome(when()(lambda: log(3))) is False
    finally:
        logging.disable(logging.NOTSET)
    logger.setLevel(logging.ERROR)
    assert outcome(when()(lambda: log(4))) is False
    assert [record.getMessage() for record in records] == ["warning 1", "debug 2", "warning 2"]


def test_where_a_level_is_off_no_record_is_made(records):
    class Shown:
        def __str__(self):
            raise AssertionError("nobody is to see it")

    @when()
    def made():
        logger = logging.getLogger("bocpy_test.part")
        records = []
        logger.addFilter(lambda record: records.append(record) or True)
        try:
            logger.debug("%s", Shown())
            return len(records)
        finally:
            logger.filters.clear()

    assert outcome(made) == 0
    assert records == []


def test_nothing_is_logged_twice_and_nothing_is_lost(tmp_path):
    check_script(
        """
        import logging, sys
        import configured
        from bocpy import Cown, wait, when

        def log(n):
            configured.logger.warning("record %d", n)

        c = Cown(0)
        for n in range(200):
            when(c)(lambda c: log(n))
        wait()
        lines = open("log.txt").read().splitlines()
        print(len(lines), lines[0], lines[-1])
    """,
        "200 WARNING record 0 WARNING record 199",
        files={
            "configured.py": """
                import logging

                logger = logging.getLogger("configured")
                handler = logging.FileHandler("log.txt")
                handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
                logger.addHandler(handler)
            """
        },
    )


def test_handlers_that_a_behavior_adds_are_called_there(records):
    @when()
    def result():
        text = io.StringIO()
        handler = logging.StreamHandler(text)
        logger = logging.getLogger("bocpy_test.own")
        logger.addHandler(handler)
        logger.warning("both")
        logger.propagate = False
        logger.warning("only here")
        logger.propagate = True
        logger.removeHandler(handler)
        logger.warning("only there")
        return text.getvalue()

    assert outcome(result) == "both\nonly here\n"
    assert [record.getMessage() for record in records] == ["both", "only there"]


def test_logging_without_configuration_is_as_in_main():
    done = run_script("""
        import logging
        from bocpy import wait, when

        @when()
        def _():
            logging.getLogger("any").info("no")
            logging.getLogger("any").warning("yes")

        wait()
    """)
    assert (done.stdout, done.stderr, done.returncode) == ("", "yes\n", 0)


def test_what_a_record_cannot_take_along_is_its_text(records):
    @when()
    def _():
        error = ValueError("with a lock")
        error.lock = threading.Lock()
        logging.getLogger("bocpy_test").error("text", extra={"lock": threading.Lock(), "n": 5}, exc_info=error)

    quiesce()
    (record,) = records
    assert record.n == 5 and "lock" in repr(record.lock)
    assert record.exc_info[1].args == ("with a lock",)


def test_functions_of_logging_log_once():
    """They add a handler where there is none, as there is none on a worker."""
    check_script(
        """
        import logging, sys
        from bocpy import wait, when

        logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")

        @when()
        def _():
            logging.info("one")
            logging.basicConfig()
            logging.warning("two")

        wait()
        """,
        "one\ntwo",
    )


def test_functions_of_logging_add_the_usual_handler_to_main():
    done = run_script("""
        import logging
        from bocpy import wait, when

        when()(lambda: logging.warning("as usual"))
        wait()
        print(len(logging.root.handlers))
    """)
    assert (done.stdout, done.stderr, done.returncode) == ("1\n", "WARNING:root:as usual\n", 0)


def test_names_of_levels_follow():
    logging.addLevelName(27, "EARLY")
    try:
        first = when()(lambda: logging.getLevelName(27))
        quiesce()
        logging.addLevelName(28, "LATE")
        second = when()(lambda: (logging.getLevelName(28), logging.getLevelName("LATE"), logging.getLevelName(20)))
        wait()
        assert (first.unwrap(), second.unwrap()) == ("EARLY", ("LATE", 28, "INFO"))
    finally:
        for level, name in ((27, "EARLY"), (28, "LATE")):
            logging._levelToName.pop(level, None)
            logging._nameToLevel.pop(name, None)


# -- warnings


def test_filters_of_categories_of_the_program_and_its_modules():
    check_script(
        """
        import warnings

        import noisy
        from bocpy import wait, when

        class Annoying(UserWarning):
            pass

        class VeryAnnoying(Annoying):
            pass

        warnings.simplefilter("always")
        warnings.simplefilter("error", Annoying)
        warnings.simplefilter("ignore", noisy.Noisy)

        def raises(category):
            try:
                warnings.warn("said", category)
            except category as error:
                return str(error)

        result = when()(lambda: [raises(Annoying), raises(VeryAnnoying), raises(noisy.Noisy)])
        wait()
        print(result.unwrap())
        """,
        "['said', 'said', None]",
        files={"noisy.py": "class Noisy(UserWarning):\n    pass"},
    )


def test_warnings_arrive_in_main():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        wait()
        start(1)

        @when()
        def _():
            warnings.warn("careful", UserWarning, stacklevel=1)
            warnings.warn("old", DeprecationWarning, stacklevel=1)

        wait()
    assert [(str(w.message), w.category, os.path.basename(w.filename)) for w in caught] == [
        ("careful", UserWarning, "test_relay.py"),
        ("old", DeprecationWarning, "test_relay.py"),
    ]


def test_filters_of_warnings_are_those_at_the_start():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wait()
        start(1)

        @when()
        def result():
            warnings.warn("careful", UserWarning, stacklevel=1)

        quiesce()
        with pytest.raises(UserWarning, match="careful"):
            result.unwrap()
        wait()


# -- settings


def test_the_environment_is_followed(monkeypatch):
    start(2)
    key = "BOCPY_TEST_SETTING"

    def read():
        return os.environ.get(key), os.getenv(key), key in os.environ

    assert outcome(when()(read)) == (None, None, False)
    monkeypatch.setenv(key, "é")
    assert outcome(when()(read)) == ("é", "é", True)
    os.environ.update({key: "2"})
    for _ in range(10):
        assert outcome(when()(read)) == ("2", "2", True)
    monkeypatch.delenv(key)
    assert outcome(when()(read)) == (None, None, False)
    os.environ[key] = "kept"
    wait()
    assert outcome(when()(read)) == ("kept", "kept", True)


@pytest.mark.skipif(sys.platform == "win32", reason="it has no time.tzset() and no umask like this")
def test_settings_of_the_process_are_seen_by_all(tmp_path):
    check_script(
        f"""
        import locale, os, time
        from bocpy import quiesce, start, when

        def seen():
            mask = os.umask(0o022)
            os.umask(mask)
            return locale.setlocale(locale.LC_CTYPE), time.localtime(0).tm_hour, os.path.realpath("."), oct(mask)

        def of_a_behavior():
            result = when()(seen)
            quiesce()
            return result.unwrap()

        start(1)
        before = of_a_behavior()
        locale.setlocale(locale.LC_CTYPE, "POSIX" if locale.setlocale(locale.LC_CTYPE) == "C" else "C")
        os.environ["TZ"] = "XXX-5"
        time.tzset()
        os.chdir({str(tmp_path)!r})
        os.umask(0o077)
        print(of_a_behavior() == seen(), seen()[1:] == (5, os.path.realpath({str(tmp_path)!r}), "0o77"))
        """,
        "True True",
    )


def test_a_module_on_a_later_path_is_found():
    check_script(
        """
        import sys
        from pathlib import Path
        from bocpy import quiesce, start, when

        start(2)
        sys.path.append(str(Path(__file__).parent / "later"))
        import late_module

        @when()
        def result():
            import late_module
            return late_module.answer()

        other = when()(lambda: late_module.answer())
        quiesce()
        print(result.unwrap(), other.unwrap())
    """,
        "42 42",
        files={"later/late_module.py": "def answer():\n    return 42\n"},
    )


def test_a_module_that_is_nowhere_is_the_usual_error():
    @when()
    def result():
        import no_such_module_anywhere  # noqa: F401

    quiesce()
    with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
        result.unwrap()


def test_limits_of_libraries_are_those_of_the_start():
    check_script(
        """
        import csv, socket, sys
        from bocpy import wait, when

        csv.field_size_limit(12345)
        socket.setdefaulttimeout(3.5)
        sys.set_int_max_str_digits(5000)

        def limits():
            return csv.field_size_limit(), socket.getdefaulttimeout(), len(str(10**4990))

        first = when()(limits)
        wait()
        csv.field_size_limit(54321)
        second = when()(limits)
        wait()
        print(first.unwrap(), second.unwrap())
        """,
        "(12345, 3.5, 4991) (54321, 3.5, 4991)",
    )


def test_the_recursion_limit_is_that_of_the_start():
    check_script(
        """
        import sys
        from bocpy import quiesce, when

        sys.setrecursionlimit(5000)

        def deep(n):
            return deep(n - 1) + 1 if n else 0

        result = when()(lambda: deep(3000))
        quiesce()
        print(result.unwrap())
    """,
        "3000",
    )


@interpreters_only
def test_a_fork_and_a_second_start_keep_the_relay():
    done = run_script("""
        import os, sys, warnings
        from bocpy import quiesce, start, wait, when
        warnings.simplefilter("ignore", DeprecationWarning)

        start(1)
        when()(lambda: print("before"))
        quiesce()
        pid = os.fork()
        if pid == 0:
            when()(lambda: print("child"))
            wait()
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(pid, 0)
        when()(lambda: print("parent"))
        wait()
        when()(lambda: print("again"))
        wait()
    """)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.splitlines() == ["before", "child", "parent", "again"]
