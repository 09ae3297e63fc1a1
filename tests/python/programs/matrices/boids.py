"""A flock in two dimensions: small vectors, many of them, each bird in a cown of its own."""

import math
import random

from bocpy import Cown, Matrix, read, wait, when

BIRDS, STEPS = 8, 4
rng = random.Random(12)
start = [([rng.uniform(0, 9), rng.uniform(0, 9)], [rng.uniform(-1, 1), rng.uniform(-1, 1)]) for _ in range(BIRDS)]


class Bird:
    def __init__(self, place, speed):
        self.place, self.speed = Matrix.vector(place), Matrix.vector(speed)

    def steer(self, others):
        centre = sum((other.place for other in others), Matrix(1, 2)) / len(others)
        push = Matrix(1, 2)
        for other in others:
            apart = self.place - other.place
            if 0 < apart.length < 2:
                push += apart.normalize() / apart.length
        wish = (centre - self.place) * 0.1 + push
        wish.y += 0.01 * self.speed.x
        self.next = self.speed + wish * 0.5
        if self.next.length > 1.5:
            self.next *= 1.5 / self.next.length
        assert math.isclose(self.next.angle(), math.atan2(self.next.y, self.next.x))

    def fly(self):
        self.speed = self.next
        self.place += self.speed


def plain():
    birds = [(list(place), list(speed)) for place, speed in start]
    for _ in range(STEPS):
        new = []
        for nth, (place, speed) in enumerate(birds):
            others = [p for at, (p, _) in enumerate(birds) if at != nth]
            centre = [sum(column) / len(others) for column in zip(*others)]
            push = [0.0, 0.0]
            for other in others:
                apart = [x - y for x, y in zip(place, other)]
                far = math.hypot(*apart)
                if 0 < far < 2:
                    push = [p + x / far / far for p, x in zip(push, apart)]
            wish = [(c - x) * 0.1 + p for c, x, p in zip(centre, place, push)]
            wish[1] += 0.01 * speed[0]
            speed = [s + w * 0.5 for s, w in zip(speed, wish)]
            fast = math.hypot(*speed)
            if fast > 1.5:
                speed = [s * 1.5 / fast for s in speed]
            new.append(speed)
        birds = [([x + s for x, s in zip(place, speed)], speed) for (place, _), speed in zip(birds, new)]
    return birds


flock = [Cown(Bird(*bird)) for bird in start]
for _ in range(STEPS):
    for nth, bird in enumerate(flock):

        @when(bird, [read(other) for at, other in enumerate(flock) if at != nth])
        def steer(bird, others):
            bird.value.steer([other.value for other in others])

    for bird in flock:

        @when(bird)
        def fly(bird):
            bird.value.fly()


@when(flock)
def places(flock):
    return Matrix.concat([bird.value.place for bird in flock]), [bird.value.speed.tolist()[0] for bird in flock]


found, speeds = places.get()
for (place, speed), here, fast in zip(plain(), found.tolist(), speeds):
    assert all(map(math.isclose, place + speed, here + fast)), (place, here, speed, fast)
print("they flew")
wait()
