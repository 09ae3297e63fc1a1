"""Views in behaviors: windows of all steps, of matrices that have moved on, that were turned, or that became blocks."""

import random

from bocpy import Cown, Matrix, MatrixView, read, wait, when

rng = random.Random(8)


def told(work):
    try:
        result = work()
    except (RuntimeError, ValueError, TypeError, IndexError, BufferError) as error:
        return f"{type(error).__name__}: {str(error).partition(':')[0]}"
    return result.tolist() if isinstance(result, (Matrix, MatrixView)) else result


def steps(m):
    """Random windows of windows, beside lists."""
    rows = m.tolist()
    for _ in range(200):
        if rng.random() < 0.5:
            at = rng.randrange(-m.rows, m.rows)
            view, plain = m.view[at], [(at % m.rows, j) for j in range(m.columns)]
        else:
            at = rng.randrange(-m.columns, m.columns)
            view, plain = m.view[:, at], [(i, at % m.columns) for i in range(m.rows)]
        for _ in range(rng.randrange(4)):
            part = lambda: rng.choice([None, rng.randint(-len(plain) - 1, len(plain) + 1)])  # noqa: B023, E731
            key = slice(part(), part(), rng.choice([None, 1, -1, 2, -2, 3]))
            if not plain[key]:
                assert told(lambda: view[key]).startswith("IndexError"), key  # noqa: B023
                continue
            view, plain = view[key], plain[key]
        value = rng.random()
        if rng.random() < 0.5:
            view[:] = value
            for i, j in plain:
                rows[i][j] = value
        else:
            view[-1] += value
            i, j = plain[-1]
            rows[i][j] += value
        assert list(view.values()) == [rows[i][j] for i, j in plain] and len(view) == len(plain)
        assert m.tolist() == rows
    return len(rows)


@when(Cown(Matrix(5, 7, range(35))))
def windows(m):
    return steps(m.value)


print(windows.get())

m = Matrix(2, 3, range(6))
row, column, back = m.view[0], m.view[:, 1], m.view[1][::-1]
print(row.tolist(), column.T.tolist(), back.tolist(), (column.T - row[:2]).tolist())
cown = Cown(m)
for work in (
    lambda: row[0],
    lambda: row.__setitem__(0, 5.0),
    lambda: column.tolist(),
    lambda: len(back),
    lambda: back + 1,
    lambda: Matrix(2, 3) + row,
    lambda: row.copy(),
    lambda: Matrix.from_view(row),
    lambda: list(back.values()),
    lambda: row.shape,
    lambda: Matrix.concat([row]),
):
    print(told(work))


@when(cown)
def inside(cown):
    m = cown.value
    view = m.view[0]
    cown.value = m.T
    lines = [told(lambda: m.sum()), told(lambda: view[0]), cown.value.view[0].tolist()]
    return lines


for line in inside.get():
    print(line)


@when(cown)
def keeps(cown):
    view = cown.value.view[:, 0]
    cown.value.transpose(in_place=True)
    return told(lambda: view.tolist()), cown.value.view[:, 0].tolist()


print(keeps.get())


@when(read(cown))
def reader(cown):
    view = cown.value.row_view(0)
    return view.tolist(), view.read_only, told(lambda: view.__setitem__(0, 1.0)), (view * 2).tolist()


print(reader.get())
whole = Matrix(4, 2, range(8))
view = whole.view[3]
top, bottom = whole.split_rows(2)
print(told(lambda: view[0]), told(lambda: view.__setitem__(0, 1)), bottom.view[1].tolist())
wait()
