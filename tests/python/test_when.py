"""``@when``: its arguments, its result, and the kinds of bodies."""

import functools

import bocpy
import bocpy as b
from bocpy import Cown, quiesce, when, whencall
from bocpy import when as boc_when
from support import error_of, outcome, pytest

FACTOR = 3


def increment(c):
    c.value += 1
    return c.value


def scaled(x):
    return x * FACTOR


def call_recursively(n):
    return 1 if n <= 1 else n * call_recursively(n - 1)


# -- arguments


def test_one_cown():
    c = Cown(1)

    @when(c)
    def result(c):
        c.value += 1
        return c.value * 10

    assert isinstance(result, Cown)
    assert outcome(result) == 20
    assert outcome(c) == 2


def test_several_cowns_come_in_the_order_given():
    cowns = [Cown(n) for n in range(6)]

    @when(*cowns)
    def forward(a, b, c, d, e, f):
        return [x.value for x in (a, b, c, d, e, f)]

    @when(*reversed(cowns))
    def backward(a, b, c, d, e, f):
        return [x.value for x in (a, b, c, d, e, f)]

    assert outcome(forward) == [0, 1, 2, 3, 4, 5]
    assert outcome(backward) == [5, 4, 3, 2, 1, 0]


def test_parameters_are_cowns():
    c, d = Cown(1), Cown(2)

    @when(c, [d])
    def kinds(x, group):
        return type(x).__name__, type(group).__name__, type(group[0]).__name__, isinstance(x, Cown)

    assert outcome(kinds) == ("Cown", "list", "Cown", True)


def test_no_cown_at_all():
    @when()
    def result():
        return 6 * 7

    assert outcome(result) == 42


def test_a_duplicate_cown_is_given_twice():
    c = Cown(1)

    @when(c, c)
    def result(x, y):
        x.value += 1
        y.value += 1
        return x == y, x.value, y.value

    assert outcome(result) == (True, 3, 3)
    assert outcome(c) == 3


def test_duplicates_apart_and_many():
    a, b = Cown(1), Cown(10)

    @when(a, b, a, b, a)
    def result(v, w, x, y, z):
        x.value += 1
        w.value += 1
        return [c.value for c in (v, w, x, y, z)]

    assert outcome(result) == [2, 11, 2, 11, 2]


def test_a_duplicate_does_not_block_those_that_follow():
    c = Cown(0)
    for _ in range(50):

        @when(c, c)
        def _(x, y):
            x.value += 1

        when(c)(increment)
    quiesce(60)
    assert c.unwrap() == 100


def test_a_value_can_be_replaced_or_changed_in_place():
    c = Cown({"n": 0})

    @when(c)
    def _(c):
        c.value["n"] += 1
        c.value["list"] = []

    @when(c)
    def _(c):
        c.value["list"].append(c.value["n"])

    @when(c)
    def _(c):
        c.value = {"old": c.value, "new": True}

    assert outcome(c) == {"old": {"n": 1, "list": [1]}, "new": True}


# -- names of the decorator


def test_any_alias_of_the_decorator():
    local = bocpy.when

    class Holder:
        schedule = staticmethod(bocpy.when)

    c = Cown(0)

    @b.when(c)
    def _(c):
        c.value += 1

    @boc_when(c)
    def _(c):
        c.value += 10

    @local(c)
    def _(c):
        c.value += 100

    @Holder.schedule(c)
    def _(c):
        c.value += 1000

    @getattr(bocpy, "wh" + "en")(c)
    def _(c):
        c.value += 10000

    assert outcome(c) == 11111


def test_called_as_a_function():
    c = Cown(0)
    results = [when(c)(increment) for _ in range(5)]
    assert [outcome(r) for r in results] == [1, 2, 3, 4, 5]
    assert increment.__name__ == "increment"


def test_a_lambda_as_the_body():
    c = Cown(20)
    assert outcome(when(c)(lambda c: c.value + 1)) == 21


