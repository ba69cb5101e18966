"""The accuracy of every line: a threshold unit with two inputs for each combination of w1, w2 and b."""

import numpy as np

from labkit.kernels._numba import loops, prange
from labkit.kernels.registry import Budget, Work, one_thread_each, register


def line_accuracy_numpy(out, X, y, w1, w2, b):
    """out[k, j, i] = share of examples for which (w1[i] x1 + w2[j] x2 + b[k] > 0) is y."""
    for k in range(len(b)):
        for j in range(len(w2)):
            z = w1[:, None] * X[:, 0] + w2[j] * X[:, 1] + b[k]
            out[k, j] = ((z > 0) == (y > 0)).sum(axis=1) / np.float32(len(y))


@loops                                                      # without fastmath: a tie falls as in NumPy; a GPU rounds once where it fuses
def line_accuracy_cpu(out, X, y, w1, w2, b):
    for row in prange(len(b) * len(w2)):
        k, j = row // len(w2), row % len(w2)
        right = np.zeros(len(w1), np.int32)
        for e in range(len(y)):
            x1, above, offset, fires = X[e, 0], w2[j] * X[e, 1], b[k], y[e] > 0
            for i in range(len(w1)):
                right[i] += np.int32(((w1[i] * x1 + above) + offset > 0) == fires)
        for i in range(len(w1)):
            out[k, j, i] = np.float32(right[i]) / np.float32(len(y))


def line_accuracy_cuda(cuda):
    """The optimization it shows: all threads of a warp read the same example at the same time, which costs one read."""

    def line_accuracy(out, X, y, w1, w2, b):
        line = cuda.grid(1)
        if line < out.size:
            i = line % w1.size
            j = line // w1.size % w2.size
            k = line // (w1.size * w2.size)
            right = np.int32(0)
            for e in range(y.size):
                fires = w1[i] * X[e, 0] + w2[j] * X[e, 1] + b[k] > np.float32(0)
                if fires == (y[e] > np.float32(0)):
                    right += np.int32(1)
            out[k, j, i] = np.float32(right) / np.float32(y.size)

    return line_accuracy


def _arguments(rng, size):
    """Eighths, so that every sum is exact and a tie is a tie in every form."""
    eighths = lambda *shape: (rng.integers(-16, 17, shape) / 8).astype(np.float32)      # noqa: E731
    w1, w2, b = eighths(size), eighths(min(size, 7)), eighths(min(size, 5))
    y = rng.integers(0, 2, 4).astype(np.float32)
    return np.empty((len(b), len(w2), len(w1)), np.float32), eighths(4, 2), y, w1, w2, b


line_accuracy = register(
    name="line_accuracy",
    doc="the accuracy of every line w1 x1 + w2 x2 + b = 0 on a set of examples",
    signature="void(float32[:, :, ::1], float32[:, ::1], float32[::1], float32[::1], float32[::1], float32[::1])",
    oracle=line_accuracy_numpy,
    cpu=line_accuracy_cpu,
    cuda=line_accuracy_cuda,
    launch=lambda out, *_: one_thread_each(out.size),
    arguments=_arguments,
    work=lambda out, X, y, *_: Work(bytes=4 * out.size, operations=6 * out.size * len(y)),
    budget=Budget(registers=64),
    bench_size=200_000,
)
