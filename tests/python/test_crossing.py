"""Values that cannot be pickled, but whose types are registered with CPython as movable to another interpreter.

The IDs of its channels are such values. A channel lives as long as there is an ID of it somewhere.
"""

import gc
import sys
import threading

from bocpy import Cown, quiesce, read, start, wait, when
from support import check_script, come_by, interpreters_only, not_strict, outcome, pytest

try:
    import _interpchannels as channels
except ImportError:
    try:
        import _xxinterpchannels as channels
    except ImportError:
        channels = None

pytestmark = [interpreters_only, pytest.mark.skipif(channels is None, reason="needs a Python with channels")]


def create():
    """The ID of a new channel; from 3.13 on, with a further argument that does not matter here."""
    return channels.create(*[3][: sys.version_info >= (3, 13)])


def living():
    """The numbers of all existing channels. Lists hold IDs too, so keep none of these."""
    return {int(entry[0] if isinstance(entry, tuple) else entry) for entry in channels.list_all()}


def send(channel, number):
    channels.send(channel, number, **({"blocking": False} if sys.version_info >= (3, 13) else {}))


def receive(channel):
    """The next object in it; from 3.13 on it comes with a further result."""
    found = channels.recv(channel)
    return found[0] if isinstance(found, tuple) else found


def is_id(value):
    return type(value) is channels.ChannelID


# -- the ways a value can move


def test_it_comes_to_a_worker_as_what_it_was():
    start(1)
    given = create()
    send(given, 42)
    c = Cown(given)
    assert outcome(when(c)(lambda c: (is_id(c.value), int(c.value), receive(c.value)))) == (True, int(given), 42)
    assert outcome(c) == given


def test_one_from_a_worker_works_in_main():
    start(1)

    @when(Cown(None))
    def made(c):
        c.value = create()
        send(c.value, 43)
        return c.value

    back = outcome(made)
    assert is_id(back) and receive(back) == 43


def test_as_a_result_that_was_never_in_a_cown_before():
    start(1)
    back = outcome(when()(create))
    assert is_id(back) and int(back) in living()


def test_as_a_capture():
    start(1)
    given = create()
    by_default = when()(lambda mine=given: (is_id(mine), int(mine)))
    captured = when()(lambda: (is_id(given), int(given)))
    assert outcome(by_default) == outcome(captured) == (True, int(given))


def test_from_one_worker_to_another(crew):
    home, other = crew.start(2)
    c = Cown(None)

    def leave(c):
        c.value = create()
        return int(c.value)

    number = crew.run(home, leave, c)
    seen = crew.run(other, lambda c: (is_id(c.value), int(c.value)), c)
    crew.dismiss()
    number = outcome(number)
    assert outcome(seen) == (True, number)
    assert int(outcome(c)) == number


def test_readers_on_several_workers_each_get_it(crew):
    home, other = crew.start(2)
    given = create()
    c = Cown(given)
    seen = [crew.run(worker, lambda c: is_id(c.value) and int(c.value), read(c)) for worker in (home, other, home)]
    crew.dismiss()
    assert [outcome(cown) for cown in seen] == [int(given)] * 3
    assert outcome(c) == given


def test_it_is_carried_as_it_was_when_it_was_given():
    """The cown's is another object, which outlives ours."""
    start(1)
    given = create()
    number = int(given)
    c = Cown(given)
    del given
    gc.collect()
    assert outcome(when(c)(lambda c: int(c.value))) == number
    assert number in living()


# -- within other values


class Holder:
    def __init__(self, **parts):
        vars(self).update(parts)


@pytest.mark.parametrize("workers", [1, 2])
def test_nested_in_a_dict(workers):
    start(workers)
    given, cown = create(), Cown([1])
    value = {"id": given, "more": [given, (given, {"deep": given})], "cown": cown, "data": bytearray(100_000)}
    c = Cown(value)

    @when(c)
    def same(c):
        v = c.value
        return is_id(v["id"]) and v["id"] is v["more"][0] is v["more"][1][0] is v["more"][1][1]["deep"]

    assert outcome(same) is True
    assert outcome(c) == value


def test_nested_in_instances_beside_what_goes_by_value():
    start(1)
    ids = [create() for _ in range(5)]
    c = Cown(Holder(ids=ids, add=lambda n: n + len(ids), own=Holder(id=ids[3])))

    @when(c)
    def seen(c):
        return [int(i) for i in c.value.ids], c.value.add(1), c.value.own.id is c.value.ids[3]

    assert outcome(seen) == ([int(i) for i in ids], 6, True)
    assert outcome(c).ids == ids


def test_many():
    start(2)
    ids = [create() for _ in range(500)]
    c = Cown(ids)
    assert outcome(when(c)(lambda c: [int(i) for i in c.value])) == [int(i) for i in ids]
    assert outcome(c) == ids


# -- ends


