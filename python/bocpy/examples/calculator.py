"""A calculator that is asked by messages, and questions that are given up in time.

A message has a tag, here "question", and contents: an expression, and the tag to answer with. Each calculator is a
behavior that takes one question after another, whichever comes first. Whoever asks goes on meanwhile, and later waits
for the answer, but only for some time: `receive` takes a time-out, and what to do when no answer has come.

A question that was given up may still be answered. So each question has an answer tag of its own: a late answer cannot
be taken for that to the next question.

Every answer is compared with Python's own. At the end the calculators are told to stop; a last question then finds
nobody at home, and is given up.

    bocpy-calculator "1 + 2" "7 * (8 - 3)" "1 / 0"
"""

from __future__ import annotations

import argparse
import ast
import operator
from collections.abc import Iterator
from typing import NamedTuple

from bocpy import TIMEOUT, drain, receive, send, start, wait, when
from bocpy.examples._common import above_zero, at_least, command_line, counted, say, verdict

QUESTIONS = ["1 + 2", "7 * (8 - 3)", "2 ** 64 - 1", "1 / 3", "-(5 // 2) + 0.5", "10 / (2 - 2)", "6 * seven"]
OPERATIONS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
LARGEST_POWER = 1_000  # beyond it, a short question could take hours


class Question(NamedTuple):
    """The contents of a message to the calculators."""

    expression: str
    answer_to: str


def calculate(expression: str) -> int | float:
    """The value of an expression of numbers, ``+ - * / // % **`` and parentheses."""
    return value_of(ast.parse(expression.strip(), mode="eval").body)


def value_of(node: ast.expr) -> int | float:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -value_of(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        left, right = value_of(node.left), value_of(node.right)
        if isinstance(node.op, ast.Pow) and max(abs(left), abs(right)) > LARGEST_POWER:
            raise ValueError(f"{left} ** {right} is too large for this calculator")
        return OPERATIONS[type(node.op)](left, right)
    raise ValueError(f"{ast.unparse(node)!r} is not a number and not one of the operations")


def answer(expression: str) -> str:
    """The value of an expression as text, or what is wrong with it."""
    try:
        return str(calculate(expression))
    except (ArithmeticError, SyntaxError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def open_calculator(number: int) -> None:
    """Schedule a behavior that answers questions until it is told to stop."""

    @when()
    def _() -> None:
        answered = 0
        while True:
            # Of several tags, the message that was sent first is taken: questions before "stop" are all answered.
            tag, question = receive(["question", "stop"])
            if tag == "stop":
                break
            send(question.answer_to, answer(question.expression))
            answered += 1
        say(f"  calculator {number} stops after {counted(answered, 'answer')}")


def ask(expressions: list[str]) -> Iterator[Question]:
    """Send the expressions as questions."""
    for number, expression in enumerate(expressions, 1):
        question = Question(expression, f"answer {number}")
        send("question", question)
        yield question


def await_answer(question: Question, seconds: float) -> str | None:
    """The answer to a question, or None if there is none in time."""
    tag, text = receive(question.answer_to, seconds)
    return None if tag is TIMEOUT else text


def main(argv: list[str] | None = None) -> int:
    """Ask all questions, and compare the answers."""
    parser = command_line(__doc__)
    parser.add_argument("expressions", nargs="*", metavar="EXPRESSION", help="what to calculate (default: some of all)")
    parser.add_argument(
        "--calculators", type=at_least(1), default=2, metavar="N", help="how many answer (default: %(default)s)"
    )
    parser.add_argument(
        "--patience",
        type=above_zero,
        default=10.0,
        metavar="SECONDS",
        help="how long to wait for an answer (default: %(default)s)",
    )
    options = parser.parse_args(argv)
    return run(options.expressions or QUESTIONS, options)


def run(expressions: list[str], options: argparse.Namespace) -> int:
    say(f"{counted(len(expressions), 'question')} for {counted(options.calculators, 'calculator')}")
    start(options.calculators)  # each of them occupies a worker until it stops
    for number in range(1, options.calculators + 1):
        open_calculator(number)

    right = True
    for question in list(ask(expressions)):
        text = await_answer(question, options.patience)
        right = right and text == answer(question.expression)
        say(f"  {question.expression} = {text}" if text is not None else f"  {question.expression}: given up")

    for _ in range(options.calculators):
        send("stop", None)
    wait()

    # Nobody is there any more. `after` says what to return when the time is up.
    late = Question("1 + 1", "too late")
    send("question", late)
    reply = receive(late.answer_to, 0.1, lambda: "nobody is at home")
    say(f"  {late.expression} after hours: {reply}")
    drain(["question", late.answer_to])  # the question itself still waits for a calculator

    print("all answers are right" if right else "WRONG: an answer is missing, or differs from that of a plain call")
    return verdict(right and reply == "nobody is at home")


if __name__ == "__main__":
    raise SystemExit(main())
