"""Variables of a program in behaviors: closures, loops, captures, and the globals of ``__main__``."""

from support import BACKEND, check_script, interpreters_only, pytest, run_script, usual_ways


@usual_ways
def test_closures(how):
    source = """
        from bocpy import Cown, wait, when

        def order(exclude, menu=("eggs", "spam")):
            local = [dish for dish in menu if dish != exclude]

            def helper(x):
                return f"{x}, no {exclude}"

            @when()
            def result():
                return helper(local[0])

            return result

        results = [order("spam"), order("eggs")]
        wait()
        print([r.value for r in results])
    """
    check_script(source, "['eggs, no spam', 'spam, no eggs']", how=how)


@usual_ways
def test_loop_variables_in_a_function(how):
    source = """
        from bocpy import Cown, wait, when

        def main():
            gate = Cown([])
            with gate:
                for i in range(3):
                    for word in "ab":
                        @when(gate)
                        def _(gate):
                            gate.value.append((i, word))
            wait()
            print(gate.value)

        main()
    """
    check_script(source, "[(0, 'a'), (0, 'b'), (1, 'a'), (1, 'b'), (2, 'a'), (2, 'b')]", how=how)


@usual_ways
def test_loop_variables_at_module_level(how):
    source = """
        from bocpy import Cown, wait, when

        gate = Cown([])
        with gate:
            for i in range(3):
                for word in "ab":
                    @when(gate)
                    def _(gate):
                        gate.value.append((i, word))
            results = [when(gate)(lambda gate: n * n) for n in range(4)]
        wait()
        print(gate.value, [r.value for r in results])
    """
    check_script(source, "[(0, 'a'), (0, 'b'), (1, 'a'), (1, 'b'), (2, 'a'), (2, 'b')] [0, 1, 4, 9]", how=how)


@usual_ways
def test_trailing_captures(how):
    source = """
        from bocpy import Cown, wait, when

        factor = 7
        words = ["a", "b"]

        def compute():
            return 5

        c = Cown(6)
        results = []
        gate = Cown(None)
        with gate:
            for i in range(3):
                @when(gate, c)
                def result(gate, c, i=i, k=compute()):
                    return c.value * i + k
                results.append(result)

            @when(gate, c)
            def by_name(gate, c, factor, words):
                return c.value * factor, words

            factor = 8
            words = None
        wait()
        print([r.value for r in results], by_name.value)
    """
    check_script(source, "[5, 11, 17] (42, ['a', 'b'])", how=how)


@usual_ways
def test_variables_of_the_program(how):
    source = """
        from bocpy import Cown, wait, when

        LIMIT = 10
        NAMES = ["ann", "bob"]
        TABLE = {"k": (1, {2})}
        nothing = None

        def within(x):
            return x < LIMIT

        @when(Cown(9))
        def result(c):
            return within(c.value), NAMES, TABLE["k"], nothing

        wait()
        print(result.unwrap())
    """
    check_script(source, "(True, ['ann', 'bob'], (1, {2}), None)", how=how)


@usual_ways
def test_a_variable_has_the_value_of_when_it_was_scheduled(how):
    source = """
        from bocpy import Cown, wait, when

        x = "before"
        gone = "still there"
        gate = Cown(None)
        with gate:
            @when(gate)
            def result(gate):
                return x, gone

            x = "after"
            del gone

            @when(gate)
            def later(gate):
                return x

        wait()
        print(result.unwrap(), later.unwrap(), x)
    """
    check_script(source, "('before', 'still there') after after", how=how)


@usual_ways
def test_a_variable_that_a_helper_uses_changes_between_schedules(how):
    source = """
        from bocpy import quiesce, when

        LIMIT = 1
        TABLE = [1]

        def helper():
            return LIMIT, list(TABLE)

        first = when()(lambda: helper())
        quiesce()
        LIMIT = 2
        TABLE.append(2)
        second = when()(lambda: helper())
        quiesce()
        TABLE = "new"
        third = when()(lambda: helper())
        quiesce()
        print(first.unwrap(), second.unwrap(), third.unwrap())
    """
    check_script(source, "(1, [1]) (2, [1, 2]) (2, ['n', 'e', 'w'])", how=how)


@usual_ways
def test_cowns_of_the_program(how):
    source = """
        from bocpy import Cown, wait, when

        total = Cown(0)
        accounts = {"ann": Cown(1), "bob": Cown(2)}
        queue = [Cown(n) for n in range(3)]

        def add(n):
            @when(total)
            def _(total):
                total.value += n

        @when()
        def _():
            @when(accounts["ann"], accounts["bob"], queue)
            def _(ann, bob, queue):
                add(ann.value + bob.value + sum(c.value for c in queue))

        wait()
        print(total.value)
    """
    check_script(source, "6", how=how)


