"""A cown by itself: who may read it, acquire and release, identity and order."""

import copy
import pickle
import threading
import types
import typing

import bocpy
from bocpy import Cown, quiesce, start, wait, when
from support import check_script, error_of, outcome, pytest

WHO_MAY = "(?i)hold|held|acquire"

KEPT = []


def keep(c):
    KEPT.append(c)
    return c.value


def read_kept():
    return KEPT.pop().value


def write_kept():
    KEPT.pop().value = "written through a kept handle"


def in_thread(function):
    """Runs ``function`` in a new thread and returns its result or its exception."""
    outcomes = []

    def run():
        try:
            outcomes.append(function())
        except BaseException as error:
            outcomes.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return outcomes[0]


# -- who may use the value


def test_a_new_cown_is_not_acquired():
    assert Cown(1).acquired is False


def test_value_without_a_hold_is_refused():
    c = Cown(1)
    with pytest.raises(RuntimeError, match=WHO_MAY):
        c.value
    with pytest.raises(RuntimeError, match=WHO_MAY):
        c.value = 2
    with c:
        assert c.value == 1


def test_exception_flag_without_a_hold_is_refused():
    c = Cown(1)
    with pytest.raises(RuntimeError, match=WHO_MAY):
        c.exception
    with pytest.raises(RuntimeError, match=WHO_MAY):
        c.exception = True


def test_with_holds_the_cown_for_the_block():
    c = Cown("one")
    with c:
        assert c.acquired is True
        assert c.value == "one"
        c.value = "two"
        assert c.value == "two"
    assert c.acquired is False
    with pytest.raises(RuntimeError, match=WHO_MAY):
        c.value
    with c:
        assert c.value == "two"


def test_with_releases_when_its_block_raises():
    c = Cown(0)
    with pytest.raises(KeyError), c:
        c.value = 1
        raise KeyError("in the block")
    assert not c.acquired

    @when(c)
    def seen(c):
        return c.value

    assert outcome(seen) == 1


def test_acquire_and_release():
    c = Cown([1])
    assert c.acquire() is None
    assert c.acquired
    c.value.append(2)
    assert c.release() is None
    assert not c.acquired

    @when(c)
    def seen(c):
        return c.value

    assert outcome(seen) == [1, 2]


def test_acquire_by_the_holder_does_nothing():
    c = Cown(1)
    c.acquire()
    c.acquire()
    assert c.value == 1
    c.release()
    assert not c.acquired


def test_release_when_nobody_holds_does_nothing():
    c = Cown(1)
    c.release()
    c.acquire()
    c.release()
    c.release()
    assert not c.acquired
    with c:
        assert c.value == 1


def test_several_cowns_can_be_held_at_once():
    a, b = Cown(1), Cown(2)
    with a, b:
        a.value, b.value = b.value, a.value
    with b, a:
        assert (a.value, b.value) == (2, 1)


def test_acquiring_what_a_behavior_holds_is_refused(handshake):
    c = Cown(1)

    @when(c)
    def busy(c):
        handshake.arrive()
        c.value += 1

    handshake.await_arrival()
    with pytest.raises(RuntimeError, match=WHO_MAY):
        c.acquire()
    with pytest.raises(RuntimeError, match=WHO_MAY), c:
        pass
    with pytest.raises(RuntimeError, match=WHO_MAY):
        c.value
    assert not c.acquired
    handshake.let_go()
    quiesce(60)
    with c:
        assert c.value == 2
    assert busy.unwrap() is None


def test_acquiring_what_another_thread_holds_is_refused():
    c = Cown(1)
    with c:
        error = in_thread(c.acquire)
        assert isinstance(error, RuntimeError), error
        assert c.value == 1
    assert in_thread(c.acquire) is None


def test_value_held_by_another_thread_is_refused():
    c = Cown(1)
    with c:
        assert in_thread(lambda: c.acquired) is False
        assert isinstance(in_thread(lambda: c.value), RuntimeError)


