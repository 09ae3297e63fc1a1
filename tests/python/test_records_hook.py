"""`__record__`: objects of any class are carried by the record that they give."""

import abc
import enum

import bocpy
from bocpy import Cown, Matrix, PinnedCown, quiesce, receive, record, send, wait, when
from support import check_script, interpreters_only, outcome, pytest, refusal, usual_ways


@record
class Body:
    x: float
    v: float = 0.0


class Particle:
    def __init__(self, body):
        self.body = body

    def __record__(self):
        return self.body

    def moved(self, seconds):
        self.body.x += self.body.v * seconds
        return self


class WithSlots:
    __slots__ = ("body",)

    def __init__(self, body):
        self.body = body

    def __record__(self):
        return self.body


class Abstract(abc.ABC):
    @abc.abstractmethod
    def mass(self): ...

    def __record__(self):
        return self.body


class Concrete(Abstract):
    def __init__(self, body):
        self.body = body

    def mass(self):
        return 1.0


class Inherits(Particle):
    pass


class IsADict(dict):
    def __record__(self):
        return self["body"]


class Dynamic:
    """The method is on the instance: Python does not look there for such names."""

    def __init__(self, body):
        self.body = body
        self.__record__ = lambda: body

    def __reduce__(self):
        return str, ("pickled",)


