"""Softmax and the losses, row by row: scores become probabilities, and probabilities the feedback p - t.

Every loss fills `losses` with one number a row, and `dz` (`dp`, `dy`) with the gradient, both times `share`: 1 / n for a mean
over n rows, 1 for a sum. On the GPU a thread takes a row: each row's sums then stay in its registers.
"""

import math

import numpy as np

from labkit.kernels._numba import FINITE_MATH, loops, njit, prange
from labkit.kernels.activations import exp, log, log1p
from labkit.kernels.registry import Budget, Work, one_thread_each, register

_0, _1, _HALF = np.float32(0), np.float32(1), np.float32(0.5)
CLASSES = 5         # of the arguments drawn for tests


@njit(fastmath=False)
def less_score(log_total, z, largest):
    """log_total - (z - largest), in this order: the loops' fast mathematics would add `largest` to the logarithm, whose digits a large
    score would swallow. A helper shares its caller's fast mathematics unless told otherwise."""
    return log_total - (z - largest)


def softmax_numpy(p, z):
    """p[i] = exp(z[i]) / sum exp(z[i]), each row shifted by its largest score so that exp never overflows"""
    np.exp(z - z.max(axis=1, keepdims=True), out=p)
    p /= p.sum(axis=1, keepdims=True)


@loops(fastmath=FINITE_MATH)
def softmax_cpu(p, z):
    for i in prange(z.shape[0]):
        largest = z[i, 0]
        for j in range(1, z.shape[1]):
            largest = max(largest, z[i, j])
        total = z.dtype.type(0)
        for j in range(z.shape[1]):
            p[i, j] = exp(z[i, j] - largest)
            total += p[i, j]
        for j in range(z.shape[1]):
            p[i, j] /= total


def softmax_cuda(cuda):
    def softmax(p, z):
        i = cuda.grid(1)
        if i < z.shape[0]:
            largest = z[i, 0]
            for j in range(1, z.shape[1]):
                largest = max(largest, z[i, j])
            total = _0
            for j in range(z.shape[1]):
                e = math.exp(z[i, j] - largest)
                p[i, j] = e
                total += e
            for j in range(z.shape[1]):
                p[i, j] /= total

    return softmax


def softmax_backward_numpy(dz, dp, p):
    """dz[i] = p[i] (dp[i] - dp[i] . p[i])"""
    dz[...] = p * (dp - (dp * p).sum(axis=1, keepdims=True))


@loops(fastmath=FINITE_MATH)
def softmax_backward_cpu(dz, dp, p):
    for i in prange(p.shape[0]):
        mean = p.dtype.type(0)
        for j in range(p.shape[1]):
            mean += dp[i, j] * p[i, j]
        for j in range(p.shape[1]):
            dz[i, j] = p[i, j] * (dp[i, j] - mean)


def softmax_backward_cuda(cuda):
    def softmax_backward(dz, dp, p):
        i = cuda.grid(1)
        if i < p.shape[0]:
            mean = _0
            for j in range(p.shape[1]):
                mean += dp[i, j] * p[i, j]
            for j in range(p.shape[1]):
                dz[i, j] = p[i, j] * (dp[i, j] - mean)

    return softmax_backward


def softmax_cross_entropy_numpy(dz, losses, z, labels, share):
    """losses[i] = -log softmax(z[i])[labels[i]];  dz[i] = softmax(z[i]), less 1 in the label's column"""
    rows = np.arange(len(z))
    shifted = z - z.max(axis=1, keepdims=True)
    weights = np.exp(shifted)
    totals = weights.sum(axis=1)
    losses[...] = share * (np.log(totals) - shifted[rows, labels])
    dz[...] = weights / totals[:, None]
    dz[rows, labels] -= 1
    dz *= share


@loops(fastmath=FINITE_MATH)
def softmax_cross_entropy_cpu(dz, losses, z, labels, share):
    for i in prange(z.shape[0]):
        largest = z[i, 0]
        for j in range(1, z.shape[1]):
            largest = max(largest, z[i, j])
        total = z.dtype.type(0)
        for j in range(z.shape[1]):
            dz[i, j] = exp(z[i, j] - largest)
            total += dz[i, j]
        losses[i] = share * less_score(log(total), z[i, labels[i]], largest)
        for j in range(z.shape[1]):
            dz[i, j] *= share / total
        dz[i, labels[i]] -= share


