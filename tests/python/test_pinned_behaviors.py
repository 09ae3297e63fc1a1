"""Behaviors over pinned cowns: where they run, in which order, and what they bring there and leave."""

import contextvars
import io
import threading

from bocpy import (
    CancelledError,
    Cown,
    PinnedCown,
    _core,
    gather,
    pump,
    quiesce,
    read,
    scope,
    start,
    wait,
    when,
    whencall,
)
from support import check_script, error_of, interpreters_only, outcome, pytest, text_of
from support.threads import on_main

MARK = contextvars.ContextVar("MARK", default="unset")


class Window:
    def __init__(self):
        self.drawn = []

    def __reduce__(self):
        raise TypeError("a window stays where it is")


class Point:
    def __init__(self, x):
        self.x = x


# Where, and when


def test_a_behavior_with_a_pinned_cown_runs_on_the_main_thread():
    start(2)
    pinned, data = PinnedCown(None), Cown([1])
    assert outcome(when(data)(lambda data: on_main())) is False
    for cowns in ([pinned], [data, pinned], [pinned, data], [[data, pinned]], [data, [pinned]], [read(pinned), data]):
        assert outcome(when(*cowns)(lambda *cowns: on_main())) is True, cowns
    assert outcome(when(data)(lambda data: on_main())) is False


def test_it_does_not_run_before_the_main_thread_pumps(handshake):
    pinned = PinnedCown([])
    result = when(pinned)(lambda pinned: pinned.value.append(1))
    when()(lambda handshake=handshake: handshake.say())
    handshake.await_arrival()
    assert not result.done()
    assert pinned.value == []
    assert pump() == (1, False, 0)
    assert pinned.value == [1]


def test_the_order_is_that_of_scheduling():
    pinned, data = PinnedCown([]), Cown([])
    for number in range(200):
        if number % 3:

            @when(pinned)
            def _(pinned, number=number):
                pinned.value.append(number)

        elif number % 2:

            @when(data)
            def _(data, number=number):
                data.value.append(number)

        else:

            @when(pinned, data)
            def _(pinned, data, number=number):
                pinned.value.append(number)
                data.value.append(number)

    quiesce()
    assert pinned.value == [n for n in range(200) if n % 3 or n % 2 == 0]
    assert data.get() == [n for n in range(200) if n % 3 == 0]


def test_two_cowns_change_together():
    pinned, data = PinnedCown({"left": 1000}), Cown({"left": 0})
    sums = []

    def move(pinned, data):
        pinned.value["left"] -= 1
        data.value["left"] += 1

    for number in range(100):
        when(pinned, data)(move) if number % 2 else when(data, pinned)(lambda data, pinned: move(pinned, data))
        when(pinned, read(data))(lambda p, d: sums.append(p.value["left"] + d.value["left"]))
    quiesce()
    assert sums == [1000] * 100


def test_the_same_pinned_cown_twice():
    pinned = PinnedCown([])

    @when(pinned, pinned, [pinned, pinned])
    def same(first, second, both):
        first.value.append(1)
        return first.value is second.value is both[0].value is both[1].value

    assert outcome(same) is True
    assert pinned.value == [1]


def test_groups_with_pinned_cowns_in_them():
    pinned, cowns = PinnedCown([]), [Cown(n) for n in range(5)]

    @when([*cowns, pinned], [])
    def kinds(group, none):
        group[-1].value.extend(cown.value for cown in group[:-1])
        for cown in group[:-1]:
            cown.value += 10
        return [type(cown).__name__ for cown in group], none

    assert outcome(kinds) == (["Cown"] * 5 + ["PinnedCown"], [])
    assert pinned.value == [0, 1, 2, 3, 4]
    assert gather(cowns).get() == [10, 11, 12, 13, 14]


def test_several_pinned_cowns():
    cowns = [PinnedCown([n]) for n in range(10)]

    @when(cowns)
    def total(cowns):
        for cown in cowns:
            cown.value.append(1)
        return sum(cown.value[0] for cown in cowns)

    assert outcome(total) == 45
    assert all(cown.value[1] == 1 for cown in cowns)


def test_workers_and_pinned_behaviors_schedule_each_other():
    start(2)
    pinned, log = PinnedCown([]), Cown([])

    def step(n):
        @when(log)
        def _(log, n=n, pinned=pinned):
            log.value.append(n)

            @when(pinned, log)
            def _(pinned, log, n=n):
                pinned.value.append((n, on_main(), len(log.value)))
                if n:
                    step(n - 1)

    step(20)
    quiesce()
    assert pinned.value == [(20 - n, True, n + 1) for n in range(21)]


def test_a_long_chain_of_pinned_behaviors():
    pinned = PinnedCown(0)

    def step(pinned):
        pinned.value += 1
        if pinned.value < 3000:
            when(pinned)(step)

    when(pinned)(step)
    quiesce()
    assert pinned.value == 3000


