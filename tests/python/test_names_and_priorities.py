"""What can be said of a single behavior: a name, and a priority."""

import bocpy
from bocpy import Cown, quiesce, scope, start, when, whencall
from support import check_script, error_of, pytest, run_script, text_of


def hold(handshake):
    handshake.arrive()


def note(c, what):
    c.value.append(what)


PRIORITIES = ("low", None, "normal", "high")


@pytest.mark.parametrize("by", ["when", "whencall", "scope"])
def test_the_order_of_those_that_are_ready(by, handshake):
    start(1)
    whencall(hold, [], [handshake])
    handshake.await_arrival()
    seen = Cown([])

    def schedule(priority, n):
        def body():
            when(seen)(lambda seen: seen.value.append((priority, n)))

        if by == "when":
            when(priority=priority)(body)
        elif by == "whencall":
            whencall(body, [], priority=priority)
        else:
            s.when(priority=priority)(body)

    with scope() as s:
        for n in range(3):
            for priority in PRIORITIES:
                schedule(priority, n)
        handshake.let_go()
    order = seen.get()
    assert sorted(order, key=str) == sorted([(p, n) for p in PRIORITIES for n in range(3)], key=str)
    assert order[:3] == [("high", n) for n in range(3)]
    assert order[-3:] == [("low", n) for n in range(3)]


def test_the_order_over_a_common_cown_stays(handshake):
    start(1)
    c = Cown([])
    whencall(hold, [], [handshake])
    handshake.await_arrival()
    for n, priority in enumerate(PRIORITIES * 3):
        whencall(note, [c], [n], priority=priority)
    handshake.let_go()
    assert c.get() == list(range(12))


def test_values_follow():
    start(2)
    cowns = [Cown({"n": 0}) for _ in range(4)]

    def add(c):
        c.value["n"] += 1

    for n in range(400):
        when(cowns[n % 4], priority=PRIORITIES[n % 3])(add)
    quiesce()
    assert [c.get()["n"] for c in cowns] == [100] * 4


def test_all_get_a_turn():
    start(1)
    stop = Cown(False)

    def again(stop, priority):
        if not stop.value:
            whencall(again, [stop], [priority], priority=priority)

    for priority in ("high", "low"):
        for other in ("low", "high", "normal"):
            with stop:
                stop.value = False
            whencall(again, [stop], [priority], priority=priority)

            @when(priority=other)
            def end(stop=stop):
                @when(stop)
                def _(stop):
                    stop.value = True

            quiesce(60)


@pytest.mark.parametrize(
    ("keywords", "error", "text"),
    [
        ({"priority": "urgent"}, ValueError, "'high', 'normal' or 'low'.*urgent"),
        ({"priority": 1}, TypeError, "priority must be a str or None, not int"),
        ({"name": 1}, TypeError, "name must be a str or None, not int"),
        ({"nam": "x"}, TypeError, "nam"),
        ({"timeout": 1}, TypeError, "timeout"),
    ],
)
def test_nonsense(keywords, error, text):
    c = Cown(1)
    with scope() as s:
        for call in (
            lambda: when(c, **keywords),
            lambda: s.when(c, **keywords),
            lambda: whencall(note, [c], **keywords),
            lambda: s.whencall(note, [c], **keywords),
        ):
            with pytest.raises(error, match=text):
                call()
    assert c.get() == 1


def test_none_means_the_usual():
    @when(name=None, priority=None)
    def body():
        raise ValueError("boo")

    assert "behavior 'body'" not in text_of(error_of(body))
    assert whencall(lambda: 5, [], name=None, priority=None).get() == 5


def test_reports_have_the_name():
    done = run_script(
        """
        from bocpy import wait, when

        @when(name="job 17: load")
        def body():
            raise ValueError("boo")

        wait()
        """
    )
    assert done.returncode == 0
    assert "Exception in thread behavior 'job 17: load' (" in done.stderr


def test_dumps_have_the_name(handshake, capfd):
    start(1)
    c = Cown(None)
    whencall(lambda c, handshake: handshake.arrive(), [c], [handshake], name="the one that runs")
    handshake.await_arrival()
    when(c, name="the one that waits")(lambda c: None)
    bocpy.dump()
    handshake.let_go()
    text = capfd.readouterr().err
    assert "runs 'the one that runs' (" in text
    assert "'the one that waits' (" in text


def test_cancelled_results_have_the_name(handshake):
    c = Cown(None)
    whencall(lambda c, handshake: handshake.arrive(), [c], [handshake])
    handshake.await_arrival()
    result = when(c, name="in vain")(lambda c: None)
    assert result.cancel()
    handshake.let_go()
    assert "'in vain'" in str(error_of(result))


def test_many_names_take_no_memory_for_ever():
    check_script(
        """
        import resource
        from bocpy import quiesce, wait, when

        def work():
            pass

        def run(count):
            for n in range(count):
                when(name=f"a name that is used for this one only, and is rather long: {n}")(work)
            quiesce()
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        run(20_000)
        before = run(20_000)
        after = run(100_000)
        print("grew" if after - before > 20_000 else "did not grow")
        wait()
        """,
        "did not grow",
    )
