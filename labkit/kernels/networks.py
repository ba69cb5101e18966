"""Many small layered networks at once: inputs, one hidden layer, outputs, all learning the same few patterns.

Logistic units, squared error, full-batch backpropagation with momentum, as in `xor`, for any table of patterns: the symmetry
network and the encoder of Rumelhart, Hinton and Williams (1986) have kernels of their own. The rows of `weights` are, for each
hidden unit, its input weights and bias, then for each output unit, its hidden weights and bias: (inputs + 1) hidden + (hidden + 1) outputs.
"""

import math

import numpy as np

from labkit.kernels._numba import FINITE_MATH, loops, njit, prange
from labkit.kernels.registry import RESERVED, Budget, Kernel, Work, one_thread_each, register
from labkit.kernels.vector_math import logistic

SIGNATURE = ("void(float32[:, ::1], float32[::1], float32[::1], int32[::1], float32[:, ::1], float32[:, ::1], "
             "int32, int32, float32, float32, float32)")


def rows(inputs, hidden, outputs):
    """How many numbers such a network has."""
    return (inputs + 1) * hidden + (hidden + 1) * outputs


# Plain NumPy

def networks_numpy(weights, errors, worst, needed, X, T, hidden, sweeps, rate, momentum, tolerance):
    """Each column of `weights` learns in place for `sweeps` sweeps over the patterns X (patterns, inputs), T (patterns, outputs).

    Of the networks that result: `errors`, half the summed squares, and `worst`, the largest |output - target|. `needed`: sweeps
    until `worst` was below `tolerance`, -1 if never.
    """
    count, velocity, stride = weights.shape[1], np.zeros_like(weights), X.shape[1] + 1
    first = stride * int(hidden)
    needed[:] = -1
    for sweep in range(sweeps + 1):
        W = weights[:first].reshape(hidden, stride, count)
        V = weights[first:].reshape(T.shape[1], hidden + 1, count)
        H = _logistic_numpy(np.einsum("pi,kin->pkn", X, W[:, :-1]) + W[:, -1])
        Y = _logistic_numpy(np.einsum("pkn,okn->pon", H, V[:, :-1]) + V[:, -1])
        error = Y - T[:, :, None]
        errors[:] = (np.float32(0.5) * error**2).sum(axis=(0, 1))
        worst[:] = abs(error).max(axis=(0, 1))
        needed[(needed < 0) & (worst < tolerance)] = sweep
        if sweep < sweeps:
            D = error * Y * (1 - Y)
            dH = np.einsum("pon,okn->pkn", D, V[:, :-1]) * H * (1 - H)
            dW = np.concatenate([np.einsum("pkn,pi->kin", dH, X), dH.sum(axis=0)[:, None]], axis=1)
            dV = np.concatenate([np.einsum("pon,pkn->okn", D, H), D.sum(axis=0)[:, None]], axis=1)
            velocity = momentum * velocity - rate * np.concatenate([dW.reshape(first, count), dV.reshape(len(weights) - first, count)])
            weights += velocity


def _logistic_numpy(z):
    return 1 / (1 + np.exp(-z))


# CPU. BLOCK networks learn side by side, so that each loop over them becomes vector code: they are the columns of every table here.
# Helpers get whole tables and the number of a row: a row cut out costs Numba as much time as the loop over it. A pattern's zeros are
# skipped for all networks at once.

BLOCK = 128
_0, _HALF, _1 = np.float32(0), np.float32(0.5), np.float32(1)


@njit(fastmath=FINITE_MATH)
def _unit(h, k, w, first, x):
    """Row k of h: a unit's answers to a pattern x that all networks share. Its weights are the rows of w from `first`, the bias last."""
    for i in range(BLOCK):
        h[k, i] = w[first + len(x), i]
    for j in range(len(x)):
        if x[j] != _0:
            for i in range(BLOCK):
                h[k, i] += x[j] * w[first + j, i]
    for i in range(BLOCK):
        h[k, i] = logistic(h[k, i])


@njit(fastmath=FINITE_MATH)
def _output(delta, h, w, first, target, error, worst):
    """An output's answers from the hidden units', judged; `delta` then holds what travels back."""
    for i in range(BLOCK):
        delta[i] = w[first + len(h), i]
    for k in range(len(h)):
        for i in range(BLOCK):
            delta[i] += h[k, i] * w[first + k, i]
    for i in range(BLOCK):
        y = logistic(delta[i])
        miss = y - target
        error[i] += _HALF * miss * miss
        worst[i] = max(worst[i], abs(miss))
        delta[i] = miss * y * (_1 - y)


