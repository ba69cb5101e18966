"""Right kernels, each with what it has to compute. None may be accused of anything."""

import cmath
import importlib.util
import math
import operator
from collections import namedtuple
from pathlib import Path

import numpy as np

from labkit.emulator import cuda

_spec = importlib.util.spec_from_file_location("emulator_cases", Path(__file__).with_name("cases.py"))
cases = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(cases)
f32, i32, ramp, noise, zeros = cases.f32, cases.i32, cases.ramp, cases.noise, cases.zeros

CASES = []
_, right = cases.entry(CASES)

TILE = 8
PADDED = TILE + 1
ONE = f32(1)
THREADS = 64
WEIGHTS = np.array([0.25, 0.5, 0.25], f32)


# Maps


@right(4, 32, lambda: (zeros(100), ramp(100), noise(100)), lambda out, a, b: a + b)
def add(out, a, b):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = a[i] + b[i]


@right(2, 16, lambda: (zeros(100), noise(100)), lambda out, a: np.maximum(a, 0))
def relu_in_strides(out, a):
    for i in range(cuda.grid(1), a.size, cuda.gridsize(1)):
        out[i] = max(a[i], f32(0))


@right(2, 16, lambda: (zeros(50), noise(50)), lambda out, a: a * a)
def squares_in_a_while(out, a):
    i = cuda.grid(1)
    while i < a.size:
        out[i] = a[i] ** 2
        i += cuda.gridsize(1)


@right((3, 2), (8, 8), lambda: (zeros(11, 21), noise(11, 21)), lambda out, a: -a)
def negate_2d(out, a):
    x, y = cuda.grid(2)
    if y < a.shape[0] and x < a.shape[1]:
        out[y, x] = -a[y, x]


@right((2, 2, 2), (4, 3, 2), lambda: (zeros(3, 5, 7), noise(3, 5, 7)), lambda out, a: a + np.float32(1))
def add_one_3d(out, a):
    x, y, z = cuda.grid(3)
    depth, height, width = a.shape
    if z < depth and y < height and x < width:
        out[z, y, x] = a[z, y, x] + f32(1)


@right(2, 32, lambda: (zeros(50), noise(50)), lambda out, a: 1 / (1 + np.exp(-a)))
def sigmoid(out, a):
    i = cuda.grid(1)
    if i >= a.size:
        return
    out[i] = f32(1) / (f32(1) + math.exp(-a[i]))


@right(1, 64, lambda: (zeros(60), noise(60), np.float32(0.1)), lambda out, a, rate: -rate * a)
def step_down(out, gradient, rate):
    i = cuda.grid(1)
    if i < out.size:
        out[i] -= rate * gradient[i]


@right(1, 64, lambda: (noise(60), noise(60, seed=1), zeros(60), f32(0.01), f32(0.9), f32(1e-8)),
       lambda w, g, s, rate, decay, eps: w - rate * g / (np.sqrt((1 - decay) * g * g) + eps))
def rmsprop(w, g, s, rate, decay, eps):
    i = cuda.grid(1)
    if i < w.size:
        gi = g[i]
        si = decay * s[i] + (f32(1) - decay) * gi * gi
        s[i] = si
        w[i] -= rate * gi / (math.sqrt(si) + eps)


@right(1, 32, lambda: (zeros(30), noise(30)), lambda out, a: np.where(a > 0, a, np.float32(0.25) * a))
def leaky(out, a):
    i = cuda.grid(1)
    if i < a.size:
        out[i] = a[i] if a[i] > f32(0) else f32(0.25) * a[i]


@right(2, 32, lambda: (zeros(40), noise(40)), lambda out, a: np.where(np.arange(40) % 3 == 0, a, np.where(np.arange(40) % 3 == 1, -a, 0)))
def three_way(out, a):
    i = cuda.grid(1)
    if i < a.size:
        if i % 3 == 0:
            out[i] = a[i]
        elif i % 3 == 1:
            out[i] = -a[i]
        else:
            out[i] = 0


# Stencils and products


