"""Matrices move by reference: one handle at a time may touch one, readers share it, and nothing is copied."""

import gc
import re
import sys
import threading

from bocpy import (
    Cown,
    Matrix,
    drain,
    notice_sync,
    notice_update,
    notice_write,
    noticeboard,
    read,
    receive,
    send,
    start,
    wait,
    when,
)
from support import (
    BACKEND,
    check_script,
    error_of,
    interpreters_only,
    not_strict,
    outcome,
    pytest,
    threads_only,
)

MOVED = re.compile("this Matrix has been moved: it is now (.*?)\\. One handle at a time")
VALUES = [[1.0, 2.0], [3.0, 4.0]]


def new():
    return Matrix(2, 2, [1, 2, 3, 4])


USES = {
    "reading": lambda a: a[0, 0],
    "a row": lambda a: a[0],
    "writing": lambda a: a.__setitem__((0, 0), 1),
    "a part": lambda a: a.__setitem__(0, [1, 2]),
    "adding": lambda a: a + 1,
    "adding to": lambda a: 1 + a,
    "an operand": lambda a: new() + a,
    "an operand in place": lambda a: new().add(a, out=new()),
    "an output": lambda a: new().add(1, out=a),
    "in place": lambda a: a.__iadd__(1),
    "a product": lambda a: new() @ a,
    "a sum": lambda a: a.sum(),
    "a mask": lambda a: new().sum(where=a),
    "a method": lambda a: a.abs(in_place=True),
    "comparing": lambda a: a == new(),
    "comparing with": lambda a: new() < a,
    "close": lambda a: Matrix.allclose(new(), a),
    "length": len,
    "shape": lambda a: a.shape,
    "rows": lambda a: a.rows,
    "a component": lambda a: a.x,
    "setting one": lambda a: setattr(a, "x", 1),
    "transposing": lambda a: a.T,
    "transposing in place": lambda a: a.transpose(True),
    "taking": lambda a: a.take([0]),
    "putting": lambda a: a.put([0], 1),
    "putting it": lambda a: new().put([0, 1], a),
    "choosing": lambda a: Matrix.where(a, 1, 2),
    "joining": lambda a: Matrix.concat([new(), a]),
    "iterating": list,
    "values": lambda a: a.values(),
    "a view": lambda a: a.view[0],
    "copying": lambda a: a.copy(),
    "a buffer": memoryview,
    "a text": str,
    "a list": lambda a: a.tolist(),
    "splitting": lambda a: a.split_rows(2),
    "joining rows": lambda a: Matrix.join_rows([a]),
    "moving again": lambda a: Cown(a),
    "sending again": lambda a: send("matrices", a),
}


def place_of(handle):
    """Where a matrix has gone, as the error says."""
    assert not handle.acquired
    with pytest.raises(RuntimeError) as raised:
        handle.sum()
    return MOVED.match(str(raised.value))[1]


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_handle_that_has_lost_its_matrix_says_where_it_is(use):
    a = new()
    assert a.acquired
    cown = Cown(a)
    with pytest.raises(RuntimeError, match=MOVED):
        use(a)
    assert repr(a) == "<Matrix, moved away>"
    with cown:
        assert cown.value.tolist() == VALUES


def test_where_matrices_go():
    a = new()
    cown = Cown(a)
    assert place_of(a) == "a cown's value"
    with cown:
        b = cown.value
        cown.value = new()
    assert b.tolist() == VALUES, "what the cown does not have any more stays with who has taken it out"
    a = new()
    send("matrices", a)
    assert place_of(a) == "the contents of a message with the tag 'matrices'"
    assert receive("matrices")[1].tolist() == VALUES
    a = new()
    when(Cown(None))(capturing(a))
    assert "captures" in place_of(a)


def capturing(a):
    return lambda c, a=a: a.tolist()


def test_a_value_that_is_a_container(backend):
    if backend == "threads":
        pytest.skip("there a container stays the object that it is")
    a, b = new(), Matrix(1, 1, 5)
    cown = Cown({"a": [a, (b,)], "again": a})
    assert place_of(a) == place_of(b) == "a cown's value"
    assert outcome(when(cown)(parts_of_container)) == [VALUES, [[5.0]], True]


def parts_of_container(c):
    a, (b,) = c.value["a"]
    return [a.tolist(), b.tolist(), a is c.value["again"]]


def adds_to_parts(c):
    c.value["a"] += 1
    c.value["list"][0] *= 2
    return c.value["a"] is c.value["list"][0], c.value["a"].tolist()


