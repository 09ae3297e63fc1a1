"""numpy_table.py: NumPy's times for the rows of `cargo bench -p boc-matrix`, in nanoseconds, called from Python."""

import timeit

import numpy as np

rng = np.random.default_rng(1)


def random(*shape):
    return rng.uniform(0.5, 2.0, shape)


def row(name, run):
    timer = timeit.Timer(run)
    count, seconds = timer.autorange()
    best = min(timer.repeat(5, max(1, int(count * 0.1 / seconds))))
    print(f"{name:<22} {best / max(1, int(count * 0.1 / seconds)) * 1e9:12,.0f}")


a, b = random(1, 3), random(1, 3)
row("add 1x3", lambda: a + b)
row("scale 1x3", lambda: a * 2.5)
row("get", lambda: a[0, 1])
c, d, column, line = random(1000, 100), random(1000, 100), random(1000, 1), random(1, 100)
row("add 1000x100", lambda: c + d)
row("div 1000x100", lambda: c / d)
row("add column", lambda: c + column)
row("add row", lambda: c + line)
row("less", lambda: (c < d).astype(float))
row("fma", lambda: c * d + 1.0)
row("sum", lambda: c.sum())
row("mean(1)", lambda: c.mean(1, keepdims=True))
row("mean(0)", lambda: c.mean(0, keepdims=True))
row("max(1)", lambda: c.max(1, keepdims=True))
row("max(0)", lambda: c.max(0, keepdims=True))
row("sqrt", lambda: np.sqrt(c))
row("sin", lambda: np.sin(c))
row("cos", lambda: np.cos(c))
row("transpose", lambda: c.T.copy())
e = random(1000, 3)
row("magnitude 1000x3", lambda: np.linalg.norm(e))
row("magnitude(1) 1000x3", lambda: np.linalg.norm(e, axis=1, keepdims=True))
row("normalize(1) 1000x3", lambda: e / np.linalg.norm(e, axis=1, keepdims=True))
for size in (2, 4, 8, 16, 32, 256, 512):
    f, g = random(size, size), random(size, size)
    row(f"matmul {size}", lambda f=f, g=g: f @ g)
row("uniform", lambda: rng.uniform(0.0, 1.0, (1000, 100)))
row("normal", lambda: rng.normal(0.0, 1.0, (1000, 100)))
