"""Globals of ``__main__`` that cannot be sent to a worker, are nowhere, or had better not be sent."""

import itertools
import sys
import threading

from bocpy import Cown, quiesce, when
from support import check_script, interpreters_only, pytest, run_script, usual_ways


@usual_ways
def test_a_global_that_cannot_be_sent_does_no_harm_unused(how):
    source = """
        import threading
        from bocpy import Cown, wait, when

        LOCK = threading.Lock()
        generator = (n for n in range(3))

        def never():
            return LOCK

        @when(Cown(1))
        def result(c):
            if c.value > 1:
                LOCK.acquire()
                return next(generator), never()
            return "fine"

        wait()
        print(result.unwrap())
    """
    check_script(source, "fine", how=how)


@interpreters_only
@usual_ways
def test_a_global_that_cannot_be_sent_says_why_where_it_is_used(how):
    source = """
        import threading
        from bocpy import wait, when

        LOCK = threading.Lock()

        def helper():
            return LOCK

        @when()
        def direct():
            return LOCK.locked()

        @when()
        def indirect():
            return helper()

        wait()
        for result in direct, indirect:
            said = str(result.value)
            print(result.exception, type(result.value).__name__, "LOCK" in said, "lock" in said)
    """
    check_script(source, "True NameError True True\nTrue NameError True True", how=how, reports=2)


@usual_ways
def test_a_name_that_is_nowhere_is_the_usual_error(how):
    source = """
        from bocpy import wait, when

        @when()
        def result():
            return no_such_name

        wait()
        print(result.exception, type(result.value).__name__, "no_such_name" in str(result.value))
    """
    check_script(source, "True NameError True", how=how, reports=1)


@interpreters_only
def test_a_mutable_global_over_a_megabyte_warns_once():
    source = """
        import warnings
        from bocpy import wait, when

        BIG = [float(n) for n in range(300_000)]

        def total():
            return sum(BIG)

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results = [when()(total) for _ in range(5)]
            again = when()(lambda: len(BIG))
        wait()
        print(len({r.unwrap() for r in results}), again.unwrap(), len(caught))
        for w in caught:
            text = str(w.message)
            print(issubclass(w.category, (RuntimeWarning, UserWarning)), "BIG" in text, "cown" in text.lower())
    """
    check_script(source, "1 300000 1\nTrue True True")


def test_an_immutable_or_small_global_does_not_warn():
    source = """
        import warnings
        from bocpy import wait, when

        TEXT = "x" * 3_000_000
        DATA = b"x" * 3_000_000
        SMALL = [1] * 1000

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results = [when()(lambda: (len(TEXT), len(DATA), len(SMALL))) for _ in range(3)]
        wait()
        print(results[2].unwrap(), [str(w.message) for w in caught])
    """
    check_script(source, "(3000000, 3000000, 1000) []")


