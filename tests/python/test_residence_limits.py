"""Limits of residence: values that cannot move give an error and stay usable at home; values of ending workers."""

import array
import collections
import os
import sys
import threading

from bocpy import Cown, quiesce, start, wait, when
from support import KEPT, interpreters_only, not_strict, outcome, pytest, run_script, text_of


class Item:
    def __init__(self, content):
        self.content = content


class Moody:
    """Can be pickled only while a file is not there."""

    def __init__(self, path, content):
        self.path = path
        self.content = content

    def __reduce__(self):
        if os.path.exists(self.path):
            raise ArithmeticError("not in the mood")
        return Moody, (self.path, self.content)


def put_lock(c):
    c.value = threading.Lock()
    KEPT.append(id(c.value))


def is_kept(c):
    return id(c.value) == KEPT[-1]


def take_lock(c):
    with c.value:
        return c.value.locked()


# -- it cannot move


@not_strict
@interpreters_only
def test_what_cannot_move_is_named_to_who_asks_and_serves_on_at_home(crew):
    home, other = crew.start(2)
    c = Cown(None)
    crew.run(home, put_lock, c)
    refused = [crew.run(other, take_lock, c) for _ in range(2)]
    with pytest.raises(TypeError) as caught, c:
        assert c.value is not c
    same, locked = crew.run(home, is_kept, c), crew.run(home, take_lock, c)
    crew.dismiss()
    quiesce(60)
    errors = [caught.value]
    for result in refused:
        with result:
            assert result.exception and type(result.value) is TypeError
            errors.append(result.value)
    for error in errors:
        assert "lock" in str(error) and "put_lock" in str(error)
    assert outcome(same) is outcome(locked) is True


@interpreters_only
def test_what_cannot_move_can_be_replaced_from_elsewhere(crew):
    home, other = crew.start(2)
    c = Cown(None)
    crew.run(home, put_lock, c)
    crew.run(other, lambda c: setattr(c, "value", ["new"]), c)
    crew.dismiss()
    assert outcome(c) == ["new"]


@not_strict
@interpreters_only
def test_a_result_that_cannot_move_is_named_when_it_is_unwrapped():
    start(1)

    @when()
    def the_maker():
        return [threading.Lock()]

    quiesce(60)
    for _ in range(2):
        with pytest.raises(TypeError) as caught:
            the_maker.unwrap()
        assert "lock" in str(caught.value) and "the_maker" in str(caught.value)
    assert outcome(when(the_maker)(lambda r: type(r.value).__name__)) == "list"


@interpreters_only
def test_the_last_behavior_that_had_the_value_is_named():
    start(1)
    c = Cown(None)

    @when(c)
    def the_first(c):
        c.value = []

    @when(c)
    def the_culprit(c):
        c.value.append(threading.Lock())

    quiesce(60)
    with pytest.raises(TypeError, match="the_culprit") as caught, c:
        assert c.value is not c
    assert "the_first" not in str(caught.value)


@not_strict
def test_what_could_not_move_for_a_while_moves_later(crew, tmp_path):
    flag = tmp_path / "flag"
    home, other = crew.start(2)
    c = Cown(None)

    def make(c, path=str(flag)):
        c.value = [bytearray(b"x" * 100_000), Moody(path, [1, 2]), [3]]

    def whole(c):
        data, moody, rest = c.value
        return bytes(data) == b"x" * 100_000 and moody.content == [1, 2] and rest == [3]

    crew.run(home, make, c)
    flag.touch()
    refused = crew.run(other, whole, c)
    at_home = crew.run(home, whole, c)
    flag.unlink()
    later = crew.run(other, whole, c)
    crew.dismiss()
    quiesce(60)
    with refused:
        assert "not in the mood" in text_of(refused.value) if refused.exception else refused.value
    assert outcome(at_home) is outcome(later) is True
    assert outcome(c)[1].content == [1, 2]


