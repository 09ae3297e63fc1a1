"""Globals of ``__main__`` that cannot be sent to a worker, are nowhere, or had better not be sent."""

from support import check_script, interpreters_only, usual_ways


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
    check_script(source, "True NameError True True\nTrue NameError True True", how=how)


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
    check_script(source, "True NameError True", how=how)


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
