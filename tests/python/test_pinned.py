"""``PinnedCown``: values that stay with the main thread, and handles that go everywhere."""

import copy
import gc
import io
import pickle
import threading
import weakref

import bocpy
from bocpy import (
    Cown,
    PinnedCown,
    ReadCown,
    notice_read,
    notice_sync,
    notice_write,
    pump,
    quiesce,
    read,
    receive,
    send,
    start,
    wait,
    when,
    whencall,
)
from support import error_of, interpreters_only, outcome, pytest, text_of
from support.threads import on_main


class Window:
    """As a GUI's: it cannot be pickled."""

    def __init__(self):
        self.drawn = []

    def __reduce__(self):
        raise TypeError("a window stays where it is")


class Node:
    pass


def draw(window, what):
    window.value.drawn.append(what)


def where(window):
    return threading.get_ident()


# Values


def test_the_value_is_the_object_itself():
    window = Window()
    pinned = PinnedCown(window)
    assert pinned.value is window
    seen = whencall(lambda p: p.value is window, [pinned])
    assert outcome(seen) is True
    assert pinned.value is window
    wait()
    assert pinned.value is window


def test_the_class_is_a_cown():
    pinned = PinnedCown(value=1)
    assert isinstance(pinned, Cown)
    assert isinstance(pinned, ReadCown)
    assert type(pinned) is PinnedCown
    assert PinnedCown.__mro__[1] is Cown
    assert repr(pinned).startswith("PinnedCown(0x") and "value=1)" in repr(pinned)
    assert not isinstance(Cown(1), PinnedCown)
    assert PinnedCown[int]


@pytest.mark.parametrize("args, kwargs", [((), {}), ((1, 2), {}), ((1,), {"value": 2}), ((), {"values": 1})])
def test_it_takes_one_value(args, kwargs):
    with pytest.raises(TypeError, match="PinnedCown\\(\\) takes one argument|keyword"):
        PinnedCown(*args, **kwargs)


@pytest.mark.parametrize(
    "value",
    [None, True, 7, 1 << 100, 1.5, "text", b"bytes", (), [1], {"a": 1}, Window, len, io.StringIO("x"), Window()],
)
def test_values_of_every_kind_stay_the_same_object(value):
    pinned = PinnedCown(value)
    same = whencall(lambda p: p.value is value, [pinned])
    assert outcome(same) is True
    assert pinned.value is value


def test_a_value_is_not_copied_when_it_is_assigned():
    first, second = Window(), Window()
    pinned = PinnedCown(first)

    @when(pinned)
    def _(pinned):
        pinned.value = second

    quiesce()
    assert pinned.value is second
    pinned.value = first
    same = whencall(lambda p: p.value is first, [pinned])
    assert outcome(same) is True


def test_values_that_are_numbers_once_and_objects_later():
    pinned = PinnedCown(1)
    for value in (2, "a", None, 3.5, Window(), 1 << 70, True):
        whencall(lambda p, v: setattr(p, "value", v), [pinned], [value])
        on_main_thread = whencall(lambda p: on_main(), [pinned])
        assert outcome(on_main_thread) is True
        assert pinned.value is value


def test_get_peek_unwrap_and_done_on_the_main_thread():
    window = Window()
    pinned = PinnedCown(window)
    assert pinned.done()
    assert pinned.get() is window
    assert pinned.peek() is window
    whencall(draw, [pinned], ["a"])
    assert pinned.get() is window
    assert window.drawn == ["a"]
    assert pinned.get(0) is window
    assert pinned.unwrap() is window
    assert pinned.value is None
    # It is pinned still.
    assert outcome(whencall(lambda p: on_main(), [pinned])) is True


def test_a_pinned_cown_can_be_acquired_on_the_main_thread():
    pinned = PinnedCown(Window())
    with pinned:
        pinned.value.drawn.append(1)
        later = whencall(lambda p: p.value.drawn, [pinned])
        assert pump().executed == 0
        assert not later.done()
    assert outcome(later) == [1]


def test_a_result_of_a_pinned_behavior_that_cannot_be_pickled_stays_on_the_main_thread():
    pinned = PinnedCown(Window())
    result = whencall(lambda p: Window(), [pinned])
    quiesce()
    assert result.unwrap().drawn == []


@interpreters_only
def test_such_a_result_is_an_error_for_those_who_would_take_it_elsewhere():
    start(1)
    pinned = PinnedCown(None)
    result = whencall(lambda p: Window(), [pinned])
    after = whencall(lambda r: r.value, [result])
    error = error_of(after)
    assert "Window" in text_of(error)


def test_exceptions_as_results():
    pinned = PinnedCown(1)

    @when(pinned)
    def result(pinned):
        raise KeyError("no", 1)

    with pytest.raises(KeyError) as caught:
        result.get()
    assert caught.value.args == ("no", 1)
    assert "in result" in text_of(caught.value)

    @when(result)
    def seen(result):
        return result.exception, type(result.value).__name__

    assert outcome(seen) == (True, "KeyError")


