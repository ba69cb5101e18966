"""Tables of moments: the sums over the rows that the normal equations of every pair of columns are made of, in a few matrix products.

All sums are float64: the inputs of GMDH's later layers are nearly alike, and float32 would lose what tells them apart.
"""

import numpy as np

from labkit.kernels import _blas
from labkit.kernels._numba import loops, njit, prange
from labkit.kernels.registry import RESERVED, Budget, Work, register

ROWS = 1024         # rows that stay in the cache for all products
SIDE = 16           # a block of threads on a GPU: 16 x 16
WIDE, HIGH = 2 * SIDE, 32       # what a block of `sums` fetches at a time: two strips of 32 columns, 32 rows
TABLES = "float64[:, ::1], float64[:, ::1], float64[:, ::1], float64[::1]"


def moments_numpy(S, C, Y, b, X, y):
    """With A = [1, X, X^2] (powers element by element): S = A'A, C = (X^3)'X, Y = (y X)'X, b = A'y

    X : (m, n), y : (m,), S : (2n+1, 2n+1), C, Y : (n, n), b : (2n+1,)
    """
    A = np.hstack([np.ones((len(X), 1)), X, X**2])
    S[...] = A.T @ A
    C[...] = (X**3).T @ X
    Y[...] = (y[:, None] * X).T @ X
    b[...] = A.T @ y


