"""Faults: a failed step loses nothing, or reports the loss to everyone affected; nothing hangs or crashes."""

import gc
import os
import pickle
import sys
import textwrap
import threading

from bocpy import Cown, quiesce, start, wait, when
from support import check_script, error_of, interpreters_only, outcome, pytest, run_script, text_of, threads_only


def explode(word):
    raise ArithmeticError(f"{word} when unpickled")


class Bomb:
    """Can be pickled but not unpickled."""

    def __reduce__(self):
        return explode, ("boom",)


class Stubborn:
    """Cannot be pickled."""

    def __init__(self, number):
        self.number = number

    def __reduce__(self):
        raise ArithmeticError("will not be pickled")


class Flagged:
    """Can be unpickled only while a file does not exist."""

    def __init__(self, path, items):
        self.path = path
        self.items = items

    def __getstate__(self):
        return self.path, self.items

    def __setstate__(self, state):
        self.path, self.items = state
        if os.path.exists(self.path):
            raise ArithmeticError("the file is there")


class Loud:
    """Writes to a pipe when it dies."""

    def __init__(self, descriptor):
        self.descriptor = descriptor

    def __del__(self):
        if self.descriptor is not None:
            os.write(self.descriptor, b"x")


def increment(c):
    c.value += 1
    return c.value


def told_of(result, *words):
    """Whether ``result`` holds an exception whose text has one of ``words``."""
    with result:
        return result.exception and any(word in text_of(result.value) for word in words)


# -- exceptions of every kind in a body


class OwnBase(BaseException):
    pass


@pytest.mark.parametrize(
    "kind",
    [SystemExit, KeyboardInterrupt, RecursionError, MemoryError, GeneratorExit, StopIteration, OwnBase, Exception],
)
def test_any_exception_raised_in_a_body_lands_on_the_result(kind):
    a, b = Cown(1), Cown(2)

    @when(a, b)
    def failed(a, b):
        a.value = 10
        raise kind("raised in a body")

    after = when(a, b)(lambda a, b: (a.value, b.value))
    quiesce(60)
    assert after.unwrap() == (10, 2)
    with failed:
        assert failed.exception is True
        assert type(failed.value) is kind
        assert failed.value.args == ("raised in a body",)
    with pytest.raises(kind):
        failed.unwrap()


def test_sys_exit_in_a_body_ends_nothing():
    c = Cown(0)

    @when(c)
    def failed(c):
        sys.exit(3)

    after = when(c)(increment)
    error = error_of(failed)
    assert type(error) is SystemExit and error.code == 3
    assert outcome(after) == 1


def test_endless_recursion_in_a_body_is_a_recursion_error():
    c = Cown(0)

    def deeper(n):
        return deeper(n + 1) + 1

    @when(c)
    def failed(c):
        return deeper(0)

    after = when(c)(increment)
    assert isinstance(error_of(failed), RecursionError)
    assert outcome(after) == 1


def test_a_deep_but_allowed_recursion_in_a_body():
    def depth(n):
        return 0 if n == 0 else 1 + depth(n - 1)

    assert outcome(when()(lambda: depth(800))) == 800


def test_running_out_of_memory_in_a_body_is_a_memory_error():
    c = Cown(0)

    @when(c)
    def failed(c):
        return bytearray(sys.maxsize - 100)

    after = when(c)(increment)
    assert isinstance(error_of(failed), MemoryError)
    assert outcome(after) == 1


@pytest.mark.parametrize("how", ["file", "-c", "stdin"])
def test_exceptions_of_every_kind_in_a_script(how):
    source = """
        import sys
        from bocpy import Cown, wait, when

        c = Cown(0)
        results = []
        for kind in (SystemExit, KeyboardInterrupt, RecursionError, MemoryError, ValueError):
            @when(c)
            def failed(c, kind=kind):
                c.value += 1
                raise kind("in a body")
            results.append(failed)
        wait()
        print(c.value, [(type(r.value).__name__, str(r.value)) for r in results])
    """
    names = ["SystemExit", "KeyboardInterrupt", "RecursionError", "MemoryError", "ValueError"]
    check_script(source, f"5 {[(name, 'in a body') for name in names]}", how=how, reports=5)