def test_value_from_another_behavior_is_refused():
    mine, other = Cown(1), Cown(2)

    @when(mine)
    def reads(mine):
        return mine.value, other.value

    @when(mine)
    def writes(mine):
        other.value = 3

    @when(mine)
    def looks(mine):
        return mine.acquired, other.acquired

    for error in error_of(reads), error_of(writes):
        assert type(error) is RuntimeError
        assert any(word in str(error).lower() for word in ("hold", "held", "acquire"))
    assert outcome(looks) == (True, False)
    assert outcome(other) == 2


def test_value_held_by_another_behavior_is_refused(handshake):
    start(2)
    mine, other = Cown(1), Cown(2)

    @when(other)
    def holds(other):
        handshake.arrive()

    handshake.await_arrival()

    @when(mine)
    def reads(mine):
        try:
            return other.value
        finally:
            handshake.say()

    handshake.await_arrival()
    handshake.let_go()
    assert isinstance(error_of(reads), RuntimeError)


def test_value_through_a_handle_kept_after_release_is_refused_on_the_worker():
    start(1)
    c = Cown(1)
    assert outcome(when(c)(keep)) == 1
    assert isinstance(error_of(when()(read_kept)), RuntimeError)
    assert outcome(when(c)(keep)) == 1
    assert isinstance(error_of(when()(write_kept)), RuntimeError)
    assert outcome(c) == 1


def test_value_through_a_handle_that_a_behavior_returned_is_refused_in_main():
    c = Cown(1)

    @when(c)
    def handle(c):
        return c

    kept = outcome(handle)
    assert kept == c
    with pytest.raises(RuntimeError, match=WHO_MAY):
        kept.value
    with kept:
        assert kept.value == 1
        assert c.acquired


def test_a_behavior_cannot_acquire_what_another_behavior_holds(handshake):
    start(2)
    mine, other = Cown(1), Cown(2)

    @when(other)
    def holds(other):
        handshake.arrive()

    handshake.await_arrival()

    @when(mine)
    def takes(mine):
        try:
            other.acquire()
        finally:
            handshake.say()

    handshake.await_arrival()
    handshake.let_go()
    assert isinstance(error_of(takes), RuntimeError)


def test_behaviors_wait_for_a_cown_that_main_holds():
    c = Cown(0)
    with c:

        @when(c)
        def seen(c):
            return c.value

        with pytest.raises(TimeoutError):
            quiesce(0)
        c.value = 1
    assert outcome(seen) == 1


# -- values in and out


def test_writing_a_value_clears_the_exception_flag():
    c = Cown(1)
    with c:
        assert c.exception is False
        c.exception = True
        assert c.exception is True
        c.value = 2
        assert c.exception is False


def test_exception_flag_can_be_set_and_cleared():
    c = Cown(ValueError("stored"))
    with c:
        c.exception = True
    with pytest.raises(ValueError, match="stored"):
        c.unwrap()
    c = Cown(ValueError("stored"))
    with c:
        c.exception = True
    with c:
        c.exception = False
    assert repr(c.unwrap()) == "ValueError('stored')"


def test_a_value_is_kept_between_holds():
    c = Cown({"a": [1]})
    for n in range(2, 5):
        with c:
            c.value["a"].append(n)
    with c:
        assert c.value == {"a": [1, 2, 3, 4]}


def test_making_a_cown_takes_one_value():
    assert Cown(value=3).unwrap() == 3
    with pytest.raises(TypeError):
        Cown()
    with pytest.raises(TypeError):
        Cown(1, 2)
    with pytest.raises(TypeError):
        Cown(other=1)


# -- identity, order, text


def test_handles_to_one_cown_are_equal():
    c = Cown(1)
    inner = Cown([c]).unwrap()[0]
    assert c == c
    assert inner == c
    assert not (inner != c)
    assert hash(inner) == hash(c)
    assert {c: "found"}[inner] == "found"
    assert len({c, inner}) == 1


def test_different_cowns_are_different_even_with_equal_values():
    a, b = Cown(1), Cown(1)
    assert a != b
    assert not (a == b)
    assert len({a, b}) == 2


