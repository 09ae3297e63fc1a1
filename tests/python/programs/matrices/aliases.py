"""`out=` that is an operand, a mask, or both; all of them in place; and what is refused, with nothing written."""

import random

from bocpy import Cown, Matrix, wait, when

rng = random.Random(6)
BINARY = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "equal",
    "not_equal",
]
UNARY = {
    "ceil": (),
    "floor": (),
    "round": (),
    "negate": (),
    "abs": (),
    "sqrt": (),
    "reciprocal": (),
    "sign": (),
    "sin": (),
    "cos": (),
    "clip": (-1, 1),
    "bin": (3,),
    "digitize": ([-1, 0, 1],),
}


def new(rows=3, columns=4):
    return Matrix.from_rows([[rng.uniform(-3, 3) for _ in range(columns)] for _ in range(rows)])


def bits(m):
    return bytes(memoryview(m))


def check(name, expected, found):
    assert bits(expected) == bits(found), (name, expected, found)


def aliases():
    for _ in range(20):
        for name in BINARY:
            for other_shape in ((3, 4), (1, 4), (3, 1), (1, 1)):
                a, b = new(), new(*other_shape)
                expected = getattr(a, name)(b)
                first = a.copy()
                assert getattr(first, name)(b, out=first) is first
                check(name, expected, first)
                if other_shape == (3, 4):
                    second = b.copy()
                    check(name, expected, getattr(a, name)(second, out=second))
                    both = a.copy()
                    check(name, getattr(a, name)(a), getattr(both, name)(both, out=both))
                else:
                    small = b.copy()
                    try:
                        getattr(a, name)(small, out=small)
                        raise AssertionError(f"{name} wrote to {other_shape}")
                    except ValueError:
                        check(name, b, small)
        for name, args in UNARY.items():
            a = new()
            expected = getattr(a, name)(*args)
            here, there = a.copy(), new()
            assert getattr(here, name)(*args, in_place=True) is here
            check(name, expected, here)
            assert getattr(a, name)(*args, out=there) is there
            check(name, expected, there)
            itself = a.copy()
            check(name, expected, getattr(itself, name)(*args, out=itself))
        mask, a, b = new().round(), new(), new()
        expected = Matrix.where(mask, a, b)
        for place in (0, 1, 2):
            operands = [mask.copy(), a.copy(), b.copy()]
            check("where", expected, Matrix.where(*operands, out=operands[place]))
        for second, third in (((3, 4), (3, 4)), ((1, 4), (3, 1)), ((1, 1), (1, 4))):
            a, b, c = new(), new(*second), new(*third)
            expected = a.fma(b, c)
            check("fma", expected, a.copy().fma(b, c, in_place=True))
            itself = a.copy()
            check("fma", a.fma(a, a), itself.fma(itself, itself, in_place=True))
        s, x = new(3, 1), new()
        check("scaled_add", a + s * x, a.scaled_add(s, x))
        check("scaled_add", a + s * x, a.copy().scaled_add(s, x, in_place=True))
        itself = a.copy()
        check("scaled_add", a + a * a, itself.scaled_add(itself, itself, in_place=True))
        itself = a.copy()
        itself += itself
        check("+=", a + a, itself)
        itself -= itself.view[0]
        check("-= a view of itself", (a + a) - (a + a)[0], itself)
        itself = a.copy()
        itself[::-1] = itself
        check("reversed", a[::-1], itself)
        itself = a.copy()
        itself[:, 0] = itself[:, 3]
        itself.view[0][:] = itself.view[2]
        itself.view[1][::-1] = itself.view[1]
        rows = a.tolist()
        for row in rows:
            row[0] = row[3]
        rows[0], rows[1] = rows[2][:], rows[1][::-1]
        assert itself.tolist() == rows
        itself = a.copy()
        itself.put([1, 2, 0], itself)
        check("put", a.take([2, 0, 1]), itself)
        itself = a[:3, :3].copy()
        itself @= itself
        check("@=", a[:3, :3] @ a[:3, :3], itself)
        for work in (
            lambda m: m.take([0, 1, 2], out=m),
            lambda m: m.take_along_axis([0, 1, 2, 0], out=m),
            lambda m: m.abs(in_place=True, out=m),
            lambda m: m.__imatmul__(new(4, 2)),
            lambda m: m.__iadd__(new(4, 3)),
            lambda m: m.fma(new(2, 2), 1.0, in_place=True),
            lambda m: m.scaled_add(1.0, new(1, 4), in_place=True),
            lambda m: m.clip(2, 1, in_place=True),
            lambda m: m.digitize([1, 0, 2], in_place=True),
            lambda m: m.put([0, 9], 1.0),
            lambda m: m.put_along_axis([0, 1, 2, 3], 1.0),
            lambda m: m.__setitem__((slice(None), [0, 9]), 1.0),
            lambda m: m.__setitem__(0, [1, 2, "3", 4]),
            lambda m: m.__setitem__((slice(None), 0), [1, 2]),
            lambda m: m.view[0].__setitem__(slice(None), [1, 2, 3, None]),
            lambda m: m.view[0].__setitem__(slice(None), [1, 2, 3]),
        ):
            m = a.copy()
            try:
                work(m)
                raise AssertionError("was not refused")
            except (ValueError, TypeError, IndexError):
                check("refused", a, m)
    return "all as they should be"


print(aliases())


@when(Cown(None))
def there(_):
    return aliases()


print(there.get())
wait()