def test_an_exception_that_fails_to_be_shown():
    class Mute(Exception):
        def __str__(self):
            raise ArithmeticError("no str")

        __repr__ = __str__

    @when()
    def failed():
        raise Mute(1)

    quiesce(60)
    with failed:
        assert failed.exception is True
        assert type(failed.value).__name__ == "Mute" or "Mute" in text_of(failed.value)


def test_errors_before_the_first_line_of_the_body_release_the_cowns():
    c = Cown(0)

    def broken(function):
        def wrapper(*args):
            raise OSError("in the decorator's wrapper")

        return wrapper

    @when(c)
    @broken
    def failed(c):
        c.value = 1

    after = when(c)(increment)
    assert isinstance(error_of(failed), OSError)
    assert outcome(after) == 1


# -- values that cannot be pickled


@interpreters_only
def test_a_class_that_raises_in_reduce_is_refused_and_named():
    with pytest.raises((TypeError, pickle.PicklingError, ArithmeticError)) as caught:
        Cown(Stubborn(7))
    assert "Stubborn" in text_of(caught.value)
    with pytest.raises((TypeError, pickle.PicklingError, ArithmeticError)) as caught:
        Cown([1, [Stubborn(7)]])
    assert "Stubborn" in text_of(caught.value)


@threads_only
def test_a_class_that_raises_in_reduce_is_a_value_like_any_other():
    assert outcome(when(Cown(Stubborn(7)))(lambda c: c.value.number)) == 7


@pytest.mark.parametrize("workers", [1, 3])
def test_a_value_that_cannot_be_pickled_on_release_is_there_or_named(workers):
    """It stays in the worker where it was left, or every later user gets an error; no old value comes back."""
    start(workers)
    c = Cown("the old value")

    @when(c)
    def left(c):
        c.value = Stubborn(7)
        return "left"

    later = [when(c)(lambda c: c.value.number) for _ in range(5)]
    quiesce(60)
    with left:
        assert left.value == "left" or "Stubborn" in text_of(left.value)
    for result in later:
        with result:
            assert "Stubborn" in text_of(result.value) if result.exception else result.value == 7
    wait()
    start(workers)
    after_restart = when(c)(lambda c: c.value.number)
    quiesce(60)
    with after_restart:
        if after_restart.exception:
            assert "Stubborn" in text_of(after_restart.value)
        else:
            assert after_restart.value == 7


@interpreters_only
def test_a_value_that_cannot_be_pickled_is_named_when_main_asks():
    start(1)
    c, other = Cown("the old value"), Cown([1])

    @when(c, other)
    def _(c, other):
        c.value = [Stubborn(7)]
        other.value.append(2)

    wait()
    with pytest.raises(Exception) as caught:
        assert c.value is not c
    assert "Stubborn" in text_of(caught.value)
    with pytest.raises(Exception) as caught:
        assert c.unwrap() is not c
    assert "Stubborn" in text_of(caught.value)
    assert other.value == [1, 2]


@interpreters_only
def test_a_cown_whose_value_was_lost_can_be_given_a_new_one():
    start(1)
    c = Cown("the old value")

    @when(c)
    def _(c):
        c.value = Stubborn(7)

    wait()
    c.value = "new"
    assert outcome(when(c)(lambda c: c.value)) == "new"


@interpreters_only
def test_the_loss_names_the_behavior_that_left_the_value():
    start(1)
    c = Cown("the old value")

    @when(c)
    def the_culprit(c):
        c.value = Stubborn(7)

    wait()
    with pytest.raises(Exception) as caught:
        assert c.value is not c
    assert "the_culprit" in text_of(caught.value)


# -- values that cannot be unpickled


