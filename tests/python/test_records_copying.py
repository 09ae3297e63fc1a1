"""Records: copies, replacing, pickles within a process, on disk, and in another process."""

import copy
import math
import pickle
import sys
from typing import Annotated

from bocpy import record
from support import check_script, pytest, run_script

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


@record
class Quote:
    bid: float
    ask: float = 2.0
    size: Annotated[int, "H"] = 3
    venue: Annotated[bytes, 8] = b""
    phase: complex = 0j

    def spread(self):
        return self.ask - self.bid


@record(frozen=True)
class Frozen:
    x: float
    n: int = 0


@record
class Polar:
    """Has an `__init__` of its own, with other parameters than fields."""

    x: float
    y: float

    def __init__(self, radius, *, angle):
        self.x = radius * math.cos(angle)
        self.y = radius * math.sin(angle)


@pytest.mark.parametrize("make", [Quote.copy, copy.copy, copy.deepcopy, Quote.replace, lambda q: copy.deepcopy([q])[0]])
def test_a_copy_is_a_record_of_its_own(make):
    q = Quote(1.0, venue=b"X", phase=1 + 2j)
    c = make(q)
    assert type(c) is Quote and c == q and c is not q
    c.bid = 9.0
    assert q.bid == 1.0
    q.size = 7
    assert c.size == 3


def test_deepcopy_keeps_what_is_shared():
    q = Quote(1.0)
    one, other = copy.deepcopy([q, q])
    assert one is other and one is not q


def test_replace():
    q = Quote(1.0)
    r = q.replace(bid=5.0, venue=b"Y")
    assert r.astuple() == (5.0, 2.0, 3, b"Y", 0j) and q.astuple() == (1.0, 2.0, 3, b"", 0j)
    if sys.version_info >= (3, 13):
        assert copy.replace(q, ask=4.0).ask == 4.0
    with pytest.raises(TypeError, match="Quote has no field 'price'.*bid, ask"):
        q.replace(price=1)
    with pytest.raises(TypeError, match="by their names"):
        q.replace(5.0)
    with pytest.raises(Exception, match="'size'.*65535"):
        q.replace(bid=7.0, size=65536)
    assert q == Quote(1.0)


def test_a_frozen_record_is_copied_and_replaced():
    f = Frozen(1.0, 2)
    assert f.copy() == f and f.replace(x=3.0).astuple() == (3.0, 2)
    assert pickle.loads(pickle.dumps(f)) == f and copy.deepcopy(f) == f


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_pickled_with_every_protocol(protocol):
    for q in (Quote(1.0, venue=b"X\0Y", phase=-0.0j), Polar(2.0, angle=1.0), Frozen(math.inf, -(2**63))):
        back = pickle.loads(pickle.dumps(q, protocol))
        assert type(back) is type(q) and back == q and back is not q
        assert pickle._loads(pickle._dumps(q, protocol)) == q
    back = pickle.loads(pickle.dumps(Quote(math.nan), protocol))
    assert math.isnan(back.bid)
    q = Quote(1.0)
    one, other = pickle.loads(pickle.dumps([q, q], protocol))
    assert one is other


def test_the_class_itself_is_pickled_by_name():
    assert pickle.loads(pickle.dumps(Quote)) is Quote


FILES = {
    "quotes.py": """
        from typing import Annotated
        from bocpy import record

        @record
        class Quote:
            bid: float
            size: Annotated[int, "H"] = 3
            venue: Annotated[bytes, 8] = b""
    """
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_to_disk_and_back_in_another_process(protocol, tmp_path):
    path = str(tmp_path / "quotes.pickle")
    check_script(
        f"""
        import pickle
        from quotes import Quote
        with open({path!r}, "wb") as file:
            pickle.dump([Quote(n / 4, n, b"v%d" % n) for n in range(4)], file, {protocol})
        """,
        "",
        files=FILES,
    )
    check_script(
        f"""
        import pickle
        import quotes
        with open({path!r}, "rb") as file:
            found = pickle.load(file)
        print([q.astuple() for q in found], {{type(q) is quotes.Quote for q in found}})
        """,
        "[(0.0, 0, b'v0'), (0.25, 1, b'v1'), (0.5, 2, b'v2'), (0.75, 3, b'v3')] {True}",
        files=FILES,
    )


def test_a_class_that_has_changed_since(tmp_path):
    """Values are pickled, not bytes: a field may get another format, and what no longer fits is refused."""
    path = str(tmp_path / "quotes.pickle")
    write = f"""
        import pickle
        from quotes import Quote
        pickle.dump(Quote(1.5, 300, b"X"), open({path!r}, "wb"))
    """
    read = f"""
        import pickle
        try:
            print(pickle.load(open({path!r}, "rb")))
        except Exception as error:
            print(type(error).__name__, error)
    """
    check_script(write, "", files=FILES)
    wider = {"quotes.py": FILES["quotes.py"].replace('"H"', '"q"')}
    check_script(read, "Quote(bid=1.5, size=300, venue=b'X')", files=wider)
    narrower = {"quotes.py": FILES["quotes.py"].replace('"H"', '"B"')}
    told = run_script(read, files=narrower).stdout
    assert told.startswith("error") and "'size'" in told and "300" in told
    fewer = {"quotes.py": FILES["quotes.py"].replace('venue: Annotated[bytes, 8] = b""', "pass")}
    told = run_script(read, files=fewer).stdout
    assert told.startswith("TypeError") and "Quote" in told and "3 values" in told and "2 fields" in told


def test_through_a_process_pool():
    check_script(
        """
        from concurrent.futures import ProcessPoolExecutor
        import multiprocessing
        from quotes import Quote

        def raised(quote):
            return quote.replace(bid=quote.bid + 1)

        if __name__ == "__main__":
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                back = list(pool.map(raised, [Quote(1.0), Quote(2.0)]))
            print(back, {type(q) is Quote for q in back})
        """,
        "[Quote(bid=2.0, size=3, venue=b''), Quote(bid=3.0, size=3, venue=b'')] {True}",
        files=FILES,
    )


def test_a_pickle_that_was_changed_by_hand():
    data = pickle.dumps(Quote(1.0))
    for values in [(), (1.0,), (1.0, 2.0, 3, b"", 0j, 7), ("x", 2.0, 3, b"", 0j), (1.0, 2.0, -1, b"", 0j)]:
        with pytest.raises(Exception, match="Quote"):
            Quote._revive(*values)
    assert pickle.loads(data) == Quote(1.0)