def softmax_cross_entropy_cuda(cuda):
    def softmax_cross_entropy(dz, losses, z, labels, share):
        i = cuda.grid(1)
        if i < z.shape[0]:
            largest = z[i, 0]
            for j in range(1, z.shape[1]):
                largest = max(largest, z[i, j])
            total = _0
            for j in range(z.shape[1]):
                e = math.exp(z[i, j] - largest)
                dz[i, j] = e
                total += e
            losses[i] = share * (math.log(total) - (z[i, labels[i]] - largest))
            for j in range(z.shape[1]):
                right = share if j == labels[i] else _0
                dz[i, j] = dz[i, j] * share / total - right

    return softmax_cross_entropy


def softmax_cross_entropy_soft_numpy(dz, losses, z, t, share):
    """losses[i] = -t[i] . log softmax(z[i]) for targets that are probabilities;  dz[i] = softmax(z[i]) - t[i]"""
    shifted = z - z.max(axis=1, keepdims=True)
    weights = np.exp(shifted)
    totals = weights.sum(axis=1)
    losses[...] = share * (t * (np.log(totals)[:, None] - shifted)).sum(axis=1)
    dz[...] = share * (weights / totals[:, None] - t)


@loops(fastmath=FINITE_MATH)
def softmax_cross_entropy_soft_cpu(dz, losses, z, t, share):
    for i in prange(z.shape[0]):
        largest = z[i, 0]
        for j in range(1, z.shape[1]):
            largest = max(largest, z[i, j])
        total = z.dtype.type(0)
        for j in range(z.shape[1]):
            dz[i, j] = exp(z[i, j] - largest)
            total += dz[i, j]
        log_total = log(total)
        loss = z.dtype.type(0)
        for j in range(z.shape[1]):
            loss += t[i, j] * less_score(log_total, z[i, j], largest)
            dz[i, j] = share * (dz[i, j] / total - t[i, j])
        losses[i] = share * loss


def softmax_cross_entropy_soft_cuda(cuda):
    def softmax_cross_entropy_soft(dz, losses, z, t, share):
        i = cuda.grid(1)
        if i < z.shape[0]:
            largest = z[i, 0]
            for j in range(1, z.shape[1]):
                largest = max(largest, z[i, j])
            total = _0
            for j in range(z.shape[1]):
                e = math.exp(z[i, j] - largest)
                dz[i, j] = e
                total += e
            log_total = math.log(total)
            loss = _0
            for j in range(z.shape[1]):
                loss += t[i, j] * (log_total - (z[i, j] - largest))
                dz[i, j] = share * (dz[i, j] / total - t[i, j])
            losses[i] = share * loss

    return softmax_cross_entropy_soft


def cross_entropy_numpy(dp, losses, p, t, share, floor):
    """losses[i] = -t[i] . log p[i];  dp = -t / p, with every p raised to `floor` at least"""
    p = np.maximum(p, floor)
    losses[...] = -share * (t * np.log(p)).sum(axis=1)
    dp[...] = -share * t / p


@loops(fastmath=FINITE_MATH)
def cross_entropy_cpu(dp, losses, p, t, share, floor):
    for i in prange(p.shape[0]):
        loss = p.dtype.type(0)
        for j in range(p.shape[1]):
            q = floor if p[i, j] < floor else p[i, j]
            loss -= t[i, j] * log(q)
            dp[i, j] = -share * t[i, j] / q
        losses[i] = share * loss


def cross_entropy_cuda(cuda):
    def cross_entropy(dp, losses, p, t, share, floor):
        i = cuda.grid(1)
        if i < p.shape[0]:
            loss = _0
            for j in range(p.shape[1]):
                q = floor if p[i, j] < floor else p[i, j]
                loss -= t[i, j] * math.log(q)
                dp[i, j] = -share * t[i, j] / q
            losses[i] = share * loss

    return cross_entropy


