"""Pi by darts, and a random walk: the same seed gives the same numbers, whoever draws them."""

from bocpy import Cown, Matrix, wait, when

DARTS = 20_000


def throw(seed):
    Matrix.seed(seed)
    darts = Matrix.uniform(-1, 1, (DARTS, 2))
    return darts.magnitude_squared(1).less_equal(1.0).sum()


def walk(seed):
    Matrix.seed(seed)
    steps = Matrix.normal(0, 1, (1, 100))
    place, far = 0.0, 0.0
    for step in steps.values():
        place += step
        far = max(far, abs(place))
    return far, Matrix.uniform(), Matrix.normal(5, 2)


stream = Cown(None)  # on threads there is one stream of random numbers for all: one behavior at a time draws


def behave(function, seed):
    @when(stream)
    def drawn(_):
        return function(seed)

    return drawn


hits = [behave(throw, seed) for seed in range(8)]
found = [result.get() for result in hits]
assert found == [throw(seed) for seed in range(8)]
assert abs(4 * sum(found) / (8 * DARTS) - 3.14159) < 0.02
far = [behave(walk, seed) for seed in (1, 2, 1, -1, 2**70)]
assert [result.get() for result in far] == [walk(seed) for seed in (1, 2, 1, -1, 2**70)]
assert far[0].get() == far[2].get() != far[1].get()
print("random, and the same again")
wait()
