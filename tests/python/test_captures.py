"""What a body may use beside its cowns: trailing parameters, enclosing functions, loop variables."""

import threading

from bocpy import Cown, quiesce, start, when
from support import error_of, interpreters_only, outcome, pytest, text_of, threads_only

COUNTER = {"calls": 0}
MODULE_LIST = [1, 2, 3]


def count_calls():
    COUNTER["calls"] += 1
    return COUNTER["calls"]


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __eq__(self, other):
        return type(other) is Point and (self.x, self.y) == (other.x, other.y)


# -- trailing parameters


def test_a_default_is_taken_when_scheduled():
    results = []
    gate = Cown(None)
    with gate:
        for i in range(5):

            @when(gate)
            def result(gate, i=i, square=i * i):
                return i, square

            results.append(result)
        i = 100
    assert [outcome(r) for r in results] == [(n, n * n) for n in range(5)]


def test_a_default_is_computed_once_in_the_scheduler():
    before = COUNTER["calls"]

    @when()
    def result(k=count_calls()):
        return k

    assert COUNTER["calls"] == before + 1
    assert outcome(result) == before + 1


def test_a_default_with_another_name():
    x = [1, 2]
    assert outcome(when(Cown(3))(lambda c, y=x: (c.value, y))) == (3, [1, 2])


def test_defaults_of_any_kind():
    cown = Cown(5)
    gate = Cown(None)

    @when(gate)
    def result(gate, a=None, b=(1, "two"), c={"k": [1]}, d=cown, e=Point(1, 2), f=len):  # noqa: B006
        return a, b, c, d == cown, e == Point(1, 2), f("abc")

    assert outcome(result) == (None, (1, "two"), {"k": [1]}, True, True, 3)


def test_a_keyword_only_default():
    @when(Cown(1))
    def result(c, *, factor=3):
        return c.value + factor

    assert outcome(result) == 4


@interpreters_only
def test_a_keyword_only_default_that_cannot_move_is_named():
    with pytest.raises(TypeError, match=r"the value of 'second', which the behavior '.*refused' captures,"):

        @when(Cown(1))
        def refused(c, *, first=1, second=threading.Lock()):
            return c.value


def test_a_trailing_parameter_without_default_is_captured_by_name():
    factor = 7

    @when(Cown(6))
    def result(c, factor):
        return c.value * factor

    factor = 8
    assert outcome(result) == 42
    assert factor == 8


def test_a_trailing_parameter_of_the_module_is_captured_by_name():
    @when(Cown(1))
    def result(c, MODULE_LIST):
        return MODULE_LIST

    assert outcome(result) == [1, 2, 3]


def test_several_trailing_parameters_by_name_and_default():
    low, high = 1, 9

    @when(Cown(5))
    def result(c, low, high, label="between"):
        return label, low < c.value < high

    assert outcome(result) == ("between", True)


def test_a_loop_variable_captured_by_name():
    results = []
    for i in range(4):

        @when()
        def result(i):
            return i * 11

        results.append(result)
    assert [outcome(r) for r in results] == [0, 11, 22, 33]


# -- closures


def test_a_closure_over_an_argument():
    def order(exclude):
        @when()
        def result():
            return [dish for dish in ("eggs", "spam", "ham") if dish != exclude]

        return result

    assert outcome(order("spam")) == ["eggs", "ham"]


def test_a_closure_has_the_value_of_when_it_was_scheduled():
    gate = Cown(None)
    x = "before"
    with gate:

        @when(gate)
        def result(gate):
            return x

        x = "after"
    assert outcome(result) == "before"
    assert x == "after"


def test_a_loop_variable_in_a_function():
    gate = Cown(None)
    results = []
    with gate:
        for i in range(5):
            for j in "ab":

                @when(gate)
                def result(gate):
                    return i, j

                results.append(result)
    assert [outcome(r) for r in results] == [(i, j) for i in range(5) for j in "ab"]


def test_a_loop_variable_of_a_comprehension():
    gate = Cown(None)
    with gate:
        results = [when(gate)(lambda gate: n * n) for n in range(5)]
    assert [outcome(r) for r in results] == [0, 1, 4, 9, 16]


def test_a_closure_through_several_functions():
    def outer(a):
        def middle(b):
            def inner(c):
                @when()
                def result():
                    return a, b, c

                return result

            return inner

        return middle

    assert outcome(outer(1)(2)(3)) == (1, 2, 3)


def test_a_closure_over_cowns():
    mine, other = Cown(1), Cown(10)
    results = {}

    @when(mine)
    def result(mine):
        @when(other)
        def added(other):
            other.value += 1
            return other.value

        return added, other == mine

    added, same = outcome(result)
    assert not same
    results["added"] = added
    assert outcome(results["added"]) == 11


def test_a_closure_over_cowns_in_containers():
    group = [Cown(n) for n in range(3)]
    named = {"a": Cown("a"), "b": (Cown("b"),)}

    @when()
    def result():
        first = when(group)(lambda group: sum(c.value for c in group))
        second = when(named["a"], named["b"][0])(lambda a, b: a.value + b.value)
        return first, second

    first, second = outcome(result)
    assert outcome(first) == 3
    assert outcome(second) == "ab"


