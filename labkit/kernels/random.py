"""Random numbers that are the same on every device: Philox 4x32-10 (Salmon, Moraes, Dror and Shaw 2011).

A counter-based generator has no state. It scrambles a counter, so draw number d of run r is computed from (seed, stream,
r, d) alone: by any thread, in any order, on any device. The first runs of a large swarm are the runs of a small one.
"""

import numpy as np

from labkit.kernels._numba import loops, njit, prange
from labkit.kernels.registry import Budget, Work, one_thread_each, register

_32 = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_MULTIPLIER_0, _MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_8, _ZERO = np.uint64(8), np.uint64(0)
_ONE = np.float32(1)
_STEP = np.float32(2.0**-23)


def philox(c0, c1, c2, c3, k0, k1):
    """Four random 32-bit words for a counter of four and a key of two. All are uint64 that hold 32 bits each, so that a
    product keeps its high half and Numba, which widens uint32, has nothing to widen. Works on scalars and on arrays."""
    for _ in range(10):
        p0 = _MULTIPLIER_0 * c0
        p1 = _MULTIPLIER_1 * c2
        c0, c1, c2, c3 = (p1 >> _32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _32) ^ c3 ^ k1, p0 & _LOW
        k0 = (k0 + _WEYL_0) & _LOW
        k1 = (k1 + _WEYL_1) & _LOW
    return c0, c1, c2, c3


def signed_unit(word):
    """A float32 in [-1, 1) from the upper 24 bits of a word. Every step is exact, so every device gives the same bits."""
    return np.float32(np.int32(word >> _8)) * _STEP - _ONE


philox_cpu = njit(philox)
philox_inline = njit(philox, inline="always")
signed_unit_cpu = njit(signed_unit)


def uniform_numpy(out, size, seed, stream):
    """out[d, r] = draw d of run r, uniform in [-size, size)."""
    run = np.arange(out.shape[1], dtype=np.uint64)
    zero = np.zeros_like(run)
    for d in range(out.shape[0]):
        words = philox(zero + np.uint64(d // 4), run, zero, zero + stream, seed & _LOW, seed >> _32)
        out[d] = size * signed_unit(words[d % 4])


@njit
def _four_draws(out, size, first, block, stream, k0, k1):
    """Draws 4 block to 4 block + 3 of the runs from `first` on, a row each. Apart from the parallel loop, with nothing called and a table
    of its own, whose numbers lie side by side, so that the compiler makes vector code of it."""
    for l in range(out.shape[1]):
        a, b, c, e = philox_inline(np.uint64(block), np.uint64(first + l), _ZERO, stream, k0, k1)
        out[0, l], out[1, l] = size * signed_unit_cpu(a), size * signed_unit_cpu(b)
        out[2, l], out[3, l] = size * signed_unit_cpu(c), size * signed_unit_cpu(e)


@loops
def uniform_cpu(out, size, seed, stream):
    draws, runs = out.shape
    k0, k1 = seed & _LOW, seed >> _32
    for chunk in prange((runs + 1023) // 1024):
        first, last = 1024 * chunk, min(runs, 1024 * chunk + 1024)
        four = np.empty((4, last - first), np.float32)
        for block in range((draws + 3) // 4):
            _four_draws(four, size, first, block, stream, k0, k1)
            for d in range(4 * block, min(draws, 4 * block + 4)):
                out[d, first:last] = four[d - 4 * block]


def uniform_cuda(cuda):
    """The optimization it shows: nothing is read, because the numbers are computed and not stored."""
    philox_device = cuda.jit(device=True)(philox)
    signed_unit_device = cuda.jit(device=True)(signed_unit)

    def uniform(out, size, seed, stream):
        r = cuda.grid(1)
        if r < out.shape[1]:
            for block in range((out.shape[0] + 3) // 4):
                d = 4 * block
                a, b, c, e = philox_device(np.uint64(block), np.uint64(r), np.uint64(0), stream, seed & _LOW, seed >> _32)
                out[d, r] = size * signed_unit_device(a)
                if d + 1 < out.shape[0]:
                    out[d + 1, r] = size * signed_unit_device(b)
                if d + 2 < out.shape[0]:
                    out[d + 2, r] = size * signed_unit_device(c)
                if d + 3 < out.shape[0]:
                    out[d + 3, r] = size * signed_unit_device(e)

    return uniform


uniform = register(
    name="uniform",
    doc="draws of a swarm: out[d, r] is draw d of run r, uniform in [-size, size)",
    signature="void(float32[:, ::1], float32, uint64, uint64)",
    oracle=uniform_numpy,
    cpu=uniform_cpu,
    cuda=uniform_cuda,
    launch=lambda out, *_: one_thread_each(out.shape[1]),
    arguments=lambda rng, size: (np.empty((9, size), np.float32), np.float32(0.3), rng.integers(2**63, dtype=np.uint64), np.uint64(7)),
    work=lambda out, *_: Work(bytes=4 * out.size, operations=24 * out.size),    # ten rounds give four draws
    budget=Budget(registers=48),
    bench_size=1_000_000,
)


def draws(runs, count, size, seed, stream=0):
    """`count` uniform draws in [-size, size) for each of `runs` runs: a float32 array (count, runs).

    `stream` keeps draws for different purposes apart under one seed.
    """
    out = np.empty((count, runs), np.float32)
    uniform.on_current(out, np.float32(size), np.uint64(seed), np.uint64(stream))
    return out


def orders(count, length, seed, stream=1):
    """`count` random orders of `length` things: an int32 array (count, length), each row a permutation.

    Every thing gets a random key, and the keys are sorted.
    """
    return np.argsort(draws(length, count, 1, seed, stream), axis=1, kind="stable").astype(np.int32)
