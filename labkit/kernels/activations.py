"""What a unit makes of its weighted sum, and under each rule the same rule backwards."""

import math

import numpy as np
from numba import types
from numba.extending import overload

from labkit.kernels import vector_math
from labkit.kernels._numba import FINITE_MATH, loops, prange
from labkit.kernels.each import each, four_each, four_rows_each
from labkit.kernels.registry import Budget, Work, register

_0, _1 = np.float32(0), np.float32(1)       # float32, so that a float32 kernel computes in float32; exact in float64 too


def exp(x):
    """e**x in the type of x: vector code in float32, the library's function in float64."""


@overload(exp)
def _exp(x):
    return (lambda x: vector_math.exp(x)) if x == types.float32 else (lambda x: math.exp(x))


def log(x):
    """The natural logarithm in the type of x: vector code in float32, for normal x above 0; the library's function in float64."""


@overload(log)
def _log(x):
    return (lambda x: vector_math.log(x)) if x == types.float32 else (lambda x: math.log(x))


def log1p(x):
    """log(1 + x) in the type of x: vector code in float32, for 1 + x above 0; the library's function in float64."""


@overload(log1p)
def _log1p(x):
    return (lambda x: vector_math.log1p(x)) if x == types.float32 else (lambda x: math.log1p(x))


def tanh_in(x):
    """tanh(x) in the type of x: vector code in float32, the library's function in float64."""


@overload(tanh_in)
def _tanh_in(x):
    return (lambda x: vector_math.tanh(x)) if x == types.float32 else (lambda x: math.tanh(x))


def _rows(rng, size):
    """A batch of rows with few columns, positive and negative."""
    return rng.standard_normal((size, 7), dtype=np.float32)


def _elements(count):
    """What draws `count` vectors of a size: an output to fill and the rest random, some of them zero."""

    def arguments(rng, size):
        drawn = rng.standard_normal((count, size), dtype=np.float32) * (rng.random((count, size)) > 0.1)
        drawn[0] = np.nan
        return list(drawn)

    return arguments


def _register_elementwise(name, oracle, cpu, formula, inputs, operations=4, tolerance=1e-6):
    return register(
        name=name, oracle=oracle, cpu=cpu, tolerance=tolerance,
        signature=f"void({', '.join(['float32[::1]'] * (inputs + 1))})",
        cuda=each(formula, name, inputs, writes="out"),
        launch=lambda out, *_: four_each(out.size),
        arguments=_elements(inputs + 1),
        work=lambda out, *_: Work(bytes=(inputs + 1) * out.nbytes, operations=operations * out.size),
        budget=Budget(registers=40),
    )


def sigmoid_numpy(y, x):
    """y = 1 / (1 + exp(-x)), written so that exp never overflows"""
    small = np.exp(-np.abs(x))
    y[...] = np.where(x < 0, small, 1) / (1 + small)


@loops(fastmath=FINITE_MATH)
def sigmoid_cpu(y, x):
    for i in prange(y.size):
        y[i] = _1 / (_1 + exp(-x[i]))


def sigmoid_of(x):
    small = math.exp(-abs(x))
    return (small if x < _0 else _1) / (_1 + small)


def sigmoid_backward_numpy(dx, dy, y):
    """dx = dy y (1 - y)"""
    dx[...] = dy * y * (1 - y)


@loops(fastmath=FINITE_MATH)
def sigmoid_backward_cpu(dx, dy, y):
    for i in prange(dx.size):
        dx[i] = dy[i] * y[i] * (_1 - y[i])


def sigmoid_backward_of(dy, y):
    return dy * y * (_1 - y)


def tanh_numpy(y, x):
    """y = tanh(x)"""
    np.tanh(x, out=y)


@loops(fastmath=FINITE_MATH)
def tanh_cpu(y, x):
    for i in prange(y.size):
        y[i] = tanh_in(x[i])


def tanh_of(x):
    return math.tanh(x)


def tanh_backward_numpy(dx, dy, y):
    """dx = dy (1 - y^2)"""
    dx[...] = dy * (1 - y * y)


@loops(fastmath=FINITE_MATH)
def tanh_backward_cpu(dx, dy, y):
    for i in prange(dx.size):
        dx[i] = dy[i] * (_1 - y[i] * y[i])


def tanh_backward_of(dy, y):
    return dy * (_1 - y * y)


def relu_numpy(y, x):
    """y = max(x, 0); a NaN stays NaN, so that a diverging run is seen"""
    np.maximum(x, 0, out=y)


@loops(fastmath=FINITE_MATH)
def relu_cpu(y, x):
    for i in prange(y.size):
        y[i] = _0 if x[i] <= _0 else x[i]


def relu_of(x):
    return _0 if x <= _0 else x


