"""Ivakhnenko's network in six plain functions, shown where the reader's own are not ready: fit, judge, select, stack, stop."""

import numpy as np


def terms(x, z):
    """The six terms 1, x, z, xz, x^2, z^2 of two inputs. x, z : (n,); returns (n, 6)."""
    return np.stack([np.ones_like(x), x, z, x * z, x * x, z * z], axis=1)


def least_squares(F, y):
    """The shortest of the coefficients that fit best. F : (n, 6), y : (n,); returns (6,)."""
    return np.linalg.lstsq(F, y, rcond=1e-7)[0]


def criterion(c, F, y):
    """Sum of squared misses over the sum of y squared (the regularity criterion, Farlow 1981)."""
    return ((F @ c - y) ** 2).sum() / (y**2).sum()


def lowest(errors, keep):
    """The `keep` pairs (i, j), i < j, with the lowest finite errors, best first. errors : (n, n); returns (kept, 2)."""
    i, j = np.nonzero(np.triu(np.isfinite(errors), 1))
    order = np.argsort(errors[i, j], kind="stable")[:keep]
    return np.stack([i[order], j[order]], axis=1)


def outputs(X, pairs, C):
    """What the units make of each row. X : (n, m), pairs : (k, 2), C : (k, 6); returns (n, k)."""
    return np.stack([terms(X[:, i], X[:, j]) @ c for (i, j), c in zip(pairs, C, strict=True)], axis=1)


def depth(errors, gain=5e-4):
    """How many layers to keep, from the best criterion of each: up to the first that gains less than `gain`."""
    return next((k for k in range(1, len(errors)) if errors[k - 1] - errors[k] < gain), len(errors))
