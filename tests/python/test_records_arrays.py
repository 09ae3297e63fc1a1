"""Arrays of records: elements, columns, slices, buffers, moves; random changes beside a model of plain tuples."""

import copy
import math
import pickle
import random
import struct
import sys
from typing import Annotated

import bocpy
from bocpy import Cown, RecordArray, quiesce, read, receive, record, send, when
from support import interpreters_only, outcome, pytest, refusal, shown


@record
class Quote:
    bid: float
    ask: float = 2.0
    size: int = 0
    side: bool = True
    venue: Annotated[bytes, 5] = b"xx"
    flags: Annotated[int, "H"] = 0

    LIMIT = 7

    def spread(self):
        return self.ask - self.bid

    @property
    def middle(self):
        return (self.ask + self.bid) / 2

    @middle.setter
    def middle(self, value):
        self.bid = self.ask = value

    @classmethod
    def made(cls):
        return cls(1.0)

    @staticmethod
    def constant():
        return 5


@record
class Other:
    bid: float


@record(frozen=True)
class Fixed:
    x: float = 1.0


DEFAULTS = (0.0, 2.0, 0, True, b"xx", 0)


def tuples(array):
    return [element.astuple() for element in array]


def numbered(length):
    array = Quote.array(length)
    for place, quote in enumerate(array):
        quote.bid, quote.size = place / 2, place
    return array


def test_a_number_of_records_has_the_defaults():
    array = Quote.array(3)
    assert len(array) == 3 and tuples(array) == [DEFAULTS] * 3
    assert array.record is Quote and type(array) is RecordArray and RecordArray[Quote].__args__ == (Quote,)
    assert len(Quote.array(0)) == 0 and list(Quote.array(0)) == [] and not Quote.array(0)


def test_records_are_copied_in():
    quotes = [Quote(float(n), size=n) for n in range(4)]
    array = Quote.array(quotes)
    assert tuples(array) == [quote.astuple() for quote in quotes]
    quotes[0].bid = 99.0
    assert array[0].bid == 0.0
    assert Quote.array(iter(array)) == array and Quote.array(array[1:3]) == array[1:3]


def test_elements_are_in_the_array():
    array = numbered(5)
    element = array[2]
    element.bid = 50.0
    element.venue = b"north"
    assert array[2].bid == 50.0 and array[-3].venue == b"north" and array[1].bid == 0.5
    assert element.copy() == Quote(50.0, 2.0, 2, True, b"north", 0) and type(element.copy()) is Quote
    assert element.replace(bid=1.0).bid == 1.0 and element.bid == 50.0
    assert element.asdict()["size"] == 2
    assert element == element.copy() and element.copy() == element and element == array[2] and element != array[1]
    assert element != 5 and "element 2" in repr(element) and "bid=50.0" in repr(element)


def test_elements_have_what_the_class_has():
    element = numbered(3)[1]
    assert element.spread() == 1.5 and element.middle == 1.25 and element.LIMIT == 7
    assert element.made() == Quote(1.0) and element.constant() == 5
    assert [quote.spread() for quote in numbered(3)] == [2.0, 1.5, 1.0]


def test_records_are_assigned_to_places():
    array = Quote.array(3)
    array[0] = Quote(9.0, venue=b"a")
    array[-1] = array[0]
    assert tuples(array) == [(9.0, 2.0, 0, True, b"a", 0), DEFAULTS, (9.0, 2.0, 0, True, b"a", 0)]
    for wrong in (5, None, Other(1.0), (1.0,), Quote):
        with pytest.raises(TypeError, match="an array of Quote takes records of that class, not"):
            array[1] = wrong
    assert array[1].astuple() == DEFAULTS


@pytest.mark.parametrize(
    "key",
    [
        slice(None),
        slice(1, 4),
        slice(None, None, -1),
        slice(-2, None),
        slice(4, 1),
        slice(None, None, 3),
        slice(9, -9, -2),
    ],
    ids=shown,
)
def test_slices_are_copies(key):
    array = numbered(6)
    chosen = array[key]
    assert [quote.size for quote in chosen] == list(range(6))[key]
    assert array.column("size")[key] == list(range(6))[key]
    for quote in chosen:
        quote.size = 1000
    assert array.column("size").sum() == 15


