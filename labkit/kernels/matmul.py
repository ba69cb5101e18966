"""The matrix product, out = a b, in the steps by which one learns to write it for a GPU. On the CPU it is BLAS's, always.

a : (n, k), b : (k, m), out : (n, m)

1. `matmul_naive`     a thread an element: every number is read again and again from global memory
2. `matmul_tiled`     a block reads a tile of a and of b into shared memory, and each number serves 16 threads
3. `matmul_strip`     a thread computes a strip of 8 elements, and each number it reads from shared memory serves 8 of them
4. `matmul_registers` a thread computes 4 x 4 elements: 8 numbers read for 16 multiplications
5. `matmul`           the same with 8 x 8 and larger tiles: the one that labkit uses, with transposed forms for going backwards;
                      `matmul_small` is for results that are too small to keep a whole GPU busy otherwise
"""

from functools import lru_cache, partial

import numpy as np

from labkit import devices
from labkit.kernels import _blas
from labkit.kernels.registry import RESERVED, Budget, Work, register

_0 = np.float32(0)


def matmul_numpy(out, a, b):
    """out[i, j] = sum over k of a[i, k] b[k, j]"""
    np.matmul(a, b, out=out)


def matmul_cpu(out, a, b, threads=1):
    """SciPy's BLAS counts by columns: what NumPy keeps as out = a b it sees as out' = b' a'."""
    blas(1.0, a, b, 0.0, out)


@lru_cache(None)
def _gemm(dtype):
    from scipy.linalg import blas  # on the first product: the same library and the same threads for every product of labkit

    return {"f": blas.sgemm, "d": blas.dgemm}[dtype]


def blas(scale, a, b, keep, out, transpose_a=False, transpose_b=False):
    """out = scale op(a) op(b) + keep out, in place; op transposes where asked."""
    if 0 in (*out.shape, a.size):
        out *= keep if keep else 0
    else:
        _gemm(a.dtype.char)(scale, b.T, a.T, keep, out.T, trans_a=transpose_b, trans_b=transpose_a, overwrite_c=True)


BLOCK, MOST = 2**25, 16         # multiply-adds of a block, and how many blocks there are at most


