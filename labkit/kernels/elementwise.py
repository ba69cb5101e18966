"""Operations that treat every element alike: the first kernels that one writes."""

import numpy as np

from labkit.kernels._numba import loops, prange
from labkit.kernels.each import each, four_each
from labkit.kernels.registry import Budget, Work, register


def add_numpy(out, a, b):
    """out = a + b"""
    np.add(a, b, out=out)


@loops
def add_cpu(out, a, b):
    for i in prange(out.size):
        out[i] = a[i] + b[i]


def add_of(a, b):
    return a + b


def _add_arguments(rng, size):
    a, b = rng.standard_normal((2, size), dtype=np.float32)
    return np.empty(size, np.float32), a, b


add = register(
    name="add",
    doc="out = a + b, element by element",
    signature="void(float32[::1], float32[::1], float32[::1])",
    oracle=add_numpy,
    cpu=add_cpu,
    cuda=each(add_of, "add", 2, writes="out"),
    launch=lambda out, a, b: four_each(out.size),
    arguments=_add_arguments,
    work=lambda out, a, b: Work(bytes=12 * out.size, operations=out.size),
    budget=Budget(registers=40),
    bench_size=10_000_000,
)
