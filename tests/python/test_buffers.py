"""Buffers: bytes, bytearrays, arrays and views of them move whole, and nobody can use another one's memory."""

import array
import gc
import pickle

from bocpy import Cown, start, wait, when
from support import BACKEND, KEPT, interpreters_only, not_strict, outcome, pytest, text_of

HEAPS_DIFFER = BACKEND == "interpreters"
SIZES = [0, 1, 2, 63, 511, 512, 513, 4095, 4096, 65_536, 1_000_001, 20_000_000]
TYPECODES = [code for code in "bBhHiIlLqQfdw" if code in array.typecodes]


def pattern(size):
    """Bytes that are not the same after a shift."""
    return (bytes(range(251)) * (size // 251 + 1))[:size]


class Frame:
    """Passes its buffer to pickle out of band, as large arrays of numbers do."""

    def __init__(self, data):
        self.data = data

    def __reduce_ex__(self, protocol):
        assert protocol >= 5
        return Frame, (pickle.PickleBuffer(self.data),)

    def view(self):
        return memoryview(self.data)


def put(make):
    """A body that puts the result of ``make`` into its cown."""

    def body(c):
        c.value = make()

    return body


def facts(view):
    return view.format, view.itemsize, view.ndim, view.shape, view.nbytes, view.readonly, view.tolist()


def size_name(size):
    return f"{size} bytes"


# -- bytes and bytearrays


@pytest.mark.parametrize("kind", [bytes, bytearray])
@pytest.mark.parametrize("size", SIZES, ids=size_name)
def test_bytes_move_whole_from_main_and_from_a_worker(size, kind):
    start(1)
    data = kind(pattern(size))
    given, left = Cown(data), Cown(None)
    there = when(given)(lambda c: (type(c.value) is kind, c.value == pattern(size)))
    when(left)(put(lambda: kind(pattern(size))))
    returned = when()(lambda: kind(pattern(size)))
    captured = when()(lambda: data == pattern(size))
    assert outcome(there) == (True, True)
    for c in (given, left, returned):
        back = outcome(c)
        assert type(back) is kind and back == pattern(size)
    assert outcome(captured) is True
    assert data == pattern(size)


@pytest.mark.parametrize("size", SIZES[1:], ids=size_name)
def test_a_bytearray_can_be_changed_and_resized_wherever_it_is(crew, size):
    home, other = crew.start(2)
    c = Cown(None)

    def change(c):
        c.value[0] ^= 0xFF
        c.value.append(7)
        c.value.extend(b"tail" * 1000)
        del c.value[:1]

    crew.run(home, put(lambda: bytearray(pattern(size))), c)
    for worker in (other, home, home, other):
        crew.run(worker, change, c)
    crew.dismiss()
    model = bytearray(pattern(size))
    for _ in range(4):
        change(type("Cown", (), {"value": model}))
    back = outcome(c)
    assert back == model
    back.clear()
    back += b"again" * 1000
    assert len(back) == 5000


@pytest.mark.parametrize("size", [5, 513, 100_000], ids=size_name)
def test_many_bytearrays_in_one_value(size):
    c = Cown([bytearray(pattern(size + n)) for n in range(100)])

    @when(c)
    def _(c):
        for data in c.value:
            data += b"!"
        c.value.reverse()

    assert outcome(c) == [pattern(size + n) + b"!" for n in reversed(range(100))]


@interpreters_only
@pytest.mark.parametrize("size", SIZES[1:], ids=size_name)
def test_what_main_still_has_is_not_what_the_worker_changes(size):
    data = bytearray(pattern(size))
    c = Cown(data)
    when(c)(lambda c: c.value.__setitem__(slice(None), b"z" * len(c.value)))
    assert outcome(when(c)(lambda c: bytes(c.value) == b"z" * size)) is True
    assert data == pattern(size)
    assert outcome(c) == b"z" * size


@interpreters_only
@pytest.mark.parametrize("size", SIZES[1:], ids=size_name)
def test_a_bytearray_that_the_worker_still_has_keeps_its_content(crew, size):
    home, other = crew.start(2)
    c = Cown(None)

    def make(c):
        c.value = bytearray(pattern(size))
        KEPT.append(c.value)

    def overwrite(c):
        c.value[:] = b"z" * size

    def is_whole():
        KEPT[0].append(1)
        return KEPT.pop() == pattern(size) + b"\x01"

    crew.run(home, make, c)
    crew.run(other, overwrite, c)
    whole = crew.run(home, is_whole)
    crew.dismiss()
    assert outcome(whole) is True
    assert outcome(c) == b"z" * size


@interpreters_only
@pytest.mark.parametrize("size", [1, 513, 100_000], ids=size_name)
def test_a_bytearray_with_a_view_alive_at_home(crew, size):
    """Its memory cannot be moved out; the view still shows the old content."""
    home, other = crew.start(2)
    c = Cown(None)

    def make(c):
        c.value = {"data": bytearray(pattern(size))}
        KEPT.append(memoryview(c.value["data"]))

    def overwrite(c):
        c.value["data"][:] = b"z" * (size + 5)

    def look():
        return KEPT[0].tobytes() == pattern(size)

    crew.run(home, make, c)
    crew.run(other, overwrite, c)
    seen = crew.run(home, look)
    gone = crew.run(home, KEPT_clear)
    crew.dismiss()
    assert outcome(seen) is True
    assert outcome(gone) is None
    assert outcome(c) == {"data": b"z" * (size + 5)}


def KEPT_clear():
    KEPT.clear()
    gc.collect()


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_buffers_outlive_the_worker_that_made_them(kind):
    start(2)
    cowns = [Cown(None) for _ in range(8)]
    for c in cowns:
        when(c)(put(lambda: {"data": kind(pattern(100_000)), "view": memoryview(kind(pattern(5000)))[10:]}))
    for _ in range(2):
        wait()
        start(1)
        for c in cowns:
            when(c)(lambda c: [c.value["data"], c.value["view"]] and None)
    wait()
    gc.collect()
    for c in cowns:
        assert c.value["data"] == pattern(100_000)
        assert c.value["view"] == pattern(5000)[10:]


# -- arrays


@pytest.mark.parametrize("code", TYPECODES)
@pytest.mark.parametrize("length", [0, 1, 7, 100_000])
def test_arrays_of_every_typecode(code, length):
    items = ("naïf字🦀" * length)[:length] if code == "w" else [n % 100 for n in range(length)]
    value = array.array(code, items)
    c = Cown([value, value])

    @when(c)
    def there(c):
        one, other = c.value
        one.extend(one[:1])
        return one is other, one.typecode, one.itemsize, len(one)

    assert outcome(there) == (True, code, value.itemsize, length + bool(length))
    back, again = outcome(c)
    assert back is again and type(back) is array.array and back.typecode == code
    assert back == array.array(code, items) + array.array(code, items)[:1]


@interpreters_only
def test_an_array_that_the_worker_still_has_keeps_its_content(crew):
    home, other = crew.start(2)
    c = Cown(None)

    def make(c):
        c.value = array.array("d", range(10_000))
        KEPT.append(c.value)

    crew.run(home, make, c)
    crew.run(other, lambda c: c.value.__setitem__(5, 99.0), c)
    kept = crew.run(home, lambda: KEPT[0].tolist() == list(range(10_000)))
    crew.dismiss()
    assert outcome(kept) is True
    assert outcome(c)[4:7].tolist() == [4.0, 99.0, 6.0]


# -- views

VIEWS = {
    "of bytes": lambda: memoryview(pattern(1000)),
    "of a bytearray": lambda: memoryview(bytearray(pattern(1000))),
    "of nothing": lambda: memoryview(b""),
    "of one byte": lambda: memoryview(bytearray(b"a")),
    "of much": lambda: memoryview(bytearray(pattern(2_000_000))),
    "of much that is read only": lambda: memoryview(pattern(2_000_000)),
    "read only, of a bytearray": lambda: memoryview(bytearray(pattern(1000))).toreadonly(),
    "of doubles": lambda: memoryview(array.array("d", [1.5, -2.5, 1e300])),
    "of ints": lambda: memoryview(array.array("i", range(-50, 50))),
    "cast": lambda: memoryview(bytearray(pattern(1000))).cast("H"),
    "two dimensions": lambda: memoryview(bytearray(pattern(24))).cast("B", [4, 6]),
    "three dimensions of ints": lambda: memoryview(bytearray(pattern(96))).cast("i", [2, 3, 4]),
    "no dimension": lambda: memoryview(bytearray(pattern(8))).cast("d", []),
    "a slice": lambda: memoryview(pattern(1000))[10:20],
    "a slice of a bytearray": lambda: memoryview(bytearray(pattern(1000)))[100:900],
    "a slice of doubles": lambda: memoryview(array.array("d", range(100)))[5:50],
    "a slice of a slice": lambda: memoryview(bytearray(pattern(1000)))[10:900][5:50],
    "every second": lambda: memoryview(bytearray(pattern(1000)))[::2],
    "backwards": lambda: memoryview(pattern(1000))[::-1],
    "every third int backwards": lambda: memoryview(array.array("i", range(100)))[90:3:-3],
    "rows": lambda: memoryview(bytearray(pattern(24))).cast("B", [4, 6])[1:3],
    "every second row": lambda: memoryview(bytearray(pattern(24))).cast("B", [4, 6])[::2],
}


@pytest.mark.parametrize("how", VIEWS)
def test_a_view_comes_with_its_format_shape_and_content(how):
    make = VIEWS[how]
    start(1)
    given, left = Cown(make()), Cown(None)
    there = when(given)(lambda c: (type(c.value) is memoryview, facts(c.value)))
    when(left)(put(lambda: [make()]))
    returned = when()(make)
    expected = facts(make())
    assert outcome(there) == (True, expected)
    for back in outcome(given), outcome(left)[0], outcome(returned):
        assert type(back) is memoryview
        assert facts(back) == expected


@pytest.mark.parametrize("how", [how for how in VIEWS if not VIEWS[how]().readonly and VIEWS[how]().ndim == 1])
def test_a_view_can_be_written_where_it_comes_to(how):
    c = Cown([VIEWS[how]()])

    @when(c)
    def _(c):
        (view,) = c.value
        view[0] = view[-1]

    (back,) = outcome(c)
    expected = VIEWS[how]().tolist()
    expected[0] = expected[-1]
    assert back.tolist() == expected
    back[-1] = back[0]


def two_views(data):
    return [memoryview(data), memoryview(data)[1:]]


def view_after(data):
    return [data, memoryview(data)[1:]]


def view_before(data):
    return [memoryview(data), {"deep": (data,)}]


def view_of_view(data):
    view = memoryview(data)
    return [view, view[1:], view[::2], data]


@pytest.mark.parametrize("size", [10, 1000, 100_000], ids=size_name)
@pytest.mark.parametrize("arrange", [two_views, view_after, view_before, view_of_view])
@pytest.mark.parametrize("kind", [bytearray, lambda data: array.array("B", data)], ids=["bytearray", "array"])
def test_views_and_what_they_show_still_share_it(kind, arrange, size):
    def all_bytes(value):
        first, second, *_ = value
        second = second["deep"][0] if type(second) is dict else second
        return first, second

    def write(c):
        first, second = all_bytes(c.value)
        first[5] = 255 - first[5]
        return first[5] == second[5 - (len(first) - len(second))]

    c = Cown(arrange(kind(pattern(size))))
    assert outcome(when(c)(write)) is True
    first, second = all_bytes(outcome(c))
    shift = len(first) - len(second)
    assert first[5] == second[5 - shift] == 255 - pattern(10)[5]
    first[6] = 200
    assert second[6 - shift] == 200
    second[7 - shift] = 201
    assert first[7] == 201


def test_a_view_knows_what_it_shows():
    data, text = bytearray(b"shown"), b"read only"
    c = Cown([memoryview(data), data, memoryview(text)[5:], text])

    @when(c)
    def there(c):
        view, data, part, text = c.value
        return view.obj is data, part.obj is text or part.obj == text

    assert outcome(there) == (True, True)
    view, data, part, text = outcome(c)
    assert view.obj is data and part == b"only"
    with pytest.raises(BufferError):
        data.append(1)
    view.release()
    data.append(1)


def test_views_of_views_in_a_thousand_places():
    data = bytearray(pattern(1000))
    c = Cown([[memoryview(data)[n:] for n in range(1000)], data])

    @when(c)
    def _(c):
        views, data = c.value
        data[999] = 77

    views, data = outcome(c)
    assert {view[-1] for view in views} == {77}
    assert all(view.obj is data for view in views)


@interpreters_only
def test_what_main_shows_by_a_view_is_not_what_the_worker_writes():
    data = bytearray(pattern(100_000))
    view = memoryview(data)
    c = Cown([view, data])
    when(c)(lambda c: c.value[0].__setitem__(0, 99))
    assert outcome(c)[1][0] == 99
    assert data == pattern(100_000) == view


@interpreters_only
def test_a_released_view_is_refused():
    view = memoryview(b"abc")
    view.release()
    with pytest.raises((TypeError, ValueError)) as caught:
        Cown([view])
    assert "released" in text_of(caught.value)


# -- buffers out of band


@pytest.mark.parametrize("size", [0, 1, 511, 513, 100_000, 20_000_000], ids=size_name)
@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_an_object_that_pickles_its_buffer_out_of_band(kind, size):
    start(1)
    given, left = Cown(Frame(kind(pattern(size)))), Cown(None)
    there = when(given)(lambda c: (c.value.view() == pattern(size), c.value.view().readonly))
    when(left)(put(lambda: {"frames": [Frame(kind(pattern(size))) for _ in range(3)]}))
    assert outcome(there) == (True, kind is bytes)
    for back in outcome(given), *outcome(left)["frames"]:
        assert type(back) is Frame and back.view() == pattern(size)
        assert back.view().readonly is (kind is bytes)


@pytest.mark.parametrize("size", [100, 1_000_000], ids=size_name)
def test_a_buffer_out_of_band_is_written_by_its_holder_alone(crew, size):
    home, other = crew.start(2)
    c = Cown(None)

    def make(c):
        c.value = Frame(bytearray(pattern(size)))
        KEPT.append(c.value)

    def write(c):
        c.value.view()[0] ^= 0xFF

    crew.run(home, make, c)
    crew.run(other, write, c)
    kept = crew.run(home, lambda: KEPT[0].view() == pattern(size))
    crew.run(home, write, c)
    crew.run(home, write, c)
    crew.dismiss()
    assert outcome(kept) is HEAPS_DIFFER
    view = outcome(c).view()
    assert view[0] == pattern(1)[0] ^ 0xFF and view[1:] == pattern(size)[1:]


@interpreters_only
def test_what_main_still_has_of_a_buffer_out_of_band_stays_as_it_is():
    frame = Frame(bytearray(pattern(1_000_000)))
    c = Cown(frame)
    when(c)(lambda c: c.value.view().__setitem__(0, 99))
    assert outcome(c).view()[0] == 99
    assert frame.data == pattern(1_000_000)


def test_buffers_in_and_out_of_band_beside_each_other():
    value = [Frame(bytearray(b"a" * 1000)), bytearray(b"b" * 1000), {"view": memoryview(bytearray(b"c" * 1000))}]
    c = Cown([*value, value[0], value[1]])

    @when(c)
    def _(c):
        frame, data, views, again, same = c.value
        assert frame is again and data is same
        frame.view()[0] = data[0] = views["view"][0] = 0

    frame, data, views, again, same = outcome(c)
    assert frame is again and data is same
    assert (frame.view(), data, views["view"]) == (b"\0" + b"a" * 999, b"\0" + b"b" * 999, b"\0" + b"c" * 999)


@not_strict
def test_a_view_stays_the_same_view_on_its_worker():
    start(1)
    c = Cown(None)

    @when(c)
    def _(c):
        c.value = memoryview(bytearray(10))
        KEPT.append(id(c.value))

    assert outcome(when(c)(lambda c: id(c.value) == KEPT[0])) is True
