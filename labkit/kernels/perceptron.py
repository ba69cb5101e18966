"""Thousands of Rosenblatt perceptrons at once: one run for each start and each order of the examples (Rosenblatt 1958)."""

import numpy as np

from labkit.kernels._numba import FINITE_MATH, loops, prange
from labkit.kernels.registry import Budget, Work, one_thread_each, register

INFINITY = np.float32(np.inf)


def perceptron_swarm_numpy(weights, mistakes, epochs, converged, X, t, orders, rate, most_epochs):
    """Column r of `weights` (bias last) learns in place: unless t (w x + b) > 0, with targets t = +1 or -1, w += rate t x.

    It sees the examples in order r % n_orders, epoch after epoch, until one without a mistake or `most_epochs` of them.
    An infinite t (w x + b) is a mistake, too: so a row that is not finite leaves weights that are not, and nobody has to look before.
    """
    X1 = np.column_stack([X, np.ones(len(X), X.dtype)])
    for r in range(len(mistakes)):
        w = weights[:, r]
        mistakes[r] = epochs[r] = converged[r] = 0
        while epochs[r] < most_epochs and not converged[r]:
            before = mistakes[r]
            for e in orders[r % len(orders)]:
                if not 0 < t[e] * (X1[e] @ w) < np.inf:
                    w += rate * t[e] * X1[e]
                    mistakes[r] += 1
            epochs[r] += 1
            converged[r] = mistakes[r] == before


@loops(fastmath=FINITE_MATH)
def perceptron_swarm_cpu(weights, mistakes, epochs, converged, X, t, orders, rate, most_epochs):
    features = X.shape[1]
    for r in prange(len(mistakes)):
        w = weights[:, r].copy()                # a column's elements lie far apart: work on a copy that lies together
        order = orders[r % len(orders)]
        wrong, epoch, clean = 0, 0, False
        while epoch < most_epochs and not clean:
            clean = True
            for position in range(len(order)):
                e = order[position]
                z = w[features]
                for j in range(features):
                    z += w[j] * X[e, j]
                if not 0 < t[e] * z < np.inf:
                    step = rate * t[e]
                    for j in range(features):
                        w[j] += step * X[e, j]
                    w[features] += step
                    wrong += 1
                    clean = False
            epoch += 1
        for j in range(features + 1):
            weights[j, r] = w[j]
        mistakes[r], epochs[r], converged[r] = wrong, epoch, clean


def perceptron_swarm_cuda(cuda):
    """The optimization it shows: weight j of all runs lies side by side, so the threads of a warp read neighbours."""

    def perceptron_swarm(weights, mistakes, epochs, converged, X, t, orders, rate, most_epochs):
        r = cuda.grid(1)
        if r < mistakes.size:
            features = X.shape[1]
            o = r % orders.shape[0]
            wrong = np.int32(0)
            epoch = np.int32(0)
            clean = False
            while epoch < most_epochs and not clean:
                clean = True
                for position in range(t.size):
                    e = orders[o, position]
                    z = weights[features, r]
                    for j in range(features):
                        z += weights[j, r] * X[e, j]
                    if not np.float32(0) < t[e] * z < INFINITY:
                        step = rate * t[e]
                        for j in range(features):
                            weights[j, r] += step * X[e, j]
                        weights[features, r] += step
                        wrong += np.int32(1)
                        clean = False
                epoch += np.int32(1)
            mistakes[r] = wrong
            epochs[r] = epoch
            converged[r] = clean

    return perceptron_swarm


def _arguments(rng, size):
    """Eighths, so that every sum is exact and all forms make the same mistakes."""
    X = (rng.integers(-16, 17, (11, 3)) / 8).astype(np.float32)
    t = np.where(X @ [1, -0.5, 0.25] > 0.25, 1, -1).astype(np.float32)
    t[0] = rng.choice([-1, 1])                  # often not separable
    weights = (rng.integers(-8, 9, (4, size)) / 8).astype(np.float32)
    orders = np.argsort(rng.random((3, 11)), axis=1).astype(np.int32)
    counts = np.empty((2, size), np.int32)
    return weights, counts[0], counts[1], np.empty(size, np.bool_), X, t, orders, np.float32(0.5), np.int32(9)


def _work(weights, mistakes, epochs, converged, X, t, orders, rate, most_epochs):
    """At most: a run that converges early does less."""
    return Work(bytes=8 * weights.size, operations=2 * weights.size * len(t) * int(most_epochs))


perceptron_swarm = register(
    name="perceptron_swarm",
    doc="Rosenblatt's rule for many starts and orders of the examples",
    signature="void(float32[:, ::1], int32[::1], int32[::1], boolean[::1], float32[:, ::1], float32[::1], "
              "int32[:, ::1], float32, int32)",
    oracle=perceptron_swarm_numpy,
    cpu=perceptron_swarm_cpu,
    cuda=perceptron_swarm_cuda,
    launch=lambda weights, mistakes, *_: one_thread_each(mistakes.size),
    arguments=_arguments,
    work=_work,
    budget=Budget(registers=64),
    outputs=4,
    sizes=(0, 1, 3, 31, 33, 67),
    bench_size=100_000,
)