def test_slices_by_numbers_of_any_size():
    array, numbers = numbered(7), list(range(7))
    rng = random.Random(5)
    ends = [None, 0, 1, 3, 6, 7, 8, -1, -6, -7, -8, 2**62, -(2**62), 2**63, -(2**63), 2**100, -(2**100)]
    for _ in range(300):
        key = slice(rng.choice(ends), rng.choice(ends), rng.choice([None, 1, 2, -1, -3, 2**62, -(2**62), 2**100]))
        assert [quote.size for quote in array[key]] == numbers[key], key


WRONG = {
    "index": (lambda a: a[5], IndexError, "there is no record 5: this array has 5"),
    "negative": (lambda a: a[-6], IndexError, "there is no record -6"),
    "huge": (lambda a: a[2**70], IndexError, "there is no record 1180591620717411303424"),
    "str": (lambda a: a["bid"], TypeError, "an index is an int or a slice, not 'str'"),
    "float": (lambda a: a[1.0], TypeError, "an index is an int or a slice, not 'float'"),
    "step 0": (lambda a: a[::0], ValueError, "zero"),
    "slice": (lambda a: a.__setitem__(slice(2), a[:2]), TypeError, "records are assigned one by one"),
    "delete": (lambda a: a.__delitem__(0), TypeError, "keeps its length"),
    "column": (lambda a: a.column("nope"), KeyError, "Quote has no field 'nope': its fields are bid, ask, size"),
    "column 5": (lambda a: a.column(5), KeyError, "Quote has no field 5"),
    "sum of bytes": (lambda a: a.column("venue").sum(), TypeError, "the field 'venue' holds bytes"),
    "range": (
        lambda a: setattr(a[0], "flags", 70000),
        struct.error,
        "the field 'flags' of Quote takes an int from 0",
    ),
    "kind": (lambda a: setattr(a[0], "size", 1.5), struct.error, "the field 'size' of Quote takes an int"),
    "no field": (lambda a: setattr(a[0], "nope", 1), AttributeError, "nope"),
    "no attribute": (lambda a: a[0].nope, AttributeError, "nope"),
    "del field": (lambda a: delattr(a[0], "bid"), AttributeError, "the field 'bid' of Quote cannot be deleted"),
    "fill": (lambda a: a.column("flags").fill(-1), struct.error, "the field 'flags' of Quote"),
    "set": (lambda a: a.column("bid").__setitem__(0, "x"), struct.error, "the field 'bid' of Quote takes a float"),
    "set place": (lambda a: a.column("bid").__setitem__(9, 1.0), IndexError, "there is no record 9"),
    "pickled element": (lambda a: pickle.dumps(a[0]), TypeError, "an element of an array of records cannot be sent"),
    "pickled column": (
        lambda a: pickle.dumps(a.column("bid")),
        TypeError,
        "a column of an array of records cannot be sent",
    ),
    "hash": (hash, TypeError, "unhashable"),
    "order": (lambda a: a < a, TypeError, "not supported"),
    "made": (lambda a: RecordArray(5), TypeError, r"made by the class of its records, as in Quote.array\(1000\)"),
}


@pytest.mark.parametrize("how", WRONG)
def test_what_is_refused_changes_nothing(how):
    attempt, error, message = WRONG[how]
    array = numbered(5)
    before = tuples(array)
    with pytest.raises(error, match=message):
        attempt(array)
    assert tuples(array) == before


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (-1, ValueError),
        (2**70, ValueError),
        (2**62, MemoryError),
        (2**44, MemoryError),
        ("x", TypeError),
        ([1], TypeError),
        ([Other(1.0)], TypeError),
        (None, TypeError),
        (1.5, TypeError),
        (True, TypeError),
    ],
    ids=shown,
)
def test_what_is_no_content(content, error):
    with pytest.raises(error):
        Quote.array(content)


