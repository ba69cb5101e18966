"""Ivakhnenko's layer: every pair of inputs (u, v) fitted by 1, u, v, uv, uu, vv, from tables of moments instead of rows.

The six normal equations of a pair hold only sums over the rows of products of powers of u and v. Those of all pairs together
stand in a few matrix products (`moments`), so the rows are read once and not once a pair.
"""

import math

import numpy as np

from labkit.kernels import _blas
from labkit.kernels._numba import FINITE_MATH, loops, njit, prange
from labkit.kernels.moments import SIDE, TABLES, tables
from labkit.kernels.registry import Budget, Work, one_thread_each, register

PIVOT = 1e-12       # a pivot below this share of its diagonal element: the six terms are not independent on these rows
WORTH_A_THREAD = 2**23      # multiply-adds of a table, about half a millisecond; below, a second thread is not worth waking


# The pairs

def systems(S, C, Y, b, I, J):
    """The normal equations of the pairs (I[k], J[k]): matrices (k, 6, 6) and right sides (k, 6)."""
    n = len(C)
    one, u, v, uu, vv = np.zeros_like(I), 1 + I, 1 + J, 1 + n + I, 1 + n + J
    table = [
        [S[one, one], S[one, u], S[one, v], S[u, v], S[one, uu], S[one, vv]],
        [S[one, u], S[u, u], S[u, v], S[uu, v], S[u, uu], S[u, vv]],
        [S[one, v], S[u, v], S[v, v], S[u, vv], S[uu, v], S[v, vv]],
        [S[u, v], S[uu, v], S[u, vv], S[uu, vv], C[I, J], C[J, I]],
        [S[one, uu], S[u, uu], S[uu, v], C[I, J], S[uu, uu], S[uu, vv]],
        [S[one, vv], S[u, vv], S[v, vv], C[J, I], S[uu, vv], S[vv, vv]],
    ]
    return np.moveaxis(np.array(table), -1, 0), np.stack([b[one], b[u], b[v], Y[I, J], b[uu], b[vv]], axis=1)


def squared_errors(W, G, c, yy):
    """The sum of squared errors of coefficients W on rows with the normal equations G, c and sum of squares yy. Returns (k,)."""
    return yy - 2 * (W * c).sum(axis=1) + np.einsum("ki,kij,kj->k", W, G, W)


def pairs_numpy(W, errors, S, C, Y, b, S2, C2, Y2, b2, yy2):
    """Fit every pair i < j on the first tables and judge it on the second, those of the checking rows

    W : (n_pairs, 6) coefficients; errors : (n_pairs,) sums of squared errors on the checking rows, infinite where the
    equations are nearly singular. yy2 : sum of the squares of the checking rows' y
    """
    I, J = np.triu_indices(len(C), 1)
    G, c = systems(S, C, Y, b, I, J)
    regular = smallest_pivot(G) > PIVOT
    W[...] = 0
    W[regular] = np.linalg.solve(G[regular], c[regular][:, :, None])[:, :, 0]
    errors[...] = squared_errors(W, *systems(S2, C2, Y2, b2, I, J), yy2)
    errors[~regular] = np.inf


def smallest_pivot(G):
    """The smallest pivot of Cholesky's elimination as a share of its diagonal element. G : (k, 6, 6); returns (k,)."""
    G, smallest = G.copy(), np.full(len(G), np.inf)
    diagonal = np.einsum("kii->ki", G).copy()
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for r in range(G.shape[1]):
            smallest = np.fmin(smallest, np.nan_to_num(G[:, r, r] / diagonal[:, r], nan=0.0))
            G -= G[:, :, r, None] * G[:, r, None, :] / G[:, r, r, None, None]
    return smallest


def fill_system(G, c, i, j, S, C, Y, b):
    """The normal equations of columns i and j: the lower half of G, and c."""
    n = C.shape[0]
    u, v, uu, vv = 1 + i, 1 + j, 1 + n + i, 1 + n + j
    G[0, 0] = S[0, 0]
    G[1, 0], G[1, 1] = S[0, u], S[u, u]
    G[2, 0], G[2, 1], G[2, 2] = S[0, v], S[u, v], S[v, v]
    G[3, 0], G[3, 1], G[3, 2], G[3, 3] = S[u, v], S[v, uu], S[u, vv], S[uu, vv]
    G[4, 0], G[4, 1], G[4, 2], G[4, 3], G[4, 4] = S[0, uu], S[u, uu], S[v, uu], C[i, j], S[uu, uu]
    G[5, 0], G[5, 1], G[5, 2], G[5, 3], G[5, 4], G[5, 5] = S[0, vv], S[u, vv], S[v, vv], C[j, i], S[uu, vv], S[vv, vv]
    c[0], c[1], c[2], c[3], c[4], c[5] = b[0], b[u], b[v], Y[i, j], b[uu], b[vv]