@usual_ways
def test_assigning_a_global_in_a_body_does_no_harm(how):
    source = """
        from bocpy import start, quiesce, when

        start(1)
        count = 0

        def up():
            global count
            count += 1
            return count

        first = when()(up)
        quiesce()
        print(first.unwrap() >= 1)
    """
    check_script(source, "True", how=how)


@interpreters_only
def test_assigning_a_global_in_a_body_stays_on_the_worker():
    source = """
        from bocpy import quiesce, when

        count = 0
        names = []

        def up():
            global count
            count += 1
            names.append(count)

        for _ in range(3):
            when()(up)
        quiesce()
        print(count, names)
    """
    check_script(source, "0 []")


@interpreters_only
def test_a_mutable_global_is_sent_anew_each_time():
    source = """
        from bocpy import start, quiesce, when

        start(1)
        names = ["a"]

        def look():
            names.append("worker")
            return names

        first = when()(look)
        quiesce()
        names.append("b")
        second = when()(look)
        quiesce()
        print(first.unwrap(), second.unwrap(), names)
    """
    check_script(source, "['a', 'worker'] ['a', 'b', 'worker'] ['a', 'b']")


@interpreters_only
@pytest.mark.parametrize("name", ["range", "ellipsis", "complex"])
def test_a_global_of_a_class_with_a_builtin_name_is_sent_as_it_is_now(name):
    check_script(
        f"""
        from bocpy import Cown, wait, when


        class {name}:
            def __init__(self, n):
                self.n = n


        THING = {name}(0)
        seen = Cown([])
        for n in (1, 2, 3):
            THING.n = n

            @when(seen)
            def _(seen):
                seen.value.append(THING.n)


        wait()
        print(seen.unwrap())
        """,
        "[1, 2, 3]",
    )


@interpreters_only
def test_a_method_of_a_list_that_is_a_global_is_sent_as_it_is_now():
    check_script(
        """
        from bocpy import Cown, wait, when

        items = [0]
        copy_of_items = items.copy
        seen = Cown([])
        for n in (1, 2):
            items.append(n)

            @when(seen)
            def _(seen):
                seen.value.append(copy_of_items())


        wait()
        print(seen.unwrap())
        """,
        "[[0, 1], [0, 1, 2]]",
    )


@usual_ways
def test_large_tuples_are_constants_unless_a_part_of_them_can_change(how):
    """A global that cannot change is sent once; one that can is sent as it is at each time."""
    source = """
        from bocpy import Cown, wait, when

        WORDS = tuple(f"word {i}" for i in range(1_000))
        DEEP = ((("deep", WORDS), WORDS),) * 20
        STATE = WORDS + ({"n": 0},)

        def body(cown):
            cown.value.append((len(WORDS), DEEP[19][0][1] == WORDS, STATE[-1]["n"]))

        cown = Cown([])
        with cown:
            for n in range(3):
                STATE[-1]["n"] = n
                when(cown)(body)
                WORDS = WORDS[:-1]
        wait()
        print(cown.value)
    """
    expected = "[(1000, True, 0), (999, False, 1), (998, False, 2)]"
    if BACKEND == "threads":
        # All behaviors see one dict.
        expected = "[(1000, True, 2), (999, False, 2), (998, False, 2)]"
    check_script(source, expected, how=how)


@usual_ways
def test_a_function_is_scheduled_with_its_globals_as_they_are_each_time(how):
    """Also where they change and change back, and where the function itself changes them."""
    source = """
        from bocpy import Cown, wait, when

        log = Cown([])
        step, seen = 1, 0

        def add(log):
            log.value.append(step)

        def count(log):
            global seen
            seen += 1
            log.value.append(("seen", seen))

        def peek(log):
            globals()["step"] = 99
            log.value.append(("step", step))

        with log:
            for value in (1, 1, 2, 1, 1):
                step = value
                for body in (add, add, count, peek):
                    when(log)(body)
        wait()
        print([entry for entry in log.value if type(entry) is int])
        print([entry for entry in log.value if type(entry) is not int], step, seen)
    """
    done = run_script(source, how=how)
    numbers, others = done.stdout.splitlines()
    assert (done.stderr, done.returncode) == ("", 0)
    assert numbers == "[1, 1, 1, 1, 2, 2, 1, 1, 1, 1]"
    if BACKEND == "threads":
        # What a function assigns is assigned in its module, as anywhere.
        expected = f"{[part for n in range(1, 6) for part in (('seen', n), ('step', 99))]} 1 5"
    else:
        expected = f"{[('seen', 1), ('step', 99)] * 5} 1 0"
    assert others == expected