def test_the_same_function_scheduled_again_and_again():
    c = Cown(0)
    for _ in range(1000):
        when(c)(increment)
    assert outcome(c) == 1000


def test_without_parentheses():
    expected = r"needs parentheses: write `@when\(cown, \.\.\.\)`, or `@when\(\)`"
    with pytest.raises(TypeError, match=expected):

        @when
        def _():
            pass

    with pytest.raises(TypeError, match=expected):
        when(lambda c: c.value)
    with pytest.raises(TypeError, match="argument 2 must be a Cown"):
        when(Cown(1), increment)


# -- bodies


def test_the_body_uses_names_of_its_module():
    c = Cown(7)

    @when(c)
    def result(c):
        return scaled(c.value), call_recursively(5), functools.reduce(max, [1, 9, 2]), len([1])

    assert outcome(result) == (21, 120, 9, 1)


def test_the_body_may_hold_anything_that_a_function_may():
    c = Cown([3, 1, 2])

    @when(c)
    def result(c):
        """With a docstring."""
        import string

        def inner(x):
            return [y * k for y in x]

        k = 10
        squares = {n: n * n for n in c.value}
        try:
            raise KeyError("caught")
        except KeyError as error:
            caught = error.args[0]
        finally:
            c.value.sort()
        with memoryview(b"ab") as view:
            size = len(view)
        if (n := len(c.value)) > 2:
            n += 1
        lazy = sum(x for x in c.value)
        return (
            inner(c.value),
            squares,
            caught,
            size,
            n,
            lazy,
            f"{n:>3}",
            (lambda a, *b, **c: (a, b, c))(1, 2, x=3),
            string.digits,
        )

    expected = ([10, 20, 30], {3: 9, 1: 1, 2: 4}, "caught", 2, 4, 6, "  4", (1, (2,), {"x": 3}), "0123456789")
    assert outcome(result) == expected


def test_a_body_may_delete_its_parameters():
    c, d = Cown(1), Cown(2)

    @when(c, [d])
    def result(c, group):
        c.value = 5
        del c
        group.clear()
        return "gone"

    assert outcome(result) == "gone"

    @when(c, d)
    def after(c, d):
        return c.value, d.value

    assert outcome(after) == (5, 2)


def test_methods_schedule_behaviors():
    class Account:
        def __init__(self, balance):
            self.balance = Cown(balance)

        def deposit(self, amount):
            @when(self.balance)
            def result(balance):
                balance.value += amount
                return balance.value

            return result

        @classmethod
        def rich(cls):
            return cls(1_000_000)

        @staticmethod
        def transfer(source, target, amount):
            @when(source.balance, target.balance)
            def moved(source, target):
                source.value -= amount
                target.value += amount
                return source.value, target.value

            return moved

    account, rich = Account(10), Account.rich()
    first, second = account.deposit(5), account.deposit(7)
    moved = Account.transfer(rich, account, 100)
    assert [outcome(r) for r in (first, second, moved)] == [15, 22, (999_900, 122)]


def test_a_function_that_schedules_itself():
    def count_down(c, n):
        @when(c)
        def _(c):
            c.value.append(n)
            if n:
                count_down(c, n - 1)

    c = Cown([])
    count_down(c, 20)
    assert outcome(c) == list(range(20, -1, -1))


def test_a_body_that_schedules_itself_by_whencall():
    c = Cown(0)
    whencall(climb, [c], [])
    assert outcome(c) == 100


def climb(c):
    c.value += 1
    if c.value < 100:
        whencall(climb, [c], [])


def test_nested_behaviors_run():
    outer, inner = Cown(1), Cown(10)

    @when(outer)
    def result(outer):
        n = outer.value

        @when(inner)
        def deeper(inner):
            inner.value += n

            @when(outer, inner)
            def _(outer, inner):
                outer.value += inner.value

            return inner.value

        return deeper

    deeper = outcome(result)
    assert isinstance(deeper, Cown)
    assert outcome(deeper) == 11
    assert outcome(outer) == 12