def test_sums_are_exact_where_they_can_be():
    array = Quote.array(1000)
    rng = random.Random(3)
    for quote in array:
        quote.bid, quote.size, quote.flags = rng.uniform(-1, 1), rng.randrange(-(2**63), 2**63), rng.randrange(65536)
        quote.side = rng.random() < 0.5
    bids = array.column("bid").tolist()
    assert math.isclose(array.column("bid").sum(), math.fsum(bids), rel_tol=1e-14, abs_tol=1e-14)
    assert array.column("size").sum() == sum(array.column("size").tolist())
    assert array.column("flags").sum() == sum(quote.flags for quote in array)
    assert array.column("side").sum() == sum(quote.side for quote in array)
    assert (array.column("bid").min(), array.column("bid").max()) == (min(bids), max(bids))
    assert array.column("size").max() == max(quote.size for quote in array)
    assert math.isclose(array.column("bid").mean(), math.fsum(bids) / 1000)


def test_sums_of_ints_beyond_the_machine_word():
    @record
    class Big:
        n: int
        u: Annotated[int, "Q"]

    array = Big.array([Big(2**63 - 1, 2**64 - 1)] * 3)
    assert array.column("n").sum() == 3 * (2**63 - 1) and array.column("u").sum() == 3 * (2**64 - 1)
    array = Big.array([Big(-(2**63), 0)] * 3)
    assert array.column("n").sum() == -3 * 2**63


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 63, 64, 1023, 1024, 1025, 5000])
def test_sums_of_every_length(length):
    @record
    class One:
        x: float

    @record
    class Two:
        a: bool
        x: float

    for cls in (One, Two):
        array = cls.array(length)
        for place, element in enumerate(array):
            element.x = float(place)
        assert array.column("x").sum() == length * (length - 1) / 2
        if length:
            assert (array.column("x").min(), array.column("x").max()) == (0.0, length - 1.0)


def test_other_formats():
    @record
    class Many:
        half: Annotated[float, "e"]
        single: Annotated[float, "f"]
        phase: complex
        small: Annotated[int, "b"]

    array = Many.array([Many(0.5, 1.5, 1 + 2j, -3), Many(0.25, -2.5, 3j, 100)])
    assert array.column("half").sum() == 0.75 and array.column("single").min() == -2.5
    assert array.column("phase").sum() == 1 + 5j and array.column("phase").mean() == 0.5 + 2.5j
    assert array.column("small").max() == 100 and array.column("small").tolist() == [-3, 100]
    with pytest.raises(TypeError, match="complex numbers have no order"):
        array.column("phase").max()


def test_nan_and_empty_columns():
    array = Quote.array([Quote(1.0), Quote(math.nan), Quote(-1.0)])
    column = array.column("bid")
    assert math.isnan(column.sum()) and math.isnan(column.min()) and math.isnan(column.max())
    empty = Quote.array(0).column("bid")
    assert empty.sum() == 0 and empty.tolist() == [] and len(empty) == 0
    for method in ("min", "max", "mean"):
        with pytest.raises(ValueError, match=rf"{method}\(\) of a column without values"):
            getattr(empty, method)()


def test_columns_are_in_the_array():
    array = numbered(4)
    column = array.column("flags")
    column.fill(7)
    column[1] = 8
    assert [quote.flags for quote in array] == [7, 8, 7, 7] and list(column) == [7, 8, 7, 7] and column[-3] == 8
    assert "column 'flags' of Quote of 4 records" in repr(column)


def test_equality():
    array = numbered(4)
    again = array.copy()
    assert array == again and array == array and not array != again
    again[2].venue = b"else"
    assert array != again and array != numbered(3) and array != Other.array(4) and array != 5
    nan = Quote.array([Quote(math.nan)])
    assert nan != nan and nan != nan.copy()


def test_copies():
    array = numbered(3)
    for again in (array.copy(), copy.copy(array), copy.deepcopy(array), Quote.array(array.tolist())):
        assert again == array
        again[0].bid = 77.0
        assert array[0].bid == 0.0
    assert all(type(quote) is Quote for quote in array.tolist())


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles(protocol):
    array = numbered(5)
    again = pickle.loads(pickle.dumps(array, protocol))
    assert again == array and again.record is Quote
    assert len(pickle.loads(pickle.dumps(Quote.array(0), protocol))) == 0


def test_a_pickle_of_other_fields_is_refused():
    function, arguments = Quote.array(2).__reduce__()
    with pytest.raises(TypeError, match="a pickled array of Quote had the fields"):
        function(arguments[0].replace("bid", "bad"), arguments[1])