@threads_only
def test_containers_on_threads():
    """A container is the object that it is, and so are the matrices in it, as docs/matrix.md says."""
    a = new()
    cown = Cown({"a": a, "list": [a]})
    assert a.acquired
    same, values = when(cown)(adds_to_parts).get()
    assert same and values == a.tolist() == [[4.0, 6.0], [8.0, 10.0]]
    send("parts", [a])
    assert receive("parts")[1][0] is a
    taken = cown.unwrap()
    assert taken["a"] is a is taken["list"][0] and a.acquired
    # In a cown of its own it is moved all the same, and whoever has it in a container is told.
    other = Cown(a)
    assert place_of(taken["a"]) == "a cown's value" and when(other)(lambda c: c.value.sum()).get() == 28.0


@interpreters_only
def test_containers_on_interpreters():
    a = new()
    cown = Cown({"a": a, "list": [a]})
    assert place_of(a) == "a cown's value"
    assert when(cown)(adds_to_parts).get() == (True, [[4.0, 6.0], [8.0, 10.0]])
    taken = cown.unwrap()
    assert taken["a"] is taken["list"][0] and taken["a"].acquired and taken["a"].sum() == 28.0
    send("parts", [taken["a"]])
    assert place_of(taken["a"]) == "the contents of a message with the tag 'parts'"
    assert receive("parts")[1][0].sum() == 28.0


def test_what_get_gives(backend):
    """On interpreters a copy; on threads what can only be read, as docs/matrix.md says."""
    cown = Cown(new())
    seen = cown.get()
    assert seen.acquired and seen.tolist() == VALUES
    when(cown)(adds).get()
    if backend == "threads":
        with pytest.raises(RuntimeError, match="can only be read"):
            seen += 1
        assert seen.tolist() == [[2.0, 3.0], [4.0, 5.0]]
        copy = seen.copy()
        copy += 1
    else:
        assert seen.tolist() == VALUES
        seen += 1
    taken = cown.unwrap()
    taken += 1
    assert taken.tolist() == [[3.0, 4.0], [5.0, 6.0]] and cown.unwrap() is None


def adds(c, by=1):
    c.value += by
    return c.value.tolist()


def test_behaviors_take_turns():
    cown = Cown(Matrix(2, 2))
    for _ in range(20):
        when(cown)(adds)
    assert outcome(when(cown)(adds)) == [[21.0, 21.0]] * 2
    with cown:
        assert cown.value.tolist() == [[21.0, 21.0]] * 2
        cown.value *= 2
    assert outcome(when(cown)(adds)) == [[43.0, 43.0]] * 2


@not_strict
@pytest.mark.skipif(BACKEND == "interpreters" and sys.version_info < (3, 13), reason="ctypes refuses workers there")
def test_the_memory_stays_where_it_is():
    """On its way from worker to worker nothing is copied: each sees the elements at the same address."""
    check_script(
        """
        import ctypes
        from bocpy import Cown, Matrix, start, wait, when

        def address(c):
            array = (ctypes.c_double * c.value.size).from_buffer(c.value)
            found = ctypes.addressof(array)
            del array
            return found

        if __name__ == "__main__":
            start(2)
            c = Cown(Matrix(300, 300, 1))
            found = {when(c)(address).get() for _ in range(8)}
            for _ in range(3):
                with c:
                    found.add(address(c))
                    kept = c.value
                found.add(when(c)(address).get())
                assert not kept.acquired
            print(len(found))
            wait()
        """,
        "1",
    )


def reads_it(a, b):
    try:
        a.value[0, 0] = 7
    except RuntimeError as error:
        refused = str(error)
    return refused, (a.value @ b.value).tolist(), (a.value + a.value).tolist(), a.value.acquired


def test_a_reader_can_read_it():
    cown = Cown(new())
    refused, product, doubled, acquired = outcome(when(read(cown), read(cown))(reads_it))
    assert "this Matrix can only be read" in refused and "Take a copy()" in refused
    assert product == (new() @ new()).tolist() and doubled == (new() * 2).tolist() and acquired
    with cown:
        assert cown.value.tolist() == VALUES


WRITES = [
    lambda a: a.__iadd__(1),
    lambda a: a.__setitem__(0, 1),
    lambda a: a.add(1, out=a),
    lambda a: a.abs(in_place=True),
    lambda a: a.transpose(in_place=True),
    lambda a: a.put([0], 1),
    lambda a: setattr(a, "x", 1),
    lambda a: a.view[0].__setitem__(0, 1),
    lambda a: a.view[0].__setitem__(slice(None), 1),
    lambda a: a.normalize(in_place=True),
    lambda a: a.split_rows(2),
    lambda a: a.fma(1, 1, in_place=True),
]


