"""Encoding at its limits: very deep values, and objects that do harm while they are encoded or opened.

Each runs in its own program, since it must not crash.
"""

from support import check_script, interpreters_only, not_strict, pytest, run_script

DEEP = """
    from bocpy import Cown, quiesce, start, wait, when

    MAKE = {
        "list": lambda inner, n: [inner],
        "tuple": lambda inner, n: (inner,),
        "dict": lambda inner, n: {"inner": inner},
        "mixed": lambda inner, n: ([inner, n], (n, inner), {"inner": inner, n: n})[n % 3],
        "both ways": lambda inner, n: [inner, (inner,), {"inner": inner}],
    }

    def build(kind, depth):
        value = None
        for n in range(depth):
            value = MAKE[kind](value, n)
        return value

    def depth_of(value):
        depth = 0
        while value is not None:
            depth += 1
            if type(value) is dict:
                value = value["inner"]
            else:
                value = value[1] if type(value) is tuple and len(value) == 2 else value[0]
        return depth
"""


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", ["list", "tuple", "dict", "mixed"])
def test_a_value_nested_100_000_deep_moves(kind, workers):
    check_script(
        DEEP
        + f"""
    depth, kind = 100_000, {kind!r}
    start({workers})
    given, left = Cown(build(kind, depth)), Cown(None)
    there = when(given)(lambda c: depth_of(c.value))
    when(left)(lambda c: setattr(c, "value", build(kind, depth)))
    seen = when(left, given)(lambda *cowns: [depth_of(c.value) for c in cowns])
    returned = when()(lambda: build(kind, depth))
    quiesce()
    print(there.unwrap(), seen.unwrap(), depth_of(returned.unwrap()))
    print(depth_of(given.unwrap()), depth_of(left.unwrap()))
    wait()
        """,
        "100000 [100000, 100000] 100000\n100000 100000",
    )


def test_a_value_of_a_trillion_paths_moves():
    """Sixty levels, each of which refers to the next one three times: possible only if shared parts are recognized."""
    check_script(
        DEEP
        + """
    c = Cown(build("both ways", 60))

    @when(c)
    def there(c):
        first, (second,), third = c.value
        return first is second is third["inner"], depth_of(c.value)

    wait()
    print(there.unwrap(), depth_of(c.value), c.value[0] is c.value[1][0] is c.value[2]["inner"])
        """,
        "(True, 60) 60 True",
    )


HOSTILE = """
    import collections, sys
    from bocpy import Cown, quiesce, start, wait, when

    class Evil:
        '''Runs something while it is pickled.'''

        def __init__(self, victim, harm):
            self.victim, self.harm = victim, harm

        def __reduce__(self):
            self.harm(self.victim)
            return str, ("evil",)

    def with_list(harm):
        value = []
        value.extend([[n] for n in range(50)] + [Evil(value, harm)] + [[n] for n in range(50)])
        return value

    def with_dict(harm):
        value = {n: [n] for n in range(50)}
        value["evil"] = Evil(value, harm)
        value.update((-n, [n]) for n in range(50))
        return value

    def with_key(harm):
        value = {n: [n] for n in range(50)}
        value[Evil(value, harm)] = 1
        value.update((-n, [n]) for n in range(50))
        return value

    def with_set(harm):
        value = {(n, "x") for n in range(100)}
        value.add(Evil(value, harm))
        return value

    def with_bytearray(harm):
        data = bytearray(b"x" * 100_000)
        return [data, Evil(data, harm), data, memoryview(data)]

    def with_object(harm):
        class Plain:
            pass
        value = Plain()
        value.before, value.evil, value.after = [1], Evil(vars(value), harm), [2]
        return value

    def grow(victim):
        for n in range(1000):
            if type(victim) is dict:
                victim[f"new {n}"] = [n]
            elif type(victim) is set:
                victim.add(f"new {n}")
            else:
                victim.append(n % 256)

    HARMS = {
        "clear": lambda victim: victim.clear(),
        "grow": grow,
        "clear and grow": lambda victim: (victim.clear(), grow(victim)),
        "pop": lambda victim: victim.popitem() if type(victim) is dict else victim.pop(),
        "raise": lambda victim: 1 // 0,
        "exit": lambda victim: sys.exit(3),
    }

    def tell(action):
        try:
            action()
        except BaseException as error:
            if not str(error):
                print("an error without a word:", repr(error))
"""


@interpreters_only
@pytest.mark.parametrize("kind", ["list", "dict", "key", "set", "bytearray", "object"])
@pytest.mark.parametrize("harm", ["clear", "grow", "clear and grow", "pop", "raise", "exit"])
def test_objects_that_change_their_container_while_they_are_pickled_do_not_crash(kind, harm):
    done = run_script(
        HOSTILE
        + f"""
    make, harm = with_{kind}, HARMS[{harm!r}]
    start(2)

    # from main, from a worker, as a capture, as a result
    tell(lambda: when(Cown(make(harm)))(lambda c: c.value and None))
    left = Cown(None)
    results = [when(left)(lambda c: setattr(c, "value", make(harm)))]
    quiesce()
    def look():
        with left:
            left.value
    tell(look)
    tell(look)
    evil = make(harm)
    tell(lambda: results.append(when()(lambda: evil and None)))
    returned = when()(lambda: make(harm))
    quiesce()
    tell(returned.unwrap)
    for result in results:
        tell(result.unwrap)

    fine = Cown([1])
    when(fine)(lambda c: c.value.append(2))
    wait()
    print(fine.value)
        """
    )
    assert (done.stdout, done.returncode) == ("[1, 2]\n", 0), done.stderr
    assert "panicked" not in done.stderr