def test_frozen_records_in_an_array():
    array = Fixed.array(2)
    for attempt in (
        lambda: setattr(array[0], "x", 2.0),
        lambda: array.column("x").fill(2.0),
        lambda: array.column("x").__setitem__(0, 2.0),
    ):
        with pytest.raises(AttributeError, match="frozen"):
            attempt()
    with memoryview(array) as view:
        assert view.readonly
    assert [element.x for element in array] == [1.0, 1.0]
    array[0] = Fixed(5.0)  # the record as a whole, as in a list
    assert array[0].x == 5.0


def test_buffers():
    array = numbered(3)
    with memoryview(array) as view:
        assert (view.itemsize, view.shape, view.nbytes) == (Quote.sizeof(), (3,), 3 * Quote.sizeof())
        assert view.format.startswith("T{d:bid:d:ask:q:size:?:side:5s:venue:") and not view.readonly
        assert struct.unpack_from("@ddq", bytes(view), Quote.sizeof()) == (0.5, 2.0, 1)
    with memoryview(array.column("bid")) as view:
        assert view.format == "d" and view.tolist() == [0.0, 0.5, 1.0] and view.strides == (Quote.sizeof(),)
        view[1] = 42.0
    assert array[1].bid == 42.0
    with pytest.raises(BufferError, match="do not lie one after the other"):
        struct.unpack_from("d", array.column("bid"))  # it asks for plain bytes


@pytest.mark.parametrize("lent", [lambda a: a, lambda a: a.column("bid")], ids=["array", "column"])
def test_an_array_whose_buffer_is_in_use_does_not_move(lent):
    array = numbered(3)
    view = memoryview(lent(array))
    for move in (lambda: Cown(array), lambda: send("array", array), lambda: when()(lambda array=array: None)):
        with pytest.raises(RuntimeError, match="a buffer of this RecordArray is in use"):
            move()
    assert len(array) == 3
    view.release()
    cown = Cown(array)
    assert "has been moved" in refusal(lambda: len(array))
    with cown:
        assert tuples(cown.value) == tuples(numbered(3))


def test_numpy_sees_the_same_memory():
    numpy = pytest.importorskip("numpy")
    array = numbered(4)
    view = numpy.asarray(array)
    assert view.dtype.names == ("bid", "ask", "size", "side", "venue", "flags") and view.itemsize == Quote.sizeof()
    assert view["size"].tolist() == [0, 1, 2, 3] and view["venue"].tolist() == [b"xx"] * 4
    view["bid"] = 5.0
    numpy.asarray(array.column("size"))[:] += 10
    assert array.column("bid").tolist() == [5.0] * 4 and array.column("size").tolist() == [10, 11, 12, 13]


MOVED = {
    "len": len,
    "item": lambda a: a[0],
    "slice": lambda a: a[:],
    "iterate": list,
    "set": lambda a: a.__setitem__(0, Quote(1.0)),
    "column": lambda a: a.column("bid"),
    "record": lambda a: a.record,
    "copy": lambda a: a.copy(),
    "tolist": lambda a: a.tolist(),
    "equal": lambda a: a == numbered(2),
    "equal from the right": lambda a: numbered(2) == a,
    "pickle": pickle.dumps,
    "memoryview": memoryview,
    "cown": Cown,
}


@pytest.mark.parametrize("use", MOVED)
def test_a_moved_array_raises(use):
    array = numbered(2)
    element, column = array[1], array.column("bid")
    cown = Cown(array)
    attempt = MOVED[use]
    with pytest.raises(RuntimeError, match="this RecordArray of Quote has been moved: it is now a cown's value"):
        attempt(array)
    for part in (
        lambda: element.bid,
        lambda: setattr(element, "bid", 1.0),
        element.copy,
        column.sum,
        lambda: column[0],
    ):
        with pytest.raises(RuntimeError, match="has been moved"):
            part()
    assert "cannot be used" in repr(array) and "cannot be used" in repr(element) and "has been moved" in repr(column)
    assert sys.getsizeof(array) < 200
    with cown:
        assert tuples(cown.value) == tuples(numbered(2))


