"""PageRank over the columns of a table of links, one behavior for each block of pages; the ranks are on the noticeboard."""

import random

from bocpy import Cown, Matrix, notice_seed, noticeboard, read, wait, when

PAGES, DAMPING, ROUNDS = 30, 0.85, 20
rng = random.Random(5)
links = {page: rng.sample(range(PAGES), rng.randint(0, 5)) for page in range(PAGES)}


def plain():
    ranks = [1 / PAGES] * PAGES
    for _ in range(ROUNDS):
        lost = sum(ranks[page] for page, to in links.items() if not to)
        new = [(1 - DAMPING) / PAGES + DAMPING * lost / PAGES] * PAGES
        for page, to in links.items():
            for other in to:
                new[other] += DAMPING * ranks[page] / len(to)
        ranks = new
    return ranks


table = Matrix(PAGES, PAGES)
for page, to in links.items():
    if to:
        for other in to:
            table[other, page] = 1 / len(to)
    else:
        table[:, page] = 1 / PAGES

notice_seed("damping", Matrix.vector([DAMPING, (1 - DAMPING) / PAGES]))
blocks = [Cown(block) for block in table.split_rows(4)]
ranks = Cown(Matrix.full((PAGES, 1), 1 / PAGES))
new = Cown(Matrix(PAGES, 1))
heights = [8, 8, 7, 7]

for _ in range(ROUNDS):
    for nth, block in enumerate(blocks):

        @when(read(block), read(ranks), new)
        def part(block, ranks, new, first=sum(heights[:nth])):
            damping = noticeboard()["damping"]
            product = block.value @ ranks.value
            new.value[first : first + product.rows] = product * damping.x + damping.y

    @when(ranks, new)
    def swap(ranks, new):
        ranks.value, new.value = new.value, ranks.value


@when(ranks)
def result(ranks):
    return [x for (x,) in ranks.value.tolist()], ranks.value.sum(), ranks.value.topk(3)[1]


found, total, best = result.get()
wanted = plain()
assert all(abs(x - y) < 1e-12 for x, y in zip(found, wanted)) and abs(total - 1) < 1e-12, (found, wanted)
assert best == sorted(range(PAGES), key=wanted.__getitem__, reverse=True)[:3]
print("ranked")
wait()