def test_an_exception_that_cannot_be_pickled():
    class Odd(Exception):
        def __init__(self, window, more):
            super().__init__("odd")
            self.window = window

    pinned = PinnedCown(Window())

    @when(pinned)
    def result(pinned):
        raise Odd(pinned.value, 1)

    error = error_of(result)
    assert "odd" in text_of(error)


# Handles


def test_handles_are_equal_and_hashable_as_those_of_any_cown():
    pinned, other = PinnedCown([]), PinnedCown([])
    assert pinned == pinned and pinned != other
    assert len({pinned, other, pinned}) == 2
    assert (pinned < other) != (other < pinned)
    box = Cown([pinned])
    with box:
        again = box.value[0]
        assert again == pinned and hash(again) == hash(pinned)
        assert type(again) is PinnedCown


def test_copies_are_handles_of_the_same_cown():
    pinned = PinnedCown(Window())
    for other in (copy.copy(pinned), copy.deepcopy(pinned), copy.deepcopy([pinned])[0]):
        assert other == pinned
        assert other.value is pinned.value


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickled_within_the_process(protocol):
    pinned, cown = PinnedCown(Window()), Cown(1)
    try:
        pickled = pickle.dumps(cown, protocol)
    except TypeError as error:
        with pytest.raises(type(error)):
            pickle.dumps(pinned, protocol)
    else:
        assert pickle.loads(pickled) == cown
        assert pickle.loads(pickle.dumps(pinned, protocol)) == pinned


def test_handles_travel_in_captures_values_messages_and_the_noticeboard():
    pinned = PinnedCown(Window())
    box = Cown({"list": [pinned], "tuple": (pinned, 1), "dict": {pinned: pinned}, "set": {pinned}})

    @when(box)
    def types(box, captured=pinned):
        found = [box.value["list"][0], box.value["tuple"][0], *box.value["dict"], *box.value["set"], captured]
        assert all(handle == captured for handle in found)
        for number, handle in enumerate(found):
            when(handle)(lambda handle, number=number: handle.value.drawn.append(number))
        send("handle", [captured])
        notice_write("handle", captured)
        notice_sync()
        return [type(handle).__name__ for handle in found]

    assert outcome(types) == ["PinnedCown"] * 5
    assert pinned.value.drawn == [0, 1, 2, 3, 4]
    assert receive("handle")[1] == [pinned]
    found = notice_read("handle")
    assert found == pinned and found.value is pinned.value


def test_a_handle_as_a_result():
    pinned = PinnedCown(Window())
    result = when()(lambda: pinned)
    assert result.get() == pinned
    inner = when(result)(lambda result: [result.value, result.value])
    assert inner.get() == [pinned, pinned]
    assert type(inner.get()[0]) is PinnedCown


def test_a_pinned_cown_whose_value_has_its_own_handle_and_others():
    pinned = PinnedCown([])
    other = PinnedCown([pinned])
    pinned.value.extend([pinned, other, Cown(3)])
    found = whencall(lambda p: [type(each).__name__ for each in p.value], [pinned])
    assert outcome(found) == ["PinnedCown", "PinnedCown", "Cown"]
    assert "..." in repr(pinned)


def test_a_pinned_cown_within_a_pinned_cown_made_by_its_behavior():
    pinned = PinnedCown([])

    @when(pinned)
    def made(pinned):
        pinned.value.append(PinnedCown(Window()))
        when(pinned.value[0])(lambda inner: inner.value.drawn.append("inner"))

    assert "only in the main interpreter" not in text_of(outcome(made) or ValueError())
    assert pinned.value[0].value.drawn == ["inner"]


# On other threads


def test_on_a_worker_none_can_be_made():
    result = when()(lambda: PinnedCown(1))
    error = error_of(result)
    assert isinstance(error, RuntimeError)
    assert "only in the main interpreter" in str(error)


def test_on_another_thread_of_the_main_interpreter_one_can_be_made_but_not_used():
    made, errors = [], []

    def work():
        made.append(PinnedCown([1]))
        for use in (
            lambda: made[0].value,
            lambda: setattr(made[0], "value", 1),
            lambda: made[0].acquire(),
            lambda: made[0].get(),
            lambda: made[0].peek(),
            lambda: made[0].unwrap(),
        ):
            try:
                errors.append(use())
            except RuntimeError as error:
                errors.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert made[0].value == [1]
    assert len(errors) == 6
    for error in errors:
        assert "main thread" in error and "@when" in error, errors


USES = {
    "value": lambda handle: handle.value,
    "assign": lambda handle: setattr(handle, "value", 1),
    "acquire": lambda handle: handle.acquire(),
    "with": lambda handle: handle.__enter__(),
    "exception": lambda handle: handle.exception,
}


