"""`BOCPY_STRICT=1`: every value is made portable as soon as a behavior ends, which finds those that cannot move."""

from support import check_script, interpreters_only, pytest, run_script, threads_only

STRICT = {"BOCPY_STRICT": "1"}

# A module, because each worker has its own, and objects in it stay there.
KEEPER = {"keeper.py": "KEPT = []\n"}

PRELUDE = """
    import threading
    import keeper
    from bocpy import Cown, quiesce, start, wait, when

    class Counting:
        def __init__(self, times=0):
            self.times = times

        def __reduce__(self):
            return Counting, (self.times + 1,)
"""


def check(source, expected, env=STRICT, **options):
    check_script(PRELUDE + source, expected, env=env, files=KEEPER, **options)


@interpreters_only
@pytest.mark.parametrize("make", ["[1]", "{'a': 1}", "Counting()", "bytearray(b'b')", "{1}", "(1, [2])"])
def test_no_object_goes_from_behavior_to_behavior(make):
    check(
        f"""
    start(1)
    c = Cown(None)

    @when(c)
    def _(c):
        c.value = {make}
        keeper.KEPT.append(c.value)

    @when(c)
    def same(c):
        return c.value is keeper.KEPT[0], type(c.value) is type(keeper.KEPT[0]), len(keeper.KEPT)

    wait()
    print(same.unwrap())
        """,
        "(False, True, 1)",
    )


@interpreters_only
def test_a_value_is_encoded_each_time_that_a_behavior_has_touched_it():
    check(
        """
    start(1)
    c = Cown(None)
    when(c)(lambda c: setattr(c, "value", Counting()))
    seen = [when(c)(lambda c: c.value.times) for _ in range(5)]
    wait()
    print([result.unwrap() for result in seen])
        """,
        "[1, 2, 3, 4, 5]",
    )


@pytest.mark.parametrize("strict", [{}, {"BOCPY_STRICT": ""}, {"BOCPY_STRICT": "0"}], ids=["unset", "empty", "0"])
def test_values_stay_where_it_is_not_asked_for(strict):
    check(
        """
    start(1)
    c = Cown(None)

    @when(c)
    def _(c):
        c.value = [1]
        keeper.KEPT.append(id(c.value))

    same = when(c)(lambda c: id(c.value) == keeper.KEPT[0])
    wait()
    print(same.unwrap())
        """,
        "True",
        {"BOCPY_STRICT": "", **strict},
    )


@interpreters_only
@pytest.mark.parametrize("workers", [1, 2])
def test_the_behavior_that_leaves_what_cannot_move_fails(workers):
    check(
        f"""
    start({workers})
    c, other = Cown("before"), Cown([1])

    @when(c, other)
    def the_culprit(c, other):
        c.value = [threading.Lock()]
        other.value.append(2)
        return "unseen"

    later = when(other)(lambda other: other.value)
    quiesce()
    with the_culprit, c:
        error = the_culprit.value
        print(the_culprit.exception, type(error).__name__, "lock" in str(error), "the_culprit" in str(error))
        c.value = "after"
    again = when(c)(lambda c: c.value)
    wait()
    print(other.value, later.value, again.value)
        """,
        "True TypeError True True\n[1, 2] [1, 2] after",
    )


@interpreters_only
def test_the_behavior_whose_result_cannot_move_fails():
    check(
        """
    @when()
    def the_culprit():
        return threading.Lock()

    wait()
    try:
        the_culprit.unwrap()
    except TypeError as error:
        print("lock" in str(error), "the_culprit" in str(error))
        """,
        "True True",
        reports=1,
    )


@interpreters_only
def test_a_value_that_cannot_move_is_told_even_if_nobody_asks():
    done = run_script(
        PRELUDE
        + """
    c = Cown(None)

    @when(c)
    def the_culprit(c):
        c.value = threading.Lock()

    del the_culprit
    wait()
        """,
        env=STRICT,
        files=KEEPER,
    )
    assert done.returncode == 0
    assert "the_culprit" in done.stderr and "lock" in done.stderr


@pytest.mark.parametrize("strict", ["0", "1"])
def test_programs_give_the_same_results(strict):
    check(
        """
    start(2)
    cowns = [Cown({"n": n, "list": [], "data": bytearray(10)}) for n in range(10)]
    for n in range(200):
        @when(cowns[n % 10], cowns[n * 7 % 10 - 1])
        def result(a, b):
            a.value["list"].append(b.value["n"])
            b.value["data"][n % 10] += 1
            return [a.value["n"], b.value["n"]]
    wait()
    print(sum(len(c.value["list"]) for c in cowns), sum(sum(c.value["data"]) for c in cowns), result.unwrap())
        """,
        "200 200 [9, 2]",
        {"BOCPY_STRICT": strict},
    )


@threads_only
def test_on_threads_nothing_moves_anyway():
    check(
        """
    start(1)
    c = Cown(threading.Lock())

    @when(c)
    def used(c):
        with c.value:
            return c.value.locked()

    wait()
    print(used.unwrap(), c.value.locked())
        """,
        "True False",
    )