def moments_cpu(S, C, Y, b, X, y, threads=1):
    """SciPy's BLAS, a block of rows at a time."""
    n = X.shape[1]
    for table in (S, C, Y, b):
        table[...] = 0
    rows = min(max(ROWS, 2**17 // (2 * n + 1)), len(X))         # more of them where they are short
    A, B = np.empty((rows, 2 * n + 1)), np.empty((rows, n))
    A[:, 0] = 1
    for first in range(0, len(X), rows or 1):
        x, t = X[first:first + rows], y[first:first + rows]
        a, product = A[:len(x)], B[:len(x)]
        squares = a[:, n + 1:]
        a[:, 1:n + 1] = x
        np.multiply(x, x, out=squares)
        _blas.add_gram(a, S)                                    # fills half of S; the other half is the same
        _blas.add_projection(a, t, b)
        np.multiply(squares, x, out=product)
        _blas.gemm(1.0, product, x, 1.0, C, transpose_a=True)
        np.multiply(x, t[:, None], out=product)
        _blas.gemm(1.0, product, x, 1.0, Y, transpose_a=True)
    S += np.tril(S, -1).T


def tables(X, y):
    """The moments of X, (m, n), and y, (m,): S, C, Y, b of `moments_numpy`."""
    n = X.shape[1]
    out = np.empty((2 * n + 1, 2 * n + 1)), np.empty((n, n)), np.empty((n, n)), np.empty(2 * n + 1)
    moments_cpu(*out, np.ascontiguousarray(X), np.ascontiguousarray(y))
    return out


# The same tables on a GPU, in two launches: sums over parts of the rows, then the parts added up. Each sum has one thread and
# one order, so that they come out the same every time.

def sums_numpy(parts, X, y):
    """For columns u, v of A = [1, X] and a part p of the rows, parts[p, k, u, v] = seven sums k of products, where u <= v

    uv, uuv, uvv, uuvv, uuuv, uvvv, yuv: all that the tables hold, as with the column of ones plain sums are pairs too.
    parts : (n_parts, 7, n+1, n+1), X : (m, n), y : (m,)
    """
    upper = np.triu_indices(parts.shape[2])
    for part, (A, t) in zip(parts, _split(X, y, len(parts)), strict=True):
        for k, (left, right) in enumerate(((A, A), (A**2, A), (A, A**2), (A**2, A**2), (A**3, A), (A, A**3), (t * A, A))):
            part[k][upper] = (left.T @ right)[upper]


def sums_cpu(parts, X, y, threads=1):
    """SciPy's BLAS, which sees every array transposed."""
    from scipy.linalg.blas import dgemm

    upper = np.triu_indices(parts.shape[2])
    for part, (A, t) in zip(parts, _split(X, y, len(parts)), strict=True):
        squares, cubes = A * A, A * A * A
        for k, (left, right) in enumerate(((A, A), (squares, A), (A, squares), (squares, squares), (cubes, A), (A, cubes), (t * A, A))):
            part[k][upper] = dgemm(1.0, left.T, right.T, trans_b=True)[upper] if len(A) else 0.0


def _split(X, y, n_parts):
    """The parts of the rows: ([1, X], y as a column) of each."""
    rows = rows_of_a_part(len(X), n_parts)
    for first in range(0, rows * n_parts, rows):
        x = X[first:first + rows]
        yield np.hstack([np.ones((len(x), 1)), x]), y[first:first + rows, None]


def rows_of_a_part(m, n_parts):
    return max(1, (m + n_parts - 1) // n_parts)


def n_parts(m, n):
    """Into how many parts to split m rows of n columns: as many as keep a large GPU busy, of 256 rows or more."""
    across = (n + WIDE) // WIDE
    return max(1, min(m // 256, 1024 // (across * (across + 1) // 2)))


def sums_cuda(cuda):
    """The optimization it shows: a block fetches 32 rows of two strips of 32 columns once, and a thread then makes the powers
    and all seven sums of four pairs in registers. Only strips with u before v are computed: the others hold the same sums."""

    def entry(X, row, end, column):
        """Element of [1, X], 0 outside."""
        if row >= end or column > X.shape[1]:
            return 0.0
        return X[row, column - 1] if column > 0 else 1.0

    fetch = cuda.jit(device=True)(entry)

    def sums(parts, X, y):
        strip_u = cuda.shared.array((HIGH, WIDE), np.float64)
        strip_v = cuda.shared.array((HIGH, WIDE), np.float64)
        strip_y = cuda.shared.array(HIGH, np.float64)
        s = cuda.local.array((7, 2, 2), np.float64)
        tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
        t = ty * SIDE + tx
        first_u, first_v = cuda.blockIdx.y * WIDE, cuda.blockIdx.x * WIDE
        rows = (X.shape[0] + parts.shape[0] - 1) // parts.shape[0]
        begin = cuda.blockIdx.z * rows
        end = min(begin + rows, X.shape[0])
        if first_u <= first_v:
            for k in range(7):
                for a in range(2):
                    for b in range(2):
                        s[k, a, b] = 0.0
            for first in range(begin, end, HIGH):
                for load in range(HIGH * WIDE // SIDE**2):
                    r, c = (t + load * SIDE**2) // WIDE, t % WIDE
                    strip_u[r, c] = fetch(X, first + r, end, first_u + c)
                    strip_v[r, c] = fetch(X, first + r, end, first_v + c)
                if t < HIGH:
                    strip_y[t] = y[first + t] if first + t < end else 0.0
                cuda.syncthreads()
                for r in range(HIGH):
                    for a in range(2):
                        for b in range(2):
                            u, v = strip_u[r, ty + SIDE * a], strip_v[r, tx + SIDE * b]
                            uv = u * v
                            s[0, a, b] += uv
                            s[1, a, b] += uv * u
                            s[2, a, b] += uv * v
                            s[3, a, b] += uv * uv
                            s[4, a, b] += uv * (u * u)
                            s[5, a, b] += uv * (v * v)
                            s[6, a, b] += uv * strip_y[r]
                cuda.syncthreads()
            for a in range(2):
                for b in range(2):
                    i, j = first_u + ty + SIDE * a, first_v + tx + SIDE * b
                    if i <= j and j < parts.shape[2]:
                        for k in range(7):
                            parts[cuda.blockIdx.z, k, i, j] = s[k, a, b]

    return sums


def unfold_numpy(S, C, Y, b, parts):
    """The tables S, C, Y, b of `moments_numpy` from the parts of `sums_numpy`"""
    one = np.arange(len(C) + 1)                             # where column i of [1, X] stands in [1, X, X^2], and where its
    two = np.where(one == 0, 0, len(C) + one)               # square: the squares of the ones are the ones
    uv, uuv, uvv, uuvv, uuuv, uvvv, yuv = parts.sum(axis=0)

    def joined(upper, lower):
        return np.triu(upper) + np.triu(lower, 1).T

    S[np.ix_(one, one)] = joined(uv, uv)
    S[np.ix_(two, one)] = joined(uuv, uvv)
    S[np.ix_(one, two)] = joined(uuv, uvv).T
    S[np.ix_(two, two)] = joined(uuvv, uuvv)
    C[...], Y[...] = joined(uuuv, uvvv)[1:, 1:], joined(yuv, yuv)[1:, 1:]
    b[one], b[two[1:]] = yuv[0], np.diag(yuv)[1:]


@loops
def unfold_cpu(S, C, Y, b, parts):
    n = C.shape[0]
    for i in prange(n + 1):
        for j in range(i, n + 1):
            _unfold_pair(S, C, Y, b, parts, i, j, n)


def unfold_pair(S, C, Y, b, parts, i, j, n):
    """Everything that the sums of columns i <= j of [1, X] say about the tables."""
    uv = uuv = uvv = uuvv = uuuv = uvvv = yuv = 0.0
    for p in range(parts.shape[0]):
        uv += parts[p, 0, i, j]
        uuv += parts[p, 1, i, j]
        uvv += parts[p, 2, i, j]
        uuvv += parts[p, 3, i, j]
        uuuv += parts[p, 4, i, j]
        uvvv += parts[p, 5, i, j]
        yuv += parts[p, 6, i, j]
    ii = n + i if i > 0 else 0                              # where the squares stand; that of the ones are the ones
    jj = n + j if j > 0 else 0
    S[i, j] = S[j, i] = uv
    S[ii, j] = S[j, ii] = uuv
    S[i, jj] = S[jj, i] = uvv
    S[ii, jj] = S[jj, ii] = uuvv
    if i > 0:
        C[i - 1, j - 1], C[j - 1, i - 1] = uuuv, uvvv
        Y[i - 1, j - 1] = Y[j - 1, i - 1] = yuv
        if i == j:
            b[jj] = yuv
    else:
        b[j] = yuv


_unfold_pair = njit(unfold_pair)


def unfold_cuda(cuda):
    """A thread a pair. Neighbouring threads read neighbouring sums; the tables, written once, lie as `pairs` reads them."""
    unfold_device = cuda.jit(device=True)(unfold_pair)

    def unfold(S, C, Y, b, parts):
        j, i = cuda.grid(2)
        if i <= j and j < parts.shape[2]:
            unfold_device(S, C, Y, b, parts, i, j, C.shape[0])

    return unfold


# Registration

def _sums_arguments(rng, size):
    """Rows of a few columns, in three parts of which the last may lack some or all; many rows make a whole layer."""
    n = 200 if size >= 100_000 else min(size, 37)
    parts = n_parts(size, n) if size >= 100_000 else min(size, 3)
    return [np.full((parts, 7, n + 1, n + 1), np.nan), rng.standard_normal((size, n)), rng.standard_normal(size)]


def _unfold_arguments(rng, size):
    """Sums as they may come: those with the ones among u and v agree with one another."""
    parts, X, y = _sums_arguments(rng, size)
    sums_numpy(parts, X, y)
    n = X.shape[1]
    return [np.full((2 * n + 1, 2 * n + 1), np.nan), np.full((n, n), np.nan), np.full((n, n), np.nan), np.full(2 * n + 1, np.nan), parts]


def _sums_work(parts, X, y):
    """A pair i <= j of columns takes 8 multiplications and additions a row, counted as 15 operations."""
    n = parts.shape[2]
    return Work(bytes=X.nbytes + y.nbytes + parts.nbytes // 2, operations=15 * len(y) * n * (n + 1) // 2)


def _strips(n):
    return (n + WIDE - 1) // WIDE


sums = register(
    name="gmdh_sums", doc="seven sums of products over the rows for every pair of columns, in parts",
    signature="void(float64[:, :, :, ::1], float64[:, ::1], float64[::1])",
    oracle=sums_numpy, cpu=sums_cpu, cuda=sums_cuda,
    launch=lambda parts, *_: ((_strips(parts.shape[2]), _strips(parts.shape[2]), len(parts)), (SIDE, SIDE)),
    arguments=_sums_arguments, work=_sums_work,
    budget=Budget(registers=128, shared_bytes=8 * HIGH * (2 * WIDE + 1) + RESERVED),
    tolerance=1e-10, sizes=(1, 3, 5, 31, 33, 257), bench_size=100_000,
)
unfold = register(
    name="gmdh_unfold", doc="tables of moments from sums in parts",
    signature=f"void({TABLES}, float64[:, :, :, ::1])",
    oracle=unfold_numpy, cpu=unfold_cpu, cuda=unfold_cuda,
    launch=lambda S, C, Y, b, parts: ((_strips(parts.shape[2]) * 2, _strips(parts.shape[2]) * 2), (SIDE, SIDE)),
    arguments=_unfold_arguments,
    work=lambda S, C, Y, b, parts: Work(bytes=S.nbytes + 2 * C.nbytes + parts.nbytes // 2, operations=parts.size // 2),
    budget=Budget(registers=96), outputs=4, tolerance=1e-10, sizes=(1, 3, 5, 31, 33, 257), bench_size=10_000,
)