def relu_backward_numpy(dx, dy, y):
    """dx = 0 where the unit was shut (y <= 0), dy where it was open"""
    dx[...] = np.where(y <= 0, 0, dy)


@loops(fastmath=FINITE_MATH)
def relu_backward_cpu(dx, dy, y):
    for i in prange(dx.size):
        dx[i] = _0 if y[i] <= _0 else dy[i]


def relu_backward_of(dy, y):
    return _0 if y <= _0 else dy


def multiply_numpy(out, a, b):
    """out = a b"""
    np.multiply(a, b, out=out)


@loops
def multiply_cpu(out, a, b):
    for i in prange(out.size):
        out[i] = a[i] * b[i]


def multiply_of(a, b):
    return a * b


sigmoid = _register_elementwise("sigmoid", sigmoid_numpy, sigmoid_cpu, sigmoid_of, 1, operations=20)
sigmoid_backward = _register_elementwise("sigmoid_backward", sigmoid_backward_numpy, sigmoid_backward_cpu, sigmoid_backward_of, 2)
tanh = _register_elementwise("tanh", tanh_numpy, tanh_cpu, tanh_of, 1, operations=20)
tanh_backward = _register_elementwise("tanh_backward", tanh_backward_numpy, tanh_backward_cpu, tanh_backward_of, 2)
relu = _register_elementwise("relu", relu_numpy, relu_cpu, relu_of, 1, operations=1, tolerance=0)
relu_backward = _register_elementwise("relu_backward", relu_backward_numpy, relu_backward_cpu, relu_backward_of, 2, operations=1, tolerance=0)
multiply = _register_elementwise("multiply", multiply_numpy, multiply_cpu, multiply_of, 2, operations=1, tolerance=0)


# With something of each column's own: a bias, a slope.

def add_bias_numpy(out, z, b):
    """out[i, j] = z[i, j] + b[j]"""
    np.add(z, b, out=out)


@loops
def add_bias_cpu(out, z, b):
    for i in prange(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = z[i, j] + b[j]


def add_bias_of(z, b):
    return z + b


def prelu_numpy(y, x, a):
    """y[i, j] = x[i, j] where that is positive, a[j] x[i, j] elsewhere"""
    y[...] = np.where(x > 0, x, a * x)


@loops
def prelu_cpu(y, x, a):
    for i in prange(y.shape[0]):
        for j in range(y.shape[1]):
            z, shut = x[i, j], a[j] * x[i, j]           # both computed, then one chosen: no branch for the processor to guess
            y[i, j] = z if z > _0 else shut


def prelu_of(x, a):
    return x if x > _0 else a * x


def prelu_backward_numpy(dx, da, dy, x, a):
    """dx[i, j] = dy[i, j], times a[j] where x[i, j] was not positive; da[i, j] = dy[i, j] min(x[i, j], 0), yet to be summed"""
    dx[...] = np.where(x > 0, dy, a * dy)
    da[...] = np.where(x > 0, 0, dy * x)


@loops
def prelu_backward_cpu(dx, da, dy, x, a):
    for i in prange(dx.shape[0]):
        for j in range(dx.shape[1]):
            open_, shut, part = dy[i, j], a[j] * dy[i, j], dy[i, j] * x[i, j]
            dx[i, j] = open_ if x[i, j] > _0 else shut
            da[i, j] = _0 if x[i, j] > _0 else part


def prelu_backward_of(dy, x, a):
    return dy if x > _0 else a * dy, _0 if x > _0 else dy * x


def _register_columns(name, oracle, cpu, formula, tables, writes):
    """Enter what is done to each element of so many tables in all, with one number for each column."""
    outputs = len(writes.split())
    return register(
        name=name, oracle=oracle, cpu=cpu,
        cuda=each(formula, name, tables - outputs, writes, by_column=1),
        signature=f"void({', '.join(['float32[:, ::1]'] * tables + ['float32[::1]'])})", outputs=outputs,
        launch=lambda out, *_: four_rows_each(out.shape),
        arguments=lambda rng, size: [*(_rows(rng, size) for _ in range(tables)), rng.standard_normal(7, dtype=np.float32)],
        work=lambda out, *_: Work(bytes=tables * out.nbytes, operations=2 * out.size),
        budget=Budget(registers=64), tolerance=1e-6,
    )


add_bias = _register_columns("add_bias", add_bias_numpy, add_bias_cpu, add_bias_of, 2, "out")
prelu = _register_columns("prelu", prelu_numpy, prelu_cpu, prelu_of, 2, "y")
prelu_backward = _register_columns("prelu_backward", prelu_backward_numpy, prelu_backward_cpu, prelu_backward_of, 4, "dx da")
