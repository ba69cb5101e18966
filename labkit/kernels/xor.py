"""A hundred thousand small networks at once: two inputs, a few hidden units, one output, learning a table of four corners.

Logistic units, squared error, full-batch backpropagation with momentum (Rumelhart, Hinton and Williams 1986). The rows of
`weights` are, for each hidden unit, its w1, w2 and bias, then the output's weights, then the output's bias: 4 hidden + 1.
"""

import math

import numpy as np

from labkit.kernels._numba import FINITE_MATH, loops, njit, prange
from labkit.kernels.registry import Budget, Work, one_thread_each, register
from labkit.kernels.vector_math import logistic

MOST_HIDDEN = 4
CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)


# Plain NumPy

def xor_networks_numpy(weights, errors, worst, needed, targets, sweeps, rate, momentum, tolerance):
    """Each column of `weights` learns in place for `sweeps` sweeps. Of the networks that result: `errors`, half the summed
    squares, and `worst`, the largest |output - target|. `needed`: sweeps until `worst` was below `tolerance`, -1 if never.
    """
    hidden = len(weights) // 4
    velocity = np.zeros_like(weights)
    needed[:] = -1
    for sweep in range(sweeps + 1):
        W, b = weights[: 3 * hidden].reshape(hidden, 3, -1)[:, :2], weights[2 : 3 * hidden : 3]
        V = weights[3 * hidden : -1]
        H = _logistic_numpy(np.einsum("ci,kin->ckn", CORNERS, W) + b)
        output = _logistic_numpy((H * V).sum(axis=1) + weights[-1])
        error = output - targets[:, None]
        errors[:] = (np.float32(0.5) * error**2).sum(axis=0)
        worst[:] = abs(error).max(axis=0)
        needed[(needed < 0) & (worst < tolerance)] = sweep
        if sweep < sweeps:
            D = error * output * (1 - output)
            dH = D[:, None] * V * H * (1 - H)
            hidden_gradients = [[CORNERS[:, 0] @ dH[:, k], CORNERS[:, 1] @ dH[:, k], dH[:, k].sum(axis=0)] for k in range(hidden)]
            gradient = np.concatenate([*hidden_gradients, (D[:, None] * H).sum(axis=0), [D.sum(axis=0)]])
            velocity = momentum * velocity - rate * gradient
            weights += velocity


def _logistic_numpy(z):
    return 1 / (1 + np.exp(-z))


# CPU. BLOCK networks learn side by side: each loop over them becomes vector code, and all their numbers stay in the
# first-level cache for all sweeps. They lie in flat arrays, a row of BLOCK numbers after the other: with constant
# distances the compiler sees that rows do not overlap.

BLOCK = 128
# rows of the output unit: 0 bias, 1 its velocity, 2 to 5 sum (later delta) of the four corners, 6 error, 7 worst
OUTPUT = 8 * BLOCK
# rows of a hidden unit: 0 w1, 1 w2, 2 bias, 3 weight to the output, 4 to 7 their velocities, 8 to 11 its four activations
UNIT = 12 * BLOCK
R1, R2, R3, R4, R5, R6, R7, R8, R9, R10, R11 = (row * BLOCK for row in range(1, 12))
_0, _HALF, _1 = np.float32(0), np.float32(0.5), np.float32(1)


@njit(fastmath=FINITE_MATH)
def _forward(out, unit):
    """A hidden unit's activations at the corners, added to the output's sums."""
    for i in range(BLOCK):
        w1, w2, b, v = unit[i], unit[R1 + i], unit[R2 + i], unit[R3 + i]
        h0, h1, h2, h3 = logistic(b), logistic(w2 + b), logistic(w1 + b), logistic(w1 + w2 + b)
        unit[R8 + i], unit[R9 + i], unit[R10 + i], unit[R11 + i] = h0, h1, h2, h3
        out[R2 + i] += v * h0
        out[R3 + i] += v * h1
        out[R4 + i] += v * h2
        out[R5 + i] += v * h3