@njit(fastmath=FINITE_MATH)
def _output_backward(delta, h, back, w, gradient, first):
    """An output's share of the gradient, and of what its hidden units hear."""
    for k in range(len(h)):
        for i in range(BLOCK):
            back[k, i] += delta[i] * w[first + k, i]
            gradient[first + k, i] += delta[i] * h[k, i]
    for i in range(BLOCK):
        gradient[first + len(h), i] += delta[i]


@njit(fastmath=FINITE_MATH)
def _unit_backward(back, h, k, gradient, first, x):
    for i in range(BLOCK):
        back[k, i] *= h[k, i] * (_1 - h[k, i])
        gradient[first + len(x), i] += back[k, i]
    for j in range(len(x)):
        if x[j] != _0:
            for i in range(BLOCK):
                gradient[first + j, i] += x[j] * back[k, i]


@njit(fastmath=FINITE_MATH)
def _step(w, velocity, gradient, rate, momentum):
    for j in range(len(w)):
        for i in range(BLOCK):
            velocity[j, i] = momentum * velocity[j, i] - rate * gradient[j, i]
            w[j, i] += velocity[j, i]
            gradient[j, i] = _0


@njit(fastmath=FINITE_MATH)
def _learn(weights, errors, worst, needed, X, T, hidden, sweeps, rate, momentum, tolerance):
    """A block of networks from start to end; the arrays are those of these networks alone."""
    here, stride, count = len(errors), X.shape[1] + 1, len(weights)
    w, velocity, gradient = np.zeros((count, BLOCK), np.float32), np.zeros((count, BLOCK), np.float32), np.zeros((count, BLOCK), np.float32)
    h, back = np.empty((hidden, BLOCK), np.float32), np.empty((hidden, BLOCK), np.float32)
    delta, error, largest = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    w[:, :here] = weights
    needed[:] = -1
    for sweep in range(sweeps + 1):
        error[:] = _0
        largest[:] = _0
        for p in range(len(X)):
            for k in range(hidden):
                _unit(h, k, w, k * stride, X[p])
            back[:] = _0
            for o in range(T.shape[1]):
                first = hidden * stride + o * (hidden + 1)
                _output(delta, h, w, first, T[p, o], error, largest)
                _output_backward(delta, h, back, w, gradient, first)
            for k in range(hidden):
                _unit_backward(back, h, k, gradient, k * stride, X[p])
        for i in range(here):
            if largest[i] < tolerance and needed[i] < 0:
                needed[i] = sweep
        if sweep < sweeps:
            _step(w, velocity, gradient, rate, momentum)
    weights[:] = w[:, :here]
    errors[:] = error[:here]
    worst[:] = largest[:here]


