"""A spreadsheet with dependencies: lambdas in dicts, recursion, graphlib, eval, fractions, custom dict."""

import sys
from bocpy import Cown, when, quiesce, wait, read
import ast, graphlib, operator, re
from fractions import Fraction
from collections import UserDict, namedtuple
from types import SimpleNamespace, MappingProxyType

OPS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda a, b: Fraction(a) / b,
    ast.USub: operator.neg,
}
NAME = re.compile(r"\b[A-Z]\d+\b")
FUNCTIONS = MappingProxyType({"SUM": lambda *a: sum(a), "MAX": max, "IF": lambda c, a, b: a if c else b})
Cell = namedtuple("Cell", "formula value", defaults=[None])
ERROR = SimpleNamespace(text="#ERR")


class Sheet(UserDict):
    def __missing__(self, key):
        return Cell("0", 0)

    def order(self):
        graph = {k: NAME.findall(c.formula) for k, c in self.items()}
        return list(graphlib.TopologicalSorter(graph).static_order())


def evaluate(node, get):
    match node:
        case ast.Expression(body=body):
            return evaluate(body, get)
        case ast.Constant(value=v):
            return v
        case ast.Name(id=name):
            return get(name)
        case ast.BinOp(left=left, op=op, right=right):
            return OPS[type(op)](evaluate(left, get), evaluate(right, get))
        case ast.UnaryOp(op=op, operand=x):
            return OPS[type(op)](evaluate(x, get))
        case ast.Call(func=ast.Name(id=f), args=args):
            return FUNCTIONS[f](*(evaluate(a, get) for a in args))
    raise SyntaxError(f"cannot do {type(node).__name__}")


source = {
    "A1": "2",
    "A2": "A1*3",
    "A3": "A1/A2",
    "B1": "SUM(A1, A2, A3)",
    "B2": "IF(A1, MAX(A1,A2), B1)",
    "C1": "A1 < 3",
    "C2": "NOPE(1)",
    "D1": "-D2",
    "D2": "Z9",
    "E1": "1/D1",
}
cells = {k: Cown(Cell(f)) for k, f in source.items()}
sheet = Sheet({k: Cell(f) for k, f in source.items()})
for name in sheet.order():
    if name not in cells:
        cells[name] = Cown(sheet[name])
    wanted = NAME.findall(sheet[name].formula)

    @when(cells[name], [read(cells[w]) if False else cells[w] for w in wanted])
    def _(cell, others):
        values = dict(zip(wanted, (o.value.value for o in others)))
        try:
            value = evaluate(ast.parse(cell.value.formula, mode="eval"), values.__getitem__)
        except (KeyError, SyntaxError, ZeroDivisionError, TypeError) as error:
            value = ERROR if isinstance(error, ZeroDivisionError) else f"{type(error).__name__}: {error}"
        cell.value = cell.value._replace(value=value)


@when()
def circular():
    return Sheet(A1=Cell("A2"), A2=Cell("A1")).order()


@when(cells["E1"])
def e(c):
    return (
        c.value.value == ERROR,
        c.value.value is ERROR,
        ERROR.text,
        FUNCTIONS["SUM"](1, 2),
        type(FUNCTIONS).__name__,
        sheet["nothing"],
    )


quiesce()
for name, cown in sorted(cells.items()):
    with cown:
        print(name, cown.value, type(cown.value) is Cell)
try:
    circular.unwrap()
except graphlib.CycleError as error:
    print(type(error).__name__, error.args[0], sorted(set(error.args[1])))
v = e.unwrap()
print(v[0], v[2:])
wait()
