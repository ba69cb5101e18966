"""Dropout masks. The random numbers are computed, not stored: every element has its own, whatever thread asks for it."""

import numpy as np

from labkit.kernels._numba import loops, njit, prange
from labkit.kernels.random import philox, philox_cpu, philox_inline
from labkit.kernels.registry import Budget, Work, one_thread_each, register

_LOW, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)
_ZERO = np.uint64(0)
_0 = np.float32(0)
_BLOCK, _QUARTER = np.uint64(1024), np.uint64(256)


def dropout_mask_numpy(mask, bar, kept, seed, draw):
    """mask[i] = 0 where the random word of element i is below `bar` (the rate times 2^32), `kept` elsewhere

    Counter c gives four words, one for each quarter of a block of 1024 elements, so that neighbours come from neighbours.
    """
    i = np.arange(len(mask), dtype=np.uint64)
    counter, quarter = i // _BLOCK * _QUARTER + i % _QUARTER, i % _BLOCK // _QUARTER
    zero = np.zeros_like(i)
    words = philox(counter & _LOW, counter >> _32, zero + draw, zero, seed & _LOW, seed >> _32)
    mask[...] = np.where(np.choose(quarter.astype(int), words) < bar, 0, kept)


@njit
def _whole_block(mask, block, bar, kept, draw, k0, k1):
    """1024 elements. Apart from the parallel loop, and with plain indices, so that the compiler makes vector code of it."""
    for l in range(256):
        c = np.uint64(block * 256 + l)
        w0, w1, w2, w3 = philox_inline(c & _LOW, c >> _32, draw, _ZERO, k0, k1)
        mask[l] = _0 if w0 < bar else kept
        mask[256 + l] = _0 if w1 < bar else kept
        mask[512 + l] = _0 if w2 < bar else kept
        mask[768 + l] = _0 if w3 < bar else kept


@loops
def dropout_mask_cpu(mask, bar, kept, seed, draw):
    k0, k1 = seed & _LOW, seed >> _32
    for block in prange((mask.size + 1023) // 1024):
        first = 1024 * block
        if first + 1024 <= mask.size:
            _whole_block(mask[first:first + 1024], block, bar, kept, draw, k0, k1)
        else:
            for i in range(first, mask.size):
                c = np.uint64(256 * block + i % 256)
                words = philox_cpu(c & _LOW, c >> _32, draw, _ZERO, k0, k1)
                mask[i] = _0 if words[(i - first) // 256] < bar else kept


def dropout_mask_cuda(cuda):
    """The optimization it shows: one call of the generator gives four words, and a warp writes each quarter's in one go."""
    philox_device = cuda.jit(device=True)(philox)

    def dropout_mask(mask, bar, kept, seed, draw):
        c = cuda.grid(1)
        first = c // 256 * 1024 + c % 256
        if first < mask.size:
            w0, w1, w2, w3 = philox_device(np.uint64(c) & _LOW, np.uint64(c) >> _32, draw, _ZERO, seed & _LOW, seed >> _32)
            mask[first] = _0 if w0 < bar else kept
            if first + 256 < mask.size:
                mask[first + 256] = _0 if w1 < bar else kept
            if first + 512 < mask.size:
                mask[first + 512] = _0 if w2 < bar else kept
            if first + 768 < mask.size:
                mask[first + 768] = _0 if w3 < bar else kept

    return dropout_mask


dropout_mask = register(
    name="dropout_mask", doc="a dropout mask: 0 with probability rate, `kept` elsewhere",
    signature="void(float32[::1], uint64, float32, uint64, uint64)",
    oracle=dropout_mask_numpy, cpu=dropout_mask_cpu, cuda=dropout_mask_cuda,
    launch=lambda mask, *_: one_thread_each((mask.size + 1023) // 1024 * 256),
    arguments=lambda rng, size: [np.full(size, np.nan, np.float32), np.uint64(0.2 * 2**32), np.float32(1.25),
                                 rng.integers(2**63, dtype=np.uint64), np.uint64(3)],
    work=lambda mask, *_: Work(bytes=mask.nbytes, operations=24 * mask.size),
    budget=Budget(registers=48), sizes=(0, 1, 3, 257, 1023, 1025, 3001),
)