@interpreters_only
@not_strict
def test_what_fails_to_be_encoded_stays_whole_at_home():
    """A buffer in particular is not taken from its owner before all of the value is known to move."""
    check_script(
        HOSTILE
        + """
    start(1)
    c = Cown(None)

    def make(harm):
        data = bytearray(b"x" * 1_000_000)
        return {"data": data, "text": "t" * 100_000, "list": [data, {"deep": (1, 2)}], "evil": Evil(data, harm)}

    when(c)(lambda c: setattr(c, "value", make(HARMS["raise"])))
    quiesce()
    for _ in range(3):
        with c:
            tell(lambda: print("got", c.value))

    @when(c)
    def whole(c):
        v = c.value
        return v["data"] == b"x" * 1_000_000, v["list"][0] is v["data"], v["list"][1], len(v["text"])

    quiesce()
    print(whole.unwrap())
    c = None
    wait()
        """,
        "(True, True, {'deep': (1, 2)}, 100000)",
    )


@pytest.mark.parametrize("method", ["__hash__", "__eq__"])
def test_keys_that_cannot_be_put_in_again_are_told_and_not_lost(method):
    """The key is hashed and compared when its container is decoded elsewhere."""
    source = f"""
        import os
        from bocpy import Cown, quiesce, start, wait, when

        FLAG = os.path.abspath("refuses")

        class Key:
            def __init__(self, n):
                self.n = n

            def __hash__(self):
                self.refuse("__hash__")
                return 1

            def __eq__(self, other):
                self.refuse("__eq__")
                return self.n == other.n

            def refuse(self, method):
                if method == {method!r} and os.path.exists(FLAG):
                    raise ArithmeticError("not this key")

        one, two = Key(1), Key(2)
        for value in [{{one: 1, two: 2}}, {{one, two}}, frozenset([one, two]), ({{(one,), (two,)}}, {{(one,): two}})]:
            c = Cown(value)
            start(1)
            open(FLAG, "w").close()
            refused = when(c)(lambda c: len(c.value))
            quiesce()
            try:
                refused.unwrap()
            except Exception as error:
                assert "not this key" in f"{{error}} {{error.__cause__}}", error
            wait()
            os.remove(FLAG)
            start(1)
            later = when(c)(lambda c: len(c.value))
            wait()
            print(later.unwrap(), len(c.value))
    """
    check_script(source, "2 2\n" * 4)


def test_values_that_use_the_runtime_while_they_are_encoded():
    """One value is encoded within another, with cowns in both, which must not get mixed up."""
    check_script(
        """
        from bocpy import Cown, start, wait, when

        class Busy:
            def __init__(self, cown):
                self.cown = cown

            def __reduce__(self):
                inner = Cown([self.cown, {"n": Cown("within")}])
                when(self.cown)(lambda c: c.value.append("scheduled"))
                return rebuild, (inner, self.cown)

        def rebuild(inner, cown):
            busy = Busy(cown)
            busy.inner = inner
            return busy

        start(2)
        a, b = Cown([]), Cown(["b"])
        c = Cown([b, Busy(a), b, [a]])

        @when(c)
        def seen(c):
            first, busy, again, (last,) = c.value
            return [first == again, busy.cown == last, first == last, busy]

        wait()
        print(seen.value[:3], seen.value[3].cown == a, c.value[0] == b, c.value[3] == [a])
        print(set(a.value) <= {"scheduled"}, b.value)
        """,
        "[True, True, False] True True True\nTrue ['b']",
        timeout=30,
    )


def test_a_value_that_keeps_its_state_as_a_pickle_with_cowns():
    check_script(
        """
        import pickle
        from bocpy import Cown, start, wait, when

        class Packed:
            def __init__(self, *parts):
                self.parts = parts

            def __getstate__(self):
                return pickle.dumps(self.parts)

            def __setstate__(self, data):
                self.parts = pickle.loads(data)

        start(2)
        a, b = Cown([]), Cown(["b"])
        c = Cown([b, Packed(a, Packed(b, [1])), {a: b}])

        @when(c)
        def seen(c):
            first, packed, table = c.value
            a, (b, last) = packed.parts[0], packed.parts[1].parts
            return first == b, table[a] == b, last

        wait()
        print(seen.value, c.value[1].parts[0] == a, c.value[1].parts[1].parts[0] == b)
        """,
        "(True, True, [1]) True True",
    )


@interpreters_only
def test_a_value_too_deep_for_pickle_is_told():
    """Instances are pickled, and pickle is limited only by the stack."""
    done = run_script(
        """
        from bocpy import Cown, quiesce, start, wait, when

        class Node:
            def __init__(self, inner):
                self.inner = inner

        def build():
            node = None
            for _ in range(100_000):
                node = [Node(node)]
            return node

        start(1)
        left = Cown(None)
        when(left)(lambda c: setattr(c, "value", build()))
        quiesce()
        try:
            with left:
                depth, node = 0, left.value
                while node is not None:
                    depth, node = depth + 1, node[0].inner
                print(depth == 100_000)
        except (TypeError, RecursionError, MemoryError) as error:
            print(len(str(error)) > 0)
        left = None
        wait()
        """
    )
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr[-3000:]
