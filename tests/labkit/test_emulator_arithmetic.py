"""Numbers as on the GPU: types and values of operators against Numba's own compiler, float64 creep, integers that wrap."""

import math

import numpy as np
import pytest

from labkit import emulator
from labkit.emulator import cuda

TYPES = [np.float32, np.float64, np.int32, np.int64, np.uint32, np.uint64, np.uint8, np.bool_]
NUMBERS = {"f": (2.75, -1.5), "i": (7, -3), "u": (200, 3), "b": (True, False)}
OPERATORS = ["x + y", "x - y", "x * y", "x / y", "x < y", "x == y", "-x"]
WHOLE = ["x // y", "x % y", "x & y", "x | y", "x ^ y", "~x", "x << 3", "x >> 1", "x ** 2", "x * 3", "x + 1"]
REAL = ["x * 0.5", "x + 1", "x ** 2", "x ** 3", "x // y", "x % y", "abs(x)", "x ** 0.5 if x > 0 else 0"]


@pytest.fixture(scope="module")
def numba():
    return pytest.importorskip("numba")


@pytest.mark.parametrize("dx, dy", [(a, b) for i, a in enumerate(TYPES) for b in TYPES[i % 4::4]], ids=lambda t: t.__name__)
def test_operators_give_numbas_types_and_values(numba, dx, dy):
    x, y = dx(NUMBERS[np.dtype(dx).kind][0]), dy(NUMBERS[np.dtype(dy).kind][1])
    if np.dtype(dy).kind == "b":
        y = np.bool_(True)
    whole = np.dtype(dx).kind != "f" and np.dtype(dy).kind != "f"
    expressions = OPERATORS + (WHOLE if whole else REAL if np.dtype(dx).kind == "f" else [])
    if dx is np.bool_:
        expressions = [e for e in expressions if not ("**" in e or e == "-x" or "//" in e or "%" in e or ">>" in e or "<<" in e)]
    compiled = numba.njit(eval(f"lambda x, y: ({', '.join(expressions)},)"), error_model="numpy")
    expected = compiled(x, y)
    types = compiled.nopython_signatures[0].return_type
    for k, expression in enumerate(expressions):
        got, dtype = value_of(expression, x, y)
        assert str(dtype) == str(types[k]).replace("boolean", "bool"), expression
        np.testing.assert_allclose(got, expected[k], rtol=1e-7 if dtype == np.float32 else 1e-15, err_msg=expression)


def value_of(expression, x, y):
    """The value and the type that the emulator gives an expression."""
    text = f"def kernel(x, y):\n    keep({expression})\n"
    kept = []
    function = emulator.launch.as_function(emulator.from_source(text, "kernel").py_func)
    launch = emulator.launch.Launch(function, False, 1000, None, 0)
    launch.outside[(function, "keep")] = keeper(kept)
    function.globals["keep"] = 0
    report = launch.run(1, 2, (x, y))
    assert report.ok, [str(f) for f in report.faults]
    return kept[0] if not np.ndim(kept[0]) else kept[0][0], kept[0].dtype


def keeper(kept):
    return lambda value: kept.append(value)


def run(kernel, *arguments):
    report = emulator.run(kernel, 1, 32, *arguments)
    assert report.ok, [str(f) for f in report.faults]
    return report


def test_a_python_float_makes_float64_and_is_said():
    def creep(out, a):
        i = cuda.grid(1)
        out[i] = a[i] * 0.1

    a = np.linspace(1, 2, 32, dtype=np.float32)
    out = np.zeros(32)
    report = run(creep, out, a)
    np.testing.assert_array_equal(out, a.astype(np.float64) * 0.1)
    warning, = report.warnings
    assert warning.kind == "float64" and "0.1 is a Python number" in str(warning) and "np.float32(0.1)" in str(warning)
    assert warning.code == "out[i] = a[i] * 0.1"


