"""Ivakhnenko's layer: every pair of inputs (u, v) fitted by 1, u, v, uv, uu, vv, from tables of moments instead of rows.

The six normal equations of a pair hold only sums over the rows of products of powers of u and v. Those of all pairs together
stand in a few matrix products, so the rows are read once and not once a pair. All sums are float64: the inputs of later
layers are nearly alike, and float32 would lose what tells them apart.
"""

import numpy as np

PIVOT = 1e-12       # a pivot below this share of its diagonal element: the six terms are not independent on these rows


def moments_numpy(S, C, Y, b, X, y):
    """The moments of the columns of X and of y. With A = [1, X, X^2], element by element powers:

    S = A'A, C = (X^3)'X, Y = (y X)'X, b = A'y. X : (m, n), y : (m,), S : (2n+1, 2n+1), C, Y : (n, n), b : (2n+1,)
    """
    A = np.hstack([np.ones((len(X), 1)), X, X**2])
    S[...] = A.T @ A
    C[...] = (X**3).T @ X
    Y[...] = (y[:, None] * X).T @ X
    b[...] = A.T @ y


def system_numpy(S, C, Y, b, I, J):
    """The normal equations of the pairs (I[k], J[k]): matrices (k, 6, 6) and right sides (k, 6)."""
    n = len(C)
    u, v, uu, vv = 1 + I, 1 + J, 1 + n + I, 1 + n + J
    zero = np.zeros_like(I)
    table = [
        [S[zero, zero], S[zero, u], S[zero, v], S[u, v], S[zero, uu], S[zero, vv]],
        [S[zero, u], S[u, u], S[u, v], S[uu, v], S[u, uu], S[u, vv]],
        [S[zero, v], S[u, v], S[v, v], S[u, vv], S[uu, v], S[v, vv]],
        [S[u, v], S[uu, v], S[u, vv], S[uu, vv], C[I, J], C[J, I]],
        [S[zero, uu], S[u, uu], S[uu, v], C[I, J], S[uu, uu], S[uu, vv]],
        [S[zero, vv], S[u, vv], S[v, vv], C[J, I], S[uu, vv], S[vv, vv]],
    ]
    return np.moveaxis(np.array(table), -1, 0), np.stack([b[zero], b[u], b[v], Y[I, J], b[uu], b[vv]], axis=1)


def pairs_numpy(W, errors, S, C, Y, b, S2, C2, Y2, b2, yy2):
    """Fit every pair i < j on the first moments and judge it on the second, those of the checking rows.

    W : (n_pairs, 6) coefficients; errors : (n_pairs,) sum of squares on the checking rows, infinite where the equations are
    nearly singular. yy2 : sum of the squares of the checking rows' y
    """
    I, J = np.triu_indices(len(C), 1)
    G, c = system_numpy(S, C, Y, b, I, J)
    regular = smallest_pivot(G) > PIVOT
    W[...] = 0
    W[regular] = np.linalg.solve(G[regular], c[regular][:, :, None])[:, :, 0]
    G2, c2 = system_numpy(S2, C2, Y2, b2, I, J)
    errors[...] = yy2 - 2 * (W * c2).sum(axis=1) + np.einsum("ki,kij,kj->k", W, G2, W)
    errors[~regular] = np.inf


def smallest_pivot(G):
    """The smallest pivot of Cholesky's elimination as a share of its diagonal element. G : (k, 6, 6); result (k,)"""
    G, smallest = G.copy(), np.full(len(G), np.inf)
    diagonal = np.einsum("kii->ki", G).copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        for r in range(G.shape[1]):
            smallest = np.fmin(smallest, np.nan_to_num(G[:, r, r] / diagonal[:, r], nan=0.0))
            G -= G[:, :, r, None] * G[:, r, None, :] / G[:, r, r, None, None]
    return smallest


def outputs_numpy(Z, X, I, J, W):
    """Z[r, k] = what pair k makes of row r."""
    u, v = X[:, I], X[:, J]
    Z[...] = W[:, 0] + W[:, 1] * u + W[:, 2] * v + W[:, 3] * u * v + W[:, 4] * u * u + W[:, 5] * v * v


def fit_pairs(X, y, X_check, y_check, least_norm):
    """Both steps: moments, then pairs. Returns coefficients (n_pairs, 6) and sums of squared errors over that of y_check."""
    first, second = table(X, y), table(X_check, y_check)
    n, yy = X.shape[1], y_check @ y_check
    W, errors = np.empty((n * (n - 1) // 2, 6)), np.empty(n * (n - 1) // 2)
    pairs_numpy(W, errors, *first, *second, yy)
    if least_norm:
        shortest(W, errors, first, second, yy)
    return W, errors / (yy or 1.0)


def table(X, y):
    """The four tables of moments of X and y."""
    n = X.shape[1]
    out = np.empty((2 * n + 1, 2 * n + 1)), np.empty((n, n)), np.empty((n, n)), np.empty(2 * n + 1)
    moments_numpy(*out, X, y)
    return out


def shortest(W, errors, first, second, yy):
    """Fill in the pairs that are nearly singular with the shortest of their solutions, by eigenvalues."""
    singular = np.flatnonzero(np.isinf(errors))
    I, J = (side[singular] for side in np.triu_indices(len(first[1]), 1))
    G, c = system_numpy(*first, I, J)
    values, vectors = np.linalg.eigh(G)
    keep = values > PIVOT * values[:, -1:]
    inverse = np.where(keep, 1 / np.where(keep, values, 1), 0)
    W[singular] = np.einsum("kij,kj,klj,kl->ki", vectors, inverse, vectors, c)
    G, c = system_numpy(*second, I, J)
    errors[singular] = yy - 2 * (W[singular] * c).sum(axis=1) + np.einsum("ki,kij,kj->k", W[singular], G, W[singular])
