"""Numbers of all kinds as operands, on either side; and what is none."""

import decimal
import fractions
import math

from bocpy import Cown, Matrix, wait, when


class Real(float):
    pass


class Floats:
    def __init__(self, value):
        self.value = value

    def __float__(self):
        return self.value


class Whole:
    def __index__(self):
        return 3


class Yes(int):
    def __float__(self):
        return 99.0


NUMBERS = {
    "int": 2,
    "bool": True,
    "large": 2**60,
    "float": -0.5,
    "minus zero": -0.0,
    "nan": math.nan,
    "infinity": math.inf,
    "fraction": fractions.Fraction(1, 4),
    "decimal": decimal.Decimal("0.1"),
    "a float of one's own": Real(1.5),
    "an int of one's own": Yes(4),
    "an index": Whole(),
    "floats": Floats(2.5),
    "1x1": Matrix(1, 1, 3),
    "a list": [1, 2],
    "a tuple": (1.5, True),
    "a view": Matrix(2, 2, [1, 2, 3, 4]).view[1],
}
NOTHING = {
    "too large": 10**400,
    "text": "1",
    "bytes": b"12",
    "none": None,
    "complex": 1j,
    "a set": {1, 2},
    "a range": range(2),
    "a generator": (x for x in (1, 2)),
    "a list of lists": [[1, 2]],
    "a list of text": ["1", "2"],
    "an empty list": [],
    "three": [1, 2, 3],
    "a dictionary": {1: 2},
}


def shown(work):
    try:
        result = work()
    except Exception as error:
        return type(error).__name__  # what they say is the matter of other tests
    return f"{type(result).__name__} {result.tolist() if isinstance(result, Matrix) else result}"


def use(kinds):
    lines = []
    for name, other in kinds.items():
        m = Matrix(1, 2, [4, -0.0])
        before = m.tolist()
        for text, work in {
            "m + x": lambda: m + other,  # noqa: B023
            "x - m": lambda: other - m,  # noqa: B023
            "x / m": lambda: other / m,  # noqa: B023
            "m.multiply": lambda: m.multiply(other),  # noqa: B023
            "m.less": lambda: m.less(other),  # noqa: B023
            "m == x": lambda: m == other,  # noqa: B023
            "m < x": lambda: m < other,  # noqa: B023
            "fill": lambda: Matrix(1, 2, other),  # noqa: B023
            "set": lambda: m.copy().__setitem__((0, 0), other),  # noqa: B023
            "set row": lambda: m.copy().__setitem__(0, other),  # noqa: B023
            "clip": lambda: m.clip(max=other),  # noqa: B023
        }.items():
            lines.append(f"{name}, {text}: {shown(work)}")
            if m.tolist() != before:
                lines.append(f"{name}, {text}: CHANGED")
    return lines


here = use({**NUMBERS, **NOTHING})
print("\n".join(here))
NOTHING.pop("a generator")  # cannot be sent
kinds = Cown({**NUMBERS, **NOTHING, "a view": NUMBERS["a view"].copy()})


@when(kinds)
def there(kinds):
    return use(kinds.value)


different = [
    (a, b)
    for a, b in zip((line for line in here if not line.startswith("a generator")), there.get(), strict=True)
    if a != b
]
print(different)
wait()
