"""Many numbers become few: sums by column, the sum of all."""

import numpy as np

from labkit.kernels._numba import FINITE_MATH, loops, prange
from labkit.kernels.registry import RESERVED, Budget, Work, register

_0 = np.float32(0)
WIDE, HIGH = 32, 8                          # a block for column sums: 32 columns, 8 rows at a time
THREADS = 256                               # a block for the sum of all


def column_sums_numpy(out, x, scale, keep):
    """out[j] = scale (sum over i of x[i, j]) + keep out[j]"""
    total = scale * np.sum(x, axis=0)
    out[...] = total + keep * out if keep else total


@loops(fastmath=FINITE_MATH)
def column_sums_cpu(out, x, scale, keep):
    n, fours = x.shape[0], x.shape[0] - x.shape[0] % 4
    for block in prange((x.shape[1] + 1023) // 1024):   # 1,024 columns at a time: their sums stay in the cache, row after row
        first, end = 1024 * block, min(x.shape[1], 1024 * block + 1024)
        sums = out[first:end]
        for j in range(sums.size):
            sums[j] = keep * sums[j] if keep != 0 else 0        # what is not kept may never have been written
        for i in range(0, fours, 4):                    # four rows at a time: a sum is read and written once for four numbers
            a, b, c, d = x[i, first:end], x[i + 1, first:end], x[i + 2, first:end], x[i + 3, first:end]
            for j in range(sums.size):
                sums[j] += scale * ((a[j] + b[j]) + (c[j] + d[j]))
        for i in range(fours, n):
            a = x[i, first:end]
            for j in range(sums.size):
                sums[j] += scale * a[j]


def column_sums_cuda(cuda):
    """The optimization it shows: a block reads 8 rows of 32 neighbouring columns at a time, and adds its rows up in shared memory."""

    def column_sums(out, x, scale, keep):
        part = cuda.shared.array((HIGH, WIDE), np.float32)
        tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
        j = cuda.blockIdx.x * WIDE + tx
        mine = _0
        if j < x.shape[1]:
            for i in range(ty, x.shape[0], HIGH):
                mine += x[i, j]
        part[ty, tx] = mine
        cuda.syncthreads()
        if ty == 0 and j < x.shape[1]:
            for k in range(1, HIGH):
                mine += part[k, tx]
            if keep != _0:                                  # what is not kept may never have been written
                out[j] = scale * mine + keep * out[j]
            else:
                out[j] = scale * mine

    return column_sums


def total_numpy(out, x):
    """out[0] = sum of x"""
    out[0] = np.sum(x)


def total_cpu(out, x, threads=1):
    """NumPy's own sum is vector code, and adds in pairs: small errors."""
    out[0] = np.sum(x)


def total_cuda(cuda):
    """The optimization it shows: a tree. Half of the threads add what the other half holds, then half of those."""

    def total(out, x):
        part = cuda.shared.array(THREADS, np.float32)
        t = cuda.threadIdx.x
        mine = _0
        for i in range(t, x.size, THREADS):
            mine += x[i]
        part[t] = mine
        cuda.syncthreads()
        half = THREADS // 2
        while half > 0:
            if t < half:
                part[t] += part[t + half]
            cuda.syncthreads()
            half //= 2
        if t == 0:
            out[0] = part[0]

    return total


column_sums = register(
    name="column_sums", doc="out[j] = scale (sum over i of x[i, j]) + keep out[j]",
    signature="void(float32[::1], float32[:, ::1], float32, float32)",
    oracle=column_sums_numpy, cpu=column_sums_cpu, cuda=column_sums_cuda,
    launch=lambda out, *_: ((out.size + WIDE - 1) // WIDE, (WIDE, HIGH)),
    arguments=lambda rng, size: [rng.random(size, dtype=np.float32), rng.standard_normal((37, size), dtype=np.float32),
                                 np.float32(0.5), np.float32(0.9)],
    work=lambda out, x, *_: Work(bytes=x.nbytes + out.nbytes, operations=x.size),
    budget=Budget(registers=32, shared_bytes=4 * WIDE * HIGH + RESERVED), tolerance=1e-5,
)
total = register(
    name="total", doc="out[0] = sum of x", signature="void(float32[::1], float32[::1])",
    oracle=total_numpy, cpu=total_cpu, cuda=total_cuda,
    launch=lambda out, x: (1, THREADS),
    arguments=lambda rng, size: [np.full(1, np.nan, np.float32), rng.random(size, dtype=np.float32)],
    work=lambda out, x: Work(bytes=x.nbytes, operations=x.size),
    budget=Budget(registers=32, shared_bytes=4 * THREADS + RESERVED), tolerance=1e-5, bench_size=100_000,
)