@njit(fastmath=FINITE_MATH)
def _judge(out, t0, t1, t2, t3):
    """From the output's sums, its deltas, the error and the worst corner."""
    for i in range(BLOCK):
        y0, y1, y2, y3 = logistic(out[R2 + i]), logistic(out[R3 + i]), logistic(out[R4 + i]), logistic(out[R5 + i])
        e0, e1, e2, e3 = y0 - t0, y1 - t1, y2 - t2, y3 - t3
        out[R2 + i] = e0 * y0 * (_1 - y0)
        out[R3 + i] = e1 * y1 * (_1 - y1)
        out[R4 + i] = e2 * y2 * (_1 - y2)
        out[R5 + i] = e3 * y3 * (_1 - y3)
        out[R6 + i] = _HALF * (e0 * e0 + e1 * e1 + e2 * e2 + e3 * e3)
        out[R7 + i] = max(max(abs(e0), abs(e1)), max(abs(e2), abs(e3)))


@njit(inline="always")
def _move(unit, j, rate, momentum, gradient):
    velocity = momentum * unit[j + R4] - rate * gradient
    unit[j + R4] = velocity
    unit[j] += velocity


@njit(fastmath=FINITE_MATH)
def _backward(out, unit, rate, momentum):
    """A hidden unit's gradient from the output's deltas, and its step."""
    for i in range(BLOCK):
        D0, D1, D2, D3 = out[R2 + i], out[R3 + i], out[R4 + i], out[R5 + i]
        h0, h1, h2, h3, v = unit[R8 + i], unit[R9 + i], unit[R10 + i], unit[R11 + i], unit[R3 + i]
        d0, d1, d2, d3 = D0 * v * h0 * (_1 - h0), D1 * v * h1 * (_1 - h1), D2 * v * h2 * (_1 - h2), D3 * v * h3 * (_1 - h3)
        _move(unit, i, rate, momentum, d2 + d3)
        _move(unit, R1 + i, rate, momentum, d1 + d3)
        _move(unit, R2 + i, rate, momentum, d0 + d1 + d2 + d3)
        _move(unit, R3 + i, rate, momentum, D0 * h0 + D1 * h1 + D2 * h2 + D3 * h3)


@njit(fastmath=FINITE_MATH)
def _output_step(out, rate, momentum):
    for i in range(BLOCK):
        velocity = momentum * out[R1 + i] - rate * (out[R2 + i] + out[R3 + i] + out[R4 + i] + out[R5 + i])
        out[R1 + i] = velocity
        out[i] += velocity