@pytest.mark.parametrize("use", USES)
def test_a_worker_cannot_open_it(use):
    pinned = PinnedCown(Window())

    @when()
    def result(pinned=pinned, use=use):
        try:
            USES[use](pinned)
        except RuntimeError as error:
            return str(error)

    text = outcome(result)
    assert text and "main thread" in text and "@when" in text, text
    assert pinned.value.drawn == []


@pytest.mark.parametrize("wait_for", ["get", "peek", "unwrap"])
def test_a_worker_cannot_wait_for_it(wait_for):
    pinned = PinnedCown(Window())

    @when()
    def result(pinned=pinned, wait_for=wait_for):
        getattr(pinned, wait_for)()

    assert isinstance(error_of(result), RuntimeError)


def test_on_a_worker_its_repr_and_done_say_what_they_can():
    pinned = PinnedCown(Window())

    @when()
    def result(pinned=pinned):
        return repr(pinned), pinned.done(), hash(pinned) == hash(copy.copy(pinned)), {pinned: 1}[pinned]

    text, done, same, one = outcome(result)
    assert text.startswith("PinnedCown(0x") and "not held" in text
    assert done in (True, False) and same and one == 1


# Lives


def test_values_die_with_the_last_handle():
    value = Window()
    seen = weakref.ref(value)
    pinned = PinnedCown(value)
    whencall(lambda p: p.value.drawn, [pinned])
    del value
    quiesce()
    del pinned
    gc.collect()
    assert seen() is None


def test_a_value_whose_last_handle_dies_on_a_worker_dies_on_the_main_thread():
    died = []

    class Told:
        def __del__(self):
            died.append(on_main())

    box = Cown([PinnedCown(Told())])
    when(box)(lambda box: box.value.clear())
    quiesce()
    gc.collect()
    quiesce()
    assert died == [True]


def test_cycles_through_a_pinned_value_are_found():
    node = Node()
    node.pinned = PinnedCown(node)
    seen = weakref.ref(node)
    whencall(lambda p: None, [node.pinned])
    quiesce()
    del node
    gc.collect()
    assert seen() is None


def test_weak_references_to_handles():
    pinned = PinnedCown(1)
    seen = weakref.ref(pinned)
    assert seen() is pinned
    del pinned
    gc.collect()
    assert seen() is None


class Counter(PinnedCown):
    """A subclass with methods of its own."""

    def __init__(self, start):
        super().__init__([start])
        self.note = "own"

    def first(self):
        return self.value[0]


def test_subclasses():
    counter = Counter(3)
    assert counter.first() == 3
    assert counter.note == "own"
    assert isinstance(counter, PinnedCown)
    with pytest.raises(RuntimeError, match="initialized once"):
        counter.__init__(4)
    seen = whencall(lambda c: (on_main(), c.value), [counter])
    assert outcome(seen) == (True, [3])


def test_a_subclass_that_does_not_call_init():
    class Lazy(PinnedCown):
        def __init__(self):
            pass

    lazy = Lazy()
    assert not isinstance(lazy, type(None))
    whencall(lambda c: None, [lazy])
    quiesce()
    PinnedCown.__init__(lazy, [1])
    assert lazy.value == [1]
    assert outcome(whencall(lambda c: on_main(), [lazy])) is True


def test_after_wait_the_cowns_go_on():
    pinned = PinnedCown(Window())
    whencall(draw, [pinned], [1])
    wait()
    assert pinned.value.drawn == [1]
    whencall(draw, [pinned], [2])
    wait()
    assert pinned.get().drawn == [1, 2]


# Readers


def test_read_of_a_pinned_cown_gives_the_object_on_the_main_thread():
    window = Window()
    pinned = PinnedCown(window)
    seen = [when(read(pinned))(lambda p: (p.value is window, on_main())) for _ in range(3)]
    assert [outcome(each) for each in seen] == [(True, True)] * 3


def test_a_reader_cannot_assign():
    pinned = PinnedCown(1)

    @when(read(pinned))
    def result(pinned):
        pinned.value = 2

    assert isinstance(error_of(result), (RuntimeError, TypeError, AttributeError))
    assert pinned.value == 1


def test_an_ordinary_cown_that_is_read_beside_a_pinned_one():
    pinned, data = PinnedCown([]), Cown({"a": [1]})

    @when(pinned, read(data))
    def _(pinned, data):
        pinned.value.append(data.value["a"])

    worker = when(read(data))(lambda data: data.value)
    assert outcome(worker) == {"a": [1]}
    assert pinned.value == [[1]]
    assert data.get() == {"a": [1]}


def test_the_module_names_it():
    assert bocpy.PinnedCown is PinnedCown
    assert PinnedCown.__module__ == "bocpy"
