"""Groups: a list of cowns as one argument of ``@when``."""

from bocpy import Cown, quiesce, when
from support import error_of, outcome, pytest


def values(group):
    return [c.value for c in group]


def test_a_group_arrives_as_a_list_of_cowns():
    items = [Cown(i) for i in range(5)]

    @when(items)
    def result(items):
        return type(items) is list, all(isinstance(c, Cown) for c in items), sum(c.value for c in items)

    assert outcome(result) == (True, True, 10)


def test_a_group_keeps_its_order():
    items = [Cown(i) for i in range(20)]
    assert outcome(when(items)(values)) == list(range(20))
    assert outcome(when(items[::-1])(values)) == list(range(19, -1, -1))


def test_all_of_a_group_can_be_written():
    items = [Cown(i) for i in range(5)]

    @when(items)
    def _(items):
        for c in items:
            c.value *= 10

    assert outcome(when(items)(values)) == [0, 10, 20, 30, 40]


@pytest.mark.parametrize(
    "shape",
    ["cg", "gc", "cgc", "gcg", "gg", "ccg", "ggcc", "gcgcg"],
)
def test_mixtures_of_cowns_and_groups(shape):
    number = iter(range(100))
    given = [Cown(next(number)) if kind == "c" else [Cown(next(number)) for _ in range(3)] for kind in shape]

    def body(*args):
        return [[c.value for c in arg] if isinstance(arg, list) else arg.value for arg in args]

    again = iter(range(100))
    expected = [next(again) if kind == "c" else [next(again) for _ in range(3)] for kind in shape]
    assert outcome(when(*given)(body)) == expected


def test_a_summary_and_a_group():
    summary = Cown(0)
    items = [Cown(i) for i in range(5)]

    @when(summary, items)
    def _(summary, items):
        summary.value = sum(c.value for c in items)

    assert outcome(summary) == 10


def test_a_group_of_one():
    c = Cown("only")

    @when([c])
    def result(group):
        return [x.value for x in group], len(group)

    assert outcome(result) == (["only"], 1)


def test_an_empty_group():
    c = Cown(1)

    @when([], c, [])
    def result(nothing, c, nothing_either):
        return nothing, c.value, nothing_either

    assert outcome(result) == ([], 1, [])


def test_duplicates_within_a_group():
    a, b = Cown(1), Cown(2)

    @when([a, b, a, a])
    def result(group):
        group[0].value += 10
        return [c.value for c in group], group[0] == group[2]

    assert outcome(result) == ([11, 2, 11, 11], True)


def test_duplicates_across_groups_and_cowns():
    a, b = Cown(1), Cown(2)

    @when(a, [a, b], b, [b, a])
    def result(x, first, y, second):
        x.value += 10
        y.value += 20
        return x.value, values(first), y.value, values(second)

    assert outcome(result) == (11, [11, 22], 22, [22, 11])


def test_the_list_is_taken_when_scheduled():
    gate = Cown(None)
    items = [Cown(1), Cown(2)]
    with gate:

        @when(gate, items)
        def result(gate, items):
            return [c.value for c in items]

        items.append(Cown(3))
        del items[0]
    assert outcome(result) == [1, 2]


def test_changing_the_delivered_list_changes_nothing_else():
    items = [Cown(1), Cown(2)]

    @when(items)
    def _(items):
        items.append("more")
        items.reverse()
        del items[0]

    quiesce(60)
    assert len(items) == 2
    assert outcome(when(items)(values)) == [1, 2]


def test_a_group_excludes_its_members_from_others():
    items = [Cown([]) for _ in range(4)]
    for number in range(50):
        chosen = [items[number % 4], items[(number + 1) % 4]]

        @when(chosen)
        def _(chosen, number=number):
            for c in chosen:
                c.value.append(number)

    logs = outcome(when(items)(values))
    for position, log in enumerate(logs):
        assert log == [n for n in range(50) if position in (n % 4, (n + 1) % 4)]


def test_results_as_a_group():
    results = [when(Cown(n))(lambda c: c.value**2) for n in range(10)]

    @when(results)
    def total(results):
        return sum(r.value for r in results)

    assert outcome(total) == 285


def test_a_group_with_a_failed_result():
    @when()
    def good():
        return 1

    @when()
    def bad():
        raise ValueError("bad")

    @when([good, bad])
    def seen(group):
        return [(r.exception, str(r.value)) for r in group]

    assert outcome(seen) == [(False, "1"), (True, "bad")]


def test_an_error_in_a_body_releases_the_whole_group():
    items = [Cown(i) for i in range(5)]

    @when(items)
    def failed(items):
        for c in items:
            c.value += 1
        raise ValueError("after the change")

    assert isinstance(error_of(failed), ValueError)
    assert outcome(when(items)(values)) == [1, 2, 3, 4, 5]


def test_a_member_that_is_no_cown_is_counted_from_one_as_the_argument_is():
    with pytest.raises(TypeError, match=r"item 2 of argument 1 must be a Cown, not int"):
        when([Cown(1), 5])(values)