@pytest.mark.parametrize("nested", [False, True])
def test_it_outlives_the_worker_that_it_was_made_on(nested):
    start(1)
    c = Cown(None)

    @when(c)
    def number(c):
        made = create()
        send(made, 44)
        c.value = {"id": made} if nested else made
        return int(made)

    wait()
    start(1)
    # Passes on a value from a worker that has ended, through one that ends too.
    assert outcome(when(c)(lambda c: isinstance(c.value, dict))) is nested
    wait()
    back = c.unwrap()
    back = back["id"] if nested else back
    assert is_id(back) and int(back) == number.unwrap() and int(back) in living()


def test_a_result_whose_worker_has_ended():
    start(1)
    result = when()(create)
    wait()
    assert is_id(result.unwrap())


def test_nothing_is_left_of_it_when_its_cowns_are_gone():
    start(2)
    kept = create()
    ids = [create() for _ in range(50)]
    numbers = {int(given) for given in ids}
    cowns = [Cown(given) for given in ids] + [Cown({"id": given}) for given in ids]
    unused = [Cown(given) for given in ids]
    results = [when(c)(lambda c: c.value) for c in cowns] + [when(read(c))(lambda c: [c.value]) for c in cowns]
    quiesce(60)
    seen = [result.unwrap() for result in results]
    assert numbers <= living()
    del ids, cowns, unused, results, seen
    come_by(lambda: not numbers & living())
    assert int(kept) in living()


# -- what can't be carried


def test_what_nobody_can_carry_is_refused_by_its_own_name():
    value = {"id": create(), "lock": threading.Lock()}
    with pytest.raises(TypeError, match=r"pickle.*lock.*the part of type '_thread\.lock'"):
        Cown(value)


@not_strict
def test_what_nobody_can_carry_stays_and_says_so():
    start(1)
    c = Cown(None)

    @when(c)
    def _(c):
        c.value = [create(), threading.Lock()]

    quiesce(60)
    with pytest.raises(TypeError, match="lock"):
        c.unwrap()
    assert outcome(when(c)(lambda c: is_id(c.value[0]))) is True


# -- whole programs

PROGRAM = """
    import sys
    try:
        import _interpchannels as channels
    except ImportError:
        import _xxinterpchannels as channels
    from bocpy import Cown, quiesce, read, start, wait, when

    def create():
        return channels.create(*[3][: sys.version_info >= (3, 13)])
"""


@pytest.mark.parametrize("end", ["", "wait()", "quiesce()", "wait(); start(1)", "quiesce(); left.unwrap()"])
def test_a_program_that_leaves_them_everywhere_ends_in_peace(end):
    check_script(
        PROGRAM
        + f"""
    start(2)
    known = create()
    given = [Cown(create()) for _ in range(10)]
    left = Cown(None)
    results = []
    for c in given:
        results.append(when(c)(lambda c: {{"id": c.value, "mine": create(), "known": known}}))
        results.append(when(read(c), read(given[0]))(lambda c, d: [c.value, d.value]))

    @when(left)
    def _(left):
        left.value = [create() for _ in range(10)]

    {end}
    print("end")
    """,
        "end",
        timeout=60,
    )


def test_a_program_whose_globals_hold_one():
    check_script(
        PROGRAM
        + """
    known = create()

    def number():
        return int(known)

    class Knows:
        id = known

    start(1)
    first = when()(lambda: number())
    second = when()(lambda: int(Knows.id))
    third = when()(lambda: Knows)
    wait()
    print(first.unwrap() == second.unwrap() == int(known), third.unwrap().id == known)
    """,
        "True True",
        timeout=60,
    )


def test_nothing_of_it_is_imported_by_a_program_without():
    check_script(
        """
        import sys, threading
        from bocpy import Cown, start, wait, when

        class Thing:
            pass

        start(1)
        c = Cown([Thing(), lambda: 1])
        names = when(c)(lambda c: [name for name in sys.modules if "interp" in name])
        try:
            Cown(threading.Lock())
        except TypeError:
            pass
        wait()
        print(names.unwrap(), [name for name in sys.modules if "interp" in name])
        """,
        "[] []",
        timeout=60,
    )


@pytest.mark.skipif(sys.version_info < (3, 14), reason="needs a Python with queues between interpreters")
def test_a_queue_lives_as_long_as_its_cown():
    """It could be pickled too, by its number; and would be gone by the time that somebody asks for the number."""
    check_script(
        """
        from concurrent import interpreters
        from bocpy import Cown, quiesce, start, wait, when

        def program():
            start(2)
            c = Cown({"queue": interpreters.create_queue()})

            @when(c)
            def put(c):
                c.value["queue"].put([1, 2])
                return c.value["queue"]

            @when(put)
            def got(queue):
                queue.value.put("more")
                return queue.value.get(), queue.value.get()

            made = when()(lambda: interpreters.create_queue())
            wait()
            print(got.unwrap())
            with c:
                print(c.value["queue"].empty())
            queue = made.unwrap()
            queue.put("made by a worker")
            print(queue.get())

        program()
        """,
        """
        ([1, 2], 'more')
        True
        made by a worker
        """,
        timeout=60,
    )
