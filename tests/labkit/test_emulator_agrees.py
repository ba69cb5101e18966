"""The emulator's verdict on small kernels against that of Numba's compiler, and its numbers against those that Numba's code gives."""

import numpy as np
import pytest

from labkit import emulator
from labkit.emulator import from_source
from labkit.kernels import compile

# What Numba compiles, and what `out[0]` then holds: found by running the code that numba-cuda 0.30 makes of it.
COMPILED = {
    "out[0] = 2 ** -1": 0.5,
    "out[0] = ~True": -2,
    "out[0] = 10**18 * 10": 1e19,
    "out[0] = n + 10**18 * 10 - 10**18 * 10": 5,
    "out[0] = -ia[0]": -(2.0**31),
    "out[0] = -i2[1]": -(2.0**15),
    "whole[0] = ia[3] ** 2": 4611686014132420608,
    "whole[0] = ia[2] ** -1": 0,
    "whole[0] = (n - 5) ** -1": -(2**63),
    "whole[0] = np.uint64(3) ** 39": 4052555153018976256,
    "out[0] = x ** 100000": np.inf,
    "out[0] = (x - 3.5) ** 70001": -1,
    "out[0] = (n > 3) is True": 1,
    "out[0] = n is 5": 1,
    "out[0] = x is not 2.5": 0,
    "out[0] = a[0] is 1.5": 0,
    "out[0] = (1, n) is (1, 5)": 1,
    "out[0] = a is a": 1,
    "out[0] = a is out": 0,
    "out[0] = isinstance(a[0], float)": 0,
    "out[0] = isinstance(x, (int, float))": 1,
    "out[0] = isinstance(ia[0], int)": 0,
    "out[0] = x.item() + a[1].item()": 0.5,
    "out[0] = np.size(m) + np.shape(m)[1]": 9,
    "out[0] = cuda.grid(ndim=1) + cuda.gridsize(ndim=1)": 1,
    "out[0] = len(range(n, 0, -2))": 3,
    "for k in range(flag): out[0] += 1": 1,
    "global SIZE\n    out[0] = SIZE": 3,
    "k = n\n    k /= 2\n    out[0] = k": 2.5,
    "for q in range(2):\n        k = n\n        k /= 2\n        out[0] = k": 2.5,
    "ia[1] /= 1.5\n    out[0] = ia[1]": 4,
    "k = n\n    for q in range(2): k /= 2.5\n    out[0] = k": 0.8,
    "def f(v):\n        def g(w): return w + v\n        return g(2)\n    out[0] = f(x)": 4.5,
    "out[0] = np.sin(u8[0])": np.sin(np.float32(7)),
    "out[0] = np.arctan2(u8[0], u8[1])": np.arctan2(np.float32(7), np.float32(255)),
    "out[0] = cuda.popc(i2[0])": 9,
    "out[0] = cuda.brev(ia[1])": 3758096384,
    "out[0] = cuda.brev(whole[0] + 7)": 3758096384,
    "out[0] = cuda.selp(n > 3, 1, 2)": 1,
    "out[...] = 4": 4,
    "out[0] = m.reshape(3, -1)[2, 0]": 4,
}
REFUSED = r"""
out[0] = 2**64
out[0] = 1 << 70
out[0] = (-8) ** (1 / 3)
out[0] = c[0]
out[0] = float(c[0])
out[0] = math.sqrt(c[0])
out[0] = c[0] > c[1]
out[0] = max(c[0], c[1]).real
out[0] = min(flag, 3)
out[0] = float(flag)
out[0] = np.float32()
out[0] = out.shape[0.5]
t = (1, 2, 3)\n    out[0] = t[True]
out[0] = a[...][0]
out[0] = a.dtype == np.float32
out[0] = np.size(m, 0)
out[0] = len()
for k in enumerate(): out[0] = 1
for k, v in enumerate(a, start=1): out[0] += k
for k, v in enumerate(a, 1.5): out[0] += k
out.fill('x')
out.fill(None)
out[0] = a.reshape(0, -1)[0]
print(c[0])
print(None)
assert n == 5, n
a @= a
ia[0] /= 2
k = n\n    while k > 1: k /= 2
t = (1, 2)\n    t += (3,)
global SIZE\n    SIZE = 3
s = cuda.shared.array(8, float)
s = cuda.local.array(8, int)
s = cuda.local.array(0, np.int32)
v = a if n > 3 else m\n    out[0] = v.size
v = (a, out)[whole[0]]\n    out[0] = v[0]
for v in ((1, 2.5), (3, 4)): out[0] += v[0]
for v in (a[0], x): out[0] += v
t = (flag, 2)\n    out[0] = t[whole[0]]
cuda.atomic.add(out, (0,), 1)
out[0] = cuda.ffs(u8[0])
out[0] = cuda.selp(n, 1, 2)
out[0] = cuda.selp(n > 3, 1, 2.5)
out[0] = cuda.shfl_sync(1, u8[0], 0)
out[0] = cuda.shfl_sync(1, a[0], 0.5)
out[0] = cuda.any_sync(1, a[0])
cuda.nanosleep()
cuda.syncwarp(mask=1)
"""
REFUSED = [line.replace("\\n", "\n") for line in REFUSED.strip().split("\n")]
UNIFORM = "v = a if n > 3 else m"       # what all threads hold has one type here, so that the emulator runs it: see Limits


