"""Networks of threshold units with weights drawn at random: which of the 16 functions of two inputs does each compute?"""

import numpy as np

from labkit.kernels._numba import loops, njit, prange
from labkit.kernels.random import philox, philox_cpu, signed_unit, signed_unit_cpu
from labkit.kernels.registry import Budget, Work, one_thread_each, register

_LOW, _32, _ZERO64 = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(0)
_0 = np.float32(0)


def threshold_tables_numpy(tables, hidden, seed, stream):
    """tables[r]: bit c is what network r says at corner c of (0,0), (0,1), (1,0), (1,1); XOR is 0b0110.

    A unit fires where its weighted sum is above 0. Block k of run r's draws holds hidden unit k's w1, w2, bias and its weight
    to the output; the block after them the output's bias. Without hidden units the output is a single line, block 0.
    """
    run = np.arange(len(tables), dtype=np.uint64)
    zero = np.zeros_like(run)

    def block(k):
        return [signed_unit(word) for word in philox(zero + np.uint64(k), run, zero, zero + stream, seed & _LOW, seed >> _32)]

    tables[:] = 0
    for corner in range(4):
        x1, x2 = np.float32(corner // 2), np.float32(corner % 2)
        if hidden == 0:
            w1, w2, b, _ = block(0)
            z = w1 * x1 + w2 * x2 + b
        else:
            z = block(hidden)[0]
            for k in range(hidden):
                w1, w2, b, v = block(k)
                z = z + np.where(w1 * x1 + w2 * x2 + b > 0, v, _0)
        tables += ((z > 0) << corner).astype(np.uint8)


@njit
def _unit_cpu(k, r, stream, k0, k1):
    a, b, c, d = philox_cpu(k, r, _ZERO64, stream, k0, k1)
    return signed_unit_cpu(a), signed_unit_cpu(b), signed_unit_cpu(c), signed_unit_cpu(d)


@loops
def threshold_tables_cpu(tables, hidden, seed, stream):
    k0, k1 = seed & _LOW, seed >> _32
    for r in prange(len(tables)):
        w1, w2, b, v = _unit_cpu(np.uint64(hidden), np.uint64(r), stream, k0, k1)
        z0 = z1 = z2 = z3 = w1
        for k in range(hidden):
            w1, w2, b, v = _unit_cpu(np.uint64(k), np.uint64(r), stream, k0, k1)
            z0 += v if b > _0 else _0
            z1 += v if w2 + b > _0 else _0
            z2 += v if w1 + b > _0 else _0
            z3 += v if w1 + w2 + b > _0 else _0
        if hidden == 0:
            z0, z1, z2, z3 = b, w2 + b, w1 + b, w1 + w2 + b
        tables[r] = (z0 > _0) | (z1 > _0) << 1 | (z2 > _0) << 2 | (z3 > _0) << 3


def threshold_tables_cuda(cuda):
    """The optimization it shows: a network that nobody stores. Its weights are drawn, used and forgotten in registers."""
    philox_device = cuda.jit(device=True)(philox)
    signed_unit_device = cuda.jit(device=True)(signed_unit)

    def threshold_tables(tables, hidden, seed, stream):
        r = cuda.grid(1)
        if r < tables.size:
            k0 = seed & _LOW
            k1 = seed >> _32
            c, d, e, f = philox_device(np.uint64(hidden), np.uint64(r), _ZERO64, stream, k0, k1)
            z0 = z1 = z2 = z3 = signed_unit_device(c)
            if hidden == 0:
                w2 = signed_unit_device(d)
                b = signed_unit_device(e)
                z3 = (z0 + w2) + b
                z2 = z0 + b
                z1 = w2 + b
                z0 = b
            for k in range(hidden):
                c, d, e, f = philox_device(np.uint64(k), np.uint64(r), _ZERO64, stream, k0, k1)
                w1 = signed_unit_device(c)
                w2 = signed_unit_device(d)
                b = signed_unit_device(e)
                v = signed_unit_device(f)
                z0 += v if b > _0 else _0
                z1 += v if w2 + b > _0 else _0
                z2 += v if w1 + b > _0 else _0
                z3 += v if w1 + w2 + b > _0 else _0
            table = np.uint8(0)
            if z0 > _0:
                table += np.uint8(1)
            if z1 > _0:
                table += np.uint8(2)
            if z2 > _0:
                table += np.uint8(4)
            if z3 > _0:
                table += np.uint8(8)
            tables[r] = table

    return threshold_tables


def _arguments(rng, size):
    return np.empty(size, np.uint8), np.int32(size % 4), rng.integers(2**63, dtype=np.uint64), np.uint64(3)


threshold_tables = register(
    name="threshold_tables",
    doc="the function that each of many random threshold networks computes",
    signature="void(uint8[::1], int32, uint64, uint64)",
    oracle=threshold_tables_numpy,
    cpu=threshold_tables_cpu,
    cuda=threshold_tables_cuda,
    launch=lambda tables, *_: one_thread_each(tables.size),
    arguments=_arguments,
    work=lambda tables, hidden, *_: Work(bytes=tables.size, operations=110 * (int(hidden) + 1) * tables.size),
    budget=Budget(registers=56),
    sizes=(0, 1, 3, 34, 257),
    bench_size=1_000_002,           # two hidden units
)
