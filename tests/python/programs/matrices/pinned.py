"""A matrix that the main thread keeps for itself, fed with parts by behaviors; matrices as results of a scope."""

from bocpy import Cown, Matrix, PinnedCown, gather, pump, scope, wait, when

screen = PinnedCown(Matrix(4, 3))
parts = [Cown(Matrix(1, 3, nth)) for nth in range(4)]

with scope() as drawing:
    for nth, part in enumerate(parts):

        @when(part)
        def compute(part):
            part.value *= 2
            part.value += 1
            return part.value.copy()

        @when(screen, compute)
        def draw(screen, row, nth=nth):
            screen.value[nth] = row.value


print(pump() is not None)
wait()


@when(screen)
def seen(screen):
    return screen.value.tolist()


pump()
print(seen.get())


def power(m, n):
    @when(m)
    def raised(m):
        result = m.value
        for _ in range(n):
            result = result @ m.value
        return result

    return raised


base = Cown(Matrix(2, 2, [1, 1, 1, 0]))
print([m[0, 1] for m in gather([power(base, n) for n in range(1, 8)]).get()])
wait()