@pytest.mark.parametrize("expression, creeps", [
    ("a[i] * 2", True), ("a[i] / n", True), ("a[i] + i", True), ("rate * a[i]", True), ("max(a[i], 0.0)", True),
    ("math.pow(a[i], 2.0)", True), ("a[i] - math.pi", True), ("1 / a[i]", True), ("np.float32(1) / a[i]", False), ("a[i] ** 2", False),
    ("a[i] * np.float32(2)", False), ("math.exp(a[i])", False), ("abs(a[i])", False), ("a[i] if a[i] > 0 else 0.0", False),
    ("cuda.fma(a[i], 0.1, a[i])", True), ("cuda.fma(a[i], a[i], np.float32(2))", False), ("divmod(a[i], 2)[0]", True),
    ("np.float64(a[i]) * 0.1", False), ("a[i] * flag", False), ("a[i] > 0.1", True), ("a[i] > 0.5", False), ("0.0", False),
])
def test_where_float64_creeps_in(expression, creeps):
    kernel = emulator.from_source(f"def kernel(out, a, n, rate, flag):\n    i = cuda.grid(1)\n    out[i] = {expression}\n", "kernel")
    report = run(kernel, np.zeros(32), np.ones(32, np.float32), 3, 0.5, True)
    assert [w.kind for w in report.warnings] == ["float64"] * creeps


def test_float32_sums_are_rounded_at_every_step():
    def total(out, a):
        s = np.float32(0)
        for k in range(a.size):
            s += a[k] * a[k]
        out[cuda.grid(1)] = s

    a = np.random.default_rng(0).normal(size=500).astype(np.float32)
    expected = np.float32(0)
    for x in a:
        expected += x * x
    out = np.zeros(32)
    run(total, out, a)
    np.testing.assert_array_equal(out, float(expected))


def test_an_integer_start_makes_a_float64_sum():
    def total(out, a):
        s = 0
        for k in range(a.size):
            s += a[k]
        out[cuda.grid(1)] = s

    a = np.full(100, 0.1, np.float32)
    out = np.zeros(32)
    report = run(total, out, a)
    np.testing.assert_array_equal(out, sum(a.astype(np.float64)))
    assert [w.kind for w in report.warnings] == ["float64"]


def test_integers_wrap():
    def wrap(out, narrow, big):
        i = cuda.grid(1)
        out[i] = big + big
        narrow[i] = 2**31 + i

    out, narrow = np.zeros(32, np.int64), np.zeros(32, np.int32)
    run(wrap, out, narrow, 2**62)
    np.testing.assert_array_equal(out, -(2**63))
    np.testing.assert_array_equal(narrow, -(2**31) + np.arange(32))


def test_stores_cut_floats_and_divisions_by_zero_follow_numpy():
    def store(whole, quotient, a):
        i = cuda.grid(1)
        whole[i] = a[i]
        quotient[i] = a[i] / np.float32(0)

    whole, quotient = np.zeros(32, np.int32), np.zeros(32, np.float32)
    a = np.full(32, -2.75, np.float32)
    run(store, whole, quotient, a)
    np.testing.assert_array_equal(whole, -2)
    np.testing.assert_array_equal(quotient, -np.inf)


@pytest.mark.parametrize("name", ["sqrt", "exp", "log", "sin", "tanh", "floor", "ceil", "log1p", "expm1", "erf", "gamma", "lgamma", "atan",
                                  "fabs", "exp2"])
def test_math_keeps_float32(name):
    kernel = emulator.from_source(f"def kernel(out, kind, a):\n    i = cuda.grid(1)\n    x = math.{name}(a[i])\n    out[i] = x * x\n", "kernel")
    a = np.linspace(0.1, 3, 32, dtype=np.float32)
    out = np.zeros(32)
    run(kernel, out, 0, a)
    expected = np.array([getattr(math, name)(x) for x in a.astype(float)]) if hasattr(math, name) else np.exp2(a.astype(float))
    np.testing.assert_allclose(out, expected**2, rtol=4e-7, atol=1e-7)
    assert (out == out.astype(np.float32)).all()        # the square of a float32 was taken in float32


def test_a_nan_loses_against_a_number_in_min_and_max():
    def extremes(out, a):
        i = cuda.grid(1)
        out[i] = max(a[i], np.float32(1)) + min(np.float32(2), a[i])

    out = np.zeros(32, np.float32)
    run(extremes, out, np.full(32, np.nan, np.float32))
    np.testing.assert_array_equal(out, 3)