@njit(fastmath=FINITE_MATH)
def _copy(weights, out, units, back):
    """From the swarm's table into the rows of a block, or back."""
    hidden, here = len(units), weights.shape[1]
    for row in range(4 * hidden + 1):
        if row == 4 * hidden:
            target, at = out, 0
        elif row >= 3 * hidden:
            target, at = units[row - 3 * hidden], R3
        else:
            target, at = units[row // 3], row % 3 * BLOCK
        for i in range(here):
            if back:
                weights[row, i] = target[at + i]
            else:
                target[at + i] = weights[row, i]


@njit(fastmath=FINITE_MATH)
def _learn(out, units, weights, errors, worst, needed, targets, sweeps, rate, momentum, tolerance):
    """A block of networks from start to end; the arrays are those of these networks alone."""
    here = len(errors)
    _copy(weights, out, units, False)
    for i in range(here):
        needed[i] = -1
    for sweep in range(sweeps + 1):
        for i in range(BLOCK):
            out[R2 + i] = out[R3 + i] = out[R4 + i] = out[R5 + i] = out[i]
        for k in range(len(units)):
            _forward(out, units[k])
        _judge(out, targets[0], targets[1], targets[2], targets[3])
        for i in range(here):
            if out[R7 + i] < tolerance and needed[i] < 0:
                needed[i] = sweep
        if sweep < sweeps:
            for k in range(len(units)):
                _backward(out, units[k], rate, momentum)
            _output_step(out, rate, momentum)
    _copy(weights, out, units, True)
    for i in range(here):
        errors[i], worst[i] = out[R6 + i], out[R7 + i]


@loops(fastmath=FINITE_MATH)
def xor_networks_cpu(weights, errors, worst, needed, targets, sweeps, rate, momentum, tolerance):
    for block in prange((len(errors) + BLOCK - 1) // BLOCK):
        a = block * BLOCK
        b = min(len(errors), a + BLOCK)
        out, units = np.zeros(OUTPUT, np.float32), np.zeros((len(weights) // 4, UNIT), np.float32)
        _learn(out, units, weights[:, a:b], errors[a:b], worst[a:b], needed[a:b], targets, sweeps, rate, momentum, tolerance)


# CUDA

def xor_networks_cuda(hidden):
    """The factory for so many hidden units. The optimization it shows: a network to a thread, all its numbers in registers
    from the first sweep to the last. Registers have no index, so the loops over units must have a constant length."""

    rows = 4 * hidden + 1                       # the length of a local array has to be a plain constant

    def factory(cuda):
        @cuda.jit(device=True)
        def logistic(z):
            return np.float32(1) / (np.float32(1) + math.exp(-z))

        def xor_networks(weights, errors, worst, needed, targets, sweeps, rate, momentum, tolerance):
            r = cuda.grid(1)
            if r < errors.size:
                w = cuda.local.array(rows, np.float32)
                velocity = cuda.local.array(rows, np.float32)
                gradient = cuda.local.array(rows, np.float32)
                h = cuda.local.array(hidden, np.float32)
                for j in range(rows):
                    w[j] = weights[j, r]
                    velocity[j] = np.float32(0)
                when = np.int32(-1)
                error = np.float32(0)
                largest = np.float32(0)
                for sweep in range(sweeps + 1):
                    error = np.float32(0)
                    largest = np.float32(0)
                    for j in range(rows):
                        gradient[j] = np.float32(0)
                    for corner in range(4):
                        x1 = np.float32(corner // 2)
                        x2 = np.float32(corner % 2)
                        z = w[rows - 1]
                        for k in range(hidden):
                            h[k] = logistic(w[3 * k] * x1 + w[3 * k + 1] * x2 + w[3 * k + 2])
                            z += w[3 * hidden + k] * h[k]
                        y = logistic(z)
                        e = y - targets[corner]
                        error += np.float32(0.5) * e * e
                        largest = max(largest, abs(e))
                        D = e * y * (np.float32(1) - y)
                        gradient[rows - 1] += D
                        for k in range(hidden):
                            d = D * w[3 * hidden + k] * h[k] * (np.float32(1) - h[k])
                            gradient[3 * k] += d * x1
                            gradient[3 * k + 1] += d * x2
                            gradient[3 * k + 2] += d
                            gradient[3 * hidden + k] += D * h[k]
                    if largest < tolerance and when < 0:
                        when = np.int32(sweep)
                    if sweep < sweeps:
                        for j in range(rows):
                            velocity[j] = momentum * velocity[j] - rate * gradient[j]
                            w[j] += velocity[j]
                for j in range(rows):
                    weights[j, r] = w[j]
                errors[r] = error
                worst[r] = largest
                needed[r] = when

        return xor_networks

    return factory


def _arguments(hidden):
    def draw(rng, size):
        weights = rng.uniform(-2, 2, (4 * hidden + 1, size)).astype(np.float32)
        results = np.empty((2, size), np.float32)
        few = np.int32(3 if size < 10_000 else 100)     # networks part ways after many sweeps, forms differ in the last bits
        targets = np.array([0, 1, 1, 0], np.float32)
        return (weights, results[0], results[1], np.empty(size, np.int32), targets, few,
                np.float32(0.5), np.float32(0.9), np.float32(0.5))

    return draw


def _work(weights, errors, worst, needed, targets, sweeps, *_):
    hidden = len(weights) // 4
    one_sweep = 4 * (hidden * (25 + 22) + 25 + 10) + 4 * len(weights)       # a logistic function costs about 25 operations
    return Work(bytes=8 * weights.size + 12 * errors.size, operations=one_sweep * (int(sweeps) + 1) * errors.size)


xor_networks = {
    hidden: register(
        name=f"xor_networks_{hidden}",
        doc=f"backpropagation for many 2-{hidden}-1 networks on a table of four corners",
        signature="void(float32[:, ::1], float32[::1], float32[::1], int32[::1], float32[::1], int32, float32, float32, float32)",
        oracle=xor_networks_numpy,
        cpu=xor_networks_cpu,
        cuda=xor_networks_cuda(hidden),
        launch=lambda weights, errors, *_: one_thread_each(errors.size),
        arguments=_arguments(hidden),
        work=_work,
        budget=Budget(registers=56 + 24 * hidden),
        outputs=4,
        sizes=(0, 1, 3, 129),
        bench_size=100_000,
        tolerance=1e-5,
        statistics=lambda weights, errors, worst, needed: (errors.mean(), (worst < 0.5).mean(), (needed >= 0).mean()),
    )
    for hidden in range(1, MOST_HIDDEN + 1)
}