def solve(G, c):
    """Cholesky's factors in the lower half of G, the solution in c; whether every pivot was large enough."""
    regular = True
    for r in range(6):
        pivot = G[r, r]
        for s in range(r):
            pivot -= G[r, s] * G[r, s]
        if not pivot > PIVOT * G[r, r]:
            regular = False
        G[r, r] = math.sqrt(pivot) if pivot > 0.0 else 1.0
        for t in range(r + 1, 6):
            for s in range(r):
                G[t, r] -= G[t, s] * G[r, s]
            G[t, r] /= G[r, r]
    for r in range(6):
        for s in range(r):
            c[r] -= G[r, s] * c[s]
        c[r] /= G[r, r]
    for r in range(5, -1, -1):
        for s in range(r + 1, 6):
            c[r] -= G[s, r] * c[s]
        c[r] /= G[r, r]
    return regular


def judge(w, G, c, yy):
    """The sum of squared errors of the coefficients w on rows with the normal equations G (lower half), c."""
    error = yy
    for r in range(6):
        error += w[r] * (G[r, r] * w[r] - 2.0 * c[r])
        for s in range(r):
            error += 2.0 * G[r, s] * w[r] * w[s]
    return error


_fill_system, _solve, _judge = njit(fill_system), njit(solve), njit(judge)


@loops
def pairs_cpu(W, errors, S, C, Y, b, S2, C2, Y2, b2, yy2):
    n = C.shape[0]
    for i in prange(n - 1):
        G, w, c = np.empty((6, 6)), np.empty(6), np.empty(6)
        for j in range(i + 1, n):
            k = i * (2 * n - i - 1) // 2 + j - i - 1
            _fill_system(G, w, i, j, S, C, Y, b)
            regular = _solve(G, w)
            _fill_system(G, c, i, j, S2, C2, Y2, b2)
            errors[k] = _judge(w, G, c, yy2) if regular else np.inf
            for r in range(6):
                W[k, r] = w[r] if regular else 0.0


def pairs_cuda(cuda):
    """The optimization it shows: a thread takes a pair and reads from tables what it would else sum over all rows."""
    fill, solve_device, judge_device = (cuda.jit(device=True)(function) for function in (fill_system, solve, judge))

    def pairs(W, errors, S, C, Y, b, S2, C2, Y2, b2, yy2):
        j, i = cuda.grid(2)
        n = C.shape[0]
        if i < j and j < n:
            G = cuda.local.array((6, 6), np.float64)
            w = cuda.local.array(6, np.float64)
            c = cuda.local.array(6, np.float64)
            k = i * (2 * n - i - 1) // 2 + j - i - 1
            fill(G, w, i, j, S, C, Y, b)
            regular = solve_device(G, w)
            fill(G, c, i, j, S2, C2, Y2, b2)
            errors[k] = judge_device(w, G, c, yy2) if regular else math.inf
            for r in range(6):
                W[k, r] = w[r] if regular else 0.0

    return pairs