@loops(fastmath=FINITE_MATH)
def networks_cpu(weights, errors, worst, needed, X, T, hidden, sweeps, rate, momentum, tolerance):
    for block in prange((len(errors) + BLOCK - 1) // BLOCK):
        a = block * BLOCK
        b = min(len(errors), a + BLOCK)
        _learn(weights[:, a:b], errors[a:b], worst[a:b], needed[a:b], X, T, hidden, sweeps, rate, momentum, tolerance)


# CUDA

THREADS = 32

def networks_cuda(inputs, hidden, outputs):
    """The factory for one size of network. The optimization it shows: a network and its velocity are more numbers than a thread has
    registers. They lie in shared memory, a column a thread, so that none waits for another and none reads another's bank; each
    pattern's gradient goes into the velocity at once, and needs no place of its own."""

    count, stride = rows(inputs, hidden, outputs), inputs + 1       # lengths of arrays in a kernel have to be plain constants
    first, step = hidden * stride, hidden + 1

    def factory(cuda):
        @cuda.jit(device=True)
        def logistic(z):
            return np.float32(1) / (np.float32(1) + math.exp(-z))

        def networks(weights, errors, worst, needed, X, T, units, sweeps, rate, momentum, tolerance):
            r = cuda.grid(1)
            t = cuda.threadIdx.x
            w = cuda.shared.array((count, THREADS), np.float32)
            velocity = cuda.shared.array((count, THREADS), np.float32)
            if r < errors.size:
                h = cuda.local.array(hidden, np.float32)
                back = cuda.local.array(hidden, np.float32)
                for j in range(weights.shape[0]):
                    w[j, t] = weights[j, r]
                    velocity[j, t] = np.float32(0)
                when = np.int32(-1)
                error = np.float32(0)
                largest = np.float32(0)
                for sweep in range(sweeps + 1):
                    error = np.float32(0)
                    largest = np.float32(0)
                    for j in range(weights.shape[0]):
                        velocity[j, t] *= momentum
                    for p in range(X.shape[0]):
                        for k in range(hidden):
                            z = w[k * stride + inputs, t]
                            for i in range(X.shape[1]):
                                z += w[k * stride + i, t] * X[p, i]
                            h[k] = logistic(z)
                            back[k] = np.float32(0)
                        for o in range(T.shape[1]):
                            z = w[first + o * step + hidden, t]
                            for k in range(hidden):
                                z += w[first + o * step + k, t] * h[k]
                            y = logistic(z)
                            e = y - T[p, o]
                            error += np.float32(0.5) * e * e
                            largest = max(largest, abs(e))
                            D = rate * e * y * (np.float32(1) - y)
                            velocity[first + o * step + hidden, t] -= D
                            for k in range(hidden):
                                back[k] += D * w[first + o * step + k, t]
                                velocity[first + o * step + k, t] -= D * h[k]
                        for k in range(hidden):
                            d = back[k] * h[k] * (np.float32(1) - h[k])
                            velocity[k * stride + inputs, t] -= d
                            for i in range(X.shape[1]):
                                velocity[k * stride + i, t] -= d * X[p, i]
                    if largest < tolerance and when < 0:
                        when = np.int32(sweep)
                    if sweep < sweeps:
                        for j in range(weights.shape[0]):
                            w[j, t] += velocity[j, t]
                for j in range(weights.shape[0]):
                    weights[j, r] = w[j, t]
                errors[r] = error
                worst[r] = largest
                needed[r] = when

        return networks

    return factory


def _arguments(inputs, hidden, outputs):
    def draw(rng, size):
        weights = rng.uniform(-1, 1, (rows(inputs, hidden, outputs), size)).astype(np.float32)
        results = np.empty((2, size), np.float32)
        X = rng.integers(0, 2, (8, inputs)).astype(np.float32)
        T = rng.integers(0, 2, (8, outputs)).astype(np.float32)
        few = np.int32(3 if size < 10_000 else 50)      # networks part ways after many sweeps, forms differ in the last bits
        return (weights, results[0], results[1], np.empty(size, np.int32), X, T, np.int32(hidden), few,
                np.float32(0.1), np.float32(0.9), np.float32(0.5))

    return draw


def _work(weights, errors, worst, needed, X, T, hidden, sweeps, *_):
    a_pattern = 6 * len(weights) + 30 * (int(hidden) + T.shape[1])       # a logistic function costs about 25 operations
    return Work(bytes=8 * weights.size + 12 * errors.size, operations=(len(X) * a_pattern + 4 * len(weights)) * (int(sweeps) + 1) * errors.size)


def _entry(inputs, hidden, outputs):
    return dict(
        name=f"networks_{inputs}_{hidden}_{outputs}",
        doc=f"backpropagation for many {inputs}-{hidden}-{outputs} networks on one table of patterns",
        signature=SIGNATURE,
        oracle=networks_numpy,
        cpu=networks_cpu,
        cuda=networks_cuda(inputs, hidden, outputs),
        launch=lambda weights, errors, *_: one_thread_each(errors.size, THREADS),
        arguments=_arguments(inputs, hidden, outputs),
        work=_work,
        outputs=4,
        sizes=(0, 1, 3, 129),
        bench_size=20_000,
        tolerance=1e-5,
        statistics=lambda weights, errors, worst, needed: (errors.mean(), (worst < 0.5).mean(), (needed >= 0).mean()),
        budget=Budget(registers=72, shared_bytes=8 * THREADS * rows(inputs, hidden, outputs) + RESERVED),
    )


symmetry_networks = register(**_entry(6, 2, 1))
encoder_networks = register(**_entry(8, 3, 8))
_built = {(6, 2, 1): symmetry_networks, (8, 3, 8): encoder_networks}


def networks(inputs, hidden, outputs):
    """The kernel for networks of this size; one that is not in the registry is made on its first use."""
    size = inputs, hidden, outputs
    if size not in _built:
        _built[size] = Kernel(**_entry(*size))
    return _built[size]
