"""A small test framework: fixtures by generator, mocks, decorators that collect, inspect, parametrize."""

import sys
from bocpy import Cown, when, quiesce, wait
import contextlib, inspect, io, traceback, unittest
from unittest import mock

TESTS = {}
FIXTURES = {}


def fixture(fn):
    FIXTURES[fn.__name__] = contextlib.contextmanager(fn) if inspect.isgeneratorfunction(fn) else fn
    return fn


def test(*params):
    def decorate(fn):
        for p in params or [None]:
            TESTS[f"{fn.__name__}[{p}]" if params else fn.__name__] = fn, p
        return fn

    return (
        decorate
        if not (params and callable(params[0]))
        else (TESTS.setdefault(params[0].__name__, (params[0], None)), params[0])[1]
    )


class Failure(AssertionError):
    pass


class approx:
    def __init__(self, value, rel=1e-6):
        self.value, self.rel = value, rel

    def __eq__(self, other):
        return abs(other - self.value) <= self.rel * abs(self.value)

    def __repr__(self):
        return f"≈{self.value}"


@contextlib.contextmanager
def raises(kind, match=""):
    try:
        yield (info := type("Info", (), {})())
    except kind as e:
        info.value = e
        if match not in str(e):
            raise Failure(f"{match!r} not in {e}") from e
    else:
        raise Failure(f"no {kind.__name__}")


@fixture
def numbers():
    data = [1, 2, 3]
    yield data
    print("teardown", data)


@fixture
def config(numbers):
    return {"n": len(numbers)}


@test
def adds(numbers):
    numbers.append(4)
    assert sum(numbers) == 10


@test(1, 2, 0)
def divides(param, config):
    with raises(ZeroDivisionError, match="division"):
        config["n"] / param


@test
def approximates():
    assert 0.1 + 0.2 == approx(0.3)
    assert 0.1 == approx(0.2), f"not {approx(0.2)!r}"


@test
def mocks():
    m = mock.Mock(return_value=3, side_effect=[1, 2, ValueError("third")])
    m(1), m(2, k=3)
    m.assert_called_with(2, k=3)
    with raises(ValueError) as info:
        m()
    assert m.call_count == 3 and str(info.value) == "third"
    with mock.patch.object(approx, "__repr__", lambda s: "patched"):
        assert repr(approx(1)) == "patched"
    with mock.patch.dict(TESTS, clear=True):
        assert not TESTS
    with mock.patch(f"{__name__}.helper", return_value="mocked"):
        assert helper() == "mocked", helper()
    assert helper() == "real"


def helper():
    return "real"


class Case(unittest.TestCase):
    def setUp(self):
        self.x = 3

    def test_x(self):
        self.assertEqual(self.x, 3)
        for i in range(3):
            with self.subTest(i=i):
                self.assertLess(i, 2)

    @unittest.skip("later")
    def test_y(self):
        pass


def run(name):
    fn, param = TESTS[name]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.ExitStack() as stack:
        made = {}

        def get(n):
            if n not in made:
                f = FIXTURES[n]
                made[n] = value = f(**{k: get(k) for k in inspect.signature(f).parameters})
                if hasattr(value, "__enter__"):
                    made[n] = stack.enter_context(value)
            return made[n]

        try:
            fn(**{k: param if k == "param" else get(k) for k in inspect.signature(fn).parameters})
            result = "passed"
        except Exception as e:
            result = f"{type(e).__name__}: {e} line {traceback.extract_tb(e.__traceback__)[-1].line}"
    return result, out.getvalue()


results = Cown({})
for name in TESTS:

    @when(results)
    def _(results):
        results.value[name] = run(name)


@when()
def cases():
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Case)
    r = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
    return r.testsRun, len(r.failures), len(r.skipped), r.failures and r.failures[0][1].splitlines()[-1]


quiesce()
with results:
    for k, v in results.value.items():
        print(k, *v)
print(cases.unwrap())
wait()
