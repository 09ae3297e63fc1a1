"""Types by the crate ``bocpy-abi``: what authors can write with it, how their objects move, and what fails.

``rust/src/lib.rs`` has the types. What they have in common with those of C is in `test_movables.py`.
"""

import contextlib
import gc
import os
import pickle
import re
import subprocess
import sys
import textwrap
import threading
from fractions import Fraction

from bocpy import (
    Cown,
    drain,
    notice_delete,
    notice_read,
    notice_write,
    noticeboard,
    quiesce,
    read,
    send,
    start,
    wait,
    when,
)
from support import (
    BACKEND,
    check_script,
    come_by,
    crates,
    error_of,
    extensions,
    interpreters_only,
    outcome,
    pytest,
    run_script,
    text_of,
)

faults = crates.load("bocpy_faults")

pytestmark = pytest.mark.skipif(crates.why_not() is not None, reason=str(crates.why_not()))


@pytest.fixture(autouse=True)
def all_gone():
    """No test leaves data behind, nor drops any twice."""
    gc.collect()
    before = faults.alive()
    yield
    wait()
    gc.collect()
    come_by(lambda: faults.alive() == before)


def probe(number=0):
    return faults.Probe(number)


# -- what an author can write


def test_the_example_of_the_guide():
    """It compiles without `unsafe`, and does what the guide says."""
    page = (crates.ROOT / "docs/native-types-in-rust.md").read_text(encoding="utf-8")
    rust = re.findall(r"^```rust\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    made = crates.build_source("_tally", "#![forbid(unsafe_code)]\n" + "".join(rust))
    program = f"""
        import importlib.util, sys
        spec = importlib.util.spec_from_file_location("_tally", {str(made)!r})
        tally = sys.modules["tally"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tally)
        from tally import Tally

        one, other = Tally(), Tally()
        one.add("be", 2)
        other.read("to be or not to be")
        one.merge(other)
        print(one, len(one), one.count("be"), one.count("question"))
    """
    check_script(program, "<Tally of 4 words> 4 4 0")


def test_arguments_and_results():
    assert [faults.f64(value) for value in (1.5, 2, True, Fraction(1, 2))] == [1.5, 2.0, 1.0, 0.5]
    assert [faults.i64(value) for value in (-(2**63), 2**63 - 1, True)] == [-(2**63), 2**63 - 1, 1]
    assert [faults.u64(value) for value in (0, 2**64 - 1)] == [0, 2**64 - 1]
    assert (faults.usize(7), faults.bool(True), faults.bool(False)) == (7, True, False)
    texts = ["", "text", "ä\0\U0001f600"]
    assert [faults.str(text) for text in texts] == [faults.string(text) for text in texts] == texts
    assert [faults.bytes(value) for value in (b"", b"a\0b")] == [b"", b"a\0b"]
    assert faults.floats(range(3)) == faults.floats(x for x in (0, 1, 2)) == [0.0, 1.0, 2.0]
    assert faults.nested([["a"], (), {"b": 1}]) == [["a"], [], ["b"]]
    assert (faults.optional(), faults.optional(None), faults.optional(3)) == (None, None, 3)
    thing = object()
    assert faults.object(thing) is thing
    assert faults.five(1, "b", None, True) == (1, "btrue", (None, None))
    assert faults.five(1, "b", 2, False, "e") == (1, "bfalse", (2, "e"))
    assert (faults.nothing(), faults.literal()) == (None, "literal")


@pytest.mark.parametrize(
    ("name", "given", "error", "why"),
    [
        ("f64", ["1"], TypeError, r"argument 1 of f64\(\) has to be a float, not str"),
        ("f64", [10**400], OverflowError, r"argument 1 of f64\(\) has to be a float"),
        ("i64", [1.0], TypeError, r"has to be an int from -2\*\*63 to 2\*\*63 - 1, not float"),
        ("i64", [2**63], OverflowError, r"argument 1 of i64\(\) has to be an int from -2\*\*63 to 2\*\*63 - 1"),
        ("u64", [-1], OverflowError, r"has to be an int from 0 to 2\*\*64 - 1"),
        ("usize", [2**64], OverflowError, r"argument 1 of usize\(\) has to be an int from 0 on"),
        ("bool", [1], TypeError, "has to be True or False, not int"),
        ("str", [b"a"], TypeError, "has to be a str, not bytes"),
        ("str", ["\ud800"], UnicodeEncodeError, "surrogates not allowed"),
        ("bytes", [bytearray(b"a")], TypeError, "has to be a bytes, not bytearray"),
        ("floats", ["12"], TypeError, "an iterable, each item of it a float, not str"),
        ("floats", [[1, "2"]], TypeError, "an iterable, each item of it a float, not one with str in it"),
        ("floats", [(1 / 0 for _ in "a")], ZeroDivisionError, "by zero"),
        ("floats", [5], TypeError, "an iterable, each item of it a float, not int"),
        ("optional", ["a"], TypeError, "an int from .* - 1, or None, not str"),
        ("nothing", [1], TypeError, r"nothing\(\) takes no arguments, and 1 was given"),
        ("f64", [], TypeError, r"f64\(\) takes 1 argument, and 0 were given"),
        ("five", [1, "b"], TypeError, r"five\(\) takes 4 to 5 arguments, and 2 were given"),
        ("five", [1, 2, 3, True], TypeError, r"argument 2 of five\(\) has to be a str, not int"),
    ],
)
def test_wrong_arguments(name, given, error, why):
    with pytest.raises(error, match=why):
        getattr(faults, name)(*given)


def test_an_argument_that_fails_in_its_own_way():
    class Odd:
        def __float__(self):
            raise LookupError("own")

        __index__ = __iter__ = __float__

    for name in ("f64", "i64", "u64", "floats"):
        with pytest.raises(LookupError, match="own"):
            getattr(faults, name)(Odd())


def test_a_class():
    thing = probe(3)
    assert (len(thing), repr(thing), thing.number) == (3, "<probe 3>", 3)
    assert (faults.Probe.__doc__, faults.Probe.__module__, faults.Probe.__name__) == (
        "A number.",
        "bocpy_faults",
        "Probe",
    )
    assert faults.Probe.number.__doc__ == "Not negative."
    assert faults.__doc__ == "What the tests need.\n\n In two parts."
    thing.number = 4
    assert thing.number == 4
    with pytest.raises(ValueError, match="a negative number"):
        thing.number = -1
    with pytest.raises(TypeError, match=r"Probe\.number has to be an int .*, not str"):
        thing.number = "5"
    with pytest.raises(AttributeError, match=r"Probe\.number cannot be deleted"):
        del thing.number
    with pytest.raises(AttributeError):
        thing.address = 5
    assert thing.number == 4
    thing.digits = (digit for digit in (1, 2, 3))
    assert thing.number == 123
    with pytest.raises(ValueError, match="not -1"):
        faults.Probe(-1)
    with pytest.raises(TypeError, match=r"Probe\(\) takes no arguments by name"):
        faults.Probe(number=3)
    with pytest.raises(TypeError, match=r"Probe\(\) takes 0 to 1 arguments, and 2 were given"):
        faults.Probe(1, 2)
    with pytest.raises(TypeError, match="cannot create .*Hidden"):
        faults.Hidden()
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Derived", (faults.Probe,), {})
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(thing)
    for change in (lambda: setattr(thing, "__class__", faults.Single), lambda: setattr(faults.Probe, "swap", None)):
        with pytest.raises(TypeError):
            change()
    with pytest.raises(AttributeError):
        thing.more = 1
    with pytest.raises(TypeError):
        faults.Probe.swap(thing, faults.Single())
    with pytest.raises(TypeError):
        faults.Probe.swap(faults.Single(), thing)


@pytest.mark.parametrize(
    "error",
    [
        TypeError,
        ValueError,
        IndexError,
        KeyError,
        AttributeError,
        OverflowError,
        RuntimeError,
        OSError,
        ImportError,
        NotImplementedError,
        MemoryError,
    ],
)
def test_errors(error):
    with pytest.raises(error) as raised:
        probe().raise_(error.__name__, "why\0not")
    assert type(raised.value) is error and raised.value.args == ("why\0not",)


def test_an_error_that_python_has_not_raised():
    with pytest.raises(SystemError, match="no exception is set"):
        probe().raise_("Raised", "")


def test_an_error_that_python_has_raised():
    with pytest.raises(ZeroDivisionError):
        probe().reading(lambda: 1 / 0)


# -- in use


def test_methods_within_methods():
    thing = probe(1)
    assert thing.reading(lambda: thing.reading(lambda: thing.number)) == ((1, 1), 1)
    for use in (lambda: thing.writing(int), lambda: setattr(thing, "number", 1)):
        with pytest.raises(RuntimeError, match="this Probe is in use: one of its methods"):
            thing.reading(use)
    for use in (lambda: thing.writing(int), lambda: thing.number, lambda: repr(thing)):
        with pytest.raises(RuntimeError, match="this Probe is in use: one of its methods"):
            thing.writing(use)
    assert thing.writing(lambda: 0) == (0, 5)
    other = probe(7)
    thing.swap(other)
    assert (thing.number, other.number) == (7, 5)
    with pytest.raises(RuntimeError, match="this Probe is in use"):
        thing.swap(thing)


@pytest.mark.parametrize("method", ["reading", "writing"])
def test_data_in_use_by_this_thread_does_not_move(method):
    thing = probe(1)
    with pytest.raises(RuntimeError, match="this Probe cannot move: one of its methods is running, in this thread"):
        getattr(thing, method)(lambda: Cown(thing))
    assert Cown(thing).unwrap().number >= 1


@contextlib.contextmanager
def waiting(thing):
    """Another thread is in a method of it, and has let go of Python."""
    thread = threading.Thread(target=thing.wait)
    thread.start()
    faults.gate_reached()
    try:
        yield
    finally:
        faults.open_gate()
        thread.join()


def test_data_in_use_by_another_thread_does_not_move():
    thing = probe(1)
    address = thing.address
    with waiting(thing):
        for move in (Cown, lambda thing: send("there", thing), lambda thing: when()(lambda mine=thing: None)):
            with pytest.raises(RuntimeError, match="this Probe cannot move: one of its methods is running, in another"):
                move(thing)
    assert (thing.number, thing.address) == (2, address)
    assert Cown(thing).unwrap().address == address


def test_who_wants_data_in_use_waits():
    thing, told = probe(1), []
    threads = [threading.Thread(target=lambda: told.append(thing.writing(int)[1])) for _ in range(4)]
    with waiting(thing):
        for thread in threads:
            thread.start()
        assert told == []
    for thread in threads:
        thread.join()
    assert sorted(told) == [3, 4, 5, 6]


def test_who_uses_an_object_does_not_wait_for_another():
    """Two that wait for each other would do so forever."""
    mine, other = probe(1), probe(2)
    with waiting(other):
        for use in (lambda: other.number, lambda: mine.reading(lambda: mine.swap(other))):
            with pytest.raises(RuntimeError, match="in use"):
                mine.reading(use)
        with pytest.raises(RuntimeError, match="another thread, and cannot be waited for within a method of another"):
            mine.swap(other)
    mine.swap(other)
    assert (mine.number, other.number) == (3, 1)


# -- panics


def test_a_panic_in_a_method(capfd):
    thing = probe(1)
    with pytest.raises(RuntimeError, match=r"Probe\.panic\(\) has panicked: said so"):
        thing.panic("said so")
    with pytest.raises(RuntimeError, match=r"Probe\.panic_without_gil\(\) has panicked: without Python"):
        thing.panic_without_gil()
    with pytest.raises(RuntimeError, match=r"Probe\(\) has panicked: not -2"):
        probe(-2)
    assert thing.number == 2, "it is no longer in use, and has its data"
    assert outcome(when(Cown(thing))(lambda c: c.value.number)) == 2
    assert "said so" in capfd.readouterr().err


def test_a_panic_in_a_behavior():
    c = Cown(probe(1))

    @when(c)
    def failed(c):
        c.value.panic("there")

    assert "Probe.panic() has panicked: there" in text_of(error_of(failed))
    assert c.unwrap().number == 2


def test_a_panic_of_what_is_dropped():
    for _ in range(3):
        probe(17)
    Cown(probe(17))
    send("panics", probe(17))
    drain("panics")
    assert outcome(when()(lambda: faults.Probe(17) and 5)) == 5


# -- new objects as results


def test_a_method_returns_new_objects():
    thing = probe(5)
    more = thing.plus(2)
    assert type(more) is faults.Probe
    assert (more.number, thing.number) == (7, 5)
    assert [part.number for part in thing.parts(3)] == [5, 5, 5]
    assert thing.parts(1) is None
    with pytest.raises(ValueError, match="no parts"):
        thing.parts(0)
    with pytest.raises(RuntimeError, match="Stranger is in no module"):
        thing.stranger()


def test_new_objects_of_a_worker():
    start(2)
    c = Cown(probe(5))

    @when(c)
    def kinds(c):
        parts = c.value.parts(3)
        c.value = parts[0].plus(1)
        return all(type(part) is faults.Probe for part in parts)

    assert outcome(kinds)
    wait()
    assert c.unwrap().plus(1).number == 7


# -- copies


@interpreters_only
def test_readers_have_copies():
    start(2)
    c = Cown(probe(5))
    assert [outcome(when(read(c))(lambda c: c.value.number)) for _ in range(6)] == [5] * 6
    assert c.unwrap().number == 5


@interpreters_only
@pytest.mark.parametrize("number", [13, 14], ids=["panics", "no memory"])
def test_a_copy_that_fails(number):
    thing = probe(number)
    with pytest.raises(MemoryError):
        notice_write("thing", thing)
    assert "thing" not in noticeboard()
    assert thing.number == number
    assert Cown(thing).unwrap().number == number


@interpreters_only
def test_what_cannot_be_copied_does_not_go_on_the_noticeboard():
    thing = faults.Single()
    with pytest.raises(TypeError, match="Single"):
        notice_write("thing", thing)
    assert isinstance(Cown(thing).unwrap(), faults.Single)


@interpreters_only
def test_a_copy_waits_for_a_method_that_is_running():
    thing = probe(5)
    waiting = threading.Thread(target=thing.wait)
    waiting.start()
    faults.gate_reached()
    may_open = threading.Event()
    opener = threading.Thread(target=lambda: may_open.wait() and faults.open_gate())
    opener.start()
    before = sys.getswitchinterval()
    sys.setswitchinterval(60)  # so that the gate is opened when this thread waits, and not before
    try:
        may_open.set()
        notice_write("thing", thing)
    finally:
        sys.setswitchinterval(before)
        faults.open_gate()
    waiting.join()
    opener.join()
    assert notice_read("thing").number == 6
    notice_delete("thing")
    assert thing.number == 6


def test_readers_use_an_object_of_which_others_give_copies():
    """On threads they all have the same object."""
    start(4)
    c = Cown(probe(5))
    used = [when(read(c))(lambda c: [c.value.number for _ in range(300)]) for _ in range(20)]
    given = [when(read(c))(lambda c: c.value) for _ in range(20)]
    assert all(outcome(result) == [5] * 300 for result in used)
    copies = [result.unwrap() for result in given]
    assert [copy.number for copy in copies] == [5] * 20
    assert len({copy.address for copy in copies}) == 20


# -- on its way


def test_there_and_back():
    start(2)
    given = probe(1)
    address = given.address
    c = Cown(given)
    for _ in range(20):

        @when(c)
        def _(c):
            c.value.number += 1

    quiesce(60)
    back = c.unwrap()
    assert (back.number, back.address) == (21, address)
    for use in (repr, len, lambda thing: thing.number, lambda thing: thing.writing(int), back.swap, back.swap):
        with pytest.raises(RuntimeError) as raised:
            use(given)
        assert str(raised.value) == (
            "this bocpy_faults.Probe has been moved: it is now a cown's value. One object at a time has the data"
        )
    with pytest.raises(RuntimeError, match="has been moved"):
        given.swap(back)
    with pytest.raises(RuntimeError, match="has been moved"):
        Cown(given)


def test_all_of_it_moves_or_nothing():
    thing, gone = probe(1), probe(2)
    address = thing.address
    keep = Cown(gone)
    with pytest.raises(RuntimeError, match="has been moved"):
        when()(lambda a=thing, b=gone: None)
    assert (thing.number, thing.address) == (1, address)
    del keep


@contextlib.contextmanager
def no_memory_for(kind):
    """Objects of the class cannot be made: they would be larger than all memory."""
    import ctypes  # not for workers: those of 3.12 cannot load it

    size = ctypes.c_ssize_t.from_address(id(kind) + object.__basicsize__ + 2 * ctypes.sizeof(ctypes.c_void_p))
    before = size.value
    assert before == kind.__basicsize__
    size.value = 1 << 60
    try:
        yield
    finally:
        size.value = before


def test_an_object_that_cannot_be_made():
    given = probe(5)
    with no_memory_for(faults.Probe), pytest.raises(MemoryError):
        probe(6)
    if BACKEND == "threads":
        # There it is made at once, and the first object gets the data back.
        with no_memory_for(faults.Probe), pytest.raises(MemoryError):
            Cown(given)
        assert given.number == 5
        c = Cown(given)
    else:
        c = Cown(given)
        with no_memory_for(faults.Probe), pytest.raises(MemoryError):
            c.unwrap()
    assert c.unwrap().number == 5


def test_a_module_that_is_imported_again():
    older = probe(3)
    del sys.modules["bocpy_faults"]
    import bocpy_faults as newer

    try:
        assert newer.Probe is not faults.Probe
        older.swap(newer.Probe(4))
        # What arrives is of the latest one.
        for thing in (older, newer.Probe(4)):
            with Cown(thing) as c:
                assert type(c.value) is newer.Probe and c.value.number == 4
    finally:
        sys.modules["bocpy_faults"] = faults


def test_two_threads_use_one_object_while_it_is_moved():
    """It moves, and the other thread is told. Without a GIL, it may be refused first: while a method is running."""
    for _ in range(30):
        thing, begun, told = probe(1), threading.Event(), []

        def use(thing=thing, begun=begun, told=told):
            try:
                while True:
                    thing.number  # noqa: B018
                    begun.set()
            except RuntimeError as error:
                told.append(str(error))

        thread = threading.Thread(target=use)
        thread.start()
        begun.wait()
        c = None
        while c is None:
            try:
                c = Cown(thing)
            except RuntimeError as error:
                assert "cannot move: one of its methods is running, in another thread" in str(error)
        thread.join()
        assert "has been moved: it is now a cown's value" in told[0]
        assert c.unwrap().number == 1


def test_many_threads_drop_what_they_get():
    start(3)
    for _ in range(20):
        for _ in range(10):
            when()(lambda mine=faults.Probe(1): mine.number)
            Cown(probe(2))
        quiesce(60)


# -- what bocpy is told

FAKE = """
    import ctypes, sys, types

    class Api(ctypes.Structure):
        _fields_ = [("version", ctypes.c_uint32), ("oldest", ctypes.c_uint32)] + [
            (name, ctypes.c_void_p) for name in ("register_type", "unregister_type")
        ]

    class Movable(ctypes.Structure):
        _fields_ = [("version", ctypes.c_uint32), ("size", ctypes.c_uint32)] + [
            (name, ctypes.c_void_p) for name in ("detach", "restore", "attach", "drop", "copy", "copy_of")
        ]

    registered = []

    @ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.POINTER(Movable))
    def register(kind, movable):
        registered.append((kind, movable.contents))
        return REGISTER

    def bocpy(version, oldest, result=0):
        global REGISTER, table  # it has to stay
        REGISTER = result
        table = Api(version, oldest, *[ctypes.cast(register, ctypes.c_void_p).value] * 2)
        new = ctypes.pythonapi.PyCapsule_New
        new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        module = sys.modules["bocpy"] = types.ModuleType("bocpy")
        module._C_API = new(ctypes.addressof(table), b"bocpy._C_API", None)

    sys.path.insert(0, %r)
"""


def with_another_bocpy(program):
    folder = os.path.dirname(faults.__file__)
    done = run_script(textwrap.dedent(FAKE) % folder + textwrap.dedent(program))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_other_versions_of_bocpy():
    said = with_another_bocpy("""
        def error():
            try:
                import bocpy_faults
            except ImportError as error:
                print(error)
            else:
                print("imported")

        sys.modules["bocpy"] = types.ModuleType("bocpy")
        error()
        for versions in [(0, 0), (3, 2), (7, 7), (2, 1)]:
            bocpy(*versions)
            error()
    """)
    ours = "this extension was built for version 1 of bocpy's API for native types, and the bocpy that is installed has"
    newer = "install a newer version of this extension, or an older bocpy-rs"
    assert said == [
        f"{ours} none: install bocpy-rs",
        f"{ours} version 0: install a newer bocpy-rs",
        f"{ours} versions 2 to 3: {newer}",
        f"{ours} versions 7 to 7: {newer}",
        "imported",
    ]


def test_without_bocpy():
    said = with_another_bocpy("""
        sys.modules["bocpy"] = None
        try:
            import bocpy_faults
        except ImportError as error:
            print(error)
    """)
    assert len(said) == 1 and "bocpy" in said[0]


def test_data_in_the_hands_of_another_bocpy():
    """All functions of a descriptor, and which thread may call them."""
    said = with_another_bocpy("""
        import threading

        bocpy(1, 1)
        import bocpy_faults as faults

        (kind, probe), (_, single), (_, hidden) = registered
        print(kind is faults.Probe, probe.version, probe.size == ctypes.sizeof(Movable))
        print(bool(probe.copy), bool(single.copy), bool(hidden.copy))

        def function(factory, result, *arguments):
            return lambda address: factory(result, *arguments)(address)

        # PYFUNCTYPE keeps the GIL, CFUNCTYPE lets go of it: the thread is attached to no interpreter then.
        pointer, thing = ctypes.c_void_p, ctypes.py_object
        detach = ctypes.PYFUNCTYPE(pointer, thing, thing)(probe.detach)
        restore = ctypes.PYFUNCTYPE(None, thing, pointer)(probe.restore)
        attach = ctypes.PYFUNCTYPE(thing, thing, pointer)(probe.attach)
        drop = ctypes.CFUNCTYPE(None, pointer)(probe.drop)
        copy = ctypes.CFUNCTYPE(pointer, pointer)(probe.copy)

        def error(function, *arguments):
            try:
                function(*arguments)
            except Exception as error:
                print(type(error).__name__, error)

        one = faults.Probe(5)
        address = one.address
        data = detach(one, "it has gone")
        print(data == address, faults.alive())
        error(len, one)
        error(detach, one, "it has gone again")
        error(len, one)
        restore(one, data)
        print(one.number)
        data = detach(one, "again")
        two = attach(faults.Probe, data)
        print(two.number, two.address == address)
        error(len, one)

        data = detach(two, "dropped")
        more = [copy(data) for _ in range(3)]
        print(faults.alive(), len({data, *more}))
        drop(more[0])
        thread = threading.Thread(target=drop, args=(more[1],))
        thread.start()
        thread.join()
        print(faults.alive())
        faults.Probe(5).reading(lambda: drop(more[2]))  # called by Python, but not attached any more
        print(attach(faults.Probe, data).number)
        print(faults.alive())
    """)
    assert said == [
        "True 1 True",
        "True False False",
        "True 1",
        "RuntimeError it has gone",
        "RuntimeError it has gone",
        "RuntimeError it has gone",
        "5",
        "5 True",
        "RuntimeError again",
        "4 4",
        "2",
        "5",
        "0",
    ]


def test_one_descriptor_of_a_type():
    """bocpy knows types by the addresses of their descriptors, too, however often a module is imported."""
    said = with_another_bocpy("""
        bocpy(1, 1)
        import bocpy_faults

        del sys.modules["bocpy_faults"]
        import bocpy_faults

        addresses = [ctypes.addressof(movable) for _, movable in registered]
        print(len(addresses), len(set(addresses)), len({id(kind) for kind, _ in registered}))
    """)
    assert said == ["6 3 6"]


def test_a_type_that_bocpy_does_not_want():
    said = with_another_bocpy("""
        bocpy(1, 1, -1)
        try:
            import bocpy_faults
        except SystemError as error:
            print(error)
    """)
    assert said == ["a function failed, and no exception is set that says why"]


@pytest.mark.slow
@pytest.mark.skipif(crates.SANITIZED, reason="this is the run with AddressSanitizer")
def test_all_of_this_with_address_sanitizer():
    """No memory is used after it has been freed, or freed twice."""
    libraries = extensions.sanitizers()
    if libraries is None:
        pytest.skip("there are no sanitizers here")
    test = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", __file__]
    use = {**os.environ, **libraries, "BOCPY_TEST_SANITIZED": "1"}
    use["ASAN_OPTIONS"] += ":allocator_may_return_null=1"  # some ask for more than there is
    done = subprocess.run(test, env=use, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and " passed" in done.stdout, done.stdout + done.stderr