def binary_cross_entropy_numpy(dp, losses, p, t, share, floor):
    """losses[i] = -sum t log p + (1 - t) log(1 - p);  dp = (p - t) / (p (1 - p)), p kept in [floor, 1 - floor]"""
    p = np.clip(p, floor, 1 - floor)
    losses[...] = -share * (t * np.log(p) + (1 - t) * np.log1p(-p)).sum(axis=1)
    dp[...] = share * (p - t) / (p * (1 - p))


@loops(fastmath=FINITE_MATH)
def binary_cross_entropy_cpu(dp, losses, p, t, share, floor):
    for i in prange(p.shape[0]):
        loss = p.dtype.type(0)
        for j in range(p.shape[1]):
            q = floor if p[i, j] < floor else (_1 - floor if p[i, j] > _1 - floor else p[i, j])
            loss -= t[i, j] * log(q) + (_1 - t[i, j]) * log1p(-q)
            dp[i, j] = share * (q - t[i, j]) / (q * (_1 - q))
        losses[i] = share * loss


def binary_cross_entropy_cuda(cuda):
    def binary_cross_entropy(dp, losses, p, t, share, floor):
        i = cuda.grid(1)
        if i < p.shape[0]:
            loss = _0
            for j in range(p.shape[1]):
                q = min(max(p[i, j], floor), _1 - floor)
                loss -= t[i, j] * math.log(q) + (_1 - t[i, j]) * math.log1p(-q)
                dp[i, j] = share * (q - t[i, j]) / (q * (_1 - q))
            losses[i] = share * loss

    return binary_cross_entropy


def sigmoid_cross_entropy_numpy(dz, losses, z, t, share):
    """losses[i] = sum max(z, 0) - t z + log(1 + exp(-|z|)), binary cross-entropy from scores;  dz = 1 / (1 + exp(-z)) - t"""
    small = np.exp(-np.abs(z))
    losses[...] = share * (np.maximum(z, 0) - t * z + np.log1p(small)).sum(axis=1)
    dz[...] = share * (np.where(z < 0, small, 1) / (1 + small) - t)


@loops(fastmath=FINITE_MATH)
def sigmoid_cross_entropy_cpu(dz, losses, z, t, share):
    for i in prange(z.shape[0]):
        loss = z.dtype.type(0)
        for j in range(z.shape[1]):
            small = exp(-abs(z[i, j]))
            loss += (_0 if z[i, j] < _0 else z[i, j]) - t[i, j] * z[i, j] + log1p(small)
            dz[i, j] = share * ((small if z[i, j] < _0 else _1) / (_1 + small) - t[i, j])
        losses[i] = share * loss


def sigmoid_cross_entropy_cuda(cuda):
    def sigmoid_cross_entropy(dz, losses, z, t, share):
        i = cuda.grid(1)
        if i < z.shape[0]:
            loss = _0
            for j in range(z.shape[1]):
                small = math.exp(-abs(z[i, j]))
                loss += max(z[i, j], _0) - t[i, j] * z[i, j] + math.log1p(small)
                dz[i, j] = share * ((small if z[i, j] < _0 else _1) / (_1 + small) - t[i, j])
            losses[i] = share * loss

    return sigmoid_cross_entropy


def squared_error_numpy(dy, losses, y, t, share):
    """losses[i] = half the squared distance of y[i] from t[i];  dy = y - t"""
    np.subtract(y, t, out=dy)
    losses[...] = _HALF * share * (dy * dy).sum(axis=1)
    dy *= share


@loops(fastmath=FINITE_MATH)
def squared_error_cpu(dy, losses, y, t, share):
    for i in prange(y.shape[0]):
        loss = y.dtype.type(0)
        for j in range(y.shape[1]):
            error = y[i, j] - t[i, j]
            loss += error * error
            dy[i, j] = share * error
        losses[i] = _HALF * share * loss