@interpreters_only
def test_a_class_that_raises_when_unpickled_is_told_to_every_later_user():
    c, good = Cown(Bomb()), Cown([1])
    users = [when(c)(lambda c: c.value) for _ in range(3)]
    with_good = when(c, good)(lambda c, good: (good.value, c.value))
    quiesce(60)
    for result in (*users, with_good):
        assert told_of(result, "ArithmeticError", "boom", "Bomb")
    with pytest.raises(Exception) as caught, c:
        assert c.value is not c
    assert any(word in text_of(caught.value) for word in ("ArithmeticError", "boom", "Bomb"))
    assert outcome(when(good)(lambda good: good.value)) == [1]
    wait()
    start(1)
    again = when(c)(lambda c: c.value)
    quiesce(60)
    assert told_of(again, "ArithmeticError", "boom", "Bomb")


@threads_only
def test_a_class_that_raises_when_unpickled_is_never_unpickled_in_one_heap():
    assert outcome(when(Cown(Bomb()))(lambda c: type(c.value).__name__)) == "Bomb"


@interpreters_only
def test_a_bomb_left_by_a_behavior_is_told_or_stays_whole():
    start(2)
    c = Cown(0)

    @when(c)
    def _(c):
        c.value = [Bomb()]

    users = [when(c)(lambda c: type(c.value[0]).__name__) for _ in range(4)]
    quiesce(60)
    for result in users:
        with result:
            if result.exception:
                assert any(word in text_of(result.value) for word in ("ArithmeticError", "boom", "Bomb"))
            else:
                assert result.value == "Bomb"
    wait()
    with pytest.raises(Exception) as caught:
        assert c.value is not c
    assert any(word in text_of(caught.value) for word in ("ArithmeticError", "boom", "Bomb"))


@interpreters_only
def test_a_capture_that_cannot_be_unpickled_is_told_on_the_result():
    bomb = Bomb()
    c = Cown(0)

    @when(c)
    def failed(c):
        return bomb

    @when(c)
    def failed_too(c, bomb=bomb):
        return bomb

    after = when(c)(increment)
    quiesce(60)
    assert told_of(failed, "ArithmeticError", "boom", "bomb")
    assert told_of(failed_too, "ArithmeticError", "boom", "bomb")
    assert outcome(after) == 1


@interpreters_only
def test_a_result_that_cannot_be_unpickled_is_told_to_who_asks():
    result = when()(lambda: Bomb())
    second = when(result)(lambda r: type(r.value).__name__)
    quiesce(60)
    with second:
        if not second.exception:
            assert second.value == "Bomb"
    wait()
    with pytest.raises(Exception) as caught:
        result.unwrap()
    assert any(word in text_of(caught.value) for word in ("ArithmeticError", "boom", "Bomb"))


def test_a_value_that_fails_to_open_for_a_while_is_not_half_gone(tmp_path):
    flag = tmp_path / "flag"
    c = Cown(Flagged(str(flag), [1, 2, 3]))
    flag.touch()
    first = when(c)(lambda c: c.value.items)
    quiesce(60)
    with first:
        assert "the file is there" in text_of(first.value) if first.exception else first.value == [1, 2, 3]
    flag.unlink()
    for _ in range(2):
        later = when(c)(lambda c: c.value.items)
        quiesce(60)
        with later:
            # the whole value, or an error that it was lost; nothing in between
            assert "the file is there" in text_of(later.value) if later.exception else later.value == [1, 2, 3]


def test_a_value_whose_finaliser_raises():
    source = """
        from bocpy import Cown, wait, when

        class Rude:
            def __del__(self):
                raise ArithmeticError("in __del__")

        c = Cown(Rude())
        when(c)(lambda c: setattr(c, "value", 5))
        after = when(c)(lambda c: c.value)
        wait()
        print(after.unwrap(), c.unwrap())
    """
    done = run_script(source)
    assert (done.stdout, done.returncode) == ("5 5\n", 0), done.stderr


# -- modules that do not load on a worker

REFUSER = {
    "refuser.py": """
        import sys

        if not hasattr(sys, "this_is_main"):
            raise ImportError("module refuser does not support loading in subinterpreters")

        def answer():
            return 42
    """,
    "broken.py": """
        import sys

        if not hasattr(sys, "this_is_main"):
            raise ZeroDivisionError("broken on purpose")

        def answer():
            return 43
    """,
    "user.py": """
        import refuser
        from bocpy import when

        def schedule(c):
            @when(c)
            def result(c):
                return refuser.answer() + c.value
            return result
    """,
}


