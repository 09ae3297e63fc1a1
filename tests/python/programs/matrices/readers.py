"""Readers share one table on several workers; what they keep after they have ended says so."""

from bocpy import Cown, Matrix, read, wait, when

table = Cown(Matrix(4, 4, range(16)))
kept = []


def look(table, nth):
    m = table.value
    said = [m[nth].tolist(), m.view[:, nth].tolist(), (m @ m.T)[nth, nth], m.max(), nth in m.argmax(0)]
    for work in (
        lambda: m.__setitem__(0, 1),
        lambda: m.add(m, out=m),
        lambda: Matrix(4, 4).add(m, out=m),
        lambda: m.fma(m, m, in_place=True),
        lambda: memoryview(m).__setitem__((0, 0), 1.0),
        lambda: m.row_view(0).__setitem__(slice(None), 0),
        lambda: setattr(table, "value", 1),
    ):
        try:
            work()
            said.append("changed")
        except (RuntimeError, TypeError, BufferError, AttributeError) as error:
            said.append(type(error).__name__)
    out = Matrix(4, 4)
    out += m
    out = m.add(out, out=out)
    return said, out


results = []
for nth in range(4):

    @when(read(table))
    def reader(table, nth=nth):
        return look(table, nth)

    results.append(reader)
for result in results:
    said, out = result.get()
    print(said, out.tolist()[3])


@when(table)
def change(table):
    table.value += 1
    table.value[0] = -1
    return table.value.copy()


print(change.get().tolist())


@when(read(table))
def returned(table):
    return table.value


@when(read(table))
def inside(table):
    copy = table.value.copy()
    return {"m": [copy, copy], "view": table.value.view[1].copy()}


whole, parts = returned.get().copy(), inside.get()
print(whole.tolist() == parts["m"][0].tolist(), parts["m"][0] is parts["m"][1], parts["view"].tolist())
whole += 1
parts["m"][0] -= 1


@when(table)
def last(table):
    return table.value.tolist()


print(last.get(), whole[1].tolist(), parts["m"][1][1].tolist())
wait()