def fit_pairs(X, y, X_check, y_check, least_norm, at_once=False):
    """Both steps: tables, then pairs. Returns coefficients (n_pairs, 6) and sums of squared errors over that of y_check.

    at_once : whether the two tables may be made at once, on a thread each
    """
    n, yy = X.shape[1], float(y_check @ y_check)
    if at_once and min(len(X), len(X_check)) * (2 * n + 1) ** 2 > WORTH_A_THREAD:
        first, second = _blas.at_once([lambda: tables(X, y), lambda: tables(X_check, y_check)], threads=2)
    else:
        first, second = tables(X, y), tables(X_check, y_check)
    W, errors = np.empty((n * (n - 1) // 2, 6)), np.empty(n * (n - 1) // 2)
    pairs(W, errors, *first, *second, yy)
    return judged(W, errors, first, second, yy, least_norm)


def judged(W, errors, first, second, yy, least_norm):
    """Coefficients and sums of squared errors over yy, once singular pairs have their shortest solutions where they are wanted."""
    if least_norm:
        shortest(W, errors, first, second, yy)
    return W, errors / (yy or 1.0)


def shortest(W, errors, first, second, yy):
    """Fill in the pairs that are nearly singular with the shortest of their solutions, by eigenvalues."""
    singular = np.flatnonzero(np.isinf(errors))
    I, J = (side[singular] for side in np.triu_indices(len(first[1]), 1))
    G, c = systems(*first, I, J)
    values, vectors = np.linalg.eigh(G)
    kept = values > PIVOT * values[:, -1:]
    inverse = np.where(kept, 1 / np.where(kept, values, 1), 0)
    W[singular] = np.einsum("kij,kj,klj,kl->ki", vectors, inverse, vectors, c)
    errors[singular] = squared_errors(W[singular], *systems(*second, I, J), yy)


# The chosen few, once more from the rows themselves: exact where the moments have lost digits

@njit(fastmath=FINITE_MATH)
def refit(w, work, u, v, y):
    """Least squares for one unit by the modified Gram-Schmidt process on (1, u, v, uv, uu, vv, y), as exact as Householder's
    (Bjorck 1967). w : (6,) gets the coefficients, work : (7, m) is overwritten. Returns whether the terms are independent."""
    m = len(y)
    for i in range(m):
        work[0, i], work[1, i], work[2, i], work[6, i] = 1.0, u[i], v[i], y[i]
        work[3, i], work[4, i], work[5, i] = u[i] * v[i], u[i] * u[i], v[i] * v[i]
    R = np.zeros((6, 7))
    regular = True
    for r in range(6):
        before = 0.0
        for s in range(r):
            before += R[s, r] * R[s, r]
        square = 0.0
        for i in range(m):
            square += work[r, i] * work[r, i]
        regular &= square > PIVOT * (square + before)
        R[r, r] = math.sqrt(square) if square > 0.0 else 1.0
        for i in range(m):
            work[r, i] /= R[r, r]
        for s in range(r + 1, 7):
            dot = 0.0
            for i in range(m):
                dot += work[r, i] * work[s, i]
            R[r, s] = dot
            for i in range(m):
                work[s, i] -= dot * work[r, i]
    for r in range(5, -1, -1):
        w[r] = R[r, 6]
        for s in range(r + 1, 6):
            w[r] -= R[r, s] * w[s]
        w[r] /= R[r, r]
    return regular


def refit_units(X, y, left, right):
    """Coefficients (k, 6) of the units of columns left[k] and right[k], the shortest where their terms are not independent."""
    columns, y = np.ascontiguousarray(X.T), np.ascontiguousarray(y)
    W, work = np.empty((len(left), 6)), np.empty((7, len(y)))
    for k, (i, j) in enumerate(zip(left, right, strict=True)):
        if not refit(W[k], work, columns[i], columns[j], y):
            W[k] = np.linalg.lstsq(terms(columns[i], columns[j]), y, rcond=1e-7)[0]
    return W


def terms(u, v):
    """The six terms of two inputs: (n_examples, 6)."""
    return np.stack([np.ones_like(u), u, v, u * v, u * u, v * v], axis=1)


# What the units make of the rows

def outputs_numpy(Z, X, left, right, W):
    """Z[r, k] = W[k] . (1, u, v, uv, uu, vv), with u and v the columns left[k] and right[k] of row r"""
    u, v = X[:, left], X[:, right]
    Z[...] = W[:, 0] + W[:, 1] * u + W[:, 2] * v + W[:, 3] * u * v + W[:, 4] * u * u + W[:, 5] * v * v


@loops(fastmath=FINITE_MATH)
def outputs_cpu(Z, X, left, right, W):
    for r in prange(Z.shape[0]):
        for k in range(Z.shape[1]):
            u, v = X[r, left[k]], X[r, right[k]]
            Z[r, k] = W[k, 0] + u * (W[k, 1] + W[k, 4] * u) + v * (W[k, 2] + W[k, 5] * v + W[k, 3] * u)


def outputs_cuda(cuda):
    def outputs(Z, X, left, right, W):
        n = cuda.grid(1)
        if n < Z.size:
            r, k = n // Z.shape[1], n % Z.shape[1]
            u, v = X[r, left[k]], X[r, right[k]]
            Z[r, k] = W[k, 0] + u * (W[k, 1] + W[k, 4] * u) + v * (W[k, 2] + W[k, 5] * v + W[k, 3] * u)

    return outputs


# Registration

def _pairs_arguments(rng, size):
    """Tables of columns that depend on one another a little, as in a second layer."""
    n = min(size, 40)
    X = rng.standard_normal((90, n)) + rng.standard_normal((90, 1))
    y = rng.standard_normal(90)
    count = n * (n - 1) // 2
    return [np.full((count, 6), np.nan), np.full(count, np.nan), *tables(X[:60], y[:60]), *tables(X[60:], y[60:]), float(y[60:] @ y[60:])]


def _outputs_arguments(rng, size):
    return [np.full((size, 4), np.nan), rng.standard_normal((size, 6)), rng.integers(0, 6, 4), rng.integers(0, 6, 4), rng.standard_normal((4, 6))]


pairs = register(
    name="gmdh_pairs", doc="every pair of Ivakhnenko's layer fitted and judged",
    signature=f"void(float64[:, ::1], float64[::1], {TABLES}, {TABLES}, float64)",
    oracle=pairs_numpy, cpu=pairs_cpu, cuda=pairs_cuda,
    launch=lambda W, errors, S, C, *_: (((len(C) + SIDE - 1) // SIDE,) * 2, (SIDE, SIDE)),
    arguments=_pairs_arguments,
    work=lambda W, *_: Work(bytes=W.nbytes, operations=400 * len(W)),
    budget=Budget(registers=128, stack_bytes=512), outputs=2, tolerance=1e-7, sizes=(2, 3, 7, 31), bench_size=40,
)
outputs = register(
    name="gmdh_outputs", doc="what quadratic units make of each row",
    signature="void(float64[:, ::1], float64[:, ::1], int64[::1], int64[::1], float64[:, ::1])",
    oracle=outputs_numpy, cpu=outputs_cpu, cuda=outputs_cuda,
    launch=lambda Z, *_: one_thread_each(Z.size), arguments=_outputs_arguments,
    work=lambda Z, *_: Work(bytes=3 * Z.nbytes, operations=10 * Z.size),
    budget=Budget(registers=64), tolerance=1e-12, bench_size=100_000,
)