@interpreters_only
@pytest.mark.parametrize("how", ["file", "-c", "stdin"])
@pytest.mark.parametrize("use", ["import refuser", "from refuser import answer", "import refuser as other"])
def test_a_module_that_refuses_sub_interpreters_names_the_threads_backend(use, how):
    name = use.rpartition(" ")[2]
    call = "answer()" if name == "answer" else f"{name}.answer()"
    source = f"""
        import sys
        sys.this_is_main = True
        {use}
        from bocpy import Cown, wait, when

        def helper():
            return {call}

        c = Cown(1)
        unused = when(c)(lambda c: c.value)
        direct = when(c)(lambda c: {call})
        indirect = when(c)(lambda c: helper())
        after = when(c)(lambda c: c.value + 1)
        wait()
        print(unused.unwrap(), after.unwrap())
        for result in direct, indirect:
            print(result.exception, "refuser" in str(result.value), 'backend="threads"' in str(result.value))
    """
    check_script(source, "1 2\nTrue True True\nTrue True True", how=how, files=REFUSER, reports=2)


@interpreters_only
def test_a_module_that_fails_on_a_worker_is_named_with_the_reason():
    source = """
        import sys
        sys.this_is_main = True
        import broken
        from bocpy import Cown, wait, when

        c = Cown(1)
        failed = when(c)(lambda c: broken.answer())
        after = when(c)(lambda c: c.value + 1)
        wait()
        print(after.unwrap(), failed.exception)
        print("broken" in str(failed.value), "broken on purpose" in str(failed.value))
    """
    check_script(source, "2 True\nTrue True", files=REFUSER, reports=1)


@interpreters_only
def test_a_behavior_of_a_module_that_does_not_load_on_a_worker_is_told():
    source = """
        import sys
        sys.this_is_main = True
        import user
        from bocpy import Cown, wait, when

        c = Cown(1)
        failed = user.schedule(c)
        after = when(c)(lambda c: c.value + 1)
        wait()
        print(after.unwrap(), failed.exception)
        text = str(failed.value)
        print("user" in text or "refuser" in text, "subinterpreters" in text, 'backend="threads"' in text)
    """
    check_script(source, "2 True\nTrue True True", files=REFUSER, reports=1)


@interpreters_only
def test_a_value_of_a_module_that_does_not_load_on_a_worker_is_told():
    files = {**REFUSER, "refuser.py": REFUSER["refuser.py"] + "\n        class Thing:\n            n = 5\n"}
    source = """
        import sys
        sys.this_is_main = True
        import refuser
        from bocpy import Cown, wait, when

        c = Cown(refuser.Thing())
        failed = [when(c)(lambda c: c.value.n) for _ in range(2)]
        wait()
        for result in failed:
            print(result.exception, "refuser" in str(result.value))
        print(c.value.n)
    """
    check_script(source, "True True\nTrue True\n5", files=files, reports=2)


@threads_only
def test_a_module_that_refuses_sub_interpreters_works_in_one_heap():
    source = """
        import sys
        sys.this_is_main = True
        import user
        from bocpy import Cown, wait

        result = user.schedule(Cown(1))
        wait()
        print(result.unwrap())
    """
    check_script(source, "43", files=REFUSER)


@interpreters_only
def test_an_extension_module_that_refuses_sub_interpreters():
    testsinglephase = pytest.importorskip("_testsinglephase")
    assert testsinglephase
    source = """
        import _testsinglephase
        from bocpy import wait, when

        failed = when()(lambda: _testsinglephase.sum(1, 2))
        wait()
        print(failed.exception, "_testsinglephase" in str(failed.value), 'backend="threads"' in str(failed.value))
    """
    check_script(source, "True True True", reports=1)