@not_strict
@interpreters_only
def test_a_class_that_the_asking_worker_cannot_import(crew, tmp_path):
    """The module is on the path of one worker only."""
    (tmp_path / "of_one_worker.py").write_text("class Thing:\n    n = 5\n")
    folder = str(tmp_path)
    home, other = crew.start(2)
    c = Cown(None)

    def make(c):
        sys.path.insert(0, folder)
        import of_one_worker

        c.value = of_one_worker.Thing()
        KEPT.append(id(c.value))

    crew.run(home, make, c)
    refused = crew.run(other, lambda c: c.value.n, c)
    at_home = crew.run(home, lambda c: (c.value.n, id(c.value) == KEPT[-1]), c)
    crew.dismiss()
    quiesce(60)
    with refused:
        assert refused.exception
        assert "of_one_worker" in text_of(refused.value)
    assert outcome(at_home) == (5, True)


# -- its home ends

LASTING = [
    [1, [2]],
    {"a": {"b": [1]}},
    {1, 2, 3},
    (1, [2], "three"),
    bytearray(b"b" * 1000),
    b"b" * 100_000,
    "long" * 10_000,
    Item([1, 2]),
    collections.OrderedDict(b=1, a=2),
    array.array("i", range(10)),
]


def plain(value):
    return value.content if type(value) is Item else value


@pytest.mark.parametrize("workers", [1, 2])
def test_values_outlive_the_worker_that_they_were_left_on(workers):
    start(workers)
    cowns = [Cown([value]) for value in LASTING]
    for c in cowns:
        when(c)(lambda c: c.value.append("first life"))
    for life in range(3):
        wait()
        if life != 1:  # not even looked at from main, one time
            assert [c.value[1] for c in cowns] == ["first life"] * len(LASTING)
        start(workers)
        for c in cowns:
            when(c)(lambda c: c.value.append(life))
    wait()
    for c, value in zip(cowns, LASTING):
        assert plain(c.value[0]) == plain(value)
        assert c.value[1:] == ["first life", 0, 1, 2]


@not_strict
@interpreters_only
def test_what_cannot_move_when_its_worker_ends_is_told_at_once_and_to_all_who_ask():
    done = run_script(
        """
        import threading
        from bocpy import Cown, start, wait, when

        c, fine = Cown("the old value"), Cown(None)

        def the_culprit(c, fine):
            c.value = {"deep": threading.Lock()}
            fine.value = [1]

        def ask(c):
            return c.value

        start(1)
        when(c, fine)(the_culprit)
        wait()
        for action in 2 * [lambda: c.value, c.unwrap]:
            try:
                action()
            except Exception as error:
                print("lost" in str(error), "the_culprit" in str(error), "lock" in str(error))
        start(1)
        asked = when(c)(ask)
        wait()
        print(asked.exception, "lost" in str(asked.value), "the_culprit" in str(asked.value), fine.value)
        c.value = "new"
        asked = when(c)(ask)
        wait()
        print(asked.value, c.value)
        """
    )
    assert done.stdout.split("\n")[:-1] == ["True True True"] * 4 + ["True True True [1]", "new new"], done.stderr
    assert done.returncode == 0
    assert "the_culprit" in done.stderr and "lock" in done.stderr


@not_strict
@interpreters_only
def test_what_cannot_move_when_the_program_ends_without_a_wait_does_no_harm():
    done = run_script(
        """
        import threading
        from bocpy import Cown, start, when

        c = Cown(None)
        start(2)

        @when(c)
        def the_culprit(c):
            c.value = threading.Lock()

        @when(c)
        def seen(c):
            print(type(c.value).__name__)
        """
    )
    assert (done.stdout, done.returncode) == ("lock\n", 0), done.stderr
    assert "Traceback" not in done.stderr


@interpreters_only
@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX")
def test_values_outlive_the_fork_for_which_workers_leave_their_interpreters():
    done = run_script(
        """
        import os, warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        from bocpy import Cown, quiesce, start, wait, when

        start(2)
        cowns = [Cown([n]) for n in range(20)]
        for c in cowns:
            when(c)(lambda c: c.value.append("left"))
        quiesce()
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        for c in cowns:
            when(c)(lambda c: c.value.append("after"))
        wait()
        print([c.value for c in cowns] == [[n, "left", "after"] for n in range(20)])
        """
    )
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr
