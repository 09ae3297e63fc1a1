"""Programs of the shapes that bocpy's own texts show; they must run unchanged after ``import bocpy``."""

from support import check_script, every_way, usual_ways

CHEESE_AND_MEAL = """
    import logging
    import random
    from bocpy import wait, when, Cown

    logging.basicConfig(level=logging.CRITICAL)


    def all_known_cheeses():
        return ["Red Leicester", "Tilsit", "Caerphilly", "Wensleydale"]


    def is_available(logger, name):
        logger.info(name)
        return name.startswith("W")


    def cleanup_shop(logger):
        logger.info("nothing left")


    def menu():
        yield from ["egg and spam", "spam bacon sausage and spam", "egg and bacon"]


    def vikings(logger):
        logger.info("spam " * random.randint(1, 3))


    def eat(food):
        log.append(f"eating {food}")


    def return_to_library():
        log.append("back to the library")


    log = []


    def buy_cheese():
        cheese = Cown(None)

        @when(cheese)
        def _(cheese):
            logger = logging.getLogger("cheese_shop")
            for name in all_known_cheeses():
                if is_available(logger, name):
                    cheese.value = name
                    return

            cleanup_shop(logger)

        return cheese


    def order_meal(exclude: str):
        order = Cown(None)

        @when(order)
        def _(order):
            logger = logging.getLogger("greasy_spoon")
            logger.info("We have...")
            for dish in menu():
                logger.info(dish)
                if exclude.lower() not in dish.lower():
                    logger.info(f"That doesn't have much {exclude} in it")
                    order.value = dish
                    return

                vikings(logger)
                if random.random() < 0.3:
                    logger.info("<chorus>")

        return order


    cheese = buy_cheese()
    meal = order_meal(exclude="spam")
    told = Cown([])


    @when(cheese, meal, told)
    def _(cheese, meal, told):
        if meal.value is not None:
            told.value.append(f"eating {meal.value}")
        elif cheese.value is not None:
            told.value.append(f"eating {cheese.value}")
        else:
            told.value.append("<stomach rumbles>")


    @when(cheese, meal, told)
    def _(cheese, meal, told):
        if meal.value is not None:
            told.value.append("I really wanted cheese...")
        elif cheese.value is not None:
            told.value.append("Cheesy comestibles!")

        return_to_library()


    wait()
    print(cheese.value, "/", meal.value)
    print(told.value)
"""


@every_way
def test_cheese_and_meal_with_a_closure_over_an_argument(how):
    expected = """
        Wensleydale / egg and bacon
        ['eating egg and bacon', 'I really wanted cheese...']
    """
    check_script(CHEESE_AND_MEAL, expected, how=how)


@usual_ways
def test_printing_bodies(how):
    """As the texts show it: the bodies print, and share a cown so that their order is known."""
    source = """
        from bocpy import Cown, when, wait

        x = Cown("x")

        @when(x)
        def _(x):
            print("first", x.value)

        @when(x)
        def _(x):
            print("second", x.value)

        wait()
    """
    check_script(source, "first x\nsecond x", how=how)


@usual_ways
def test_groups(how):
    source = """
        from bocpy import Cown, when, wait

        items = [Cown(i) for i in range(5)]
        summary = Cown(0)

        @when(items)
        def total(items):
            # `items` is a list[Cown]: all five acquired together
            return sum(c.value for c in items)

        @when(summary, items)
        def _(summary, items):
            summary.value = sum(c.value for c in items) * 100

        @when(items, summary, total)
        def text(items, summary, total):
            return f"{len(items)} {summary.value} {total.value}"

        wait()
        print(text.value)
    """
    check_script(source, "5 1000 10", how=how)


@usual_ways
def test_a_bank(how):
    source = """
        from bocpy import Cown, when, wait

        class Account:
            def __init__(self, name, balance):
                self.name = name
                self.balance = balance
                self.frozen = False

        def transfer(amount, src, dst):
            @when(src, dst)
            def result(src, dst):
                if src.value.balance >= amount and not src.value.frozen and not dst.value.frozen:
                    src.value.balance -= amount
                    dst.value.balance += amount
                    return True
                return False
            return result

        def check(accounts):
            @when(accounts)
            def total(accounts):
                return sum(a.value.balance for a in accounts)
            return total

        alice, bob, carol = accounts = [Cown(Account(n, 100)) for n in ("alice", "bob", "carol")]
        results = [transfer(30, alice, bob), transfer(80, alice, bob), transfer(120, bob, carol)]
        before = check(accounts)

        @when(carol)
        def _(carol):
            carol.value.frozen = True

        results.append(transfer(1, carol, alice))
        after = check(accounts)
        wait()
        print([r.value for r in results], before.value, after.value)
        print([(a.value.name, a.value.balance, a.value.frozen) for a in accounts])
    """
    expected = """
        [True, False, True, False] 300 300
        [('alice', 70, False), ('bob', 10, False), ('carol', 220, True)]
    """
    check_script(source, expected, how=how)


@usual_ways
def test_dining_philosophers(how):
    source = """
        from bocpy import Cown, wait, when

        class Fork:
            def __init__(self, hunger):
                self.hunger = hunger
                self.uses = 0

            def use(self):
                self.uses += 1

        class Philosopher:
            def __init__(self, index, left, right, hunger):
                self.index, self.left, self.right, self.hunger = index, left, right, hunger

            def eat(self):
                index, hunger, left, right = self.index, self.hunger, self.left, self.right

                @when(left, right)
                def _(left, right):
                    left.value.use()
                    right.value.use()
                    if hunger > 1:
                        Philosopher(index, left, right, hunger - 1).eat()

        count, hunger = 5, 8
        forks = [Cown(Fork(hunger)) for _ in range(count)]
        for i in range(count):
            Philosopher(i, forks[i], forks[(i + 1) % count], hunger).eat()
        wait()
        print([f.value.uses for f in forks])
    """
    check_script(source, "[16, 16, 16, 16, 16]", how=how)


@usual_ways
def test_fibonacci(how):
    source = """
        from bocpy import Cown, wait, when

        def fib_sequential(n):
            return n if n <= 1 else fib_sequential(n - 1) + fib_sequential(n - 2)

        def fib_parallel(n, cutoff=6):
            if n <= cutoff:
                @when()
                def small():
                    return fib_sequential(n)
                return small

            f1, f2 = fib_parallel(n - 1), fib_parallel(n - 2)

            @when(f1, f2)
            def both(f1, f2):
                return f1.value + f2.value

            return both

        result = fib_parallel(16)
        wait()
        print(result.value, fib_sequential(16))
    """
    check_script(source, "987 987", how=how)


@usual_ways
def test_cooking(how):
    source = """
        from bocpy import Cown, wait, when

        class Vessel:
            def __init__(self):
                self.contents = []
                self.hot = False

            def heat(self):
                self.hot = True

            def add(self, what):
                self.contents.append(what)

        pot, pan, plate, log = Cown(Vessel()), Cown(Vessel()), Cown(Vessel()), Cown([])

        def note(text):
            @when(log)
            def _(log):
                log.value.append(text)

        @when(pot)
        def water(pot):
            pot.value.heat()
            pot.value.add("water")
            return "boiling"

        @when(pot, water)
        def pasta(pot, water):
            assert water.value == "boiling"
            pot.value.add("pasta")
            return pot.value.contents

        @when(pan)
        def sauce(pan):
            pan.value.heat()
            pan.value.add("tomatoes")

        @when(pot, pan, plate)
        def served(pot, pan, plate):
            for vessel in (pot, pan):
                while vessel.value.contents:
                    plate.value.add(vessel.value.contents.pop())
            note("dinner is served")
            return sorted(plate.value.contents)

        wait()
        print(served.value, pot.value.contents, pan.value.hot, log.value)
    """
    check_script(source, "['pasta', 'tomatoes', 'water'] [] True ['dinner is served']", how=how)


@usual_ways
def test_primes(how):
    source = """
        from bocpy import Cown, wait, when

        def is_prime(n):
            return n > 1 and all(n % k for k in range(2, int(n ** 0.5) + 1))

        def primes_between(low, high):
            @when()
            def found():
                return [n for n in range(low, high) if is_prime(n)]
            return found

        parts = [primes_between(low, low + 100) for low in range(0, 1000, 100)]

        @when(parts)
        def count(parts):
            return sum(len(p.value) for p in parts)

        wait()
        print(count.value, parts[0].value[-1])
    """
    check_script(source, "168 97", how=how)


@usual_ways
def test_chained_results(how):
    source = """
        from bocpy import Cown, wait, when

        c = Cown(2)

        @when(c)
        def square(c):
            return c.value ** 2

        @when(square)
        def text(square):
            return f"the square is {square.value}"

        @when(c, text)
        def _(c, text):
            c.value = text.value

        wait()
        print(c.value)
    """
    check_script(source, "the square is 4", how=how)


@usual_ways
def test_exceptions_on_results(how):
    source = """
        from bocpy import Cown, wait, when

        c = Cown(0)

        @when(c)
        def divided(c):
            return 1 / c.value

        @when(divided)
        def handled(divided):
            if divided.exception:
                return f"caught {type(divided.value).__name__}"
            return divided.value

        wait()
        print(handled.value, divided.exception)
    """
    check_script(source, "caught ZeroDivisionError True", how=how)


@usual_ways
def test_nested_behaviors(how):
    source = """
        from bocpy import Cown, wait, when

        x, y = Cown(1), Cown(2)

        @when(x)
        def _(x):
            step = 10

            @when(y)
            def _(y):
                y.value += step

                @when(x, y)
                def _(x, y):
                    x.value = (x.value, y.value)

        wait()
        print(x.value, y.value)
    """
    check_script(source, "(1, 12) 12", how=how)


@usual_ways
def test_restart_after_wait(how):
    source = """
        from bocpy import Cown, start, wait, when

        x = Cown(1)
        for _ in range(3):
            @when(x)
            def _(x):
                x.value *= 2
            wait()
            print(x.value)

        start(worker_count=2)

        @when(x)
        def last(x):
            return x.value + 1

        stats = wait(stats=True)
        print(last.value, len(stats))
    """
    check_script(source, "2\n4\n8\n9 2", how=how)


@usual_ways
def test_rounds_with_quiesce(how):
    source = """
        from bocpy import Cown, quiesce, wait, when

        best = Cown(0)
        for round in range(3):
            for n in range(10):
                @when(best)
                def _(best, score=round * 10 + n):
                    best.value = max(best.value, score)
            quiesce()
            with best:
                print(best.value)
        result = wait(stats=True, noticeboard=True)
        print(type(result).__name__, result.noticeboard)
    """
    check_script(source, "9\n19\n29\nWaitResult {}", how=how)


@usual_ways
def test_cowns_from_outside_behaviors(how):
    source = """
        from bocpy import Cown, wait, when

        x = Cown([1])
        with x:
            x.value.append(2)
        x.acquire()
        x.value.append(3)
        x.release()

        @when(x)
        def seen(x):
            return x.value

        wait()
        print(seen.unwrap(), seen.unwrap())
    """
    check_script(source, "[1, 2, 3] None", how=how)


@usual_ways
def test_captures_of_every_release(how):
    """Implicit loop variables (0.5), defaults and trailing names (0.9), computed defaults (0.14)."""
    source = """
        from bocpy import Cown, wait, when, whencall
        from bocpy import when as boc_when
        import bocpy as b

        def compute():
            return 1000

        def body(c, amount):
            c.value += amount

        c = Cown(0)
        factor = 2

        for i in range(3):
            @when(c)
            def _(c):
                c.value += i

        for i in range(3):
            @boc_when(c)
            def _(c, i=i):
                c.value += 10 * i

        @b.when(c)
        def _(c, factor):
            c.value += 100 * factor

        @when(c)
        def _(c, k=compute()):
            c.value += k

        whencall(body, [c], [10_000])
        wait()
        print(c.value)
    """
    check_script(source, "11233", how=how)


@usual_ways
def test_decorators_below_when(how):
    source = """
        import functools
        from bocpy import Cown, wait, when

        def logged(f):
            @functools.wraps(f)
            def wrapper(c):
                c.value.append(f"enter {f.__name__}")
                try:
                    return f(c)
                finally:
                    c.value.append("leave")
            return wrapper

        def shouting(f):
            @functools.wraps(f)
            def wrapper(*args):
                return f(*args).upper()
            return wrapper

        log = Cown([])

        @when(log)
        @shouting
        @logged
        def greeting(log):
            log.value.append("body")
            return "hello"

        wait()
        print(log.value, greeting.value)
    """
    check_script(source, "['enter greeting', 'body', 'leave'] HELLO", how=how)


@usual_ways
def test_a_duplicate_and_no_cown(how):
    source = """
        from bocpy import Cown, wait, when

        c = Cown(1)

        @when(c, c)
        def same(a, b):
            a.value += 1
            b.value += 1
            return a == b

        @when()
        def free():
            return "no cown at all"

        wait()
        print(c.value, same.value, free.value)
    """
    check_script(source, "3 True no cown at all", how=how)


@usual_ways
def test_a_pipeline_of_chains(how):
    """Chains that reschedule themselves around a ring, as the benchmark of the texts does."""
    source = """
        from bocpy import Cown, start, wait, when

        RING, STEPS = 8, 100
        ring = [Cown(0) for _ in range(RING)]

        def step(at, left):
            @when(ring[at], ring[(at + 1) % RING])
            def _(here, there):
                here.value += 1
                there.value += 1
                if left:
                    step((at + 1) % RING, left - 1)

        start(2)
        for chain in range(4):
            step(chain * 2, STEPS - 1)
        wait()
        print(sum(c.value for c in ring))
    """
    check_script(source, "800", how=how)