def source(body):
    return f"SIZE = 3\ndef f(out, a, ia, i2, u8, whole, c, m, n, x, flag):\n    {body}\n"


def arguments():
    return [np.zeros(4), np.array([1.5, -2, 3, 4], np.float32), np.array([-2**31, 7, -7, 2**31 - 1], np.int32), np.array([-255, -2**15], np.int16),
            np.array([7, 255], np.uint8), np.zeros(2, np.int64), np.array([1 + 2j, 3j], np.complex64), np.arange(6.0).reshape(2, 3), 5, 2.5, True]


@pytest.mark.parametrize("body", COMPILED)
def test_what_numba_compiles_runs_and_gives_its_numbers(body):
    values = arguments()
    report = emulator.run(from_source(source(body), "f"), 1, 1, *values)
    assert report.ok, report.faults
    got = values[5][0] if body.startswith("whole[0] =") else values[0][0]
    np.testing.assert_allclose(got, COMPILED[body], rtol=0 if isinstance(COMPILED[body], int) else 1e-7)


@pytest.mark.parametrize("body", [body for body in REFUSED if not body.startswith(UNIFORM)])
def test_what_numba_refuses_is_refused_in_a_sentence(body):
    report = emulator.run(from_source(source(body), "f"), 1, 1, *arguments())
    assert [f.kind for f in report.faults[:1]] == ["unsupported"], [str(f) for f in report.faults]
    assert "the emulator cannot run" not in str(report.faults[0])


def test_arrays_of_two_types_under_one_name():
    body = "i = cuda.grid(1)\n    v = a if i > 0 else out\n    out[i] = v[i]"
    report = emulator.run(from_source(source(body), "f"), 1, 2, *arguments())
    assert "one name stands for the array a in some threads and the array out in others" in str(report.faults[0])


@pytest.mark.skipif(bool(compile.why_not()), reason=str(compile.why_not()))
def test_the_verdicts_are_numbas():
    import numba

    from labkit import _cuda

    signature = numba.types.void(*map(numba.typeof, arguments()))
    for body in (*COMPILED, *REFUSED):
        try:
            compile.to_ptx(lambda cuda, body=body: plain(body, cuda), signature, (9, 0))
            compiled = True
        except Exception:
            compiled = False
        assert compiled == (body in COMPILED), body
    assert _cuda.real()


def plain(body, cuda):
    import math

    names = {"cuda": cuda, "math": math, "np": np}
    exec(source(body), names)
    return names["f"]
