"""A service: clients send matrices in messages, with a tag for the answer; handles that were sent say where they went."""

from bocpy import Cown, Matrix, receive, send, wait, when

calls = Cown({"transform": 0, "errors": []})


def serve(calls):
    _, request = receive("requests", 30)
    name, answer = request["name"], request["answer"]
    _, matrix = receive("matrices", 30)
    calls.value[name] = calls.value.get(name, 0) + 1
    try:
        send(answer, getattr(matrix, name)(*request["args"]))
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        calls.value["errors"].append(type(error).__name__)
        send(answer, type(error).__name__)


requests = [
    ("sum", Matrix(2, 2, [1, 2, 3, 4]), ()),
    ("normalize", Matrix(1, 2, [3, 4]), ()),
    ("add", Matrix(2, 2, 1), (Matrix(3, 3),)),
    ("take", Matrix(2, 3, range(6)), ([1, 1],)),
    ("nothing", Matrix(1, 1), ()),
    ("take", Matrix(2, 3, range(6)), ([7],)),
    ("topk", Matrix(1, 5, [3, 1, 4, 1, 5]), (2,)),
]
for number, (name, matrix, args) in enumerate(requests):
    send("matrices", matrix)
    send("requests", {"name": name, "args": args, "answer": f"answer {number}"})
    assert not matrix.acquired
    try:
        matrix.sum()
        raise SystemExit("a matrix that was sent is still here")
    except RuntimeError as error:
        assert "moved" in str(error), error
    when(calls)(serve)

for number in range(len(requests)):
    _, answer = receive(f"answer {number}", 30)
    if isinstance(answer, tuple):
        answer = answer[0].tolist(), answer[1]
    print(number, answer.tolist() if isinstance(answer, Matrix) else answer)


@when(calls)
def count(calls):
    return calls.value


print(count.get())
wait()