@interpreters_only
def test_the_threads_backend_runs_what_sub_interpreters_refuse():
    source = """
        import sys
        sys.this_is_main = True
        import refuser
        from bocpy import start, wait, when

        start(2, backend="threads")
        result = when()(lambda: refuser.answer())
        wait()
        print(result.unwrap())
    """
    check_script(source, "42", files=REFUSER)


# -- a worker whose start fails


@interpreters_only
def test_a_worker_whose_start_fails_reaches_the_caller(tmp_path):
    """Every import of the package fails on the workers, so none of them can start; their traceback is the caller's."""
    poison = """
        import os, sys

        class Poison:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] == "bocpy":
                    raise OSError("poisoned import")

        if "MAIN_IS_UP" in os.environ:
            sys.meta_path.insert(0, Poison())
        os.environ["MAIN_IS_UP"] = "yes"
    """
    source = """
        import os, sys
        import bocpy

        def attempt(action):
            try:
                action()
            except BaseException as error:
                import traceback
                print("poisoned import" in "".join(traceback.format_exception(type(error), error, None)))
            else:
                print("started")

        attempt(lambda: bocpy.start(2))
        attempt(lambda: bocpy.when()(lambda: None))
        print(bocpy.wait(), "end")
    """
    (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(poison))
    python_path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    done = run_script(source, env={"PYTHONPATH": python_path})
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "True", "None", "end"], done.stdout + done.stderr


@interpreters_only
def test_a_module_named_to_start_that_fails_reaches_the_caller():
    source = """
        import pathlib, sys, traceback
        import bocpy

        path = pathlib.Path(__file__).parent / "failing.py"
        path.write_text("raise ZeroDivisionError('failing on purpose')")
        try:
            bocpy.start(2, ("failing", str(path)))
            result = bocpy.when()(lambda: 1)
            bocpy.wait()
            print(result.unwrap())
        except BaseException as error:
            print("failing on purpose" in "".join(traceback.format_exception(type(error), error, None)))
        bocpy.wait()
        path.write_text("")
        bocpy.start(1)
        result = bocpy.when()(lambda: 5)
        bocpy.wait()
        print(result.unwrap())
    """
    done = run_script(source)
    assert done.returncode == 0, done.stderr
    # told, or the module is not needed for a body of __main__
    assert done.stdout.split() in (["True", "5"], ["1", "5"]), done.stdout + done.stderr


# -- pickling a cown


def test_pickling_a_cown_into_a_file_and_back(tmp_path):
    c = Cown([1])
    path = tmp_path / "cown.pickle"
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        path.write_bytes(pickle.dumps({"c": c}, protocol))
        back = pickle.loads(path.read_bytes())["c"]
        assert back == c
        assert isinstance(back, Cown)
    with back:
        back.value.append(2)
    assert outcome(when(c)(lambda c: c.value)) == [1, 2]


def test_pickling_a_cown_twice_and_reading_it_many_times():
    c = Cown(1)
    data = pickle.dumps([c, c])
    handles = [h for _ in range(5) for h in pickle.loads(data)]
    assert all(h == c for h in handles)
    del handles, c
    gc.collect()
    for _ in range(2):
        try:
            back = pickle.loads(data)
        except Exception as error:
            assert str(error)
        else:
            assert outcome(back[0]) in (1, None)


def test_a_cown_pickled_in_a_behavior_can_be_opened_in_main():
    c = Cown(1)

    @when(c)
    def data(c):
        return pickle.dumps(c)

    assert pickle.loads(outcome(data)) == c


def test_a_cown_unpickled_in_another_process_is_an_error_that_says_so():
    data = pickle.dumps(Cown([1]))
    source = f"""
        import pickle
        import bocpy
        own = bocpy.Cown(1)
        try:
            back = pickle.loads({data!r})
        except Exception as error:
            print("process" in str(error).lower())
        else:
            print("opened", back)
    """
    check_script(source, "True")