MAKERS = {
    "plain": Particle,
    "slots": WithSlots,
    "abstract": Concrete,
    "derived": Inherits,
    "dict": lambda body: IsADict(body=body),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_the_record_is_what_a_cown_has(kind):
    thing = MAKERS[kind](Body(1.0, 2.0))
    body = thing.__record__()
    cown = Cown(thing)
    assert "this Body has been moved: it is now a cown's value" in refusal(lambda: body.x)

    @when(cown)
    def first(cown):
        particle = Particle(cown.value).moved(0.5)
        return type(cown.value) is Body, particle.body.x

    assert outcome(first) == (True, 2.0)
    with cown:
        assert cown.value == Body(2.0, 2.0)


def test_assigned_in_a_behavior_and_outside():
    cown = Cown(None)

    @when(cown)
    def first(cown):
        cown.value = Particle(Body(3.0))
        return cown.value.x, type(cown.value) is Body

    assert outcome(first) == (3.0, True)
    with cown:
        cown.value = Particle(Body(4.0))
        assert cown.value == Body(4.0)
    assert outcome(when(cown)(lambda cown: cown.value.x)) == 4.0


def test_results_messages_captures_and_the_noticeboard():
    assert outcome(when()(lambda: Particle(Body(5.0)))) == Body(5.0)
    send("body", Particle(Body(6.0)))
    assert receive("body")[1] == Body(6.0)
    particle = Particle(Body(7.0))
    assert outcome(when()(lambda particle=particle: (particle.x, type(particle) is Body))) == (7.0, True)
    assert "has been moved" in refusal(lambda: particle.body.x)
    bocpy.notice_write("body", Particle(Body(8.0)))
    quiesce()
    assert outcome(when()(lambda: bocpy.noticeboard()["body"].x)) == 8.0
    bocpy.notice_delete("body")


@interpreters_only
def test_in_containers_on_worker_interpreters():
    things = [Particle(Body(1.0)), {"a": (Particle(Body(2.0)), 5)}, WithSlots(Body(3.0))]
    cown = Cown(things)

    @when(cown)
    def first(cown):
        one, two, three = cown.value
        return [type(body).__name__ for body in (one, two["a"][0], three)], one.x + two["a"][0].x + three.x

    assert outcome(first) == (["Body"] * 3, 6.0)
    # The list of the sender has what it had, and the bodies of these are gone.
    assert type(things[0]) is Particle and "has been moved" in refusal(lambda: things[0].body.x)


@interpreters_only
def test_the_same_object_twice_in_a_container_is_one_record():
    particle = Particle(Body(1.0))
    cown = Cown([particle, particle, {"again": particle}])
    assert outcome(when(cown)(lambda cown: cown.value[0] is cown.value[1] is cown.value[2]["again"]))


def test_a_pinned_cown_has_the_object_itself():
    particle = Particle(Body(1.0))
    cown = PinnedCown(particle)
    assert cown.value is particle and particle.body.x == 1.0


def test_other_things_that_move_by_reference():
    class Grid:
        def __init__(self, cells):
            self.cells = cells

        def __record__(self):
            return self.cells

    cown = Cown(Grid(Matrix(2, 2, 1.0)))
    assert outcome(when(cown)(lambda cown: cown.value.sum())) == 4.0
    cown = Cown(Grid(Body.array(3)))
    assert outcome(when(cown)(lambda cown: len(cown.value))) == 3


class Returns:
    def __init__(self, what):
        self.what = what

    def __record__(self):
        if isinstance(self.what, BaseException):
            raise self.what
        return self.what


@pytest.mark.parametrize(
    "what", [None, 5, "text", (1.0,), Body, Particle], ids=["None", "int", "str", "tuple", "class", "other"]
)
def test_what_is_no_record_is_refused(what):
    message = r"Returns\.__record__\(\) returned an object of type '\w+': it must return a record"
    with pytest.raises(TypeError, match=message):
        Cown(Returns(what))
    with pytest.raises(TypeError, match=message):
        send("body", Returns(what))
    with pytest.raises(TypeError, match=message):
        when()(lambda thing=Returns(what): None)


def test_what_raises_is_told_with_its_cause():
    with pytest.raises(TypeError, match=r"Returns\.__record__\(\).* has raised") as caught:
        Cown(Returns(LookupError("not today")))
    causes, error = [], caught.value
    while error is not None:
        causes.append(error)
        error = error.__cause__
    assert isinstance(causes[-1], LookupError) and str(causes[-1]) == "not today"
    with pytest.raises(KeyboardInterrupt):
        Cown(Returns(KeyboardInterrupt()))


def test_a_record_that_has_been_given_away_already():
    body = Body(1.0)
    cown = Cown(body)
    with pytest.raises(RuntimeError, match="this Body has been moved: it is now a cown's value"):
        Cown(Particle(body))
    with cown:
        assert cown.value == Body(1.0)


def test_a_failed_assignment_leaves_the_value():
    cown = Cown(Body(1.0))

    @when(cown)
    def first(cown):
        error = refusal(lambda: setattr(cown, "value", Returns(5)))
        return "must return a record" in error, cown.value.x

    assert outcome(first) == (True, 1.0)


def test_two_captures_of_one_record_are_refused_and_it_stays():
    body = Body(1.0)
    one, two = Particle(body), Particle(body)
    with pytest.raises(RuntimeError, match="has been moved"):
        when()(lambda one=one, two=two: None)
    assert body.x == 1.0


@interpreters_only
def test_a_method_on_the_instance_does_not_count():
    body = Body(1.0)
    cown = Cown(Dynamic(body))
    with cown:
        assert cown.value == "pickled"
    assert body.x == 1.0


def test_members_of_enums_and_classes_are_themselves():
    class Colour(enum.Enum):
        RED = 1

        def __record__(self):
            return Body(5.0)

    assert outcome(when(Cown(Colour.RED))(lambda cown: cown.value.x)) == 5.0
    # The class is no instance of itself.
    assert outcome(when(Cown([Particle]))(lambda cown: cown.value[0].__name__)) == "Particle"


@usual_ways
def test_classes_of_the_program(how):
    check_script(
        """
        from bocpy import Cown, quiesce, record, wait, when

        @record
        class Body:
            x: float

        class Particle:
            def __init__(self, body):
                self.body = body

            def __record__(self):
                return self.body

            def step(self):
                self.body.x *= 2
                return self.body.x

        cown = Cown(Particle(Body(21.0)))

        @when(cown)
        def result(cown):
            return Particle(cown.value).step()

        wait()
        print(result.unwrap(), type(cown.unwrap()) is Body)
        """,
        "42.0 True",
        how=how,
    )


@interpreters_only
def test_a_global_that_is_not_handed_over_arrives_as_what_it_is():
    check_script(
        """
        from bocpy import Cown, record, wait, when

        @record
        class Body:
            x: float

        class Particle:
            def __init__(self, body):
                self.body = body

            def __record__(self):
                return self.body

            def doubled(self):
                return self.body.x * 2

        SUN = Particle(Body(4.0))

        @when(Cown(0))
        def result(cown):
            return SUN.doubled()

        wait()
        print(result.unwrap(), SUN.body.x)
        """,
        "8.0 4.0",
    )


def test_many_at_once():
    cowns = [Cown(Particle(Body(float(n), 1.0))) for n in range(50)]
    for _ in range(10):
        for cown in cowns:

            @when(cown)
            def _(cown):
                Particle(cown.value).moved(1.0)
                cown.value = Particle(cown.value.copy())

    wait()
    assert [cown.unwrap().x for cown in cowns] == [n + 10.0 for n in range(50)]
