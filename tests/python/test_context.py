"""Context variables: a behavior sees those that were set where it was scheduled, and leaves none behind."""

import contextvars
import decimal
import gc
import threading
import weakref

from bocpy import Cown, quiesce, wait, when, whencall
from support import check_script, interpreters_only, pytest, threads_only

REQUEST = contextvars.ContextVar("REQUEST", default="none")
TAGS = contextvars.ContextVar("TAGS")
HANDLE = contextvars.ContextVar("HANDLE", default=None)


class Owner:
    """Has a variable that no global refers to."""

    variable = contextvars.ContextVar("variable", default="of the class")


def in_new_context(f, *args):
    return contextvars.Context().run(f, *args)


def result_of(body, *cowns):
    """What a behavior that is scheduled now returns."""
    result = when(*cowns)(body)
    quiesce()
    return result.unwrap()


def request():
    return REQUEST.get()


def test_a_behavior_sees_what_was_set_when_it_was_scheduled():
    def program():
        results = [when()(request)]
        for name in ("first", "second"):
            REQUEST.set(name)
            results += [when()(request), whencall(request, [])]
        REQUEST.set("later")
        wait()
        return [result.unwrap() for result in results]

    assert in_new_context(program) == ["none", "first", "first", "second", "second"]


@pytest.mark.parametrize(
    "value", ["text", 10**30, 2.5, b"bytes", None, (1, ("a", "b")), [1, {"k": [2]}], {"a": {1, 2}}]
)
def test_values(value):
    def program():
        TAGS.set(value)
        return result_of(lambda: TAGS.get())

    assert in_new_context(program) == value


def test_a_value_that_has_changed_is_seen_as_it_was_at_scheduling():
    def program():
        tags = []
        TAGS.set(tags)
        results = []
        for n in range(3):
            tags.append(n)
            results.append(when()(lambda: list(TAGS.get())))
            quiesce()
        return [result.unwrap() for result in results]

    assert in_new_context(program) == [[0], [0, 1], [0, 1, 2]]


def test_what_a_body_sets_is_gone_after_it():
    def body():
        REQUEST.set("of the body")
        TAGS.set("of the body")
        return REQUEST.get()

    def look():
        return REQUEST.get(), TAGS.get("no tags")

    def program():
        results = [result_of(look)]
        for name in ("none", "outside"):
            if name != "none":
                REQUEST.set(name)
            for _ in range(3):
                assert result_of(body) == "of the body"
                results.append(result_of(look))
        return results, look()

    unset, outside = ("none", "no tags"), ("outside", "no tags")
    assert in_new_context(program) == ([unset] * 4 + [outside] * 3, outside)


def test_it_is_gone_after_a_body_that_fails():
    def body():
        REQUEST.set("of the body")
        raise ValueError("failed")

    def program():
        for name in ("none", "outside"):
            if name != "none":
                REQUEST.set(name)
            failed = when()(body)
            quiesce()
            with pytest.raises(ValueError, match="failed"):
                failed.unwrap()
            assert result_of(request) == name

    in_new_context(program)


def test_behaviors_inherit_from_behaviors():
    def inner():
        return REQUEST.get(), TAGS.get("no tags")

    def outer():
        before = when()(inner)
        REQUEST.set("of the body")
        TAGS.set("of the body")
        return before, when()(inner)

    def program():
        REQUEST.set("outside")
        before, after = result_of(outer)
        return before.unwrap(), after.unwrap()

    assert in_new_context(program) == (("outside", "no tags"), ("of the body", "of the body"))


def test_a_context_that_is_run_in_a_body_is_passed_on():
    def outer():
        context = contextvars.copy_context()
        context.run(REQUEST.set, "inside")
        return context.run(when(), request), when()(request)

    def program():
        inside, outside = result_of(outer)
        return inside.unwrap(), outside.unwrap()

    assert in_new_context(program) == ("inside", "none")


def test_a_token_is_of_one_context():
    def body(token):
        token.value = None
        try:
            REQUEST.reset(REQUEST.set("inside"))
        except ValueError as error:
            return str(error)
        return REQUEST.get()

    def program():
        REQUEST.set("outside")
        return result_of(body, Cown(None))

    assert in_new_context(program) == "outside"


@threads_only
def test_a_token_of_another_context_is_refused():
    def program():
        token = REQUEST.set("outside")

        def body():
            with pytest.raises(ValueError, match="different Context"):
                REQUEST.reset(token)

        return result_of(body)

    in_new_context(program)


def test_a_variable_is_one_object_everywhere():
    def body():
        return REQUEST, Owner.variable.get()

    variable, text = result_of(body)
    assert variable is REQUEST
    assert text == "of the class"