def test_pickled_cowns_that_are_nonsense_do_not_crash():
    """The names in a pickle are corrupted, not the pickle: CPython reads even one that asks for all memory."""
    source = """
        import copyreg, itertools, os, pickle
        import bocpy

        keep = bocpy.Cown(5)
        function, arguments = keep.__reduce__()
        carried = bocpy._core._carried
        numbers = [0, 1, -1, 2**31, 2**63, 2**64, -(2**63), 10**30, os.getpid(), 1.5, "one", None, b"", (), keep, True]

        class Nonsense:
            def __init__(self, function, arguments):
                self.made_of = function, arguments

            def __reduce__(self):
                return self.made_of

        for one, other in itertools.product(numbers, numbers):
            for call in (function, (one, other)), (function, (arguments[0], other)), (carried, (one,)), (carried, ()):
                try:
                    pickle.loads(pickle.dumps(Nonsense(*call)))
                except Exception:
                    pass
        print("alive", keep.unwrap())
    """
    done = run_script(source)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("alive")


# -- last handles


def test_a_cown_whose_last_handle_dies_on_a_worker():
    outer = Cown([Cown([n]) for n in range(100)])
    quiesce(60)

    @when(outer)
    def _(outer):
        outer.value = None

    assert outcome(outer) is None


def test_a_captured_cown_whose_last_handle_dies_on_a_worker():
    def schedule():
        inner = Cown({"n": [1, 2, 3]})

        @when()
        def captured():
            return isinstance(inner, Cown)

        when(inner)(lambda c: c.value)
        return captured

    results = [schedule() for _ in range(50)]
    quiesce(60)
    assert all(result.unwrap() for result in results)


def test_a_cown_with_a_value_left_on_one_worker_dies_on_another(handshake):
    """One worker leaves an object in ``inner``; the other, which had been kept busy, drops its last handle."""
    start(2)
    inner = Cown(None)
    holder = Cown([inner])

    @when(inner)
    def _(inner):
        inner.value = Stubborn([1])
        handshake.arrive()

    handshake.await_arrival()

    @when(holder)
    def dropped(holder):
        handshake.arrive()
        holder.value = None
        return "dropped"

    handshake.await_arrival()
    del inner
    handshake.let_go(2)
    assert outcome(dropped) == "dropped"
    wait()


def test_a_value_made_on_a_worker_dies_there_or_with_it():
    reading, writing = os.pipe()
    start(2)
    cowns = [Cown(None) for _ in range(10)]
    for c in cowns:

        @when(c)
        def _(c):
            c.value = Loud(writing)

    quiesce(60)
    del c, cowns
    gc.collect()
    wait()
    gc.collect()
    os.close(writing)
    died = 0
    while data := os.read(reading, 4096):
        died += len(data)
    os.close(reading)
    assert died >= 10


def test_cowns_that_die_after_the_stop():
    start(2)
    cowns = [Cown(None) for _ in range(100)]
    for c in cowns:

        @when(c)
        def _(c):
            c.value = {"n": [c.acquired]}

    wait()
    del c, cowns
    gc.collect()
    assert outcome(when()(lambda: 1)) == 1


def test_handles_in_reference_cycles_are_collected():
    reading, writing = os.pipe()
    loop = [Cown(Loud(writing))]
    loop.append(loop)
    del loop
    gc.collect()
    quiesce(60)
    os.close(writing)
    assert len(os.read(reading, 100)) >= 1
    os.close(reading)


def test_results_dropped_at_once():
    c = Cown(0)
    for _ in range(2000):
        when(c)(increment)
        when(c)(lambda c: [c.value])
    assert outcome(c) == 2000


# -- all at once


def test_a_storm_of_failures_leaves_the_runtime_sound():
    start(3)
    cowns = [Cown(n) for n in range(5)]
    results = []
    for n in range(400):
        chosen = [cowns[n % 5], cowns[(n * 2 + 1) % 5]]

        @when(chosen)
        def result(chosen):
            if n % 3 == 0:
                raise ValueError(n)
            if n % 7 == 0:
                raise SystemExit(n)
            if n % 11 == 0:
                return [chosen[0]]
            return n

        results.append(result)
    quiesce(60)
    for n, result in enumerate(results):
        with result:
            assert result.exception is (n % 3 == 0 or n % 7 == 0)
    assert [outcome(c) for c in cowns] == list(range(5))
    assert threading.active_count() >= 1