def shared(scale, a, b, keep, out, transpose_a=False, transpose_b=False):
    """`blas` in blocks along the longer side of out, which several threads of ours share, while BLAS itself has one.

    The blocks do not depend on how many threads there are, and so neither do the digits.
    """
    (n, m), depth = out.shape, a.shape[0] if transpose_a else a.shape[1]
    blocks = min(max(n * m * depth // BLOCK, 2), MOST)
    side = -(-max(n, m) // (16 * blocks)) * 16

    def product(first):
        part = slice(first, first + side)
        if n >= m:
            _blas.gemm(scale, a[:, part] if transpose_a else a[part], b, keep, out[part], transpose_a, transpose_b)
        else:
            _blas.gemm(scale, a, b[part] if transpose_b else b[:, part], keep, out[:, part], transpose_a, transpose_b)

    _blas.at_once([partial(product, first) for first in range(0, max(n, m), side)], devices.cores())


# Step 1

def matmul_naive_cuda(cuda):
    """The optimization it shows: x runs along the rows of out and b, so that neighbouring threads read neighbouring numbers."""

    def matmul_naive(out, a, b):
        j, i = cuda.grid(2)
        if i < out.shape[0] and j < out.shape[1]:
            total = _0
            for k in range(a.shape[1]):
                total += a[i, k] * b[k, j]
            out[i, j] = total

    return matmul_naive


# Step 2

TILE = 16


def matmul_tiled_cuda(cuda):
    """The optimization it shows: shared memory. A block of 16 x 16 threads reads each number of its tiles once, not 16 times."""

    def matmul_tiled(out, a, b):
        tile_a = cuda.shared.array((TILE, TILE), np.float32)
        tile_b = cuda.shared.array((TILE, TILE), np.float32)
        j, i = cuda.grid(2)
        tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
        total = _0
        for first in range(0, a.shape[1], TILE):
            tile_a[ty, tx] = a[i, first + tx] if i < a.shape[0] and first + tx < a.shape[1] else _0
            tile_b[ty, tx] = b[first + ty, j] if first + ty < b.shape[0] and j < b.shape[1] else _0
            cuda.syncthreads()
            for k in range(TILE):
                total += tile_a[ty, k] * tile_b[k, tx]
            cuda.syncthreads()
        if i < out.shape[0] and j < out.shape[1]:
            out[i, j] = total

    return matmul_tiled


# Step 3

STRIP = 8                   # elements of a thread, one below the other
SIDE, DEPTH = 64, 8         # a block computes SIDE x SIDE elements, DEPTH of the sum at a time


def matmul_strip_cuda(cuda):
    """The optimization it shows: registers. A number of b, once read from shared memory, serves 8 elements."""

    def matmul_strip(out, a, b):
        tile_a = cuda.shared.array((SIDE, DEPTH), np.float32)
        tile_b = cuda.shared.array((DEPTH, SIDE), np.float32)
        total = cuda.local.array(STRIP, np.float32)
        t = cuda.threadIdx.x
        tx, ty = t % SIDE, t // SIDE                            # column of the tile, which strip of it
        row, column = cuda.blockIdx.y * SIDE, cuda.blockIdx.x * SIDE
        for r in range(STRIP):
            total[r] = _0
        for first in range(0, a.shape[1], DEPTH):
            i, k = row + t // DEPTH, first + t % DEPTH
            tile_a[t // DEPTH, t % DEPTH] = a[i, k] if i < a.shape[0] and k < a.shape[1] else _0
            k, j = first + t // SIDE, column + t % SIDE
            tile_b[t // SIDE, t % SIDE] = b[k, j] if k < b.shape[0] and j < b.shape[1] else _0
            cuda.syncthreads()
            for k in range(DEPTH):
                number = tile_b[k, tx]
                for r in range(STRIP):
                    total[r] += tile_a[ty * STRIP + r, k] * number
            cuda.syncthreads()
        for r in range(STRIP):
            i, j = row + ty * STRIP + r, column + tx
            if i < out.shape[0] and j < out.shape[1]:
                out[i, j] = total[r]

    return matmul_strip


# Steps 4 and 5

U32, U64 = np.uint32, np.uint64     # an index that cannot be negative need not be tried for counting from the end, as Python's does


def register_tiles(side, each, transpose_a=False, transpose_b=False):
    """The CUDA form in which a block computes `side` x `side` elements and a thread `each` x `each` of them:

    out = scale op(a) op(b) + keep out, where op transposes what is said to be transposed (it lies in memory as it is).
    Three optimizations. A thread reads 2 `each` numbers from shared memory for `each`^2 multiplications, and up to 4 of them, which
    lie side by side, at once. While it multiplies two tiles, the numbers of the next two are on their way from global memory into
    registers; a second place for tiles in shared memory means that nobody waits to put them down. And no index is compared with
    the end of a row or column: beyond it the last one is read again, for elements that are not written.

    The tile of a lies in shared memory by columns, and rows are 4 numbers longer, so that neighbouring threads meet different banks.
    """
    across = side // each                   # threads along a side of the tile
    threads = across * across
    loads = side * DEPTH // threads         # numbers of each tile that a thread fetches
    run = min(each, 4)                      # elements of a thread that lie side by side; its next run lies `apart` from there
    apart = across * run
    padded = side + 4

    def factory(cuda):
        def matmul(out, a, b, scale, keep):
            tile_a = cuda.shared.array((2, DEPTH, padded), np.float32, alignment=16)
            tile_b = cuda.shared.array((2, DEPTH, padded), np.float32, alignment=16)
            total = cuda.local.array((each, each), np.float32)
            left = cuda.local.array(each, np.float32)
            right = cuda.local.array(each, np.float32)
            next_a = cuda.local.array(loads, np.float32)
            next_b = cuda.local.array(loads, np.float32)
            t = U32(cuda.threadIdx.x)
            ty, tx = t // across * run, t % across * run
            row, column = U32(cuda.blockIdx.y) * side, U32(cuda.blockIdx.x) * side
            last_row, last_column = U32(out.shape[0]) - 1, U32(out.shape[1]) - 1
            depth = U32(a.shape[0] if transpose_a else a.shape[1])
            here = U32(0)
            for i in range(each):
                for j in range(each):
                    total[i, j] = _0
            for first in range(0, depth + DEPTH, DEPTH):
                if first < depth:
                    for load in range(loads):       # whichever way a and b lie, neighbouring threads fetch neighbouring numbers
                        n = t + load * threads
                        if transpose_a:
                            k, i = first + n // side, min(row + n % side, last_row)
                            next_a[load] = a[U64(k), U64(i)] if k < depth else _0
                        else:
                            i, k = min(row + n // DEPTH, last_row), first + n % DEPTH
                            next_a[load] = a[U64(i), U64(k)] if k < depth else _0
                        if transpose_b:
                            j, k = min(column + n // DEPTH, last_column), first + n % DEPTH
                            next_b[load] = b[U64(j), U64(k)] if k < depth else _0
                        else:
                            k, j = first + n // side, min(column + n % side, last_column)
                            next_b[load] = b[U64(k), U64(j)] if k < depth else _0
                if first > 0:
                    for k in range(U32(DEPTH)):
                        for i in range(each):
                            left[i] = tile_a[here, k, ty + i // run * apart + i % run]
                            right[i] = tile_b[here, k, tx + i // run * apart + i % run]
                        for i in range(each):
                            for j in range(each):
                                total[i, j] += left[i] * right[j]
                if first < depth:
                    here = U32(1) - here
                    for load in range(loads):
                        n = t + load * threads
                        if transpose_a:
                            tile_a[here, n // side, n % side] = next_a[load]
                        else:
                            tile_a[here, n % DEPTH, n // DEPTH] = next_a[load]
                        if transpose_b:
                            tile_b[here, n % DEPTH, n // DEPTH] = next_b[load]
                        else:
                            tile_b[here, n // side, n % side] = next_b[load]
                    cuda.syncthreads()
            for i in range(each):
                for j in range(each):
                    y, x = row + ty + i // run * apart + i % run, column + tx + j // run * apart + j % run
                    if y <= last_row and x <= last_column:
                        value = scale * total[i, j]
                        if keep != _0:              # what is not kept may never have been written
                            value += keep * out[U64(y), U64(x)]
                        out[U64(y), U64(x)] = value

        return matmul

    return factory


# Registration

TABLES = "float32[:, ::1], float32[:, ::1], float32[:, ::1]"


def _shapes(size):
    return size, 3 + size // 2, 5 + size // 3          # n, k, m: none a multiple of a tile


def _product(rng, size):
    n, k, m = _shapes(size)
    return [np.full((n, m), np.nan, np.float32), rng.standard_normal((n, k), dtype=np.float32), rng.standard_normal((k, m), dtype=np.float32)]


def _blocks(out, side):
    return (out.shape[1] + side - 1) // side, (out.shape[0] + side - 1) // side


def _register_step(name, doc, cuda, side, threads, budget):
    return register(
        name=name, doc=doc, signature=f"void({TABLES})", oracle=matmul_numpy, cpu=matmul_cpu, cuda=cuda,
        launch=lambda out, *_: (_blocks(out, side), threads), arguments=_product, budget=budget, bench_size=2048,
        tolerance=2e-4,         # each sum is added up in a row, of 1,027 products at bench_size; BLAS adds in parts
        work=lambda out, a, b: Work(bytes=out.nbytes + a.nbytes + b.nbytes, operations=2 * out.size * a.shape[1]),
    )


matmul_naive = _register_step("matmul_naive", "matrix product, a thread an element", matmul_naive_cuda, 16, (16, 16), Budget(40))
matmul_tiled = _register_step(
    "matmul_tiled", "matrix product with tiles in shared memory", matmul_tiled_cuda, TILE, (TILE, TILE), Budget(48, 8 * TILE * TILE + RESERVED))
matmul_strip = _register_step(
    "matmul_strip", "matrix product, a thread a strip of 8", matmul_strip_cuda, SIDE, SIDE * SIDE // STRIP, Budget(64, 8 * SIDE * DEPTH + RESERVED))


def _register_tiles(name, side, each, transpose_a, transpose_b, registers):
    def oracle(out, a, b, scale, keep):
        """out = scale op(a) op(b) + keep out"""
        product = scale * ((a.T if transpose_a else a) @ (b.T if transpose_b else b))
        out[...] = product + keep * out if keep else product

    def cpu(out, a, b, scale, keep, threads=1):
        blas(scale, a, b, keep, out, transpose_a, transpose_b)

    def arguments(rng, size):
        n, k, m = _shapes(size)
        a, b = (rng.standard_normal(shape, dtype=np.float32) for shape in ((k, n) if transpose_a else (n, k), (m, k) if transpose_b else (k, m)))
        return rng.standard_normal((n, m), dtype=np.float32), a, b, np.float32(0.5), np.float32(0.9)

    return register(
        name=name, doc=f"matrix product, {side} x {side} a block and {each} x {each} a thread", signature=f"void({TABLES}, float32, float32)",
        oracle=oracle, cpu=cpu, cuda=register_tiles(side, each, transpose_a, transpose_b),
        launch=lambda out, *_: (_blocks(out, side), (side // each) ** 2), arguments=arguments,
        work=lambda out, a, b, *_: Work(bytes=2 * out.nbytes + a.nbytes + b.nbytes,
                                        operations=2 * out.size * a.shape[0 if transpose_a else 1]),
        budget=Budget(registers, 16 * DEPTH * (side + 4) + RESERVED), tolerance=1e-4, bench_size=2048,
    )


# By (side, transpose_a, transpose_b). Larger tiles read less, smaller ones make blocks enough for a whole GPU.
TILES = {128: ("matmul", 8, 144), 64: ("matmul_registers", 4, 72), 32: ("matmul_small", 2, 64)}          # name, each, registers
FORMS = {
    (side, transpose_a, transpose_b): _register_tiles(
        name + ("_tn" if transpose_a else "_nt" if transpose_b else ""), side, each, transpose_a, transpose_b, registers)
    for side, (name, each, registers) in TILES.items() for transpose_a, transpose_b in ((False, False), (True, False), (False, True))
}


MOST_BLOCKS = 65_535         # that CUDA launches one below the other


def on_gpu(out, a, b, scale, keep, transpose_a, transpose_b):
    """out = scale op(a) op(b) + keep out, for arrays on a GPU: with the largest tiles that make 100 blocks, else the smallest."""
    enough = (side for side in TILES if np.prod(_blocks(out, side)) >= 100)
    side = next(enough, min(TILES))
    kernel = FORMS[side, transpose_a, transpose_b]
    start = kernel.on_emulator if hasattr(out, "emulated") else kernel.start_on_cuda
    most = MOST_BLOCKS * side
    if out.shape[0] <= most or transpose_a:                 # some columns of a would not lie side by side
        start(out, a, b, scale, keep)
    else:
        for first in range(0, out.shape[0], most):
            start(out[first: first + most], a[first: first + most], b, scale, keep)