@interpreters_only
@pytest.mark.parametrize("mode", ["r", "w+", "rb", "ab", "rb+"])
def test_an_open_file_is_refused_by_name(mode, tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("text")
    with open(path, mode) as file:
        for value in (file, [file], {"log": file}):
            with pytest.raises(TypeError, match=r"open file, .*data\.txt.*move its path"):
                Cown(value)

        @when(Cown(str(path)))
        def opened(path):
            with open(path.value) as again:
                return again.read()

        with pytest.raises(TypeError, match="open file"):
            when()(lambda: file.name)
        quiesce()
        assert opened.unwrap() in ("text", "")


def test_standard_files_are_those_of_the_behavior():
    done = run_script("""
        import sys
        from bocpy import Cown, wait, when

        OUT = sys.stdout

        @when(Cown({"file": sys.stdout}))
        def _(c):
            print("one", file=OUT)
            print("two", file=c.value["file"])

        wait()
    """)
    assert (done.stdout, done.stderr, done.returncode) == ("one\ntwo\n", "", 0)


@interpreters_only
@pytest.mark.parametrize(
    ("make", "advice"),
    [
        ("(n for n in range(3))", "Give a list of its items instead"),
        ("[1, (n for n in range(3))]", "Give a list of its items instead"),
        ("threading.Lock()", "Behaviors need none"),
        ("{'lock': threading.RLock()}", "Behaviors need none"),
        ("socket.socket()", "Open it in the behavior that uses it"),
        ("threading.Condition()", "Behaviors need none"),
        ("queue.Queue()", "Use send() and receive()"),
        ("queue.SimpleQueue()", "Use send() and receive()"),
        ("concurrent.futures.Future()", "Give its result instead"),
        ("concurrent.futures.ThreadPoolExecutor(1)", "Keep it where it was started"),
        ("future()", "Give its result instead"),
        ("re.match('a', 'a')", "match.group()"),
        ("re.finditer('a', 'a')", "Give a list of its items instead"),
        ("os.scandir('.')", "Give a list of its items instead"),
        ("csv.reader(['a'])", "Give a list of its items instead"),
        ("csv.writer(io.StringIO())", "Make it in the behavior that uses it"),
        ("sqlite3.connect(':memory:').execute('select 1')", "fetchall()"),
        ("row()", "tuple(row)"),
        ("contextvars.copy_context()", "Behaviors see the context variables"),
        ("threading.local()", "Use a context variable"),
        ("weakref.ref(row)", "Give the object itself"),
        ("agen()", "async for"),
        ("hashlib.sha256()", "Give its digest"),
        ("sys._getframe()", "traceback.format_exc()"),
    ],
)
def test_what_cannot_be_a_result_comes_with_advice(make, advice):
    check_script(
        f"""
        import asyncio, concurrent.futures, contextvars, csv, hashlib, io, os, queue, re
        import socket, sqlite3, sys, threading, weakref
        from bocpy import Cown, quiesce, wait, when

        def future():
            loop = asyncio.new_event_loop()
            made = loop.create_future()
            loop.close()
            return made

        def row():
            connection = sqlite3.connect(":memory:")
            connection.row_factory = sqlite3.Row
            return connection.execute("select 1").fetchone()

        async def agen():
            yield 1

        @when()
        def result():
            return {make}

        quiesce()
        try:
            result.unwrap()
        except TypeError as error:
            print({advice!r} in str(error))
        try:
            Cown({make})
        except TypeError as error:
            print({advice!r} in str(error))

        @when(result)
        def _(result):
            result.value = None
        """,
        "True\nTrue",
    )


@interpreters_only
@pytest.mark.skipif(sys.version_info < (3, 14), reason="they can be pickled there")
@pytest.mark.parametrize("make", ["itertools.chain([1])", "itertools.count()", "itertools.groupby([1])"])
def test_iterators_that_cannot_be_sent_come_with_advice(make):
    with pytest.raises(TypeError, match="Give a list of its items instead"):
        Cown(eval(make, {"itertools": itertools}))


@interpreters_only
def test_a_class_of_the_program_gets_no_advice_for_another():
    class Match:
        def __reduce__(self):
            raise TypeError("not this one")

    with pytest.raises(TypeError, match="not this one$"):
        Cown(Match())


@interpreters_only
def test_a_global_that_cannot_be_sent_comes_with_advice():
    check_script(
        """
        from bocpy import quiesce, when

        items = (n for n in range(3))


        @when()
        def result():
            return sum(items)


        quiesce()
        try:
            result.unwrap()
        except NameError as error:
            print("Give a list of its items instead" in str(error))
        """,
        "True",
    )


@interpreters_only
@pytest.mark.parametrize(
    ("definition", "part"),
    [
        ("class Thing:\n    name, guard = 'x', LOCK", "guard"),
        ("class Thing:\n    tables = {'a': [LOCK]}", "tables"),
        ("def Thing(a=1, lock=LOCK): pass", "lock"),
        ("def Thing(*, lock=LOCK): pass", "lock"),
        ("def around(lock): return lambda: lock\nThing = around(LOCK)", "lock"),
        ("def Thing(): pass\nThing.lock = LOCK", "lock"),
    ],
)
def test_the_part_of_a_definition_that_cannot_be_sent_is_named_with_what_would_help(definition, part):
    done = run_script(
        f"""
import threading
from bocpy import wait, when

LOCK = threading.Lock()
{definition}
used = when()(lambda: Thing)
wait()
assert used.exception
print(used.value)
""",
    )
    assert done.stdout.startswith("name 'Thing' is not available in this behavior: "), done.stderr
    assert f"(the part of type '_thread.lock', in '{part}'). Behaviors need none" in done.stdout
    assert "In a module of its own it could be imported there" in done.stdout


@interpreters_only
def test_the_part_of_a_value_that_cannot_be_sent_is_named():
    class Account:
        def __init__(self):
            self.owner = "Ann"
            self.lock = threading.Lock()

    with pytest.raises(TypeError, match=r"the part of type '_thread\.lock', in 'lock'"):
        Cown(Account())
