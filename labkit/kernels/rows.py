"""Whole rows: choosing some of them, and the best column of each."""

import numpy as np

from labkit.kernels._numba import loops, prange
from labkit.kernels.each import HIGH, WIDE
from labkit.kernels.registry import Budget, Work, one_thread_each, register


def take_rows_numpy(out, x, rows):
    """out[i] = x[rows[i]]"""
    np.take(x, rows, axis=0, out=out)


def take_rows_cpu(out, x, rows, threads=1):
    """NumPy copies row by row, at the speed of memory."""
    np.take(x, rows, axis=0, out=out)


def take_rows_cuda(cuda):
    """The optimization it shows: a thread an element and not a row, so that neighbouring threads read neighbouring numbers."""

    def take_rows(out, x, rows):
        i = cuda.blockIdx.x * HIGH + cuda.threadIdx.y
        j = cuda.blockIdx.y * WIDE + cuda.threadIdx.x
        if i < out.shape[0] and j < out.shape[1]:
            out[i, j] = x[rows[i], j]

    return take_rows


def row_argmax_numpy(out, x):
    """out[i] = the column of the largest element of row i, the first of equals"""
    out[...] = np.argmax(x, axis=1)


@loops
def row_argmax_cpu(out, x):
    for i in prange(x.shape[0]):
        best, largest = 0, x[i, 0]
        for j in range(1, x.shape[1]):
            larger = x[i, j] > largest
            best = j if larger else best                # chosen, not branched to: a processor cannot guess where the largest is
            largest = x[i, j] if larger else largest
        out[i] = best


def row_argmax_cuda(cuda):
    def row_argmax(out, x):
        i = cuda.grid(1)
        if i < x.shape[0]:
            best = 0
            for j in range(1, x.shape[1]):
                if x[i, j] > x[i, best]:
                    best = j
            out[i] = best

    return row_argmax


take_rows = register(
    name="take_rows", doc="out[i] = x[rows[i]]", signature="void(float32[:, ::1], float32[:, ::1], int64[::1])",
    oracle=take_rows_numpy, cpu=take_rows_cpu, cuda=take_rows_cuda,
    launch=lambda out, *_: (((out.shape[0] + HIGH - 1) // HIGH, (out.shape[1] + WIDE - 1) // WIDE), (WIDE, HIGH)),
    arguments=lambda rng, size: [np.full((size, 7), np.nan, np.float32), rng.standard_normal((size + 1, 7), dtype=np.float32),
                                 rng.integers(0, size + 1, size)],
    work=lambda out, *_: Work(bytes=2 * out.nbytes, operations=out.size),
    budget=Budget(registers=40), bench_size=100_000,
)
row_argmax = register(
    name="row_argmax", doc="out[i] = the column of the largest element of row i", signature="void(int64[::1], float32[:, ::1])",
    oracle=row_argmax_numpy, cpu=row_argmax_cpu, cuda=row_argmax_cuda,
    launch=lambda out, x: one_thread_each(out.size),
    arguments=lambda rng, size: [np.full(size, -1, np.int64), rng.standard_normal((size, 10), dtype=np.float32).round(1)],
    work=lambda out, x: Work(bytes=x.nbytes + out.nbytes, operations=x.size),
    budget=Budget(registers=32), bench_size=100_000,
)
