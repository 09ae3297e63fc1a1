"""Matrices on the noticeboard: all behaviors read the same one, none can change it, updates make new ones."""

from bocpy import (
    Cown,
    Matrix,
    notice_read,
    notice_seed,
    notice_sync,
    notice_update,
    notice_write,
    noticeboard,
    wait,
    when,
)

notice_seed("model", Matrix(2, 2, [1, 2, 3, 4]))
notice_seed("models", {"list": [Matrix(1, 1, 7)], "number": 3})


def doubled(m):
    return m * 2


def attempts():
    said = []
    model = notice_read("model")
    again = noticeboard()["model"]
    inner = notice_read("models")["list"][0]
    for name, work in {
        "element": lambda: model.__setitem__((0, 0), 9),
        "in place": lambda: model.__iadd__(1),
        "out": lambda: model.add(1, out=again),
        "out of the other": lambda: again.add(model, out=model),
        "abs": lambda: model.abs(in_place=True),
        "component": lambda: setattr(model, "x", 1),
        "view": lambda: model.row_view(0).__setitem__(0, 1.0),
        "put": lambda: model.put([0], 1),
        "split": lambda: model.split_rows(2),
        "transposed": lambda: model.transpose(in_place=True),
    }.items():
        try:
            work()
            said.append(f"{name}: changed")
        except RuntimeError as error:
            said.append(f"{name}: {'read' in str(error)}")
    return said, (model + again).tolist(), model == again, inner.tolist(), model.sum(axis=1).tolist()


@when()
def look():
    return attempts()


for line in look.get():
    print(line)


@when()
def change():
    notice_update("model", doubled)
    notice_sync()
    mine = Matrix(1, 1, 5)
    notice_write("mine", mine)
    try:
        mine.sum()
        return "still here"
    except RuntimeError:
        return mine.acquired


print(change.get())


@when(Cown(None))
def after(_):
    copy = notice_read("model").copy()
    copy += 1
    return notice_read("model").tolist(), copy.tolist(), notice_read("mine").tolist()


print(after.get())
wait()