def squared_error_cuda(cuda):
    def squared_error(dy, losses, y, t, share):
        i = cuda.grid(1)
        if i < y.shape[0]:
            loss = _0
            for j in range(y.shape[1]):
                error = y[i, j] - t[i, j]
                loss += error * error
                dy[i, j] = share * error
            losses[i] = _HALF * share * loss

    return squared_error


# The arguments that tests and timings draw

TABLE = "float32[:, ::1]"


def _scores(rng, size):
    return rng.standard_normal((size, CLASSES), dtype=np.float32) * np.float32(3)


def _probabilities(rng, size):
    return rng.dirichlet(np.ones(CLASSES), size).reshape(size, CLASSES).astype(np.float32)


def _labels(rng, size):
    return rng.integers(0, CLASSES, size)


def _register(name, oracle, cpu, cuda, arrays, signature, outputs=2, registers=48):
    """Enter a kernel; `arrays(rng, size)` draws its inputs."""
    blank = lambda size: [np.full((size, CLASSES), np.nan, np.float32)] + [np.full(size, np.nan, np.float32)] * (outputs - 1)    # noqa: E731
    return register(
        name=name, signature=f"void({signature})", oracle=oracle, cpu=cpu, cuda=cuda,
        launch=lambda out, *_: one_thread_each(out.shape[0]),
        arguments=lambda rng, size: [*blank(size), *arrays(rng, size)],
        work=lambda out, *_: Work(bytes=3 * out.nbytes, operations=25 * out.size),
        budget=Budget(registers=registers), outputs=outputs, tolerance=5e-6, bench_size=100_000,
    )


LOSS = f"{TABLE}, float32[::1], {TABLE}, {TABLE}, float32"
SHARE, FLOOR = np.float32(0.25), np.float32(1e-7)

softmax = _register("softmax", softmax_numpy, softmax_cpu, softmax_cuda, lambda rng, n: [_scores(rng, n)], f"{TABLE}, {TABLE}", outputs=1)
softmax_backward = _register(
    "softmax_backward", softmax_backward_numpy, softmax_backward_cpu, softmax_backward_cuda,
    lambda rng, n: [_scores(rng, n), _probabilities(rng, n)], f"{TABLE}, {TABLE}, {TABLE}", outputs=1)
softmax_cross_entropy = _register(
    "softmax_cross_entropy", softmax_cross_entropy_numpy, softmax_cross_entropy_cpu, softmax_cross_entropy_cuda,
    lambda rng, n: [_scores(rng, n), _labels(rng, n), SHARE], f"{TABLE}, float32[::1], {TABLE}, int64[::1], float32")
softmax_cross_entropy_soft = _register(
    "softmax_cross_entropy_soft", softmax_cross_entropy_soft_numpy, softmax_cross_entropy_soft_cpu, softmax_cross_entropy_soft_cuda,
    lambda rng, n: [_scores(rng, n), _probabilities(rng, n), SHARE], LOSS)
cross_entropy = _register(
    "cross_entropy", cross_entropy_numpy, cross_entropy_cpu, cross_entropy_cuda,
    lambda rng, n: [0.1 + _probabilities(rng, n), _probabilities(rng, n), SHARE, FLOOR], f"{LOSS}, float32")
binary_cross_entropy = _register(
    "binary_cross_entropy", binary_cross_entropy_numpy, binary_cross_entropy_cpu, binary_cross_entropy_cuda,
    lambda rng, n: [rng.uniform(0.05, 0.95, (n, CLASSES)).astype(np.float32), _probabilities(rng, n), SHARE, FLOOR], f"{LOSS}, float32")
sigmoid_cross_entropy = _register(
    "sigmoid_cross_entropy", sigmoid_cross_entropy_numpy, sigmoid_cross_entropy_cpu, sigmoid_cross_entropy_cuda,
    lambda rng, n: [_scores(rng, n), _probabilities(rng, n), SHARE], LOSS)
squared_error = _register(
    "squared_error", squared_error_numpy, squared_error_cpu, squared_error_cuda,
    lambda rng, n: [_scores(rng, n), _scores(rng, n), SHARE], LOSS)