def test_a_variable_that_only_a_closure_knows():
    variable = contextvars.ContextVar("variable", default="default")

    def body():
        return variable.get()

    def program():
        results = [result_of(body)]
        variable.set("set")
        # The first one is sent before anybody has named the variable.
        results.append(result_of(body))
        return results

    assert in_new_context(program) == ["default", "set"]


def test_a_variable_that_is_named_only_later():
    variable = contextvars.ContextVar("variable")

    def program():
        variable.set("set")
        assert result_of(request) == "none"

        def body():
            return variable.get("not set")

        result_of(body)
        return result_of(body)

    assert in_new_context(program) == "set"


def test_a_variable_of_a_class():
    def program():
        Owner.variable.set("set")
        return result_of(lambda: Owner.variable.get())

    assert in_new_context(program) == "set"


def test_a_value_that_cannot_be_moved_is_not_set():
    def body():
        return type(HANDLE.get()).__name__, REQUEST.get()

    def program():
        HANDLE.set(threading.Lock())
        results = []
        for name in ("first", "second"):
            REQUEST.set(name)
            results.append(result_of(body))
        return results

    kind = in_new_context(program)[0][0]
    assert kind in ("lock", "NoneType")
    assert in_new_context(program) == [(kind, "first"), (kind, "second")]


@interpreters_only
def test_a_value_that_cannot_be_moved_is_not_kept_alive():
    class Session:
        def __reduce__(self):
            raise TypeError("not to be moved")

    session = Session()
    gone = weakref.ref(session)
    context = contextvars.Context()
    context.run(HANDLE.set, session)
    assert context.run(result_of, request) == "none"
    del session, context
    gc.collect()
    assert gone() is None


def test_a_value_is_an_instance_of_the_class_that_the_program_has():
    def body():
        tags = TAGS.get()
        return isinstance(tags, Tagged), tags.name

    def program():
        TAGS.set(Tagged("it"))
        return result_of(body)

    assert in_new_context(program) == (True, "it")


class Tagged:
    """A value of a variable."""

    def __init__(self, name):
        self.name = name


def test_a_cown_as_a_value():
    def program():
        TAGS.set(Cown(1))

        def body():
            @when(TAGS.get())
            def _(number):
                number.value += 1

        when()(body)
        wait()
        return TAGS.get().unwrap()

    assert in_new_context(program) == 2


# -- decimal


def third():
    return str(decimal.Decimal(1) / 3)


def test_decimal_has_the_precision_of_where_it_was_scheduled():
    def program():
        results = [result_of(third)]
        decimal.getcontext().prec = 6
        results.append(result_of(third))
        with decimal.localcontext() as context:
            context.prec = 3
            results.append(result_of(third))
        decimal.getcontext().rounding = decimal.ROUND_UP
        results.append(result_of(third))
        return results

    assert in_new_context(program) == ["0." + "3" * 28, "0.333333", "0.333", "0.333334"]


def test_what_a_body_sets_in_decimal_is_gone_after_it():
    def body():
        decimal.getcontext().prec = 2
        return third()

    def program():
        results = [result_of(body), result_of(third)]
        decimal.getcontext().prec = 6
        results += [result_of(body), result_of(third), third()]
        return results

    assert in_new_context(program) == ["0.33", "0." + "3" * 28, "0.33", "0.333333", "0.333333"]


def test_signals_of_decimal_are_not_those_of_the_program():
    def body():
        before = decimal.getcontext().flags[decimal.Inexact]
        third()
        return before, decimal.getcontext().flags[decimal.Inexact]

    def program():
        decimal.getcontext().prec = 6
        third()
        assert result_of(body) == (False, True)
        decimal.getcontext().clear_flags()
        assert result_of(body) == (False, True)
        return decimal.getcontext().flags[decimal.Inexact]

    assert in_new_context(program) is False


# -- programs

TRACING = """
import contextvars
import logging
import sys

request = contextvars.ContextVar("request", default="-")


class AddRequest(logging.Filter):
    def filter(self, record):
        record.request = request.get()
        return True


log = logging.getLogger("app")
log.addFilter(AddRequest())
"""


def test_a_filter_of_logging_that_adds_the_request():
    check_script(
        """
        import logging
        import sys

        from bocpy import Cown, wait, when
        from tracing import log, request

        logging.basicConfig(format="%(request)s %(message)s", stream=sys.stdout, level=logging.INFO)
        balance = Cown(0)

        def handle(name):
            request.set(name)

            @when(balance)
            def _(balance):
                balance.value += 1
                log.info("paid %s", balance.value)

                @when()
                def _():
                    log.info("sent")

            wait()

        handle("first")
        handle("second")
        """,
        """
        first paid 1
        first sent
        second paid 2
        second sent
        """,
        files={"tracing.py": TRACING},
    )