def tries_to_write(c):
    found = []
    for change in WRITES:
        try:
            change(c.value)
            found.append("written")
        except RuntimeError as error:
            found.append("only be read" in str(error))
    return found, c.value.tolist()


def test_a_reader_cannot_write_it():
    found, values = outcome(when(read(Cown(new())))(tries_to_write))
    assert found == [True] * len(WRITES) and values == VALUES


@not_strict
def test_readers_share_it_at_the_same_time(backend):
    """Two readers are in their bodies together, on the same memory."""
    check_script(
        """
        from bocpy import Cown, Matrix, read, receive, send, start, wait, when

        def reader(c, name=None):
            send("in", name)
            receive(f"go {name}")
            return c.value.sum()

        def body(name):
            return lambda c, name=name, reader=reader: reader(c, name)

        if __name__ == "__main__":
            start(2)
            c = Cown(Matrix(2, 2, 1))
            results = [when(read(c))(body(name)) for name in "ab"]
            assert sorted([receive("in")[1], receive("in")[1]]) == ["a", "b"]
            send("go a", None)
            send("go b", None)
            print([result.get() for result in results])
            wait()
        """,
        "[4.0, 4.0]",
    )


def returns_its_value(c):
    return c.value * 2


def test_a_result():
    result = outcome(when(Cown(new()))(returns_its_value))
    assert result.tolist() == [[2.0, 4.0], [6.0, 8.0]] and result.acquired


def sends_it(c):
    send("matrices", c.value.copy())
    a = c.value
    send("matrices", a)
    try:
        a.sum()
    except RuntimeError as error:
        return str(error)


def test_a_message_of_a_behavior():
    told = outcome(when(Cown(new()))(sends_it))
    assert receive("matrices")[1].tolist() == VALUES == receive("matrices")[1].tolist()
    assert MOVED.match(told)[1] == "the contents of a message with the tag 'matrices'"
    drain("matrices")


def test_the_noticeboard():
    notice_write("matrix", new())
    notice_sync()
    assert noticeboard()["matrix"].tolist() == VALUES
    with pytest.raises(RuntimeError, match="can only be read"):
        noticeboard()["matrix"][0, 0] = 5
    assert outcome(when(Cown(None))(lambda _: noticeboard()["matrix"].sum())) == 10.0
    assert noticeboard()["matrix"].tolist() == VALUES


def test_a_capture():
    a = new()

    @when(Cown(None))
    def doubled(_, a=a):
        a *= 2
        return a

    assert outcome(doubled).tolist() == [[2.0, 4.0], [6.0, 8.0]]
    assert not a.acquired


def test_a_matrix_that_cannot_be_moved_stays_as_it_was(backend):
    if backend == "threads":
        pytest.skip("there everything can be moved")
    a = new()
    with pytest.raises(TypeError):
        Cown([a, threading.Lock()])
    assert a.acquired and a.tolist() == VALUES
    Cown([a])


def fails(c):
    c.value += 1
    raise ValueError("not this time")


def test_a_behavior_that_fails_leaves_what_it_has_done():
    cown = Cown(Matrix(1, 1))
    assert str(error_of(when(cown)(fails))) == "not this time"
    assert outcome(when(cown)(adds)) == [[2.0]]


def draws(c):
    Matrix.seed(5)
    return [Matrix.uniform() for _ in range(3)]


def test_each_interpreter_has_its_own_random_numbers():
    Matrix.seed(5)
    first = Matrix.uniform()
    assert outcome(when(Cown(None))(draws))[0] == first


def test_many_small_matrices_come_and_go():
    start(2)
    cowns = [Cown(Matrix(1, 3, i)) for i in range(100)]
    for _ in range(5):
        for cown in cowns:
            when(cown)(adds)
    wait()
    for i, cown in enumerate(cowns):
        with cown:
            assert cown.value.tolist() == [[i + 5.0] * 3]
    del cowns
    gc.collect()


def test_a_matrix_of_a_worker_that_has_ended():
    cown = Cown(None)
    when(cown)(makes_one)
    wait()
    with cown:
        assert cown.value.tolist() == VALUES


def makes_one(c):
    c.value = new()


def test_an_update_of_a_notice():
    notice_write("matrix", Matrix(1, 1, 1))
    notice_update("matrix", double)
    notice_sync()
    assert noticeboard()["matrix"].tolist() == [[2.0]]


def double(a):
    return a * 2