def test_everywhere_that_values_go():
    cown = Cown(numbered(4))

    @when(cown)
    def first(cown):
        cown.value[3].bid = 9.0
        return cown.value.column("bid").sum(), cown.value.record is Quote, cown.value[1:2]

    total, same, part = outcome(first)
    assert (total, same, tuples(part)) == (10.5, True, [(0.5, 2.0, 1, True, b"xx", 0)])
    send("array", numbered(2))
    assert len(receive("array")[1]) == 2
    boxed = Cown({"a": [numbered(1), (numbered(2), numbered(3))]})
    assert outcome(when(boxed)(lambda boxed: [len(boxed.value["a"][0]), *map(len, boxed.value["a"][1])])) == [1, 2, 3]
    array = numbered(5)
    assert outcome(when()(lambda array=array: array.column("size").max())) == 4
    bocpy.notice_write("array", numbered(3))
    quiesce()
    assert outcome(when()(lambda: len(bocpy.noticeboard()["array"]))) == 3
    bocpy.notice_delete("array")


def test_readers_share_it_and_cannot_change_it():
    cown = Cown(numbered(3))

    def look(cown):
        return cown.value.column("size").sum(), refusal(lambda: setattr(cown.value[0], "bid", 1.0)), cown.value[1].bid

    for result in [when(read(cown))(look) for _ in range(6)]:
        total, error, bid = outcome(result)
        assert (total, bid) == (3, 0.5) and "can only be read" in error


def test_a_large_array_is_not_copied():
    cown = Cown(Quote.array(1_000_000))
    for place in range(5):

        @when(cown)
        def _(cown, place=place):
            cown.value[place].size = place

    quiesce()
    with cown:
        assert cown.value.column("size").sum() == 10


@interpreters_only
def test_moves_between_workers(crew):
    workers = crew.start(2)
    cown = Cown(numbered(10))
    for turn in range(200):
        crew.run(workers[turn % 2], add_one, cown)
    with cown:
        assert cown.value[0].size == 200


def add_one(cown):
    cown.value[0].size += 1


def test_random_changes_beside_a_model():
    rng = random.Random(11)
    array, model = Quote.array(8), [list(DEFAULTS) for _ in range(8)]
    names = ["bid", "ask", "size", "side", "venue", "flags"]
    values = [
        lambda: rng.uniform(-1e9, 1e9),
        lambda: rng.choice([0.0, -0.0, math.inf, 5e-324]),
        lambda: rng.randrange(-(2**63), 2**63),
        lambda: rng.random() < 0.5,
        lambda: bytes(rng.randrange(1, 256) for _ in range(rng.randrange(6))),
        lambda: rng.randrange(65536),
    ]
    for _ in range(2000):
        place, field = rng.randrange(8), rng.randrange(6)
        value = values[field]()
        how = rng.randrange(4)
        if how == 0:
            setattr(array[place], names[field], value)
            model[place][field] = value
        elif how == 1:
            array.column(names[field])[place - 8] = value
            model[place][field] = value
        elif how == 2:
            other = rng.randrange(8)
            array[place] = array[other]
            model[place] = list(model[other])
        else:
            array[place] = array[place].replace(**{names[field]: value})
            model[place][field] = value
        if rng.random() < 0.02:
            cown = Cown(array)
            array = cown.unwrap()
    assert tuples(array) == [tuple(row) for row in model]


def test_results_that_have_the_value_of_a_cown_in_them():
    cown, other = Cown(numbered(2)), Cown(Quote(5.0))

    @when(cown, read(other))
    def result(cown, other):
        return {"array": cown.value, "quotes": [other.value, (other.value,)]}

    result = outcome(result)
    assert tuples(result["array"]) == tuples(numbered(2)) and result["quotes"][1][0].bid == 5.0
    result["array"][0].bid = 88.0
    with cown, other:
        assert cown.value[0].bid == 0.0 and other.value.bid == 5.0


def test_gathered_records():
    cowns = [Cown(Quote(float(n))) for n in range(4)]
    assert [quote.bid for quote in bocpy.gather(cowns).get()] == [0.0, 1.0, 2.0, 3.0]
    assert [outcome(when(cown)(lambda cown: cown.value.bid)) for cown in cowns] == [0.0, 1.0, 2.0, 3.0]
