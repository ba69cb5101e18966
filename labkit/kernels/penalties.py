"""What regularizers do to parameters and gradients, in place: shrink, threshold, shorten."""

import math

import numpy as np

from labkit.kernels._numba import FINITE_MATH, loops, prange
from labkit.kernels.each import each, four_each
from labkit.kernels.registry import RESERVED, Budget, Work, register

_0, _1 = np.float32(0), np.float32(1)
WIDE, HIGH = 32, 16                         # a block for the lengths of columns: 32 columns, 16 rows at a time


def scale_numpy(w, c):
    """w <- c w"""
    w *= c


@loops
def scale_cpu(w, c):
    for i in prange(w.size):
        w[i] *= c


def scale_of(w, c):
    return c * w


def add_scaled_numpy(g, w, c):
    """g <- g + c w"""
    g += c * w


@loops(fastmath=FINITE_MATH)
def add_scaled_cpu(g, w, c):
    for i in prange(g.size):
        g[i] += c * w[i]


def add_scaled_of(g, w, c):
    return g + c * w


def soft_threshold_numpy(w, t):
    """w <- sign(w) max(|w| - t, 0): what is smaller than t becomes an exact zero"""
    w[...] = np.sign(w) * np.maximum(np.abs(w) - t, 0)


@loops
def soft_threshold_cpu(w, t):
    for i in prange(w.size):
        w[i] = w[i] - t if w[i] > t else (w[i] + t if w[i] < -t else w[i] * _0)


def soft_threshold_of(w, t):
    return w - t if w > t else (w + t if w < -t else w * _0)


def max_norm_numpy(w, c):
    """Shorten every column of w, a unit's incoming weights, that is longer than c to length c"""
    lengths = np.sqrt((w * w).sum(axis=0))
    w *= np.where(lengths > c, c / np.where(lengths > c, lengths, 1), 1)


@loops(fastmath=FINITE_MATH)
def max_norm_cpu(w, c):
    for block in prange((w.shape[1] + 1023) // 1024):       # 1,024 columns at a time: their lengths stay in the cache, row after row
        first, end = 1024 * block, min(w.shape[1], 1024 * block + 1024)
        factor = np.zeros(end - first, w.dtype)
        for i in range(w.shape[0]):
            row = w[i, first:end]
            for j in range(factor.size):
                factor[j] += row[j] * row[j]
        for j in range(factor.size):
            length = math.sqrt(factor[j])
            factor[j] = c / length if length > c else _1
        for i in range(w.shape[0]):
            row = w[i, first:end]
            for j in range(factor.size):
                row[j] *= factor[j]


def max_norm_cuda(cuda):
    """The optimizations it shows: neighbouring threads take neighbouring columns, so that each row is read in one go; and a column
    has as many threads as a block is high, which add up their parts in shared memory."""

    def max_norm(w, c):
        part = cuda.shared.array((HIGH, WIDE), np.float32)
        tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
        j = cuda.blockIdx.x * WIDE + tx
        squares = _0
        if j < w.shape[1]:
            for i in range(ty, w.shape[0], HIGH):
                squares += w[i, j] * w[i, j]
        part[ty, tx] = squares
        cuda.syncthreads()
        squares = _0
        for k in range(HIGH):
            squares += part[k, tx]
        length = math.sqrt(squares)
        if j < w.shape[1] and length > c:
            for i in range(ty, w.shape[0], HIGH):
                w[i, j] *= c / length

    return max_norm


def _vectors(count, scalar):
    return lambda rng, size: [*rng.standard_normal((count, size), dtype=np.float32), np.float32(scalar)]


def _register(name, oracle, cpu, formula, arrays, writes, scalar):
    return register(
        name=name, oracle=oracle, cpu=cpu, cuda=each(formula, name, arrays, writes),
        signature=f"void({'float32[::1], ' * arrays}float32)",
        launch=lambda w, *_: four_each(w.size), arguments=_vectors(arrays, scalar),
        work=lambda w, *_: Work(bytes=(arrays + 1) * w.nbytes, operations=2 * w.size),
        budget=Budget(registers=40), tolerance=1e-6, bench_size=10_000_000)


scale = _register("scale", scale_numpy, scale_cpu, scale_of, 1, "w", 0.9)
add_scaled = _register("add_scaled", add_scaled_numpy, add_scaled_cpu, add_scaled_of, 2, "g", 0.1)
soft_threshold = _register("soft_threshold", soft_threshold_numpy, soft_threshold_cpu, soft_threshold_of, 1, "w", 0.4)
max_norm = register(
    name="max_norm", oracle=max_norm_numpy, cpu=max_norm_cpu, cuda=max_norm_cuda,
    signature="void(float32[:, ::1], float32)",
    launch=lambda w, c: ((w.shape[1] + WIDE - 1) // WIDE, (WIDE, HIGH)),
    arguments=lambda rng, size: [rng.standard_normal((37, size), dtype=np.float32), np.float32(5)],
    work=lambda w, *_: Work(bytes=2 * w.nbytes, operations=3 * w.size),
    budget=Budget(registers=40, shared_bytes=4 * WIDE * HIGH + RESERVED), tolerance=1e-6, bench_size=10_000)