def test_equality_hash_and_order_hold_in_a_behavior():
    a, b = Cown(1), Cown(2)
    less = a < b

    @when(a, b)
    def seen(x, y):
        return x == a, y == b, x == b, x != a, hash(x) == hash(a), x < y, y < x, x in {a}, a in [y, x]

    assert outcome(seen) == (True, True, False, False, True, less, not less, True, True)


def test_hash_is_the_same_on_a_worker():
    c = Cown(1)

    @when(c)
    def there(c):
        return hash(c)

    assert outcome(there) == hash(c)


def test_order_is_total():
    cowns = [Cown(n) for n in range(50)]
    ordered = sorted(cowns)
    assert sorted(reversed(cowns)) == ordered
    for x, y in zip(ordered, ordered[1:], strict=False):
        assert x < y
        assert not y < x
    assert not ordered[0] < ordered[0]


def test_order_is_the_same_on_a_worker():
    cowns = [Cown(n) for n in range(20)]

    @when()
    def there():
        return [cowns.index(c) for c in sorted(cowns)]

    assert outcome(there) == [cowns.index(c) for c in sorted(cowns)]


def test_comparing_with_other_types():
    c = Cown(1)
    assert (c == 1) is False
    assert (c != 1) is True
    assert (c == None) is False  # noqa: E711
    with pytest.raises(TypeError):
        c < 1
    with pytest.raises(TypeError):
        1 < c


def test_str_and_repr_need_no_hold():
    c = Cown("something")
    for text in str(c), repr(c), f"{c}":
        assert "Cown" in text
    with c:
        assert "Cown" in repr(c)

    @when(c)
    def there(c):
        return repr(c), str(c)

    for text in outcome(there):
        assert "Cown" in text


def test_truth_needs_no_hold():
    assert Cown(0)


# -- pickling by hand


def test_a_cown_that_is_pickled_again_keeps_its_number():
    """Programs that pickle a cown often do not pay for all the times before."""
    cown, other = Cown([1]), Cown([2])
    assert pickle.dumps(cown) == pickle.dumps(cown)
    assert pickle.dumps(cown) != pickle.dumps(other)
    assert pickle.loads(pickle.dumps([cown, other])) == [cown, other]


# -- repr


def test_the_repr_of_a_cown_that_holds_itself():
    a, b = Cown(None), Cown(None)
    with a, b:
        a.value = a
        assert repr(a).count("value=...") == 1
        a.value, b.value = [b, b], {"a": a}
        assert len(repr(a)) < 1_000
        a.value = b.value = None


@pytest.mark.slow
def test_the_repr_of_cowns_nested_too_deep():
    cown = Cown(None)
    cowns = [cown]
    for _ in range(100_000):
        cown = Cown(cown)
        cown.acquire()
        cowns.append(cown)
    try:
        assert repr(cown).startswith("Cown(")
    except RecursionError:
        pass
    for cown in cowns[1:]:
        cown.release()


# -- typing, copying, subclasses


def test_cown_is_generic_at_run_time():
    alias = Cown[int]
    assert isinstance(alias, types.GenericAlias)
    assert typing.get_origin(alias) is Cown
    assert typing.get_args(alias) == (int,)

    def annotated(c: Cown[int], group: list[Cown[str]]) -> Cown[None]: ...

    assert typing.get_type_hints(annotated)["c"] == Cown[int]


def test_annotated_parameters_do_not_matter():
    c = Cown(1)

    @when(c, [c])
    def result(c: Cown[int], group: list[Cown[int]], extra: int = 3) -> int:
        return c.value + len(group) + extra

    assert outcome(result) == 5


def test_a_copy_is_another_handle():
    c = Cown([1])
    assert copy.copy(c) == c
    assert copy.deepcopy({"c": c})["c"] == c
    with copy.copy(c) as _:
        assert c.value == [1]


