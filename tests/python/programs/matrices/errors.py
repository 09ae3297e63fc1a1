"""Blocks of rows with errors in the middle: nothing is lost, and what is left can be joined."""

from bocpy import Cown, Matrix, wait, when

blocks = [Cown(block) for block in Matrix(6, 2, range(12)).split_rows(3)]


def half(block, nth):
    block.value += 100
    if nth == 1:
        raise ValueError(f"block {nth} is bad")
    block.value *= 2


results = []
for nth, block in enumerate(blocks):

    @when(block)
    def work(block, nth=nth):
        half(block, nth)

    results.append(work)

for result in results:
    try:
        print(result.get())
    except ValueError as error:
        print("ValueError:", error)


@when(blocks)
def joined(blocks):
    said = []
    try:
        Matrix.join_rows([blocks[0].value, blocks[2].value])
    except ValueError as error:
        said.append(f"ValueError: {error}")
    try:
        Matrix.join_rows([blocks[0].value, blocks[1].value, blocks[0].value])
    except ValueError as error:
        said.append(f"ValueError: {error}")
    try:
        Matrix.join_rows([blocks[0].value, blocks[1].value, "no"])
    except TypeError as error:
        said.append(f"TypeError: {error}")
    try:
        Matrix.join_rows([block.value for block in blocks] + [Matrix(1, 2)])
    except ValueError as error:
        said.append(f"ValueError: {error}")
    whole = Matrix.join_rows([block.value for block in reversed(blocks)])
    for block in blocks:
        block.value = None
    return whole, said


whole, said = joined.get()
whole = whole.copy()
print(*said, sep="\n")
print(whole.tolist())
halves = whole.split_rows(2)
quarter, rest = halves[0].split_rows(2)
print(quarter.shape, rest.shape, halves[0].acquired, whole.acquired)
cown = Cown(rest)


@when(cown)
def lost(cown):
    del cown.value


try:
    lost.get()
except AttributeError as error:
    print("AttributeError:", error)
quarter += 1
halves[1] -= 1
for blocks in ([quarter, halves[1]], []):
    try:
        Matrix.join_rows(blocks)
    except ValueError as error:
        print("ValueError:", error)
print(quarter.tolist(), halves[1].tolist())
for count in (0, -1, 4, 2.0):
    try:
        halves[1].split_rows(count)
    except (ValueError, TypeError) as error:
        print(type(error).__name__, error)
print(halves[1].tolist(), [m.tolist() for m in halves[1].split_rows(1)])
wait()
