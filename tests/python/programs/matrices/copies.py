"""Copies, pickles and buffers: what is apart and what is the same memory."""

import array
import copy
import io
import json
import pickle
import struct

from bocpy import Cown, Matrix, wait, when

odd = struct.unpack(
    "<6d",
    struct.pack(
        "<6Q",
        0x7FF8_0000_0000_0001,
        0xFFF0_0000_0000_0001,
        0x8000000000000000,
        1,
        0x7FF0000000000000,
        0x000F_FFFF_FFFF_FFFF,
    ),
)
m = Matrix(2, 3, odd)


def bits(matrix):
    return bytes(memoryview(matrix)).hex()


same = bits(m)
ways = {
    "copy": lambda: m.copy(),
    "copy.copy": lambda: copy.copy(m),
    "copy.deepcopy": lambda: copy.deepcopy([m, m])[1],
    "part": lambda: m[:],
    "twice transposed": lambda: m.T.T,
    "concat": lambda: Matrix.concat([m[0], m[1]]),
    "rows": lambda: Matrix.from_rows([m.view[0], m.view[1]]),
    "take": lambda: m.take([0, 1]),
    "buffer": lambda: Matrix.from_buffer(m),
    "array": lambda: Matrix.from_buffer(memoryview(array.array("d", bytes(memoryview(m)))).cast("B").cast("d", (2, 3))),
    **{f"pickle {n}": (lambda n=n: pickle.loads(pickle.dumps(m, n))) for n in range(pickle.HIGHEST_PROTOCOL + 1)},
}
for name, way in ways.items():
    made = way()
    assert bits(made) == same, name
    made[0, 0] = 5.0
    assert bits(m) == same, name


def out_of_band(matrix):
    buffers = []
    data = pickle.dumps(matrix, 5, buffer_callback=buffers.append)
    return len(data) < 200, pickle.loads(data, buffers=[bytearray(b.raw()) for b in buffers])


small, again = out_of_band(Matrix(100, 100, 2.5))
print(small, again.sum())


@when(Cown(m))
def there(m):
    return bytes(memoryview(m.value)).hex(), pickle.loads(pickle.dumps(m.value)), m.value.copy()


hexed, pickled, copied = there.get()
print(hexed == same, bits(pickled) == same, bits(copied) == same, m.acquired)
for attempt in (
    lambda: pickle.dumps(m),
    lambda: copy.copy(m),
    lambda: m.copy(),
    lambda: memoryview(m),
    lambda: m.tolist(),
):
    try:
        attempt()
        print("a matrix that has gone was used")
    except RuntimeError as error:
        print("RuntimeError:", "moved" in str(error))

loaded = Matrix.from_rows(json.loads(json.dumps(Matrix(2, 2, [1, 2.5, -3, 0]).tolist())))
print(loaded.tolist())
stream = io.BytesIO()
stream.write(loaded)
print(len(stream.getvalue()), struct.unpack("4d", stream.getvalue()))
target = bytearray(32)
target[:] = memoryview(loaded).cast("B")
print(Matrix.from_buffer(memoryview(target).cast("d", (2, 2))) == loaded)
with memoryview(loaded) as view:
    view[0, 1] = 9.0
    try:
        Cown(loaded)
    except BufferError as error:
        print("BufferError:", "copy()" in str(error))
    try:
        loaded.transpose(in_place=True)
        print("no BufferError")
    except BufferError:
        loaded *= 2
print(loaded.tolist(), loaded.transpose(in_place=True).tolist())
wait()