def test_a_subclass_is_a_cown():
    class Named(Cown):
        def __init__(self, name, value):
            super().__init__(value)
            self.name = name

        def twice(self):
            return self.value * 2

    c = Named("counter", 20)
    assert isinstance(c, Cown)
    assert c.name == "counter"
    with c:
        assert c.twice() == 40

    @when(c)
    def more(c):
        c.value += 1

    assert outcome(more) is None
    assert outcome(c) == 21
    assert c == copy.copy(c)


def test_a_subclass_is_initialized_once():
    """Its `__init__` can be called again by anybody, who may not hold the cown."""

    class Account(Cown):
        pass

    cown = Account([1])

    @when(cown)
    def _(cown):
        cown.value.append(2)

    with pytest.raises(RuntimeError, match="initialized once"):
        cown.__init__([3])
    assert outcome(when(cown)(lambda c: c.value)) == [1, 2]
    with cown:
        cown.value = None
    with pytest.raises(RuntimeError, match="initialized once"):
        cown.__init__(None)


def test_a_generic_subclass():
    class Box(Cown[int]):
        pass

    assert outcome(Box(3)) == 3


# -- after wait


def test_after_wait_main_may_use_every_cown_until_the_next_start():
    c, d = Cown([1]), Cown("d")

    @when(c)
    def grow(c):
        c.value.append(2)
        return "grown"

    wait()
    assert c.acquired and d.acquired and grow.acquired
    assert c.value == [1, 2]
    assert d.value == "d"
    assert grow.value == "grown"
    assert grow.exception is False
    c.value = [5]
    d.value = "e"
    start(1)
    assert not c.acquired
    with pytest.raises(RuntimeError, match=WHO_MAY):
        c.value

    @when(c, d)
    def seen(c, d):
        return c.value, d.value

    assert outcome(seen) == ([5], "e")


def test_a_cown_made_after_wait_is_acquired_as_usual():
    start(1)
    wait()
    c = Cown(1)
    assert not c.acquired
    with pytest.raises(RuntimeError, match=WHO_MAY):
        c.value
    with c:
        assert c.value == 1


def test_every_wait_opens_the_cowns_that_there_are():
    """Also one that finds no workers."""
    wait()
    c = Cown([1])
    assert not c.acquired
    wait()
    assert c.value == [1]
    with c:
        c.value.append(2)
    assert not c.acquired
    wait()
    assert c.value == [1, 2]
    when(c)(lambda c: c.value.append(3))
    assert not c.acquired
    wait()
    assert c.value == [1, 2, 3]


def test_after_wait_a_with_block_ends_the_free_access_to_its_cown():
    c, d = Cown(1), Cown(2)
    start(1)
    wait()
    with c:
        assert c.value == 1
    assert not c.acquired
    with pytest.raises(RuntimeError, match=WHO_MAY):
        c.value
    assert d.value == 2
    d.release()
    with pytest.raises(RuntimeError, match=WHO_MAY):
        d.value
    with c, d:
        assert (c.value, d.value) == (1, 2)


def test_after_wait_the_exception_of_a_result_can_be_read():
    @when()
    def fails():
        raise LookupError("nothing there")

    wait()
    assert fails.exception is True
    assert isinstance(fails.value, LookupError)
    fails.exception = False
    assert isinstance(fails.unwrap(), LookupError)


def test_after_quiesce_cowns_are_acquired_as_usual():
    c = Cown(1)
    bocpy.start(1)
    quiesce(60)
    assert not c.acquired
    with pytest.raises(RuntimeError, match=WHO_MAY):
        c.value


def test_a_cown_that_is_acquired_and_dropped_inside_another_is_freed():
    """Freed once nobody can release it any more. Otherwise this would take 200 MB."""
    check_script(
        """
        import resource
        from bocpy import Cown, wait, when


        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


        def put(outer):
            inner = Cown(b"x" * 100_000)
            inner.acquire()
            outer.value = [inner]


        outer = Cown(None)
        when(outer)(put)
        wait()
        before = peak()
        for _ in range(1_000):
            with outer:
                put(outer)
        for _ in range(1_000):
            when(outer)(put)
        wait()
        print("freed" if peak() - before < 60_000 else f"kept {peak() - before} kB")
        """,
        "freed",
    )