def test_priorities_and_names():
    pinned = PinnedCown([])
    low = when(pinned, priority="low", name="slow one")(lambda p: p.value.append("low"))
    high = when(pinned, priority="high", name="fast one")(lambda p: p.value.append("high") or 1 / 0)
    error = error_of(high)
    assert "fast one" in text_of(error)
    assert outcome(low) is None
    assert pinned.value == ["low", "high"]


# What is brought there and left


def test_an_ordinary_value_is_brought_and_goes_back():
    start(2)
    pinned, data = PinnedCown(Window()), Cown(None)
    when(data)(lambda data: setattr(data, "value", {"points": [Point(1)]}))

    @when(pinned, data)
    def _(pinned, data):
        assert type(data.value["points"][0]) is Point
        data.value["points"].append(Point(2))
        pinned.value.drawn.append(len(data.value["points"]))

    xs = when(data)(lambda data: [point.x for point in data.value["points"]])
    assert outcome(xs) == [1, 2]
    assert pinned.value.drawn == [2]


@interpreters_only
def test_what_a_pinned_and_an_ordinary_value_share_is_copied():
    shared = [1]
    pinned, data, more = PinnedCown(None), Cown(None), Cown(None)

    @when(pinned, data, more)
    def _(pinned, data, more):
        pinned.value = {"own": shared}
        data.value = {"own": pinned.value["own"], "more": [2]}
        more.value = data.value["more"]

    @when(data)
    def _(data):
        data.value["own"].append("worker")
        data.value["more"].append("worker")

    quiesce()
    assert pinned.value["own"] == [1]
    assert data.get() == {"own": [1, "worker"], "more": [2, "worker"]}
    assert more.get() == [2]


@interpreters_only
def test_the_pinned_value_stays_the_same_object_when_parts_are_shared():
    part = [1]
    pinned, data = PinnedCown({"part": part}), Cown(None)

    @when(pinned, data)
    def result(pinned, data):
        data.value = pinned.value["part"]
        return pinned.value["part"]

    when(data)(lambda data: data.value.append(2))
    quiesce()
    assert pinned.value["part"] is part == [1]
    assert data.get() == [1, 2]
    assert result.get() == [1]
    result.unwrap().append(3)
    assert part == [1]


def test_a_value_that_cannot_be_pickled_left_in_an_ordinary_cown():
    start(1)
    pinned, data = PinnedCown(None), Cown(None)
    when(pinned, data)(lambda pinned, data: setattr(data, "value", Window()))
    again = when(pinned, data)(lambda pinned, data: type(data.value).__name__)
    assert outcome(again) == "Window"
    elsewhere = when(data)(lambda data: type(data.value).__name__)
    quiesce()
    try:
        assert elsewhere.unwrap() == "Window"  # on threads
    except TypeError as error:
        assert "Window" in text_of(error)
    # It is still there.
    back = when(pinned, data)(lambda pinned, data: type(data.value).__name__)
    assert outcome(back) == "Window"


def test_by_reference_types_in_and_beside_pinned_cowns():
    probe = getattr(_core, "_Probe", None)
    if probe is None:
        pytest.skip("built without the probe")
    pinned, data = PinnedCown(probe(1)), Cown(probe(2))
    kinds = when(pinned, data)(lambda p, d: (type(p.value).__name__, type(d.value).__name__))
    assert outcome(kinds) == (probe.__name__, probe.__name__)
    assert outcome(when(data)(lambda d: type(d.value).__name__)) == probe.__name__


def test_both_values_in_one_file_object():
    """The usual case: an open file on the main thread, and data from workers."""
    file = PinnedCown(io.StringIO())
    lines = [when()(lambda n=n: f"line {n}\n") for n in range(5)]
    for line in lines:
        when(file, line)(lambda file, line: file.value.write(line.value))
    quiesce()
    assert sorted(file.value.getvalue().splitlines()) == [f"line {n}" for n in range(5)]


# Code


def test_what_a_pinned_behavior_of_the_main_program_captures_may_be_anything():
    window, lock = Window(), threading.Lock()
    pinned = PinnedCown(None)

    @when(pinned)
    def result(pinned, given=window):
        lock.acquire()
        given.drawn.append(window)
        return given is window

    assert outcome(result) is True
    assert lock.locked() and window.drawn == [window]
    assert outcome(whencall(lambda p, w: w is window, [pinned], [window])) is True
    assert outcome(when(pinned)(window.drawn.__contains__)) is False


def test_loop_variables_are_those_of_when_it_was_scheduled():
    pinned = PinnedCown([])
    for number in range(5):
        when(pinned)(lambda pinned: pinned.value.append(number))
    quiesce()
    assert pinned.value == [0, 1, 2, 3, 4]


@interpreters_only
def test_what_a_worker_captures_has_to_travel():
    pinned = PinnedCown(None)

    @when()
    def result(pinned=pinned):
        window = Window()
        when(pinned)(lambda pinned: window)

    error = error_of(result)
    assert isinstance(error, TypeError) and "window" in str(error)


