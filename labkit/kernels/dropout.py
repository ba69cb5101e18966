"""Dropout masks. The random numbers are computed, not stored: every element has its own, whatever thread asks for it."""

import numpy as np

from labkit.kernels._numba import loops, prange
from labkit.kernels.random import philox, philox_cpu
from labkit.kernels.registry import Budget, Work, one_thread_each, register

_LOW, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)
_ZERO = np.uint64(0)
_0 = np.float32(0)


def dropout_mask_numpy(mask, bar, kept, seed, draw):
    """mask[i] = 0 where random word i of this seed and draw is below `bar` (the rate times 2^32), `kept` elsewhere"""
    block = np.arange((len(mask) + 3) // 4, dtype=np.uint64)
    zero = np.zeros_like(block)
    words = philox(block & _LOW, block >> _32, zero + draw, zero, seed & _LOW, seed >> _32)
    mask[...] = np.where(np.stack(words, axis=1).ravel()[:len(mask)] < bar, 0, kept)


@loops
def dropout_mask_cpu(mask, bar, kept, seed, draw):
    n = mask.size
    k0, k1 = seed & _LOW, seed >> _32
    for block in prange(n // 4):
        a, b, c, d = philox_cpu(np.uint64(block) & _LOW, np.uint64(block) >> _32, draw, _ZERO, k0, k1)
        mask[4 * block] = _0 if a < bar else kept
        mask[4 * block + 1] = _0 if b < bar else kept
        mask[4 * block + 2] = _0 if c < bar else kept
        mask[4 * block + 3] = _0 if d < bar else kept
    last = n // 4
    words = philox_cpu(np.uint64(last) & _LOW, np.uint64(last) >> _32, draw, _ZERO, k0, k1)
    for i in range(4 * last, n):
        mask[i] = _0 if words[i - 4 * last] < bar else kept


def dropout_mask_cuda(cuda):
    """The optimization it shows: a thread computes four random words at once, which is what one call of the generator gives."""
    philox_device = cuda.jit(device=True)(philox)

    def dropout_mask(mask, bar, kept, seed, draw):
        block = cuda.grid(1)
        first = 4 * block
        if first < mask.size:
            a, b, c, d = philox_device(np.uint64(block) & _LOW, np.uint64(block) >> _32, draw, _ZERO, seed & _LOW, seed >> _32)
            mask[first] = _0 if a < bar else kept
            if first + 1 < mask.size:
                mask[first + 1] = _0 if b < bar else kept
            if first + 2 < mask.size:
                mask[first + 2] = _0 if c < bar else kept
            if first + 3 < mask.size:
                mask[first + 3] = _0 if d < bar else kept

    return dropout_mask


dropout_mask = register(
    name="dropout_mask", doc="a dropout mask: 0 with probability rate, `kept` elsewhere",
    signature="void(float32[::1], uint64, float32, uint64, uint64)",
    oracle=dropout_mask_numpy, cpu=dropout_mask_cpu, cuda=dropout_mask_cuda,
    launch=lambda mask, *_: one_thread_each((mask.size + 3) // 4),
    arguments=lambda rng, size: [np.full(size, np.nan, np.float32), np.uint64(0.2 * 2**32), np.float32(1.25),
                                 rng.integers(2**63, dtype=np.uint64), np.uint64(3)],
    work=lambda mask, *_: Work(bytes=mask.nbytes, operations=24 * mask.size),
    budget=Budget(registers=48),
)