def test_a_nested_behavior_over_a_held_cown_runs_after_the_holder():
    c = Cown([])

    @when(c)
    def _(c):
        @when(c)
        def _(c):
            c.value.append("inner")

        c.value.append("outer")

    assert outcome(c) == ["outer", "inner"]


def test_a_behavior_schedules_over_the_cowns_in_its_value():
    inner = [Cown(n) for n in range(5)]
    outer = Cown({"cowns": inner})

    @when(outer)
    def total(outer):
        @when(outer.value["cowns"])
        def total(group):
            return sum(c.value for c in group)

        return total

    assert outcome(outcome(total)) == 10


def test_a_cown_made_in_a_behavior():
    @when()
    def made():
        c = Cown([1])

        @when(c)
        def _(c):
            c.value.append(2)

        return c

    assert outcome(outcome(made)) == [1, 2]


def test_a_cown_made_in_a_behavior_can_be_held_there():
    @when()
    def result():
        c = Cown([1])
        before = c.acquired
        with c:
            c.value.append(2)
            return before, c.acquired, list(c.value)

    assert outcome(result) == (False, True, [1, 2])


# -- decorators


def doubled(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs) * 2

    return wrapper


def plus_one(function):
    def wrapper(*args):
        return function(*args) + 1

    return wrapper


def times(factor):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args):
            return function(*args) * factor

        return wrapper

    return decorate


def test_decorators_below_when_are_kept_in_order():
    c = Cown(5)

    @when(c)
    @doubled
    @plus_one
    def double_of_sum(c):
        return c.value

    @when(c)
    @plus_one
    @doubled
    def sum_of_double(c):
        return c.value

    @when(c)
    @times(100)
    @doubled
    @plus_one
    def three(c):
        return c.value

    assert [outcome(r) for r in (double_of_sum, sum_of_double, three)] == [12, 11, 1200]


def test_decorators_below_when_run_around_the_body_on_the_worker():
    def logged(function):
        @functools.wraps(function)
        def wrapper(c):
            c.value.append(f"before {function.__name__}")
            try:
                return function(c)
            finally:
                c.value.append(f"after {function.__name__}")

        return wrapper

    c = Cown([])

    @when(c)
    @logged
    def body(c):
        c.value.append("body")
        raise OSError("in the body")

    assert isinstance(error_of(body), OSError)
    assert outcome(c) == ["before body", "body", "after body"]


def test_captures_pass_decorators_below_when():
    offset = 7
    c = Cown(1)

    @when(c)
    @doubled
    def result(c, extra=100):
        return c.value + offset + extra

    assert outcome(result) == 216


def test_a_decorator_above_when_gets_the_result():
    seen = []

    def above(result):
        seen.append(type(result))
        return result

    @above
    @when()
    def result():
        return 1

    assert seen == [Cown]
    assert outcome(result) == 1


# -- whencall


def add_to(c, amount, factor):
    c.value += amount * factor
    return c.value


def sum_group(group, c, label):
    return f"{label} {sum(x.value for x in group) + c.value}"


def constant():
    return "constant"


def test_whencall_schedules_a_function_with_captures():
    c = Cown(1)
    result = whencall(add_to, [c], [10, 2])
    assert isinstance(result, Cown)
    assert outcome(result) == 21


def test_whencall_takes_groups_and_no_cowns():
    group, c = [Cown(1), Cown(2)], Cown(4)
    assert outcome(whencall(sum_group, [group, c], ["sum"])) == "sum 7"
    assert outcome(whencall(constant, [], [])) == "constant"
    assert outcome(whencall(lambda a: a + 1, [], [1])) == 2


def test_whencall_takes_its_captures_when_called():
    values = [1]
    gate = Cown(None)
    with gate:
        result = whencall(lambda gate, x: x, [gate], [values[0]])
        values[0] = 2
    assert outcome(result) == 1


@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_many_parameters(count):
    cowns = [Cown(n) for n in range(count)]

    def total(*args):
        return sum(c.value for c in args)

    assert outcome(when(*cowns)(total)) == sum(range(count))