def test_functions_and_classes_of_the_main_program():
    check_script(
        """
        import threading
        from bocpy import Cown, PinnedCown, quiesce, wait, when

        class Shape:
            def __init__(self, x):
                self.x = x

        class Window:
            def __init__(self):
                self.shapes = []
                self.lock = threading.Lock()
            def draw(self, shape):
                assert isinstance(shape, Shape), type(shape)
                assert type(shape) is Shape
                self.shapes.append(shape.x)

        LOG = []
        HANDLE = open(__file__)
        window = PinnedCown(Window())

        def draw(window, shape=None):
            assert threading.current_thread() is threading.main_thread()
            window.value.draw(shape or Shape(-1))
            LOG.append(HANDLE.name == __file__)

        def work(n):
            shape = Shape(n)

            @when(window)
            def _(window):
                assert isinstance(window.value, Window)
                window.value.draw(shape)
                return helper(shape)

        def helper(shape):
            return Shape(shape.x)

        for n in range(3):
            when()(lambda n=n: work(n))
        quiesce()
        when(window)(draw)
        quiesce()
        data = Cown(Shape(7))

        @when(data)
        def _(data):
            data.value.x += 1

            @when(window, data)
            def _(window, data):
                window.value.draw(data.value)

        wait()
        shapes = window.value.shapes
        print(sorted(shapes[:3]), shapes[3:], LOG)
        """,
        "[0, 1, 2] [-1, 8] [True]",
    )


def test_globals_of_the_main_program_as_pinned_behaviors_see_and_set_them():
    """Those of when it was scheduled, as everywhere; also where they cannot be pickled."""
    check_script(
        """
        from bocpy import Cown, PinnedCown, quiesce, wait, when

        class Toolkit:
            def __reduce__(self):
                raise TypeError("no")

        kit = Toolkit()
        number = 1
        pinned = PinnedCown([])

        @when(pinned)
        def _(pinned):
            pinned.value.append((number, kit is toolkit))

        number = 2
        toolkit = kit

        @when(pinned)
        def _(pinned):
            pinned.value.append((number, kit is toolkit))

        quiesce()
        print(pinned.value)
        wait()
        """,
        "[(1, True), (2, True)]",
    )


def test_context_variables():
    pinned = PinnedCown(None)
    token = MARK.set("main")
    result = when(pinned)(lambda pinned: MARK.get())

    @when(pinned)
    def changed(pinned):
        MARK.set("inner")
        return MARK.get()

    MARK.reset(token)
    MARK.set("later")
    assert outcome(result) == "main"
    assert outcome(changed) == "inner"
    assert MARK.get() == "later"


def test_context_variables_of_workers_reach_the_main_thread():
    pinned = PinnedCown([])

    @when()
    def _(pinned=pinned):
        MARK.set("worker")
        when(pinned)(lambda pinned: pinned.value.append(MARK.get()))

    quiesce()
    assert pinned.value == ["worker"]


def test_output_stays_in_order():
    check_script(
        """
        from bocpy import Cown, PinnedCown, wait, when
        pinned = PinnedCown(None)
        for number in range(3):
            when(pinned)(lambda pinned, number=number: print("pinned", number))
        print("scheduled")
        wait()
        print("over")
        """,
        "scheduled\npinned 0\npinned 1\npinned 2\nover",
    )


def test_generators_and_coroutines_stay_on_the_main_thread():
    def count():
        yield from range(10)

    pinned = PinnedCown(count())
    seen = [when(pinned)(lambda pinned: next(pinned.value)) for _ in range(3)]
    assert gather(seen).get() == [0, 1, 2]
    assert next(pinned.value) == 3


# Dropping


def test_cancel_before_it_has_begun():
    pinned = PinnedCown([])
    first = when(pinned)(lambda p: p.value.append(1))
    second = when(pinned)(lambda p: p.value.append(2))
    third = when(pinned)(lambda p: p.value.append(3))
    assert second.cancel() is True
    assert second.cancel() is True
    with pytest.raises(CancelledError):
        second.get()
    quiesce()
    assert pinned.value == [1, 3]
    assert first.cancel() is False and third.cancel() is False


def test_cancel_while_it_runs():
    pinned, said, results = PinnedCown(None), [], []

    # What it captures is not copied.
    @when(pinned)
    def outer(pinned):
        said.extend(result.cancel() for result in results)

    inner = when(pinned)(lambda pinned: said.append("ran"))
    results.extend([outer, inner])
    quiesce()
    assert said == [False, True]
    with pytest.raises(CancelledError):
        inner.get()


def test_a_scope_that_is_cancelled():
    pinned = PinnedCown([])
    with scope() as s:
        for number in range(5):
            when(pinned)(lambda p, n=number: p.value.append(n))
        s.cancel()
    assert pinned.value == []
    assert outcome(when(pinned)(lambda p: len(p.value))) == 0


@pytest.mark.parametrize("end", [wait, quiesce])
def test_wait_with_cancel(end):
    pinned = PinnedCown([])
    results = [when(pinned)(lambda p: p.value.append(1)) for _ in range(5)]
    end(cancel=True)
    assert pinned.value == []
    for result in results:
        with pytest.raises(CancelledError):
            result.get()
