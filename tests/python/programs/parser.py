"""A small language: tokenizer by generator, recursive-descent parser, visitor by name, closures as code, exceptions for control flow."""

import sys
from bocpy import Cown, when, quiesce, wait
import re, enum, operator
from dataclasses import dataclass, fields
from typing import NamedTuple, Iterator, Union, ClassVar


class Kind(enum.Enum):
    NUMBER = r"\d+(?:\.\d+)?"
    NAME = r"[a-z]\w*"
    OP = r"[-+*/()=<>!]=?|[(),{};]"
    SPACE = r"\s+"

    def __str__(self):
        return self.name.lower()

    @staticmethod
    def pattern():
        return re.compile("|".join(f"(?P<{k.name}>{k.value})" for k in Kind))


class Token(NamedTuple):
    kind: Kind
    text: str
    at: int = -1


class Node:
    __match_args__: ClassVar = ()

    def __init_subclass__(cls):
        cls.__match_args__ = tuple(cls.__annotations__) if "__annotations__" in cls.__dict__ or True else ()

    def accept(self, visitor):
        return getattr(visitor, f"visit_{type(self).__name__.lower()}")(self)


@dataclass
class Num(Node):
    value: float


@dataclass
class Var(Node):
    name: str


@dataclass
class Bin(Node):
    op: str
    left: Node
    right: Node


@dataclass
class Let(Node):
    name: str
    value: Node


class LanguageError(Exception):
    def __init__(self, message, token=None):
        super().__init__(message)
        self.token = token


class Return(BaseException):
    pass


class Parser:
    LEVELS = ["<>", "+-", "*/"]

    def __init__(self, text):
        self.tokens = list(tokens(text))
        self.pos = 0

    @property
    def peek(self):
        return self.tokens[self.pos] if self.pos < len(self.tokens) else Token(None, "end")

    def take(self, text=None):
        token = self.peek
        if text and token.text != text:
            raise LanguageError(f"expected {text!r}, not {token.text!r}", token)
        self.pos += 1
        return token

    def program(self):
        while self.pos < len(self.tokens):
            yield self.statement()
            if self.peek.text == ";":
                self.take()

    def statement(self):
        expr = self.binary(0)
        if self.peek.text == "=" and isinstance(expr, Var):
            self.take()
            return Let(expr.name, self.binary(0))
        return expr

    def binary(self, level):
        if level == len(self.LEVELS):
            return self.atom()
        left = self.binary(level + 1)
        while self.peek.text and self.peek.text in self.LEVELS[level]:
            left = Bin(self.take().text, left, self.binary(level + 1))
        return left

    def atom(self):
        match self.take():
            case Token(Kind.NUMBER, text):
                return Num(float(text))
            case Token(kind=Kind.NAME, text=text):
                return Var(text)
            case Token(text="("):
                inner = self.binary(0)
                self.take(")")
                return inner
            case token:
                raise LanguageError(f"unexpected {token.text!r} ({token.kind})", token)


def tokens(text) -> Iterator[Token]:
    pos = 0
    for m in iter(Kind.pattern().scanner(text).match, None):
        pos = m.end()
        if (kind := Kind[m.lastgroup]) is not Kind.SPACE:
            yield Token(kind, m[0], m.start())
    if pos != len(text):
        raise LanguageError(f"bad character {text[pos]!r} at {pos}")


class Visitor:
    def __init__(self):
        self.env, self.trace = {}, []

    def __call__(self, node):
        self.trace.append(type(node).__name__)
        return node.accept(self)


class Evaluate(Visitor):
    OPS = {
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "/": operator.truediv,
        "<": lambda a, b: float(a < b),
        ">": lambda a, b: float(a > b),
    }

    def visit_num(self, node):
        return node.value

    def visit_var(self, node):
        return self.env[node.name]

    def visit_bin(self, node):
        return self.OPS[node.op](self(node.left), self(node.right))

    def visit_let(self, node):
        self.env[node.name] = value = self(node.value)
        return value


class Show(Visitor):
    def visit_num(self, node):
        return f"{node.value:g}"

    def visit_var(self, node):
        return node.name

    def visit_bin(self, node):
        return f"({self(node.left)} {node.op} {self(node.right)})"

    def visit_let(self, node):
        return f"{node.name} := {self(node.value)}"


def simplify(node):
    match node:
        case Bin("+", Num(0.0), x) | Bin("+", x, Num(0.0)) | Bin("*", x, Num(1.0)):
            return simplify(x)
        case Bin("*", _, Num(0.0)):
            return Num(0.0)
        case Bin(op, l, r):
            return Bin(op, simplify(l), simplify(r))
        case _:
            return node


machine = Cown(Evaluate())
results = []
for line in [
    "x = 3; y = x * (2 + 1)",
    "x < y",
    "0 + x * 1",
    "y / (x - 3)",
    "zz",
    "3 + ",
    "a $ b",
    "(1 + 2",
    "q = x * 0",
]:

    @when()
    def parsed():
        return [simplify(n) for n in Parser(line).program()]

    @when(machine, parsed)
    def value(machine, parsed):
        if parsed.exception:
            raise parsed.value
        return [(Show()(node), machine.value(node)) for node in parsed.value], type(parsed.value[0]).__match_args__

    results.append(value)
quiesce()
for r in results:
    try:
        print(r.unwrap())
    except Exception as e:
        print(type(e).__name__, e, getattr(e, "token", None))
with machine:
    print(machine.value.env, machine.value.trace, f"{Kind.NAME}", Num(1.0) == Num(1.0), type(machine.value) is Evaluate)
wait()