@right(3, 16, lambda: (zeros(40), noise(40)), lambda out, a: np.convolve(np.pad(a, 1), WEIGHTS, "valid"))
def smooth(out, a):
    i = cuda.grid(1)
    if i < a.size:
        total = f32(0)
        for k in range(3):
            j = i + k - 1
            if 0 <= j < a.size:
                total += WEIGHTS[k] * a[j]
        out[i] = total


@right(3, 16, lambda: (zeros(40), noise(40)), lambda out, a: np.convolve(np.pad(a, 1), np.ones(3, f32), "valid"))
def smooth_in_shared_memory(out, a):
    s = cuda.shared.array(18, f32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    s[t + 1] = a[i] if i < a.size else f32(0)
    if t == 0:
        s[0] = a[i - 1] if 0 < i <= a.size else f32(0)
    if t == 15:
        s[17] = a[i + 1] if i + 1 < a.size else f32(0)
    cuda.syncthreads()
    if i < out.size:
        out[i] = s[t] + s[t + 1] + s[t + 2]


@right((3, 3), (TILE, TILE), lambda: (zeros(19, 21), noise(19, 13), noise(13, 21, seed=1)), lambda c, a, b: a @ b)
def product(c, a, b):
    x, y = cuda.grid(2)
    if y < c.shape[0] and x < c.shape[1]:
        total = f32(0)
        for k in range(a.shape[1]):
            total += a[y, k] * b[k, x]
        c[y, x] = total


@right((3, 3), (TILE, TILE), lambda: (zeros(19, 21), noise(19, 13), noise(13, 21, seed=1)), lambda c, a, b: a @ b)
def product_in_tiles(c, a, b):
    sa = cuda.shared.array((TILE, TILE), f32)
    sb = cuda.shared.array((TILE, TILE), f32)
    x, y = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    total = f32(0)
    for start in range(0, a.shape[1], TILE):
        sa[ty, tx] = a[y, start + tx] if y < a.shape[0] and start + tx < a.shape[1] else f32(0)
        sb[ty, tx] = b[start + ty, x] if start + ty < b.shape[0] and x < b.shape[1] else f32(0)
        cuda.syncthreads()
        for k in range(TILE):
            total += sa[ty, k] * sb[k, tx]
        cuda.syncthreads()
    if y < c.shape[0] and x < c.shape[1]:
        c[y, x] = total


@right((2, 2), (4, 4), lambda: (zeros(16, 16), noise(16, 8), noise(8, 16, seed=1)), lambda c, a, b: a @ b)
def product_with_registers(c, a, b):
    sums = cuda.local.array((2, 2), f32)
    x, y = cuda.grid(2)
    for i in range(2):
        for j in range(2):
            sums[i, j] = 0
    for k in range(a.shape[1]):
        for i in range(2):
            for j in range(2):
                sums[i, j] += a[2 * y + i, k] * b[k, 2 * x + j]
    for i in range(2):
        for j in range(2):
            c[2 * y + i, 2 * x + j] = sums[i, j]


@right((3, 2), (TILE, TILE), lambda: (zeros(21, 13), noise(13, 21)), lambda out, a: a.T)
def transpose_in_tiles(out, a):
    tile = cuda.shared.array((TILE, PADDED), f32)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    x, y = cuda.grid(2)
    if y < a.shape[0] and x < a.shape[1]:
        tile[ty, tx] = a[y, x]
    cuda.syncthreads()
    x = cuda.blockIdx.y * TILE + tx
    y = cuda.blockIdx.x * TILE + ty
    if y < out.shape[0] and x < out.shape[1]:
        out[y, x] = tile[tx, ty]


@right(2, 4, lambda: (zeros(7), noise(7, 5), noise(5, seed=2)), lambda out, w, x: w @ x)
def rows_as_views(out, w, x):
    i = cuda.grid(1)
    if i < w.shape[0]:
        row = w[i]
        total = f32(0)
        for k in range(len(row)):
            total += row[k] * x[k]
        out[i] = total


# Reductions


@right(1, THREADS, lambda: (zeros(1), noise(50)), lambda out, a: a.sum(keepdims=True))
def sum_in_a_tree(out, a):
    s = cuda.shared.array(THREADS, f32)
    t = cuda.threadIdx.x
    s[t] = a[t] if t < a.size else f32(0)
    cuda.syncthreads()
    step = THREADS // 2
    while step > 0:
        if t < step:
            s[t] += s[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        out[0] = s[0]


@right(4, 32, lambda: (zeros(1), noise(100)), lambda out, a: a.sum(keepdims=True))
def sum_by_blocks_and_atomic(out, a):
    s = cuda.shared.array(32, f32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    s[t] = a[i] if i < a.size else f32(0)
    cuda.syncthreads()
    for k in (16, 8, 4, 2, 1):
        if t < k:
            s[t] += s[t + k]
        cuda.syncthreads()
    if t == 0:
        cuda.atomic.add(out, 0, s[0])


@right(2, 64, lambda: (zeros(1), noise(120)), lambda out, a: a.sum(keepdims=True))
def sum_by_shuffles(out, a):
    i = cuda.grid(1)
    total = a[i] if i < a.size else f32(0)
    step = 16
    while step:
        total += cuda.shfl_down_sync(0xFFFFFFFF, total, step)
        step //= 2
    if cuda.laneid == 0:
        cuda.atomic.add(out, 0, total)


@right(1, 32, lambda: (zeros(32), noise(32)), lambda out, a: np.full(32, a.max()))
def largest_by_butterfly(out, a):
    t = cuda.threadIdx.x
    best = a[t]
    for k in range(5):
        best = max(best, cuda.shfl_xor_sync(0xFFFFFFFF, best, 1 << k))
    out[t] = best


@right(1, 32, lambda: (zeros(32), noise(32)), lambda out, a: np.cumsum(a))
def running_sum_of_a_warp(out, a):
    t = cuda.threadIdx.x
    total = a[t]
    for k in range(5):
        before = cuda.shfl_up_sync(0xFFFFFFFF, total, 1 << k)
        if t >= 1 << k:
            total += before
    out[t] = total


@right(1, 32, lambda: (zeros(32), noise(32)), lambda out, a: np.full(32, a[:32].sum()))
def warp_with_syncwarp(out, a):
    s = cuda.shared.array(32, f32)
    t = cuda.threadIdx.x
    s[t] = a[t]
    cuda.syncwarp()
    for k in (16, 8, 4, 2, 1):
        x = s[t] + s[(t + k) % 32]
        cuda.syncwarp()
        s[t] = x
        cuda.syncwarp()
    out[t] = s[t]


@right(1, 64, lambda: (zeros(64), noise(64)), lambda out, a: np.cumsum(a))
def scan_with_two_buffers(out, a):
    one = cuda.shared.array(64, f32)
    two = cuda.shared.array(64, f32)
    t = cuda.threadIdx.x
    source, target = one, two
    source[t] = a[t]
    cuda.syncthreads()
    step = 1
    while step < 64:
        target[t] = source[t] + source[t - step] if t >= step else source[t]
        cuda.syncthreads()
        source, target = target, source
        step *= 2
    out[t] = source[t]


@right(4, 32, lambda: (zeros(1), zeros(4), zeros(1, dtype=np.uint32), noise(128)), lambda out, partial, done, a: a.sum(keepdims=True))
def last_block_adds_up(out, partial, done, a):
    s = cuda.shared.array(32, f32)
    last = cuda.shared.array(1, i32)
    t = cuda.threadIdx.x
    s[t] = a[cuda.grid(1)]
    cuda.syncthreads()
    if t == 0:
        total = f32(0)
        for k in range(32):
            total += s[k]
        partial[cuda.blockIdx.x] = total
        cuda.threadfence()
        ticket = cuda.atomic.add(done, 0, 1)
        last[0] = 1 if ticket == cuda.gridDim.x - 1 else 0
    cuda.syncthreads()
    if last[0] == 1 and t == 0:
        total = f32(0)
        for k in range(cuda.gridDim.x):
            total += partial[k]
        out[0] = total


@right(3, 8, lambda: (zeros(24), noise(24)), lambda out, a: (a * 2)[::-1])
def two_phases_of_the_grid(out, a):
    i = cuda.grid(1)
    a[i] = f32(2) * a[i]
    cuda.cg.this_grid().sync()
    out[i] = a[a.size - 1 - i]


@right(1, 64, lambda: (zeros(3, dtype=i32), noise(64)), lambda out, a: np.array([(a > 0).sum(), (a > 2).any(), (a > -2).all()]))
def count_at_the_barrier(out, a):
    t = cuda.threadIdx.x
    positive = cuda.syncthreads_count(1 if a[t] > f32(0) else 0)
    large = cuda.syncthreads_or(1 if a[t] > f32(2) else 0)
    small = cuda.syncthreads_and(1 if a[t] > f32(-2) else 0)
    if t == 0:
        out[0] = positive
        out[1] = 1 if large else 0
        out[2] = 1 if small else 0


# Atomics


@right(4, 32, lambda: (zeros(8, dtype=i32), np.random.default_rng(0).integers(0, 8, 100).astype(i32)), lambda out, a: np.bincount(a, minlength=8))
def histogram(out, a):
    i = cuda.grid(1)
    if i < a.size:
        cuda.atomic.add(out, a[i], 1)


@right(4, 32, lambda: (zeros(8, dtype=i32), np.linspace(0, 7.9, 99, dtype=f32)), lambda out, a: np.bincount(a.astype(int), minlength=8))
def histogram_of_floats(out, a):
    for i in range(math.ceil(a.size / cuda.gridsize(1))):
        k = i * cuda.gridsize(1) + cuda.grid(1)
        if k < a.size:
            cuda.atomic.add(out, a[k], 1)


@right(4, 32, lambda: (zeros(8, dtype=i32), np.random.default_rng(0).integers(0, 8, 100).astype(i32)), lambda out, a: np.bincount(a, minlength=8))
def histogram_in_shared_memory(out, a):
    bins = cuda.shared.array(8, i32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    if t < 8:
        bins[t] = 0
    cuda.syncthreads()
    if i < a.size:
        cuda.atomic.add(bins, a[i], 1)
    cuda.syncthreads()
    if t < 8:
        cuda.atomic.add(out, t, bins[t])


@right(1, 8, lambda: (zeros(8), noise(8, 5)), lambda out, a: a.max(axis=1))
def largest_of_each_row(out, a):
    i = cuda.grid(1)
    largest = np.finfo(np.float32).min
    for x in a[i]:
        largest = max(largest, x)
    out[i] = largest


@right(2, 32, lambda: (np.array([-9, 9], f32), noise(60)), lambda out, a: np.array([a.max(), a.min()]))
def extremes(out, a):
    i = cuda.grid(1)
    if i < a.size:
        cuda.atomic.max(out, 0, a[i])
        cuda.atomic.min(out, 1, a[i])


@right(1, 32, lambda: (zeros(2, 2), noise(32)), lambda out, a: np.array([[a[::2].sum(), 0], [0, a[1::2].sum()]]))
def atomic_on_two_dimensions(out, a):
    t = cuda.threadIdx.x
    cuda.atomic.add(out, (t % 2, t % 2), a[t])


@right(2, 16, lambda: (zeros(2, dtype=np.int32), zeros(1, dtype=np.int32), np.arange(32, dtype=np.int32)),
       lambda out, lock, a: np.array([a.sum(), 32]))
def one_at_a_time_behind_a_lock(out, lock, a):
    i = cuda.grid(1)
    while cuda.atomic.cas(lock, 0, 0, 1) != 0:
        pass
    out[0] += a[i]
    out[1] += 1
    cuda.threadfence()
    cuda.atomic.exch(lock, 0, 0)


@right(1, 40, lambda: (np.ones(1, np.int64), np.full(40, 3, np.int64)), lambda out, a: np.array([3**39]))
def product_by_compare_and_swap(out, a):
    i = cuda.grid(1)
    if i < a.size - 1:
        old = cuda.atomic.add(out, 0, 0)
        while True:
            seen = old
            old = cuda.atomic.cas(out, 0, seen, seen * a[i])
            if old == seen:
                break


@right(2, 16, lambda: (zeros(20, dtype=i32), zeros(1, dtype=i32), noise(32)), lambda out, n, a: np.sort(np.flatnonzero(a > 0.5)))
def compact(out, n, a):
    i = cuda.grid(1)
    if a[i] > f32(0.5):
        place = cuda.atomic.add(n, 0, 1)
        out[place] = i


# Functions, constants, Python's smaller words


@cuda.jit(device=True)
def clipped(x, low, high=ONE):
    if x < low:
        return low
    if x > high:
        return high
    return x


@right(1, 32, lambda: (zeros(30), noise(30) * f32(3)), lambda out, a: np.clip(a, -0.5, 1))
def clip(out, a):
    i = cuda.grid(1)
    if i < a.size:
        out[i] = clipped(a[i], f32(-0.5))


@cuda.jit(device=True)
def quotient_and_rest(n, d):
    return n // d, n % d


@right(1, 32, lambda: (zeros(30, dtype=i32),), lambda out: 100 * (np.arange(30) // 7) + np.arange(30) % 7)
def two_results(out):
    i = cuda.grid(1)
    if i < out.size:
        row, column = quotient_and_rest(i, 7)
        out[i] = 100 * row + column


@right(1, 16, lambda: (zeros(16), noise(16)), lambda out, a: [(cmath.rect(float(x), 0.5) + cmath.sqrt(complex(x, 1))).real for x in a])
def complex_functions(out, a):
    i = cuda.grid(1)
    z = cmath.rect(a[i], f32(0.5)) + cmath.exp(cmath.log(complex(a[i], f32(1))) * f32(0.5))
    out[i] = z.real


def combined_by(operation, agrees):
    @right(1, 16, lambda: (zeros(16, dtype=i32), np.arange(16, dtype=i32)), lambda out, a: np.where(agrees(a, 7), operation(a, 3), a))
    @cuda.jit
    def combine(out, a):
        i = cuda.grid(1)
        out[i] = operation(a[i], 3) if agrees(a[i], 7) else a[i]
    combine.py_func.__name__ = f"combine_with_{operation.__name__}"


combined_by(operator.sub, operator.lt)
combined_by(operator.xor, operator.ne)


@right(1, 8, lambda: (zeros(8, dtype=np.float64), 123.456 * np.arange(-3.0, 5)), lambda out, a: [round(x, k - 3) for k, x in enumerate(a.tolist())])
def rounded_differently(out, a):
    i = cuda.grid(1)
    out[i] = round(a[i], i - 3)


@right(1, 1, lambda: (zeros(1, dtype=np.float64), np.array([1e300])), lambda out, a: a)
def rounded_where_it_is_whole(out, a):
    out[0] = round(a[0], 12)


@right(1, 16, lambda: (zeros(16), ramp(16)), lambda out, a: a[::-1])
def type_made_by_numpy(out, a):
    s = cuda.shared.array(16, np.dtype("float32"))
    t = cuda.threadIdx.x
    s[t] = a[t]
    cuda.syncthreads()
    out[t] = s[15 - t]


@right(1, 64, lambda: (zeros(2, 64, dtype=i32), np.repeat([4, 4, 5, 4], 16).astype(i32)), lambda out, a: np.repeat([[1, 0], [-1, 0]], 32, axis=1))
def match_all(out, a):
    t = cuda.threadIdx.x
    mask, alike = cuda.match_all_sync(0xFFFFFFFF, a[t])
    out[0, t] = 1 if alike else 0
    out[1, t] = mask


def scaled_by(factor):
    @cuda.jit
    def scale(out, a):
        i = cuda.grid(1)
        if i < a.size:
            out[i] = factor * a[i]
    return scale


right(1, 16, lambda: (zeros(10), noise(10)), lambda out, a: f32(3) * a)(scaled_by(f32(3)))


@right(1, 16, lambda: (zeros(12), noise(12)), lambda out, a: 3 * a)
def inner_function(out, a):
    def thrice(k):
        return f32(3) * a[k]
    i = cuda.grid(1)
    if i < a.size:
        out[i] = thrice(i)


@right(1, 16, lambda: (zeros(10, dtype=i32), np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3], i32)),
       lambda out, a: np.array([sum(k for k in range(n) if k % 2) for n in a]))
def break_and_continue(out, a):
    i = cuda.grid(1)
    if i < a.size:
        total = 0
        for k in range(100):
            if k >= a[i]:
                break
            if k % 2 == 0:
                continue
            total += k
        out[i] = total


@right(1, 16, lambda: (zeros(10, dtype=i32), np.arange(1, 11, dtype=i32)),
       lambda out, a: np.array([0, 1, 7, 2, 5, 8, 16, 3, 19, 6]))
def collatz(out, a):
    i = cuda.grid(1)
    if i < a.size:
        n, steps = a[i], 0
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
        out[i] = steps


@right(1, 16, lambda: (zeros(10, dtype=i32), np.array([2, 3, 4, 9, 11, 15, 25, 29, 49, 91], i32)),
       lambda out, a: np.array([1, 1, 0, 0, 1, 0, 0, 1, 0, 0]))
def prime_with_for_else(out, a):
    i = cuda.grid(1)
    if i < a.size:
        for d in range(2, a[i]):
            if a[i] % d == 0:
                out[i] = 0
                break
        else:
            out[i] = 1


@right(1, 8, lambda: (zeros(8), noise(8, 3)), lambda out, a: a.max(1) + a.argmax(1))
def enumerate_a_row(out, a):
    i = cuda.grid(1)
    best, place = a[i, 0], 0
    for k, x in enumerate(a[i]):
        if x > best:
            best, place = x, k
    out[i] = best + f32(place)


@right(1, 8, lambda: (zeros(8), noise(8), noise(8, seed=1)), lambda out, a, b: np.full(8, a @ b))
def zip_two_arrays(out, a, b):
    total = f32(0)
    for x, y in zip(a, b):      # noqa: B905
        total += x * y
    out[cuda.grid(1)] = total


@right(1, 8, lambda: (zeros(8, 4), noise(4)), lambda out, row: np.tile(row, (8, 1)))
def slices(out, row):
    i = cuda.grid(1)
    mine = out[i, :]
    mine[:] = 0
    for k in range(1, 4):
        mine[k] = row[1:][k - 1]
    out[i, 0] = row[0]


@right(1, 32, lambda: (zeros(20, dtype=np.uint32), np.uint64(12345)),
       lambda out, seed: np.array([(k * 6364136223846793005 + 12345) % 2**64 >> 32 for k in range(20)], np.uint64))
def hash_in_64_bits(out, seed):
    i = cuda.grid(1)
    if i < out.size:
        state = np.uint64(i) * np.uint64(6364136223846793005) + seed
        out[i] = np.uint32(state >> np.uint64(32))


@right(1, 32, lambda: (zeros(4, 32, dtype=i32),),
       lambda out: np.array([[bin(i).count("1") for i in range(32)], [64 - i.bit_length() for i in range(32)],
                             [(i & -i).bit_length() for i in range(32)], [int(f"{i:032b}"[::-1], 2) >> 27 for i in range(32)]]))
def bits(out):
    i = cuda.grid(1)
    out[0, i] = cuda.popc(i)
    out[1, i] = cuda.clz(i)
    out[2, i] = cuda.ffs(i)
    out[3, i] = cuda.brev(np.uint32(i)) >> 27


@right(1, 64, lambda: (zeros(64, dtype=np.int64), noise(64)), lambda out, a: np.repeat([(a[:32] > 0).sum(), (a[32:] > 0).sum()], 32))
def ballot(out, a):
    i = cuda.grid(1)
    out[i] = cuda.popc(np.uint32(cuda.ballot_sync(0xFFFFFFFF, a[i] > f32(0))))


@right(2, 32, lambda: (np.zeros(60), noise(60).astype(np.float64)), lambda out, a: np.tanh(a) * 0.1)
def float64_where_it_is_meant(out, a):
    i = cuda.grid(1)
    if i < a.size:
        out[i] = math.tanh(a[i]) * 0.1


@right(4, 64, lambda: (zeros(256), f32(0.2)), lambda out, rate: 2 * 0.6**20 * np.linspace(-1, 1, 256) / 2)
def one_descent_a_thread(out, rate):
    i = cuda.grid(1)
    x = f32(-1) + f32(2) * f32(i) / f32(out.size - 1)
    for _ in range(20):
        x -= rate * f32(2) * x
    out[i] = x


@right(2, 32, lambda: (zeros(1), noise(64)), lambda out, a: np.ones(1))
def flag_by_one_thread(out, a):
    if cuda.grid(1) == 0:
        out[0] = 1


@right(1, 16, lambda: (zeros(16), noise(16)), lambda out, a: 2 * a + np.float32(1))
def fma_and_selp(out, a):
    i = cuda.grid(1)
    y = cuda.fma(a[i], f32(2), f32(1))
    out[i] = cuda.selp(a[i] > f32(5), a[i], y)


# A variable that holds different things in different threads


@cuda.jit(device=True)
def one_of(a, b, i):
    if i < 4:
        return a
    return b


@right(1, 8, lambda: (zeros(4, 8), ramp(8), ramp(8) + f32(100)), lambda out, a, b: np.tile(np.where(np.arange(8) < 4, a, b), (4, 1)))
def either_array(out, a, b):
    i = cuda.grid(1)
    if i < 4:
        source = a
    else:
        source = b
    out[0, i] = source[i]
    out[1, i] = one_of(a, b, i)[i]
    out[2, i] = (a if i < 4 else b)[i] if source.size == 8 else f32(0)
    row = out[0] if i % 2 else out[1]
    out[3, i] = row[i]


@right(1, 8, lambda: (zeros(8), ramp(8), zeros(8)), lambda out, a, b: np.arange(8) + 2 * np.arange(8))
def back_and_forth(out, a, b):
    i = cuda.grid(1)
    source, target = a, b
    for _ in range(i):
        target[i] = source[i] + ONE
        target[i] += ONE
        source, target = target, source
    out[i] = source[i]


@right(1, 8, lambda: (zeros(8), ramp(8) - f32(3)), lambda out, a: np.where(a < 2, 7, a))
def none_until_it_is_set(out, a):
    i = cuda.grid(1)
    best = None
    if a[i] > f32(0):
        best = a[i]
    if best is None or best < f32(2):
        best = f32(7)
    if best != None:  # noqa: E711
        out[i] = best


@cuda.jit(device=True)
def root(x):
    if x > f32(0):
        return math.sqrt(x)


@right(1, 8, lambda: (zeros(8), ramp(8) - f32(3)), lambda out, a: np.sqrt(np.maximum(a, 0)))
def perhaps_a_root(out, a):
    i = cuda.grid(1)
    y = root(a[i])
    out[i] = f32(0) if y is None else y


# Parts, tuples, text


@right(1, 8, lambda: (zeros(8), noise(32)), lambda out, a: a.reshape(8, 4).sum(axis=1))
def four_elements_a_thread(out, a):
    i = cuda.grid(1)
    total = f32(0)
    for x in a[4 * i:4 * i + 4]:
        total += x
    out[i] = total


@right(1, 16, lambda: (zeros(16, dtype=i32),),
       lambda out: np.array([(i in range(1, 16, 3)) + 10 * (i not in range(14, 2, -2)) + 100 * (i in (2, 5)) for i in range(16)]))
def in_ranges_and_lists(out):
    i = cuda.grid(1)
    if i in range(1, out.size, 3):
        out[i] = 1
    if i not in range(14, 2, -2):
        out[i] += 10
    if i in [2, 5]:
        out[i] += 100


@right(1, 16, lambda: (zeros(16, dtype=i32),), lambda out: np.array([
    ((i, 2) < (5, i)) + 10 * ((3, i) >= (3, 7)) + 100 * ((i, 1) > (4, 1)) + 1000 * ((2, i) <= (2,)) for i in range(16)]))
def tuples_in_order(out):
    i = cuda.grid(1)
    if (i, 2) < (5, i):
        out[i] = 1
    if (3, i) >= (3, 7):
        out[i] += 10
    if (i, 1) > (4, 1):
        out[i] += 100
    if (2, i) <= (2,):
        out[i] += 1000


@right(1, 8, lambda: (zeros(8, dtype=i32),), lambda out: 3 * np.arange(8) + 2)
def lambda_with_a_default(out):
    i = cuda.grid(1)
    scaled = lambda x, factor=2: factor * x     # noqa: E731
    out[i] = scaled(i) + scaled(i + 2, 1)


Settings = namedtuple("Settings", "rate momentum")
settings = Settings(f32(0.5), f32(0.9))


@right(1, 8, lambda: (zeros(8), noise(8), Settings(f32(2), f32(3))), lambda out, a, own: np.maximum(f32(0.5) * a + f32(3), 3))
def named_fields(out, a, own):
    i = cuda.grid(1)
    parts = (settings.rate * a[i], own.momentum) + (f32(3),)
    out[i] = max((parts[0] + parts[1], parts[2]))


@right(1, 8, lambda: (np.zeros(8), noise(8).astype(np.float64)), lambda out, a: np.full(8, a.max()))
def largest_from_minus_infinity(out, a):
    largest = float("-inf")
    for x in a:
        largest = max(largest, x)
    out[cuda.grid(1)] = largest


@right(1, 8, lambda: (np.zeros(8), ramp(8)), lambda out, a: a * a + 4)
def squared_length(out, a):
    i = cuda.grid(1)
    z = complex(a[i], 2.0)
    out[i] = (z * z.conjugate()).real


square, cube = cuda.jit(device=True)(lambda x: x * x), cuda.jit(device=True)(lambda x: x * x * x)


@right(1, 8, lambda: (zeros(8), ramp(8)), lambda out, a: a * a + a * a * a)
def two_lambdas_of_one_line(out, a):
    i = cuda.grid(1)
    out[i] = square(a[i]) + cube(a[i])


# Threads that wait for one another


@right(1, 4, lambda: (zeros(4), zeros(1, dtype=i32)), lambda out, ready: np.full(4, 5))
def wait_for_thread_0(out, ready):
    t = cuda.grid(1)
    if t > 0:
        while cuda.atomic.add(ready, 0, 0) == 0:
            pass
        out[t] = out[0]
    else:
        out[0] = 5
        cuda.threadfence()
        cuda.atomic.add(ready, 0, 1)


@right(1, 8, lambda: (zeros(1), zeros(1, dtype=i32)), lambda out, lock: [24])
def lock_taken_in_a_loop(out, lock):
    for _ in range(3):
        while cuda.atomic.cas(lock, 0, 0, 1) != 0:
            pass
        out[0] += ONE
        cuda.threadfence()
        cuda.atomic.exch(lock, 0, 0)


@right(1, 32, lambda: (zeros(32), ramp(32)), lambda out, a: a[::-1])
def warp_in_two_overlapping_parts(out, a):
    s = cuda.shared.array(32, f32)
    t = cuda.threadIdx.x
    s[t] = a[t]
    if t < 16:
        cuda.syncwarp(0xFFFF)
    if 8 <= t < 24:
        cuda.syncwarp(0xFFFF00)
    if 16 <= t < 24:
        out[t] = s[t - 16]
    cuda.syncwarp()
    out[t] = s[31 - t]
