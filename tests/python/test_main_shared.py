"""One object that several globals, functions and classes of ``__main__`` refer to is one object on a worker."""

import sys

from support import check_script, interpreters_only, pytest

GO = """
    from bocpy import Cown, quiesce, start, wait, when

    start(1)

    def go(body, *cowns):
        result = when(*cowns)(body)
        quiesce()
        return result.unwrap()
"""


def check(source, expected, **options):
    check_script(GO + source + "\n    wait()\n", expected, **options)


def test_a_default_that_changes_later():
    check(
        """
    SEEN = [1]

    def look(seen=SEEN, *, again=SEEN):
        return seen is SEEN, again is SEEN, seen

    look.seen = SEEN

    def body():
        return look(), look.seen is SEEN

    print(go(body))
    SEEN.append(2)
    print(go(body))
        """,
        """
        ((True, True, [1]), True)
        ((True, True, [1, 2]), True)
        """,
    )


def test_a_member_of_a_class_that_changes_later():
    check(
        """
    class Table:
        rows = {}

    ROWS = Table.rows

    def body():
        return Table.rows is ROWS, ROWS

    print(go(body))
    Table.rows["a"] = 1
    print(go(body))
        """,
        """
        (True, {})
        (True, {'a': 1})
        """,
    )


def test_a_name_that_gets_another_object():
    check(
        """
    SEEN = [1]

    def look(seen=SEEN):
        return seen is SEEN, seen, SEEN

    print(go(lambda: look()))
    SEEN = [2]
    print(go(lambda: look()))
        """,
        """
        (True, [1], [1])
        (False, [1], [2])
        """,
    )


def test_functions_that_share_a_variable():
    check(
        """
    LOG = []

    def make():
        count, log = 0, LOG

        def up():
            nonlocal count
            count += 1
            log.append(count)

        def get():
            return count, log is LOG, LOG

        return up, get

    up, get = make()

    def body():
        up()
        up()
        return get()

    print(go(body))
        """,
        "(2, True, [1, 2])",
    )


@interpreters_only
def test_a_new_copy_does_not_change_what_is_in_a_cown():
    check(
        """
    DEFAULTS = {"a": 1}

    def options(given=DEFAULTS):
        return given

    c = Cown(None)

    def put(c):
        c.value = options()
        c.value["mine"] = DEFAULTS["a"]

    go(put, c)
    for n in range(2, 4):
        DEFAULTS["a"] = n
        print(go(lambda c: (c.value, DEFAULTS, options() is DEFAULTS), c))
        """,
        """
        ({'a': 1, 'mine': 1}, {'a': 2}, True)
        ({'a': 1, 'mine': 1}, {'a': 3}, True)
        """,
    )


def test_a_sentinel_of_a_class_in_a_cown():
    check(
        """
    class Missing:
        def __repr__(self):
            return "MISSING"

    MISSING = Missing()
    c = Cown({"x": MISSING})

    def body(c):
        before = c.value["x"] is MISSING
        c.value["y"] = MISSING
        return before, MISSING

    found, missing = go(body, c)
    print(found, missing is MISSING, go(lambda c: c.value["y"] is MISSING, c))
    wait()
    print(c.value["x"] is MISSING)
        """,
        """
        True True True
        True
        """,
    )


@interpreters_only
def test_a_global_that_cannot_be_opened_spoils_no_other():
    check(
        """
    import refuser

    THING = refuser.Thing()
    LIST = [1]
    BOTH = {"list": LIST}

    def body():
        try:
            THING
        except NameError:
            return LIST, BOTH

    print(go(body))
        """,
        "([1], {'list': [1]})",
        files={
            "refuser.py": """
                import sys

                if "bocpy._worker" in sys.modules:
                    if sys.modules["bocpy._worker"].is_worker():
                        raise ImportError("refuses")

                class Thing:
                    pass
            """
        },
    )


@interpreters_only
def test_a_global_that_cannot_be_sent_keeps_none_from_being_shared():
    check(
        """
    import threading

    LOCK = threading.Lock()
    LIST = [1]
    BOTH = {"list": LIST}

    def body(use):
        return LOCK if use else (BOTH["list"] is LIST)

    def first():
        return body(False)

    print(go(first), go(first))
        """,
        "True True",
    )


@interpreters_only
def test_an_instance_that_gets_attributes_is_no_sentinel():
    check(
        """
    class Box:
        def __repr__(self):
            return f"Box({vars(self)})"

    EMPTY = Box()
    a, b, c = Cown(EMPTY), Cown(EMPTY), Cown([])

    def fill(a):
        a.value.n = 1

    def look(b):
        return b.value

    def put(c):
        c.value.append(EMPTY)
        return EMPTY

    print(go(fill, a), go(look, b), go(look, a), go(put, c), EMPTY)
        """,
        "None Box({}) Box({'n': 1}) Box({}) Box({})",
    )


@interpreters_only
def test_a_class_that_could_not_be_loaded_is_not_there_in_part():
    check(
        """
    import refuser

    class Thing:
        def hello(self):
            return "hello"

        part = refuser.Part()

    def body(c):
        return c.value.hello()

    for _ in range(2):
        for run in (lambda: go(lambda: Thing().hello()), lambda: go(body, Cown(Thing()))):
            try:
                print(run())
            except Exception as error:
                print(type(error).__name__, "refuses" in str(error))
        """,
        "NameError True\nRuntimeError True\n" * 2,
        files={
            "refuser.py": """
                import sys

                if "bocpy._worker" in sys.modules and sys.modules["bocpy._worker"].is_worker():
                    raise ImportError("refuses")

                class Part:
                    pass
            """
        },
    )


def test_what_definitions_carry_beside_their_pickle():
    check_script(
        """
        import pickle
        from bocpy import quiesce, start, wait, when

        class Bytes:
            def __init__(self, content):
                self.content = bytearray(content)

            def __reduce_ex__(self, protocol):
                return Bytes, (pickle.PickleBuffer(self.content),)

        def length(of=Bytes(b"abc")):
            return len(of.content)

        LENGTHS = {"length": length}

        class Holder:
            held = Bytes(b"abcd")

        def only_in_the_dict():
            return LENGTHS["length"]()

        def all():
            return LENGTHS["length"](), length(), LENGTHS["length"] is length, len(Holder.held.content)

        for body in only_in_the_dict, all:
            for _ in range(2):
                result = when()(body)
                wait()
                print(result.unwrap())
        """,
        "3\n3\n(3, 3, True, 4)\n(3, 3, True, 4)",
    )


@pytest.mark.skipif(sys.version_info < (3, 14), reason="CPython has no such queues")
def test_what_cpython_carries_in_a_function_in_a_dict():
    check_script(
        """
        from concurrent import interpreters
        from bocpy import quiesce, wait, when

        def make(queue):
            def put(item):
                queue.put(item)

            return put

        queue = interpreters.create_queue()
        PUTS = {"put": make(queue)}
        put = PUTS["put"]

        def body():
            PUTS["put"](1)

        for _ in range(2):
            when()(body)
            when()(body)
            quiesce()
            print([queue.get() for _ in range(2)])
            wait()
        """,
        "[1, 1]\n[1, 1]",
    )