def test_a_closure_over_a_local_function():
    k = 3

    def helper(x):
        return x * k

    def calls_helper(x):
        return helper(x) + 1

    @when()
    def result():
        return calls_helper(5)

    assert outcome(result) == 16


def test_a_closure_over_a_recursive_local_function():
    def factorial(n):
        return 1 if n < 2 else n * factorial(n - 1)

    def even(n):
        return n == 0 or odd(n - 1)

    def odd(n):
        return n != 0 and even(n - 1)

    @when()
    def result():
        return factorial(10), even(10), odd(10)

    assert outcome(result) == (3628800, True, False)


def test_a_closure_over_a_local_class():
    class Pair:
        def __init__(self, a, b):
            self.a, self.b = a, b

        def swapped(self):
            return Pair(self.b, self.a)

    @when()
    def result():
        pair = Pair(1, 2).swapped()
        return pair.a, pair.b, isinstance(pair, Pair)

    assert outcome(result) == (2, 1, True)


def test_a_closure_over_self():
    class Shop:
        def __init__(self):
            self.price = 5
            self.till = Cown(0)

        def discount(self):
            return self.price - 1

        def sell(self, count):
            @when(self.till)
            def total(till):
                till.value += self.discount() * count
                return till.value

            return total

    shop = Shop()
    shop.sell(1)
    assert outcome(shop.sell(2)) == 12


def test_a_closure_over_a_module_and_builtins():
    import math
    import os.path as path

    largest = max

    @when()
    def result():
        return math.floor(2.5), path.join("a", "b").replace("\\", "/"), largest(1, 2), sorted((2, 1))

    assert outcome(result) == (2, "a/b", 2, [1, 2])


def test_nonlocal_changes_the_copy_of_the_behavior_only():
    x = 1

    @when()
    def result():
        nonlocal x
        x += 1
        return x

    assert outcome(result) == 2
    assert x == 1


def test_an_unbound_closure_variable_is_an_error_of_the_body_or_of_scheduling():
    try:

        @when()
        def result():
            return later
    except (NameError, TypeError) as error:
        assert "later" in str(error)
    else:
        assert "later" in text_of(error_of(result))
    later = 1
    assert later


def test_the_same_function_with_other_closure_values():
    def make(n):
        def body():
            return n

        return body

    results = [when()(make(n)) for n in range(20)]
    assert [outcome(r) for r in results] == list(range(20))


def test_the_same_function_object_with_a_changed_closure():
    n = 0

    def body():
        return n

    results = []
    for n in range(5):  # noqa: B007
        results.append(when()(body))
    assert [outcome(r) for r in results] == [0, 1, 2, 3, 4]


# -- one heap or several


@interpreters_only
def test_a_mutable_capture_is_a_copy():
    start(1)
    gate = Cown(None)
    values = [1]
    with gate:

        @when(gate)
        def result(gate):
            values.append("worker")
            return values

        values.append("main, too late")
    assert outcome(result) == [1, "worker"]
    assert values == [1, "main, too late"]


@interpreters_only
def test_each_behavior_gets_its_own_copy_of_a_capture():
    start(1)
    values = [1]

    def body():
        values.append(2)
        return values

    first, second = when()(body), when()(body)
    assert outcome(first) == [1, 2]
    assert outcome(second) == [1, 2]


@threads_only
def test_a_mutable_capture_is_the_object_itself():
    values = [1]

    @when()
    def result():
        values.append(2)
        return values

    assert outcome(result) is values
    assert values == [1, 2]


@threads_only
def test_anything_can_be_captured_where_the_heap_is_shared():
    lock = threading.Lock()

    @when()
    def result():
        with lock:
            return lock.locked()

    assert outcome(result) is True


# -- captures that cannot be sent


@interpreters_only
def test_an_unpicklable_closure_variable_is_named():
    from pickle import PicklingError

    the_lock = threading.Lock()
    with pytest.raises((TypeError, PicklingError), match="the_lock"):

        @when()
        def _():
            return the_lock


@interpreters_only
def test_an_unpicklable_default_is_named():
    from pickle import PicklingError

    with pytest.raises((TypeError, PicklingError), match="guard"):

        @when()
        def _(guard=threading.Lock()):
            return guard


@interpreters_only
def test_an_unpicklable_parameter_by_name_is_named():
    from pickle import PicklingError

    guard = threading.Lock()
    assert guard
    with pytest.raises((TypeError, PicklingError), match="guard"):

        @when()
        def _(guard):
            return guard


@interpreters_only
def test_an_unpicklable_capture_schedules_nothing():
    from pickle import PicklingError

    c = Cown(0)
    the_lock = threading.Lock()
    with pytest.raises((TypeError, PicklingError)):

        @when(c)
        def _(c):
            c.value = the_lock

    quiesce(60)
    assert c.unwrap() == 0