def test_a_filter_of_a_handler_and_of_a_program():
    check_script(
        """
        import contextvars
        import logging
        import sys

        from bocpy import wait, when

        request = contextvars.ContextVar("request", default="-")
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter("%(request)s %(message)s"))


        def add_request(record):
            record.request = request.get()
            return True


        handler.addFilter(add_request)
        logging.root.addHandler(handler)
        for name in ("first", "second"):
            request.set(name)
            when()(lambda: logging.warning("logged"))
            wait()
        logging.warning("here")
        """,
        """
        first logged
        second logged
        second here
        """,
    )


def test_a_module_that_workers_cannot_import():
    check_script(
        """
        import main_only
        from bocpy import wait, when
        from tracing import request

        main_only.variable.set("set")
        request.set("first")
        results = [when()(lambda: request.get()) for _ in range(3)]
        wait()
        print([result.unwrap() for result in results])
        """,
        "['first', 'first', 'first']",
        files={
            "tracing.py": TRACING,
            "main_only.py": """
                import contextvars
                import threading

                if threading.current_thread() is not threading.main_thread():
                    raise ImportError("only in the main program")
                import os
                if os.environ.get("IMPORTED") == "1":
                    raise ImportError("only once")
                os.environ["IMPORTED"] = "1"
                variable = contextvars.ContextVar("variable")
                """,
        },
    )


def test_tasks_of_asyncio():
    check_script(
        """
        import asyncio
        from contextvars import ContextVar

        from bocpy import wait, when

        request = ContextVar("request")

        async def handle(name):
            request.set(name)
            await asyncio.sleep(0)
            result = when()(lambda: request.get())
            await asyncio.sleep(0)
            return result

        async def main():
            return await asyncio.gather(*(handle(name) for name in "abc"))

        results = asyncio.run(main())
        wait()
        print([result.unwrap() for result in results])
        """,
        "['a', 'b', 'c']",
    )


@interpreters_only
def test_a_variable_that_a_behavior_has_made_cannot_be_moved():
    def body():
        return contextvars.ContextVar("local")

    result = when()(body)
    quiesce()
    with pytest.raises(TypeError, match="'local' was made in a behavior"):
        result.unwrap()


@interpreters_only
def test_a_variable_that_the_program_does_not_know_keeps_no_record_back():
    check_script(
        """
        import logging
        import sys

        from bocpy import wait, when

        logging.basicConfig(format="%(message)s", stream=sys.stdout)


        @when()
        def _():
            import of_workers

            of_workers.variable.set("set")
            logging.warning("logged")


        wait()
        print("of_workers" in sys.modules)
        """,
        "logged\nFalse",
        files={"of_workers.py": "import contextvars\nvariable = contextvars.ContextVar('variable')"},
    )


def test_a_module_that_is_to_be_loaded_lazily_is_not_loaded():
    check_script(
        """
        import importlib.util
        import sys
        from contextvars import ContextVar

        from bocpy import wait, when

        spec = importlib.util.find_spec("lazy")
        spec.loader = importlib.util.LazyLoader(spec.loader)
        sys.modules["lazy"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)


        def schedule(variable):
            variable.set("set")
            return when()(lambda: None)


        schedule(ContextVar("nameless"))
        wait()
        """,
        "",
        files={"lazy.py": "print('loaded')"},
    )


def test_globals_that_do_not_want_to_be_asked_for_their_class():
    """Proxies, such as those of Flask for the current request, where there is none."""
    check_script(
        """
        from contextvars import ContextVar

        from bocpy import wait, when


        class Proxy:
            @property
            def __class__(self):
                raise RuntimeError("outside of a request")


        proxy = Proxy()


        def schedule(variable):
            variable.set("set")
            return when()(lambda: "ran")


        result = schedule(ContextVar("nameless"))
        wait()
        print(result.unwrap())
        """,
        "ran",
    )


def test_variables_without_a_name_are_not_kept_forever():
    check_script(
        """
        from contextvars import Context, ContextVar

        from bocpy import _context, wait, when


        def schedule(n):
            ContextVar(f"variable {n}").set(n)
            when()(lambda: None)


        for n in range(1100):
            Context().run(schedule, n)
        wait()
        print(len(_context._looked_for) <= 1000)
        """,
        "True",
    )
